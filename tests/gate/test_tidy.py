"""After a run: what it made is read back and ended, however the run ends, and what was left open is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smscontract.cli import run as command
from smscontract.exchange import Exchange, Role
from smscontract.recordings import read
from tests.gate.run import broken, judge_of, run_on
from tests.gate.server import HANG, Reply, Seen, Server
from tests.gate.test_allowance import notes, staging
from tests.gate.test_journal import killed, prepared, resumed

Answer = Callable[[], Reply]


def is_beside(seen: Seen) -> bool:
    return "/conversations/" in seen.target


def left_open(server: Server) -> list[Any]:
    return [one for one in server.app.control.conversations().body["conversations"] if one["is_active"]]


def test_what_cleans_up_is_recorded_and_judged_by_nobody(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.jsonl"
    report = run_on([staging(server, "bland")], record=str(file), max_requests=60)
    beside = [seen for seen in server.arrived if is_beside(seen)]
    found = [one for one in read([str(file)]) if isinstance(one, Exchange)]
    tidying = [one for one in found if one.role is Role.TIDY]
    assert [one.request.method for one in tidying] == [seen.method for seen in beside]
    assert {one.request.method for one in tidying} == {"GET", "PATCH"}
    assert len({one.origin.case for one in tidying}) > 2
    assert len(found) == len(server.arrived)
    assert report.requests == report.exchanges == len(found) - len(tidying)
    assert command(["validate", str(file), "--report", f"json:{tmp_path / 'report.json'}"]) == 0
    told = json.loads((tmp_path / "report.json").read_bytes())
    assert (told["exchanges"], told["unmatched"]) == (report.exchanges, [])
    assert "/conversations/" not in capsys.readouterr().out
    judge = judge_of("bland")
    from smscontract.against import compared

    same = compared(judge, found, found)
    assert same.rows == ()
    assert same.cases <= len(found) - len(tidying)


@pytest.mark.parametrize("reply", [Reply(200, b"<html>"), Reply(500, b"{}"), Reply(200, b'{"data": [], "note": 5}')])
def test_no_clause_is_about_the_answers_of_what_cleans_up(server: Server, reply: Reply) -> None:
    server.behave = lambda seen, answer: reply if is_beside(seen) else answer()
    report = run_on([staging(server, "bland")], max_requests=60, fail_on="new")
    assert (report.exit_code, broken(report), report.new) == (0, {}, ())
    assert "left open" in notes(report) or "left alone" in notes(report)
    assert left_open(server), "what nobody knows to be ours is not ended"


def test_an_end_that_fails_is_said(server: Server) -> None:
    server.behave = lambda seen, answer: Reply(500, b"{}") if seen.method == "PATCH" and is_beside(seen) else answer()
    report = run_on([staging(server, "bland")], max_requests=60)
    assert "left open: the call that ends it failed" in notes(report)
    assert report.exit_code == 0


def interrupting(at: int, then: Callable[[Seen], Reply | None] = lambda _: None) -> Callable[[Seen, Answer], Reply]:
    def behave(seen: Seen, answer: Answer) -> Reply:
        if seen.number == at:
            os.kill(os.getpid(), signal.SIGINT)
        return (then(seen) if seen.number > at else None) or answer()

    return behave


def test_after_ctrl_c_too(server: Server) -> None:
    server.behave = interrupting(20)
    report = run_on([staging(server, "bland")])
    assert report.exit_code == 130
    # All but what the request made that was under way.
    assert len(left_open(server)) <= 1
    assert "of this run read back" in notes(report)
    assert "what the request under way made, if anything, nobody knows" in notes(report)


def test_who_does_not_answer_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.gate._tidy._HURRIED", (0.6, 0.2))
    server.behave = interrupting(30, lambda seen: HANG if is_beside(seen) else None)
    report = run_on([staging(server, "bland")])
    assert report.exit_code == 130
    assert "left open: not read back" in notes(report)
    assert sum(map(is_beside, server.arrived)) <= 5


def test_who_interrupts_twice_is_taken_at_his_word(server: Server) -> None:
    def behave(seen: Seen, answer: Answer) -> Reply:
        if seen.number == 20 or is_beside(seen):
            os.kill(os.getpid(), signal.SIGINT)
        return answer()

    server.behave = behave
    report = run_on([staging(server, "bland")])
    assert report.exit_code == 130
    assert "was not all ended" in notes(report)
    assert sum(map(is_beside, server.arrived)) <= 2


def test_after_sigterm_too(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.offers = False
    monkeypatch.chdir(tmp_path)
    prepared(server, "bland", monkeypatch)
    reached, sent = threading.Event(), threading.Event()

    def behave(seen: Seen, answer: Answer) -> Reply:
        if seen.number == 12:
            reached.set()
            sent.wait(60)
        return answer()

    server.behave = behave
    arguments = ["gate", "staging", "--fuzz", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", f"from smscontract.cli import main; main({arguments!r})"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert reached.wait(60)
    process.send_signal(signal.SIGTERM)
    sent.set()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"of this run read back" in out
    assert len(left_open(server)) <= 1


@pytest.mark.parametrize("at", [20, 53])
def test_what_a_killed_run_opened_is_ended_when_it_is_resumed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Killed while it sends the plan, or while it cleans up."""
    server.offers = False
    monkeypatch.chdir(tmp_path)
    prepared(server, "bland", monkeypatch)
    killed(server, at, "--fuzz", "0", "--max-requests", "50")
    assert left_open(server)
    assert is_beside(server.arrived[-1]) == (at > 50)
    code, report = resumed()
    assert code == 0
    assert len(left_open(server)) <= (at < 50)
    assert "read back" in "\n".join(note for one in report["operations"] for note in one["notes"])
