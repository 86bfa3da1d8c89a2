"""Witnesses: of all that the contract lets an answer show, what was ever seen. A clause that nothing could have broken has
passed for nothing, and here it shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from smscontract.catalogue import Catalogue
from smscontract.clauses.kinds import kind_name, kind_text, kinds_of, matches
from smscontract.clauses.view import View
from smscontract.documents import Node, Operation
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.ledger import SOURCES, ClauseCount, Ledger, RangeKey
from smscontract.seen import UNDATED, ClauseSeen, OperationSeen, Point, Range

__all__ = ["ADMISSION", "Aim", "aims_of", "measure", "seen"]

#: Families that say what is accepted and what is refused. Without a success nobody can tell which is wrong, answer or target.
ADMISSION = frozenset({"request", "state", "auth"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A point to be looked for: the kind at a place of the answer, or (`node` is `None`) the answer itself."""

    name: str
    key: str
    node: Node | None = None
    index: int = 0
    kind: str = ""

    @property
    def place(self) -> str:
        """As clause ids write it."""
        return self.node.text if self.node is not None else ""


def aims_of(operation: Operation) -> Iterator[Aim]:
    """Every point of an operation, in the order of the document."""
    for key, document in operation.responses.items():
        base = f"{operation.key}/{key}"
        yield Aim(name=base, key=key)
        if document.node is None:
            continue
        nodes = list(document.node.walk())
        items = {id(node.items) for node in nodes}
        for index, node in enumerate(nodes):
            stem = f"{base}/{node.text}" if node.path else base
            for kind in dict.fromkeys(kinds_of(node, item=id(node) in items)):
                yield Aim(name=f"{stem}={kind_name(kind)}", key=key, node=node, index=index, kind=kind)


@dataclass(slots=True)
class _Tally:
    """A number by source and by day."""

    sources: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)

    def add(self, source: str, day: str | None, count: int) -> None:
        self.sources[source] += count
        self.days[day or UNDATED] += count

    def merge(self, other: _Tally) -> None:
        self.sources.update(other.sources)
        self.days.update(other.days)

    def plain(self) -> tuple[dict[str, int], dict[str, int]]:
        """Sources in the order of columns, days in order."""
        return {name: self.sources[name] for name in SOURCES if self.sources[name]}, dict(sorted(self.days.items()))


def seen(catalogue: Catalogue, ledger: Ledger, *, operations: Iterable[str] | None = None) -> tuple[OperationSeen, ...]:
    """What a ledger says of each operation.

    Args:
        operations: their keys; default: all of the catalogue.
    """
    wanted = list(catalogue.operations) if operations is None else list(operations)
    points = _points(catalogue, ledger)
    clauses = _clauses(catalogue, ledger)
    whole = {key: _Tally() for key in catalogue.operations}
    statuses: dict[str, Counter[str]] = {key: Counter() for key in catalogue.operations}
    for one in ledger.answers():
        whole[one.operation].add(one.source, one.day, one.number)
        statuses[one.operation][str(one.status) if one.status else "none"] += one.number
    result = []
    for key in wanted:
        sources, days = whole[key].plain()
        result.append(
            OperationSeen(
                operation=key,
                sources=sources,
                days=days,
                statuses=dict(sorted(statuses[key].items())),
                points=tuple(points[key]),
                clauses=tuple(clauses[key]),
                ranges=tuple(_ranges(ledger, key)),
            )
        )
    return tuple(result)


def _points(catalogue: Catalogue, ledger: Ledger) -> dict[str, list[Point]]:
    tallies: dict[str, _Tally] = {}
    by_place: dict[tuple[str, str, int], list[Aim]] = {}
    aims = {key: list(aims_of(operation)) for key, operation in catalogue.operations.items()}
    for key, mine in aims.items():
        for aim in mine:
            tallies[aim.name] = _Tally()
            if aim.node is not None:
                by_place.setdefault((key, aim.key, aim.index), []).append(aim)
    for one in ledger.answers():
        operation = catalogue.operations[one.operation]
        document = operation.response_for(one.status) if one.status else None
        if document is not None and operation.documents_status(one.status):
            tallies[f"{operation.key}/{document.key}"].add(one.source, one.day, one.number)
    for place in ledger.seen():
        document = catalogue.operations[place.operation].response_for(place.status)
        for aim in by_place.get((place.operation, document.key, place.position), ()) if document is not None else ():
            if aim.node is not None and matches(aim.kind, place.cell, array="array" in aim.node.types):
                tallies[aim.name].add(place.source, place.day, place.number)
    return {key: [_point(aim, tallies[aim.name]) for aim in mine] for key, mine in aims.items()}


def _point(aim: Aim, tally: _Tally) -> Point:
    sources, days = tally.plain()
    return Point(name=aim.name, key=aim.key, place=aim.place, shows=kind_text(aim.kind), sources=sources, days=days)


def _clauses(catalogue: Catalogue, ledger: Ledger) -> dict[str, list[ClauseSeen]]:
    counts = {identity: ClauseCount() for identity in catalogue.clauses}
    tallies = {identity: _Tally() for identity in catalogue.clauses}
    succeeded = {one.operation for one in ledger.answers() if one.status // 100 == 2}
    shared, alike = None, _Tally()  # of the latest: clauses that were judged alike follow each other
    for one in ledger.outcomes(catalogue):
        clause = catalogue.clauses[one.clause]
        outcome = one.outcome
        if outcome == "b" and clause.family in ADMISSION and clause.operation not in succeeded:
            outcome = "s"  # who refuses everything may be the wrong target
        counts[one.clause].add(outcome, sum(one.numbers.values()))
        if outcome in "kb":
            if one.numbers is not shared:
                shared, alike = one.numbers, _Tally()
                for (day, source), number in shared.items():
                    alike.add(source, day, number)
            tallies[one.clause].merge(alike)
    result: dict[str, list[ClauseSeen]] = {key: [] for key in catalogue.operations}
    for identity, clause in catalogue.clauses.items():
        sources, days = tallies[identity].plain()
        count = counts[identity]
        result[clause.operation].append(
            ClauseSeen(
                clause=identity, kept=count.kept, broken=count.broken, not_judged=count.not_judged, sources=sources, days=days
            )
        )
    return result


def _ranges(ledger: Ledger, operation: str) -> Iterator[Range]:
    for key, (low, high) in sorted(ledger.ranges.items()):
        if key.operation == operation:
            yield Range(place=f"{key.key}/{key.place}" if key.place else key.key, what=key.what, low=low, high=high)


def measure(view: View) -> Mapping[RangeKey, tuple[float, float]]:
    """Lengths of texts and arrays and extremes of numbers in one answer, numbers only where the document masks nothing."""
    ledger = Ledger()
    document = view.document
    if document is None or document.node is None or view.got in (ABSENT, UNKNOWN):
        return {}
    for node in document.node.walk():
        for _, value in view.got_index.get(node.path, ()):
            if isinstance(value, str | list):
                ledger.stretch(RangeKey(view.operation.key, document.key, node.text, "length"), len(value))
            elif isinstance(value, int | float) and not isinstance(value, bool) and node.mask is None:
                number = _rounded(value)
                if number is not None:
                    ledger.stretch(RangeKey(view.operation.key, document.key, node.text, "number"), number)
    return ledger.ranges


def _rounded(value: float) -> float | None:
    """A number as far as it says how large it is: more than six digits could be somebody's."""
    if isinstance(value, int) and abs(value) < 1_000_000:
        return value
    try:
        return float(f"{value:.3g}") if math.isfinite(value) else None
    except OverflowError:
        return None
