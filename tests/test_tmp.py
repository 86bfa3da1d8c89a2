"""`--tmp`: what is beyond memory goes there, is gone however the run ends, and has room or says that it has none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli, facts, spill
from smscontract.clauses.outcomes import Fact
from smscontract.clauses.reduction import OneScope
from smscontract.facts import FactStore
from smscontract.kernel import rows
from smscontract.kernel.rows import Rows
from smscontract.recordings.jsonl import dumps, header
from tests.bench.corpus import corpus
from tests.core import BLAND, STUUT, made

ROOT = Path(__file__).resolve().parents[1]
#: The command line with little memory, and as much room on disk as is said.
LITTLE = """
import resource, sys
from smscontract import facts
from smscontract.cli import main
from smscontract import spill
from smscontract.kernel import rows
facts.IN_MEMORY, rows.HELD, spill.WAITING, room = 3, 5, 50, int(sys.argv[1])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
main(sys.argv[2:])
"""


def own_record() -> bytes:
    some = [made(BLAND, step=step, answer={"data": {"conversation_id": f"c{step // 3}"}}) for step in range(40)]
    return header("gate") + b"".join(map(dumps, [*some, *(made(STUUT, step=step) for step in range(40))]))


def others_record() -> bytes:
    return b"".join(line.rstrip(b"\n") + b"\n" for line, _ in corpus(400, bad=0.02))


RECORDS = pytest.mark.parametrize("record", [own_record, others_record])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@pytest.fixture
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--tmp` says it to this process and those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())


def files_of(process: int | str, folder: Path) -> list[str]:
    """Files in a folder that a process has open; those without a name too."""
    found = []
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue
    return [one for one in found if one.startswith(f"{folder}/")]


def told(path: Path, *words: str) -> Any:
    report = path.with_name("report.json")
    assert cli.run(["validate", str(path), "--report", f"json:{report}", *words]) in (0, 1)
    return json.loads(report.read_text())


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what is open")


@needs_proc
@pytest.mark.usefixtures("_own_environment")
@RECORDS
def test_what_is_beyond_memory_goes_there_and_changes_nothing(
    record: Any, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(record())
    monkeypatch.setenv("MASK", "equal in both runs")
    expected = told(path, "--mask-key-env", "MASK")
    opened: set[str] = set()

    def watched(self: FactStore, clause: str) -> Iterator[list[Fact] | OneScope]:
        opened.update(files_of("self", folder))
        yield from scopes(self, clause)

    def settled(self: Rows, store: FactStore) -> None:
        opened.update(files_of("self", folder))
        settle(self, store)

    scopes, settle = FactStore.scopes, Rows.settle
    monkeypatch.setattr(FactStore, "scopes", watched)
    monkeypatch.setattr(Rows, "settle", settled)
    monkeypatch.setattr(facts, "IN_MEMORY", 3)
    monkeypatch.setattr(rows, "HELD", 5)
    monkeypatch.setattr(spill, "WAITING", 50)
    assert told(path, "--mask-key-env", "MASK", "--tmp", str(folder)) == expected
    assert opened
    assert list(folder.iterdir()) == []
    assert files_of("self", folder) == []


@needs_proc
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_nothing_is_left_however_it_ends(number: signal.Signals, code: int, tmp_path: Path, folder: Path) -> None:
    pipe, report = tmp_path / "x.jsonl", tmp_path / "r.json"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", LITTLE, "0", "validate", str(pipe), "--tmp", str(folder), "--report", f"json:{report}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with pipe.open("wb", buffering=0) as writer:
            writer.write(own_record())
            deadline = time.monotonic() + 30
            while not (files := files_of(process.pid, folder)) or list(folder.iterdir()):
                assert time.monotonic() < deadline, process.poll()
                time.sleep(0.05)
            assert files
            process.send_signal(number)
            process.wait(timeout=120)
        _, err = process.communicate()
    assert process.returncode == code, err
    assert list(folder.iterdir()) == []
    if code > 0:
        assert json.loads(report.read_text())["exchanges"] > 0


@RECORDS
def test_a_disk_that_is_full_is_said(record: Any, tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(record())
    command = [sys.executable, "-c", LITTLE, "5000", "validate", str(path), "--tmp", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"error: {folder}: what is beyond memory cannot be kept: " in done.stderr
    assert "--tmp" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("_own_environment")
@pytest.mark.parametrize("which", ["missing", "a file", "not writable"])
def test_a_folder_that_cannot_be_used_is_refused(which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(own_record())
    named = {"missing": tmp_path / "none", "a file": path, "not writable": Path("/proc")}[which]
    if which == "not writable" and not named.exists():
        pytest.skip("no folder here in which nobody can write")
    assert cli.run(["validate", str(path), "--tmp", str(named)]) == 2
    assert "tmp" in capsys.readouterr().err
