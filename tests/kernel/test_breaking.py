"""Exchanges that break something are told alike only if all that their findings rest on is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.judge import Judge
from smscontract.kernel.breaking import are_of_bodies, broken_as
from smscontract.kernel.kinds import Kinds
from smscontract.kernel.kinship import structure
from smscontract.kernel.matchers import Unsure
from smscontract.recordings import jsonl
from smscontract.recordings._parts import Options
from tests.bench.corpus import FAULTS, corpus
from tests.kernel.lines import judged_in_full, told, written

_SCHEMA = jsonschema_rs.validator_for(
    {
        "properties": {
            "a": {"type": "string", "enum": ["x"]},
            "b": {"items": {"type": "integer"}},
            "c": {"required": ["d"]},
        },
        "required": ["a"],
    }
)


def _as(body: Any) -> Any:
    return broken_as(_SCHEMA.iter_errors(body), body)


def test_what_fails_has_to_be_the_same_value() -> None:
    same: Any = {"a": "y", "b": [1], "free": "one"}
    assert _as(same) == _as(same | {"free": "two"})
    for other in ({"a": "z"}, {"a": 1}, {"a": None}, {"free": ""}, {"free": 1}, {"more": 1}, {"b": [1, 2]}, {"b": ["1"]}):
        assert _as(same) != _as(same | other), other
    assert _as({"a": "x", "b": ["1", 2]}) != _as({"a": "x", "b": [1, "2"]})
    assert _as({"a": "y", "b": 1}) != _as({"b": 1, "a": "y"})
    # What is missing is the same whatever stands beside it.
    assert _as({"a": "x", "c": {"e": "one"}}) == _as({"a": "x", "c": {"e": "two"}})
    assert _as({"a": "x", "c": {"e": "one"}}) != _as({"a": "x", "c": {"f": "one"}})


def test_structures() -> None:
    assert structure({"a": [1, {"b": "text"}], "c": 1.5}) == structure({"a": [2, {"b": "other"}], "c": 2.5})
    for one, other in [
        (1, 1.0),
        (True, False),
        (True, 1),
        ("", "a"),
        (None, "a"),
        ([], {}),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
    ]:
        assert structure(one) != structure(other)
    for large in (list(range(65)), dict.fromkeys(map(str, range(65))), [[[[[[[[[[[[[[1]]]]]]]]]]]]]]):
        with pytest.raises(Unsure):
            structure(large)
    with pytest.raises(Unsure):
        _as({"a": "x", "b": ["1"] * 9})


def test_findings_of_other_than_bodies_are_not_counted() -> None:
    catalogue = load_catalogue()
    judge = Judge(catalogue)
    lines = {clause: line for line, clause in corpus(9000, bad=1) if clause}
    exchanges = jsonl.read(written(list(lines.values())), "one", Options())
    told = {clause: judge.judge(one).findings for clause, one in zip(lines, exchanges, strict=True)}  # type: ignore[arg-type]  # none is a problem
    assert len(told) == len({clause for *_, clause in FAULTS.values()})
    for clause, findings in told.items():
        assert are_of_bodies(catalogue, findings), clause
    bodies = next(one for one in told.values() if one)
    assert not are_of_bodies(catalogue, [*bodies, replace(bodies[0], part="response header")])
    assert not are_of_bodies(catalogue, [replace(bodies[0], clause="bland.create-sms/protocol/complete-body")])


def test_whoever_differs_where_a_rule_asks_is_not_counted_as_another() -> None:
    lines = {
        clause: line for line, clause in corpus(9000, bad=1) if "/rule/" in clause and "json" in orjson.loads(line)["response"]
    }
    assert len(lines) > 3
    values: list[Any] = ["another", "sent", "2026-03-02T09:15:00Z", "", 7, True, None, [], {}]
    for line in lines.values():
        record = orjson.loads(line)
        body = record["response"]["json"]
        others = [
            {**record, "response": {**record["response"], "json": {**body, name: value}}}
            for name in body
            for value in values
            if body[name] != value
        ]
        mine = [line, line, *(orjson.dumps({**one, "received_at": 1.8e9 + number}) for number, one in enumerate(others))]
        assert told(mine, short=True) == told(mine, short=False)


def test_whoever_breaks_what_requests_have_to_meet_is_not_counted_as_another() -> None:
    line = next(line for line, clause in corpus(9000, bad=1) if clause == "bland.create-sms/2XX/data:required")
    record = orjson.loads(line)
    lines = []
    for number in range(20):
        body = {**orjson.loads(record["request"]["body"]), "time_out": 3600, "warning_time": 3600 if number % 5 == 4 else 1800}
        request = {**record["request"], "body": orjson.dumps(body).decode()}
        lines.append(orjson.dumps({**record, "request": request, "received_at": 1.8e9 + number}))
    assert told(lines, short=True) == told(lines, short=False)


#: What is put before a text, how much of it is left out at its ends, what is put behind it; or another text.
_FLAWED = st.sampled_from(
    [
        ("", 0, 1, ""),
        ("", 0, 3, ""),
        ("", 0, 0, "{}"),
        ("", 0, 0, ","),
        ("\ufeff", 0, 0, ""),
        ('{"errors": null,', 1, 0, ""),
        ('{"errors": "***",', 1, 0, ""),
        ('{"status": "sent",', 1, 0, ""),
        ('{"digits": 12345678901234567890123,"digits": 12345678901234567890123,', 1, 0, ""),
        ('{"a": NaN,', 1, 0, ""),
        ('{"a": "\\ud800",', 1, 0, ""),
        *((text, None, None, "") for text in ("", "a=[removed]&b=1", "<removed>", "[redacted]", "No.")),
    ]
)


@given(st.lists(_FLAWED, min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.sampled_from([200, 200, 404, 503]))
@settings(max_examples=12, deadline=None)
def test_of_texts_with_flaws(flaws: list[tuple[str, int | None, int | None, str]], seed: int, status: int) -> None:
    lines, number = [], 0
    for line, _ in corpus(40, seed=seed, bad=0.2):
        record = orjson.loads(line)
        answer = record["response"]
        text = answer["body"] if "body" in answer else orjson.dumps(answer.pop("json")).decode()
        headers = {"content-type": "application/json"} if number % 7 else {"content-type": "text/plain", "content-length": "9"}
        for before, first, last, behind in flaws:
            number += 1
            whole = before + ("" if first is None or last is None else text[first : len(text) - last]) + behind
            response = {"status": status, "headers": headers, "body": whole}
            at = {"sent_at": 1.79e9 + number, "received_at": 1.79e9 + number + 0.2}
            lines.append(orjson.dumps({**record, "response": response, **at}))
    assert told(lines, short=True) == told(lines, short=False)


@pytest.mark.parametrize("text", ["[redacted]", "***", "<removed>", "a=[removed]&b=1", '{"errors": "***","errors": null}'])
def test_what_was_taken_away_is_no_flaw(text: str) -> None:
    line = next(line for line, clause in corpus(9000, bad=1) if clause == "bland.create-sms/protocol/json")
    record = orjson.loads(line)
    lines = []
    for number, body in enumerate(["No.", '{"errors": null,"errors": null}', "No.", '{"errors": null,"errors": null}', text]):
        response = {**record["response"], "body": body}
        lines.append(orjson.dumps({**record, "response": response, "received_at": 1.8e9 + number}))
    assert told(lines, short=True) == told(lines, short=False)


def test_texts_with_flaws_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for line, clause in corpus(9000, bad=1) if clause.endswith(("/json", "/unique-keys"))]
    judged = judged_in_full(monkeypatch)
    told(lines, short=True)
    assert len(judged) < len(lines) / 10


def test_kinds_are_learned_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for line, _ in corpus(2000, bad=0) if b"is_automated" in line]
    judged = judged_in_full(monkeypatch)
    told(lines, short=True)
    number = len(judged)
    monkeypatch.setattr(Kinds, "like", lambda *_: None)
    judged.clear()
    told(lines, short=True)
    assert 3 * number < 2 * len(judged)
