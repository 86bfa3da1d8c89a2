"""Findings of one clause at one place, however many there are."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from smscontract.exchange import Exchange
from smscontract.findings import Finding, Where

__all__ = ["WHERE_LIMIT", "Group"]

#: How many places a group of findings remembers.
WHERE_LIMIT = 100


@dataclass(slots=True)
class Group:
    """The first of them in full, with its exchange where that is at hand, or what a report shows of it.

    Attributes:
        told: request and answer as a report shows them.
        where: the first `WHERE_LIMIT` occurrences, in order; `last`: the last one.
    """

    finding: Finding
    exchange: Exchange | None = None
    told: tuple[str, str] | None = None
    count: int = 0
    where: list[Where] = field(default_factory=list)
    last: Where | None = None

    def add(self, finding: Finding, exchange: Exchange | None = None) -> None:
        """Takes one more."""
        where = Where(origin=finding.origin, time=finding.time)
        self.count += finding.count
        if self.last is None or where.sort_key() > self.last.sort_key():
            self.last = where
        if not self.where or where.sort_key() < self.where[0].sort_key():
            self.finding, self.exchange, self.told = finding, exchange, None
        if len(self.where) < WHERE_LIMIT or where.sort_key() < self.where[-1].sort_key():
            bisect.insort(self.where, where, key=Where.sort_key)
            del self.where[WHERE_LIMIT:]
