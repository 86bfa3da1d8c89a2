"""Who is let in: no credential, a wrong one, near misses of the good one, the good one in another place."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.probes.base import Case, Kit, Lack
from smscontract.probes.states import fresh
from smscontract.resources import Entry

__all__ = ["ORDER", "SHARE", "cases"]

ORDER = 15
#: Cases in one round of the plan.
SHARE = 3

#: The last of those below that are sent even when the plan is shortened.
_KEPT = 5
#: Word for the credential, and the clause that a request with it is there for.
_KINDS = {
    "absent": "auth/absent",
    "garbage": "auth/wrong",
    "prefix": "auth/wrong",
    "case": "auth/wrong",
    "suffix": "auth/wrong",
    "empty": "auth/wrong",
    "scheme": "auth/wrong",
    "bare": "auth/wrong",
    "query": "auth/absent",
    "other-scheme": "auth/wrong",
    "twice": "auth/wrong",
    "second": "protocol/no-secrets",
    "first": "protocol/no-secrets",
}


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Requests that are in order but for their credential; what must not exist asked for without one; and whether what was
    refused is as it was."""
    if kit.operation.security is None:
        return
    entries, spends = fresh(kit)
    for index, (kind, clause) in enumerate(_KINDS.items()):
        if kind in ("other-scheme", "bare") and kit.operation.security.kind == "key":
            continue  # a key has no scheme, and nothing tells whether a word before it is passed over
        if kind in ("twice", "second", "first") and kit.operation.security.where != "header":
            continue
        aims = (*kit.clause(clause), *kit.clause("auth/code"))
        yield _case(kit, f"credential {kind}", aims, entries, kind=kind, spends=spends, rank=int(index > _KEPT))
        if index == 1:
            aims = tuple(aim for name, entry in entries.items() for aim in kit.clause(f"state/{name}/{entry.state}"))
            if spends:
                yield _case(kit, "credential good after refusals", aims, entries, kind="good", spends=True)
    for parameter in kit.operation.states:
        for label in ("missing", "foreign"):
            for entry in kit.resources.entries(parameter, label)[:1]:
                found = {**entries, parameter: entry}
                yield _case(kit, f"credential absent, {parameter} {label}", kit.clause("auth/code"), found, kind="absent")


def _case(
    kit: Kit,
    name: str,
    aims: tuple[str, ...],
    entries: dict[str, Entry],
    *,
    kind: str,
    spends: bool = False,
    rank: int = 0,
) -> Case:
    has_body = kit.operation.body is not None
    return Case(
        name=name,
        aims=aims,
        body=kit.encoded(kit.least) if has_body else b"",
        headers=(("content-type", "application/json"),) if has_body else (),
        entries=entries,
        credential=kind,
        spends=spends,
        rank=rank,
    )
