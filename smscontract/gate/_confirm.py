"""What a history shows on a target that others use too is asked again where nobody else can have had a hand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smscontract.curl import Histories
from smscontract.exchange import Exchange, Role
from smscontract.findings import Finding, FindingGroup, NotJudgedGroup, OperationSummary, Report
from smscontract.judge import Judge
from smscontract.probes.base import Case, Kit
from smscontract.resources import Entry
from smscontract.runner import Runner
from smscontract.summary import Summary

__all__ = ["Confirming", "confirmed"]

#: Findings of one clause that are asked again, each as the fewest requests that show it, then with what else went before it;
#: requests of such a history at most; tries of a history that was not answered as a whole.
_FINDINGS, _MOST, _TRIES = 2, 12, 2
_NOT_REPEATED = ("not repeated on a fresh pair", "somebody else may use the same numbers or drafts")

#: Why something was not confirmed, and what would help.
Reason = tuple[str, str]


class Confirming:
    """Sends what broke the histories of one operation again, on fresh numbers and drafts.

    Args:
        exchanges: of the run, a list that grows with it.
        fresh: numbers that no plan uses, and no other run.

    Attributes:
        again: for each clause that was broken there, too, the number of the request that showed it.
        unconfirmed: for each that was not, why, and what would help.
    """

    def __init__(  # noqa: PLR0917 - everything that a finding rests on
        self,
        judge: Judge,
        kit: Kit,
        runner: Runner,
        summary: Summary,
        exchanges: Sequence[Exchange],
        fresh: Sequence[str],
    ) -> None:
        self._judge = judge
        self._kit = kit
        self._runner = runner
        self._summary = summary
        self._exchanges = exchanges
        taken = set(kit.resources.values())
        self._numbers = iter([number for number in fresh if number not in taken])
        self.again: dict[str, int] = {}
        self.unconfirmed: dict[str, Reason] = {}

    def planned(self) -> None:
        """Asks again what the plan found broken."""
        for clause in sorted({one.clause for one in self._broken()}):
            self._ask(clause)

    def fuzzed(self) -> None:
        """Asks again what fuzzing found broken."""
        clauses = {one.clause for one in self._broken() if one.origin.source == "fuzz"}
        for clause in sorted(clauses - self.again.keys()):
            self._ask(clause)

    def settle(self) -> None:
        """What nobody came to ask again is not confirmed either."""
        for one in self._broken():
            if one.clause not in self.again:
                self.unconfirmed.setdefault(one.clause, ("not confirmed: interrupted", ""))

    def _broken(self, after: int = 0) -> list[Finding]:
        """Findings of histories of the operation, by a request with a number beyond `after`."""
        clauses = self._judge.catalogue.clauses
        return [
            one
            for one in self._judge.reduce(self._summary.facts).findings
            if clauses[one.clause].family == "history"
            and clauses[one.clause].operation == self._kit.operation.key
            and (one.origin.request or 0) > after
        ]

    def _ask(self, clause: str) -> None:
        for cases in self._histories(clause):
            for _ in range(_TRIES):
                reason, answered = self._sent(clause, cases)
                if reason is None:
                    self.unconfirmed.pop(clause, None)
                    return
                self.unconfirmed[clause] = reason
                if answered:
                    break
        self.unconfirmed.setdefault(clause, ("not confirmed: nothing of it can be sent again", ""))

    def _sent(self, clause: str, cases: list[Case]) -> tuple[Reason | None, bool]:
        """Sends a history on a fresh pair: why it does not confirm the clause, and whether that is the last word."""
        runner = self._runner
        fresh = self._freshened(cases)
        if fresh is None:
            return ("not confirmed: no fresh pair or draft is left", "add more to the resources"), True
        if runner.over or runner.left < sum(case.together for case in fresh):
            return (f"not confirmed: {runner.progress.stop or 'budget'}", "give more: --max-requests or --max-time"), True
        before = runner.transport.last_number
        for case in fresh:
            sent = runner.together(case, Role.CASE, "confirm", f"{self._kit.operation.id}: confirm {case.name}")
            if not sent:
                reason, hint = runner.held or ("stopped by the leash", "")
                return (f"not confirmed: {reason}", hint), True
            if any(one.failure is not None or one.response is None or one.response.status in _NO_ANSWERS for one in sent):
                return ("not confirmed: no answer on a fresh pair", "run again"), False
        found = [one for one in self._broken(after=before) if one.clause == clause]
        if not found:
            return _NOT_REPEATED, True
        self.again[clause] = min(one.origin.request or 0 for one in found)
        return None, True

    def _histories(self, clause: str) -> Iterator[list[Case]]:
        """The requests that broke a clause, of some findings: the fewest that show it, then with what went before them, since
        what shows it need not be what caused it."""
        by_number = {one.origin.request: one for one in self._exchanges}
        histories = Histories(self._judge, list(self._exchanges))
        found = [one for one in self._broken() if one.clause == clause]
        lasts = [by_number[one.origin.request] for one in found if one.origin.request in by_number]
        tried: list[list[int]] = []
        for last in sorted(lasts, key=lambda one: len(one.request.body or b""))[:_FINDINGS]:
            fewest = [one.origin.request or 0 for one in histories.shortest(last, clause)]
            for numbers in (fewest, self._before(last.origin.request or 0)):
                known = self._runner.cases
                # Of two at the same moment each stands for both.
                copies = {
                    one for one in numbers if one in known and known[one].together > 1 and known[one] is known.get(one - 1)
                }
                cases = [known[one] for one in numbers if one in known and one not in copies]
                if cases and numbers not in tried:
                    tried.append(numbers)
                    yield cases

    def _before(self, last: int) -> list[int]:
        """A request and those before it that name the same numbers and resources, whatever became of them."""
        cases = self._runner.cases
        scope = self._named(cases[last]) if last in cases else None
        return [number for number, case in cases.items() if number <= last and self._named(case) == scope][-_MOST:]

    def _named(self, case: Case) -> list[Any]:
        body = _object(case.body) or {}
        return [[body.get(name) for name in self._kit.phones], sorted(entry.value for entry in case.entries.values())]

    def _freshened(self, cases: list[Case]) -> list[Case] | None:
        """The same cases on numbers and resources that nobody has used, the same for the same; `None` where none are left."""
        entries: dict[str, Entry] = {}
        values: dict[str, str] = {}
        found = []
        unused = {name: self._runner.unused(name) for name in self._kit.operation.states}
        for case in cases:
            mine: dict[str, Entry] = {}
            for name, entry in case.entries.items():
                if self._kit.resources.find(name, entry.value) is None:
                    entries[entry.value] = entry  # nobody's, so nobody else's
                if entry.value not in entries:
                    likely = [one for one in unused.get(name, []) if entry.state == one.state]
                    chosen = next((one for one in likely if one.label == entry.label), next(iter(likely), None))
                    if chosen is None:
                        return None
                    unused[name].remove(chosen)
                    entries[entry.value] = chosen
                mine[name] = entries[entry.value]
            body = self._with_numbers(case.body, values)
            if body is None:
                return None
            found.append(replace(case, entries=mine, body=body))
        return found

    def _with_numbers(self, body: bytes, values: dict[str, str]) -> bytes | None:
        value = _object(body)
        if value is None:
            return body
        for name in self._kit.phones:
            old = value.get(name)
            if name not in self._kit.owned and isinstance(old, str):
                new = values.get(old) or next(self._numbers, None)
                if new is None:
                    return None
                values[old] = value[name] = new
        return self._kit.encoded(value)


#: Answers that say nothing of a request: too many, and a gateway's.
_NO_ANSWERS = frozenset({429, 502, 503, 504})


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def confirmed(report: Report, all_of_them: Sequence[Confirming]) -> Report:
    """The report without the findings that were not confirmed, which are not judged; of the others it says where they were. The
    run is over, its facts are still there."""
    unconfirmed: dict[str, Reason] = {}
    again: dict[str, int] = {}
    for one in all_of_them:
        one.settle()
        unconfirmed |= one.unconfirmed
        again |= one.again
    dropped = [one for one in report.findings if one.clause in unconfirmed]
    more = {
        clause: NotJudgedGroup(
            clause=clause, reason=reason, count=sum(one.count for one in dropped if one.clause == clause), hint=hint
        )
        for clause, (reason, hint) in unconfirmed.items()
        if any(one.clause == clause for one in dropped)
    }
    return replace(
        report,
        findings=tuple(_told(one, again) for one in report.findings if one.clause not in unconfirmed),
        not_judged=tuple(sorted([*report.not_judged, *more.values()], key=lambda one: (one.clause, one.reason))),
        operations=tuple(_counted(one, dropped) for one in report.operations),
    )


def _told(one: FindingGroup, again: Mapping[str, int]) -> FindingGroup:
    if one.clause not in again:
        return one
    return replace(
        one, note="; ".join(part for part in (one.note, f"again on a fresh pair: request {again[one.clause]}") if part)
    )


def _counted(one: OperationSummary, dropped: list[FindingGroup]) -> OperationSummary:
    clauses = len({finding.clause for finding in dropped if finding.clause.startswith(f"{one.operation}/")})
    return replace(one, broken=one.broken - clauses, not_judged=one.not_judged + clauses)
