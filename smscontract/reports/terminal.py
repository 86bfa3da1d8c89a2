"""The report for people: plain text that fits 80 columns; on a terminal the same text with colour."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from smscontract.findings import FindingGroup, OperationSummary, Report, Verdict, Where
from smscontract.plain import count_of, printable, utc
from smscontract.policy import UNREAD
from smscontract.reports import _imprint, _lines, _witnesses

__all__ = ["Line", "finding", "lines", "render", "write"]

#: One line: pieces of text, each with the name of its style.
Line = Sequence[tuple[str, str]]

_WIDTH = 80
_WIDEST = 120  # longer lines are hard to read, however wide the window
_SHOWN = 50  # findings; a report file has them all
_LISTED = 20  # rows of the other sections
_NAMED = 3  # clauses that share one reason
_LONGEST = 600  # characters of one value or sentence

_SOURCES = {
    "page": "said on the provider's page",
    "docs": "said in the provider's documents",
    "sibling": "said of another endpoint of the provider",
    "http": "asked for by HTTP or JSON",
}

_COLOURS = {
    "title": "bold",
    "clause": "bold",
    "bad": "bold red",
    "warn": "yellow",
    "good": "bold green",
    "dim": "dim",
}


def render(report: Report) -> str:
    """Plain text, 80 columns."""
    return "".join("".join(text for text, _ in line) + "\n" for line in lines(report, _WIDTH))


def write(report: Report, stream: TextIO) -> None:
    """Write to a stream: with colour and the window's width if it is a terminal, else as `render`."""
    encoding = stream.encoding or "utf-8"
    if not stream.isatty():
        stream.write(render(report).encode(encoding, "backslashreplace").decode(encoding))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    width = max(40, min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDEST))
    for line in lines(report, width):
        text = Text()
        for piece, style in line:
            text.append(piece.encode(encoding, "backslashreplace").decode(encoding), _COLOURS.get(style, ""))
        console.print(text, soft_wrap=True)


def lines(report: Report, width: int) -> Iterator[Line]:
    """The whole report, line by line."""
    failing = [one for one in report.findings if one.fails]
    others = [one for one in report.findings if not one.fails and not one.known]
    yield from _findings("BROKEN", "what the contract promises and the provider did not keep", failing, width)
    yield from _findings("WARNINGS", "broken too, at a level that does not fail this run", others, width)
    known = [(f"{one.count:>6}", one.fingerprint, one.known) for one in report.findings if one.known]
    yield from _rows("KNOWN", "broken, and accepted by the baseline", known, width)
    gone = [("", one.fingerprint, f"{one.file}:{one.line}") for one in report.known if one.status == "gone"]
    yield from _rows("GONE", "in the baseline and not broken any more: --baseline-prune takes it out", gone, width)
    changes = [
        (f"{one.count:>6}", one.place, f"{one.before} -> {one.after}, first in request {one.request}") for one in report.changes
    ]
    yield from _rows("CHANGED", f"against {printable(report.against)}; the contract allows both", changes, width)
    if report.against and not changes:
        yield [("UNCHANGED", "title"), (f"  against {printable(report.against)}", "dim")]
        yield []
    new = [(str(one.kind), one.place, f"{_times(one.count)}, first in {_where(one.first)}") for one in report.new]
    yield from _rows("NEW", "what the contract does not list, which alone breaks nothing", new, width)
    yield from _not_judged(report, width)
    unmatched = [(f"{one.count:>6}", one.shape, "") for one in report.unmatched]
    yield from _rows("FITS NO OPERATION", "counted by method and shape of the path, not judged", unmatched, width)
    yield from _problems(report, width)
    if report.witness_details:
        yield from _witnesses.details(report.witnesses, width)
    for operation in report.operations:
        yield from _operation(operation, report, width)
        yield from _seen(operation.operation, report, width)
    if report.operations:
        yield []
    yield from _verdict(report, width)


def _findings(title: str, says: str, findings: list[FindingGroup], width: int) -> Iterator[Line]:
    if not findings:
        return
    yield [(title, "title"), (f"  {says}", "dim")]
    yield []
    for one in findings[:_SHOWN]:
        yield from finding(one, width)
        yield []
    if len(findings) > _SHOWN:
        yield [(f"and {len(findings) - _SHOWN} more; `--report json:FILE` has them all", "dim")]
        yield []


