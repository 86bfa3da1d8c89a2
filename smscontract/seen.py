"""What was seen of an operation: the points that its contract lists, its clauses, and ranges. Values, no values of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["UNDATED", "ClauseSeen", "OperationSeen", "Point", "Range"]

#: Stands for the day of what has no time.
UNDATED = "undated"


def _first(days: Mapping[str, int]) -> str | None:
    return min((day for day in days if day != UNDATED), default=None)


def _last(days: Mapping[str, int]) -> str | None:
    return max((day for day in days if day != UNDATED), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that the contract lets an answer show.

    Attributes:
        name: `OPERATION/200/status=undelivered`; `OPERATION/200` for the answer itself.
        key: of the response in the document: `200`, `4XX`.
        place: as clause ids write it; empty for the whole body, and for the answer itself.
        shows: `undelivered`, `null`, `value`, `absent`, `empty`; empty for the answer itself.
        sources, days: in how many answers it was seen, by source and by UTC day (or `undated`).
        waived: why nobody waits for it; empty if somebody does.
    """

    name: str
    key: str
    place: str
    shows: str
    sources: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    waived: str = ""

    @property
    def seen(self) -> int:
        """In how many answers."""
        return sum(self.sources.values())

    @property
    def first(self) -> str | None:
        """The first day."""
        return _first(self.days)

    @property
    def last(self) -> str | None:
        """The last day."""
        return _last(self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseSeen:
    """How often a clause was kept, broken and not judged. `sources` and `days` count how often it was judged."""

    clause: str
    kept: int = 0
    broken: int = 0
    not_judged: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    waived: str = ""

    @property
    def judged(self) -> int:
        """How often it was judged at all."""
        return self.kept + self.broken

    @property
    def first(self) -> str | None:
        """The first day."""
        return _first(self.days)

    @property
    def last(self) -> str | None:
        """The last day."""
        return _last(self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The smallest and the largest of what was seen at a place. `what` is `length` (characters, items) or `number`."""

    place: str
    what: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSeen:
    """Everything that was seen of one operation.

    Attributes:
        sources, days: exchanges by source and by day.
        statuses: exchanges by status; `none` where there was no answer.
        notes: what else there is to say, one sentence each.
    """

    operation: str
    sources: Mapping[str, int]
    days: Mapping[str, int]
    statuses: Mapping[str, int]
    points: tuple[Point, ...]
    clauses: tuple[ClauseSeen, ...]
    ranges: tuple[Range, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> str | None:
        """The first day."""
        return _first(self.days)

    @property
    def last(self) -> str | None:
        """The last day."""
        return _last(self.days)

    @property
    def counted(self) -> list[Point]:
        """The points that count: all but those that are waived and were indeed never seen."""
        return [point for point in self.points if point.seen or not point.waived]

    @property
    def never(self) -> list[Point]:
        """The points that count and were never seen."""
        return [point for point in self.counted if not point.seen]

    @property
    def reached(self) -> int:
        """How many points were seen."""
        return sum(bool(point.seen) for point in self.points)

    @property
    def waived(self) -> int:
        """How many points were not seen and need not be."""
        return len(self.points) - len(self.counted)
