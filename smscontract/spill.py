"""Blocks beyond memory, in a file that only this process can read: it has no name, and its key is nowhere but in memory. A
process that was forked may write into a box of the one that it came from, which reads there what it is told of."""

from __future__ import annotations

import bisect
import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import IO, NamedTuple

from smscontract.cipher import mixed

__all__ = ["WAITING", "Box", "Shelf", "Spill"]

#: Bytes that are held before any are written: an allocator gives much larger ones back to the system, and asks for them again.
WAITING = 1 << 18
#: Blocks that are read together, and the bytes that they may be apart.
_READ, _READ_BYTES = 64, 1 << 18


class Box:
    """A file that blocks are written into, one behind the other.

    Args:
        folder: where the file is; default: the system's folder for temporary files.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="smscontract-", dir=folder, buffering=0)  # noqa: SIM115 - `close`
        self._key = os.urandom(32)
        self._end = 0

    def write(self, blocks: bytes) -> int:
        """Takes bytes, and gives their place. Only one process ever writes into a box."""
        start = self._end
        raw = memoryview(mixed(self._key, blocks, start))
        self._file.seek(start)
        while raw:
            raw = raw[self._file.write(raw) :]
        self._end += len(blocks)
        return start

    def read(self, start: int, size: int) -> bytes:
        """Bytes that were written, by whichever process."""
        number = self._file.fileno()
        if hasattr(os, "pread"):  # who shares a file shares the place in it
            raw = os.pread(number, size, start)
        else:
            self._file.seek(start)
            raw = self._file.read(size)
        return mixed(self._key, raw, start)

    def close(self) -> None:
        """Takes the file away, as soon as no process has it open."""
        self._file.close()

    def __del__(self) -> None:
        """Several may have it: the last of them need not know."""
        self.close()


class Shelf(NamedTuple):
    """Blocks that stand in a box one behind the other.

    Attributes:
        start: the place of the first.
        ends: behind each, as an array of 8 bytes each.
    """

    start: int
    ends: bytes


class _Segment(NamedTuple):
    """Blocks that follow each other: the number of the first, where they are, and where each ends."""

    first: int
    box: Box
    start: int
    ends: array[int]


class Spill:
    """Blocks of bytes by number.

    Args:
        folder: where the file is; default: the system's folder for temporary files.
        box: to write into, instead of a file of its own.
    """

    def __init__(self, folder: str | None = None, *, box: Box | None = None) -> None:
        self._folder = folder
        self._shared = box
        self._own: Box | None = None
        self._segments: list[_Segment] = []
        self._written = 0
        self._waiting: list[bytes] = []
        self._bytes = 0

    def __len__(self) -> int:
        return self._written + len(self._waiting)

    @property
    def shared(self) -> bool:
        """Whether it writes into a box that was given."""
        return self._shared is not None

    def add(self, block: bytes) -> int:
        """Takes a block, and gives its number."""
        self._waiting.append(block)
        self._bytes += len(block)
        if self._bytes > WAITING:
            self._write()
        return len(self) - 1

    def get(self, number: int) -> bytes:
        """A block by its number."""
        [block] = self.each((number,))
        return block

    def each(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Blocks by their numbers, which are in order."""
        at = 0
        while at < len(numbers):
            if numbers[at] >= self._written:
                yield self._waiting[numbers[at] - self._written]
                at += 1
                continue
            found = bisect.bisect_right(self._segments, numbers[at], key=attrgetter("first")) - 1
            first, box, begin, ends = self._segments[found]
            mine = [one - first for one in numbers[at : at + _READ] if one - first < len(ends)]
            places = [(ends[one - 1] if one else begin, ends[one]) for one in mine]
            start = places[0][0]
            places = [place for place in places if place[1] - start <= max(_READ_BYTES, places[0][1] - start)]
            data = box.read(start, places[-1][1] - start)
            for here, end in places:
                yield data[here - start : end - start]
            at += len(places)

    def shelves(self) -> list[Shelf] | None:
        """Where all blocks stand in the box that was given; `None` if they are not in one."""
        if self._shared is None:
            return None
        self._write()
        return [Shelf(one.start, one.ends.tobytes()) for one in self._segments]

    def adopt(self, shelf: Shelf, box: Box) -> None:
        """Takes blocks that stand in a box."""
        self._write()
        self._append(box, shelf.start, array("Q", shelf.ends))

    def close(self) -> None:
        """Takes all blocks away, and its own file."""
        self._segments, self._written, self._waiting, self._bytes = [], 0, [], 0
        if self._own is not None:
            self._own.close()
            self._own = None  # nothing else is ever under the same stream

    def _append(self, box: Box, start: int, ends: array[int]) -> None:
        if ends:
            self._segments.append(_Segment(self._written, box, start, ends))
            self._written += len(ends)

    def _write(self) -> None:
        if not self._waiting:
            return
        box = self._shared or self._own
        if box is None:
            box = self._own = Box(self._folder)
        end = start = box.write(b"".join(self._waiting))
        ends = array("Q")
        for block in self._waiting:
            end += len(block)
            ends.append(end)
        self._waiting, self._bytes = [], 0
        last = self._segments[-1] if self._segments else None
        if last is not None and last.box is box and last.ends[-1] == start:
            last.ends.extend(ends)
            self._written += len(ends)
        else:
            self._append(box, start, ends)
