"""The report as Markdown, as GitHub and GitLab render it. What others wrote makes no markup, no link and no mention."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smscontract.findings import FindingGroup, Report, Where
from smscontract.plain import count_of, printable, utc
from smscontract.reports import _imprint, _lines

__all__ = ["code", "lines", "prose", "sentence"]

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&!$^])")
#: What renderers turn into a link or a mention by themselves.
_LIVELY = re.compile(r"(\S*(?:://|www\.|@|#[0-9]|GH-[0-9])\S*)", re.IGNORECASE)
_LISTED = 20
_NAMED = 5
_LONGEST = 1000


def code(text: str) -> str:
    """A text as code, whatever backticks are in it."""
    text = printable(text, _LONGEST)
    if not text.strip():
        return "(empty)"
    ticks = "`" * (_run(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" or text[0] == text[-1] == " " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def prose(text: str) -> str:
    """A sentence; what it has in backticks is code, the rest is plain. It has to stand behind something on its line."""
    parts = printable(text, _LONGEST).split("`")
    if len(parts) % 2 == 0:
        return _plain("`".join(parts))
    return "".join((code(part) if part else "") if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    pieces = (code(part) if index % 2 else _MARKS.sub(r"\\\1", part) for index, part in enumerate(_LIVELY.split(text)))
    return "".join(pieces)


def _run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _fenced(text: str, kind: str) -> Iterator[str]:
    body = _lines.block(text)
    fence = "`" * max(3, max(_run(line) for line in body) + 1)
    yield f"{fence}{kind}"
    yield from body
    yield fence


def sentence(report: Report) -> str:
    """`broken: 57 exchanges, 38 clauses judged, 1 broken, 1 warning`."""
    broken = {one.clause for one in report.findings if one.fails}
    warned = {one.clause for one in report.findings if not one.known} - broken
    sent = f", {count_of(report.requests, 'request')} sent" if report.requests is not None else ""
    warnings = f", {count_of(len(warned), 'warning')}" if warned else ""
    judged = count_of(report.judged_clauses, "clause")
    return f"{report.verdict}: {count_of(report.exchanges, 'exchange')}{sent}, {judged} judged, {len(broken)} broken{warnings}"


def lines(report: Report, limit: int | None = None) -> Iterator[str]:
    """The whole report.

    Args:
        limit: so many findings at most.
    """
    yield f"# smscontract: {report.verdict}"
    yield ""
    yield f"{sentence(report)} (exit code {report.exit_code})."
    yield ""
    for cause in report.causes:
        yield f"- because {prose(cause)}"
    for name, value in _imprint.properties(report):
        yield f"- {code(name)}: {code(value)}"
    yield ""
    shown = report.findings[:limit]
    for title, some in (
        ("Broken", [one for one in shown if one.fails]),
        ("Warnings", [one for one in shown if not one.fails and not one.known]),
    ):
        if some:
            yield from (f"## {title}", "")
            for one in some:
                yield from _finding(one)
    if len(report.findings) > len(shown):
        yield from (f"And {len(report.findings) - len(shown)} more findings.", "")
    yield from _rest(report)


def _finding(one: FindingGroup) -> Iterator[str]:
    yield f"### {code(one.clause)}"
    yield ""
    yield f"{one.level}: {prose(one.message)}"
    yield ""
    yield f"- place: {code(f'{one.part} {one.pointer}'.strip())}"
    yield f"- expected: {prose(one.expected)}"
    yield f"- got: {code(one.got)}"
    yield f"- says: {prose(one.says)}"
    if one.quote:
        yield f"- words: {prose(' '.join(one.quote.split()))}"
    stated = f", stated at {code(f'{one.file}:{one.line}')}" if one.file else ""
    yield f"- source: {prose(one.source)}{stated}"
    if one.note:
        yield f"- note: {prose(one.note)}"
    last = f", last in {_where(one.last)}" if one.count > 1 else ""
    yield f"- seen {count_of(one.count, 'time')}, first in {_where(one.first)}{last}"
    yield ""
    if one.again or one.curl or one.asked or one.answered:
        yield from ("<details><summary>Request, answer, and how to see it again</summary>", "")
        for text, kind in ((one.asked, "http"), (one.answered, "http"), (one.again, "sh"), (one.curl, "sh")):
            if text:
                yield from _fenced(text, kind)
                yield ""
        yield from ("</details>", "")


def _where(where: Where) -> str:
    moment = utc(where.time)
    return code(str(where.origin)) + (f" ({moment})" if moment else "")


def _rest(report: Report) -> Iterator[str]:
    if report.operations:
        yield from (
            "## Operations",
            "",
            "| operation | exchanges | kept | broken | not judged | new |",
            "|---|--:|--:|--:|--:|--:|",
        )
        for one in report.operations:
            # A bar would end the cell, in code too.
            name = code(one.operation).replace("|", "\\|")
            yield f"| {name} | {one.exchanges} | {one.kept} | {one.broken} | {one.not_judged} | {one.new} |"
        yield ""
    known = [f"- {code(one.fingerprint)}: {prose(one.known)}" for one in report.findings if one.known]
    yield from _section("Known and accepted", known)
    gone = [f"- {code(one.fingerprint)}, {code(f'{one.file}:{one.line}')}" for one in report.known if one.status == "gone"]
    yield from _section("In the baseline and not broken any more", gone)
    changes = [
        f"- {code(one.place)}: {code(one.before)} is now {code(one.after)}, {count_of(one.count, 'case')}"
        for one in report.changes
    ]
    yield from _section(f"Changed against {code(report.against)}, which the contract allows", changes)
    new = [f"- {one.kind} {code(one.place)}, {count_of(one.count, 'time')}" for one in report.new]
    yield from _section("New", new)
    yield from _section("Not judged", list(_not_judged(report)))
    yield from _section(
        "Fits no operation", [f"- {code(one.shape)}, {count_of(one.count, 'time')}" for one in report.unmatched]
    )
    problems = [
        f"- {code(one.place)}: {prose(one.message)}" + (f"; {prose(one.hint)}" if one.hint else "") for one in report.problems
    ]
    yield from _section("Could not be read", problems)


def _section(title: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield from (f"## {title}", "", *rows[:_LISTED])
        if len(rows) > _LISTED:
            yield f"- and {len(rows) - _LISTED} more"
        yield ""


def _not_judged(report: Report) -> Iterator[str]:
    judged = {*report.kept, *(one.clause for one in report.findings)}
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for one in report.not_judged:
        if one.clause not in judged:
            reasons.setdefault((one.reason, one.hint), {})[one.clause] = None
    for (reason, hint), names in reasons.items():
        some = ", ".join(code(name) for name in list(names)[:_NAMED])
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"- because {prose(reason)}: {some}{rest}" + (f"; {prose(hint)}" if hint else "")
