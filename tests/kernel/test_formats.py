"""Exchanges of every format take the short way, and all that is said of them is what the judge says."""

from __future__ import annotations

import json
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.choice import Choice
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.judge import Judgement
from smscontract.mapping import Routes
from smscontract.summary import Summary
from tests.bench.corpus import corpus
from tests.kernel.formats import FORMATS, judged, written_as
from tests.kernel.lines import judged_in_full
from tests.kernel.saved import SAVED

SEEDS = st.integers(0, 2**32 - 1)


def same(files: dict[str, bytes], **more: object) -> None:
    """Makes sure of it."""
    assert judged(files, short=True, **more) == judged(files, short=False, **more)  # type: ignore[arg-type]


@given(SEEDS, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=50, deadline=None)
def test_of_recordings_with_anything_wrong(seed: int, suffix: str) -> None:
    same({f"one.{suffix}": written_as(suffix, seed, 50)})


@pytest.mark.campaign
@given(SEEDS, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=250, deadline=None)
def test_of_many_such_recordings(seed: int, suffix: str) -> None:
    same({f"one.{suffix}": written_as(suffix, seed, 60)})


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_of_several_formats_at_once(seed: int) -> None:
    same({f"{number}.{suffix}": written_as(suffix, seed, 30) for number, suffix in enumerate(FORMATS)})


@given(SEEDS, st.sampled_from(("har", "jsonl", "log")), st.sampled_from((0.3, 1)), st.sampled_from((None, 1_790_300_000)))
@settings(max_examples=10, deadline=None)
def test_of_what_was_chosen(seed: int, suffix: str, share: float, since: float | None) -> None:
    choice = Choice(since=since, until=1_792_000_000 if seed % 3 else None, share=share)
    same({f"one.{suffix}": written_as(suffix, seed, 60)}, choice=choice)


@given(SEEDS, st.sampled_from(("har", "jsonl")), st.sampled_from(("bland", "stuut")))
@settings(max_examples=6, deadline=None)
def test_behind_a_gateway(seed: int, suffix: str, provider: str) -> None:
    routes = Routes(hosts={"api.example.test": provider}, prefixes=("/v2/sms-threads",) if seed % 2 else ())
    same({f"one.{suffix}": written_as(suffix, seed, 50)}, routes=routes)


@pytest.mark.parametrize("suffix", ["har", "list", *SAVED])
def test_most_exchanges_take_the_short_way(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judged_in_full(monkeypatch)
    chance = random.Random(1)
    chance.random = lambda: 0.96  # type: ignore[method-assign]  # nothing odd
    raw = FORMATS[suffix]([orjson.loads(line) for line, _ in corpus(1500, bad=0)], chance)
    said = judged({f"one.{suffix}": raw}, short=True, each=96)
    assert said[0].exchanges > 1400
    assert len(alone) < 200, len(alone)


def test_places_in_files_as_numbers() -> None:
    places: list[dict[str, int]] = [{"line": 1}, {"line": 2**40}, {"entry": 0}, {"entry": 2**40}, {"line": 9, "entry": 0}]
    for place in places:
        origin = Origin(kind=OriginKind.FILE, file="a", **place)  # type: ignore[arg-type]
        assert Origin.numbered("a", origin.number) == origin
        assert origin.number < 2**63
    several = [Origin(kind=OriginKind.FILE, file="a", line=line, entry=entry) for line in (1, 2, 900) for entry in (0, 1, 99)]
    assert several == sorted(several, key=lambda one: one.number)
    for place in ({}, {"line": 0}, {"line": 1, "entry": 2**24}, {"entry": 2**62}):
        with pytest.raises(ValueError, match="no number"):
            assert Origin(kind=OriginKind.FILE, file="a", **place).number  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("side", "member", "value"), [("response", "status", 200.0), ("request", "body", []), ("request", "body", 0)]
)
def test_what_only_python_takes_for_the_same(side: str, member: str, value: object) -> None:
    line = next(line for line, fault in corpus(50) if b"/send" in line and b'"body": ""' in line and not fault)
    records = [orjson.loads(line) for _ in range(6)]
    records[3][side][member] = value
    raw = FORMATS["jsonl"](records, random.Random(1))
    same({"one.jsonl": raw})
    assert len(judged({"one.jsonl": raw}, short=True)[0].problems) == 1


@given(SEEDS, st.sampled_from(("har", "jsonl", "log")))
@settings(max_examples=6, deadline=None)
def test_of_bodies_of_which_something_is_missing(seed: int, suffix: str) -> None:
    same({f"one.{suffix}": FORMATS[suffix](damaged(seed, 80), random.Random(seed))})


def test_most_of_them_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = []
    add = Summary.add

    def counted(self: Summary, exchange: Exchange) -> Judgement:
        alone.append(exchange)
        return add(self, exchange)

    monkeypatch.setattr(Summary, "add", counted)
    said = judged({"one.jsonl": FORMATS["jsonl"](damaged(1, 1500), random.Random(1))}, short=True)
    assert said[0].exchanges == 1500
    assert len(alone) < 300, len(alone)


def damaged(seed: int, size: int) -> list[Any]:
    """Records whose bodies were cut or lost numbers, with or without saying so."""
    chance = random.Random(seed)
    pool = [orjson.loads(line) for line, _ in corpus(size, bad=0.02, seed=seed % 1000)]
    for record in pool:
        for side in ("request", "response"):
            message, odd = record[side], chance.random()
            body = json.dumps(message.pop("json")) if "json" in message else message["body"]
            message["body"] = body
            if odd < 0.2:
                message["body"] = body[: len(body) // 2]
                message["headers"]["content-length"] = str(len(body.encode()))
            elif odd < 0.5:
                message["body"] = body.replace("+1415555", "+1***")
            elif odd < 0.6:
                record.setdefault("missing", {})[f"{side}-body"] = "scrubbed"
                message["body"] = chance.choice((None, "", body))
    return pool
