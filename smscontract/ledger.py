"""The ledger: how often each clause was judged, kept and broken, counted from signatures so that it stays small."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from smscontract.catalogue import Catalogue
from smscontract.judge import Reduced, Signature

__all__ = ["ClauseCount", "Ledger"]


@dataclass(slots=True)
class ClauseCount:
    """How often one clause was kept, broken and not judged."""

    kept: int = 0
    broken: int = 0
    not_judged: int = 0

    @property
    def judged(self) -> int:
        """How often it was judged at all."""
        return self.kept + self.broken


@dataclass(slots=True)
class Ledger:
    """Counts of signatures. Merging two ledgers adds their counts."""

    signatures: Counter[Signature] = field(default_factory=Counter)

    def add(self, signature: Signature) -> None:
        """Counts one exchange."""
        self.signatures[signature] += 1

    def merge(self, other: Ledger) -> Ledger:
        """Both ledgers together; neither is changed."""
        return Ledger(self.signatures + other.signatures)

    def clauses(self, catalogue: Catalogue, reduced: Reduced) -> dict[str, ClauseCount]:
        """The counts of each clause of the catalogue, what histories decided included."""
        counts = {identity: ClauseCount() for identity in catalogue.clauses}
        for signature, times in self.signatures.items():
            for clause, outcome in zip(catalogue.of_operation(signature.operation), signature.outcomes, strict=True):
                count = counts[clause.id]
                if outcome == "k":
                    count.kept += times
                elif outcome == "b":
                    count.broken += times
                elif outcome == "s":
                    count.not_judged += times
        for identity, times in reduced.kept.items():
            counts[identity].kept += times
        for finding in reduced.findings:
            counts[finding.clause].broken += finding.count
        for one in reduced.not_judged:
            counts[one.clause].not_judged += one.count
        return counts
