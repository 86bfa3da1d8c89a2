"""The same requests on two targets, or on one target and on yesterday's recording of it: what answers differ in although the
contract allows both. What it forbids is a finding anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from smscontract.clauses.kinds import kind_text, kinds_seen
from smscontract.clauses.news import news
from smscontract.exchange import Exchange, Role, header_values
from smscontract.findings import ChangedRow
from smscontract.judge import Judge
from smscontract.plain import count_of

__all__ = ["Comparison", "Shape", "compared"]

#: An answer reduced to what two servers can be held against each other for: no ids, no times, no texts.
Shape = dict[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs of one plan differ in.

    Attributes:
        rows: each difference once, with the number of cases that show it.
        cases: how many cases both runs have.
        notes: what could not be compared.
    """

    rows: tuple[ChangedRow, ...]
    cases: int
    notes: tuple[str, ...] = field(default=())


def compared(judge: Judge, before: Iterable[Exchange], after: Iterable[Exchange]) -> Comparison:
    """Compares the answers to the cases of the plan that both runs sent.

    Args:
        before, after: exchanges of two runs of the gate, live or from their recordings.
    """
    olds, news_ = dict(_shapes(judge, before)), dict(_shapes(judge, after))
    counts: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], tuple[str, int | None]] = {}
    both = [key for key in news_ if key in olds]
    for key in both:
        (old, _), (new, number) = olds[key], news_[key]
        status = f"{key[0]}/status"
        # Of answers of two kinds, the kind is all that can be compared.
        places = [status] if old.get(status) != new.get(status) else dict.fromkeys((*old, *new))
        for place in places:
            if old.get(place, "absent") != new.get(place, "absent"):
                row = (place, old.get(place, "absent"), new.get(place, "absent"))
                counts[row] += 1
                first.setdefault(row, (key[1], number))
    notes = []
    if missing := len(olds.keys() - news_.keys()):
        notes.append(f"{count_of(missing, 'case')} of the run before not sent in this one")
    if missing := len(news_.keys() - olds.keys()):
        notes.append(f"{count_of(missing, 'case')} of this run not in the one before")
    rows = tuple(
        ChangedRow(place=row[0], before=row[1], after=row[2], count=number, case=first[row][0], request=first[row][1])
        for row, number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )
    return Comparison(rows, len(both), tuple(notes))


def _shapes(judge: Judge, exchanges: Iterable[Exchange]) -> Iterator[tuple[tuple[str, str, int], tuple[Shape, int | None]]]:
    """The shape of each answer to a case of the plan, by operation, case, and which of its copies it is."""
    cases: dict[tuple[str, str], list[Exchange]] = {}
    for exchange in exchanges:
        case = exchange.origin.case or ""
        if exchange.role is Role.CASE and exchange.operation is not None and case and ": fuzz " not in case:
            cases.setdefault((exchange.operation, case), []).append(exchange)
    for name, copies in cases.items():
        shapes = [(_shape(judge, one), one.origin.request) for one in copies]
        if any(one.overlaps(other) for one, other in pairwise(copies)):
            # Of two at once either may have been first: which of them was refused is no difference.
            shapes.sort(key=lambda one: sorted(one[0].items()))
        for index, one in enumerate(shapes):
            yield (*name, index), one


def _shape(judge: Judge, exchange: Exchange) -> Shape:
    operation = exchange.operation or ""
    if exchange.response is None:
        return {f"{operation}/status": f"none ({exchange.failure})"}
    view = judge.view(exchange)
    shape = {f"{operation}/status": str(exchange.response.status)}
    types = header_values(exchange.response.headers, "content-type")
    if types:
        shape[f"{operation}/content-type"] = types[0].partition(";")[0].strip().lower()[:60]
    if view is None or view.document is None or view.document.node is None:
        return shape
    base = f"{operation}/{view.document.key}"
    cells = kinds_seen(view)
    for node, cell in zip(view.document.node.walk(), cells, strict=False):
        if cell:
            shape[f"{base}/{node.text}" if node.path else base] = " or ".join(map(kind_text, cell))
    for one in news(judge.masker_of(exchange), view):
        shape[one.place] = "there"
    return shape
