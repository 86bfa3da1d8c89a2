"""Rows that may be of histories, read again from beyond memory by as many processes as settle them."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from smscontract.forks import Beside, alone
from smscontract.kernel.histories import Histories
from smscontract.kernel.records import Group, Records
from smscontract.kernel.rowlog import UNIT, RowLog, Some, Told
from smscontract.kernel.settling import Kind
from smscontract.spill import Box

__all__ = ["Reread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What is read again, and how.

    Attributes:
        log: has the rows.
        records: has the hashes of their scopes.
        kinds: by number.
        wanted: of each group a bit for each row: whether it may be one of a history.
        samples: of each kind the number of the row that shows it.
        limit: rows that are held in memory.
    """

    log: RowLog
    records: Records
    kinds: Mapping[int, Kind]
    wanted: Mapping[Group, bytearray]
    samples: Mapping[int, int]
    limit: int

    def by(self, processes: int) -> tuple[Histories, dict[int, Told]]:
        """The rows by scope, and one of each kind. What another process cannot read is read here."""
        expected = sum(int.from_bytes(bits).bit_count() for bits in self.wanted.values())
        histories, found = Histories(self.limit, expected), dict[int, Told]()
        bits = _either([*self.wanted.values(), _bits_of(self.samples.values(), len(self.log))])
        if processes == 1 or histories.parts == 1 or not alone():
            self.read(bits, histories, found)
            return histories, found
        first, *others = _spans(bits, processes)
        with ExitStack() as stack:
            besides = [stack.enter_context(closing(Beside(partial(_there, self, span, expected)))) for span in others]
            self.read(first, histories, found)
            for span, beside in zip(others, besides, strict=True):
                blocks = beside.blocks()
                if blocks is None:
                    self.read(span, histories, found)
                    continue
                shelved, samples = pickle.loads(next(blocks))  # noqa: S301 - our own process has written it
                histories.put(shelved, beside.box)
                found.update(samples)
        return histories, found

    def read(self, bits: bytes, histories: Histories, samples: dict[int, Told]) -> None:
        """Reads the rows whose bits are set: those that are wanted, and samples."""
        for some in self.log.wanted(bits):
            kind, file, numbers, rows = some
            if self.samples[kind] in numbers:
                samples[kind] = Told(kind, file, rows[numbers.index(self.samples[kind])])
            for group, recipes in self.kinds[kind].recipes.items():
                wanted = self.wanted[group]
                here = [index for index, number in enumerate(numbers) if wanted[number >> 3] >> (number & 7) & 1]
                if here:
                    mine = Some(kind, file, [numbers[index] for index in here], [rows[index] for index in here])
                    histories.add(group, self.records.hashes_of(recipes[0].keys, mine.rows), mine)


def _there(reread: Reread, bits: bytes, expected: int, box: Box) -> Iterator[bytes]:
    """What another process has to tell."""
    histories, samples = Histories(reread.limit, expected, box), dict[int, Told]()
    reread.read(bits, histories, samples)
    yield pickle.dumps((histories.take(), samples))


def _bits_of(numbers: Iterable[int], size: int) -> bytearray:
    bits = bytearray(size // 8 + 1)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bits


def _either(bits: Sequence[bytearray]) -> bytes:
    """The bits that are set in at least one."""
    found = 0
    for mine in bits:
        found |= int.from_bytes(mine, "little")
    return found.to_bytes(max(map(len, bits)), "little")


def _spans(bits: bytes, number: int) -> list[bytes]:
    """The bits in so many spans, each with none but its own. What is read as a whole is in one."""
    whole = UNIT // 8
    size = -(-len(bits) // (number * whole)) * whole
    return [bytes(start) + bits[start : start + size] for start in range(0, len(bits), size)]
