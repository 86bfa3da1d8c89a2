"""GitHub Actions: annotations that the runner reads as they are meant, and a summary of the job."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from smscontract import reports
from smscontract.errors import UnusableInput
from smscontract.findings import Report, Verdict
from smscontract.reports import Destination, render
from tests.reports import anything, samples

_ESCAPES = (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What the runner makes of our output: kind, properties and text of each command."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
        assert match, line
        properties = dict(pair.split("=", 1) for pair in match[2].split(","))
        values = {name: meant(value) for name, value in properties.items()}
        found.append((match[1], values, meant(match[3])))
    return found


def meant(text: str) -> str:
    for written, stands_for in _ESCAPES:
        text = text.replace(written, stands_for)
    return text


def test_a_finding_is_an_annotation_of_the_line_that_states_it() -> None:
    found = commands(render(samples.FULL, "github"))
    kind, properties, text = found[0]
    assert (kind, properties) == (
        "error",
        {"file": "openapi/stuut.yaml", "line": "120", "title": "stuut.send-sms/200/status:enum"},
    )
    assert text.startswith("`queued` is no member (response body /status)")
    assert [one[0] for one in found] == ["error", "warning", "error", "notice", "notice", "notice"]
    assert found[-1][2].startswith("broken: 57 exchanges")


@settings(max_examples=60)
@given(report=anything.reports)
def test_any_report_is_nothing_but_commands(report: Report) -> None:
    for kind, properties, _ in commands(render(report, "github")):
        assert kind in {"error", "warning", "notice"}
        assert set(properties) <= {"file", "line", "title"}


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_makes_no_other_command(text: str) -> None:
    harmless = [kind for kind, _, _ in commands(render(samples.with_text("x"), "github"))]
    assert [kind for kind, _, _ in commands(render(samples.with_text(text), "github"))] == harmless


def test_no_more_than_github_shows() -> None:
    many = replace(samples.FULL, findings=tuple(replace(samples.STATUS, clause=f"a.b/{n}") for n in range(25)))
    found = commands(render(many, "github"))
    assert sum(kind == "error" for kind, _, _ in found) == 10 + 1, "and what could not be read"
    assert ("notice", {"title": "more findings"}, "and 15 more errors") in found


def test_a_run_that_tells_nothing_is_an_error_too() -> None:
    (first, *_) = commands(render(samples.EMPTY, "github"))
    assert first == ("error", {"title": "smscontract: cannot-tell"}, "nothing was judged: there was no exchange")
    kept = replace(samples.EMPTY, verdict=Verdict.KEPT, exit_code=0, causes=())
    assert [kind for kind, _, _ in commands(render(kept, "github"))] == ["notice"]


def test_the_summary_is_added_to_the_file_that_the_runner_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    stream = io.StringIO()
    reports.write(samples.FULL, Destination("github", "-"), stream)
    assert file.read_text(encoding="utf-8") == "before\n" + render(samples.FULL, "markdown")
    assert commands(stream.getvalue())


def test_a_summary_is_never_larger_than_github_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    large = replace(samples.STATUS, asked="x" * 200_000)
    reports.write(replace(samples.FULL, findings=(large,) * 30), Destination("github", "-"), io.StringIO())
    assert 0 < (tmp_path / "summary.md").stat().st_size < 1_000_000


def test_a_summary_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(UnusableInput, match="summary cannot be written"):
        reports.write(samples.FULL, Destination("github", "-"), io.StringIO())


def test_without_a_runner_there_is_no_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)
    reports.write(samples.FULL, Destination("github", "-"), io.StringIO())
    assert list(tmp_path.iterdir()) == []
