"""The first of many recordings that shows something, found by reading few."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from smscontract import cli
from smscontract.errors import UsageError
from smscontract.recordings import jsonl
from smscontract.since import since
from tests import core
from tests.core import STUUT, made

COUNT = 40
CHANGED = 23


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording a day, the names in another order than the days, and some that say nothing of it."""
    path = tmp_path_factory.mktemp("days")
    for day in range(COUNT):
        shows = None if day >= CHANGED else "2026-11-20T11:00:00Z"
        some = [made(STUUT, step=1440 * day + minute, answer={"modified_at": shows}) for minute in range(3)]
        (path / f"{day * 17 % COUNT:02}.jsonl").write_bytes(jsonl.header("test") + b"".join(map(jsonl.dumps, some)))
    untimed = jsonl.dumps(made(STUUT, sent_at=None, received_at=None))
    (path / "undated.jsonl").write_bytes(jsonl.header("test") + untimed)
    (path / "other.jsonl").write_bytes(jsonl.header("test") + jsonl.dumps(made(core.BLAND)))
    return path


def test_the_first_is_found_by_reading_few(folder: Path) -> None:
    found = since(core.judge(), STUUT, "got.modified_at", [str(folder)], "null")
    assert found.first is not None
    assert found.first.file == str(folder / f"{CHANGED * 17 % COUNT:02}.jsonl")
    assert found.first.line == 2
    assert found.before == str(folder / f"{(CHANGED - 1) * 17 % COUNT:02}.jsonl")
    assert len(found.read) <= 2 + math.log2(COUNT)
    assert len(set(found.read)) == len(found.read)
    assert (found.recordings, found.untimed) == (COUNT, 2)


def test_what_is_there_from_the_beginning_and_what_never_is(folder: Path) -> None:
    always = since(core.judge(), STUUT, "got.status", [str(folder)], "delivered")
    assert always.first is not None
    assert always.first.file == str(folder / "00.jsonl")
    assert always.before is None
    never = since(core.judge(), STUUT, "got.status", [str(folder)], "draft")
    assert (never.first, len(never.read)) == (None, 1)


def test_the_command_says_what_it_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["timeline", STUUT, "got.modified_at", str(folder), "--bisect", "null"]
    assert cli.run(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("first null  2026-03-25T10:00:00Z  ") or "first null  2026-03-25" in out
    assert f"of {COUNT} recordings" in out
    assert "2 recordings without a time" in out
    assert cli.run([*words, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == COUNT


def test_what_cannot_be_asked_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        since(core.judge(), STUUT, "got.status", [str(folder)], "no such member")
    ledger = tmp_path / "l.json"
    ledger.write_text('{"smscontract": "ledger"}')
    with pytest.raises(UsageError, match="is a ledger"):
        since(core.judge(), STUUT, "got.status", [str(ledger)], "draft")
