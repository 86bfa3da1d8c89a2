"""What all exchanges together say: from what was decided of facts to findings and counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smscontract.apart import Apart
from smscontract.clauses.outcomes import Broken, Skipped
from smscontract.clauses.reduction import Decided
from smscontract.documents import Clause
from smscontract.exchange import Origin
from smscontract.findings import Finding, Level, NotJudged
from smscontract.plain import day, day_numbered

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


def reduced(
    clauses: Mapping[str, Clause], decided: Iterable[Decided], take: Callable[[Finding], object] | None = None
) -> Reduced:
    """Findings, what is kept and what could not be judged.

    Args:
        clauses: by id, those that were decided at least.
        take: takes each finding, so that the result holds none of them, however many there are.

    Raises:
        OSError: what is beyond memory cannot be kept.
    """
    findings: list[Finding] = []
    result = _Reduction(clauses, take or findings.append).of(decided)
    return replace(result, findings=tuple(findings))


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
    """Sorts what was decided into findings, what is kept and what could not be judged. Of what is broken only histories wait,
    until it is known which others are broken at their place."""

    def __init__(self, clauses: Mapping[str, Clause], take: Callable[[Finding], object]) -> None:
        self._clauses = clauses
        self._take = take
        self._histories: Apart[Decided] = Apart()
        self._kept: Counter[str] = Counter()
        self._skipped: Counter[tuple[str, str, str]] = Counter()
        self._notes: dict[tuple[str, str], str] = {}
        self._tally: Counter[tuple[str, str, str, str | None]] = Counter()

    def of(self, decided: Iterable[Decided]) -> Reduced:
        try:
            for one in decided:
                if isinstance(one.outcome, Broken):
                    if self._clauses[one.clause].family in BY_SCOPE:
                        fact = replace(one.fact, scope=(), values={})  # what it was decided by
                        self._histories.add(fact.origin.sort_key(), replace(one, fact=fact))
                    else:
                        self._break(one, one.outcome)
                elif isinstance(one.outcome, Skipped):
                    self._skipped[one.clause, one.outcome.reason, one.outcome.hint] += one.fact.weight
                    self._count(one, "s")
                else:
                    self._kept[one.clause] += one.fact.weight
                    self._count(one, "k")
            for some in self._histories:
                for one, broken in self._foremost(some):
                    self._break(one, broken)
        finally:
            self._histories.close()
        return Reduced(
            findings=(),
            not_judged=tuple(
                NotJudged(clause=clause, reason=reason, hint=hint, count=count)
                for (clause, reason, hint), count in sorted(self._skipped.items())
            ),
            kept=dict(self._kept),
            notes=self._notes,
            tally=dict(self._tally),
        )

    def _count(self, one: Decided, outcome: str) -> None:
        fact = one.fact
        if fact.days is None:
            time = fact.end if fact.end is not None else fact.start
            self._tally[one.clause, outcome, fact.origin.source, day(time)] += fact.weight
            return
        for when, many in fact.days.items():
            self._tally[one.clause, outcome, fact.origin.source, day_numbered(when)] += many

    def _break(self, one: Decided, broken: Broken) -> None:
        self._count(one, "b")
        if one.note:
            self._notes[one.clause, broken.spot.pointer] = one.note
        # Facts carry masked text already; numbers are statuses and times.
        got = broken.got if isinstance(broken.got, str) else json.dumps(broken.got)
        fact, clause = one.fact, self._clauses[one.clause]
        self._take(finding_of(clause, broken, got, origin=fact.origin, time=fact.end, count=fact.weight))

    def _foremost(self, broken: Iterable[Decided]) -> Iterator[tuple[Decided, Broken]]:
        """Of several histories broken at one place of one exchange only one: a rule with `across` knows more of the cause."""
        found: dict[tuple[Any, ...], tuple[Decided, Broken]] = {}
        for one in broken:
            assert isinstance(one.outcome, Broken)
            place = (self._clauses[one.clause].operation, one.fact.origin, one.outcome.spot)
            if place not in found or self._rank(one) < self._rank(found[place][0]):
                found[place] = one, one.outcome
        yield from found.values()

    def _rank(self, one: Decided) -> tuple[bool, bool, bool, str]:
        clause = self._clauses[one.clause]
        across = bool(getattr(clause.detail, "across", ()))
        return (not across, clause.family != "history", clause.level != Level.MUST, clause.id)
