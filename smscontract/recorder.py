"""Traffic of production, sampled and masked, in a file that `smscontract validate` reads.

    httpx.Client(event_hooks=smscontract.record("traffic.jsonl", sample=0.01))
    session.hooks = smscontract.record("traffic.jsonl", sample=0.01)         # of requests

Nothing is ever raised into the code that it watches, nothing is read before that code reads it, and nothing is written of an
answer that is not read to its end.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from functools import cache
from typing import Any

from smscontract.catalogue import load_catalogue
from smscontract.errors import UsageError
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings import jsonl
from smscontract.standins import stand_in
from smscontract.tap import Operations, Taken
from smscontract.tap.httpx import Tees
from smscontract.tap.requests import got

__all__ = ["Recorder", "record"]

_LARGEST = 1024 * 1024  # bytes of one body


class _Nothing:
    """What a hook gives back that may be awaited or not."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield  # a generator, but of nothing


class Recorder(dict[str, list[Callable[..., Any]]]):
    """What `record` makes: the mapping of hooks that httpx and requests take.

    Attributes:
        written: exchanges that were written.
        lost: exchanges that should have been, and could not.
    """

    def __init__(
        self, path: str, *, sample: float, most: int, max_bytes: int, judge: Judge, random_number: Callable[[], float]
    ) -> None:
        super().__init__(response=[self._hook])
        self.written = 0
        self.lost = 0
        self._path = path
        self._sample = sample
        self._most = most
        self._max_bytes = max_bytes
        self._judge = judge
        self._random = random_number
        self._operations = Operations(judge.catalogue)
        self._lock = threading.Lock()
        self._second, self._taken = 0, 0

    def _hook(self, response: Any, *_: Any, **__: Any) -> Any:
        of_httpx = hasattr(response, "aiter_raw")
        try:
            if self._chosen(response.request):
                self._take(response, of_httpx=of_httpx)
        except Exception:  # noqa: BLE001 - production must not notice us, whatever we did not think of
            self.lost += 1
        # requests takes what a hook returns for the answer; httpx's asynchronous client awaits it.
        return _Nothing() if of_httpx else None

    def _chosen(self, request: Any) -> bool:
        if not self._operations.path(request.method, str(request.url)) or self._random() >= self._sample:
            return False
        with self._lock:
            second = int(time.time())
            if second != self._second:
                self._second, self._taken = second, 0
            self._taken += 1
            return self._taken <= self._most

    def _take(self, response: Any, *, of_httpx: bool) -> None:
        request, now = response.request, time.time()
        if of_httpx:
            begun = getattr(response.stream, "_start", None)  # `elapsed` is only known at the end
            at = now - (time.perf_counter() - begun) if isinstance(begun, float) else now
            taken = Taken(request.method, str(request.url), request.headers, getattr(request, "_content", _UNKNOWN), at)
        else:
            at = now - response.elapsed.total_seconds()
            taken = Taken(request.method, request.url, request.headers, request.body, at)
        taken.when_whole = lambda: self._write(taken)
        if of_httpx:
            _tees().got(taken, request, response)
        else:
            got(taken, response)

    def _write(self, taken: Taken) -> None:
        try:
            taken.done = time.time()
            if taken.got is not None and len(taken.got) > _LARGEST:
                self.lost += 1
                return
            exchange = stand_in(self._judge, taken.exchange())
            if exchange is not None:
                self._append(jsonl.dumps(exchange))
                self.written += 1
        except Exception:  # noqa: BLE001 - see above
            self.lost += 1

    def _append(self, line: bytes) -> None:
        # Opened each time: several processes write to it, it may be rotated, and one write of a line is not torn.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size == 0:
                line = jsonl.header("production") + line
            if size + len(line) <= self._max_bytes:
                os.write(descriptor, line)
        finally:
            os.close(descriptor)


_UNKNOWN = object()


@cache
def _tees() -> Tees:
    return Tees(sys.modules["httpx"])


def record(
    path: str | os.PathLike[str],
    *,
    sample: float = 0.01,
    most: int = 20,
    max_bytes: int = 64 * 1024 * 1024,
    mask_key_env: str | None = None,
    contracts: Iterable[str] = (),
) -> Recorder:
    """Hooks for a client, which write a sample of what it does with known providers to a file.

    Args:
        path: JSON Lines; several clients, threads and processes may write to it. Readable by its owner alone.
        sample: the share of exchanges, 1 for all.
        most: exchanges in a second, at most.
        max_bytes: of the file; beyond it nothing is written.
        mask_key_env: variable with the key of the stand-ins; with it equal values are equal over processes and restarts.
        contracts: names or paths; default: all shipped.

    Raises:
        UsageError: a share that is none, a variable that is not set, or a path that cannot be written: told when the client is
            made, never later.
    """
    if not 0 < sample <= 1 or most < 1 or max_bytes < 1:
        raise UsageError("sample is a share above 0 and up to 1, most and max_bytes are 1 or more")
    key = None
    if mask_key_env is not None and not (key := os.environ.get(mask_key_env, "").encode()):
        raise UsageError(f"the variable `{mask_key_env}` is not set", hint="export it with a long random text")
    judge = Judge(load_catalogue(contracts), Masker(key))
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is none"
        raise UsageError(f"the recording cannot be written: {reason}", hint="name a file in a folder that exists") from None
    return Recorder(os.fspath(path), sample=sample, most=most, max_bytes=max_bytes, judge=judge, random_number=random.random)
