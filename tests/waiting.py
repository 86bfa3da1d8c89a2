"""Waits for what another process does, however slow the machine is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

__all__ = ["wait_until_read"]


def wait_until_read(process: int) -> None:
    """Until the process waits for more input: it has gone to sleep reading a pipe that is empty."""
    status = Path(f"/proc/{process}/wchan")
    if not status.exists():
        pytest.skip("no /proc here")
    for _ in range(2400):
        if "pipe" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the process never waited")
