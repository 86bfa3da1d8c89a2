"""How many requests in a span of time: `60/m`, as users write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smscontract.errors import UsageError

__all__ = ["Rate", "rate"]

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)/(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second at most, 0 for no limit of our own; `auto`: learn from what the target says."""

    per_second: float = 0.0
    auto: bool = False

    def __str__(self) -> str:
        if not self.per_second:
            return "auto" if self.auto else "no limit"
        unit = next(name for name, length in _SECONDS.items() if self.per_second * length > 1 or name == "d")
        return f"{self.per_second * _SECONDS[unit]:g}/{unit}"


def rate(text: str) -> Rate:
    """Reads `60/m`, `5/s`, `1000/h` or `auto`.

    Raises:
        UsageError: it is none.
    """
    if text == "auto":
        return Rate(auto=True)
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"`{text}` is no rate", hint="write for example `60/m`, `5/s`, or `auto`")
    return Rate(float(found[1]) / _SECONDS[found[2]])
