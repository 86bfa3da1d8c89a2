"""What holds for every format: found by its file, harmless with hostile text, written whole or not at all."""

from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings

from smscontract import reports
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Report
from tests.reports import anything, samples

EXPECTED = Path(__file__).with_name("expected")
FORMATS = sorted(reports.formats())


def test_the_formats() -> None:
    assert FORMATS == ["github", "html", "json", "junit", "markdown", "sarif", "terminal"]


@pytest.mark.parametrize("path", sorted(EXPECTED.iterdir()), ids=lambda path: path.name)
def test_a_whole_report_as_a_file(path: Path) -> None:
    """The file `SAMPLE.FORMAT` is what that sample looks like in that format."""
    report = {"full": samples.FULL, "empty": samples.EMPTY, "known": samples.KNOWN}[path.stem]
    assert reports.render(report, path.suffix[1:]) == path.read_text(encoding="utf-8")


def test_every_format_has_an_expected_file() -> None:
    """But the page for a person, which is looked at in a browser."""
    assert {path.name.partition(".")[2] for path in EXPECTED.iterdir()} == set(FORMATS) - {"html"}


def test_a_new_format_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "haiku_report.py").write_text("def render(report):\n    return f'{report.exchanges} calls\\n'\n")
    (tmp_path / "_private.py").write_text("raise RuntimeError('is not imported')\n")
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path)])
    assert reports.render(samples.FULL, "haiku") == "57 calls\n"
    assert sorted(reports.formats()) == sorted([*FORMATS, "haiku"])


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=40)
@given(report=anything.reports)
def test_any_report_renders_to_harmless_text(format: str, report: Report) -> None:
    text = reports.render(report, format)
    assert text.endswith("\n")
    assert text == reports.render(report, format)
    text.encode("utf-8")
    acting = {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}
    assert acting <= {"\n"}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_forges_no_line(format: str, text: str) -> None:
    """However often the text says so, no line of any format begins with what it smuggled in."""
    lines = reports.render(samples.with_text(text), format).splitlines()
    # What begins with two colons is a command in a build server's log, also where it is indented.
    if format != "github":  # which writes nothing else; see its own test
        assert not [line for line in lines if line.strip().startswith("::")]
    if format != "markdown":  # which has requests and answers as they are, between fences
        assert not [line for line in lines if line.startswith(("verdict: kept", "kept"))]
    harmless = reports.render(samples.with_text("x"), format).splitlines()
    if format != "terminal":  # there long sentences wrap
        # Request, answer and curl lines have lines of their own, indented.
        assert len(lines) <= len(harmless) + 4 * max(0, len(text.splitlines()) - 1)


def test_a_destination_is_a_format_and_a_path(tmp_path: Path) -> None:
    assert reports.destination("json:-") == reports.Destination("json", "-")
    colon = str(tmp_path / "a:b.xml")
    assert reports.destination(f"junit:{colon}") == reports.Destination("junit", colon)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("json", "names no file"),
        ("json:", "names no file"),
        (":x.json", "`` is no format of a report"),
        ("jsn:x.json", "did you mean `json`"),
        ("pdf:x.pdf", "there are `github`, `html`, `json`"),
        ("json:nowhere/report.json", "does not exist"),
        ("json:.", "names a folder"),
    ],
)
def test_a_wrong_destination_is_said_before_the_run(
    spec: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        reports.destination(spec)
    assert says in str(caught.value)


def test_a_report_is_written_to_its_file_or_to_the_stream(tmp_path: Path) -> None:
    stream, file = io.StringIO(), tmp_path / "report.json"
    file.write_text("old")
    reports.write(samples.FULL, reports.Destination("json", str(file)), stream)
    assert stream.getvalue() == ""
    reports.write(samples.FULL, reports.Destination("json", "-"), stream)
    assert file.read_text(encoding="utf-8") == stream.getvalue() == reports.render(samples.FULL, "json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_device_is_written_to_and_stays_a_device() -> None:
    reports.write(samples.FULL, reports.Destination("json", os.devnull), io.StringIO())
    assert not Path(os.devnull).is_file()


def test_a_report_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="the report cannot be written"):
        reports.write(samples.FULL, reports.Destination("json", str(tmp_path / "gone" / "report.json")), io.StringIO())
    folder = tmp_path / "report.json"
    folder.mkdir()
    with pytest.raises(UnusableInput, match="the report cannot be written"):
        reports.write(samples.FULL, reports.Destination("json", str(folder)), io.StringIO())
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
