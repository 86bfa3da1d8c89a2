"""Two versions of a contract, compared by clauses: what was added, removed, loosened or tightened, whom it breaks, and what was
ever seen of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from smscontract.catalogue import Catalogue
from smscontract.contract_diff import _contracts, _documents
from smscontract.contract_diff._change import PROVIDER, READERS, SENDERS, Change
from smscontract.documents import Operation
from smscontract.ledger import Ledger
from smscontract.plain import count_of
from smscontract.seen import Point
from smscontract.witnesses import seen

__all__ = ["PROVIDER", "READERS", "SENDERS", "Change", "breaking", "compare"]


def compare(old: Catalogue, new: Catalogue, ledger: Ledger | None = None) -> list[Change]:
    """All differences, operation by operation, in the order of the documents.

    Args:
        ledger: what was ever seen of the old one.
    """
    found: list[Change] = []
    olds, news = ({one.id: one for one in side.operations.values()} for side in (old, new))
    for name, operation in olds.items():
        if name not in news:
            found.append(Change(clause=operation.key, kind="removed", says="the operation is gone", breaks=(READERS, SENDERS)))
        else:
            found += _operation(operation, news[name])
    found += [
        Change(clause=one.key, kind="added", says="the operation is new", breaks=(PROVIDER,))
        for name, one in news.items()
        if name not in olds
    ]
    if ledger is None:
        return found
    counted = {point.name: point for one in seen(old, ledger) for point in one.points}
    return [dataclasses.replace(one, evidence=_evidence(one, counted)) for one in found]


def _evidence(change: Change, counted: Mapping[str, Point]) -> str:
    known = [point for name, point in counted.items() if _is_meant(name, change.points)]
    if not known:
        return ""
    operation = known[0].name.split("/")[0]
    whole = counted.get(f"{operation}/{known[0].key}")
    answers = whole.seen if whole is not None else 0
    used = sum(point.seen for point in known)
    last = max((point.last or "" for point in known), default="")
    since = f", last on {last}" if used and last else ""
    return f"{used:,} of {count_of(answers, 'recorded answer')} showed it{since}"


def _is_meant(name: str, points: Iterable[str]) -> bool:
    return any(name.startswith(point[:-1]) if point.endswith("*") else name == point for point in points)


def _operation(old: Operation, new: Operation) -> Iterator[Change]:
    if (old.method, old.path) != (new.method, new.path):
        says = f"`{old.method} {old.path}` is `{new.method} {new.path}` now"
        yield Change(clause=old.key, kind="changed", says=says, breaks=(SENDERS, PROVIDER))
    for part in (_documents.requests, _documents.answers, _contracts.security, _contracts.states, _contracts.rules):
        yield from part(old, new)
    yield from _contracts.undefined(old, new)
    yield from _contracts.effect(old, new)


def breaking(changes: Iterable[Change], whom: Iterable[str]) -> list[Change]:
    """Those that break somebody of these."""
    wanted = set(whom)
    return [one for one in changes if wanted & set(one.breaks)]