def finding(one: FindingGroup, width: int) -> Iterator[Line]:
    """One finding, line by line."""
    clause, origin = _lines.inert(one.clause), printable(str(one.first.origin))
    style = "bad" if one.fails else "warn"
    gap = width - len(clause) - len(origin) - len(one.level) - 3
    if gap >= 2:
        yield [(clause, "clause"), (" " * gap, ""), (one.level, style), ("   " + origin, "")]
    else:
        yield [(clause, "clause")]
        yield [("  ", ""), (one.level, style), ("   " + origin, "")]
    yield from _wrapped("  ", _short(one.message), width)
    pointer = printable(one.pointer)
    yield [(f"  {printable(one.part)}   {pointer}".rstrip(), "")]
    yield from _wrapped("    expected  ", _short(one.expected), width)
    yield from _wrapped("    got       ", _short(one.got), width)
    yield from _wrapped("  says  ", _short(one.says), width)
    if one.quote:
        # A quote is verbatim in every report for programs; here the lines of the page would only be in the way.
        yield from _wrapped("  words ", f'"{_short(" ".join(one.quote.split()))}"', width)
    stated = f"stated at {printable(one.file)}:{one.line}" if one.file else ""
    notes = [_short(one.note), _SOURCES.get(one.source, printable(one.source)), stated]
    yield from _wrapped("  note  ", "; ".join(note for note in notes if note), width)
    if one.count > 1:
        seen = f"{_times(one.count)}, first in {_where(one.first)}, last in {_where(one.last)}"
        yield from _wrapped("  seen  ", seen, width)
    if one.source == "inferred":
        yield from _wrapped("  help  ", "the provider nowhere says so; if it is meant otherwise, `--ignore` this clause", width)
    # What can be pasted is never broken into lines.
    for label, commands in (("again", one.again), ("curl ", one.curl), ("more ", f"smscontract explain {one.clause}")):
        for command in commands.split("\n") if commands else ():
            yield [(f"  {label} ", "dim"), (printable(command), "")]


def _not_judged(report: Report, width: int) -> Iterator[Line]:
    """One paragraph for each reason: the same reason often holds for a hundred clauses."""
    # What was judged on some exchanges and not on others is told where it is looked for, in the reports for programs.
    judged = {*report.kept, *(one.clause for one in report.findings)}
    never = [one for one in report.not_judged if one.clause not in judged]
    if not never:
        return
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in never:
        reasons.setdefault((one.reason, one.hint), []).append(printable(one.clause))
    # A clause of several reasons stands under the one that it shares with most, so that the numbers add up.
    told: set[str] = set()
    for key in sorted(reasons, key=lambda one: -len(set(reasons[one]))):
        reasons[key] = [name for name in reasons[key] if name not in told]
        told.update(reasons[key])
    reasons = {key: names for key, names in reasons.items() if names}
    clauses = {one.clause for one in never}
    yield [("NOT JUDGED", "title"), (f"  {count_of(len(clauses), 'clause')}, neither kept nor broken here", "dim")]
    yield []
    for (reason, hint), mentions in list(reasons.items())[:_LISTED]:
        names = list(dict.fromkeys(mentions))
        yield from _wrapped("  ", f"{count_of(len(names), 'clause')}: {_short(reason)}", width)
        for name in names[:_NAMED]:
            yield [("    " + _lines.inert(name), "dim")]
        if len(names) > _NAMED:
            yield [(f"    and {len(names) - _NAMED} more", "dim")]
        if hint:
            yield from _wrapped("    help  ", _short(hint), width)
    yield from _more(len(reasons))
    yield []


def _problems(report: Report, width: int) -> Iterator[Line]:
    if not report.problems:
        return
    rest = "the rest was judged" if report.exchanges else "and nothing else was there"
    yield [("COULD NOT BE READ", "title"), (f"  {rest}", "dim")]
    yield []
    for one in report.problems[:_LISTED]:
        yield [(f"  {_lines.inert(one.place)}", "bad")]
        yield from _wrapped("    ", _short(one.message), width)
        if one.hint:
            yield from _wrapped("    help  ", _short(one.hint), width)
    yield from _more(len(report.problems))
    if report.command == "validate" and any(cause.endswith(UNREAD) for cause in report.causes):
        count = len(report.problems)
        yield from _wrapped(
            "  help  ", f"mend or leave out what cannot be read; `--allow-unreadable {count}` accepts as many", width
        )
    yield []


