"""What drivers do with what was seen: write the ledger, mark what is waived, and say what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from smscontract import ledger_file
from smscontract.catalogue import Catalogue
from smscontract.findings import Report
from smscontract.ledger import Ledger
from smscontract.policy import Cause
from smscontract.requirements import Requirements

__all__ = ["Accounts", "today_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What the user wants done with what was seen.

    Attributes:
        details: `basic` or `full` if the report is to show all of it to people, else empty.
        ledger: file to write the ledger to.
    """

    details: str = ""
    ledger: str | None = None
    requirements: Requirements = field(default_factory=Requirements)

    @property
    def ranges(self) -> bool:
        """Whether lengths and extremes are to be measured."""
        return self.details == "full"

    def check(self, catalogue: Catalogue) -> None:
        """Refuses what cannot be done, before anything is.

        Raises:
            UsageError, UnusableInput: as `Requirements.check` and `ledger_file.check_destination`.
        """
        self.requirements.check(catalogue)
        if self.ledger is not None:
            ledger_file.check_destination(self.ledger)

    def close(self, report: Report, ledger: Ledger, catalogue: Catalogue) -> tuple[Report, list[Cause]]:
        """The report with what is waived marked, and why it does not do. The ledger is written.

        Raises:
            UnusableInput: the ledger cannot be written.
        """
        if self.ledger is not None:
            ledger_file.write(self.ledger, ledger, catalogue)
        today = today_of(report.now)
        applied = self.requirements.applied(report.witnesses, today)
        causes = list(self.requirements.unmet(applied, catalogue, today))
        return replace(report, witnesses=applied, witness_details=self.details), causes


def today_of(now: float) -> date:
    """The UTC day of a time in seconds since 1970."""
    return datetime.fromtimestamp(now, UTC).date()
