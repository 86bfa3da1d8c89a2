"""Breaks told by consumer: who relies on what was broken."""

from __future__ import annotations

from dataclasses import replace

from smscontract.catalogue import Catalogue
from smscontract.errors import ExitCode
from smscontract.findings import FindingGroup, Report
from smscontract.needed import consumers_of
from smscontract.policy import Cause, FailOn, fails

__all__ = ["by_consumer"]

_NAMED = 3


def by_consumer(report: Report, catalogue: Catalogue, fail_on: FailOn) -> tuple[Report, list[Cause]]:
    """The report in which each finding says whom it breaks, and a cause for each consumer that is broken.

    What was judged by a catalogue without needs is left as it is.
    """
    if not catalogue.needed:
        return report, []
    broken: dict[str, list[str]] = {}

    def noted(one: FindingGroup) -> FindingGroup:
        clause = catalogue.clauses.get(one.clause)
        consumers = consumers_of(clause, catalogue.needed) if clause is not None else []
        for consumer in consumers if fails(one.level, fail_on) else ():
            broken.setdefault(consumer, []).append(one.clause)
        if not consumers:
            return one
        names = ", ".join(f"`{consumer}`" for consumer in consumers)
        return replace(one, note="; ".join(note for note in (one.note, f"breaks {names}") if note))

    report = replace(report, findings=tuple(noted(one) for one in report.findings))
    causes = []
    for consumer, clauses in sorted(broken.items()):
        names = list(dict.fromkeys(clauses))
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        listed = ", ".join(f"`{name}`" for name in names[:_NAMED])
        causes.append(Cause(ExitCode.BROKEN, f"consumer `{consumer}` does not cope: {listed}{rest}"))
    return report, causes
