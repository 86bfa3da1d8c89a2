"""Several processes, a Dask cluster, and one process: how long each takes for the same recording. By hand, on an idle machine:

    python -m tests.bench.scale [EXCHANGES] [ROUNDS] [WAY...]

It prints seconds (the least of the rounds, which take turns), and how many times one process each of the others is: by those
seconds, and, since machines are now faster and now slower, the median of what each round says; all reports have to be equal.
Before each run the recording is read once, so that no disk is measured. Of the ways those are taken whose names hold a WAY.
How many times one process two are that have nothing to do with each other, each judging all of it, is what the machine has to
give: processors that share a core, or a memory, give less than two. On a busy machine only the times of the processor say
something.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from smscontract.catalogue import load_catalogue
from smscontract.findings import Report
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.reports.json_report import as_data
from smscontract.validate import Request, validate
from tests.bench.corpus import corpus


def main(count: int = 200_000, rounds: int = 3, *wanted: str) -> None:
    """Writes the recording, and judges it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        with path.open("wb") as stream:
            for line, _ in corpus(count):
                stream.write(line if line.endswith(b"\n") else line + b"\n")
        size = path.stat().st_size
        print(f"{count} exchanges, {size / 1e6:.0f} MB")
        piece = max(size // 24, 1_000_000)
        ways: dict[str, Callable[[], Report | None]] = {
            "one process": lambda: _judged(Request(paths=[str(path)], workers=1)),
            "two, each all": lambda: _beside(str(path)),
            "2 processes": lambda: _judged(Request(paths=[str(path)], workers=2)),
            "Dask, 2 workers": lambda: _judged(Request(paths=[str(path)], doing=_dask(2), size=piece)),
        }
        ways = {name: way for name, way in ways.items() if any(one in name for one in (*wanted, "one process")) or not wanted}
        took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        reports = set()
        for _ in range(rounds):
            for name, judged in ways.items():
                _read(path)
                start, before = time.perf_counter(), os.times()
                report = judged()
                wall, after = time.perf_counter() - start, os.times()
                here = after.user + after.system - before.user - before.system
                there = after.children_user + after.children_system - before.children_user - before.children_system
                took[name].append((wall, here, there))
                if report is not None:
                    reports.add(json.dumps(as_data(report), sort_keys=True))
        first = min(took["one process"])[0]
        for name, times in took.items():
            wall, here, there = min(times)
            done = 2 if name == "two, each all" else 1
            ratio = median(done * one[0] / mine[0] for one, mine in zip(took["one process"], times, strict=True))
            print(f"  {name:<16} {wall:7.2f} s  {done * first / wall:5.2f} times, median {ratio:5.2f}", end="")
            print(f"  {done * count / wall:8.0f} exchanges a second  processor: {here:.2f} s here, {there:.2f} s in others")
        print("all reports are equal" if len(reports) == 1 else "REPORTS DIFFER")


def _read(path: Path) -> None:
    room = bytearray(1 << 20)
    with path.open("rb", buffering=0) as stream:
        while stream.readinto(room):
            pass


def _judged(request: Request) -> Report:
    return validate(request, Judge(load_catalogue(), Masker(b"key of the bench")), now=1e9)


def _beside(path: str) -> None:
    request = Request(paths=[path], workers=1)
    both = [multiprocessing.get_context("fork").Process(target=_judged, args=(request,)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()


def _dask(workers: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an extra
    from smscontract.cluster import dask

    return dask(None, workers)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["200000"])[0]), int((sys.argv[2:3] or ["3"])[0]), *sys.argv[3:])
