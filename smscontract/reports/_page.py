"""What the HTML page shows, as plain data: texts are harmless, lists are as long as a page can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from smscontract.findings import LATENCY_EDGES, FindingGroup, OperationSummary, Report, Where
from smscontract.plain import printable, utc
from smscontract.seen import OperationSeen, Point

__all__ = ["data"]

_WHERE = 20  # places of one finding
_LANES = 24  # of the timeline
_LONGEST = 4000  # characters of one value
_BLOCK = 20_000  # characters of a request, an answer or curl lines


def data(report: Report) -> dict[str, Any]:
    """The page's data, by section."""
    return {
        "findings": [_finding(one) for one in report.findings],
        "clauses": list(_clauses(report)),
        "operations": [_operation(one, report) for one in report.operations],
        "matrix": [_matrix(one) for one in report.witnesses if one.points],
        "timeline": _timeline(report),
        "edges": list(LATENCY_EDGES),
        "new": [
            {"kind": str(one.kind), "place": _text(one.place), "count": one.count, "first": _where(one.first)}
            for one in report.new
        ],
        "unjudged": _unjudged(report),
        "against": _text(report.against),
        "changes": [
            {
                "place": _text(one.place),
                "before": _text(one.before),
                "after": _text(one.after),
                "count": one.count,
                "request": one.request,
            }
            for one in report.changes
        ],
        "baseline": [
            {
                "status": one.status.replace("-", " "),
                "what": _text(one.fingerprint),
                "reason": _text(one.reason),
                "owner": _text(one.owner),
                "expires": _text(one.expires),
                "stated": _text(f"{one.file}:{one.line}"),
            }
            for one in report.known
        ],
        "unmatched": [{"shape": _text(one.shape), "count": one.count} for one in report.unmatched],
        "problems": [
            {"place": _text(one.place), "message": _text(one.message), "hint": _text(one.hint)} for one in report.problems
        ],
    }


def _text(text: str) -> str:
    return printable(text, _LONGEST)


def _block(text: str) -> str:
    lines = "\n".join(printable(line) for line in text.split("\n"))
    return lines if len(lines) <= _BLOCK else f"{lines[:_BLOCK]}\n... {len(lines) - _BLOCK} more characters"


def _where(where: Where) -> str:
    moment = (utc(where.time) or "").replace("T", " ").replace("Z", "")
    return printable(str(where.origin)) + (f", {moment}" if moment else "")


def _finding(one: FindingGroup) -> dict[str, Any]:
    return {
        "clause": _text(one.clause),
        "operation": _text(one.clause.partition("/")[0]),
        "level": str(one.level),
        "outcome": _outcome(one),
        "known": _text(one.known),
        "says": _text(one.says),
        "message": _text(one.message),
        "place": _text(f"{one.part} {one.pointer}".strip()),
        "expected": _text(one.expected),
        "got": _text(one.got),
        "count": one.count,
        "where": [_where(where) for where in one.where[:_WHERE]],
        "source": _text(one.source),
        "quote": _text(" ".join(one.quote.split())),
        "stated": _text(f"{one.file}:{one.line}") if one.file else "",
        "note": _text(one.note),
        "again": _block(one.again),
        "curl": _block(one.curl),
        "asked": _block(one.asked),
        "answered": _block(one.answered),
    }


def _outcome(one: FindingGroup) -> str:
    return "broken" if one.fails else "known" if one.known else "warning"


def _clauses(report: Report) -> Iterator[dict[str, Any]]:
    """Every clause with its verdict; those of findings too where nobody listed them."""
    found: dict[str, set[str]] = {}
    for one in report.findings:
        found.setdefault(one.clause, set()).add(_outcome(one))
    kept = set(report.kept)
    counts = {one.clause: one for operation in report.witnesses for one in operation.clauses}
    reasons: dict[str, list[str]] = {}
    for skipped in report.not_judged:
        reasons.setdefault(skipped.clause, []).append("; ".join(part for part in (skipped.reason, skipped.hint) if part))
    for row in report.clauses:
        name = row.clause
        outcome = next(
            (word for word in ("broken", "warning", "known") if word in found.get(name, ())),
            "kept" if name in kept else "unjudged",
        )
        count = counts.get(name)
        yield {
            "clause": _text(name),
            "operation": _text(row.operation),
            "family": _text(row.family),
            "level": str(row.level),
            "says": _text(row.says),
            "source": _text(row.source),
            "quote": _text(" ".join(row.quote.split())),
            "stated": _text(f"{row.file}:{row.line}") if row.file else "",
            "outcome": outcome,
            "kept": count.kept if count is not None else 0,
            "broken": count.broken if count is not None else 0,
            "why": _text(". ".join(reasons.get(name, []))) if outcome == "unjudged" else "",
        }


