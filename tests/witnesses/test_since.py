"""The first of many recordings that shows something, found by reading few."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import smscontract.since as since_module
from smscontract import cli
from smscontract.errors import UsageError
from smscontract.judge import Judge
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


def dated(folder: Path, days: dict[str, int], changed: int, untimed: Collection[int] = ()) -> None:
    """A recording of each day under the name given."""
    folder.mkdir()
    for name, day in days.items():
        answer = {"modified_at": None if day >= changed else "2026-11-20T11:00:00Z"}
        some = [made(STUUT, step=1440 * day + minute, answer=answer) for minute in range(2)]
        if day in untimed:
            some = [made(STUUT, sent_at=None, received_at=None)]
        (folder / name).write_bytes(jsonl.header("test") + b"".join(map(jsonl.dumps, some)))


def name_of(day: int, form: str = "%Y-%m-%d") -> str:
    first = made(STUUT, step=1440 * day).sent_at
    assert first is not None
    return f"log-{datetime.fromtimestamp(first, UTC).strftime(form)}.jsonl"


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d %Y%m%d", "%Y-%m-%dT%H"])
@pytest.mark.parametrize("changed", [0, 1, 13, 29, 30])
def test_only_those_are_opened_that_are_read_where_names_tell_the_day(
    changed: int, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untimed = {29, 7, 14} - {changed}
    dated(tmp_path / "x", {name_of(day, form): day for day in range(30)}, changed, untimed)
    opened: list[str] = []
    first_time = since_module._first_time

    def watched(judge: Judge, operation: str, file: str, how: Mapping[str, Any]) -> float | None:
        opened.append(file)
        return first_time(judge, operation, file, how)

    monkeypatch.setattr(since_module, "_first_time", watched)
    found = since(core.judge(), STUUT, "got.modified_at", [str(tmp_path / "x")], "null")
    shown = next((day for day in range(changed, 30) if day not in untimed), None)
    assert (found.first.file if found.first else None) == (
        None if shown is None else str(tmp_path / "x" / name_of(shown, form))
    )
    hidden = [day for day in range(min(changed, 30)) if day not in untimed]
    assert found.before == (str(tmp_path / "x" / name_of(hidden[-1], form)) if hidden else None)
    assert len(opened) <= 3 + math.log2(30) + len(untimed)
    assert set(found.read) <= set(opened)


@pytest.mark.parametrize("wrong", ["shifted", "one without", "two of a day"])
def test_names_that_tell_no_day_or_another_are_not_believed(wrong: str, tmp_path: Path) -> None:
    days = {name_of(day): day for day in range(20)}
    if wrong == "shifted":
        days = {name_of((day + 9) % 20): day for day in range(20)}
    elif wrong == "one without":
        days["later.jsonl"] = 20
    else:
        days["b" + name_of(19)] = 20
    dated(tmp_path / "x", days, 13)
    found = since(core.judge(), STUUT, "got.modified_at", [str(tmp_path / "x")], "null")
    assert found.first is not None
    assert found.first.file == str(tmp_path / "x" / next(name for name, day in days.items() if day == 13))
    assert len(set(found.read)) == len(found.read)
    assert found.recordings == len(days)
