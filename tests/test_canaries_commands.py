"""Canaries in what the other commands read, in errors of ours, and in what a suite of tests leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import smscontract
from smscontract import cli, reported
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings import jsonl
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports import terminal
from smscontract.summary import Summary
from smscontract.transport import Transport
from tests.canary import PHONE, PIECES, TEXT, TOKEN, leaks, leaks_below, planted
from tests.core import BLAND, STUUT

CANARIES = f"{TEXT} {PHONE} {TOKEN}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in; what is read lies beside it, and what is written must show nothing."""
    (tmp_path / "read").mkdir()
    ours = header("gate") + b"".join(dumps(one) for one in planted())
    (tmp_path / "read" / "ours.jsonl").write_bytes(ours)
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("MASK_KEY", "a long random text")
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def quiet(here: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.run(list(words))
    out, err = capsys.readouterr()
    assert leaks(out + err) == [], words
    assert leaks_below(here / "here", PIECES) == {}, words
    assert leaks_below(here / "tmp", PIECES) == {}, words
    return code, out, err


@pytest.mark.parametrize(
    "words",
    [
        ["drift", "../read", "--suggest", "."],
        ["drift", "../read", "--format", "json"],
        ["map", "../read/ours.jsonl"],
        ["timeline", STUUT, "got.body", "../read"],
        ["timeline", STUUT, "got.status", "../read", "--format", "json"],
        ["timeline", BLAND, "got.data.message", "../read", "--by", "hour"],
        ["validate", "../read", "--ledger", "ledger.json", "--witnesses", "full"],
        ["validate", "../read", "--resume", "results", "--workers", "2"],
        ["validate", "../read", "--baseline", "known.toml", "--baseline-update", "--fail-on", "new"],
        ["diff", "stuut", "stuut"],
        ["init", "stuut"],
    ],
)
def test_no_command_shows_what_it_read(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = quiet(here, capsys, *words)
    assert code in {0, 1, 3}, out + err
    assert out


def test_parts_and_ledgers_show_nothing_when_they_are_put_together(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for shard in ("1", "2"):
        part, ledger = f"{shard}.part", f"{shard}.ledger"
        more = ("--shard", f"{shard}/2", "--part", part, "--ledger", ledger, "--mask-key-env", "MASK_KEY")
        assert quiet(here, capsys, "validate", "../read/ours.jsonl", *more)[0] in {0, 1, 3}
    assert quiet(here, capsys, "merge", "1.part", "2.part", "--report", "json:report.json")[0] == 1
    assert quiet(here, capsys, "witnesses", "1.ledger", "2.ledger", "--clauses", "--into", "all.ledger")[0] == 0
    assert {path.name for path in (here / "here").iterdir()} >= {"1.part", "report.json", "all.ledger"}


def bomb(*_: Any, **__: Any) -> Any:
    """A mistake of ours, with somebody's values in what it says and in what led to it."""
    raise RuntimeError(f"while at {CANARIES}") from KeyError(CANARIES)


#: What is struck, and the command that gets there: each layer, live and from recordings.
STRUCK: list[tuple[Any, str, list[str]]] = [
    (Judge, "digest", ["validate", "../read"]),
    (Judge, "reduce", ["validate", "../read"]),
    (Judge, "_decided", ["validate", "../read"]),
    (Masker, "scrub", ["validate", "../read"]),
    (reported, "_finding_groups", ["validate", "../read"]),
    (terminal, "lines", ["validate", "../read"]),
    (jsonl, "_exchange", ["validate", "../read"]),
    (Transport, "exchanges", ["gate", "stuut", "--fuzz", "0", "--max-requests", "5"]),
    (Summary, "add", ["gate", "stuut", "--fuzz", "0", "--max-requests", "5"]),
    (Judge, "match", ["drift", "../read"]),
]


@pytest.mark.parametrize("struck", STRUCK, ids=lambda one: f"{one[1]}-{one[2][0]}")
def test_a_mistake_of_ours_tells_where_and_not_what(
    struck: tuple[Any, str, list[str]], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, words = struck
    monkeypatch.setattr(owner, name, bomb)
    code, out, err = quiet(here, capsys, *words)
    assert "Traceback" not in out + err
    assert code == 4, out + err
    # Where each piece is judged by itself, a mistake is told in the report, and the rest is judged.
    assert "internal error: " in err or "internal" in out, out + err


SUITE = f"""
import httpx, respx, smscontract

def test_mine():
    with respx.mock:
        answer = {{"status": {TEXT!r}, "body": {TEXT!r}, "to_number": {PHONE!r}, "created_at": {TOKEN!r}}}
        respx.post("https://api.stuut.example/v2/sms-threads/messages/x/send").mock(httpx.Response(200, json=answer))
        headers = {{"authorization": "Bearer {TOKEN}"}}
        httpx.post("https://api.stuut.example/v2/sms-threads/messages/x/send", headers=headers)
"""


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_a_suite_that_is_watched_leaves_nothing_behind(tmp_path: Path, more: tuple[str, ...]) -> None:
    for name in ("suite", "home", "tmp", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "suite" / "test_it.py").write_text(SUITE)
    (tmp_path / "suite" / "pytest.ini").write_text(
        "[pytest]\nsmscontract_watch = fail\nsmscontract_watch_hosts = api.stuut.example\n"
        f"cache_dir = {tmp_path / 'out' / 'cache'}\naddopts = -p no:randomly\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(smscontract.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    words = ["-q", f"--junitxml={tmp_path / 'out' / 'junit.xml'}", "--smscontract-fail-on", "should", "--tb=no", *more]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        check=False,
        cwd=tmp_path / "suite",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "created_at" in done.stdout, "the break is told"
    assert leaks(done.stdout + done.stderr) == []
    assert (tmp_path / "out" / "cache" / "v" / "cache" / "lastfailed").exists()
    for name in ("out", "home", "tmp"):
        assert leaks_below(tmp_path / name, PIECES) == {}
