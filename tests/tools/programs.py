"""Runs programs for a test, and ends them with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).parents[2]
_PATIENCE = 240.0


@contextmanager
def listening(command: Sequence[str], pattern: str, log: Path) -> Iterator[str]:
    """Starts a server, and gives what the group of a pattern finds in its output once that is there."""
    with (
        log.open("wb") as stream,
        subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream) as process,
    ):
        try:
            until = time.monotonic() + _PATIENCE
            while not (found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))):
                assert process.poll() is None, f"it ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}"
                assert time.monotonic() < until, "it does not listen"
                time.sleep(0.05)
            yield found[1]
        finally:
            process.kill()


def smscontract(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs our command line."""
    command = [sys.executable, "-c", "from smscontract.cli import main; main()", *map(str, arguments)]
    return subprocess.run(
        command, cwd=TOP, env=os.environ | environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
