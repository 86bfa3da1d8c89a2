"""What comes out: the plan of a dry run, reports by their schemas, and nothing that has to stay inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from smscontract.catalogue import load_catalogue
from smscontract.cli import run as command
from smscontract.gate import planned, targets_of
from smscontract.judge import Judge
from smscontract.reports import formats
from smscontract.reports.json_report import schema
from tests.gate.faults import FAULTS
from tests.gate.run import TOKEN_ENV, judge_of, run
from tests.gate.server import Server

SECRET_TEXT = "Canary text of a draft, not for anybody"
STRANGER = "+442071838750"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_the_correct_sandbox_keeps_everything(provider: str, seed: int) -> None:
    report = run(provider, None, seed=seed, fail_on="new")
    assert (report.exit_code, report.findings, report.new) == (0, (), ()), report.causes


def test_also_when_fuzzed() -> None:
    for provider in ("stuut", "bland"):
        report = run(provider, None, seed=3, fuzz=60, fail_on="new", max_requests=1000)
        assert (report.exit_code, report.findings, report.new) == (0, (), ()), report.causes
        assert sum(report.operations[0].fuzzed.values()) == 60


# -- the plan


def test_a_dry_run_prints_every_request_and_sends_none(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    for provider in ("stuut", "bland"):
        assert command(["gate", provider, "--url", server.url, "--dry-run"]) == 0
        out = capsys.readouterr().out
        assert server.arrived == []
        handed = server.handed[provider]
        assert handed["token"] not in out
        with targets_of(load_catalogue([provider]), url=server.url, token_env=None, resources=None) as targets:
            ((_, plan),) = planned(judge_of(provider), targets[0], seed=0)
        number = 1
        for case in plan.cases:
            assert f"  {number:>3}  {case.name:<44}  {case.method or 'POST'} /" in out
            number += case.together
        assert f"{plan.requests} requests" in out
        assert plan.digest() in out
        run(provider, server.url, max_requests=1000)
        assert len(server.arrived) == plan.requests
        server.arrived.clear()


def test_a_dry_run_says_what_is_missing(target: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "resources.yaml"
    file.write_text("sms_id: {missing: [sms_none]}\n", "utf-8")
    assert command(["gate", "stuut", "--url", target.url, "--resources", str(file), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "`sms_id: {draft: [...]}`" in out
    assert "`sms_id: {foreign: [...]}`" in out
    assert target.arrived == []


def test_the_plan_is_the_same_every_time_and_in_every_process() -> None:
    code = """
from smscontract.catalogue import load_catalogue
from smscontract.gate import planned, targets_of
from smscontract.judge import Judge
catalogue = load_catalogue(())
with targets_of(catalogue, url=None, token_env=None, resources=None) as targets:
    for target in targets:
        for _, plan in planned(Judge(catalogue), target, seed=5):
            print(plan.digest(), [case.name for case in plan.cases], plan.lacks)
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": str(number)}, capture_output=True, check=True
        ).stdout
        for number in (0, 1, 2, 42)
    }
    assert len(found) == 1
    assert found.pop().count(b"\n") == 2


def test_the_plan_is_the_same_however_often_it_is_made() -> None:
    catalogue = load_catalogue(())
    judge = Judge(catalogue)
    with targets_of(catalogue, url=None, token_env=None, resources=None) as targets:
        for target in targets:
            digests = {plan.digest() for _ in range(12) for _, plan in planned(judge, target, seed=1)}
            assert len(digests) == 1
            assert digests != {plan.digest() for _, plan in planned(judge, target, seed=2)} or target.provider == "stuut"


# -- reports


@pytest.mark.parametrize("name", ["status is queued", "an error for one kind", "never a new conversation", "an outage"])
def test_reports_follow_their_schemas(server: Server, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fault = FAULTS[name]
    server.behave = fault.make()
    as_json, as_junit = tmp_path / "r.json", tmp_path / "r.xml"
    arguments = ["gate", fault.provider, "--url", server.url, "--fuzz", "0", "--fail-on", "should"]
    code = command([*arguments, "--report", f"json:{as_json}", "--report", f"junit:{as_junit}"])
    data = json.loads(as_json.read_bytes())
    jsonschema.validate(data, schema())
    assert (data["exit_code"], data["command"]) == (code, "gate")
    assert data["requests"] == data["exchanges"] == len(server.arrived)
    assert {one["clause"] for one in data["findings"]} == fault.clauses
    for one in data["findings"]:
        assert len(one["where"]) == one["count"]
        for where in one["where"]:
            assert set(where) == {"case", "request"}
            assert where["case"].startswith(("send-sms: ", "create-sms: "))
            assert 1 <= where["request"] <= data["requests"]
    root = ET.fromstring(as_junit.read_text("utf-8"))
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert failed == {f"{clause}" for clause in fault.clauses} or {f"{name}" for name in failed} == {
        clause.partition("/")[2] for clause in fault.clauses
    }
    assert f"exit code {code}" in capsys.readouterr().out


@pytest.mark.parametrize("reveal", [False, True])
def test_what_has_to_stay_inside_stays_there(
    target: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reveal: bool
) -> None:
    for provider, name in (("stuut", "the token in the body"), ("bland", "the token in a header"), ("stuut", "another id")):
        target.reset()
        target.behave = FAULTS[name].make()
        token = target.handed[provider]["token"]
        monkeypatch.setenv(TOKEN_ENV, token)
        given = target.handed[provider]["resources"]
        if provider == "stuut":
            for one in given["sms_id"]["draft"]:
                one["body"] = SECRET_TEXT
        else:
            given["user_number"]["any"].insert(0, STRANGER)
        file = tmp_path / "resources.json"
        file.write_text(json.dumps(given), "utf-8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.report"))
        arguments = ["gate", provider, "--url", target.url, "--token-env", TOKEN_ENV, "--resources", str(file), "--fuzz", "0"]
        arguments += ["--fail-on", "should", "--drafts-are-safe"]
        for form in formats():
            arguments += ["--report", f"{form}:{tmp_path / form}.report"]
        assert command([*arguments, *(["--reveal"] if reveal else [])]) == 1
        assert command([*arguments, "--dry-run", *(["--reveal"] if reveal else [])]) == 0
        written = [path.read_text("utf-8") for path in tmp_path.glob("*.report")]
        assert len(written) == len(formats()) + 1
        everything = "".join([*capsys.readouterr(), *written])
        assert token not in everything
        if not reveal:
            assert STRANGER not in everything
            assert STRANGER[1:] not in everything
            assert SECRET_TEXT not in everything
            assert "Canary" not in everything


def test_what_a_label_holds_does_not_act_on_the_terminal(
    target: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "resources.json"
    file.write_text(json.dumps({"sms_id": {"draft-\x1b[31m\n": [{"id": "sms_\x1b[0m", "to_number": "+14155550123"}]}}), "utf-8")
    for more in ([], ["--dry-run"]):
        command(["gate", "stuut", "--url", target.url, "--token-env", TOKEN_ENV, "--resources", str(file), *more])
        assert "\x1b" not in "".join(capsys.readouterr())
