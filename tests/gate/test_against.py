from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smscontract.cli import run as command
from tests.gate.server import Reply, Seen, Server, listening

STUUT = "stuut.send-sms"


def later(seen: Seen, answer: Callable[[], Reply]) -> Reply:  # noqa: ARG001 - the signature of all behaviours
    """The next release: allowed by the contract, and all the same another server."""
    reply = answer()
    if reply.status == 200:
        value = reply.json
        value["modified_at"] = value["created_at"]
        value["colour"] = "red"
        return reply.with_json(value)
    return replace(reply, status=422) if reply.status == 409 else reply


def changes(path: Path) -> dict[str, tuple[str, str]]:
    found = json.loads(path.read_text("utf-8"))["against"]["changes"]
    return {one["place"]: (one["before"], one["after"]) for one in found}


def gate(*more: str) -> int:
    return command(["gate", "stuut", "--fuzz", "0", *more])


def test_nothing_differs_from_yesterday(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record, report = tmp_path / "run.jsonl", tmp_path / "report.json"
    assert gate("--url", server.url, "--record", str(record)) == 0
    server.reset()
    assert gate("--url", server.url, "--against", str(record), "--report", f"json:{report}") == 0
    assert changes(report) == {}
    assert "UNCHANGED" in capsys.readouterr().out


def test_of_two_at_once_either_may_have_been_first(server: Server, tmp_path: Path) -> None:
    record, report = tmp_path / "run.jsonl", tmp_path / "report.json"
    assert gate("--url", server.url, "--record", str(record)) == 0
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    one, other = (line for line in lines if str(line.get("case")).endswith("twice at once"))
    assert {one["response"]["status"], other["response"]["status"]} == {200, 409}
    one["response"], other["response"] = other["response"], one["response"]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    server.reset()
    assert gate("--url", server.url, "--against", str(record), "--report", f"json:{report}") == 0
    assert changes(report) == {}


def test_what_the_contract_allows_is_a_change_and_no_finding(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, report = tmp_path / "run.jsonl", tmp_path / "report.json"
    assert gate("--url", server.url, "--record", str(record)) == 0
    server.reset()
    server.behave = later
    assert gate("--url", server.url, "--against", str(record), "--report", f"json:{report}", "--fail-on", "should") == 0
    found = changes(report)
    assert found[f"{STUUT}/status"] == ("409", "422")
    assert found[f"{STUUT}/200/modified_at"] == ("null", "value")
    assert found[f"{STUUT}/200/colour"] == ("absent", "there")
    assert len(found) == 3
    assert "CHANGED" in capsys.readouterr().out


def test_two_targets_get_the_same_requests(server: Server, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with listening(Server()) as other:
        other.behave = later
        code = gate("--url", server.url, "--against", other.url, "--report", f"json:{report}")
        assert code == 0
        sent: list[list[Any]] = [[(one.method, one.body) for one in each.arrived] for each in (server, other)]
        assert sorted(sent[0]) == sorted(sent[1])
    assert changes(report)[f"{STUUT}/status"] == ("422", "409")


def test_what_is_no_recording_of_the_gate_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"request": {"method": "GET", "url": "/"}, "response": {"status": 200}}\n', "utf-8")
    assert gate("--against", str(other)) == 2
    assert "gate --record" in capsys.readouterr().err
    assert gate("--against", "nowhere") == 2
