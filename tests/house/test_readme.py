"""What the README says is so."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from smscontract.errors import ExitCode
from smscontract.policy import verdict_of
from tests.house import project

SMSCONTRACT = Path(sys.executable).with_name("smscontract")

#: Options in prose that are not ours.
FOREIGN: set[str] = set()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SMSCONTRACT, *words], check=False, capture_output=True, text=True, encoding="utf-8", cwd=project.TOP, timeout=120
    )


def mentioned() -> set[str]:
    """Each subcommand that the README writes as `smscontract NAME` in code."""
    code = re.findall(r"`([^`\n]+)`", project.readme()) + [command for command, _ in project.sessions()]
    return {found[1] for text in code if (found := re.match(r"smscontract ([a-z][a-z-]*)", text))}


def test_it_begins_with_the_two_commands() -> None:
    install, job, tests = [command for command, _ in project.sessions()][:3]
    assert install == "pip install -e '.[dev]'"
    assert job.startswith("smscontract ")
    assert tests == "python -m pytest"


def test_the_main_job_prints_what_the_readme_shows() -> None:
    ((command, expected),) = [session for session in project.sessions() if session[0].startswith("smscontract ")]
    assert len(expected) > 5, "the output is there"
    done = run(*shlex.split(command)[1:])
    assert done.returncode in set(ExitCode), done.stderr
    assert done.returncode != ExitCode.INTERNAL
    assert matches(expected, done.stdout.splitlines()), done.stdout


def matches(expected: list[str], lines: list[str]) -> bool:
    """Whether the lines are those expected, where `...` stands for any lines, and ages, durations and hashes are any."""
    pattern = "".join("(?s:.*)" if line == "..." else re.escape(_ageless(line) + "\n") for line in expected)
    return re.fullmatch(pattern, "".join(_ageless(line) + "\n" for line in lines)) is not None


def _ageless(line: str) -> str:
    line = re.sub(r"\b[0-9a-f]{16}\b", "HASH", line)
    line = re.sub(r"newest answer (?:\d+ \w+|less than a minute) old", "newest answer AGE old", line)
    return re.sub(r" in \d+\.\d s,", " in SECONDS s,", line)


def test_outputs_that_differ_are_noticed() -> None:
    assert matches(["a", "...", "newest answer 3 days old"], ["a", "b", "c", "newest answer 1 hour old"])
    assert matches(["contract v2 (0123456789abcdef)"], ["contract v2 (00112233445566aa)"])
    assert not matches(["a", "b"], ["a", "c"])
    assert not matches(["a"], ["a", "b"])


@pytest.mark.parametrize("command", sorted(mentioned()))
def test_every_command_exists(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0, done.stderr


def test_every_option_exists() -> None:
    text = re.sub(r"^```.*?^```$", "", project.readme(), flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - FOREIGN
    known = set().union(*(re.findall(r"--[a-z][a-z-]+", run(command, "--help").stdout) for command in mentioned()))
    words = [sys.executable, "-m", "pytest", "--help"]
    pytest_help = subprocess.run(words, check=True, capture_output=True, text=True, cwd=project.TOP, timeout=120)
    known |= set(re.findall(r"--[a-z][a-z-]+", pytest_help.stdout))
    assert named <= known


def test_exit_codes_and_verdicts() -> None:
    rows = {int(row[0]): row[1] for row in project.table("How a run ends")}
    assert rows == {int(code): f"`{verdict_of(code)}`" for code in ExitCode}


def test_the_weight_of_exit_codes() -> None:
    assert "4, 130, 1, 2, 3, 0" in project.section("How a run ends")


def test_files_and_folders_named_exist() -> None:
    named = set(re.findall(r"`((?:\.ci|openapi|contracts|tests)(?:/[\w./-]*)?)`", project.readme()))
    assert named
    assert [name for name in named if not (project.TOP / name).exists()] == []
