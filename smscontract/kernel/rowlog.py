"""Rows by number, beyond memory: read again only if a scope turns out to have a history."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from smscontract.kernel.recipes import Row
from smscontract.packed import Packed, raw_of
from smscontract.spill import Box, Shelf, Spill

__all__ = ["UNIT", "RowLog", "Some", "Told"]

#: Rows of a unit, which is written and read as a whole.
UNIT = 64
#: How `marshal` writes: the same in all processes.
_VERSION = 4


class Told(NamedTuple):
    """A row, the number of its kind, and the file that its line is of."""

    kind: int
    file: str
    row: Row


class Some(NamedTuple):
    """Rows of one kind and one file, and their numbers."""

    kind: int
    file: str
    numbers: list[int]
    rows: list[Row]


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

    def __iter__(self) -> Iterator[Told]:
        for some in self.wanted(b"\xff" * (len(self) // 8 + 1)):
            for row in some.rows:
                yield Told(some.kind, some.file, row)

    def wanted(self, bits: bytes) -> Iterator[Some]:
        """Rows whose bits are set, in order.

        Args:
            bits: one for each row, of each byte the lowest first.
        """
        size = UNIT // 8
        units = [at // size for at in range(0, -(-len(self) // 8), size) if any(bits[at : at + size])]
        for unit, told in zip(units, self._units(units), strict=True):
            first, mine = unit * UNIT, int.from_bytes(bits[unit * size : (unit + 1) * size], "little")
            for kind, file, rows, count in told:
                here = mine & (1 << count) - 1
                if here:
                    numbers = [first + index for index in range(count) if here >> index & 1]
                    some = rows.wanted(here) if isinstance(rows, Packed) else [rows[number - first] for number in numbers]
                    yield Some(kind, file, numbers, some)
                mine >>= count
                first += count

    def _units(self, numbers: Sequence[int]) -> Iterator[list[tuple[int, str, Sequence[Row], int]]]:
        """Units by their numbers, which are in order."""
        written = [number for number in numbers if number < len(self._spill)]
        for block in self._spill.each(written):
            told = marshal.loads(block)  # noqa: S302 - one of our processes has written it, for us
            yield [
                (kind, file, Packed(rows, count) if isinstance(rows, bytes) else rows, count)
                for kind, file, rows, count in told
            ]
        if len(written) < len(numbers):
            yield [(kind, file, rows, len(rows)) for kind, file, rows in self._open]

    def take(self) -> list[bytes] | list[Shelf]:
        """All units, or where they stand in the box; they are gone then."""
        self._cut()
        shelves = self._spill.shelves()
        units = list(self._spill.each(range(len(self._spill)))) if shelves is None else []
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
