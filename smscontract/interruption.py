"""Ctrl-C as a question, for those who have to come to an end of their own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["first_is_asked"]


@contextmanager
def first_is_asked() -> Iterator[Callable[[], bool]]:
    """Whether somebody asked for an end: the first Ctrl-C or SIGTERM is such a question, and the next one raises as ever."""
    asked: list[int] = []
    before: dict[signal.Signals, Callable[[int, FrameType | None], object]] = {}

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)
        restore()

    def restore() -> None:
        while before:
            signal.signal(*before.popitem())

    if threading.current_thread() is threading.main_thread():
        for one in (signal.SIGINT, signal.SIGTERM):
            if callable(was := signal.getsignal(one)):
                before[one] = was
                signal.signal(one, ask)
    try:
        yield lambda: bool(asked)
    finally:
        restore()
