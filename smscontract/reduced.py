"""What all exchanges together say: from what was decided of facts to findings and counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.clauses.base import Broken, Skipped
from smscontract.clauses.reduction import Decided
from smscontract.documents import Clause
from smscontract.exchange import Origin
from smscontract.findings import Finding, Level, NotJudged
from smscontract.plain import day

__all__ = ["BY_SCOPE", "Reduced", "finding_of", "reduced"]

#: Families whose facts are decided scope by scope.
BY_SCOPE = frozenset({"history", "hygiene"})


@dataclass(frozen=True, slots=True)
class Reduced:
    """What all facts together say. `kept` counts exchanges by clause. `tally` counts them by clause, outcome (as `Signature`
    has it), source and day: of facts that are alike and only counted, by the day of the latest."""

    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    kept: dict[str, int]
    notes: dict[tuple[str, str], str]
    tally: Mapping[tuple[str, str, str, str | None], int] = field(default_factory=dict)


def reduced(clauses: Mapping[str, Clause], decided: Iterable[Decided]) -> Reduced:
    """Findings, what is kept and what could not be judged.

    Args:
        clauses: by id, those that were decided at least.
    """
    return _Reduction(clauses).of(decided)


def finding_of(clause: Clause, broken: Broken, got: str, *, origin: Origin, time: float | None, count: int = 1) -> Finding:
    """The finding of a broken clause; `got` is masked already."""
    return Finding(
        clause=clause.id,
        level=clause.level,
        says=clause.says,
        message=broken.message,
        pointer=broken.spot.pointer,
        part=broken.spot.part,
        expected=broken.expected,
        got=got,
        origin=origin,
        time=time,
        count=count,
    )


class _Reduction:
    """Sorts what was decided into findings, what is kept and what could not be judged; only what is broken is remembered."""

    def __init__(self, clauses: Mapping[str, Clause]) -> None:
        self._clauses = clauses
        self._broken: list[Decided] = []
        self._histories: dict[tuple[Any, ...], Decided] = {}
        self._kept: Counter[str] = Counter()
        self._skipped: Counter[tuple[str, str, str]] = Counter()
        self._tally: Counter[tuple[str, str, str, str | None]] = Counter()

    def of(self, decided: Iterable[Decided]) -> Reduced:
        for one in decided:
            if isinstance(one.outcome, Broken):
                self._break(one)
            elif isinstance(one.outcome, Skipped):
                self._skipped[one.clause, one.outcome.reason, one.outcome.hint] += one.fact.weight
                self._count(one, "s")
            else:
                self._kept[one.clause] += one.fact.weight
                self._count(one, "k")
        broken = [*self._broken, *self._histories.values()]
        for one in broken:
            self._count(one, "b")
        return Reduced(
            findings=tuple(self._finding(one) for one in broken),
            not_judged=tuple(
                NotJudged(clause=clause, reason=reason, hint=hint, count=count)
                for (clause, reason, hint), count in sorted(self._skipped.items())
            ),
            kept=dict(self._kept),
            notes={
                (one.clause, one.outcome.spot.pointer): one.note
                for one in broken
                if one.note and isinstance(one.outcome, Broken)
            },
            tally=dict(self._tally),
        )

    def _count(self, one: Decided, outcome: str) -> None:
        time = one.fact.end if one.fact.end is not None else one.fact.start
        self._tally[one.clause, outcome, one.fact.origin.source, day(time)] += one.fact.weight

    def _break(self, one: Decided) -> None:
        """Of several histories broken at one place of one exchange only one: a rule with `across` knows more of the cause."""
        clause = self._clauses[one.clause]
        if clause.family not in BY_SCOPE or not isinstance(one.outcome, Broken):
            self._broken.append(one)
            return
        place = (clause.operation, one.fact.origin, one.outcome.spot)
        if place not in self._histories or self._rank(one) < self._rank(self._histories[place]):
            self._histories[place] = one

    def _rank(self, one: Decided) -> tuple[bool, bool, bool, str]:
        clause = self._clauses[one.clause]
        across = bool(getattr(clause.detail, "across", ()))
        return (not across, clause.family != "history", clause.level != Level.MUST, clause.id)

    def _finding(self, one: Decided) -> Finding:
        clause, broken, fact = self._clauses[one.clause], one.outcome, one.fact
        assert isinstance(broken, Broken)
        # Facts carry masked text already; numbers are statuses and times.
        got = broken.got if isinstance(broken.got, str) else json.dumps(broken.got)
        return finding_of(clause, broken, got, origin=fact.origin, time=fact.end, count=fact.weight)
