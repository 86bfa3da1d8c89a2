"""Requests to an ASGI or WSGI application in this process: no socket, the same bytes in and out as a server would carry.

A server's own part is played as servers play it: what an application leaves open (an exception, an answer without an end) comes
out as the answer or the failure that a client of uvicorn or gunicorn would see.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from smscontract.errors import UsageError
from smscontract.exchange import Failure, Headers, Response, headers_from

__all__ = ["Call", "Dial", "dialling", "is_asgi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it would be on the wire, and how long and how much of an answer is waited for.

    Attributes:
        target: path and query.
        seconds: after which there is a time-out.
        limit: bytes of the answer's body.
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    seconds: float
    limit: int


#: Sends a request and gives the answer, or how it failed. Never raises; may be called from several threads.
Dial = Callable[[Call], tuple[Response | None, Failure | None]]

_LIFESPAN_SECONDS = 30.0
_ERROR = Response(status=500, headers=(("content-type", "text/plain; charset=utf-8"),), body=b"Internal Server Error")


def is_asgi(app: Any) -> bool:
    """Whether an application speaks ASGI; else it speaks WSGI.

    Raises:
        UsageError: it is neither.
    """
    call = app if inspect.isroutine(app) or isinstance(app, type) else getattr(app, "__call__", None)  # noqa: B004
    if not callable(call):
        raise UsageError(f"a `{type(app).__name__}` is no ASGI or WSGI application", hint="give what your server is given")
    if inspect.iscoroutinefunction(call):
        return True
    try:
        inspect.signature(call).bind(None, None, None)
    except TypeError:
        return False
    except ValueError:  # no signature: written in C
        pass
    return True


@contextmanager
def dialling(app: Any) -> Iterator[Dial]:
    """Starts an application, for as long as the block lasts, and says how to send requests to it.

    Raises:
        UsageError: it is no application, or it did not start.
    """
    if not is_asgi(app):
        yield _Wsgi(app)
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="smscontract-app", daemon=True)
    thread.start()
    lifespan = _Lifespan(app)
    try:
        asyncio.run_coroutine_threadsafe(lifespan.start(), loop).result(_LIFESPAN_SECONDS + 1)
        yield _Asgi(app, loop, lifespan.state)
        asyncio.run_coroutine_threadsafe(lifespan.stop(), loop).result(_LIFESPAN_SECONDS + 1)
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result(_LIFESPAN_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_LIFESPAN_SECONDS)
        if not thread.is_alive():
            loop.close()


async def _end() -> None:
    """Ends what still runs."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.wait([*rest, asyncio.create_task(asyncio.sleep(0))], timeout=1.0)
    await asyncio.get_running_loop().shutdown_asyncgens()


class _Lifespan:
    """What an application does when it starts and when it ends; many do nothing and say so by an exception."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._to: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def start(self) -> None:
        """Waits until the application has started.

        Raises:
            UsageError: it says that it failed, or says nothing.
        """
        self._task = asyncio.create_task(self._run())
        answer = await self._step("startup")
        if answer.get("type") == "lifespan.startup.failed":
            raise UsageError("the application did not start", hint="start it on a server to see why")

    async def stop(self) -> None:
        """Waits until the application has ended."""
        if self._task is not None and not self._task.done():
            await self._step("shutdown")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._to.get, self._from.put)
        except Exception:  # noqa: BLE001 - an application without a lifespan may raise anything
            await self._from.put({})

    async def _step(self, name: str) -> Mapping[str, Any]:
        assert self._task is not None
        await self._to.put({"type": f"lifespan.{name}"})
        answer = asyncio.ensure_future(self._from.get())
        done, _ = await asyncio.wait({answer, self._task}, timeout=_LIFESPAN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            answer.cancel()
            raise UsageError(f"the application was not done with its {name} after {_LIFESPAN_SECONDS:g} seconds")
        if not answer.done() and not self._from.empty():
            await asyncio.wait({answer})
        if answer.done():
            return answer.result()
        answer.cancel()
        return {}


class _Answer:
    """What an application has sent so far."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.status: int | None = None
        self.headers: Headers = ()
        self.body = bytearray()
        self.whole = False

    def piece(self, piece: bytes) -> bool:
        """Whether more may follow."""
        self.body += piece
        return len(self.body) <= self._call.limit

    def result(self, failure: Failure | None) -> tuple[Response | None, Failure | None]:
        """What the client has of it."""
        if self.status is None:
            return None, failure or Failure.RESET
        body = bytes(self.body)
        if len(body) > self._call.limit:
            failure = Failure.TOO_LARGE
        bodiless = self._call.method == "HEAD" or self.status in (204, 304)
        declared = next((value for name, value in self.headers if name == "content-length"), "")
        if bodiless:
            body = b""
        elif declared.isdecimal() and failure is None:
            if len(body) < int(declared):
                failure = Failure.CUT
            body = body[: int(declared)]
        return Response(status=self.status, headers=self.headers, body=body), failure


