"""Credentials in the URLs of recordings: in no report, whoever is asked for it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from smscontract import cli
from smscontract.addresses import without_credentials
from smscontract.findings import Problem
from smscontract.mask import Masker
from smscontract.part import Part
from tests.recordings.reading import line

URL = "memory://bob:hunter2-Canary@bucket/it's/x.jsonl?X-Amz-Signature=Canary0123456789abcdef0123456789abcdef"
CREATE = "https://api.bland.ai/v1/sms/create"
BROKEN = line(
    response={"status": 200, "headers": {"content-type": "application/json"}, "body": '{"data": 1}'},
    sent_at="2026-11-20T09:30:00Z",
)


@pytest.fixture(autouse=True)
def store() -> Iterator[None]:
    memory = fsspec.filesystem("memory")
    memory.pipe_file(URL.removeprefix("memory:/"), BROKEN + b"broken\n")
    yield
    memory.store.clear()


@pytest.mark.parametrize(
    "words",
    [
        ["validate"],
        ["validate", "--reveal"],
        ["drift"],
        ["drift", "--format", "json"],
        ["timeline", "bland.create-sms", "code"],
        ["timeline", "bland.create-sms", "code", "--format", "json"],
        ["timeline", "bland.create-sms", "code", "--bisect", "200"],
        ["map"],
    ],
)
def test_no_command_shows_them(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, URL]) in (0, 1, 2)
    told = capsys.readouterr()
    assert "bucket" in told.out
    assert "Canary" not in told.out + told.err


def test_no_report_shows_them(tmp_path: Path) -> None:
    forms = ["json", "junit", "html", "sarif", "markdown", "github"]
    words = [f"--report={form}:{tmp_path / form}" for form in forms]
    assert cli.run(["validate", URL, *words, "--baseline", str(tmp_path / "b.yaml"), "--baseline-update", "--reason", "x"]) == 2
    for path in tmp_path.iterdir():
        assert "Canary" not in path.read_text(encoding="utf-8"), path.name
    told = json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    assert told["findings"]
    assert [one["line"] for one in told["problems"]] == [2]


def test_no_report_of_shards_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY", "ab" * 32)
    part, key = str(tmp_path / "part"), ["--mask-key-env", "KEY"]
    assert cli.run(["validate", URL, "--shard", "1/1", "--part", part, *key]) == 1
    assert cli.run(["merge", part, *key]) == 1
    told = capsys.readouterr()
    assert told.out.count("bucket") > 2
    assert "Canary" not in told.out + told.err


def _unpacked(raw: bytes) -> str:
    """A part as text, its packed blocks, too."""
    _, _, rest = raw.partition(b"\n") if raw.startswith(b'{"smscontract"') else (b"", b"", raw)
    part = Part.loads(rest)
    assert part.problems
    return repr(part) + "".join(zlib.decompress(one).decode("utf-8", "replace") for one in (*part.facts, *part.rows))


def test_what_is_stored_holds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither findings nor problems, rows nor facts; what a later run makes of it is what the first one said."""
    rows = b"".join(
        line(request={"method": "POST", "url": CREATE, "json": {"user_number": number}}, sent_at=at)
        for number in ("+14155550101", "+14155550102")
        for at in ("2026-11-20T09:30:00Z", "2026-11-20T09:31:00Z", "2026-11-20T09:32:00Z")
    )
    fsspec.filesystem("memory").pipe_file(URL.removeprefix("memory:/"), BROKEN + rows + b"broken\n")
    folder, part = tmp_path / "results", tmp_path / "part"
    assert cli.run(["validate", URL, "--resume", str(folder), "--allow-unreadable", "1"]) == 1
    first = capsys.readouterr().out
    assert cli.run(["validate", URL, "--resume", str(folder), "--allow-unreadable", "1"]) == 1
    second = capsys.readouterr().out
    monkeypatch.setenv("KEY", "ab" * 32)
    assert cli.run(["validate", URL, "--shard", "1/1", "--part", str(part), "--mask-key-env", "KEY"]) == 1
    assert "1 piece known" in second
    assert _timeless(second) == _timeless(first)
    stored = [*(one for one in folder.rglob("*.part")), part]
    assert len(stored) == 2
    for one in stored:
        told = _unpacked(one.read_bytes())
        assert told.count("bucket") > 20, "in findings, in facts or rows, and in a problem"
        assert "Canary" not in told + one.read_bytes().decode("latin-1")


def test_what_a_store_says_is_stored_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(file: str, _: object) -> object:
        raise OSError(5, f"no access to {file}")

    monkeypatch.setattr("smscontract.recordings.opened", refused)
    monkeypatch.setenv("KEY", "ab" * 32)
    part = tmp_path / "part"
    assert cli.run(["validate", URL, "--shard", "1/1", "--part", str(part), "--mask-key-env", "KEY"]) == 2
    told = _unpacked(part.read_bytes())
    assert "no access to memory://" in told
    assert "Canary" not in told


def test_urls_are_found_wherever_a_report_names_a_file() -> None:
    """In values of values, though no user has named them so: a folder was."""
    problem = Problem(message="broken", file=URL)
    told = without_credentials(["see", URL, {"some": ({"more": [problem]},)}], Masker().url)
    assert "bucket" in repr(told)
    assert "Canary" not in repr(told)
    assert without_credentials([{"some": ("a", 1)}], Masker().url) == [{"some": ("a", 1)}]


def _timeless(report: str) -> str:
    without_note = re.sub(r"^note 1 piece known.*\n(?:  .*\n)*", "", report, flags=re.MULTILINE)
    return re.sub(r" in [0-9.]+ s\b", "", without_note)


def test_what_holds_none_stays_as_it_is() -> None:
    value = {"a": [Problem(message="m", file="s3://bucket/2026-11-20/14155550100.jsonl", line=1)]}
    assert without_credentials(value, Masker().url) is value


def test_of_two_urls_one_of_which_begins_with_the_other_both_are_masked() -> None:
    names = ["https://h/x?a=Canary", "https://h/x?a=Canary&b=Canary2"]
    told = without_credentials([f"see {name}" for name in reversed(names)], Masker().url, names)
    assert not [one for one in told if "Canary" in one]
