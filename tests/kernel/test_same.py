"""The short way says what the judge says, of whatever recordings."""

from __future__ import annotations

import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract import spill
from smscontract.kernel import rows, touched
from tests.bench.corpus import corpus
from tests.kernel.lines import ODD, PARCELS, changed, judged_in_full, parcels, told

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_of_exchanges_with_anything_wrong(seed: int) -> None:
    lines = changed(seed, 60)
    assert told(lines, short=True) == told(lines, short=False)


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_of_a_contract_of_ones_own(seed: int) -> None:
    lines = parcels(seed, 60)
    contracts = (ODD if seed % 3 else PARCELS,)
    assert told(lines, short=True, contracts=contracts) == told(lines, short=False, contracts=contracts)


@given(SEEDS, st.sampled_from(["as they are", "backwards", "mixed"]))
@settings(max_examples=4, deadline=None)
def test_of_many_that_break_the_same(seed: int, order: str) -> None:
    lines = [line for line, _ in corpus(700, seed=seed, bad=0.6)]
    if order != "as they are":
        lines = lines[::-1] if order == "backwards" else random.Random(seed).sample(lines, len(lines))
    assert told(lines, short=True) == told(lines, short=False)


@pytest.mark.campaign
@given(SEEDS, st.floats(0.1, 1))
@settings(max_examples=40, deadline=None)
def test_of_many_more_that_break_the_same(seed: int, bad: float) -> None:
    lines = random.Random(seed).sample([line for line, _ in corpus(2000, seed=seed, bad=bad)], 2000)
    assert told(lines, short=True) == told(lines, short=False)


@given(SEEDS)
@settings(max_examples=12, deadline=None)
def test_of_the_same_changes_again_and_again(seed: int) -> None:
    chance = random.Random(seed)
    lines = chance.choices(changed(seed, 12), k=120)
    assert told(lines, short=True) == told(lines, short=False)


def test_most_that_break_something_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = judged_in_full(monkeypatch)
    lines = [line for line, clause in corpus(9000, bad=1) if "/protocol/" not in clause]
    told(lines, short=True)
    assert len(judged) < len(lines) / 12


def test_what_breaks_a_schema_has_to_be_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    line = next(line for line, clause in corpus(9000, bad=1) if clause.endswith("/status:enum") and b"queued" in line)
    later = [line.replace(b'"received_at": 179', b'"received_at": 18%d' % number) for number in range(9)]
    others = [one.replace(b"queued", b"queue%d" % number) for number, one in enumerate(later)]
    judged = judged_in_full(monkeypatch)
    assert told([line, *later], short=True) == told([line, *later], short=False)
    assert len(judged) < 4
    judged.clear()
    assert told([line, *others], short=True) == told([line, *others], short=False)
    assert len(judged) == 10


@given(SEEDS, st.booleans())
@settings(max_examples=12, deadline=None)
def test_of_what_breaks_the_same_beside_something_else(seed: int, mixed: bool) -> None:
    chance = random.Random(seed)
    lines = []
    for number, line in enumerate(chance.choices(changed(seed, 8), k=80)):
        record = orjson.loads(line)
        body = (record["response"] or {}).get("json")
        for one in [body, *((body or {}).get("classifications") or ())] if isinstance(body, dict) else ():
            for name in one if isinstance(one, dict) else ():
                if chance.random() < 0.1 and isinstance(one[name], bool | str | None):
                    one[name] = chance.choice((True, False, None)) if not isinstance(one[name], str) else None
        record["received_at"] = 1_790_000_000 + number * 7
        record["sent_at"] = record["received_at"] - chance.choice((0.2, 12))
        lines.append(orjson.dumps(record))
    if mixed:
        chance.shuffle(lines)
    assert told(lines, short=True) == told(lines, short=False)


def test_in_any_order_and_of_some_clauses() -> None:
    lines = [line for line, _ in corpus(400, bad=0.05)]
    random.Random(3).shuffle(lines)
    assert told(lines, short=True) == told(lines, short=False)
    select = ("stuut.send-sms/200/status", "bland.create-sms/rule")
    assert told(lines, short=True, select=select) == told(lines, short=False, select=select)


def test_most_exchanges_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judged_in_full(monkeypatch)
    lines = [line for line, _ in corpus(2000, bad=0)]
    told(lines, short=True)
    assert len(alone) < 200


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_beyond_memory(seed: int) -> None:
    lines = changed(seed, 80)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "HELD", 5)
        patch.setattr(spill, "WAITING", 500)
        patch.setattr(touched, "_MOST", seed % 2 * 100)
        assert told(lines, short=True) == told(lines, short=False)


def test_what_is_written_cannot_be_read_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "WAITING", 20)
    blocks = spill.Spill()
    texts = [b"+14155550100, twice: +14155550100", b"text", b"", b"+14155550101 and more", b"end"]
    assert [blocks.add(text) for text in texts] == [0, 1, 2, 3, 4]
    assert blocks._own is not None
    file = blocks._own._file
    file.seek(0)
    assert b"4155550" not in file.read()
    assert [blocks.get(number) for number in (4, 0, 3, 2, 1)] == [texts[number] for number in (4, 0, 3, 2, 1)]
    blocks.close()
    assert len(blocks) == 0
