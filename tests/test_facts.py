"""Facts beyond memory: what goes to a file says the same as what stays, and the file is gone afterwards."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.clauses.outcomes import Fact
from smscontract.exchange import Origin, OriginKind
from smscontract.fact_bytes import bytes_of, fact_of
from smscontract.facts import ALIKE_KEPT, FactStore
from tests.core import BLAND, STUUT, judge, made


def facts() -> list[Fact]:
    """Histories of both providers, some of them broken, and values that should be constant, one of which is not."""
    exchanges = [made(BLAND, step=step, answer={"data": {"conversation_id": f"c{step // 3}"}}) for step in range(9)]
    exchanges += [made(STUUT, step=step, answer={"object": "other" if step == 4 else "sms_message"}) for step in range(9)]
    return [fact for exchange in exchanges for fact in judge().judge(exchange).facts]


@pytest.mark.parametrize("long", [0, 2, 4, 1000])
@pytest.mark.parametrize("in_memory", [0, 1, 7])
@pytest.mark.parametrize("seed", range(6))
def test_a_file_says_the_same_as_memory(
    tmp_path: Path, in_memory: int, seed: int, long: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smscontract.facts._LONG", long)
    chance = random.Random(seed)
    held = facts()
    for index in chance.sample(range(len(held)), 3 * seed):
        one, other = held[index], chance.choice(held)
        times = chance.choice([(None, None), (one.start, None), (other.start, other.end), (other.start, one.end)])
        known = {"whole": chance.random() < 0.5} if "whole" in one.values else {}
        origin = replace(one.origin, file=chance.choice(["a", "\udc80b", "ü"]), line=chance.randrange(3))
        held[index] = replace(one, start=times[0], end=times[1], origin=origin, values={**one.values, **known})
    shuffled = chance.sample(held, len(held))
    store = FactStore(in_memory=in_memory, folder=str(tmp_path))
    for fact in shuffled:
        store.add([fact])
    assert store._base is not None, "nothing was written out"
    assert list(tmp_path.iterdir()) == [], "it has a name, and would stay if the process was killed"
    for scope in (list(scope) for clause in store.clauses() for scope in store.scopes(clause)):
        assert scope == sorted(scope, key=Fact.sort_key)
    for holes in (False, True):
        whole, spilled = judge().reduce(held, holes=holes), judge().reduce(store, holes=holes)
        assert whole.findings or holes or seed, "nothing is broken, so nothing is compared"
        assert spilled == whole
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [0, 7, 1_000])
@pytest.mark.parametrize("here", [0, 7, 1_000])
def test_what_another_store_had_is_as_if_it_had_been_here(here: int, there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.facts._TAKEN", 5)
    held = facts()
    held += [replace(fact, start=None, end=None, alike="as others") for fact in held[:4]]
    one, two, other = FactStore(in_memory=here), FactStore(held[::2], in_memory=there), FactStore(held[1::2], in_memory=there)
    for store in (two, other):
        blocks = list(store.take())
        assert len(blocks) > 2
        assert not [*store.take(), *store.clauses()]
        for block in blocks:
            one.put(block)
    whole = FactStore(held)
    assert one.clauses() == whole.clauses()
    for clause in whole.clauses():
        assert one.of_clause(clause) == whole.of_clause(clause)
    assert judge().reduce(one) == judge().reduce(held)
    one.close()


class Word(str):
    """What `marshal` cannot write."""

    __slots__ = ()


@pytest.mark.parametrize("value", ["x", "\ud800", None, True, 1, 1.5, ("a", (2, None)), {"k": ("v",)}, Word("w")])
@pytest.mark.parametrize("days", [None, {1: 1}, Counter({None: 2, 20_000: 1})])
def test_facts_come_back_from_their_bytes(value: object, days: Counter[int | None] | None) -> None:
    live = Origin(kind=OriginKind.LIVE, case="c", request=3)
    for fact in facts():
        for one in (fact, replace(fact, values={**fact.values, "value": value}, days=days, origin=live)):
            raw = bytes_of(one)
            back = fact_of(raw)
            assert back == one
            assert type(back.values.get("value")) is type(one.values.get("value"))
            assert raw.startswith(b"\x80") == isinstance(one.values.get("value"), Word)


def test_facts_that_are_alike_are_counted_and_not_kept() -> None:
    many = [made(STUUT, step=step) for step in range(ALIKE_KEPT + 50)]
    store = FactStore(fact for exchange in many for fact in judge().judge(exchange).facts)
    kept = store.of_clause(f"{STUUT}/rule/object-names-the-type")
    assert len(kept) == ALIKE_KEPT + 1
    assert sum(fact.weight for fact in kept) == len(many)
    assert judge().reduce(store).kept[f"{STUUT}/rule/object-names-the-type"] == len(many)


@given(st.integers(0, 2**32))
def test_facts_that_are_counted_together_are_those_that_come_one_by_one(seed: int) -> None:
    """Many are at one time, so that their places decide which of them are kept."""
    chance = random.Random(seed)
    sample = next(one for one in judge().judge(made(STUUT)).facts if one.alike)
    rows = [(float(chance.randrange(6)), chance.choice([9.0, float("inf")]), line) for line in range(1, 3 * ALIKE_KEPT)]
    chance.shuffle(rows)
    together, alone = FactStore(), FactStore()
    while rows:
        some, rows = rows[:40], rows[40:]
        together.add_alike(sample, some, "file")
        for start, end, line in some:
            alone.add(
                [replace(sample, start=start, end=end if end < float("inf") else None, origin=Origin.numbered("file", line))]
            )
    assert together.of_clause(sample.clause) == alone.of_clause(sample.clause)
