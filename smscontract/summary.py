"""From judgements to the report: groups, counts, what was never judged. The same for recordings, live runs and tests."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smscontract.catalogue import path_shape
from smscontract.clauses.reduction import unbegun
from smscontract.clauses.view import View
from smscontract.exchange import Exchange, Origin, Role
from smscontract.facts import FactStore
from smscontract.findings import (
    LATENCY_EDGES,
    Finding,
    FindingGroup,
    New,
    NewGroup,
    NotJudgedGroup,
    OperationSummary,
    Problem,
    Report,
    Unmatched,
    Verdict,
    Where,
    place_of,
)
from smscontract.grouped import Group
from smscontract.judge import Judge, Judgement
from smscontract.ledger import ClauseCount, Ledger
from smscontract.plain import day, day_numbered
from smscontract.policy import Selection
from smscontract.reduced import Reduced
from smscontract.shown import shown
from smscontract.spans import spans_of
from smscontract.witnesses import ADMISSION, measure, seen

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
    """

    def __init__(
        self, judge: Judge, selection: Selection | None = None, *, source: str | None = None, ranges: bool = False
    ) -> None:
        self._source = source
        self._ranges = ranges
        self.judge = judge
        self.selection = selection or Selection()
        self.ledger = Ledger()
        self.facts = FactStore()
        self.begun = True
        self.holed: frozenset[str] = frozenset()
        self.problems: list[Problem] = []
        self.exchanges = 0
        self._succeeded: Counter[str] = Counter()
        self._groups: dict[tuple[str, str], Group] = {}
        self._new: dict[tuple[str, str], tuple[New, int]] = {}
        self._not_judged: Counter[tuple[str, str]] = Counter()
        self._hints: dict[tuple[str, str], str] = {}
        self._unmatched: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._newest: dict[str, float] = {}
        self._took: dict[str, list[int]] = {}

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
            self._unmatched[path_shape(exchange.request.method, exchange.request.url)] += 1
            return judgement
        self._seen[signature.operation] += 1
        self._succeeded[signature.operation] += signature.status // 100 == 2
        answered = exchange.received_at if exchange.received_at is not None else exchange.sent_at
        if answered is not None and exchange.response is not None:
            self._newest[signature.operation] = max(answered, self._newest.get(signature.operation, answered))
            took = exchange.took
            if took is not None:
                if signature.operation not in self._took:
                    self._took[signature.operation] = [0] * (len(LATENCY_EDGES) + 1)
                self._took[signature.operation][bisect.bisect_left(LATENCY_EDGES, took)] += 1
        self.ledger.add(signature, day(answered), self._source or exchange.origin.source)
        if self._ranges and view is not None:
            self._measure(view)
        # Whatever is selected: one history may be the cause of another's break, and only all facts together tell.
        self.facts.add(judgement.facts)
        if self.facts.rows is not None and judgement.facts:
            self.facts.rows.touch(exchange, view)
        for finding in judgement.findings:
            self._add_finding(finding, exchange)
        for one in judgement.not_judged:
            self._skip(one.clause, one.reason, one.hint)
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
        self._seen[key] += number
        self._succeeded[key] += number * (signature.status // 100 == 2)
        spans = spans_of(rows, LATENCY_EDGES)
        if spans.newest is not None:
            self._newest[key] = max(spans.newest, self._newest.get(key, spans.newest))
        if spans.steps is not None:
            mine = self._took.get(key, [0] * len(spans.steps))
            self._took[key] = [before + many for before, many in zip(mine, spans.steps, strict=True)]
        source = self._source or "recording"
        for when, many, _ in spans.days:
            self.ledger.add(signature, day_numbered(when), source, many)
        for fact in judgement.facts:
            if fact.alike:
                self.facts.add_alike(fact, rows, file, spans)
        for one in judgement.not_judged:
            self._skip(one.clause, one.reason, one.hint, number)
        for finding in judgement.findings:
            for row in rows:
                self._add_finding(replace(finding, origin=Origin.numbered(file, row[2]), time=row[1]))
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
            group = self._groups.get((finding.clause, place_of(finding.pointer)))
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

    @property
    def seen(self) -> Mapping[str, int]:
        """How many exchanges of each operation."""
        return self._seen

    def add_problem(self, problem: Problem) -> None:
        """Something that could not be read."""
        self.problems.append(problem)

    def _without_success(self, counts: Mapping[str, ClauseCount]) -> None:
        """Where an operation never answered with a success, nobody can tell a provider that refuses wrongly from ids, a
        URL or credential that are not meant for it: what is accepted and refused there is not judged."""
        for key, group in list(self._groups.items()):
            clause = self.judge.catalogue.clauses[key[0]]
            if clause.family in ADMISSION and not self._succeeded[clause.operation]:
                del self._groups[key]
                count = counts[clause.id]
                count.not_judged, count.broken = count.not_judged + count.broken, 0
                self._skip(clause.id, "no success seen", "check URL, credential and resources", group.count)

    def _add_finding(self, finding: Finding, exchange: Exchange | None = None) -> None:
        if not self.selection.takes(finding.clause):
            return
        key = (finding.clause, place_of(finding.pointer))
        if key not in self._groups:
            self._groups[key] = Group(finding)
        self._groups[key].add(finding, exchange)

    def _add_new(self, new: New, number: int = 1) -> None:
        if not self.selection.takes(new.place):
            return
        key = (new.place, str(new.kind))
        first, count = self._new.get(key, (new, 0))
        earlier = min(first, new, key=lambda one: Where(origin=one.origin, time=one.time).sort_key())
        self._new[key] = (earlier, count + number)

    def _skip(self, clause: str, reason: str, hint: str, count: int = 1) -> None:
        if self.selection.takes(clause):
            self._not_judged[(clause, reason)] += count
            self._hints[(clause, reason)] = max(hint, self._hints.get((clause, reason), ""))

    def report(
        self,
        *,
        now: float,
        command: str = "",
        requests: int | None = None,
        again: Callable[[Finding], str] | None = None,
        curl: Callable[[Finding], str] | None = None,
        find: Callable[[Sequence[Finding]], Sequence[Exchange | None]] | None = None,
        reasons: Mapping[str, tuple[str, str]] | None = None,
        operations: Iterable[str] | None = None,
        interrupted: bool = False,
    ) -> Report:
        """Everything so far as one value; verdict, exit code and causes are settled by `policy.settle`.

        Args:
            now: seconds since 1970 UTC.
            requests: how many requests were sent, `None` where none are.
            again: a command that shows a finding again.
            curl: a request as a curl line.
            find: the exchanges that show findings, for those that only a whole history tells.
            reasons: why a clause was never judged, and a hint, where somebody knows better than "not seen".
            operations: keys of the operations that were looked for; default: all that were seen.
            interrupted: whether somebody does not want to wait: what more than one exchange decides is not told then.
        """
        if interrupted:
            reduced = Reduced((), (), {}, {})
            self.facts.rows = None
            reasons = dict.fromkeys(self.facts.clauses(), ("interrupted before it was known", "")) | dict(reasons or {})
        else:
            self.facts.settle()
            reduced = self.judge.reduce(self.facts, holes=bool(self.problems) or self.holed, take=self._add_finding)
        for one in reduced.not_judged:
            self._skip(one.clause, one.reason, one.hint, one.count)
        tally: Counter[tuple[str, str, str, str | None]] = Counter()
        for (identity, outcome, source, when), number in reduced.tally.items():
            tally[identity, outcome, self._source or source, when] += number
        self.ledger.decide(tally)
        counts = self.ledger.clauses(self.judge.catalogue)
        self._without_success(counts)
        wanted = (
            list(operations) if operations is not None else [key for key in self.judge.catalogue.operations if self._seen[key]]
        )
        for identity, count in counts.items():
            clause = self.judge.catalogue.clauses[identity]
            if clause.operation in wanted and not count.judged and not count.not_judged:
                reason, hint = (reasons or {}).get(identity, ("not seen", ""))
                self._skip(identity, reason, hint, 0)
        return Report(
            verdict=Verdict.KEPT,
            exit_code=0,
            causes=(),
            exchanges=self.exchanges,
            requests=requests,
            findings=self._finding_groups(reduced, again, curl, find),
            new=tuple(self._new_group(*self._new[key]) for key in sorted(self._new)),
            not_judged=tuple(
                NotJudgedGroup(clause=clause, reason=reason, count=count, hint=self._hints[(clause, reason)])
                for (clause, reason), count in sorted(self._not_judged.items())
            ),
            operations=tuple(self._operation(key, counts) for key in wanted),
            problems=tuple(self.problems),
            unmatched=tuple(
                Unmatched(shape=shape, count=count)
                for shape, count in sorted(self._unmatched.items(), key=lambda one: (-one[1], one[0]))
            ),
            judged_clauses=sum(bool(count.judged) for identity, count in counts.items() if self.selection.takes(identity)),
            kept=tuple(
                identity
                for identity, count in counts.items()
                if count.kept and not count.broken and self.selection.takes(identity)
            ),
            now=now,
            command=command,
            witnesses=seen(self.judge.catalogue, self.ledger, operations=wanted),
        )

    def _ordered(self) -> list[Group]:
        ranks = {identity: index for index, identity in enumerate(self.judge.catalogue.clauses)}
        return sorted(
            self._groups.values(), key=lambda one: (one.finding.level != "must", ranks[one.finding.clause], one.finding.pointer)
        )

    def _finding_groups(
        self,
        reduced: Reduced,
        again: Callable[[Finding], str] | None,
        curl: Callable[[Finding], str] | None,
        find: Callable[[Sequence[Finding]], Sequence[Exchange | None]] | None,
    ) -> tuple[FindingGroup, ...]:
        groups = self._ordered()
        bare = [group for group in groups if group.exchange is None and group.told is None]
        if find is not None and bare:
            for group, exchange in zip(bare, find([group.finding for group in bare]), strict=True):
                if exchange is not None:
                    group.told = shown(self.judge, exchange)
        return tuple(self._finding_group(group, reduced, again, curl) for group in groups)

    def _finding_group(
        self,
        group: Group,
        reduced: Reduced,
        again: Callable[[Finding], str] | None,
        curl: Callable[[Finding], str] | None,
    ) -> FindingGroup:
        finding, exchange = group.finding, group.exchange
        asked, answered = group.told or (shown(self.judge, exchange) if exchange is not None else ("", ""))
        source = self.judge.catalogue.clauses[finding.clause].source
        return FindingGroup(
            clause=finding.clause,
            level=finding.level,
            says=finding.says,
            message=finding.message,
            pointer=finding.pointer,
            part=finding.part,
            expected=finding.expected,
            got=finding.got,
            count=group.count,
            first=group.where[0],
            last=group.last or group.where[-1],
            where=tuple(group.where),
            fails=False,
            source=source.kind,
            quote=source.quote,
            file=source.file,
            line=source.line,
            again=again(finding) if again is not None else "",
            curl=curl(finding) if curl is not None else "",
            note=reduced.notes.get((finding.clause, finding.pointer), ""),
            asked=asked,
            answered=answered,
        )

    def _new_group(self, new: New, count: int) -> NewGroup:
        return NewGroup(place=new.place, kind=new.kind, count=count, first=Where(origin=new.origin, time=new.time))

    def _operation(self, key: str, counts: Mapping[str, ClauseCount]) -> OperationSummary:
        mine = [counts[clause.id] for clause in self.judge.catalogue.of_operation(key) if self.selection.takes(clause.id)]
        return OperationSummary(
            operation=key,
            exchanges=self._seen[key],
            kept=sum(bool(count.kept) and not count.broken for count in mine),
            broken=sum(bool(count.broken) for count in mine),
            not_judged=sum(not count.judged for count in mine),
            new=sum(place.startswith(f"{key}/") for place, _ in self._new),
            newest=self._newest.get(key),
            latency=tuple(self._took.get(key, ())),
        )
