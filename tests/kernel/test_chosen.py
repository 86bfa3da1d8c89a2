"""What is looked at of a recording: the short way chooses as one would who looks at each exchange by itself."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.choice import Choice, Chooser, digest
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.judge import Judge, Judgement
from smscontract.kernel import take
from smscontract.kernel.chosen import Chosen
from smscontract.kernel.recipes import Item
from smscontract.mask import Masker
from tests.bench.corpus import corpus
from tests.kernel.formats import FORMATS, judged
from tests.kernel.lines import ODD, PARCELS, changed, judged_in_full, parcels

SEEDS = st.integers(0, 2**32 - 1)


def chosen(lines: list[bytes], chance: random.Random) -> Choice:
    """A choice that leaves out some of the exchanges of some lines, and often begins or ends with one of them."""
    stated = [record.get(name) for record in map(orjson.loads, lines) for name in ("sent_at", "received_at")]
    times = sorted(time for time in stated if type(time) in (int, float) and 0 < time < 1e11)
    since, until = sorted(chance.choice(times) + chance.choice((0, 0, 0, 1e-3, -5)) for _ in range(2))
    share = chance.choice((1, 0.02, 0.3, 0.9))
    if share < 1 and chance.random() < 0.5:
        return Choice(share=share)
    return Choice(since=chance.choice((since, None)), until=chance.choice((until, until + 1, None)), share=share)


def same(lines: list[bytes], chance: random.Random, suffix: str = "jsonl", **more: Any) -> None:
    """Makes sure of it, of two files."""
    half = len(lines) // 2
    parts = {f"{name}.{suffix}": mine for name, mine in (("one", lines[:half]), ("two", lines[half:]))}
    raw = {name: FORMATS[suffix]([orjson.loads(line) for line in mine], random.Random(0)) for name, mine in parts.items()}
    choice = chosen(lines, chance)
    assert judged(raw, short=True, choice=choice, **more) == judged(raw, short=False, choice=choice, **more), choice


@given(SEEDS, st.sampled_from(("jsonl", "jsonl", "har", "log")), st.booleans())
@settings(max_examples=20, deadline=None)
def test_of_exchanges_with_anything_wrong(seed: int, suffix: str, native: bool) -> None:
    same(changed(seed, 60), random.Random(seed), suffix, native=native)


@given(SEEDS)
@settings(max_examples=12, deadline=None)
def test_of_a_contract_of_ones_own(seed: int) -> None:
    same(parcels(seed, 60), random.Random(seed), contracts=(ODD if seed % 3 else PARCELS,))


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_of_many_that_break_the_same(seed: int) -> None:
    chance = random.Random(seed)
    lines = [line for line, _ in corpus(400, seed=seed, bad=0.5)]
    same(chance.sample(lines, len(lines)) if seed % 2 else lines, chance)


def test_what_belongs_to_no_history_is_chosen_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [orjson.loads(line) for line, _ in corpus(900, bad=0)]
    for record in records:
        record["request"].pop("json", None)
        record["request"].pop("body", None)
    raw, choice = {"one.jsonl": b"\n".join(map(orjson.dumps, records))}, Choice(share=0.5)
    full = judged(raw, short=False, choice=choice)
    alone = judged_in_full(monkeypatch)
    assert judged(raw, short=True, choice=choice) == full
    assert len(alone) < 100, len(alone)


@pytest.mark.campaign
@given(SEEDS, st.sampled_from(sorted(FORMATS)), st.booleans())
@settings(max_examples=150, deadline=None)
def test_of_many_more(seed: int, suffix: str, native: bool) -> None:
    chance = random.Random(seed)
    lines = changed(seed, 60) if seed % 2 else [line for line, _ in corpus(300, seed=seed, bad=chance.random())]
    same(lines, chance, suffix, native=native)


@pytest.mark.parametrize("choice", [Choice(since=2e9), Choice(until=1_790_000_500.0), Choice(share=0.01)])
def test_few_are_looked_at_each_by_itself(choice: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judged_in_full(monkeypatch)
    raw = b"\n".join(line for line, _ in corpus(3000, bad=0.01))
    said = judged({"one.jsonl": raw}, short=True, choice=choice, each=96)
    assert said[0].exchanges < 2500
    assert len(alone) < 300, len(alone)


def test_what_breaks_the_same_is_learned_from_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Exchange] = []
    judge = Judge.judge

    def noted(self: Judge, exchange: Exchange) -> Judgement:
        asked.append(exchange)
        return judge(self, exchange)

    monkeypatch.setattr(Judge, "judge", noted)
    raw = b"\n".join(line for line, clause in corpus(1500, bad=1) if "/protocol/" not in clause)
    said = judged({"one.jsonl": raw}, short=True, choice=Choice(since=2e9))
    assert not said[0].exchanges
    assert len(asked) < 300, len(asked)


def test_rows_tell_scopes_as_exchanges_do() -> None:
    judge = Judge(load_catalogue(), Masker(key=b"k" * 32))
    chooser = Chooser(Choice(share=0.5), judge)
    items = (Item(3, frozenset({"phone"})), Item(4, frozenset()))
    signature = SimpleNamespace(operation="bland.create-sms")
    known: Any = SimpleNamespace(sampled=items, judgement=SimpleNamespace(signature=signature))
    chosen = Chosen(chooser, Counter())
    for number in range(40):
        origin = Origin(kind=OriginKind.FILE, file="one", line=7)
        scope = [digest(f"+14155550{number:03}"), digest("text")]
        apart: dict[Any, Any] = {None: None, "text": scope, 7: [scope[0], digest(7)]}
        for value, told in apart.items():
            mine = not chooser.why_not_of("bland.create-sms", told, origin)
            rows = [(1.0, 2.0, 7, written, value) for written in (f"+14155550{number:03}", f"tel:+1-415-555-0{number:03}")]
            assert len(chosen.of(known, "one", rows)) == 2 * mine


def test_what_is_left_out_is_held_no_longer_than_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "_HELD", 64)
    lines = [line for line, _ in corpus(400, bad=0.1)]
    for seed in range(3):
        same(lines, random.Random(seed))
