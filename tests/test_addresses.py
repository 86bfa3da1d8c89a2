"""Credentials in the URLs of recordings: in no report, whoever is asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from smscontract import cli
from smscontract.addresses import without_credentials
from smscontract.findings import Problem
from smscontract.mask import Masker
from tests.recordings.reading import line

URL = "memory://bob:hunter2-Canary@bucket/it's/x.jsonl?X-Amz-Signature=Canary0123456789abcdef0123456789abcdef"
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


def test_what_holds_none_stays_as_it_is() -> None:
    value = {"a": [Problem(message="m", file="s3://bucket/2026-11-20/14155550100.jsonl", line=1)]}
    assert without_credentials(value, Masker().url) is value


def test_of_two_urls_one_of_which_begins_with_the_other_both_are_masked() -> None:
    names = ["https://h/x?a=Canary", "https://h/x?a=Canary&b=Canary2"]
    told = without_credentials([f"see {name}" for name in reversed(names)], Masker().url, names)
    assert not [one for one in told if "Canary" in one]
