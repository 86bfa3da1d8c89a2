"""Scopes that the judge made facts of itself, by their hashes: so that those counted beside them are looked at too."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left

__all__ = ["Touched"]

#: Scopes that are remembered; hashes that are held until they are sorted in.
_MOST = 500_000
_LATEST = 20_000


class Touched:
    """Hashes of scopes, 8 bytes each.

    Attributes:
        all: whether they are so many that all scopes count as touched.
    """

    def __init__(self) -> None:
        self.all = False
        self._sorted = array("Q")
        self._latest: set[int] = set()

    def add(self, hashes: bytes) -> None:
        """Takes hashes, as `scopes.hashes` gives them."""
        if self.all:
            return
        self._latest.update(array("Q", hashes))
        if len(self._latest) > _LATEST or len(self._sorted) + len(self._latest) > _MOST:
            self._sort()
            if len(self._sorted) > _MOST:
                self.give_up()

    def give_up(self) -> None:
        """Counts all scopes as touched."""
        self.all, self._sorted, self._latest = True, array("Q"), set()

    def raw(self) -> bytes:
        """All hashes, each once."""
        self._sort()
        return self._sorted.tobytes()

    def has(self, hashed: int) -> bool:
        """Whether a scope of this hash was touched, or another one with the same."""
        return self.all or hashed in self._latest or self._holds(hashed)

    def _holds(self, one: int) -> bool:
        at = bisect_left(self._sorted, one)
        return at < len(self._sorted) and self._sorted[at] == one

    def _sort(self) -> None:
        new = sorted(one for one in self._latest if not self._holds(one))
        self._sorted, self._latest = array("Q", heapq.merge(self._sorted, new)), set()