def _operation(one: OperationSummary, report: Report) -> dict[str, Any]:
    seen = next((each for each in report.witnesses if each.operation == one.operation), None)
    return {
        "operation": _text(one.operation),
        "exchanges": one.exchanges,
        "kept": one.kept,
        "broken": one.broken,
        "unjudged": one.not_judged,
        "new": one.new,
        "newest": utc(one.newest),
        "tiers": [[_text(name), count] for name, count in one.tiers.items() if count],
        "statuses": [[_text(status), count] for status, count in (seen.statuses.items() if seen is not None else ())],
        "latency": list(one.latency),
        "notes": [_text(note) for note in one.notes],
    }


def _matrix(one: OperationSeen) -> dict[str, Any]:
    rows: dict[tuple[str, str], list[Point]] = {}
    for point in one.points:
        if point.shows:
            rows.setdefault((point.key, point.place), []).append(point)
    answers = {point.key: _cell(point) for point in one.points if not point.shows}
    keys = dict.fromkeys([*answers, *(key for key, _ in rows)])
    return {
        "operation": _text(one.operation),
        "reached": one.reached,
        "of": len(one.counted),
        "answers": [
            {
                "key": _text(key),
                "seen": answers.get(key),
                "rows": [
                    {"place": _text(place) or "the body", "cells": [_cell(point) for point in points]}
                    for (other, place), points in rows.items()
                    if other == key
                ],
            }
            for key in keys
        ],
    }


def _cell(point: Point) -> dict[str, Any]:
    return {
        "shows": _text(point.shows),
        "seen": point.seen,
        "first": point.first,
        "last": point.last,
        "waived": _text(point.waived) if not point.seen else "",
    }


def _timeline(report: Report) -> dict[str, Any]:
    """Exchanges by day, and for the first findings when each was seen: by time where that is known, else by request."""
    days: dict[str, int] = {}
    for one in report.witnesses:
        for day, count in one.days.items():
            days[day] = days.get(day, 0) + count
    lanes = report.findings[:_LANES]
    timed = bool(lanes) and any(utc(where.time) is not None for one in lanes for where in one.where)
    ticks = [(one, sorted({x for where in one.where if (x := _moment(where, timed=timed)) is not None})) for one in lanes]
    spots = [x for _, some in ticks for x in some]
    return {
        "days": sorted(days.items()),
        "by": "time" if timed else "request",
        "from": min(spots, default=None),
        "to": max(spots, default=None),
        "first": utc(min(spots)) if timed and spots else None,
        "last": utc(max(spots)) if timed and spots else None,
        "lanes": [
            {"clause": _text(one.clause), "outcome": _outcome(one), "count": one.count, "at": some}
            for one, some in ticks
            if some
        ],
        "more": max(0, len(report.findings) - _LANES),
    }


def _moment(where: Where, *, timed: bool) -> float | None:
    if timed:
        return where.time if utc(where.time) is not None else None
    origin = where.origin
    found = next((number for number in (origin.request, origin.line, origin.entry) if number is not None), None)
    return float(found) if found is not None else None


def _unjudged(report: Report) -> list[dict[str, Any]]:
    """One row for each reason, for clauses that were never judged."""
    judged = {*report.kept, *(one.clause for one in report.findings)}
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in report.not_judged:
        if one.clause not in judged:
            reasons.setdefault((one.reason, one.hint), []).append(one.clause)
    return [
        {"reason": _text(reason), "hint": _text(hint), "clauses": _unique(clauses)}
        for (reason, hint), clauses in reasons.items()
    ]


def _unique(names: Iterable[str]) -> list[str]:
    return [_text(name) for name in dict.fromkeys(names)]
