"""Rows side by side, as `native.scan` writes them: they are made tuples of only where somebody looks at one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from smscontract.native import load

__all__ = ["Packed", "raw_of"]

_native = load("rows")


class Packed(Sequence[tuple[Any, ...]]):
    """Rows of start, end, line, and texts or `None`.

    Args:
        data: as `native.rows` says.
        size: how many there are.
    """

    __slots__ = ("data", "size")

    def __init__(self, data: bytes, size: int) -> None:
        self.data = data
        self.size = size

    def __len__(self) -> int:
        return self.size

    def rows(self) -> list[tuple[Any, ...]]:
        """All of them as tuples.

        Raises:
            ValueError: they are not there.
        """
        found: list[tuple[Any, ...]] = _native.unpacked(self.data)
        if len(found) != self.size:
            raise ValueError("there are fewer rows")
        return found

    def wanted(self, bits: int) -> list[tuple[Any, ...]]:
        """Those of at most 64 whose bits are set."""
        found: list[tuple[Any, ...]] = _native.unpacked(self.data, bits)
        return found

    @overload
    def __getitem__(self, index: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> Packed: ...
    def __getitem__(self, index: int | slice) -> tuple[Any, ...] | Packed:
        """One of them, or some that follow each other."""
        if isinstance(index, slice):
            start, stop, step = index.indices(self.size)
            if step != 1 or stop < start:
                raise ValueError("rows that do not follow each other")
            if (start, stop) == (0, self.size):
                return self
            first = _native.behind(self.data, 0, start)
            return Packed(self.data[first : _native.behind(self.data, first, stop - start)], stop - start)
        if not 0 <= index < self.size:
            raise IndexError(index)
        [row] = self[index : index + 1].rows()
        return row

    def __iter__(self) -> Any:
        return iter(self.rows())


def raw_of(rows: Any) -> Any:
    """What `native.rows` takes."""
    return rows.data if isinstance(rows, Packed) else rows