class _Asgi:
    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop, state: Mapping[str, Any]) -> None:
        self._app = app
        self._loop = loop
        self._state = state

    def __call__(self, call: Call) -> tuple[Response | None, Failure | None]:
        answer = _Answer(call)
        done = asyncio.run_coroutine_threadsafe(self._talk(answer, call), self._loop)
        try:
            failure = done.result(call.seconds)
        except FutureTimeout:
            done.cancel()
            failure = Failure.TIMEOUT
        if failure is Failure.RESET and answer.status is None:
            return _ERROR, None
        return answer.result(failure)

    async def _talk(self, answer: _Answer, call: Call) -> Failure | None:
        path, _, query = call.target.partition("?")
        raw = path.encode("latin-1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": call.method,
            "scheme": "http",
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            "raw_path": raw,
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in call.headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": dict(self._state),
        }
        asked = [{"type": "http.request", "body": call.body, "more_body": False}]
        finished = asyncio.Event()

        async def receive() -> Mapping[str, Any]:
            if asked:
                return asked.pop()
            await finished.wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and answer.status is None:
                answer.status, answer.headers = int(message["status"]), headers_from(message.get("headers", ()))
            elif message["type"] == "http.response.body" and not answer.whole:
                answer.whole = not message.get("more_body", False)
                if not answer.piece(bytes(message.get("body", b""))) or answer.whole:
                    finished.set()

        running = asyncio.ensure_future(self._call(scope, receive, send))
        waiting = asyncio.ensure_future(finished.wait())
        # Who has the whole answer does not wait for what the application does behind it.
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            raise
        finally:
            waiting.cancel()
        if answer.whole:
            return None
        return Failure.CUT if answer.status is not None else Failure.RESET

    async def _call(self, scope: Any, receive: Any, send: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        with contextlib.suppress(Exception):  # the client of a server sees a 500 or a cut, and so do we
            await self._app(scope, receive, send)


class _Wsgi:
    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, call: Call) -> tuple[Response | None, Failure | None]:
        answer = _Answer(call)
        done: Future[Failure | None] = Future()
        # In a thread of its own: nobody can stop an application that does not come back.
        arguments = (done, answer, _environ(call))
        threading.Thread(target=self._run, args=arguments, name="smscontract-app", daemon=True).start()
        try:
            failure = done.result(call.seconds)
        except FutureTimeout:
            failure = Failure.TIMEOUT
        if failure is Failure.RESET and answer.status is None:
            return _ERROR, None
        return answer.result(failure)

    def _run(self, done: Future[Failure | None], answer: _Answer, environ: dict[str, Any]) -> None:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
            if answer.status is not None and exc_info:
                raise exc_info[1]
            started[:] = [(status, headers)]
            return write

        def write(piece: bytes) -> bool:
            if answer.status is None:
                status, headers = started[0]
                pairs = ((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers)
                answer.headers, answer.status = headers_from(pairs), int(status.partition(" ")[0])
            return answer.piece(piece)

        pieces: Iterable[bytes] = ()
        try:
            pieces = self._app(environ, start)
            for piece in pieces:
                if piece and not write(piece):
                    break
            write(b"")
            done.set_result(None)
        except Exception:  # noqa: BLE001 - the client of a server sees a 500 or a cut, and so do we
            done.set_result(Failure.CUT if answer.status is not None else Failure.RESET)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()


def _environ(call: Call) -> dict[str, Any]:
    """PEP 3333."""
    path, _, query = call.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": call.target,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
