"""One difference between two versions of a contract, and whom it breaks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROVIDER", "READERS", "SENDERS", "Breaks", "Change"]

#: Whom a change breaks: who reads answers, who sends requests, or the provider, who has to keep a stricter promise.
READERS, SENDERS, PROVIDER = "readers", "senders", "provider"
Breaks = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.

    Attributes:
        clause: its id, of the contract that has it.
        kind: `added`, `removed`, `loosened`, `tightened`, or `changed` where neither can be told.
        says: what changed, as a sentence.
        breaks: whom: `readers` of answers, `senders` of requests, the `provider`; empty: nobody.
        points: names of what a ledger can have seen of it.
        evidence: what it has seen.
    """

    clause: str
    kind: str
    says: str
    breaks: Breaks = ()
    points: tuple[str, ...] = ()
    evidence: str = ""
