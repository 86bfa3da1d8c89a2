"""The ASGI application: finds who answers, and answers everything in the form of the API that was asked.

Starlette's router is not used on purpose: it decodes `%2F` before it matches, redirects for a trailing slash and says 404 and
405 in plain text, and none of that is the providers'.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from smscontract.exchange import headers_from
from smscontract.sandbox import seed
from smscontract.sandbox.arrivals import Arrivals
from smscontract.sandbox.bland import Bland
from smscontract.sandbox.calls import BODY_KEPT, Answer, Ask, Provider, match, segments
from smscontract.sandbox.clock import Clock, utc_now
from smscontract.sandbox.control import PREFIX, Control
from smscontract.sandbox.conversations import Conversations
from smscontract.sandbox.store import Store
from smscontract.sandbox.stuut import Stuut

__all__ = ["Sandbox", "create_app"]

_log = logging.getLogger("smscontract.sandbox")
_log.addHandler(logging.NullHandler())


class Sandbox:
    """The application. It keeps its parts in reach: a test overrides a method of one, or reads the store."""

    def __init__(self, store: Store, stuut: Stuut, bland: Bland, control: Control, arrivals: Arrivals) -> None:
        self.store = store
        self.stuut = stuut
        self.bland = bland
        self.conversations = Conversations(bland)
        self.control = control
        self.arrivals = arrivals
        self.providers: tuple[Provider, ...] = (stuut, bland)

    def accept(self, token: str) -> None:
        """One credential for both APIs, until the next reset: tests of a client need no two."""
        self.stuut.token = self.bland.key = token
        self.arrivals.secrets = (token,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        try:
            ask = await self._read(Request(scope, receive))
        except ClientDisconnect:
            return
        answer = self.answer(ask)
        response = Response(answer.encoded(), answer.status)
        if not any(name == "content-type" for name, _ in answer.headers):
            response.headers.append("content-type", "application/json")
        for name, value in answer.headers:
            response.headers.append(name, value)
        await response(scope, receive, send)

    def answer(self, ask: Ask) -> Answer:
        """The answer to any request. Blocking, and short: one transaction of SQLite's."""
        first = (segments(ask.path) or [""])[0]
        # On a path that neither API has, one form of a 404 is as good as the other.
        provider = next((one for one in self.providers if one.prefix == first), self.providers[0])
        is_control = first == PREFIX
        try:
            answer = self.control.answer(ask) if is_control else self._routed(provider, ask)
        except Exception:  # noqa: BLE001 - whatever a wrong subclass raises, the client gets an answer in the API's form
            _log.exception("the sandbox failed on %s %s", ask.method, ask.path)
            answer = provider.crashed()
        if not is_control:
            self.arrivals.note(ask, answer.status)
        return answer

    def _routed(self, provider: Provider, ask: Ask) -> Answer:
        parameters = match(provider.template, ask.path)
        if parameters is None:
            beside = self.conversations.answer(ask) if provider is self.bland else None
            return provider.no_such_path() if beside is None else beside
        if ask.method != provider.method:
            return provider.no_such_method()
        return provider.answer(replace(ask, parameters=parameters))

    @staticmethod
    async def _read(request: Request) -> Ask:
        scope = request.scope
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        ask = Ask(
            method=scope["method"],
            path=raw.partition(b"?")[0].decode("latin-1"),  # some clients of ASGI leave the query there
            query=scope["query_string"].decode("latin-1"),
            headers=headers_from(scope["headers"]),
        )
        body, size = bytearray(), 0
        # All of it is read, whatever becomes of it: an answer before the end of the request breaks the connection for a
        # client that is still writing.
        async for chunk in request.stream():
            size += len(chunk)
            body += chunk[: BODY_KEPT + 1 - len(body)]
        return replace(ask, body=bytes(body), size=size)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create_app(
    store: Store | None = None,
    clock: Clock = utc_now,
    *,
    seed_number: int = 0,
    stuut: type[Stuut] = Stuut,
    bland: type[Bland] = Bland,
) -> Sandbox:
    """The sandbox as an ASGI application.

    Args:
        store: the database; a new one in memory if `None`. An empty one is seeded, another one is kept as it is.
        clock: what time it is.
        seed_number: what the identifiers, tokens and texts of a new database are made from.
        stuut, bland: the endpoints' logic; a subclass is a sandbox that does something else.
    """
    store = Store() if store is None else store
    with store.transaction() as tx:
        if tx.setting("seed") is None:
            seed.plant(tx, clock(), seed_number)
        seed_number = tx.seed
    token, key = seed.stuut_token(seed_number), seed.bland_key(seed_number)
    arrivals = Arrivals((token, key))
    first, second = stuut(store, clock, token), bland(store, clock, key)
    return Sandbox(store, first, second, Control(store, clock, arrivals, first, second), arrivals)
