"""What was seen, as lines for people and as data for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.plain import printable
from smscontract.seen import ClauseSeen, OperationSeen, Point, Range

__all__ = ["as_data", "details", "label", "summary_line"]

#: Pieces of text, each with the name of its style.
_Line = Sequence[tuple[str, str]]


def label(point: Point, one: OperationSeen) -> str:
    """A point in a few words: `status undelivered`; with the key of the response where it is not of the first success."""
    keys = [each.key for each in one.points if each.key.startswith("2")]
    place = point.place if keys and point.key == keys[0] else f"{point.key}/{point.place}".rstrip("/")
    if not point.shows:
        return f"answer {point.key}"
    return printable(f"{place or 'body'} {point.shows}")


def summary_line(one: OperationSeen, width: int) -> str:
    """`witnesses 48 of 51; never seen: status undelivered, modified_at null and 1 more`, as much as fits."""
    head = f"witnesses {one.reached} of {len(one.counted)}"
    if one.waived:
        head += f" ({one.waived} waived)"
    never = [label(point, one) for point in sorted(one.never, key=lambda point: point.place.count("/"))]
    if not never:
        return head
    for shown in range(min(len(never), 6), 0, -1):
        rest = f" and {len(never) - shown} more" if shown < len(never) else ""
        line = f"{head}; never seen: {', '.join(never[:shown])}{rest}"
        if len(line) <= width:
            return line
    return f"{head}; {len(never)} never seen"


def details(operations: Sequence[OperationSeen], width: int) -> Iterator[_Line]:
    """Every place with what it showed, how often, and what it never did."""
    yield [("WITNESSES", "title"), ("  what the contract lets an answer show, and how many did", "dim")]
    yield []
    for one in operations:
        counts = ", ".join(f"{status} {count}" for status, count in one.statuses.items())
        yield [(printable(one.operation), "clause"), (f"   {summary_line(one, 0).partition(';')[0]}", "")]
        yield from _wrapped("  answers  ", [counts or "none"], width)
        for place, points in _by_place(one):
            yield from _wrapped(f"  {place}  ", [_shown(point) for point in points], width)
        for found in one.ranges:
            yield [(f"  {printable(found.place)}  {_range(found)}", "")]
        yield []


def _by_place(one: OperationSeen) -> Iterator[tuple[str, list[Point]]]:
    groups: dict[str, list[Point]] = {}
    for point in one.points:
        groups.setdefault(printable(f"{point.key}/{point.place}".rstrip("/") if point.shows else point.key), []).append(point)
    yield from groups.items()


def _shown(point: Point) -> str:
    seen = str(point.seen) if point.seen else "waived" if point.waived else "never"
    return printable(f"{point.shows} {seen}" if point.shows else f"answered {seen}")


def _range(found: Range) -> str:
    unit = {"length": "long", "number": ""}[found.what]
    low, high = (
        f"{value:g}" if abs(value) >= 1_000_000 or value != int(value) else str(int(value)) for value in (found.low, found.high)
    )
    return f"{low} to {high} {unit}".rstrip() if low != high else f"{low} {unit}".rstrip()


def _wrapped(head: str, parts: Sequence[str], width: int) -> Iterator[_Line]:
    """Parts behind a head; further lines are indented by four, since places can be long."""
    # A part is never broken: its spaces stand for themselves until the lines are made.
    text = ", ".join(part.replace(" ", "\0") for part in parts)
    lines = textwrap.wrap(
        head.replace(" ", "\0") + text, width, subsequent_indent="\0" * 4, break_long_words=False, break_on_hyphens=False
    )
    for line in lines:
        yield [(line.replace("\0", " "), "")]


def as_data(operations: Sequence[OperationSeen], *, days: bool = False) -> list[dict[str, Any]]:
    """What was seen as plain data.

    Args:
        days: with the counts of each day, and not only the first and the last one.
    """
    return [
        {
            "operation": one.operation,
            "exchanges": sum(one.sources.values()),
            "sources": dict(one.sources),
            **({"days": dict(one.days)} if days else {}),
            "statuses": dict(one.statuses),
            "seen": one.reached,
            "of": len(one.counted),
            "points": [_point(point, days=days) for point in one.points],
            "clauses": [_clause(clause, days=days) for clause in one.clauses],
            "ranges": [
                {"place": found.place, "what": found.what, "low": found.low, "high": found.high} for found in one.ranges
            ],
            "notes": list(one.notes),
        }
        for one in operations
    ]


def _point(point: Point, *, days: bool) -> dict[str, Any]:
    return {"point": point.name, "seen": point.seen, **_when(point, days=days)}


def _clause(clause: ClauseSeen, *, days: bool) -> dict[str, Any]:
    counts = {"kept": clause.kept, "broken": clause.broken, "not_judged": clause.not_judged}
    return {"clause": clause.clause, **counts, **_when(clause, days=days)}


def _when(one: Point | ClauseSeen, *, days: bool) -> dict[str, Any]:
    return {
        "sources": dict(one.sources),
        "first": one.first,
        "last": one.last,
        **({"days": dict(one.days)} if days else {}),
        **({"waived": one.waived} if one.waived else {}),
    }
