"""What a history shows on a target that others use too is asked again where nobody else can have had a hand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from smscontract.exchange import Role
from smscontract.findings import FindingGroup, NotJudgedGroup, OperationSummary, Report
from smscontract.judge import Judge
from smscontract.numbers import examples
from smscontract.plan import Plan
from smscontract.probes.base import Case, Kit
from smscontract.resources import Entry
from smscontract.runner import Runner
from smscontract.summary import Summary

__all__ = ["confirm", "without_unconfirmed"]

#: Reserved numbers that no plan uses: those at the end of the first so many.
_POOL = 3000


def confirm(  # noqa: PLR0917 - everything that a finding rests on
    judge: Judge, kit: Kit, plan: Plan, runner: Runner, summary: Summary, unconfirmed: dict[str, tuple[str, str]]
) -> None:
    """Sends the cases of each history that was found broken again on a fresh pair or draft.

    Args:
        unconfirmed: takes each clause that was not found broken there, why, and what would help.
    """
    for clause in sorted(_broken(judge, kit, summary)):
        cases = [case for case in plan.cases if clause in case.aims and case.together == 1]
        fresh = _freshened(kit, runner, cases)
        if not cases:
            unconfirmed[clause] = ("not confirmed: the plan has no case for it", "")
        elif fresh is None:
            unconfirmed[clause] = ("not confirmed: no fresh resource", "add more to the resources")
        elif runner.left < len(fresh):
            unconfirmed[clause] = ("not confirmed: budget", "give more: --max-requests")
        else:
            before = runner.transport.last_number
            for case in fresh:
                runner.send(case, Role.CASE, "confirm", f"{kit.operation.id}: confirm {case.name}")
            if clause not in _broken(judge, kit, summary, after=before):
                unconfirmed[clause] = ("not repeated on a fresh pair", "somebody else may use the same numbers or drafts")


def _broken(judge: Judge, kit: Kit, summary: Summary, after: int = 0) -> set[str]:
    """Histories of the operation that are broken, by a request with a number beyond `after`."""
    return {
        one.clause
        for one in judge.reduce(summary.facts).findings
        if judge.catalogue.clauses[one.clause].family == "history"
        and judge.catalogue.clauses[one.clause].operation == kit.operation.key
        and (one.origin.request or 0) > after
    }


def _freshened(kit: Kit, runner: Runner, cases: list[Case]) -> list[Case] | None:
    """The same cases on numbers and resources that nobody has used, the same for the same; `None` where there are none."""
    taken = set(kit.resources.values())
    numbers = iter([number for number in reversed(examples(_POOL)) if number not in taken])
    entries: dict[str, Entry] = {}
    values: dict[str, str] = {}
    found = []
    unused = {name: runner.unused(name) for name in kit.operation.states}
    for case in cases:
        mine: dict[str, Entry] = {}
        for name, entry in case.entries.items():
            if entry.value not in entries:
                likely = [one for one in unused.get(name, []) if entry.state == one.state]
                chosen = next((one for one in likely if one.label == entry.label), next(iter(likely), None))
                if chosen is None:
                    return None
                unused[name].remove(chosen)
                entries[entry.value] = chosen
            mine[name] = entries[entry.value]
        found.append(replace(case, entries=mine, body=_with_numbers(kit, case.body, values, numbers)))
    return found


def _with_numbers(kit: Kit, body: bytes, values: dict[str, str], numbers: Iterator[str]) -> bytes:
    try:
        value: Any = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body
    if not isinstance(value, Mapping):
        return body
    changed = dict(value)
    for name in kit.phones:
        old = changed.get(name)
        if name not in kit.owned and isinstance(old, str):
            if old not in values:
                values[old] = next(numbers)
            changed[name] = values[old]
    return kit.encoded(changed)


def without_unconfirmed(report: Report, unconfirmed: Mapping[str, tuple[str, str]]) -> Report:
    """The report without the findings that were not confirmed: they are not judged."""
    dropped = [one for one in report.findings if one.clause in unconfirmed]
    if not dropped:
        return report
    more = {
        clause: NotJudgedGroup(
            clause=clause, reason=reason, count=sum(one.count for one in dropped if one.clause == clause), hint=hint
        )
        for clause, (reason, hint) in unconfirmed.items()
        if any(one.clause == clause for one in dropped)
    }
    return replace(
        report,
        findings=tuple(one for one in report.findings if one.clause not in unconfirmed),
        not_judged=tuple(sorted([*report.not_judged, *more.values()], key=lambda one: (one.clause, one.reason))),
        operations=tuple(_counted(one, dropped) for one in report.operations),
    )


def _counted(one: OperationSummary, dropped: list[FindingGroup]) -> OperationSummary:
    clauses = len({finding.clause for finding in dropped if finding.clause.startswith(f"{one.operation}/")})
    return replace(one, broken=one.broken - clauses, not_judged=one.not_judged + clauses)
