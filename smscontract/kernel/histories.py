"""Rows of scopes that have a history, scope by scope, however many there are."""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from smscontract.kernel.recipes import Row
from smscontract.kernel.records import Group
from smscontract.kernel.rowlog import Some, Told
from smscontract.spill import Box, Shelf, Spill

__all__ = ["Histories", "Long", "ShelvedRows"]

#: Parts that rows are split into where they are not one: so many at least that several processes have equal shares.
_SHARED, _PARTS = 16, 512

_Part = tuple[Group, int]
#: The hash of its scope, and what `Told` has.
_Row = tuple[int, int, str, Row]


class ShelvedRows(NamedTuple):
    """Rows that stand in a box: their groups, all blocks, and of those of each part the number, and how many rows it has."""

    groups: list[Group]
    shelves: list[Shelf]
    blocks: dict[_Part, list[tuple[int, int]]]


class Long:
    """Rows of scopes that each have more than are held at a time; they are gone once they are read."""

    def __init__(self, rows: Iterator[Told]) -> None:
        self.rows = rows


class Histories:
    """Rows by scope.

    Args:
        limit: rows that are held in memory.
        expected: how many there are at most.
        box: that they are written into, for another process.

    Attributes:
        parts: that hold whole scopes each.
    """

    def __init__(self, limit: int, expected: int, box: Box | None = None) -> None:
        self._limit = limit
        self.parts = 1 if expected <= limit else max(_SHARED, min(1 + 2 * expected // max(limit, 1), _PARTS))
        self._groups: dict[Group, None] = {}
        self._held: dict[_Part, list[_Row]] = {}
        self._size = 0
        self._spill = Spill(box=box)
        self._blocks: dict[_Part, list[tuple[int, int]]] = {}

    def add(self, group: Group, hashes: Sequence[int], some: Some) -> None:
        """Takes rows.

        Args:
            hashes: of the scope of each.
        """
        self._groups[group] = None
        kind, file = some.kind, some.file
        for hashed, row in zip(hashes, some.rows, strict=True):
            self._held.setdefault((group, hashed % self.parts), []).append((hashed, kind, file, row))
        self._size += len(hashes)
        if self._size > self._limit:
            self._write()

    def take(self) -> ShelvedRows:
        """All that was written into the box; it is gone then."""
        self._write()
        shelved = ShelvedRows(list(self._groups), self._spill.shelves() or [], self._blocks)
        self._blocks = {}
        return shelved

    def put(self, taken: ShelvedRows, box: Box) -> None:
        """Takes what `take` of another one gave that expected as many.

        Args:
            box: that the other one wrote into.
        """
        base = len(self._spill)
        for shelf in taken.shelves:
            self._spill.adopt(shelf, box)
        for part, blocks in taken.blocks.items():
            self._blocks.setdefault(part, []).extend((base + number, size) for number, size in blocks)
        self._groups.update(dict.fromkeys(taken.groups))

    def share(self, number: int, shares: int) -> Iterator[tuple[Group, Iterator[dict[int, list[Told]] | Long]]]:
        """One of so many shares: groups, each with some whole scopes by their hashes, which are gone then. Two scopes may have
        one hash."""
        for group in self._groups:
            yield group, self._scopes(group, range(number, self.parts, shares))

    def close(self) -> None:
        """Takes all away."""
        self._spill.close()

    def _scopes(self, group: Group, parts: Iterable[int]) -> Iterator[dict[int, list[Told]] | Long]:
        for part in parts:
            blocks, held = self._blocks.pop((group, part), []), self._held.pop((group, part), [])
            long: set[int] = set()
            if len(held) + sum(size for _, size in blocks) > self._limit:
                sizes = Counter(hashed for hashed, *_ in self._rows(blocks, held))
                long = {hashed for hashed, size in sizes.items() if size > self._limit}
            if long:
                yield Long(Told(kind, file, row) for hashed, kind, file, row in self._rows(blocks, held) if hashed in long)
            scopes: dict[int, list[Told]] = {}
            for hashed, kind, file, row in self._rows(blocks, held):
                if hashed not in long:
                    scopes.setdefault(hashed, []).append(Told(kind, file, row))
            yield scopes

    def _rows(self, blocks: Sequence[tuple[int, int]], held: Iterable[_Row]) -> Iterator[_Row]:
        for block in self._spill.each([number for number, _ in blocks]):
            yield from marshal.loads(block)  # noqa: S302 - nobody else has the key
        yield from held

    def _write(self) -> None:
        for part, rows in self._held.items():
            self._blocks.setdefault(part, []).append((self._spill.add(marshal.dumps(rows)), len(rows)))
        self._held, self._size = {}, 0
