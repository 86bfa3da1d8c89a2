"""Exchanges that break something are told alike only if all that their findings rest on is the same."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import orjson
import pytest

from smscontract.catalogue import load_catalogue
from smscontract.documents import Rule
from smscontract.findings import Finding
from smscontract.judge import Judge
from smscontract.kernel.breaking import broken_as, same_values, structure
from smscontract.kernel.matchers import Unsure
from smscontract.recordings import jsonl
from smscontract.recordings._parts import Options
from tests.bench.corpus import FAULTS, corpus
from tests.kernel.lines import written

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


def _found() -> dict[str, tuple[tuple[Finding, ...], Any, Any]]:
    """For each clause that the corpus breaks a judgement's findings, and the bodies of answer and request."""
    judge, found = Judge(load_catalogue()), {}
    lines = [(line, clause) for line, clause in corpus(9000, bad=1) if clause]
    exchanges = jsonl.read(written([line for line, _ in lines]), "one", Options())
    for (line, clause), exchange in zip(lines, exchanges, strict=True):
        if clause not in found and not clause.endswith("protocol/json"):
            record = orjson.loads(line)
            sides = [
                record[side].get("json") or orjson.loads(record[side]["body"] or "null") for side in ("response", "request")
            ]
            found[clause] = (judge.judge(exchange).findings, *sides)  # type: ignore[arg-type]  # none is a problem
    return found


def test_what_a_finding_rests_on_has_to_be_the_same_value() -> None:
    catalogue, looked_at = load_catalogue(), 0
    found = _found()
    assert len(found) == len({clause for *_, clause in FAULTS.values()}) - 1
    for clause, (findings, got, sent) in found.items():
        if not findings:  # what one exchange alone does not break
            assert getattr(catalogue.clauses[clause].detail, "kind", "") == "constant"
            continue
        mine = catalogue.clauses[clause]
        if mine.family == "protocol" or (isinstance(mine.detail, Rule) and mine.family != "condition"):
            with pytest.raises(Unsure):
                same_values(catalogue, findings, got, sent)
            continue
        checks = same_values(catalogue, findings, got, sent)
        assert checks
        assert all(check(got, sent, {}) for check in checks)
        for finding in findings:
            _, name, *below = finding.pointer.split("/")
            for value in ("another", 7, None, [1], {"a": 1}):
                if name in got and not below and got[name] != value:
                    assert not all(check(got | {name: value}, sent, {}) for check in checks), (clause, value)
                    looked_at += 1
    assert looked_at > 50


def test_conditions_of_a_rule_are_what_it_rests_on() -> None:
    findings, got, sent = _found()["stuut.send-sms/rule/delivered-has-times"]
    checks = same_values(load_catalogue(), findings, got, sent)
    assert not all(check(got | {"status": "sent"}, sent, {}) for check in checks)
    assert not all(check(got | {"delivered_at": "2026-03-02T09:15:00Z"}, sent, {}) for check in checks)
    assert all(check(got | {"body": "Another text."}, sent, {}) for check in checks)
