"""Applications in this process: what a client of a server would see of them, and the same leash."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.errors import UsageError
from smscontract.exchange import Auth, Failure, Response
from smscontract.gate import Request, app_targets, gate
from smscontract.judge import Judge
from smscontract.transport import Leash, LeashError, Outgoing, Reach, Transport
from smscontract.transport.app import Call, dialling, is_asgi
from tests.core import PARCEL, shipped
from tests.data.parcel_app import app as parcel

JSON = [(b"Content-Type", b"application/json")]


def call(**other: Any) -> Call:
    words = {"method": "POST", "target": "/a%2Fb/%C3%A9?x=1&y", "headers": (("x-one", "1"),), "body": b"{}"}
    return Call(**{**words, "seconds": 5.0, "limit": 1000, **other})


def answered(app: Any, **other: Any) -> tuple[Response | None, Failure | None]:
    with dialling(app) as dial:
        return dial(call(**other))


def asgi(*messages: dict[str, Any], then: Callable[[], Any] | None = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await receive()
        for message in messages:
            await send(message)
        if then is not None:
            await then()

    return app


def start(status: int = 200, headers: Any = JSON) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def fail() -> None:
    raise ValueError("never shown")


async def hang() -> None:
    await asyncio.sleep(3600)


LONG = [(b"content-length", b"9")]


@pytest.mark.parametrize(
    ("app", "status", "content", "failure"),
    [
        (asgi(start(), body(b"{}")), 200, b"{}", None),
        (asgi(start(), body(b"{", more=True), body(b"}")), 200, b"{}", None),
        (asgi(start(), body(b"{}"), then=hang), 200, b"{}", None),
        (asgi(start(), body(b"{}"), then=fail), 200, b"{}", None),
        (asgi(then=fail), 500, b"Internal Server Error", None),
        (asgi(), 500, b"Internal Server Error", None),
        (asgi(start(), body(b"{", more=True), then=fail), 200, b"{", Failure.CUT),
        (asgi(start(headers=LONG), body(b"{}")), 200, b"{}", Failure.CUT),
        (asgi(start(headers=LONG), body(b"123456789after")), 200, b"123456789", None),
        (asgi(start(204, LONG), body(b"{}")), 204, b"", None),
        (asgi(start(), body(b"x" * 1001)), 200, b"x" * 1001, Failure.TOO_LARGE),
    ],
)
def test_an_asgi_answer_is_what_a_client_would_see(app: Any, status: int, content: bytes, failure: Failure | None) -> None:
    response, how = answered(app)
    assert response is not None
    assert (response.status, response.body, how) == (status, content, failure)


def test_who_does_not_answer_is_a_time_out() -> None:
    assert answered(asgi(then=hang), seconds=0.05) == (None, Failure.TIMEOUT)
    response, how = answered(asgi(start(), body(b"{", more=True), then=hang), seconds=1.0)
    assert how is Failure.TIMEOUT
    assert response is not None
    assert response.body == b"{"


def test_an_asgi_application_sees_what_a_server_would_show() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.extend([scope, await receive()])
            await send(start(headers=[(b"X-Twice", b"1"), (b"x-twice", b"\xe9")]))
            await send(body(b""))

    response, _ = answered(app)
    scope, message = seen
    assert response is not None
    assert response.headers == (("x-twice", "1"), ("x-twice", "é"))
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/b/é", b"/a%2Fb/%C3%A9", b"x=1&y")
    assert (b"x-one", b"1") in scope["headers"]
    assert message == {"type": "http.request", "body": b"{}", "more_body": False}


class Lifespan:
    """Starts and ends, and says so."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.told: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asgi(start(), body(str(scope["state"]["ready"]).encode()))(scope, receive, send)
            return
        self.told.append((await receive())["type"])
        scope["state"]["ready"] = 7
        await send({"type": "lifespan.startup.failed" if self.fails else "lifespan.startup.complete"})
        self.told.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})


def test_it_is_started_and_ended() -> None:
    app = Lifespan()
    response, _ = answered(app)
    assert response is not None
    assert response.body == b"7"
    assert app.told == ["lifespan.startup", "lifespan.shutdown"]


def test_one_that_does_not_start_is_no_target() -> None:
    with pytest.raises(UsageError, match="did not start"):
        answered(Lifespan(fails=True))


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    write = start_response("200 OK", [("Content-Type", "application/json"), ("X-Path", environ["PATH_INFO"])])
    write(b"[")
    yield environ["wsgi.input"].read()
    yield f', "{environ["QUERY_STRING"]}", "{environ["HTTP_X_ONE"]}"]'.encode()


def broken_wsgi(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    del environ
    start_response("200 OK", [])
    yield b"["
    raise ValueError("never shown")


def late_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    del environ, start_response
    time.sleep(2)
    return []


def test_wsgi() -> None:
    response, failure = answered(wsgi)
    assert failure is None
    assert response is not None
    assert response.body == b'[{}, "x=1&y", "1"]'
    assert response.headers is not None
    assert dict(response.headers)["x-path"] == "/a/b/Ã©", "as PEP 3333 has it"


def test_wsgi_that_fails() -> None:
    response, failure = answered(broken_wsgi)
    assert response is not None
    assert (response.body, failure) == (b"[", Failure.CUT)
    response, failure = answered(lambda _environ, _start: 1 / 0)
    assert response is not None
    assert (response.status, failure) == (500, None)
    assert answered(late_wsgi, seconds=0.05) == (None, Failure.TIMEOUT)


def test_what_speaks_which() -> None:
    assert is_asgi(parcel)
    assert is_asgi(Lifespan())
    assert not is_asgi(wsgi)
    with pytest.raises(UsageError, match="`str` is no ASGI"):
        is_asgi("my_app:app")


def test_two_requests_at_once_are_two() -> None:
    both = threading.Barrier(2, timeout=60)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(both.wait)
        await asgi(start(), body(b"{}"))(scope, receive, send)

    with dialling(_without_lifespan(app)) as dial:
        threads = [threading.Thread(target=dial, args=(call(),)) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
    assert not both.broken


def _without_lifespan(app: Any) -> Any:
    async def outer(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return outer


def test_the_leash_holds_here_too() -> None:
    called: list[Call] = []

    def dial(one: Call) -> tuple[Response | None, Failure | None]:
        called.append(one)
        return None, Failure.RESET

    operation = shipped().operations["bland.create-sms"]
    transport = Transport(urlsplit("http://localhost"), Leash(), run="test", reach=Reach(dial=dial))
    words = {"operation": operation, "method": "POST", "target": "/v1/sms/create", "headers": (), "credential": None}

    def outgoing(number: str) -> Outgoing:
        return Outgoing(body=b'{"user_number": "%s"}' % number.encode(), auth=Auth.ABSENT, **words)  # type: ignore[arg-type]

    with pytest.raises(LeashError):
        transport.exchange(outgoing("+14155552671"))
    assert called == []
    assert transport.exchange(outgoing("+14155550123")).failure is Failure.RESET
    assert len(called) == 1


def test_an_application_is_a_target_of_the_gate() -> None:
    catalogue = load_catalogue([str(PARCEL)])
    with app_targets(catalogue, parcel, resources={"parcel_id": {"any": ["par_7"]}}) as targets:
        report = gate(Request(fuzz=0), Judge(catalogue), targets)
    assert report.verdict == "kept"
    assert report.judged_clauses > 50
