"""Which exchanges of a recording are looked at: a span of time, and a sample that keeps histories whole."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses.base import View
from smscontract.clauses.history import KINDS, scope_of
from smscontract.documents import Operation, Rule
from smscontract.exchange import Exchange
from smscontract.judge import Judge
from smscontract.plain import count_of, utc

__all__ = ["Choice", "Chooser"]

#: Where the keys of a scope can be read from the request alone, whatever was answered.
_ASKED = frozenset({"path", "query", "header", "sent"})

_UNTIMED, _OUTSIDE, _UNSAMPLED = "without a time", "outside", "not in the sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user wants to be looked at.

    Attributes:
        since, until: seconds since 1970 UTC, the first included, the second not; `None`: no limit.
        share: of the histories, above 0; 1: all of them.
    """

    since: float | None = None
    until: float | None = None
    share: float = 1.0

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.since is None and self.until is None and self.share >= 1


class Chooser:
    """Says of each exchange whether it is looked at: the same for the same exchange, in whatever process.

    Args:
        judge: matches exchanges with operations.
    """

    def __init__(self, choice: Choice, judge: Judge) -> None:
        self.choice = choice
        self._judge = judge
        self._rules = {key: _sampled_by(operation) for key, operation in judge.catalogue.operations.items()}

    def why_not(self, exchange: Exchange) -> str:
        """Why the exchange is left out; empty if it is looked at."""
        choice = self.choice
        if choice.since is not None or choice.until is not None:
            time = exchange.sent_at if exchange.sent_at is not None else exchange.received_at
            if time is None:
                return _UNTIMED
            if (choice.since is not None and time < choice.since) or (choice.until is not None and time >= choice.until):
                return _OUTSIDE
        if choice.share < 1 and not _digest(self._key(exchange)) < choice.share * 2**64:
            return _UNSAMPLED
        return ""

    def _key(self, exchange: Exchange) -> Any:
        """What is equal for exchanges of one history; of what belongs to none, its place."""
        exchange = self._judge.match(exchange)
        rule = self._rules.get(exchange.operation or "")
        if rule is not None and exchange.operation is not None:
            operation = self._judge.catalogue.operations[exchange.operation]
            scope = scope_of(rule, View(exchange, operation, lambda value: f"{_digest(value):016x}", lambda *_: ""))
            if scope is not None:
                return [exchange.operation, *scope]
        return list(exchange.origin.sort_key())

    def holed(self) -> frozenset[str]:
        """Ids of the clauses in whose histories a sample leaves holes: those of other scopes than it is taken by."""
        if self.choice.share >= 1:
            return frozenset()
        catalogue = self._judge.catalogue
        return frozenset(
            clause.id
            for key, rule in self._rules.items()
            for clause in catalogue.of_operation(key)
            if isinstance(clause.detail, Rule) and clause.detail.per and clause.detail.kind in KINDS
            if rule is None or _places(clause.detail) != _places(rule)
        )

    def notes(self, left_out: Mapping[str, int], judged: int, catalogue: Catalogue, seen: Mapping[str, int]) -> list[str]:
        """What a report says of all this, one sentence each.

        Args:
            left_out: exchanges that were left out, by why.
            judged: how many were not.
            seen: how many of each operation.
        """
        notes = []
        choice = self.choice
        if choice.since is not None or choice.until is not None:
            stated = (("since", choice.since), ("until", choice.until))
            ends = [f"{word} {utc(time)}" for word, time in stated if time is not None]
            without = left_out.get(_UNTIMED, 0)
            notes.append(
                f"only exchanges {' '.join(ends)}: {count_of(left_out.get(_OUTSIDE, 0), 'exchange')} outside"
                f" and {count_of(without, 'exchange')} without a time left out"
            )
        if choice.share < 1:
            by = [
                f"{key} by {', '.join(place.text for place in rule.per)}" if rule is not None else f"{key} by exchange"
                for key, rule in self._rules.items()
                if key in catalogue.operations and seen.get(key)
            ]
            every = judged + left_out.get(_UNSAMPLED, 0)
            notes.append(
                f"a sample of {choice.share:.6%}".rstrip("0%").rstrip(".")
                + f"%: {judged} of {count_of(every, 'exchange')} judged"
                + (f", whole histories of {'; '.join(by)}" if by else "")
            )
        return notes


def _sampled_by(operation: Operation) -> Rule | None:
    """A rule by whose scope most histories of the operation can be told from the request alone."""
    rules = [rule for rule in operation.rules if rule.kind in KINDS and rule.per]
    usable = [rule for rule in rules if all(place.root in _ASKED for place in rule.per)]
    counts = Counter(_places(rule) for rule in usable)
    return max(usable, key=lambda rule: counts[_places(rule)], default=None)


def _places(rule: Rule) -> frozenset[str]:
    return frozenset(place.text for place in rule.per)


def _digest(value: Any) -> int:
    text = json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
