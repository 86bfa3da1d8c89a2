"""Blocks beyond memory come back, one by one and many at a time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import spill
from smscontract.spill import Box, Spill


@given(st.integers(0, 2**32))
def test_blocks_come_back(seed: int) -> None:
    chance = random.Random(seed)
    blocks = [chance.randbytes(chance.choice([0, 1, 9, 40])) for _ in range(chance.randrange(1, 40))]
    wanted = [number for number in range(len(blocks)) if chance.random() < chance.choice([0.2, 0.9])]
    elsewhere = chance.randrange(len(blocks) + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "WAITING", chance.randrange(60))
        patch.setattr(spill, "_READ", chance.randrange(1, 6))
        patch.setattr(spill, "_READ_BYTES", chance.randrange(1, 80))
        box = Box()
        other, mine = Spill(box=box), Spill()
        for block in blocks[:elsewhere]:
            other.add(block)
        for shelf in other.shelves() or ():
            mine.adopt(shelf, box)
        for block in blocks[elsewhere:]:
            mine.add(block)
        assert list(mine.each(wanted)) == [blocks[number] for number in wanted]
        assert [mine.get(number) for number in wanted] == [blocks[number] for number in wanted]
        mine.close()
        box.close()
