"""The command line of schemathesis, with our documents, against the sandbox.

Whatever it calls a failure is a file with a reason on each line. What it recorded on the way is input for `validate`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running
from tests.tools import explained
from tests.tools.programs import TOP, smscontract

HERE = Path(__file__).parent / "st_run"
DRAFTS = ["sms_7Qd2", *(f"sms_{letter}" for letter in "abcdefgh")]  # the first is the document's example
SEND, CREATE = "POST /v2/sms-threads/messages/{sms_id}/send", "POST /v1/sms/create"

pytestmark = pytest.mark.tools


class Ran:
    """What a run left: its exit code and its reports."""

    def __init__(self, folder: Path, code: int, output: str) -> None:
        self.folder, self.code, self.output = folder, code, output
        lines = [json.loads(line) for line in (folder / "run.ndjson").read_text(encoding="utf-8").splitlines()]
        self.scenarios = [line["ScenarioFinished"] for line in lines if "ScenarioFinished" in line]
        self.summary: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))

    def cases(self) -> Counter[str]:
        return Counter(one["phase"] for one in self.scenarios for _ in one["recorder"]["cases"])

    def failures(self) -> Iterator[str]:
        """`CHECK PHASE CAUSE` for each cause of each check that failed."""
        for one in self.scenarios:
            for case, checks in one["recorder"]["checks"].items():
                for check in checks:
                    if check["status"] == "failure":
                        for cause in self._causes(one["recorder"], case, check):
                            yield f"{check['name']} {one['phase']} {cause}"

    @staticmethod
    def _causes(recorder: dict[str, Any], case: str, check: dict[str, Any]) -> list[str]:
        if check["name"] == "positive_data_acceptance":
            answer = json.loads(base64.b64decode(recorder["interactions"][case]["response"]["content"]["$base64"]))
            return [str(error["error"]) for error in answer["errors"]]
        message = check["failure_info"]["failure"]["message"]
        found = re.search(r"Invalid component: in body - (\w+): ", message)
        body = recorder["cases"][case]["value"]["body"]
        if check["name"] == "negative_data_rejection" and found and isinstance(body, dict):
            return [f"{found[1]} {json.dumps(body.get(found[1], 'absent'))}"]
        return [json.dumps(message)]


def run(provider: str, folder: Path) -> Ran:
    sandbox = create_app()
    for name in DRAFTS:
        assert sandbox.control.draft({"id": name}).status == 201
    token = json.loads(sandbox.control.index().encoded())["providers"][provider]["token"]
    reports = {f"--report-{name}-path": folder / f"run.{name}" for name in ("json", "ndjson", "har", "vcr")}
    with running(sandbox) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *(
                    "--config-file",
                    HERE / f"{provider}.toml",
                    "run",
                    f"openapi/{provider}.yaml",
                    "--url",
                    server.url,
                    "--no-color",
                ),
                *(part for option in reports.items() for part in option),
            ],
            cwd=TOP,
            env=os.environ | {"SANDBOX_CREDENTIAL": token, "PYTHONPATH": str(HERE)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return Ran(folder, done.returncode, done.stdout)


def assert_recorded_and_kept(path: Path, exchanges: int) -> None:
    """Another program's recording of the sandbox has everything in it, and nothing in it is wrong."""
    done = smscontract("validate", path, "--fail-on", "should", "--report", "json:-")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    report = json.loads(done.stdout)
    assert (report["findings"], report["problems"]) == ([], [])
    assert report["exchanges"] == exchanges


@pytest.mark.parametrize(
    ("provider", "operation", "accepted", "failed"), [("bland", CREATE, 50, 1), ("stuut", SEND, 5, 0)], ids=["bland", "stuut"]
)
def test_a_run_of_schemathesis_fails_for_known_reasons_only(
    provider: str, operation: str, accepted: int, failed: int, tmp_path: Path
) -> None:
    ran = run(provider, tmp_path)
    assert explained.read(HERE / f"{provider}.txt").wrong(ran.failures()) == []
    assert ran.code == failed
    # It did run: no phase left out, no case lost, and many requests were accepted.
    assert (ran.summary["complete"], ran.summary["errors"], ran.summary["operations"]["tested"]) == (True, [], 1)
    assert ran.cases()["fuzzing"] >= 100
    assert ran.cases()["coverage"] >= (10 if provider == "stuut" else 100)
    assert sum(phase["accepted"] for phase in ran.summary["valid_rates"][operation].values()) >= accepted
    sent = sum(len(one["recorder"]["interactions"]) for one in ran.scenarios)
    for name in ("har", "vcr"):
        assert_recorded_and_kept(tmp_path / f"run.{name}", sent)
