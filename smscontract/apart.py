"""Values by key, however many there are: some of the keys at a time, each with all that was said of it."""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from smscontract.spill import Spill

__all__ = ["HELD", "Apart"]

#: Values that are held before they are written out.
HELD = 6_000
_PARTS = 64
#: What is still too much after so many times shares one key.
_DEEPEST = 6

_Value = TypeVar("_Value")


class Apart(Generic[_Value]):
    """Values that can be pickled, by key. What lies in a file has no name, and only this process can read it.

    Args:
        limit: values that are held in memory; default: `HELD`.
    """

    def __init__(self, limit: int | None = None, *, depth: int = 0) -> None:
        self._limit = HELD if limit is None else limit
        self._depth = depth
        self._held: list[tuple[Hashable, _Value]] = []
        self._spill = Spill()
        self._blocks: dict[int, list[int]] = {}

    def add(self, key: Hashable, value: _Value) -> None:
        """Takes a value."""
        self._held.append((key, value))
        if len(self._held) > self._limit and self._depth < _DEEPEST:
            self._write()

    def __iter__(self) -> Iterator[list[_Value]]:
        """Values in the order in which they came, all of those of some keys. They are gone then."""
        if self._blocks:
            self._write()
            for numbers in self._blocks.values():
                part: Apart[_Value] = Apart(self._limit, depth=self._depth + 1)
                for block in self._spill.each(numbers):
                    for key, value in pickle.loads(block):  # noqa: S301 - nobody else has the key
                        part.add(key, value)
                yield from part
        elif self._held:
            yield [value for _, value in self._held]
        self.close()

    def close(self) -> None:
        """Takes all values away, and the file."""
        self._spill.close()
        self._held, self._blocks = [], {}

    def _write(self) -> None:
        parts: dict[int, list[tuple[Hashable, _Value]]] = {}
        for key, value in self._held:
            parts.setdefault(hash(key) // _PARTS**self._depth % _PARTS, []).append((key, value))
        for part, mine in parts.items():
            self._blocks.setdefault(part, []).append(self._spill.add(pickle.dumps(mine, protocol=5)))
        self._held = []
