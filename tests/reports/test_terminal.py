from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from smscontract.findings import NewGroup, NewKind, NotJudgedGroup, OperationSummary, Report, Unmatched, Verdict
from smscontract.reports import terminal
from tests.reports import samples

#: Lines that are made to be pasted, and so are never broken.
PASTED = ("  again ", "  curl  ", "  more  ")


class Window(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_every_line_fits_80_columns_but_what_is_pasted() -> None:
    lines = terminal.render(samples.FULL).splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith(PASTED)] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_long_sentence_wraps_below_its_beginning() -> None:
    finding = replace(samples.STATUS, message="word " * 40, got="a/very/long/path/" * 9)
    lines = terminal.render(replace(samples.FULL, findings=(finding,))).splitlines()
    assert sum(line.startswith("  word word") for line in lines) == 3
    assert "    got       " in {line[:14] for line in lines}
    assert "a/very/long/path/" * 9 in "\n".join(lines), "a word is never broken: it may be a path to copy"


def test_a_long_id_has_its_level_and_place_on_a_line_of_its_own() -> None:
    clause = "stuut.send-sms/200/" + "long/" * 12 + "id:type"
    lines = terminal.render(replace(samples.FULL, findings=(replace(samples.STATUS, clause=clause),))).splitlines()
    at = lines.index(clause)
    assert lines[at + 1] == "  must   2026-05.har entry 12"


def test_without_a_terminal_there_is_no_colour() -> None:
    stream = io.StringIO()
    terminal.write(samples.FULL, stream)
    assert stream.getvalue() == terminal.render(samples.FULL)


def test_a_terminal_shows_the_same_text_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    window = Window()
    terminal.write(samples.FULL, window)
    assert "\x1b[1;31mmust\x1b[0m" in window.getvalue()
    assert uncoloured(window.getvalue()) == terminal.render(samples.FULL)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    window = Window()
    terminal.write(samples.FULL, window)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", window.getvalue())


def test_a_wide_window_is_used_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    window = Window()
    terminal.write(samples.FULL, window)
    lines = uncoloured(window.getvalue()).splitlines()
    assert 80 < max(len(line) for line in lines) <= 120


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_markup_and_escapes_in_a_report_do_not_act(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    window = Window()
    terminal.write(samples.with_text(text), window)
    assert uncoloured(window.getvalue()) == terminal.render(samples.with_text(text))


def test_a_stream_that_cannot_write_everything_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    terminal.write(samples.with_text("Grüße 😀"), stream)
    stream.flush()
    assert rb"Gr\xfc\xdfe \U0001f600" in raw.getvalue()


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "newest answer less than a minute old"),
        (59, "newest answer less than a minute old"),
        (60, "newest answer 1 minute old"),
        (7_199, "newest answer 1 hour old"),
        (3 * samples.DAY + 5, "newest answer 3 days old"),
        (-2 * samples.DAY, "newest answer dated 2 days from now"),
        (None, "age of the newest answer unknown"),
        (float("nan"), "age of the newest answer unknown"),
        (-1e300, "age of the newest answer unknown"),
    ],
)
def test_the_age_of_the_newest_answer(seconds: float | None, says: str) -> None:
    newest = None if seconds is None else samples.NOON - seconds
    operation = OperationSummary(operation="a.b", exchanges=1, kept=0, broken=0, not_judged=0, new=0, newest=newest)
    assert f"a.b   1 exchange, {says}\n" in terminal.render(replace(samples.EMPTY, operations=(operation,), now=samples.NOON))


def test_one_reason_for_many_clauses_is_said_once() -> None:
    text = terminal.render(samples.FULL)
    assert text.count("whole history unknown") == 1
    assert "  5 clauses: whole history unknown\n" in text
    assert "    and 2 more\n" in text


def test_what_fails_comes_first_and_the_verdict_last() -> None:
    text = terminal.render(samples.FULL)
    assert text.index(samples.STATUS.clause) < text.index("WARNINGS") < text.index(samples.DELIVERED.clause)
    assert text.splitlines()[-1] == "broken: 57 exchanges, 38 clauses judged, 1 broken, 1 warning (exit code 1)"


def test_requests_are_told_where_any_could_be_sent() -> None:
    last = terminal.render(replace(samples.FULL, requests=41)).splitlines()[-1]
    assert last.startswith("broken: 57 exchanges, 41 requests sent, ")


def test_a_live_finding_has_its_curl_line_unbroken() -> None:
    curl = "curl -H 'authorization: $TOKEN' " + "x" * 100
    assert f"  curl  {curl}\n" in terminal.render(replace(samples.FULL, findings=(replace(samples.STATUS, curl=curl),)))


def test_long_sections_are_cut_and_say_so() -> None:
    many = replace(
        samples.FULL,
        findings=tuple(replace(samples.STATUS, clause=f"a.b/{number}") for number in range(60)),
        new=tuple(NewGroup(place=f"a.b/{n}", kind=NewKind.FIELD, count=1, first=samples.entry(n)) for n in range(25)),
        not_judged=tuple(NotJudgedGroup(clause=f"a.b/c{n}", reason=f"reason {n}", count=1) for n in range(23)),
        unmatched=tuple(Unmatched(shape=f"GET /{n}", count=1) for n in range(22)),
        problems=samples.FULL.problems * 21,
    )
    text = terminal.render(many)
    for rest in (10, 5, 3, 2, 1):
        assert f"and {rest} more; `--report json:FILE` has them all\n" in text


def test_a_report_of_a_kept_contract_is_short() -> None:
    kept: Report = replace(samples.EMPTY, verdict=Verdict.KEPT, exit_code=0, causes=(), exchanges=1, judged_clauses=9)
    assert terminal.render(kept) == "kept: 1 exchange, 9 clauses judged, 0 broken (exit code 0)\n"


def test_rich_is_loaded_for_terminals_only() -> None:
    code = (
        "import io, sys; from smscontract.reports import terminal; from tests.reports import samples;"
        "terminal.write(samples.FULL, io.StringIO()); sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_clause_of_two_reasons_is_counted_once() -> None:
    found = tuple(
        NotJudgedGroup(clause=f"stuut.send-sms/rule/{name}", reason=reason, count=1)
        for name, reason in (("a", "budget"), ("a", "overlapping"), ("b", "overlapping"), ("c", "overlapping"))
    )
    text = terminal.render(replace(samples.FULL, findings=(), not_judged=found))
    assert "NOT JUDGED  3 clauses" in text
    assert "  3 clauses: overlapping" in text
    assert "budget" not in text
