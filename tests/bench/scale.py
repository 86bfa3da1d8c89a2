"""Several processes, a Dask cluster, and one process: how long each takes for the same recording. By hand, on an idle machine:

    python -m tests.bench.scale [EXCHANGES]

It prints seconds, and how many times one process each of the others is; all reports have to be equal. On a busy machine only
the times of the processor say something.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from smscontract.catalogue import load_catalogue
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.reports.json_report import as_data
from smscontract.validate import Request, validate
from tests.bench.corpus import corpus


def main(count: int) -> None:
    """Writes the recording, and judges it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        with path.open("wb") as stream:
            for line, _ in corpus(count):
                stream.write(line if line.endswith(b"\n") else line + b"\n")
        size = path.stat().st_size
        print(f"{count} exchanges, {size / 1e6:.0f} MB")
        judge = Judge(load_catalogue(), Masker(b"key of the bench"))
        piece = max(size // 24, 1_000_000)
        requests: dict[str, Callable[[], Request]] = {
            "one process": lambda: Request(paths=[str(path)], workers=1),
            "2 processes": lambda: Request(paths=[str(path)], workers=2, size=piece),
            "Dask, 2 workers": lambda: Request(paths=[str(path)], doing=_dask(2), size=piece),
        }
        first, reports = 0.0, []
        for name, make in requests.items():
            start, before = time.perf_counter(), os.times()
            report = validate(make(), judge, now=1e9)
            took, after = time.perf_counter() - start, os.times()
            first = first or took
            reports.append(json.dumps(as_data(report), sort_keys=True))
            here = after.user + after.system - before.user - before.system
            there = after.children_user + after.children_system - before.children_user - before.children_system
            print(f"  {name:<16} {took:7.2f} s  {first / took:5.2f} times", end="")
            print(f"  {count / took:8.0f} exchanges a second  processor: {here:.2f} s here, {there:.2f} s in others")
        print("all reports are equal" if len(set(reports)) == 1 else "REPORTS DIFFER")


def _dask(workers: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an extra
    from smscontract.cluster import dask

    return dask(None, workers)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
