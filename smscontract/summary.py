"""From judgements to groups and counts. The same for recordings, live runs and tests."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from smscontract.catalogue import path_shape
from smscontract.clauses.reduction import unbegun
from smscontract.clauses.view import View
from smscontract.exchange import Exchange, Origin, Role
from smscontract.facts import FactStore
from smscontract.findings import LATENCY_EDGES, Finding, New, Problem, Where, place_of
from smscontract.grouped import Group
from smscontract.judge import Judge, Judgement
from smscontract.ledger import Ledger
from smscontract.plain import day, day_numbered
from smscontract.policy import Selection
from smscontract.spans import spans_of
from smscontract.witnesses import measure

__all__ = ["Summary"]


class Summary:
    """Collects judgements in any order.

    Args:
        judge: whose judgements they are.
        selection: which clauses are looked at.
        source: what the ledger counts all exchanges under (`ledger.SOURCES`), instead of what each one's origin tells.
        ranges: whether lengths and extremes are measured too.

    Attributes:
        begun: whether the first exchange of a scope that is seen is the first that there was, as far as recordings tell.
        holed: clauses in whose histories exchanges are missing on purpose.
        exchanges: how many were judged; `seen`: of each operation, `succeeded`: with a success; `unmatched`: of none, by what
            was asked for.
        groups: findings by clause and place; `new`: what no contract knows, the first of each, and how many.
        not_judged: how many were not, by clause and reason; `hints`: what to do about it.
        newest: time of the latest answer of each operation; `took`: how many answers took how long, by `LATENCY_EDGES`.
        ledger, facts: what was seen, and what only all exchanges together tell.
        problems: what could not be read.
    """

    def __init__(
        self, judge: Judge, selection: Selection | None = None, *, source: str | None = None, ranges: bool = False
    ) -> None:
        self.source = source
        self._ranges = ranges
        self.judge = judge
        self.selection = selection or Selection()
        self.ledger = Ledger()
        self.facts = FactStore()
        self.begun = True
        self.holed: frozenset[str] = frozenset()
        self.problems: list[Problem] = []
        self.exchanges = 0
        self.succeeded: Counter[str] = Counter()
        self.groups: dict[tuple[str, str], Group] = {}
        self.new: dict[tuple[str, str], tuple[New, int]] = {}
        self.not_judged: Counter[tuple[str, str]] = Counter()
        self.hints: dict[tuple[str, str], str] = {}
        self.unmatched: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.newest: dict[str, float] = {}
        self.took: dict[str, list[int]] = {}

    def add(self, exchange: Exchange) -> Judgement:
        """Judges one exchange and counts what is said of it."""
        if exchange.role is Role.TIDY:  # calls beside the operations, of which nothing is promised
            return Judgement()
        self.exchanges += 1
        view = self.judge.view(exchange)
        judgement = self.judge.judged(view) if view is not None else Judgement()
        if not self.begun:
            judgement = replace(judgement, facts=tuple(map(unbegun, judgement.facts)))
        signature = judgement.signature
        if signature is None:
            self.unmatched[path_shape(exchange.request.method, exchange.request.url)] += 1
            return judgement
        self.seen[signature.operation] += 1
        self.succeeded[signature.operation] += signature.status // 100 == 2
        answered = exchange.received_at if exchange.received_at is not None else exchange.sent_at
        if answered is not None and exchange.response is not None:
            self.newest[signature.operation] = max(answered, self.newest.get(signature.operation, answered))
            took = exchange.took
            if took is not None:
                if signature.operation not in self.took:
                    self.took[signature.operation] = [0] * (len(LATENCY_EDGES) + 1)
                self.took[signature.operation][bisect.bisect_left(LATENCY_EDGES, took)] += 1
        self.ledger.add(signature, day(answered), self.source or exchange.origin.source)
        if self._ranges and view is not None:
            self._measure(view)
        # Whatever is selected: one history may be the cause of another's break, and only all facts together tell.
        self.facts.add(judgement.facts)
        if self.facts.rows is not None and judgement.facts:
            self.facts.rows.touch(exchange, view)
        for finding in judgement.findings:
            self.add_finding(finding, exchange)
        for one in judgement.not_judged:
            self.skip(one.clause, one.reason, one.hint)
        for new in judgement.new:
            self._add_new(new)
        return judgement

    def add_alike(self, judgement: Judgement, file: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Counts exchanges that are judged as another one was. Facts of histories are not counted here.

        Args:
            judgement: of the other one. If it broke something, these answers came later than `shown_after` says.
            file: where they are.
            rows: of each start and end (infinite if unknown) and `Origin.number`, and anything behind them.
        """
        signature, number = judgement.signature, len(rows)
        assert signature is not None
        key = signature.operation
        self.exchanges += number
        self.seen[key] += number
        self.succeeded[key] += number * (signature.status // 100 == 2)
        spans = spans_of(rows, LATENCY_EDGES)
        if spans.newest is not None:
            self.newest[key] = max(spans.newest, self.newest.get(key, spans.newest))
        if spans.steps is not None:
            mine = self.took.get(key, [0] * len(spans.steps))
            self.took[key] = [before + many for before, many in zip(mine, spans.steps, strict=True)]
        source = self.source or "recording"
        for when, many, _ in spans.days:
            self.ledger.add(signature, day_numbered(when), source, many)
        for fact in judgement.facts:
            if fact.alike:
                self.facts.add_alike(fact, rows, file, spans)
        for one in judgement.not_judged:
            self.skip(one.clause, one.reason, one.hint, number)
        for finding in judgement.findings:
            for row in rows:
                self.add_finding(replace(finding, origin=Origin.numbered(file, row[2]), time=row[1]))
        if judgement.new:
            first = min(rows, key=lambda row: row[1:3])
            where = Origin.numbered(file, first[2])
            for new in judgement.new:
                self._add_new(replace(new, origin=where, time=first[1] if first[1] != float("inf") else None), number)

    def shown_after(self, findings: Iterable[Finding]) -> float:
        """The time (seconds since 1970 UTC) after which no answer that shows the same findings is the first of any; infinite if
        there is none."""
        last = float("-inf")
        for finding in findings:
            group = self.groups.get((finding.clause, place_of(finding.pointer)))
            if group is not None:
                first = group.where[0].time
                last = max(last, first if first is not None else float("inf"))
            elif self.selection.takes(finding.clause):
                return float("inf")
        return last

    def _measure(self, view: View) -> None:
        for key, ends in measure(view).items():
            for end in ends:
                self.ledger.stretch(key, end)

    def add_problem(self, problem: Problem) -> None:
        """Something that could not be read."""
        self.problems.append(problem)

    def add_finding(self, finding: Finding, exchange: Exchange | None = None) -> None:
        """Counts a finding, and keeps the first of its kind.

        Args:
            exchange: that shows it.
        """
        if not self.selection.takes(finding.clause):
            return
        key = (finding.clause, place_of(finding.pointer))
        if key not in self.groups:
            self.groups[key] = Group(finding)
        self.groups[key].add(finding, exchange)

    def _add_new(self, new: New, number: int = 1) -> None:
        if not self.selection.takes(new.place):
            return
        key = (new.place, str(new.kind))
        first, count = self.new.get(key, (new, 0))
        earlier = min(first, new, key=lambda one: Where(origin=one.origin, time=one.time).sort_key())
        self.new[key] = (earlier, count + number)

    def skip(self, clause: str, reason: str, hint: str, count: int = 1) -> None:
        """Counts exchanges of which a clause was not judged."""
        if self.selection.takes(clause):
            self.not_judged[(clause, reason)] += count
            self.hints[(clause, reason)] = max(hint, self.hints.get((clause, reason), ""))
