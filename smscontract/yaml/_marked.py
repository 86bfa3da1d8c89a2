"""What a file says and where it says it, and what no file may do, in YAML as in JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

__all__ = ["MAX_DEPTH", "SURROGATE", "Mark", "Marked"]

MAX_DEPTH = 200  #: mappings and lists inside each other, aliases expanded
SURROGATE = re.compile("[\ud800-\udfff]")  #: half of a pair, which is no character


@dataclass(slots=True)
class Mark:
    """Line of one value, and the marks of what is in it."""

    line: int
    inside: dict[str | int, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marked:
    """What a file says and where it says it.

    Attributes:
        data: plain Python: dict (keys are always text), list, str, int, float, bool, None. An empty file is None.
        file: the file as the user named it.
    """

    data: Any
    file: str
    _marks: Mark = field(repr=False, compare=False)

    def line(self, path: tuple[str | int, ...] = ()) -> int:
        """The line (from 1) of the key or item at `path`, or of its nearest known ancestor. `()` is the whole file."""
        mark = self._marks
        for step in path:
            if step not in mark.inside:
                break
            mark = mark.inside[step]
        return mark.line
