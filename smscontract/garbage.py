"""Millions of values that come and go, hardly any in a cycle: those are looked for less often meanwhile."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["collected_rarely"]

#: Values that are new before the youngest are looked through, and how often that happens before older ones are. With the
#: interpreter's own figures it took a twentieth of the time in which a recording is judged.
_THRESHOLDS = 20_000, 20, 20


@contextlib.contextmanager
def collected_rarely() -> Iterator[None]:
    """The garbage collector looks less often for cycles in here; what is in none goes at once, as ever."""
    before = gc.get_threshold()
    if before[0]:  # else it is off, or never comes
        gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
