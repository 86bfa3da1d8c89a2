"""Parts in, a report out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smscontract.addresses import without_credentials
from smscontract.choice import Chooser
from smscontract.errors import UsageError
from smscontract.findings import Report
from smscontract.garbage import collected_rarely
from smscontract.judge import Judge
from smscontract.policy import Selection
from smscontract.recall import Recall
from smscontract.reported import reported
from smscontract.shards import mark_of, merged
from smscontract.summary import Summary
from smscontract.terms import Terms
from smscontract.validate import Request, again

__all__ = ["merge"]


def merge(files: Sequence[str], judge: Judge, terms: Terms, *, now: float, contracts: Sequence[str] = ()) -> Report:
    """The report of all shards of a job, as if their recordings had been judged at once.

    Args:
        contracts: names or paths that the catalogue was made of, for the command that shows a finding again.
        now: seconds since 1970 UTC.

    Raises:
        UsageError: a selection that is another than that of the shards.
        UnusableInput: as `shards.merged`.
    """
    with collected_rarely():
        return _merged(files, judge, terms, now, contracts)


def _merged(files: Sequence[str], judge: Judge, terms: Terms, now: float, contracts: Sequence[str]) -> Report:
    found = merged(files, judge.catalogue)
    if terms.selection not in (Selection(), found.selection):
        raise UsageError("the shards were judged with another selection", hint="leave --select and --ignore out")
    terms = replace(terms, selection=found.selection)
    terms.check(judge.catalogue)
    chooser = Chooser(found.choice, judge)
    summary = Summary(judge, found.selection, ranges=found.ranges)
    summary.begun, summary.holed = found.choice.since is None, chooser.holed()
    found.part.into(summary)
    request = Request(paths=(), contracts=contracts, **found.reading)
    # With another key the same number would have two tokens in one report.
    find = Recall(found.reading) if mark_of(judge.masker) == found.key else None
    report = reported(summary, now=now, command="validate", again=lambda finding: again(finding, request), find=find)
    summary.facts.close()
    notes = chooser.notes(found.part.left_out, found.part.exchanges, judge.catalogue, found.part.seen)
    if notes:
        report = replace(report, extra={**report.extra, "notes": notes})
    return terms.close(without_credentials(report, judge.masker.url), summary.ledger, judge.catalogue)
