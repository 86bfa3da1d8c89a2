"""Pieces judged by several processes of this machine. A process that dies costs time and nothing else."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from smscontract.errors import SmscontractError
from smscontract.findings import Problem
from smscontract.recordings import Piece
from smscontract.work import Done, Job, do

__all__ = ["Doing", "available", "here", "processes"]

#: How often a piece is tried whose process dies.
_TRIES = 3
#: Seconds that are waited, after an interruption, for what is under way.
_PATIENCE = 10.0


class Doing(Protocol):
    """Does pieces somewhere. They may be done in any order; each is given back once.

    The generator ends what it started when it is closed. A `KeyboardInterrupt` while it waits makes it give what is under way,
    as far as it has come, and then raise it again.
    """

    def __call__(self, job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        """Does all of the numbered pieces."""


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def here(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
    """This process, one piece after the other. What is under way when it is interrupted is lost."""
    for number, piece in pieces:
        yield do(job, number, piece)


_stopped: Callable[[], bool] = lambda: False  # noqa: E731 - set once in each process


def _quiet(stop: Callable[[], bool]) -> None:
    """Ctrl-C reaches all processes of a terminal; the first of them decides what it means."""
    global _stopped  # noqa: PLW0603 - a process has one job
    _stopped = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody is left who would take what is under way


def _do(work: Callable[..., Done], job: Job, number: int, piece: Piece | Problem) -> Done:
    return work(job, number, piece, stop=_stopped)


def processes(count: int, *, work: Callable[..., Done] = do) -> Doing:
    """So many processes.

    Args:
        work: does one piece; something else than `do` in tests only.
    """

    def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        yield from _Pool(count, job, work).run(pieces)

    return doing


class _Pool:
    def __init__(self, count: int, job: Job, work: Callable[..., Done]) -> None:
        self._count = count
        self._job = job
        self._work = work
        # The judge is native code and threads of ours may be about: nothing is inherited.
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._pool = self._new()
        self._under_way: dict[Future[Done], tuple[int, Piece | Problem]] = {}
        self._tries: dict[int, int] = {}

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._count, mp_context=self._context, initializer=_quiet, initargs=(self._stop.is_set,))

    def run(self, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        """Does them all, a few ahead of those that are being done."""
        again: list[tuple[int, Piece | Problem]] = []
        try:
            while True:
                while len(self._under_way) < 2 * self._count and (one := again.pop() if again else next(pieces, None)):
                    self._submit(one)
                if not self._under_way:
                    return
                for future in wait(self._under_way, return_when=FIRST_COMPLETED).done:
                    if future in self._under_way:
                        try:
                            done = future.result()
                        except BrokenProcessPool:
                            again += self._revive()
                            break
                        del self._under_way[future]
                        yield done
        except KeyboardInterrupt:
            self._stop.set()
            yield from self._rest()
            raise
        finally:
            self._stop.set()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, one: tuple[int, Piece | Problem]) -> None:
        try:
            future = self._pool.submit(_do, self._work, self._job, *one)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._new()
            future = self._pool.submit(_do, self._work, self._job, *one)
        self._under_way[future] = one

    def _revive(self) -> list[tuple[int, Piece | Problem]]:
        """What has to be done again, since a process died and its pool with it. What was done stays done."""
        waiting = [one for future, one in self._under_way.items() if not _is_done(future)]
        for number, piece in waiting:
            self._tries[number] = self._tries.get(number, 0) + 1
            if self._tries[number] >= _TRIES:
                file = piece.file
                message = f"a process that judges has died {_TRIES} times"
                raise SmscontractError(message, file=file, hint="look for what ended it: memory, a limit of the machine")
        kept = {future: one for future, one in self._under_way.items() if _is_done(future)}
        self._pool.shutdown(wait=False)
        self._pool = self._new()
        self._under_way = kept
        return sorted(waiting, reverse=True)

    def _rest(self) -> Iterator[Done]:
        with contextlib.suppress(KeyboardInterrupt):  # whoever presses twice means it
            for future in self._under_way:
                future.cancel()
            ended = wait([one for one in self._under_way if not one.cancelled()], timeout=_PATIENCE)
            for future in ended.done:
                if _is_done(future):
                    yield future.result()
            if not ended.not_done:
                return
        for process in multiprocessing.active_children():
            process.kill()  # it waits for bytes that do not come


def _is_done(future: Future[Done]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
