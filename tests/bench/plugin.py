"""What our pytest plugin costs a suite that does not use it, beside schemathesis's own. By hand:

python -m tests.bench.plugin [--pairs N] [--tests N]

CPU seconds of whole runs of pytest in processes of their own, one of each kind after the other so that a busy machine is busy
for all. Only the plugin in question is loaded; `none` loads neither.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["cpu", "main"]

KINDS = {
    "none": [],
    "smscontract": ["-p", "smscontract.pytest_plugin"],
    "schemathesis": ["-p", "schemathesis.pytest.plugin"],
}


def cpu(folder: Path, words: list[str]) -> float:
    """CPU seconds, of user and system, of one run of pytest."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, str(folder)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--tests", type=int, default=1000)
    words = parser.parse_args()
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"def test_{number}(): pass" for number in range(words.tests)]
        (folder / "test_many.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for options in KINDS.values():  # once for the compiled files
            cpu(folder, options)
        for _ in range(words.pairs):
            for kind, options in KINDS.items():
                times[kind].append(cpu(folder, options))
    print(f"{words.tests} tests, {words.pairs} interleaved runs of each kind, CPU seconds")
    for kind, found in times.items():
        more = statistics.median(one - none for one, none in zip(found, times["none"], strict=True))
        print(f"  {kind:<14}least {min(found):.3f}  median {statistics.median(found):.3f}  beyond none {1000 * more:+.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
