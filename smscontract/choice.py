"""Which exchanges of a recording are looked at: a span of time, and a sample that keeps histories whole."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses.history import KINDS, scope_of
from smscontract.clauses.view import View
from smscontract.documents import Operation, Rule
from smscontract.exchange import Exchange, Origin
from smscontract.judge import Judge
from smscontract.plain import count_of, utc

__all__ = ["Choice", "Chooser", "digest"]

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
        if self.timed and (why := self.why_not_then(exchange.sent_at, exchange.received_at)):
            return why
        if not self.samples:
            return ""
        exchange = self._judge.match(exchange)
        rule = self.sampled_by(exchange.operation or "")
        scope = None
        if rule is not None and exchange.operation is not None:
            operation = self._judge.catalogue.operations[exchange.operation]
            scope = scope_of(rule, View(exchange, operation, digest, lambda *_: ""))
        return self.why_not_of(exchange.operation or "", scope, exchange.origin)

    @property
    def timed(self) -> bool:
        """Whether it matters when an exchange was."""
        return self.choice.since is not None or self.choice.until is not None

    @property
    def samples(self) -> bool:
        """Whether it matters which history an exchange is of."""
        return self.choice.share < 1

    def sampled_by(self, operation: str) -> Rule | None:
        """The rule by whose scope the exchanges of an operation are sampled; `None`: each for itself."""
        return self._rules.get(operation)

    def why_not_then(self, sent: float | None, received: float | None) -> str:
        """As `why_not`, by the times of an exchange alone."""
        choice, time = self.choice, sent if sent is not None else received
        if time is None:
            return _UNTIMED
        if (choice.since is not None and time < choice.since) or (choice.until is not None and time >= choice.until):
            return _OUTSIDE
        return ""

    def why_not_of(self, operation: str, scope: Sequence[str] | None, origin: Origin) -> str:
        """As `why_not`, by the history of an exchange alone: what belongs to none is told by its place.

        Args:
            scope: `digest` of each value that makes the scope of `sampled_by`.
        """
        key = [operation, *scope] if scope is not None else list(origin.sort_key())
        return "" if _number(key) < self.choice.share * 2**64 else _UNSAMPLED

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


def digest(value: Any) -> str:
    """Of a value that makes a scope: the same in all runs, whatever the key of the masks is."""
    return f"{_number(value):016x}"


_written = json.JSONEncoder(sort_keys=True, default=str).encode


def _number(value: Any) -> int:
    return int.from_bytes(hashlib.blake2b(_written(value).encode("utf-8", "surrogatepass"), digest_size=8).digest())
