"""Pieces judged by a Dask cluster, one that is there or one of this machine. A worker that is lost costs time, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent import futures
from functools import partial
from typing import Any

from smscontract.errors import CannotTell, SmscontractError, UnusableInput, UsageError
from smscontract.findings import Problem
from smscontract.interruption import first_is_asked
from smscontract.recordings import Piece
from smscontract.work import Done, Job, do
from smscontract.workers import Doing

__all__ = ["dask"]

#: Pieces that are handed out ahead, for each thread of the cluster.
_AHEAD = 3
#: How often a piece is tried that fails by itself; the workers that are lost are counted by Dask.
_RETRIES = 1
#: Seconds that a scheduler, and a worker where there is none, are waited for.
_PATIENCE = 30.0
#: Seconds between two looks for workers.
_SELDOM = 1.0
#: Seconds between two looks for an interruption: one that is raised anywhere may be lost in what Dask does beside.
_OFTEN = 0.02
#: Run by each worker of this machine: Ctrl-C reaches all processes of a terminal, and the first of them decides what it means.
_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


def dask(scheduler: str | None, workers: int) -> Doing:
    """A Dask cluster.

    Args:
        scheduler: address of one that is there; `None`: one is started on this machine, for as long as it takes.
        workers: how many processes that one has, each with one thread.

    Raises:
        UsageError: Dask is not installed.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UsageError("`--engine dask` needs Dask", hint="pip install 'smscontract[dask]'") from None

    def doing(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
        # An interruption is only looked for: also while the cluster ends, when all is done.
        with contextlib.ExitStack() as until_it_is_gone, contextlib.ExitStack() as stack:
            stack.enter_context(_silent())
            try:
                if scheduler is None:
                    # The judge holds the lock of the interpreter: threads would wait for each other.
                    cluster = distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        host="127.0.0.1",
                        preload=[_DEAF],
                        silence_logs=logging.CRITICAL,
                        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # else its port is 8787, which may be taken
                    )
                    stack.enter_context(cluster)
                    client = stack.enter_context(distributed.Client(cluster))
                else:
                    client = stack.enter_context(distributed.Client(scheduler, timeout=_PATIENCE))
                    _wait_for_workers(client)
            except (OSError, TimeoutError, ValueError) as error:
                raise CannotTell(
                    f"the scheduler cannot be reached: {type(error).__name__}", hint="give its address, such as tcp://host:8786"
                ) from None
            asked = until_it_is_gone.enter_context(first_is_asked())
            yield from _run(distributed, client, job, pieces, asked)

    return doing


def _wait_for_workers(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise _no_workers("the scheduler has no workers") from None


def _no_workers(message: str) -> CannotTell:
    return CannotTell(message, hint="start some: `dask worker ADDRESS`")


def _scheduler_lost() -> CannotTell:
    hint = "start it again; with `--resume FOLDER` what was judged is not judged again"
    return CannotTell("the scheduler was lost", hint=hint)


class _Presence:
    """Whether workers are there: Dask would wait for others for ever. The scheduler is asked beside; nobody waits for it.

    Attributes:
        threads: how many they have in all, as far as is known.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.threads = sum(client.nthreads().values())
        self._asked = time.monotonic()
        self._answer: Any = None
        self._absent: float | None = None  # since when nobody is there

    def check(self) -> None:
        """Looks, if it is time to.

        Raises:
            CannotTell: none has been there for as long as one is waited for, or nobody who would know.
        """
        now = time.monotonic()
        if self._answer is None:
            if now - self._asked >= _SELDOM:
                self._asked = now
                self._answer = asyncio.run_coroutine_threadsafe(_cores(self._client), self._client.loop.asyncio_loop)
        elif self._answer.done():
            answer, self._answer = self._answer, None
            known = not answer.cancelled() and answer.exception() is None
            if known and answer.result():
                self._absent, self.threads = None, sum(answer.result().values())
            elif self._absent is None:
                self._absent = now
            elif now - self._absent > _PATIENCE:
                raise _no_workers("all workers of the scheduler were lost") if known else _scheduler_lost()
        elif now - self._asked > _PATIENCE:
            raise _scheduler_lost()


async def _cores(client: Any) -> Any:
    return await client.scheduler.ncores()


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """What goes wrong with a cluster is said once, and by us."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)


def _run(
    distributed: Any, client: Any, job: Job, pieces: Iterator[tuple[int, Piece | Problem]], asked: Callable[[], bool]
) -> Iterator[Done]:
    run = uuid.uuid4().hex
    under_way: dict[Any, tuple[int, Piece | Problem]] = {}
    presence = _Presence(client)
    finished = distributed.as_completed()

    def until(ready: Callable[[], bool], rest: Callable[[float], object] = time.sleep) -> None:
        """Waits, as long as somebody is there to do it, and nobody interrupts; `rest` for so many seconds at a time."""
        presence.check()
        while not ready():
            if asked():
                raise KeyboardInterrupt
            rest(_OFTEN)
            presence.check()

    def more() -> None:
        room = _AHEAD * max(presence.threads, 1) - len(under_way)
        some = [one for _, one in zip(range(room), pieces, strict=False)]
        if not some:
            return
        # Not pure: each piece has a key of its own, whatever is in it, and is done once.
        handed = client.map(
            _do, [job] * len(some), *zip(*some, strict=True), pure=False, retries=_RETRIES,
            key=[f"smscontract-{run}-{number}" for number, _ in some],
        )  # fmt: skip
        for future, one in zip(handed, some, strict=True):
            under_way[future] = one
            finished.add(future)

    try:
        more()
        while under_way:
            until(finished.has_ready)
            if asked():
                raise KeyboardInterrupt
            future = next(finished)
            # It may be lost with its worker before it is here, and has to be done again then.
            fetched = asyncio.run_coroutine_threadsafe(_fetched(client, future), client.loop.asyncio_loop)
            until(fetched.done, partial(futures.wait, [fetched]))
            _, piece = under_way.pop(future)
            try:
                done: Done = fetched.result()
            except SmscontractError:
                raise
            except distributed.CancelledError:  # which nobody else asks for
                raise _scheduler_lost() from None
            except ImportError as error:
                hint = "install the same smscontract, with the same extras, on all machines"
                raise UnusableInput(f"the workers of the cluster lack `{error.name}`", hint=hint) from None
            except Exception as error:  # noqa: BLE001 - whatever went wrong over there
                message = f"a piece could not be judged on the cluster: {type(error).__name__}"
                raise SmscontractError(message, file=piece.file, hint="look at the logs of its workers") from None
            future.release()
            yield done
            more()
    finally:
        with contextlib.suppress(Exception):  # the cluster may be gone, and what is left is nobody's any more
            client.cancel(list(under_way))


async def _fetched(client: Any, future: Any) -> Any:
    return await client.gather(future, asynchronous=True)


def _do(job: Job, number: int, piece: Piece | Problem) -> Done:
    return do(job, number, piece)
