"""What a family of clauses says of an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from smscontract.exchange import Origin
from smscontract.mask import Kind

__all__ = ["KEPT", "Broken", "Fact", "Kept", "Outcome", "Shown", "Skipped", "Spot"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in one exchange: the part in words, and a JSON Pointer in it."""

    part: str
    pointer: str = ""

    def __getstate__(self) -> tuple[str, str]:
        return self.part, self.pointer  # facts beyond memory are written by the thousand

    def overlaps(self, other: Spot) -> bool:
        """Whether one is the other or lies below it."""
        if self.part != other.part:
            return False
        if self.pointer == other.pointer:
            return True
        return self.pointer.startswith(f"{other.pointer}/") or other.pointer.startswith(f"{self.pointer}/")


@dataclass(frozen=True, slots=True)
class Kept:
    """The exchange keeps the clause."""


KEPT = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The exchange breaks the clause.

    Attributes:
        message: one sentence, lower case, no full stop; no value of the exchange in it.
        spot: the first broken place.
        uses: every place that is at fault.
        rests: places that the verdict rests on besides: what is broken there is the cause, and this is not told.
        expected: what should stand there; words of the contract only.
        got: the value itself, masked by the judge; `mask` says what kind of secret it is, `plain` that it is in our words.
    """

    message: str
    spot: Spot
    expected: str
    got: Any
    mask: Kind | None = None
    uses: tuple[Spot, ...] = ()
    rests: tuple[Spot, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """The clause speaks of this exchange, but what it needs is missing."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one exchange contributes to a clause that more than one exchange decides.

    Attributes:
        scope: equal for exchanges that belong together; keyed digests where it comes from the exchange.
        start, end: seconds since 1970 UTC, or `None`.
        values: what the family needs; digests instead of secrets.
        shown: masked text of the value, for the message.
        alike: facts of one clause with the same text here differ in time and place only, so that it is enough to count them.
        weight: how many facts it stands for.
        days: of facts that are counted only: how many of them on which day (since 1970 UTC; `None`: unknown).
    """

    clause: str
    scope: tuple[Any, ...]
    start: float | None
    end: float | None
    origin: Origin
    values: Mapping[str, Any]
    shown: str = ""
    spot: Spot = field(default=Spot("response body"))
    alike: str = ""
    weight: int = 1
    days: Mapping[int | None, int] | None = None

    def __getstate__(self) -> tuple[Any, ...]:
        return _state_of(self)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        for give, value in zip(_GIVERS, state, strict=True):  # what dataclasses put here asks for the fields each time
            give(self, value)

    def sort_key(self) -> tuple[Any, ...]:
        """A total order by time, then by place, independent of the order of arrival."""
        return _orderly(self.start), _orderly(self.end), self.origin.sort_key()


_NAMES = [one.name for one in fields(Fact)]
_state_of = attrgetter(*_NAMES)
_GIVERS = [getattr(Fact, name).__set__ for name in _NAMES]


def _orderly(time: float | None) -> float:
    """A time that is not known, or is no number, comes last."""
    return time if time is not None and time == time else float("inf")  # noqa: PLR0124 - NaN alone differs from itself


@dataclass(frozen=True, slots=True)
class Shown:
    """The exchange is one fact among several."""

    facts: tuple[Fact, ...]
    uses: tuple[Spot, ...] = ()


#: `None`: the clause does not speak of this exchange.
Outcome = Kept | Broken | Skipped | Shown | None
