"""What went before: the last exchanges of one operation with their facts, and what another one would break after them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from smscontract.clauses.outcomes import Fact
from smscontract.exchange import Exchange
from smscontract.judge import Judge

__all__ = ["Past"]

#: (clause, origin, place): one finding among several of its clause.
_Mark = tuple[str, Any, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    exchange: Exchange
    facts: tuple[Fact, ...]


class Past:
    """The last exchanges of one operation.

    Args:
        limit: so many are remembered.
    """

    def __init__(self, judge: Judge, limit: int) -> None:
        self._judge = judge
        self._entries: deque[_Entry] = deque(maxlen=limit)
        self._before: dict[frozenset[Any], set[_Mark]] = {}

    def add(self, exchange: Exchange) -> None:
        """Remembers an exchange, and forgets the oldest one where there are too many."""
        self._entries.append(_Entry(exchange, self._judge.judge(exchange).facts))
        self._before.clear()

    def latest(self) -> Iterator[Exchange]:
        """The exchanges, latest first."""
        return (entry.exchange for entry in reversed(self._entries))

    def accepted(self) -> set[tuple[str, str]]:
        """What accepted requests have shown of each place: see `features` of `clauses.acceptance`."""
        found: set[tuple[str, str]] = set()
        for entry in self._entries:
            for fact in entry.facts:
                if fact.values.get("accepted"):
                    found.update(fact.values["features"])
        return found

    def news(self, exchanges: Sequence[Exchange]) -> set[str]:
        """Clauses that are broken with these exchanges at the end and were not without them."""
        judgements = [self._judge.judge(exchange) for exchange in exchanges]
        named = {finding.clause for one in judgements for finding in one.findings}
        facts = [fact for one in judgements for fact in one.facts]
        if not facts:
            return named
        scopes = frozenset((fact.clause, fact.scope) for fact in facts)
        old = [fact for entry in self._entries for fact in entry.facts if (fact.clause, fact.scope) in scopes]
        if scopes not in self._before:
            self._before[scopes] = self._marks(old)
        return named | {mark[0] for mark in self._marks([*old, *facts]) - self._before[scopes]}

    def _marks(self, facts: Iterable[Fact]) -> set[_Mark]:
        return {(finding.clause, finding.origin, finding.pointer) for finding in self._judge.reduce(facts).findings}
