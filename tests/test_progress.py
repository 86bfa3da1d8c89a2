"""How far a command has come is said on terminals of any width."""

from __future__ import annotations

import io
import re
import time

import pytest

from smscontract.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [26, 40, 79, 80, 200])
def test_rate_and_time_left_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_OFTEN", 0.0)
    with progress.reading() as told:
        assert told is not None
        for done in range(0, 100, 10):
            told(done * 1_000_000, 100_000_000)
            time.sleep(0.01)
    shown = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", one) for one in re.split(r"[\r\n]+", terminal.getvalue())]
    last = [one for one in shown if re.search(r"[0-9.]+ [kMGT]B/s [0-9]+:[0-9]{2}:[0-9]{2}", one)][-1]
    assert len(last.rstrip()) <= width
