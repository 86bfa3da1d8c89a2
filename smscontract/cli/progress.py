"""How far a command has come: a bar with rate and time left, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["reading"]

#: Seconds between two looks of the bar.
_OFTEN = 0.2
#: Columns of a terminal that has room for a bar.
_WIDE = 80


@contextmanager
def reading() -> Iterator[Callable[[int, int], None] | None]:
    """What to call with the bytes read so far and in all; `None` if stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    first = (BarColumn(), DownloadColumn()) if console.width >= _WIDE else (TaskProgressColumn(),)
    columns = (*first, TransferSpeedColumn(), TimeRemainingColumn())
    # No thread of the bar: processes can be forked only from one thread.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("reading", total=None)
        shown = 0.0

        def told(done: int, total: int) -> None:
            nonlocal shown
            bar.update(task, completed=done, total=total or None)
            if time.monotonic() - shown >= _OFTEN:
                bar.refresh()
                shown = time.monotonic()

        yield told
