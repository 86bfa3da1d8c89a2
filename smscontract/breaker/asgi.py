"""The breaker as ASGI middleware: holds request and answer, and puts what the mutator decides on the wire as it is."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smscontract.breaker.grammar import Break
from smscontract.breaker.mutator import REMEMBERED, Mutator, Tally, Turn
from smscontract.catalogue import Catalogue
from smscontract.exchange import Auth, Exchange, Headers, Origin, OriginKind, Request, Response, Wire, headers_from

__all__ = ["BODY_LIMIT", "Breaker", "Knowledge"]

#: What is known of a request that has no answer yet: of its credential, and of the ids and numbers in it (`Exchange.known`).
Knowledge = Callable[[Exchange], tuple[Auth | None, Mapping[str, Mapping[str, Any]]]]

#: Bytes of a body that are held. What is longer passes through as it comes.
BODY_LIMIT = 1_048_576
_GOODBYE = 5.0


class Breaker:
    """An application in which clauses are broken, in front of another one that keeps them.

    It belongs on the outside, next to the server: closing a connection takes the server's transport. Where there is none (a
    test client in the same process) an answer that is withheld is a `ConnectionResetError`.

    Args:
        app: any ASGI application; requests that belong to no operation with a break reach it untouched.
        breaks: what to break, see `parse_break`.
        knowledge: tells of each request what is known before the application is asked. Without it, credential and resources are
            what the application's answer says of them, so that nothing can be decided before it has answered.
        remember: exchanges of each operation that histories are judged by.
        exact: leave an answer alone where the clause cannot be broken without another one.
        clock: seconds since 1970 UTC.
        sleep: how an answer that comes late is waited for.
    """

    def __init__(
        self,
        app: ASGIApp,
        catalogue: Catalogue,
        breaks: Sequence[Break],
        *,
        knowledge: Knowledge | None = None,
        remember: int = REMEMBERED,
        exact: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.app = app
        self._catalogue = catalogue
        self._mutator = Mutator(catalogue, breaks, remember=remember, exact=exact)
        self._knowledge = knowledge
        self._clock = clock
        self._sleep = sleep
        self._numbers = itertools.count(1)

    @property
    def tallies(self) -> list[tuple[Break, Tally]]:
        """What became of each break so far."""
        return self._mutator.tallies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        started = self._clock()
        found = self._catalogue.match(scope["method"], _url(scope)) if scope["type"] == "http" else None
        if found is None or not self._mutator.speaks_of(found[0].key):
            await self.app(scope, receive, send)
            return
        incoming = _Incoming(receive)
        if not await incoming.read():
            if incoming.too_long:
                await self.app(scope, incoming.again, send)
            return
        turn, asked = self._turn(scope, incoming.body, found[0].key, found[1], started)
        early = turn.early()
        if early is not None:
            await self._show(turn, early, receive, send)
            return
        answer = _Answer(send)
        await self.app(_plain(scope), incoming.again, answer.send)
        if not answer.whole:
            await answer.flush()
            return
        answered = dataclasses.replace(asked, response=answer.response(), received_at=self._clock())
        await self._show(turn, turn.late(answered), receive, send)

    def _turn(
        self, scope: Scope, body: bytes, operation: str, parameters: dict[str, str], started: float
    ) -> tuple[Turn, Exchange]:
        number = next(self._numbers)
        asked = Exchange(
            request=Request(method=scope["method"], url=_url(scope), headers=headers_from(scope["headers"]), body=body),
            response=None,
            origin=Origin(kind=OriginKind.LIVE, case=f"live-{number}", request=number),
            sent_at=started,
            wire=Wire.EXACT,
            own_record=True,
            operation=operation,
            path_parameters=parameters,
        )
        if self._knowledge is not None:
            auth, known = self._knowledge(asked)
            asked = dataclasses.replace(asked, auth=auth, known=known)
        return self._mutator.turn(asked), asked

    async def _show(self, turn: Turn, exchange: Exchange, receive: Receive, send: Send) -> None:
        """Sends the answer of an exchange byte for byte, when its time has come."""
        late = (exchange.received_at or 0.0) - self._clock()
        if late > 0:
            await self._sleep(late)
        turn.seen(exchange)
        response = exchange.response
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if response is None:
            await _reset(transport, receive)
            return
        headers, body = response.headers or (), response.body or b""
        raw = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        if transport is None or _declared(headers) <= len(body):
            await send({"type": "http.response.body", "body": body})
            return
        # No server lets an application end a body too early in good order.
        await send({"type": "http.response.body", "body": body, "more_body": True})
        transport.close()
        await _gone(receive)


def _declared(headers: Headers) -> int:
    values = [value for name, value in headers if name == "content-length"]
    return int(values[0]) if values and values[0].isdecimal() else -1


async def _reset(transport: Any, receive: Receive) -> None:
    """No answer: the connection is reset, not closed in good order."""
    if transport is None:
        raise ConnectionResetError("the answer is withheld")
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Waits until the server knows that the client is gone; before that, it would answer by itself."""
    try:
        async with asyncio.timeout(_GOODBYE):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


class _Incoming:
    """The body of a request, held and given again."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._held: list[Message] = []
        self.body = b""
        self.too_long = False

    async def read(self) -> bool:
        """Whether all of the body is there; else it is too long, or the client is gone."""
        chunks, size = [], 0
        while True:
            message = await self._receive()
            self._held.append(message)
            if message["type"] != "http.request":
                return False
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > BODY_LIMIT:
                self.too_long = True
                return False
            if not message.get("more_body", False):
                self.body = b"".join(chunks)
                return True

    async def again(self) -> Message:
        """What arrived, from its start."""
        return self._held.pop(0) if self._held else await self._receive()


class _Answer:
    """The answer of an application, held until it is whole; one that is too long, or more than a head and a body, passes on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self._size = 0
        self._passing = False
        self.whole = False

    async def send(self, message: Message) -> None:
        """ASGI's `send` for the application."""
        if self._passing:
            await self._send(message)
            return
        self._held.append(message)
        kind = message["type"]
        if kind == "http.response.body":
            self._size += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
        plain = kind in ("http.response.start", "http.response.body") and not message.get("trailers", False)
        if not plain or self._size > BODY_LIMIT:
            await self.flush()

    async def flush(self) -> None:
        """Lets go of what is held."""
        self._passing, self.whole = True, False
        for message in self._held:
            await self._send(message)
        self._held.clear()

    def response(self) -> Response:
        """The whole answer."""
        start = self._held[0]
        body = b"".join(message.get("body", b"") for message in self._held[1:])
        return Response(status=start["status"], headers=headers_from(start.get("headers", ())), body=body)


def _plain(scope: Scope) -> Scope:
    """The scope without what would make an answer unreadable: compression, and extensions of the server."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() != b"accept-encoding"]
    return {**scope, "headers": headers, "extensions": {}}


def _url(scope: Scope) -> str:
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    path = raw.partition(b"?")[0].decode("latin-1")  # some clients of ASGI leave the query there
    query = scope.get("query_string", b"").decode("latin-1")
    server = scope.get("server") or ("localhost", None)
    host = f"[{server[0]}]" if ":" in str(server[0]) else server[0]
    port = f":{server[1]}" if server[1] is not None else ""
    return f"{scope.get('scheme', 'http')}://{host}{port}{path}{'?' if query else ''}{query}"
