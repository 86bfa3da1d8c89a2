"""Since when a place has shown what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli, ledger_file
from smscontract import ledger as ledger_module
from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.ledger import Ledger
from smscontract.recordings import jsonl, read
from smscontract.reported import reported
from smscontract.summary import Summary
from smscontract.timeline import Timeline, timeline
from tests import core
from tests.witnesses import samples

NOON = 1_795_176_000.0  # 2026-11-20T12:00:00Z
DAY = 86_400.0

HISTORY = [
    samples.message(status="sent", modified_at="2026-11-20T11:00:00Z", sent_at=None),
    samples.message(status="quokka", modified_at="2026-11-20T11:00:00Z", sent_at=None),
    samples.message(status="delivered", modified_at=None),
    samples.message(status="sent", modified_at=...),
    core.refused(core.STUUT, 404),
    samples.message(status="sent", modified_at=None),
    core.made(core.BLAND),
]
TIMES = [NOON, NOON + 3600, NOON + DAY, NOON + 2 * DAY, NOON + 2 * DAY, None, NOON]


def dated() -> list[Exchange]:
    return [
        replace(one, sent_at=None if time is None else time - 1, received_at=time)
        for one, time in zip(HISTORY, TIMES, strict=True)
    ]


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "days.jsonl"
    path.write_bytes(b"".join([jsonl.header("test"), *map(jsonl.dumps, dated())]))
    return str(path)


def counted(exchanges: list[Exchange]) -> Ledger:
    summary = Summary(core.judge())
    for one in exchanges:
        summary.add(one)
    reported(summary, now=1.0)
    return summary.ledger


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    path = str(tmp_path / "days.json")
    ledger_file.write(path, counted(dated()), core.shipped())
    return path


def line(place: str, *paths: str, where: tuple[str, ...] = (), by: str = "day") -> Timeline:
    return timeline(core.judge(), core.STUUT, place, paths, where=where, by=by)


def plain(found: Timeline) -> dict[str, dict[str, int]]:
    return {period: dict(counts) for period, counts in sorted(found.periods.items())}


def test_kinds_by_day(recording: str) -> None:
    found = line("got.modified_at", recording)
    assert plain(found) == {
        "2026-11-20": {"value": 2},
        "2026-11-21": {"null": 1},
        "2026-11-22": {"absent": 1},
        "undated": {"null": 1},
    }
    assert found.answers == Counter({"2026-11-20": 2, "2026-11-21": 1, "2026-11-22": 1, "undated": 1})
    assert {kind: (one.time, one.line) for kind, one in found.first.items()} == {
        "value": ("2026-11-20T12:00:00Z", 2),
        "null": ("2026-11-21T12:00:00Z", 4),
        "absent": ("2026-11-22T12:00:00Z", 5),
    }
    assert found.never == []


def test_kinds_by_hour(recording: str) -> None:
    found = line("got.status", recording, by="hour")
    assert plain(found)["2026-11-20T12"] == {"member:sent": 1}
    assert plain(found)["2026-11-20T13"] == {"other": 1}
    assert found.never == [f"member:{one}" for one in ("draft", "pending", "failed", "undelivered")]


def test_where_picks_answers(recording: str) -> None:
    assert plain(line("got.modified_at", recording, where=("got.status=sent",))) == {
        "2026-11-20": {"value": 1},
        "2026-11-22": {"absent": 1},
        "undated": {"null": 1},
    }
    both = ("got.status=sent", "got.modified_at=null")
    assert plain(line("code", recording, where=both)) == {"undated": {"200": 1}}
    assert plain(line("code", recording, where=("code=4XX",))) == {"2026-11-22": {"404": 1}}
    assert plain(line("code", recording, where=("code=404",))) == {"2026-11-22": {"404": 1}}
    assert plain(line("got.status", recording, where=("got.modified_at=value",)))["2026-11-20"]["other"] == 1


@pytest.mark.parametrize(
    "place", ["got.modified_at", "got.status", "code", "got.classifications[*].language", "got.classifications"]
)
@pytest.mark.parametrize("where", [(), ("got.status=sent",), ("code=2XX",), ("got.sent_at=null", "code=200")])
def test_a_ledger_tells_the_same_as_its_recording(recording: str, ledger: str, place: str, where: tuple[str, ...]) -> None:
    one, two = line(place, recording, where=where), line(place, ledger, where=where)
    assert (one.periods, one.answers, one.kinds, one.never) == (two.periods, two.answers, two.kinds, two.never)
    assert {kind: (first.time or "")[:10] for kind, first in one.first.items()} == {
        kind: first.time or "" for kind, first in two.first.items()
    }
    assert {first.line for first in two.first.values()} <= {None}
    assert two.untold == 0


def test_beyond_the_limit_of_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recording: str) -> None:
    monkeypatch.setattr(ledger_module, "KEPT_PER_DAY", 1)
    path = str(tmp_path / "small.json")
    ledger_file.write(path, counted(dated()), core.shipped())
    whole = line("got.modified_at", recording)
    assert line("got.modified_at", path).periods == whole.periods
    assert line("code", path, where=("code=2XX",)).periods == line("code", recording, where=("code=2XX",)).periods
    found = line("got.modified_at", path, where=("got.status=sent",))
    assert found.untold > 0
    known = line("got.modified_at", recording, where=("got.status=sent",))
    assert known.answers.total() - found.answers.total() <= found.untold


def test_recordings_and_ledgers_together(recording: str, ledger: str) -> None:
    found = line("got.modified_at", ledger, recording)
    assert found.answers.total() == 2 * 5
    assert found.first["value"].line == 2, "a recording knows more of a day than a ledger"


def test_items_show_several_kinds(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    both = core.made(core.STUUT, answer={"classifications": [_item(language="en"), _item(language=None)]})
    path.write_bytes(jsonl.header("test") + jsonl.dumps(both))
    found = line("got.classifications[*].language", str(path))
    assert [dict(counts) for counts in found.periods.values()] == [{"null": 1, "value": 1}]
    assert found.answers.total() == 1
    assert found.never == ["absent"]


def _item(**changes: object) -> dict[str, object]:
    plain_item = {"created_at": "2026-11-20T11:00:00Z", "id": "c", "classification": "payment_inquiry", "reason": "quokka"}
    return {**plain_item, "is_action_required": False, "is_reply_required": False, "object": "x", **changes}


def test_other_places_of_a_recording(recording: str) -> None:
    assert set(line("sent", recording).kinds) == {"absent"}
    assert set(line("auth", recording).kinds) <= {"good", "absent", "wrong"}
    assert set(line("path.sms_id", recording).kinds) == {"value"}
    assert line("got.detail", recording).kinds == ["absent", "value"], "of the refusal, undeclared"


def test_a_place_that_is_not_declared_is_said_to_be(recording: str) -> None:
    with pytest.raises(UsageError, match=r"`got.modifed_at` is not declared, and no answer shows it") as caught:
        line("got.modifed_at", recording)
    assert (caught.value.hint or "").startswith("did you mean `got.modified_at`")
    (note,) = line("got.detail", recording).notes
    assert note.startswith("`got.detail` is not declared")
    assert line("got.modified_at", recording).notes == []


@pytest.mark.parametrize(
    ("place", "where", "message"),
    [
        ("status", (), "is no place"),
        ("got.status", ("got.status",), "is no condition"),
        ("got.status", ("got.status=sendt",), "cannot be asked for this"),
        ("got.status", ("got.body=quokka",), "cannot be asked for this"),
        ("got.status", ("code=2000",), "is no status"),
        ("got.status", ("nowhere.x=null",), "is no place"),
    ],
)
def test_what_cannot_be_asked(recording: str, place: str, where: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        line(place, recording, where=where)
    assert "quokka" not in str(error.value)


def test_what_no_ledger_can_tell(ledger: str) -> None:
    with pytest.raises(UsageError, match="ledgers count by day"):
        line("got.status", ledger, by="hour")
    for place, where in (("sent", ()), ("got.detail", ()), ("got.status", ("auth=good",))):
        with pytest.raises(UsageError, match="no ledger knows"):
            line(place, ledger, where=where)


@pytest.mark.parametrize("shape", ["text", "json"])
def test_an_interruption_tells_what_was_read(
    recording: str, shape: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*words: Any, **said: Any) -> Iterator[Exchange | Problem]:
        yield from islice(read(*words, **said), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr("smscontract.timeline.read", stopped)
    assert cli.run(["timeline", core.STUUT, "got.status", recording, "--format", shape]) == 130
    out = capsys.readouterr().out
    assert "interrupted" in out
    assert "2026-11-20" in out
    assert "2026-11-21" not in out
    assert cli.run(["timeline", core.STUUT, "got.status", recording, "--bisect", "sent"]) == 130
