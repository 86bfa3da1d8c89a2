"""What a run may cost, and what it has cost so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Limits", "Progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one operation may cost.

    Attributes:
        requests: of every tier, controls and shrinking included.
        deadline: `time.monotonic()` at which the run ends.
        fuzz: fuzz cases wanted, or `None`: whatever the plan leaves.
        keep: requests, and resources of each state, that fuzzing leaves for what is asked after it.
    """

    requests: int = 300
    deadline: float = float("inf")
    fuzz: int | None = None
    keep: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Progress:
    """What a run has done so far.

    Attributes:
        tiers: requests by tier.
        executed: fuzz cases by mode.
        spent: resources used up.
        skipped: for each clause why its case was not sent.
        stop: why the run ended early, or empty.
        limited: answers 429 that no other answer followed.
        leashed: requests that the leash stopped; `unsendable`: those that HTTP cannot carry.
        smallest: for each clause that fuzzing broke the number of the smallest request that breaks it.
        notes: sentences for the report.
        plan: hash of the plan that is sent.
    """

    tiers: Counter[str] = field(default_factory=Counter)
    executed: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    skipped: dict[str, tuple[str, str]] = field(default_factory=dict)
    stop: str = ""
    limited: int = 0
    leashed: int = 0
    unsendable: int = 0
    smallest: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    plan: str = ""
