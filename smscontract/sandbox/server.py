"""Runs an ASGI application on uvicorn: in a thread for tests and the gate, or until a signal comes. Prints nothing."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from smscontract.errors import UsageError
from smscontract.sandbox.app import Sandbox, create_app
from smscontract.sandbox.store import Store

__all__ = ["Running", "running", "serve"]

_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Without a trailing slash: `http://127.0.0.1:40123`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and leaves signals to its caller."""

    def __init__(self, app: ASGIApp, on_start: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            access_log=False,
            h11_max_incomplete_event_size=262_144,  # uvicorn answers longer heads by itself, in plain text
            http="h11",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="critical",
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            timeout_keep_alive=75,  # a client that pauses must not find its connection gone
            ws="none",
        )
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn would raise the signal again when it is done, which ends the process before the caller can choose how.
        yield


@contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running]:
    """Serves an application from a thread for as long as the block lasts; requests under way are answered before it ends.

    Args:
        port: 0 for one that is free.

    Raises:
        UsageError: nobody can listen there.
    """
    listener = _listener(host, port)
    started = threading.Event()
    server = _Server(app, started.set)
    thread = threading.Thread(target=server.run, args=([listener],), name="smscontract-sandbox", daemon=True)
    thread.start()
    try:
        if not started.wait(_START_SECONDS):
            raise UsageError(f"the server on {host} did not start")
        yield Running(host, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    db: str | Path = ":memory:",
    app_wrapper: Callable[[Sandbox], ASGIApp] | None = None,
    *,
    seed_number: int = 0,
    ready: Callable[[Running], None] | None = None,
) -> signal.Signals:
    """Serves the sandbox until SIGINT or SIGTERM comes, and says which one. Only in the main thread.

    Args:
        port: 0 for one that is free.
        db: file of the database, or `:memory:`.
        app_wrapper: puts something in front of the sandbox.
        seed_number: what a new database is made from.
        ready: called once the server listens.

    Raises:
        UsageError: nobody can listen there.
        UnusableInput: the file cannot be used.
    """
    listener = _listener(host, port)
    try:
        with Store(db) as store:
            app = create_app(store, seed_number=seed_number)
            where = Running(host, listener.getsockname()[1])
            server = _Server(app_wrapper(app) if app_wrapper else app, lambda: ready(where) if ready else None)
            return _until_signal(server, listener)
    finally:
        listener.close()


def _until_signal(server: _Server, listener: socket.socket) -> signal.Signals:
    caught: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        # The second signal does not wait for requests under way.
        server.force_exit = bool(caught)
        server.should_exit = True
        caught.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run([listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return signal.Signals(caught[0])


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what is accepted; without, each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port}: {why}", hint="name another port or address; port 0 takes one that is free"
        ) from error
    return listener
