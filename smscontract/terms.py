"""What every driver shares: which clauses are looked at, what counts, and what becomes of what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from smscontract.accounting import Accounts, today_of
from smscontract.baseline import Baseline
from smscontract.catalogue import Catalogue
from smscontract.consumers import by_consumer
from smscontract.errors import ExitCode, UsageError
from smscontract.findings import Level, Report
from smscontract.imprint import imprinted
from smscontract.ledger import Ledger
from smscontract.policy import Allowance, Cause, FailOn, Selection, settle

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms on which a run is judged, the same for every driver.

    Attributes:
        selection: which clauses are looked at.
        fail_on: what breaks the run.
        accounts: what becomes of what was seen.
        labels: names and values that reports carry.
        unreadable: how much of the input may be so.
        baseline: what is known to be broken.
        lowered: beginnings of the ids of clauses that are no more than a `should` here.
    """

    selection: Selection = field(default_factory=Selection)
    fail_on: FailOn = FailOn.MUST
    accounts: Accounts = field(default_factory=Accounts)
    labels: tuple[tuple[str, str], ...] = ()
    unreadable: Allowance = field(default_factory=Allowance)
    baseline: Baseline | None = None
    lowered: tuple[str, ...] = ()

    def check(self, catalogue: Catalogue) -> None:
        """Refuses what cannot be done, before anything is.

        Raises:
            UsageError, UnusableInput: as `Selection.check`, `Accounts.check` and `Baseline.entries`, and for a level that is
                lowered of no clause.
        """
        self.selection.check(catalogue.clauses)
        self.accounts.check(catalogue)
        for prefix in self.lowered:
            if not any(clause.startswith(prefix) for clause in catalogue.clauses):
                hint = "`smscontract clauses` lists them"
                raise UsageError(f"`levels`: `{prefix}` is the beginning of no clause", hint=hint)
        if self.baseline is not None:
            self.baseline.entries()

    def close(self, report: Report, ledger: Ledger, catalogue: Catalogue, *, more: Iterable[Cause] = ()) -> Report:
        """The settled report: verdict, causes and exit code. What was asked for beside it is written.

        Args:
            more: what only the driver knows, such as an interruption.

        Raises:
            UnusableInput: something cannot be written.
        """
        if self.lowered:
            findings = (
                replace(one, level=Level.SHOULD) if one.clause.startswith(self.lowered) else one for one in report.findings
            )
            report = replace(report, findings=tuple(findings))
        report = imprinted(report, catalogue, self.selection, self.labels)
        report, missing = self.accounts.close(report, ledger, catalogue)
        report, consumers = by_consumer(report, catalogue, self.fail_on)
        causes = [*more, *missing, *consumers]
        excused: frozenset[str] = frozenset()
        if self.baseline is not None:
            # What was cut short says nothing of what is gone.
            whole = not any(cause.code in (ExitCode.INTERRUPTED, ExitCode.INTERNAL) for cause in causes)
            today, plain = today_of(report.now), report
            report, excused = self.baseline.applied(plain, today)
            if whole and self.baseline.written(report, self.fail_on):
                report, excused = self.baseline.applied(plain, today)
        return settle(report, fail_on=self.fail_on, allowed=self.unreadable, excused=excused, more=causes)
