"""The hashes of scopes, beyond memory: which rows are of a scope that is there more than once, or may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from smscontract.kernel.recipes import Item, Row
from smscontract.kernel.scopes import again, hashes, hashes_of, moved, parted, records
from smscontract.spill import Box, Shelf, Spill

__all__ = ["Group", "Records", "ShelvedRecords"]

#: Bytes of a group that are held before they are written, in parts.
_HELD = 1 << 20

#: What scopes are grouped by: the operation, and the places that make the scope.
Group = tuple[str, ...]


class ShelvedRecords(NamedTuple):
    """Records that stand in a box.

    Attributes:
        shelves: all blocks.
        blocks: the numbers of those of each group and part, and what is to be added to the numbers of their rows.
    """

    shelves: list[Shelf]
    blocks: dict[tuple[Group, int], list[tuple[int, int]]]


class Records:
    """A hash and the number of a row for each row and group.

    Args:
        key: of the hashes, the same in all processes.
        box: that they are written into, for another process.
    """

    def __init__(self, key: bytes, box: Box | None = None) -> None:
        self._key = key
        self._held: dict[Group, list[bytes]] = {}
        self._size: dict[Group, int] = {}
        self._spill = Spill(box=box)
        self._blocks: dict[tuple[Group, int], list[tuple[int, int]]] = {}

    def add(self, group: Group, items: Sequence[Item], rows: Sequence[Row], first: int) -> None:
        """Takes note of rows.

        Args:
            items: what makes the scope of each.
            first: the number of the first row.
        """
        self._add(group, records(items, rows, self._key, first))

    def groups(self) -> list[Group]:
        """All groups that there are rows of."""
        return list(self._held)

    def hashes(self, scopes: Iterable[Any]) -> bytes:
        """The hashes of some scopes, 8 bytes each."""
        return hashes(scopes, self._key)

    def hashes_of(self, items: Sequence[Item], rows: Sequence[Row]) -> list[int]:
        """The hash of the scope of each row."""
        return hashes_of(items, rows, self._key)

    def again(self, group: Group, touched: bytes, size: int) -> bytearray:
        """A bit for each row: whether its scope may be there more than once, or was touched.

        Args:
            touched: hashes of scopes.
            size: how many rows there are.
        """
        bits = bytearray((size + 7) // 8)
        held = b"".join(self._held[group])
        if (group, 0) not in self._blocks:
            again(held, touched, bits)
            return bits
        for part, mine in enumerate(parted(held)):
            again(b"".join([*self._read(self._blocks[group, part]), mine]), touched, bits)
        return bits

    def take(self) -> dict[Group, bytes] | ShelvedRecords:
        """All that was noted, or where it stands in the box; it is gone then."""
        found: dict[Group, list[bytes]] = {group: list(some) for group, some in self._held.items()}
        if self._spill.shared:
            for group, some in found.items():
                self._write(group, some)
            shelved = ShelvedRecords(self._spill.shelves() or [], self._blocks)
            self.close()
            return shelved
        for (group, _), blocks in self._blocks.items():
            found[group] += self._read(blocks)
        self.close()
        return {group: b"".join(some) for group, some in found.items()}

    def put(self, taken: Mapping[Group, bytes] | ShelvedRecords, first: int, box: Box | None = None) -> None:
        """Takes what `take` of another one gave.

        Args:
            first: the number that its first row has now.
            box: that the other one wrote into.
        """
        if not isinstance(taken, ShelvedRecords):
            for group, some in taken.items():
                self._add(group, moved(some, first))
            return
        assert box is not None
        base = len(self._spill)
        for shelf in taken.shelves:
            self._spill.adopt(shelf, box)
        for (group, part), blocks in taken.blocks.items():
            self._held.setdefault(group, [])
            self._blocks.setdefault((group, part), []).extend((base + number, first + by) for number, by in blocks)

    def close(self) -> None:
        """Forgets all."""
        self._spill.close()
        self._held, self._size, self._blocks = {}, {}, {}

    def _add(self, group: Group, some: bytes) -> None:
        self._held.setdefault(group, []).append(some)
        self._size[group] = self._size.get(group, 0) + len(some)
        if self._size[group] > _HELD:
            self._write(group, self._held[group])
            self._held[group], self._size[group] = [], 0

    def _write(self, group: Group, some: Iterable[bytes]) -> None:
        for part, mine in enumerate(parted(b"".join(some))):
            self._blocks.setdefault((group, part), []).append((self._spill.add(mine), 0))

    def _read(self, blocks: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        for some, (_, by) in zip(self._spill.each([number for number, _ in blocks]), blocks, strict=True):
            yield moved(some, by) if by else some
