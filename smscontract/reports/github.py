"""The report in GitHub Actions: annotations as workflow commands, and a summary of the job where the runner wants one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from smscontract.errors import UnusableInput
from smscontract.findings import FindingGroup, Report
from smscontract.plain import count_of, printable
from smscontract.reports import _imprint, _markdown

__all__ = ["beside", "render"]

_SHOWN = 10  # of each kind: GitHub shows no more of one step
_FINDINGS = 20  # in the summary
_LARGEST = 1_000_000  # bytes; GitHub refuses a summary of more than a mebibyte


def render(report: Report) -> str:
    """One workflow command a line, the verdict last."""
    return "".join(f"{command}\n" for command in _commands(report))


def beside(report: Report) -> None:
    """Adds the summary to the file that `GITHUB_STEP_SUMMARY` names, if it names one.

    Raises:
        UnusableInput: it cannot be written.
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    for limit in (_FINDINGS, 0):
        text = "\n".join(_markdown.lines(report, limit)).rstrip("\n") + "\n"
        if len(text.encode()) <= _LARGEST:
            break
    try:
        with Path(file).open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise UnusableInput(f"the job's summary cannot be written: {error.strerror or error}", file=file) from error


def _commands(report: Report) -> Iterator[str]:
    for kind, some in (
        ("error", [one for one in report.findings if one.fails]),
        ("warning", [one for one in report.findings if not one.fails and not one.known]),
    ):
        yield from (_finding(kind, one) for one in some[:_SHOWN])
        if len(some) > _SHOWN:
            yield _command("notice", f"and {count_of(len(some) - _SHOWN, f'more {kind}')}", title="more findings")
    if known := sum(bool(one.known) for one in report.findings):
        yield _command("notice", f"{count_of(known, 'finding')}, accepted by the baseline", title="known")
    for gone in [one for one in report.known if one.status == "gone"][:_SHOWN]:
        yield _command("notice", f"{gone.fingerprint} is not broken any more", title="gone", file=gone.file, line=gone.line)
    for change in report.changes[:_SHOWN]:
        text = f"{change.before} is now {change.after}, {count_of(change.count, 'case')}"
        yield _command("notice", text, title=f"changed: {change.place}")
    for problem in report.problems[:_SHOWN]:
        text = "; ".join(part for part in (problem.message, problem.hint) if part)
        yield _command("error", text, title="could not be read", file=problem.file, line=problem.line or 0)
    for new in report.new[:_SHOWN]:
        yield _command("notice", f"{new.kind}, {count_of(new.count, 'time')}", title=f"new: {new.place}")
    if report.exit_code and not any(one.fails for one in report.findings):
        yield from (_command("error", cause, title=f"smscontract: {report.verdict}") for cause in report.causes[:_SHOWN])
    told = ", ".join(f"{name} {value}" for name, value in _imprint.properties(report))
    yield _command(
        "notice", f"{_markdown.sentence(report)}; {told}" if told else _markdown.sentence(report), title="smscontract"
    )


def _finding(kind: str, one: FindingGroup) -> str:
    says = f"{one.message} ({one.part} {one.pointer}): expected {one.expected}, got {one.got}. Promised: {one.says}"
    words = f'. In the provider\'s words: "{" ".join(one.quote.split())}"' if one.quote else ""
    seen = f". Seen {count_of(one.count, 'time')}, first in {one.first.origin}"
    return _command(kind, says + words + seen, title=one.clause, file=one.file, line=one.line)


def _command(kind: str, text: str, *, title: str, file: str = "", line: int = 0) -> str:
    properties = {"file": file, "line": str(line) if file and line else "", "title": title}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return printable(text, 4000).replace("%", "%25")


def _property(text: str) -> str:
    return printable(text, 400).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
