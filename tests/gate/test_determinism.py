"""The same contract, target and seed make the same requests, byte for byte, whatever process or folder they are made in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gate.run import run
from tests.gate.server import Server
from tests.tools.programs import TOP

_DIGESTS = """
import sys
from smscontract.catalogue import load_catalogue
from smscontract.gate import Target, planned
from smscontract.judge import Judge
from smscontract.resources import resources_from
from urllib.parse import urlsplit

resources = {
    "stuut": {"sms_id": {"draft": [f"sms_{n}" for n in range(40)], "inbound": ["in_1"], "foreign": ["far_1"]}},
    "bland": {"agent_number": {"owned": ["+14155550100"], "foreign": ["+14155550199"]}},
}
for _ in range(int(sys.argv[1])):
    for provider, known in resources.items():
        judge = Judge(load_catalogue([provider]))
        found = resources_from(known, "here")
        target = Target(provider=provider, url=urlsplit("http://127.0.0.1:1"), token="t", resources=found, sandbox=True)
        for _, plan in planned(judge, target, seed=7):
            print(provider, plan.digest(), len(plan.cases))
"""


def _plans(hash_seed: str, times: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _DIGESTS, str(times)],
        cwd=TOP,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.splitlines()


def test_a_plan_is_the_same_in_every_process() -> None:
    found = [line for hash_seed in ("0", "1", "random") for line in _plans(hash_seed, 4)]
    assert len(found) == 24
    assert len(set(found)) == 2


@pytest.mark.campaign
def test_a_plan_is_the_same_a_hundred_times() -> None:
    found = [line for hash_seed in range(20) for line in _plans(str(hash_seed), 5)]
    assert len(found) == 200
    assert len(set(found)) == 2


def _requests(file: Path) -> list[dict[str, Any]]:
    """What a recording has of the requests, all of it, fuzzing and shrinking included."""
    lines = [json.loads(line) for line in file.read_bytes().split(b"\n")[1:-1]]
    return [{"request": one["request"], "case": one["case"], "number": one["number"]} for one in lines]


@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_two_runs_send_the_same_bytes(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    """In a new folder, then in one that holds what the first run left there and what other tools leave."""
    sent = []
    for folder in (tmp_path / "new", tmp_path / "used"):
        folder.mkdir()
        if folder.name == "used":
            for name in (".hypothesis/constants", ".hypothesis/examples", ".schemathesis/cache"):
                (folder / name).mkdir(parents=True)
                (folder / name / "0123456789abcdef").write_bytes(b"# file: x\n{'smscontract', 17, 'message'}\n")
        monkeypatch.chdir(folder)
        before = sorted(folder.rglob("*"))
        server.reset()
        report = run(provider, server.url, fuzz=12, record=str(tmp_path / f"{folder.name}.jsonl"), seed=5, max_time=600.0)
        assert report.operations[0].tiers["fuzz"] == 12
        assert sorted(folder.rglob("*")) == before
        sent.append(_requests(tmp_path / f"{folder.name}.jsonl"))
    assert sent[0] == sent[1]
    assert len(sent[0]) > 100


def test_findings_are_made_small_by_the_same_requests(server: Server, tmp_path: Path) -> None:
    """Also where answers call for more: shrinking asks the server what to try next."""

    def behave(seen: Any, answer: Any) -> Any:
        reply = answer()
        if reply.status == 200 and "Δ" in str(seen.fields.get("message")):
            return reply.with_json({"errors": None})
        return reply

    sent = []
    server.behave = behave
    for name in ("one", "two"):
        server.reset()
        report = run("bland", server.url, fuzz=50, max_requests=400, max_time=600.0, record=str(tmp_path / name))
        assert report.operations[0].tiers["shrink"] > 0
        sent.append(_requests(tmp_path / name))
    assert sent[0] == sent[1]
