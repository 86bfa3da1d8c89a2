"""What a run may cost: requests, seconds, and a signal that ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smscontract.findings import Verdict
from smscontract.transport import Manners
from tests.gate.run import BLAND, STUUT, broken, run
from tests.gate.server import Reply, Seen, Server

PROVIDERS = [("stuut", STUUT), ("bland", BLAND)]


def shaky(seen: Seen, answer: Callable[[], Reply]) -> Reply:
    """Every tier gets its share: errors that repeat, errors that do not, refusals for the rate, a break to make small."""
    if seen.number % 7 == 3:
        return Reply(500, b"{}")
    if seen.number % 11 == 5:
        return Reply(429, b"{}")
    reply = answer()
    return reply.with_json({**reply.json, "object": 5}) if b"AGENT" in seen.body else reply


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 40, 120])
@pytest.mark.parametrize("fuzz", [0, None, 1000])
def test_the_budget_holds_for_every_tier(server: Server, provider: str, operation: str, limit: int, fuzz: int | None) -> None:
    server.behave = shaky
    report = run(provider, server.url, max_requests=limit, fuzz=fuzz)
    (summary,) = report.operations
    assert summary.operation == operation
    assert len(server.arrived) == sum(summary.tiers.values()) == report.requests == report.exchanges
    assert len(server.arrived) <= limit
    if limit <= 40:
        assert "budget" in {one.reason for one in report.not_judged}


def test_the_budget_is_of_each_operation() -> None:
    report = run("stuut", None, max_requests=7)
    assert [sum(one.tiers.values()) for one in report.operations] == [7]


def test_no_time_no_requests(server: Server) -> None:
    report = run("bland", server.url, max_time=0.0)
    assert (report.exit_code, report.requests, server.arrived) == (3, 0, [])
    assert {one.reason for one in report.not_judged} >= {"time"}
    assert f"{BLAND}: no request was sent" in report.causes


def test_the_rest_is_listed_when_time_is_over(server: Server) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 20:
            time.sleep(2.6)
        return answer()

    server.behave = behave
    report = run("bland", server.url, max_time=2.5, manners=Manners())
    assert 0 < len(server.arrived) <= 20
    assert "time" in {one.reason for one in report.not_judged}
    assert broken(report) == {}


def test_nothing_is_waited_for_beyond_the_end(server: Server) -> None:
    slept: list[float] = []
    server.behave = lambda _, __: Reply(429, b"{}", (("retry-after", "4"),))
    report = run("bland", server.url, max_time=2.0, manners=Manners(sleep=slept.append))
    assert (report.exit_code, slept) == (3, [])


def test_ctrl_c_ends_the_run_with_a_report(server: Server, tmp_path: Path) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 30:
            signal.raise_signal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else os.kill(
                os.getpid(), signal.SIGINT
            )
            time.sleep(0.05)
        return answer()

    server.behave = behave
    record = tmp_path / "run.jsonl"
    report = run("bland", server.url, record=str(record))
    assert (report.exit_code, report.verdict) == (130, Verdict.INTERRUPTED)
    assert "interrupted after" in report.causes[0]
    assert 25 < report.exchanges < 35
    assert report.operations[0].tiers["plan"] == report.exchanges
    assert len(record.read_bytes().splitlines()) >= report.exchanges


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_report(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    started, sent = threading.Event(), threading.Event()

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 30:
            started.set()
            sent.wait(120)
        return answer()

    server.behave = behave
    report = tmp_path / "report.json"
    command = ["gate", "bland", "--url", server.url, "--fuzz", "0", "--report", f"json:{report}"]
    process = subprocess.Popen(
        [sys.executable, "-c", f"from smscontract.cli import main; main({command!r})"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert started.wait(120)
    process.send_signal(number)
    sent.set()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"interrupted" in out
    assert b"Traceback" not in err
    data = json.loads(report.read_bytes())
    assert (data["exit_code"], data["verdict"]) == (130, "interrupted")
    assert 25 < data["requests"] <= 31
