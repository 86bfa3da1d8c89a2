"""The same kernel on a Dask cluster of this machine: the report is the same, also when a worker is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli
from smscontract.cluster import dask
from smscontract.errors import UsageError
from smscontract.findings import Problem, Report
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings import Piece
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports.json_report import as_data
from smscontract.validate import Request, validate
from smscontract.work import Done, Job
from tests.core import BLAND, STUUT, made, shipped

distributed = pytest.importorskip("distributed")

# Dask and Tornado leave sockets and loops to the garbage collector; that is not what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore")

COUNT = 200
#: A cluster that lives in one process, and says where.
SCHEDULER = """
import time
from distributed import LocalCluster
cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, host="127.0.0.1",
                       protocol="tcp", silence_logs=50)
print(cluster.scheduler_address, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings")
    some = [
        made(BLAND, step=step, answer={"data": {"conversation_id": f"c{step % 7}"}})
        if step % 2
        else made(STUUT, step=step, answer={"status": ("sent", "quokka", "failed")[step % 3]})
        for step in range(COUNT)
    ]
    (path / "a.jsonl").write_bytes(header("gate") + b"".join(map(dumps, some)))
    return path


def judged(folder: Path, **changes: Any) -> Report:
    judge = Judge(shipped(), Masker(b"key of the tests"))
    return validate(Request(paths=[str(folder)], size=12_000, **changes), judge, now=1e9)


@contextlib.contextmanager
def scheduler() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A cluster in a process of its own, and its address."""
    words = [sys.executable, "-c", SCHEDULER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_worker_that_is_lost_changes_nothing(folder: Path) -> None:
    expected = as_data(judged(folder))
    assert expected["findings"]
    numbers: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as cluster:

        def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
            for done in dask(cluster.scheduler_address, 0)(job, killing(pieces)):
                numbers.append(done.number)
                yield done

        def killing(pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[tuple[int, Piece | Problem]]:
            """When the first piece is done and others are under way, one of the two workers is gone."""
            for number, piece in pieces:
                if number == 7:
                    assert numbers
                    os.kill(cluster.workers[0].pid, signal.SIGKILL)
                yield number, piece

        report = judged(folder, doing=doing)
    assert sorted(numbers) == list(range(max(numbers) + 1)), "each piece once"
    assert max(numbers) > 10
    assert as_data(report) == expected


def test_a_scheduler_that_is_lost_is_no_error_of_ours(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with scheduler() as (process, address):

        def ending(pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[tuple[int, Piece | Problem]]:
            for number, piece in pieces:
                if number == 5:
                    process.kill()
                    process.wait()
                yield number, piece

        report = judged(folder, doing=lambda job, pieces: dask(address, 0)(job, ending(pieces)))
    assert report.exchanges < COUNT
    assert report.causes[-1].startswith("the scheduler was lost")
    assert report.exit_code in (1, 3), "it is not there, or what was judged before broke something"
    assert capfd.readouterr().err == ""


def test_a_scheduler_that_says_nothing_any_more_is_not_waited_for_without_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smscontract.cluster._PATIENCE", 2.0)
    monkeypatch.setattr("smscontract.cluster._SELDOM", 0.1)
    with scheduler() as (process, address):

        def stopping(pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[tuple[int, Piece | Problem]]:
            for number, piece in pieces:
                if number == 5:
                    process.send_signal(signal.SIGSTOP)
                yield number, piece

        report = judged(folder, doing=lambda job, pieces: dask(address, 0)(job, stopping(pieces)))
    assert report.exchanges < COUNT
    assert report.causes[-1].startswith("the scheduler was lost")


def test_a_cluster_of_its_own_by_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", 8787))  # which Dask would take
            other.listen()
        code = cli.run(["validate", str(folder), "--engine", "dask", "--workers", "1"])
    assert code == 1
    assert f"{COUNT} exchanges" in capsys.readouterr().out


def test_a_scheduler_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.cluster._PATIENCE", 1.0)
    report = judged(folder, doing=dask("tcp://127.0.0.1:1", 0))
    assert report.exit_code == 3
    assert report.causes[0].startswith("the scheduler cannot be reached")


def test_a_scheduler_without_workers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.cluster._PATIENCE", 1.0)
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=None, host="127.0.0.1", protocol="tcp"
    ) as one:
        report = judged(folder, doing=dask(one.scheduler_address, 0))
    assert report.exit_code == 3
    assert report.causes[0].startswith("the scheduler has no workers")


def test_workers_that_are_all_lost_are_not_waited_for_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.cluster._PATIENCE", 2.0)
    monkeypatch.setattr("smscontract.cluster._SELDOM", 0.1)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as cluster:

        def ending(pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[tuple[int, Piece | Problem]]:
            for number, piece in pieces:
                if number == 7:
                    cluster.scale(0)  # and nobody starts others
                yield number, piece

        report = judged(folder, doing=lambda job, pieces: dask(cluster.scheduler_address, 0)(job, ending(pieces)))
    assert 0 < report.exchanges < COUNT
    assert report.causes[-1].startswith("all workers of the scheduler were lost")
    assert report.exit_code in (1, 3)


def test_workers_that_come_back_are_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.cluster._PATIENCE", 60.0)
    monkeypatch.setattr("smscontract.cluster._SELDOM", 0.1)
    expected = as_data(judged(folder))
    empty: list[int] = []
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as cluster:

        def replacing(pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[tuple[int, Piece | Problem]]:
            for number, piece in pieces:
                if number == 5:
                    cluster.scale(0)
                    while cluster.scheduler.workers:
                        time.sleep(0.05)
                    empty.append(number)
                    threading.Timer(1.5, cluster.scale, (1,)).start()
                yield number, piece

        report = judged(folder, doing=lambda job, pieces: dask(cluster.scheduler_address, 0)(job, replacing(pieces)))
    assert empty == [5]
    assert as_data(report) == expected


def test_workers_without_what_it_takes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: Any) -> Any:
        raise ModuleNotFoundError(name="smscontract")

    monkeypatch.setattr("smscontract.cluster._do", lacking)
    report = judged(folder, doing=dask(None, 1))
    assert report.exit_code == 2
    assert report.causes[0].startswith("the workers of the cluster lack `smscontract`")


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(UsageError) as error:
        dask(None, 1)
    assert error.value.hint == "pip install 'smscontract[dask]'"
