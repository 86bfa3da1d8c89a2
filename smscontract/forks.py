"""Processes that know at once what this one knows: they are forked from it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from smscontract.spill import Box

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Beside", "ahead", "alone", "deaf", "quiet"]

_Found = TypeVar("_Found")


def alone() -> bool:
    """Whether this process can be forked: only one that has no other thread can, be it of native code."""
    try:
        return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Ctrl-C waits: a process that begins has to say first that it does not listen."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def quiet() -> None:
    """For a process that began: Ctrl-C reaches all processes of a terminal; the first of them decides what it means, and
    without it there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left who would take what is under way


class _Forked:
    """A process forked from this one, which has to be `alone`.

    Args:
        work: what it does, given its end of a pipe and all else.

    Attributes:
        ours: the other end. Where the work fails nothing comes through it any more: whoever waits does it itself, and says what
            is wrong.
    """

    def __init__(self, work: Callable[..., None], *given: Any) -> None:
        import multiprocessing  # slow to load, and few need it

        context = multiprocessing.get_context("fork")
        self.ours, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(work, theirs, given), daemon=True)
        with deaf():
            self._process.start()
        theirs.close()

    def end(self) -> None:
        """Ends it, whatever it does."""
        self.ours.close()
        self._process.kill()
        self._process.join()


def _run(work: Callable[..., None], theirs: Connection, given: Sequence[Any]) -> None:
    quiet()
    try:
        work(theirs, *given)
    except Exception:  # noqa: BLE001 - as said
        os._exit(1)


class Beside:
    """Work that another process does meanwhile, which this one has to be `alone` for.

    Args:
        work: gives blocks; what it changes is changed there and not here. What it writes into the box that it is given can be
            read here.

    Attributes:
        box: that it writes into.
    """

    def __init__(self, work: Callable[[Box], Iterable[bytes]]) -> None:
        self.box = Box()
        self._forked = _Forked(_do, work, self.box)

    def blocks(self) -> Iterator[bytes] | None:
        """All blocks, when the last of them is there; `None` if the process could not go on."""
        try:
            places: list[tuple[int, int]] = self._forked.ours.recv()
        except (EOFError, OSError):
            return None
        return (self.box.read(start, size) for start, size in places)

    def close(self) -> None:
        """Ends it, whatever it does."""
        self._forked.end()


def _do(theirs: Connection, work: Callable[[Box], Iterable[bytes]], box: Box) -> None:
    theirs.send([(box.write(block), len(block)) for block in work(box)])


def ahead(found: Iterator[_Found], most: int) -> Iterator[_Found]:
    """What an iterator gives, found by another process before somebody asks for it. Where there can be no other process, or it
    cannot go on, this one goes through the iterator, and gives what was not given yet.

    Args:
        found: that nobody has begun with; the same each time.
        most: so many are found at most before they are asked for.
    """
    given = 0
    if alone():
        forked = _Forked(_find, found, most)
        try:
            while (one := forked.ours.recv()) is not None:
                given += 1
                if given % _half(most) == 0:
                    with contextlib.suppress(OSError):  # it has found all
                        forked.ours.send_bytes(b"")
                yield one[0]
            return
        except (EOFError, OSError):
            pass
        finally:
            forked.end()
    yield from islice(found, given, None)


def _find(theirs: Connection, found: Iterator[object], most: int) -> None:
    left = most
    for one in found:
        if not left:
            theirs.recv_bytes()
            left = _half(most)
        theirs.send((one,))
        left -= 1
    theirs.send(None)


def _half(most: int) -> int:
    """After how many that were taken it is said that there is room for as many: so seldom that nobody has to wait to say it."""
    return max(most // 2, 1)
