"""The jobs that the README has for other people's CI are run as they stand, against a server here; and so is the hook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import smscontract
from smscontract.yaml import loads
from tests.gate.server import Server, listening
from tests.house import project

RECORDINGS = project.TOP / "tests" / "recordings" / "data"
_INSTALLS = "pip install smscontract"


def snippet(name: str) -> Any:
    """The YAML block of the README whose first line is a comment with this name of a file."""
    found = re.search(rf"^```yaml\n# {re.escape(name)}\n(.*?)^```$", project.readme(), re.MULTILINE | re.DOTALL)
    assert found, name
    return loads(found[1], name).data


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A folder with what the jobs read, and the variables that stand for their secrets."""
    server = Server()
    server.offers = False
    with listening(server):
        handed = server.handed["stuut"]
        (tmp_path / "resources.yaml").write_text(json.dumps(handed["resources"], ensure_ascii=False), encoding="utf-8")
        (tmp_path / "recordings").mkdir()
        shutil.copy(RECORDINGS / "stuut-hand-made-good.jsonl", tmp_path / "recordings")
        monkeypatch.chdir(tmp_path)
        yield {
            "STAGING_URL": server.url,
            "STAGING_HOST": "127.0.0.1",
            "STAGING_TOKEN": handed["token"],
            "GITHUB_SHA": "0123abcd",
            "CI_COMMIT_SHA": "0123abcd",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }


def run(command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner does it. The gate sends less than it would there."""
    words = command.replace("smscontract gate ", "smscontract gate --max-requests 40 --fuzz 0 ")
    environment = {**os.environ, **variables, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-e", "-c", words], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )


def run_all(commands: list[str], variables: dict[str, str]) -> list[str]:
    assert commands[0] == _INSTALLS
    outputs = []
    for command in commands[1:]:
        done = run(command, variables)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert variables["STAGING_TOKEN"] not in done.stdout + done.stderr
        outputs.append(done.stdout)
    assert outputs
    return outputs


def test_the_workflow_of_github_runs(place: dict[str, str]) -> None:
    (job,) = snippet(".github/workflows/contract.yml")["jobs"].values()
    steps = [step for step in job["steps"] if "run" in step]
    for name, value in (pair for step in steps for pair in step.get("env", {}).items()):
        assert re.fullmatch(rf"\$\{{\{{ (?:vars|secrets)\.{name} \}}\}}", value)
        assert name in place
    validated, gated = run_all([step["run"].strip() for step in steps], place)
    for output in (validated, gated):
        assert output.rstrip().splitlines()[-1].startswith("::notice title=smscontract::kept: ")
        assert re.search(r"^kept: .*\(exit code 0\)$", output, re.MULTILINE)
    assert "label.commit 0123abcd" in gated
    assert Path("summary.md").read_text(encoding="utf-8").count("# smscontract: kept\n") == 2
    written = {
        step["with"].get("path") or step["with"].get("sarif_file") for step in job["steps"] if step.get("if") == "always()"
    }
    assert written == {"contract.html", "contract.sarif"}
    assert all(Path(name).stat().st_size > 1000 for name in written)


def test_the_job_of_gitlab_runs(place: dict[str, str]) -> None:
    job = snippet(".gitlab-ci.yml")["contract"]
    (gated,) = run_all([command.strip() for command in job["script"]], place)
    assert "label commit=0123abcd\n" in gated
    for name in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        assert Path(name).stat().st_size > 1000


def hooks() -> dict[str, Any]:
    text = (project.TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    return {hook["id"]: hook for hook in loads(text, ".pre-commit-hooks.yaml").data}


@pytest.mark.parametrize(("name", "code"), [("stuut-hand-made-good.jsonl", 0), ("stuut-hand-made-broken.jsonl", 1)])
def test_the_hook_runs_on_recordings(name: str, code: int, place: dict[str, str], tmp_path: Path) -> None:
    hook = hooks()["smscontract"]
    file = tmp_path / "recordings" / name
    shutil.copy(RECORDINGS / name, file)
    assert re.search(hook["files"], f"recordings/{name}")
    assert run(f"{hook['entry']} recordings/{name}", place).returncode == code


def test_the_hook_of_the_readme_is_there_and_the_command_is_installed() -> None:
    (repo,) = snippet(".pre-commit-config.yaml")["repos"]
    assert repo["rev"] == f"v{smscontract.__version__}"
    (used,) = repo["hooks"]
    hook = hooks()[used["id"]]
    assert set(hook) <= {"id", "name", "description", "entry", "language", "files", "require_serial"}
    assert hook["language"] == "python"
    assert [one.name for one in entry_points(group="console_scripts", name=hook["entry"].split()[0])] == ["smscontract"]
    for name in ("recordings/a.har", "recordings/b/c.yaml", "recordings/d.jsonl"):
        assert re.search(used["files"], name)
    assert not re.search(used["files"], "src/recordings/a.har.txt")


def test_exit_codes_stand_beside_those_of_pytest() -> None:
    words = {
        pytest.ExitCode.OK: "all tests passed",
        pytest.ExitCode.TESTS_FAILED: "tests failed",
        pytest.ExitCode.INTERRUPTED: "interrupted",
        pytest.ExitCode.INTERNAL_ERROR: "internal error",
        pytest.ExitCode.USAGE_ERROR: "usage error",
    }
    told = {int(row[0]): row[3] for row in project.table("How a run ends")}
    assert told == {**{int(code): text for code, text in words.items()}, 130: "none"}
