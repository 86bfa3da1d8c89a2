"""Pieces judged by several processes of this machine. A process that dies costs time and nothing else."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from smscontract.errors import SmscontractError
from smscontract.findings import Problem
from smscontract.forks import alone, deaf, quiet
from smscontract.garbage import collected_rarely
from smscontract.recordings import Piece
from smscontract.spill import Box
from smscontract.work import Doer, Done, Job, bug, do, learn

__all__ = ["Doing", "available", "here", "processes"]

#: How often a piece is tried whose process dies.
_TRIES = 3
#: Seconds that are waited, after an interruption, for what is under way.
_PATIENCE = 10.0


class Doing(Protocol):
    """Does pieces somewhere. They may be done in any order; each is given back once with a part, be it of several, and
    may be told of before, as held.

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


def processes(count: int, *, work: Callable[..., Doer] = Doer) -> Doing:
    """So many processes.

    Args:
        work: does the pieces of one process; something else than `Doer` in tests only.
    """

    def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        yield from _Pool(count, job, work).run(pieces)

    return doing


# --- in each process -------------------------------------------------------------------------------------------------


def _serve(ours: Connection, stop: Any, work: Callable[..., Doer], job: Job, box: Box | None) -> None:
    """Does what it is given, one piece after the other; `None` stands for the question what is held."""
    quiet()
    doer = work(job, stop=lambda: bool(stop.value), box=box)
    with collected_rarely():
        while True:
            try:
                given = ours.recv()
            except EOFError:
                return
            said: Done | SmscontractError
            try:
                said = doer.told() if given is None else doer.do(*given)
            except SmscontractError as error:
                said = error
            except Exception as error:  # noqa: BLE001 - our bug: the same would happen in another process
                said = SmscontractError(bug(error).removeprefix("internal error: "))
            ours.send(said)


# --- in the first process --------------------------------------------------------------------------------------------


class _Worker:
    """A process, and what it was given and has not told of yet."""

    def __init__(self, context: Any, stop: Any, work: Callable[..., Doer], job: Job) -> None:
        self.given: dict[int, Piece | Problem] = {}
        self.busy = False
        # Whoever is forked has what is here, and may write where it is read here.
        self.box = Box() if context.get_start_method() == "fork" else None
        self.ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, stop, work, job, self.box), daemon=True)
        with deaf():
            self._process.start()
        theirs.close()

    def give(self, one: tuple[int, Piece | Problem] | None) -> None:
        """Gives it a piece, or asks what it holds."""
        if one is not None:
            self.given[one[0]] = one[1]
        self.busy = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # that it has died is seen where it is heard
            self.ours.send(one)

    def heard(self) -> Done:
        """What it says; it is not busy then.

        Raises:
            EOFError: it has died.
            SmscontractError: it cannot go on.
        """
        try:
            said: Done | SmscontractError = self.ours.recv()
        except OSError:  # it died while it said it
            raise EOFError from None
        self.busy = False
        if isinstance(said, SmscontractError):
            raise said
        if said.part:
            for number in (said.number, *said.also):
                self.given.pop(number, None)
        return replace(said, box=self.box)

    def end(self) -> None:
        """Ends it, whatever it does."""
        self.ours.close()
        self._process.kill()
        self._process.join()


def _context() -> Any:
    """How processes begin. Forked ones know at once what this one does; else nothing is inherited."""
    return multiprocessing.get_context("fork" if alone() else "spawn")


class _Pool:
    def __init__(self, count: int, job: Job, work: Callable[..., Doer]) -> None:
        self._count = count
        self._job = job
        self._work = work
        self._context = _context()
        self._stop = self._context.RawValue("b", 0)  # without a lock, which a process could die with
        self._workers: list[_Worker] = []
        self._tries: dict[int, int] = {}

    def run(self, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        """Does them all."""
        ahead: deque[tuple[int, Piece | Problem]] = deque()
        try:
            self._learn(pieces, ahead)
            while True:
                while len(ahead) < self._count and (one := next(pieces, None)):
                    ahead.append(one)
                    self._hand_out(ahead)
                self._hand_out(ahead)
                if not any(one.busy for one in self._workers):
                    return
                for worker in self._ready():
                    try:
                        done = worker.heard()
                    except EOFError:
                        ahead.extendleft(reversed(self._lost(worker)))
                        continue
                    if ahead:
                        worker.give(ahead.popleft())
                    yield done
        except KeyboardInterrupt:
            self._stop.value = 1
            yield from self._rest()
            raise
        finally:
            self._stop.value = 1
            for worker in self._workers:
                worker.end()
            gc.unfreeze()

    def _learn(self, pieces: Iterator[tuple[int, Piece | Problem]], ahead: deque[tuple[int, Piece | Problem]]) -> None:
        """What all would learn one for one they are born with, where they can be."""
        for one in pieces:
            ahead.append(one)
            if isinstance(one[1], Piece):
                break
        if self._context.get_start_method() == "fork" and ahead and isinstance(ahead[-1][1], Piece):
            learn(self._job, ahead[-1][1])
            gc.collect()
            gc.freeze()  # what is not looked at stays one in memory

    def _hand_out(self, ahead: deque[tuple[int, Piece | Problem]]) -> None:
        """To those who have nothing to do; without anything for them they are asked what they hold."""
        while ahead and len(self._workers) < self._count:
            self._workers.append(_Worker(self._context, self._stop, self._work, self._job))
            self._workers[-1].give(ahead.popleft())
        for worker in self._workers:
            if not worker.busy and (ahead or worker.given):
                worker.give(ahead.popleft() if ahead else None)

    def _ready(self, timeout: float | None = None) -> list[_Worker]:
        busy: dict[Any, _Worker] = {one.ours: one for one in self._workers if one.busy}
        return [busy[one] for one in wait(list(busy), timeout)]

    def _lost(self, worker: _Worker) -> list[tuple[int, Piece | Problem]]:
        """What has to be done again, since a process died. What was told stays told."""
        self._workers.remove(worker)
        worker.end()
        if _context().get_start_method() != self._context.get_start_method():
            self._context = _context()
        number, piece = next(reversed(worker.given.items()))  # others were done when it died
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] >= _TRIES:
            message = f"a process that judges has died {_TRIES} times"
            raise SmscontractError(message, file=piece.file, hint="look for what ended it: memory, a limit of the machine")
        return sorted(worker.given.items())

    def _rest(self) -> Iterator[Done]:
        with contextlib.suppress(KeyboardInterrupt):  # whoever presses twice means it
            for worker in self._workers:
                if not worker.busy and worker.given:
                    worker.give(None)
            until = time.monotonic() + _PATIENCE
            while (left := until - time.monotonic()) > 0 and any(one.busy for one in self._workers):
                for worker in self._ready(left):
                    try:
                        yield worker.heard()
                    except (EOFError, SmscontractError):
                        self._workers.remove(worker)
                        worker.end()
