"""What every family of clauses offers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Operation
from smscontract.documents.clause import Clause
from smscontract.exchange import Exchange

__all__ = ["Family"]


class Family(Protocol):
    """What a module of this package offers. `reduce` only where facts are shown."""

    FAMILY: str

    def clauses_of(self, operation: Operation) -> Iterator[Clause]:
        """The clauses of this family for one operation."""

    def judge(self, clause: Clause, view: View) -> Outcome:
        """What one exchange says of one clause. Never raises."""

    def break_(self, clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:
        """Variants of `last` that break the clause, nearest first; the caller picks one that breaks nothing else."""
