"""Ctrl-C while several processes judge: what was judged is told, and none of them is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smscontract.recordings.jsonl import dumps, header
from tests.core import STUUT, made
from tests.recordings.reading import har_entry
from tests.waiting import wait_until_read

ROOT = Path(__file__).resolve().parents[1]


def children(process: int) -> list[int]:
    """Processes below one that judge: what `multiprocessing` starts beside them does not count."""
    if not Path(f"/proc/{process}/task/{process}/children").exists():
        pytest.skip("no /proc here")
    found = [int(one) for path in Path(f"/proc/{process}/task").glob("*/children") for one in path.read_text().split()]
    return [one for one in found if b"resource_tracker" not in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_an_interruption_reaches_all_processes(tmp_path: Path) -> None:
    """The recordings are pipes that stay open: no process can end by itself, and each has lines to tell of."""
    line = dumps(made(STUUT, answer={"status": "queued"}))
    pipes = [tmp_path / f"{name}.jsonl" for name in "ab"]
    for pipe in pipes:
        os.mkfifo(pipe)
    report = tmp_path / "r.json"
    command = ["validate", *map(str, pipes), "--workers", "2", "--report", f"json:{report}"]
    with subprocess.Popen(
        [sys.executable, "-c", "from smscontract.cli import main; main()", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True,
    ) as process:  # fmt: skip
        writers = [pipe.open("wb", buffering=0) for pipe in pipes]  # each waits for its reader
        for writer in writers:
            writer.write(header("gate") + line * 200)
        mine = children(process.pid)
        assert len(mine) == 2
        for one in mine:
            wait_until_read(one)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        time.sleep(0.5)
        for writer in writers:
            writer.write(line * 200)  # who waits for a line hears of the interruption behind it
            writer.close()
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    data = json.loads(report.read_text())
    assert (data["verdict"], data["exit_code"]) == ("interrupted", 130)
    assert data["exchanges"] > 0
    assert data["findings"][0]["clause"].endswith("200/status:enum")
    assert not any(Path(f"/proc/{one}").exists() for one in mine)


def entries(count: int) -> bytes:
    return b", ".join([json.dumps(har_entry(response={"status": 299})).encode()] * count)


@pytest.mark.parametrize("words", [["--resume"], ["--workers", "2"]])
def test_of_a_file_that_cannot_be_cut_what_was_judged_is_told(tmp_path: Path, words: list[str]) -> None:
    pipe, report = tmp_path / "x.har", tmp_path / "r.json"
    os.mkfifo(pipe)
    words = [*words, str(tmp_path / "results")] if words == ["--resume"] else words
    command = ["validate", str(pipe), *words, "--report", f"json:{report}"]
    with subprocess.Popen(
        [sys.executable, "-c", "from smscontract.cli import main; main()", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True,
    ) as process:  # fmt: skip
        with pipe.open("wb", buffering=0) as writer:
            writer.write(b'{"log": {"entries": [' + entries(900) + b",")
            time.sleep(0.5)
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)
            writer.write(entries(900))
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    data = json.loads(report.read_text())
    assert data["exchanges"] > 0
    assert any(cause.startswith(f"interrupted after {data['exchanges']} exchange") for cause in data["causes"])


def test_of_a_cluster_of_this_machine(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    line = dumps(made(STUUT, answer={"status": "queued"}))
    done, pipe, report = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "r.json"
    done.write_bytes(header("gate") + line * 200)
    os.mkfifo(pipe)
    command = ["validate", str(done), str(pipe), "--engine", "dask", "--workers", "1", "--report", f"json:{report}"]
    words = [sys.executable, "-m", "smscontract", *command]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True)
    with process, pipe.open("wb", buffering=0):  # its one worker begins with this when it is done with the other
        time.sleep(0.5)
        mine = children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert err == b""
    assert json.loads(report.read_text())["exchanges"] == 200
    assert mine
    assert not any(Path(f"/proc/{one}").exists() for one in mine)
