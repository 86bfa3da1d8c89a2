"""A run that was killed is finished from its journal: nothing that was sent is sent again, and one report tells of all."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smscontract.cli import run as command
from tests.gate.server import HANG, Reply, Seen, Server


@pytest.fixture
def staging(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    server.offers = False
    monkeypatch.chdir(tmp_path)
    return server


def prepared(server: Server, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = server.handed[provider]
    monkeypatch.setenv("GATE_TEST_TOKEN", handed["token"])
    Path("resources.json").write_text(json.dumps(handed["resources"]))
    Path("smscontract.toml").write_text(
        f'[targets.staging]\nprovider = "{provider}"\nurl = "{server.url}"\ntoken = "${{GATE_TEST_TOKEN}}"\n'
        'resources = "resources.json"\ndrafts-are-safe = true\njournal = "run.journal"\nmax-time = "600s"\n'
    )


def plan_of(arrived: list[Seen]) -> list[Seen]:
    return [seen for seen in arrived if "/conversations/" not in seen.target]


def killed(server: Server, at: int, *more: str) -> None:
    """Starts the gate and kills it while request `at` is waiting for its answer."""
    reached = threading.Event()

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == at:
            answer()  # what was asked for was done; only the answer is lost
            reached.set()
            return HANG
        return answer()

    server.behave = behave
    arguments = ["gate", "staging", *more]
    process = subprocess.Popen(
        [sys.executable, "-c", f"from smscontract.cli import main; main({arguments!r})"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert reached.wait(120)
    process.send_signal(signal.SIGKILL)
    assert process.wait(120) == -signal.SIGKILL
    server.behave = lambda _, answer: answer()


def resumed(*more: str) -> tuple[int, dict[str, Any]]:
    code = command(["gate", "staging", "--resume", "run.journal", "--report", "json:report.json", *more])
    return int(code), json.loads(Path("report.json").read_bytes())


@pytest.mark.parametrize(("provider", "at"), [("stuut", 17), ("bland", 17), ("bland", 1)])
def test_after_a_kill_nothing_is_sent_again(
    staging: Server, provider: str, at: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(staging, provider, monkeypatch)
    killed(staging, at, "--fuzz", "0", "--max-requests", "80")
    before = list(staging.arrived)
    assert len(before) == at
    code, report = resumed()
    after = plan_of(staging.arrived[at:])
    told = capsys.readouterr()
    assert code == 0, told
    assert "1 request interrupted while waiting: not judged" in told.out
    # What the plan sends twice on purpose is sent twice in all.
    whole = Counter((seen.target, seen.body, seen.header("authorization")) for seen in [*plan_of(before), *after])
    staging.reset()
    prepared(staging, provider, monkeypatch)
    Path("run.journal").unlink()
    assert command(["gate", "staging", "--fuzz", "0", "--max-requests", "80"]) == 0
    once = Counter((seen.target, seen.body, seen.header("authorization")) for seen in plan_of(staging.arrived))
    assert sum(whole.values()) in {80, 81}  # the one that was interrupted is not in the budget of the second
    changed = {key for key, count in whole.items() if count > max(once[key], 1)}
    assert not {key for key in changed if b"smscontract_run" not in key[1]}
    assert report["requests"] == sum(whole.values()) - 1


@pytest.mark.campaign
def test_fuzzing_goes_on_where_it_stopped(staging: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(staging, "bland", monkeypatch)
    killed(staging, 250, "--max-requests", "280")
    before = list(staging.arrived)
    code, report = resumed()
    assert code == 0
    bodies = Counter(seen.body for seen in plan_of(staging.arrived) if len(seen.body) > 20)
    assert len(before) == 250
    assert 250 < report["requests"] <= 280
    # The one that hung is not repeated.
    hung = before[-1]
    assert bodies[hung.body] == 1 or Counter(seen.body for seen in before)[hung.body] > 1
    staging.reset()
    prepared(staging, "bland", monkeypatch)
    Path("run.journal").unlink()
    assert command(["gate", "staging", "--max-requests", "280", "--report", "json:whole.json"]) == 0
    whole = json.loads(Path("whole.json").read_text("utf-8"))["requests"]
    assert report["requests"] in {whole - 1, whole}


def test_a_break_before_the_kill_is_in_the_report_after_it(
    staging: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(staging, "stuut", monkeypatch)
    whole = staging.app.stuut.answer
    broken: list[int] = []

    def answer(ask: Any) -> Any:
        found = whole(ask)
        if found.status == 200 and not broken:
            broken.append(1)
            found.body["is_automated"] = "yes"
        return found

    monkeypatch.setattr(staging.app.stuut, "answer", answer)
    killed(staging, 9, "--fuzz", "0")
    assert broken
    code, report = resumed()
    assert code == 1, capsys.readouterr()
    assert [one["clause"] for one in report["findings"]] == ["stuut.send-sms/200/is_automated:type"]


def test_what_the_journal_holds(staging: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(staging, "bland", monkeypatch)
    token = os.environ["GATE_TEST_TOKEN"]
    seen_first: list[bool] = []

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        # It is on the disk before it is here.
        lines = Path("run.journal").read_text().splitlines()
        seen_first.append(sum('"sending"' in line for line in lines) >= seen.number)
        reply = answer()
        return reply.with_json({**reply.json, "echo": token}) if seen.number == 5 else reply

    staging.behave = behave
    assert command(["gate", "staging", "--fuzz", "0", "--max-requests", "30"]) in {0, 1}
    assert len(seen_first) >= 30
    assert all(seen_first)
    raw = Path("run.journal").read_bytes()
    assert token.encode() not in raw
    assert token[:12].encode() not in raw
    assert stat.S_IMODE(Path("run.journal").stat().st_mode) == 0o600
    assert json.loads(raw.splitlines()[-1]) == {"ended": True}


def test_a_torn_end_is_no_harm(staging: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(staging, "bland", monkeypatch)
    killed(staging, 20, "--fuzz", "0", "--max-requests", "40")
    raw = Path("run.journal").read_bytes()
    Path("run.journal").write_bytes(raw[:-7])
    count = len(staging.arrived)
    assert command(["gate", "staging", "--resume", "run.journal", "--seed", "9"]) == 2, "another plan is another run"
    assert len(staging.arrived) == count
    code, _ = resumed()
    assert code == 0
    assert len(plan_of(staging.arrived[count:])) in {20, 21}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the journal cannot be read"),
        (b"", "no journal of a run"),
        (b'{"smscontract": "exchanges"}\n', "no journal of a run"),
        (b"\xff\xfe\n", "no journal of a run"),
        (b'{"smscontract": "journal", "version": 99, "settings": {}}\n', "of another version"),
        (
            b'{"smscontract": "journal", "version": 3, "settings": {"provider": "stuut"}}\n',
            "the key of the journal is not there",
        ),
    ],
)
def test_what_is_no_journal(
    staging: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    says: str,
) -> None:
    prepared(staging, "bland", monkeypatch)
    if content is not None:
        Path("run.journal").write_bytes(content)
    assert command(["gate", "staging", "--resume", "run.journal"]) == 2
    assert says in capsys.readouterr().err
    assert staging.arrived == []


def test_a_journal_is_that_of_one_target_and_opens_with_its_own_key_alone(
    staging: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Path("run.journal.key")
    prepared(staging, "bland", monkeypatch)
    killed(staging, 3, "--fuzz", "0", "--max-requests", "10")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    count, mine = len(staging.arrived), key.read_bytes()
    for other, says in ((mine[::-1], "the key is that of another journal"), (b"short", "this is no key of a journal")):
        key.write_bytes(other)
        assert command(["gate", "staging", "--resume", "run.journal"]) == 2
        assert says in capsys.readouterr().err
    key.write_bytes(mine)
    prepared(staging, "stuut", monkeypatch)
    assert command(["gate", "staging", "--resume", "run.journal"]) == 2
    assert "another provider" in capsys.readouterr().err
    assert len(staging.arrived) == count
    prepared(staging, "bland", monkeypatch)
    assert resumed()[0] == 0
    assert not key.exists(), "nothing is left to be finished"
    assert command(["gate", "staging", "--resume", "run.journal"]) == 2
    assert "begin a new one" in capsys.readouterr().err


def test_the_key_stays_while_something_is_left_to_be_finished(
    staging: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(staging, "bland", monkeypatch)
    whole = staging.behave

    def interrupted(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return answer()

    staging.behave = interrupted
    assert command(["gate", "staging", "--fuzz", "0", "--max-requests", "20"]) == 130
    staging.behave = whole
    assert Path("run.journal.key").exists()
    assert resumed()[0] == 0
    assert "interrupted" not in capsys.readouterr().err


def test_a_journal_needs_a_target_that_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["gate", "stuut", "--journal", str(tmp_path / "x"), "--fuzz", "0"]) == 2
    assert "outlives the run" in capsys.readouterr().err