def _rows(title: str, says: str, rows: list[tuple[str, str, str]], width: int) -> Iterator[Line]:
    if not rows:
        return
    yield [(title, "title"), (f"  {says}", "dim")]
    yield []
    for left, middle, rest in rows[:_LISTED]:
        right = _short(rest)
        text = f"  {left:<6}  {_short(middle) if left else _lines.inert(_short(middle))}"
        if right and len(text) + 3 + len(right) > width:
            yield [(text, "")]
            yield [(f"          {_lines.inert(right)}", "dim")]
        else:
            yield [(text, ""), (f"   {right}" if right else "", "dim")]
    yield from _more(len(rows))
    yield []


def _more(count: int) -> Iterator[Line]:
    if count > _LISTED:
        yield [(f"  and {count - _LISTED} more; `--report json:FILE` has them all", "dim")]


def _operation(one: OperationSummary, report: Report, width: int) -> Iterator[Line]:
    age = _age(one.newest, report.now)
    yield [(printable(one.operation), "clause"), (f"   {count_of(one.exchanges, 'exchange')}, {age}", "")]
    yield [
        (f"  {count_of(one.kept, 'clause')} kept, ", ""),
        (f"{one.broken} broken", "bad" if one.broken else ""),
        (f", {one.not_judged} not judged, {one.new} new", ""),
    ]
    if one.tiers:
        for cost in _costs(one):
            yield from _wrapped("  ", cost, width)
    if by := _imprint.judged_by(report, one):
        yield [(f"  {_short(by)}", "dim")]
    for note in one.notes:
        yield [(f"  note  {_short(note)}", "warn")]


def _seen(operation: str, report: Report, width: int) -> Iterator[Line]:
    for one in report.witnesses:
        if one.operation == operation and one.points:
            yield [(f"  {_witnesses.summary_line(one, width - 2)}", "")]
            for note in one.notes:
                yield from _wrapped("  note  ", _short(note), width)


def _costs(one: OperationSummary) -> Iterator[str]:
    """What the run cost: requests by tier, fuzz cases by mode; resources used up."""
    tiers = ", ".join(f"{tier} {count}" for tier, count in one.tiers.items() if count)
    fuzzed = ", ".join(f"{count} {mode}" for mode, count in one.fuzzed.items())
    yield f"requests: {tiers}; fuzz cases executed: {fuzzed}" if fuzzed else f"requests: {tiers}"
    parts = [f"{count_of(one.spent, 'resource')} used up"] if one.spent else []
    if one.leashed:
        parts.append(f"{count_of(one.leashed, 'request')} stopped by the leash")
    if parts:
        yield "; ".join(parts)


def _verdict(report: Report, width: int) -> Iterator[Line]:
    if report.labels:
        yield from _wrapped("label ", _short(", ".join(f"{key}={value}" for key, value in report.labels)), width)
    for note in report.extra.get("notes", ()):
        yield from _wrapped("note ", _short(note), width)
    for cause in report.causes:
        yield from _wrapped("because ", _short(cause), width)
    sent = f", {count_of(report.requests, 'request')} sent" if report.requests is not None else ""
    sent += f" in {report.seconds:.1f} s" if report.seconds is not None else ""
    broken = {one.clause for one in report.findings if one.fails}
    warned = {one.clause for one in report.findings} - broken
    warnings = f", {count_of(len(warned), 'warning')}" if warned else ""
    style = "good" if report.verdict is Verdict.KEPT else "bad" if report.verdict is Verdict.BROKEN else "warn"
    yield [
        (str(report.verdict), style),
        (f": {count_of(report.exchanges, 'exchange')}{sent}, {count_of(report.judged_clauses, 'clause')} judged, ", ""),
        (f"{len(broken)} broken{warnings} (exit code {report.exit_code})", ""),
    ]


def _age(newest: float | None, now: float) -> str:
    if newest is None or utc(newest) is None:
        return "age of the newest answer unknown"
    seconds = abs(now - newest)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            age = count_of(int(seconds // size), unit)
            break
    else:
        age = "less than a minute"
    return f"newest answer {age} old" if newest <= now else f"newest answer dated {age} from now"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _where(where: Where) -> str:
    moment = utc(where.time)
    return printable(str(where.origin)) + (f" ({moment})" if moment else "")


def _short(text: str) -> str:
    return printable(text, _LONGEST)


def _wrapped(label: str, text: str, width: int) -> Iterable[Line]:
    """The text behind its label, further lines below its beginning; words (paths, tokens) are never broken."""
    indent = " " * len(label)
    broken = textwrap.wrap(text, max(20, width - len(label)), break_long_words=False, break_on_hyphens=False) or [""]
    style = "dim" if label.strip() else ""
    return [[(label if number == 0 else indent, style), (_lines.inert(part), "")] for number, part in enumerate(broken)]
