"""Rows by number, beyond memory: read again only if a scope turns out to have a history."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from smscontract.kernel.recipes import Row
from smscontract.packed import Packed, raw_of
from smscontract.spill import Box, Shelf, Spill

__all__ = ["UNIT", "RowLog", "Told"]

#: Rows of a unit, which is written and read as a whole.
UNIT = 64
#: How `marshal` writes: the same in all processes.
_VERSION = 4


class Told(NamedTuple):
    """A row, the number of its kind, and the file that its line is of."""

    kind: int
    file: str
    row: Row


class RowLog:
    """Rows in the order in which they came. What `take` or `put` is called between leaves numbers unused.

    Args:
        box: that rows are written into, for another process.
    """

    def __init__(self, box: Box | None = None) -> None:
        self._spill = Spill(box=box)
        self._open: list[tuple[int, str, Sequence[Row]]] = []
        self._held = 0

    def __len__(self) -> int:
        """The number of the next row."""
        return len(self._spill) * UNIT + self._held

    def add(self, kind: int, file: str, rows: Sequence[Row]) -> int:
        """Takes rows, and gives the number of the first; the others follow."""
        first, done = len(self), 0
        while done < len(rows):
            some = rows[done : done + UNIT - self._held]
            self._open.append((kind, file, some))
            self._held += len(some)
            done += len(some)
            if self._held == UNIT:
                self._cut()
        return first

    def unit(self, number: int) -> list[Told]:
        """The rows of a unit."""
        if number == len(self._spill):
            return _flat(self._open)
        told = marshal.loads(self._spill.get(number))  # noqa: S302 - one of our processes has written it, for us
        return _flat(
            [(kind, file, Packed(rows, count) if isinstance(rows, bytes) else rows) for kind, file, rows, count in told]
        )

    def __iter__(self) -> Iterator[Told]:
        for number in range(-(-len(self) // UNIT)):
            yield from self.unit(number)

    def take(self) -> list[bytes] | list[Shelf]:
        """All units, or where they stand in the box; they are gone then."""
        self._cut()
        shelves = self._spill.shelves()
        units = [self._spill.get(number) for number in range(len(self._spill))] if shelves is None else []
        self.close()
        return units if shelves is None else shelves

    def put(self, units: Sequence[bytes] | Sequence[Shelf], box: Box | None = None) -> int:
        """Takes what `take` of another one gave, and gives the number of its first row.

        Args:
            box: that the other one wrote into.
        """
        self._cut()
        first = len(self)
        for unit in units:
            if isinstance(unit, Shelf):
                assert box is not None
                self._spill.adopt(unit, box)
            else:
                self._spill.add(unit)
        return first

    def close(self) -> None:
        """Takes all rows away."""
        self._spill.close()
        self._open, self._held = [], 0

    def _cut(self) -> None:
        if self._held:
            told = [(kind, file, raw_of(rows), len(rows)) for kind, file, rows in self._open]
            self._spill.add(marshal.dumps(told, _VERSION))
            self._open, self._held = [], 0


def _flat(unit: Sequence[tuple[int, str, Sequence[Row]]]) -> list[Told]:
    return [Told(kind, file, row) for kind, file, rows in unit for row in rows]
