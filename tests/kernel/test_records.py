"""What is beyond memory is the same whoever wrote it."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import spill
from smscontract.kernel import records
from smscontract.kernel.histories import Histories, Long
from smscontract.kernel.recipes import Item
from smscontract.kernel.records import Group, Records
from smscontract.kernel.rowlog import Some
from smscontract.spill import Box

_ITEMS = (Item(3, frozenset()),)
_KEY = bytes(16)


@given(st.integers(0, 2**32))
def test_scopes_that_are_there_again_wherever_they_were_noted(seed: int) -> None:
    chance = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_HELD", chance.choice([0, 40, 200, 1 << 20]))
        patch.setattr(spill, "WAITING", chance.choice([0, 40, 200, 1 << 18]))
        whole = Records(_KEY)
        noted: dict[Group, list[tuple[int, str]]] = {}
        first = chance.choice([0, 5])
        for _ in range(chance.randrange(1, 5)):
            box = Box() if chance.random() < 0.7 else None
            there = whole if chance.random() < 0.2 else Records(_KEY, box)
            size = 0
            for _ in range(chance.randrange(4)):
                scopes = [str(chance.randrange(40)) for _ in range(chance.randrange(1, 9))]
                group: Group = (chance.choice("ab"),)
                rows = [(0.0, 0.0, 0, scope) for scope in scopes]
                there.add(group, _ITEMS, rows, size if there is not whole else first + size)
                noted.setdefault(group, []).extend((first + size + index, scope) for index, scope in enumerate(scopes))
                size += len(rows)
            if there is not whole:
                whole.put(pickle.loads(pickle.dumps(there.take())), first, box)
            first += size
        touched = [str(chance.randrange(40)) for _ in range(chance.randrange(3))]
        assert sorted(whole.groups()) == sorted(noted)
        for group, mine in noted.items():
            bits = whole.again(group, whole.hashes(touched), first)
            times = Counter(scope for _, scope in mine)
            wanted = {number for number, scope in mine if times[scope] > 1 or scope in touched}
            assert {number for number in range(first) if bits[number >> 3] >> (number & 7) & 1} == wanted
        whole.close()


@given(st.integers(0, 2**32))
def test_rows_by_scope_wherever_they_were_read(seed: int) -> None:
    chance = random.Random(seed)
    limit, expected = chance.choice([1, 3, 100]), 60
    whole = Histories(limit, expected)
    wanted: dict[Group, dict[int, set[int]]] = {}
    number = 0
    for _ in range(chance.randrange(1, 5)):
        box = Box()
        there = whole if chance.random() < 0.3 else Histories(limit, expected, box)
        for _ in range(chance.randrange(5)):
            group: Group = (chance.choice("abc"),)
            hashes = [chance.randrange(12) for _ in range(chance.randrange(1, 5))]
            numbers = list(range(number, number + len(hashes)))
            there.add(group, hashes, Some(1, "file", numbers, [(0.0, 0.0, one) for one in numbers]))
            for hashed, one in zip(hashes, numbers, strict=True):
                wanted.setdefault(group, {}).setdefault(hashed, set()).add(one)
            number += len(hashes)
        if there is not whole:
            whole.put(pickle.loads(pickle.dumps(there.take())), box)
    shares = chance.randrange(1, 4)
    found: dict[Group, dict[int, set[int]]] = {}
    for share in range(shares):
        for group, parts in whole.share(share, shares):
            for scopes in parts:
                if isinstance(scopes, Long):
                    lines = {told.row[2] for told in scopes.rows}
                    mine = {hashed: some for hashed, some in wanted[group].items() if some & lines}
                    assert lines == set(chain.from_iterable(mine.values())), "a scope is in two parts"
                    assert all(len(some) > limit for some in mine.values())
                    found.setdefault(group, {}).update(mine)
                    continue
                for hashed, told in scopes.items():
                    assert hashed not in found.get(group, {}), "a scope is in two parts"
                    found.setdefault(group, {})[hashed] = {one.row[2] for one in told}
    assert found == wanted
    whole.close()


@pytest.mark.parametrize("processes", [2, 3, 4])
@pytest.mark.parametrize("many", [1_001, 3_000])
def test_processes_have_equal_shares(processes: int, many: int) -> None:
    """However few more than are held there are: of three parts one of two processes would have two."""
    chance = random.Random(many)
    whole = Histories(1_000, many)
    whole.add(
        ("a",), [chance.randrange(2**62) for _ in range(many)], Some(1, "file", [], [(0.0, 0.0, one) for one in range(many)])
    )
    sizes = [
        sum(len(scopes) for _, parts in whole.share(share, processes) for scopes in parts if not isinstance(scopes, Long))
        for share in range(processes)
    ]
    assert sum(sizes) == many
    assert max(sizes) < 1.3 * many / processes
    whole.close()
