from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings

from smscontract.exchange import Origin, OriginKind
from smscontract.findings import Report, Where
from smscontract.reports import json_report, render
from tests.reports import anything, samples

SCHEMA = json_report.schema()


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=60)
@given(report=anything.reports)
def test_any_report_is_valid_against_the_schema(report: Report) -> None:
    data = orjson.loads(render(report, "json"))
    jsonschema.validate(data, SCHEMA)
    assert jsonschema_rs.is_valid(SCHEMA, data)


def test_keys_are_as_promised() -> None:
    data = json.loads(render(samples.FULL, "json"))
    assert set(data) == {
        *("version", "verdict", "exit_code", "causes", "exchanges", "requests", "findings", "new", "not_judged"),
        *("operations", "problems", "unmatched", "command", "newest_answer", "seconds", "labels", "contracts"),
    }
    finding = {
        *("clause", "level", "says", "message", "pointer", "expected", "got", "count", "first", "last", "where"),
        *("fingerprint", "fails", "part", "source", "quote", "stated", "note", "again", "curl", "known", "request", "answer"),
    }
    assert all(set(one) == finding for one in data["findings"])
    assert all(set(one) == {"place", "kind", "count", "first"} for one in data["new"])
    assert all(set(one) == {"clause", "reason", "count", "hint"} for one in data["not_judged"])


def test_order_and_counts_are_those_of_the_report() -> None:
    data = json.loads(render(samples.FULL, "json"))
    assert [one["clause"] for one in data["findings"]] == [one.clause for one in samples.FULL.findings]
    assert [one["count"] for one in data["findings"]] == [3, 1]
    assert [one["place"] for one in data["new"]] == [one.place for one in samples.FULL.new]
    assert data["newest_answer"] == "2026-05-03T12:01:00Z"


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        (Origin(kind=OriginKind.FILE, file="a.har", entry=0), {"file": "a.har", "entry": 0}),
        (Origin(kind=OriginKind.FILE, file="a.jsonl", line=1), {"file": "a.jsonl", "line": 1}),
        (Origin(kind=OriginKind.LIVE, case="c-1", request=7), {"case": "c-1", "request": 7}),
    ],
)
def test_where_an_occurrence_is(origin: Origin, where: dict[str, object]) -> None:
    at = Where(origin=origin, time=samples.NOON)
    finding = replace(samples.STATUS, first=at, last=replace(at, time=None), where=(at,))
    (data,) = json.loads(render(replace(samples.FULL, findings=(finding,)), "json"))["findings"]
    assert data["where"] == [where]
    assert data["first"] == {**where, "time": "2026-05-03T12:00:00Z"}
    assert data["last"] == {**where, "time": None}


def test_text_comes_back_as_it_was() -> None:
    text = "\x1b[31m\n\u202e Grüße 😀"
    data = json.loads(render(samples.with_text(text), "json"))
    assert data["findings"][0]["message"] == text


def test_what_one_command_alone_says_stands_apart() -> None:
    data = json.loads(render(replace(samples.FULL, extra={"seed": 7}), "json"))
    assert data["extra"] == {"seed": 7}
    jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "passed"},
        {"exit_code": 5},
        {"requests": -1},
        {"findings": [{}]},
        {"new": [{"place": "x", "kind": "odd", "count": 1, "first": {"file": "f", "entry": 0, "time": None}}]},
        {"version": 2},
    ],
)
def test_the_schema_refuses_what_is_no_report(change: dict[str, object]) -> None:
    data = {**json.loads(render(samples.FULL, "json")), **change}
    assert not jsonschema_rs.is_valid(SCHEMA, data)


@pytest.mark.parametrize("key", ["verdict", "exit_code", "causes", "exchanges", "requests", "findings", "new", "not_judged"])
def test_the_schema_misses_a_key(key: str) -> None:
    data = json.loads(render(samples.FULL, "json"))
    del data[key]
    assert not jsonschema_rs.is_valid(SCHEMA, data)
