"""A server on loopback that answers as the sandbox does until it is told to behave otherwise, down to the bytes of the wire."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from smscontract.exchange import Headers
from smscontract.sandbox.app import create_app
from smscontract.sandbox.calls import Ask

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. `number` counts those to the APIs from 1; `serve` is the sandbox's answer to it with another
    body, and another credential if one is given."""

    number: int
    raw: bytes
    method: str
    target: str
    headers: Headers
    body: bytes
    serve: Callable[[bytes, str], Reply]

    @property
    def fields(self) -> dict[str, Any]:
        """The members of the body, if it is an object."""
        try:
            value = self.json
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes out. `length` is what `content-length` claims; `end` how the connection ends."""

    status: int = 200
    body: bytes = b""
    headers: Headers = (("content-type", "application/json"),)
    length: int | None = None
    end: str = "close"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: Any) -> Reply:
        return replace(self, body=json.dumps(value).encode())

    def with_header(self, name: str, value: str) -> Reply:
        return replace(self, headers=(*((key, text) for key, text in self.headers if key != name), (name, value)))


RESET = Reply(end="reset")
HANG = Reply(end="hang")
Behave = Callable[[Seen, Callable[[], Reply]], Reply]


def correct(_: Seen, answer: Callable[[], Reply]) -> Reply:
    return answer()


@dataclass
class Server:
    """What listens. `behave` is asked for each request to the APIs; `offers` whether `/_sandbox/` answers."""

    behave: Behave = correct
    offers: bool = True
    arrived: list[Seen] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    mistakes: list[Exception] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        # The clock stands, so that a reset plants the very same.
        self._now = datetime.now(UTC)
        self.app = create_app(clock=lambda: self._now)
        self._lock = threading.Lock()
        self._over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def handed(self) -> dict[str, Any]:
        found: dict[str, Any] = self.app.answer(Ask(method="GET", path="/_sandbox/")).body["providers"]
        return found

    def reset(self) -> None:
        self.app.store.close()
        self.app = create_app(clock=lambda: self._now)
        self.arrived.clear()

    def loop(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                try:
                    self._serve(connection)
                except (ValueError, KeyError, TypeError, AssertionError) as error:  # a mistake in a test
                    self.mistakes.append(error)

    def stop(self) -> None:
        self._over.set()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        raw = b""
        while b"\r\n\r\n" not in raw:
            more = connection.recv(65536)
            if not more:
                return
            raw += more
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
        length = int(next((value for name, value in headers if name == "content-length"), "0"))
        while len(body) < length:
            body += connection.recv(65536)
        self.raw += head + b"\r\n\r\n" + body
        ask = Ask(
            method=method,
            path=target.partition("?")[0],
            query=target.partition("?")[2],
            headers=headers,
            body=body,
            size=len(body),
        )
        if target.startswith("/_sandbox/"):
            self._send(connection, self._answer(ask) if self.offers else Reply(404, b"{}"))
            return
        with self._lock:

            def serve(other: bytes, credential: str) -> Reply:
                kept = [(name, value) for name, value in headers if name != "authorization" or not credential]
                given = (("authorization", credential),) if credential else ()
                return self._answer(replace(ask, headers=(*kept, *given), body=other, size=len(other)))

            seen = Seen(len(self.arrived) + 1, head + b"\r\n\r\n" + body, method, target, headers, body, serve)
            self.arrived.append(seen)
        self._send(connection, self.behave(seen, lambda: self._answer(ask)))

    def _answer(self, ask: Ask) -> Reply:
        answer = self.app.answer(ask)
        kept = tuple((name, value) for name, value in answer.headers if name != "content-type")
        return Reply(answer.status, answer.encoded(), (("content-type", "application/json"), *kept))

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        if reply.end == "hang":
            connection.recv(1)  # until the client has had enough
            return
        if reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        length = len(reply.body) if reply.length is None else reply.length
        lines = [
            f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}",
            f"content-length: {length}",
            "connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body)


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    """Serves from a thread, one connection after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    thread = threading.Thread(target=server.loop, args=(listener,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)
        server.app.store.close()
    assert server.mistakes == []
