"""Rows that are stored say what they said, and hold nothing that a report may not hold."""

from __future__ import annotations

import copy
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange
from smscontract.judge import Judge
from smscontract.kernel import Kernel, rows, templates
from smscontract.mask import Masker
from smscontract.part import Part
from smscontract.recordings import jsonl
from smscontract.recordings._parts import Options
from smscontract.reported import reported
from smscontract.summary import Summary
from tests.kernel.lines import PARCELS, changed, parcels, written
from tests.kernel.test_same import SEEDS
from tests.kernel.test_touched import pairs


def _judge(contracts: bool) -> Judge:
    return Judge(load_catalogue((PARCELS,) if contracts else ()), Masker(key=b"k" * 32))


def _summary(lines: list[bytes], judge: Judge, file: str, *, short: bool = True) -> Summary:
    summary = Summary(judge)
    kernel = Kernel(summary) if short else None
    for one in jsonl.read(written(lines), file, Options(taker=kernel)):
        summary.add(one) if isinstance(one, Exchange) else summary.add_problem(one)
    if kernel is not None:
        kernel.close()
    return summary


def _parts(lines: list[bytes], judge: Judge, cuts: int, *, short: bool = True) -> list[Part]:
    size = len(lines) // cuts + 1
    files = [lines[at : at + size] for at in range(0, len(lines), size)]
    return [Part.of(_summary(mine, judge, str(number), short=short)) for number, mine in enumerate(files)]


def _said(parts: list[Part], judge: Judge) -> Any:
    summary = Summary(judge)
    Part().merge(*[Part.loads(part.dumps()) for part in parts]).into(summary)
    report = reported(summary, now=0.0)
    summary.facts.close()
    return report, summary.ledger


@pytest.mark.parametrize("held", [4000, 5])
@given(seed=SEEDS, contracts=st.booleans(), cuts=st.integers(1, 4))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stored_rows_say_what_they_said(held: int, seed: int, contracts: bool, cuts: int) -> None:
    lines = parcels(seed, 80) if contracts else changed(seed, 80)
    _same([*lines, *lines[:20]], contracts, held, cuts)


@pytest.mark.parametrize("held", [4000, 5])
def test_stored_histories_say_what_they_said(held: int) -> None:
    """One after the other, over three parts; some of them are judged one by one, beside those that are counted."""
    lines = pairs()
    odd = [line.replace(b'"errors":null', b'"errors":null,"odd":1') if at % 7 == 0 else line for at, line in enumerate(lines)]
    assert odd != lines
    _same(odd, contracts=False, held=held, cuts=3)


def _same(lines: list[bytes], contracts: bool, held: int, cuts: int) -> None:
    judge = _judge(contracts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_EACH", 1)
        patch.setattr(rows, "HELD", held)
        parts = _parts(lines, judge, cuts)
        assert any(part.rows for part in parts)
        assert _said(parts, judge) == _said(_parts(lines, judge, cuts, short=False), judge)


def _blocks() -> list[Any]:
    [part] = _parts(pairs(), _judge(contracts=False), 1)
    return [orjson.loads(zlib.decompress(block)) for block in part.rows]


def test_stored_rows_hold_no_values() -> None:
    [block] = _blocks()
    text = orjson.dumps(block).decode()
    assert "<phone:" in text
    for canary in ("5550123", "as ever"):  # ids are shown in reports, too
        assert canary in b"".join(pairs()).decode()
        assert canary not in text


def _ruined(block: Any, how: str) -> Any:
    kind = orjson.loads(block["kinds"][0])
    match how:
        case "kinds":
            block["kinds"] = []
        case "number":
            block["rows"][0][0] = "0"
        case "short row":
            block["rows"][0][2][0].pop()
        case "no text":
            block["rows"][0][2][0][-1] = 5
        case "time":
            block["rows"][0][2][0][0] = "soon"
        case "line":
            block["rows"][0][2][0][2] = None
        case "column":
            kind["recipes"][0][1][0]["scope"][0][0] = kind["columns"] + 3
        case "clause":
            kind["recipes"][0][1][0]["sample"]["clause"] = "nobody's"
        case "recipes":
            kind["recipes"] = []
        case "list":
            return [1]
    if how in ("column", "clause", "recipes"):
        block["kinds"][0] = orjson.dumps(kind).decode()
    return block


@pytest.mark.parametrize(
    "how", ["kinds", "number", "short row", "no text", "time", "line", "column", "clause", "recipes", "list", "cut"]
)
def test_damaged_rows_are_said_to_be_damaged(how: str) -> None:
    [block] = _blocks()
    raw = zlib.compress(orjson.dumps(_ruined(copy.deepcopy(block), how)))
    part = Part(rows=(raw if how != "cut" else raw[:-9],))
    with pytest.raises(UnusableInput, match="damaged"):
        part.into(Summary(_judge(contracts=False)))
