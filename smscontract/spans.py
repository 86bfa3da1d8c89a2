"""When many exchanges of a kind were, and how long they took: rows begin with start, end (infinite if unknown) and line."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any, NamedTuple

from smscontract.native import load
from smscontract.packed import raw_of

__all__ = ["Spans", "days_of", "spans_of"]

_DAY = 86400
_NEVER = float("inf")

_native = load("rows")


class Spans(NamedTuple):
    """What some rows say together.

    Attributes:
        newest: the latest end, or start where that is unknown; `None` if nothing is known.
        steps: how many took how long, by edges; `None` if that is not known of the first, and so of none.
        days: of each day (since 1970 UTC; `None`: unknown) how many rows, and the number of the first of them.
        first, last: numbers of the rows that are first and last by start, end and line.
    """

    newest: float | None
    steps: Sequence[int] | None
    days: Sequence[tuple[int | None, int, int]]
    first: int
    last: int


def spans_of(rows: Sequence[tuple[Any, ...]], edges: Sequence[float] = ()) -> Spans:
    """What some rows say together.

    Args:
        rows: one at least.
        edges: the longest times of the steps, in order; the last step has none.
    """
    found = _native.times(raw_of(rows), len(rows), edges) if _native is not None else None
    if found is not None:
        return Spans(*found)
    rows = list(rows)
    times = [row[1] if row[1] != _NEVER else row[0] for row in rows]
    steps = None
    if rows[0][0] != _NEVER and rows[0][1] != _NEVER:
        steps = [0] * (len(edges) + 1)
        for row in rows:
            steps[bisect.bisect_left(edges, row[1] - row[0])] += 1
    days: dict[int | None, list[int]] = {}
    for index, one in enumerate(days_of(rows)):
        days.setdefault(one, [0, index])[0] += 1
    order = sorted(range(len(rows)), key=lambda index: rows[index][:3])
    newest = max((one for one in times if one != _NEVER), default=None)
    return Spans(newest, steps, [(one, many, first) for one, (many, first) in days.items()], order[0], order[-1])


def days_of(rows: Sequence[tuple[Any, ...]]) -> list[int | None]:
    """The day of each row, by the end of the exchange, or its start."""
    times = [row[1] if row[1] != _NEVER else row[0] for row in rows]
    if not times:
        return []
    first, last = (one // _DAY for one in (min(times), max(times)))
    if first == last and last != _NEVER:  # as most are: `//` of infinity is no number
        return [int(first)] * len(times)
    return [int(one // _DAY) if one != _NEVER else None for one in times]
