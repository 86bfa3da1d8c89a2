"""The endpoints' own paths answer in the API's own form, whatever is asked; and nothing hostile gives a 5xx."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from smscontract.sandbox import numbers
from smscontract.sandbox.app import Sandbox, create_app
from smscontract.sandbox.bland import FIELDS, Bland
from smscontract.sandbox.calls import Answer, Ask, match, segments
from smscontract.sandbox.store import Store
from smscontract.sandbox.stuut import Stuut
from tests.sandbox.wire import Wire

SEND, CREATE = "/v2/sms-threads/messages/sms_1/send", "/v1/sms/create"
METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "BREW"]


def in_form(target: str, body: Any) -> bool:
    if target == "/v1" or target.startswith("/v1/"):
        return set(body) == {"data", "errors"} and body["data"] is None and len(body["errors"]) == 1
    return set(body) == {"detail"}


@pytest.mark.parametrize("target", [SEND, CREATE])
@pytest.mark.parametrize("method", METHODS)
def test_another_method_is_not_allowed(wire: Wire, target: str, method: str) -> None:
    got = wire.ask(method, target)
    assert got.status == 405
    assert got.header("allow") == "POST"
    assert got.header("content-type") == "application/json"
    assert got.raw == b"" if method == "HEAD" else in_form(target, got.json)


@pytest.mark.parametrize(
    "target",
    [
        SEND + "/",
        CREATE + "/",
        "/",
        "/nothing",
        "/v1",
        "/v2/",
        "/v1/sms",
        "/v1/sms/create/x",
        "/v1//sms/create",
        "//v1/sms/create",
        "/v1/sms%2Fcreate",
        "/V1/SMS/CREATE",
        "/v1/sms/create%20",
        "/v1/./sms/create",
        "/v2/sms-threads/messages//send",
        "/v2/sms-threads/messages/a/b/send",
        "/v2/sms-threads/messages/sms_1",
        "/v2/sms-threads/messages/sms_1/Send",
        "/v2/sms-threads/messages/sms_1%2Fsend",
        "/docs",
        "/openapi.json",
        "*",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_another_path_is_not_found(wire: Wire, target: str, method: str) -> None:
    got = wire.ask(method, target, [("authorization", f"Bearer {wire.token}")])
    assert got.status == 404
    assert got.header("content-type") == "application/json"
    assert got.header("location") is None
    assert in_form(target, got.json)


def test_a_path_may_be_spelled_with_needless_escapes(wire: Wire) -> None:
    sms_id = wire.sms_ids["draft"][0]["id"].replace("s", "%73")
    target = f"/v2/%73ms-threads/messages/{sms_id}/send"
    assert wire.ask("POST", target, [("authorization", f"Bearer {wire.token}")]).status == 200


def test_long_heads_are_answered_in_the_apis_form(wire: Wire) -> None:
    assert wire.send("x" * 100_000).json == {"detail": "SMS message not found"}
    assert wire.ask("POST", SEND, [("x-long", "y" * 100_000)]).status == 401


def test_several_requests_on_one_connection(wire: Wire) -> None:
    """A body that nobody reads must not be taken for the next request."""
    for _ in range(3):
        assert wire.ask("POST", SEND, [], b"GET / HTTP/1.1\r\n\r\n" * 5000).status == 401
        assert wire.ask("POST", CREATE, [], b"x" * 2_000_000).status == 401


def test_no_header_names_the_server_software(wire: Wire) -> None:
    assert wire.send(wire.sms_ids["missing"][0]).header("server") is None


def test_a_crash_of_a_wrong_subclass_is_answered_in_the_apis_form() -> None:
    class BrokenStuut(Stuut):
        def send(self, sms_id: str) -> Answer:
            raise ValueError(sms_id)

    class BrokenBland(Bland):
        def refuse_form(self, ask: Ask) -> Answer | None:
            raise ValueError(ask)

    with Store() as store:
        app = create_app(store, stuut=BrokenStuut, bland=BrokenBland)
        for target, credential in ((SEND, f"Bearer {app.stuut.token}"), (CREATE, app.bland.key)):
            got = app.answer(Ask(method="POST", path=target, headers=(("authorization", credential),)))
            assert got.status == 500
            assert in_form(target, got.body)


# hostile input, straight into the ASGI application: thousands of requests in little time


class Hostile:
    def __init__(self, app: Sandbox) -> None:
        self.app = app

    def ask(self, method: str, raw_path: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, Any]:
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": "/ignored",
            "raw_path": raw_path,
            "query_string": b"",
            "headers": headers,
        }
        asyncio.run(self.app(scope, receive, send))
        start, *parts = messages
        assert dict(start["headers"])[b"content-type"] == b"application/json"
        return start["status"], json.loads(b"".join(part["body"] for part in parts))


@pytest.fixture(scope="module")
def hostile() -> Any:
    with Store() as store:
        yield Hostile(create_app(store))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from([*numbers.BLAND_OWNED, *numbers.BLAND_USERS[:3], "USER", "AGENT"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NEARLY = st.dictionaries(st.sampled_from(list(FIELDS)), JSON_VALUES).map(
    lambda body: {"user_number": numbers.BLAND_USERS[0], "agent_number": numbers.BLAND_OWNED[0], "message": "x"} | body
)
BODIES = st.binary() | (JSON_VALUES | NEARLY).map(lambda value: json.dumps(value).encode())
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)


@QUICK
@given(body=BODIES, content_type=st.sampled_from([b"application/json", b"text/plain"]))
@example(body=b'{"user_number": "\\ud800"}', content_type=b"application/json")
def test_no_body_makes_create_fail(hostile: Hostile, body: bytes, content_type: bytes) -> None:
    headers = [(b"authorization", hostile.app.bland.key.encode()), (b"content-type", content_type)]
    status, answer = hostile.ask("POST", CREATE.encode(), headers, body)
    assert status in {200, 400, 415}
    assert set(answer) == {"data", "errors"}
    assert (answer["data"] is None) == (status != 200)
    assert (answer["errors"] is None) == (status == 200)


REQUESTS = st.tuples(
    st.sampled_from(["POST", "GET", "DELETE"]),
    st.builds(
        lambda *parts: b"".join(parts),
        st.sampled_from([b"/v2/sms-threads/messages/", b"/v1/", b"/", b"", b"/_sandbox/drafts", b"/_sandbox/messages/"]),
        st.binary(max_size=20) | st.text().map(lambda text: quote(text, safe="").encode()),
        st.sampled_from([b"/send", b""]),
    ),
    st.lists(st.tuples(st.sampled_from([b"authorization", b"content-type", b"content-length", b"x"]), st.binary(max_size=20))),
    BODIES,
)


@QUICK
@given(request_=REQUESTS)
def test_no_request_makes_the_sandbox_fail(
    hostile: Hostile, request_: tuple[str, bytes, list[tuple[bytes, bytes]], bytes]
) -> None:
    status, answer = hostile.ask(*request_)
    assert status < 500
    assert isinstance(answer, dict)


@given(st.text())
def test_an_encoded_id_comes_back_as_it_was(sms_id: str) -> None:
    got = match("/v2/{sms_id}/send", f"/v2/{quote(sms_id, safe='', errors='surrogatepass')}/send")
    assert got == ({"sms_id": sms_id} if sms_id else None)


def test_segments_of_odd_targets() -> None:
    assert segments("") == []
    assert segments("*") == []
    assert segments("http://x/v1") == []
    assert segments("/") == [""]
    assert segments("/a%2Fb//%ff") == ["a/b", "", "\\xff"]


def test_a_wrong_subclass_may_say_what_its_answer_is() -> None:
    class Html(Stuut):
        def unknown(self) -> Answer:
            return Answer(404, "none", (("content-type", "text/html"), ("x-twice", "1"), ("x-twice", "2")))

    with Store() as store:
        app = create_app(store, stuut=Html)
        start, body = called(app, {"authorization": f"Bearer {app.stuut.token}"})
    assert start["status"] == 404
    assert body["body"] == b'"none"'
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    assert headers == [(b"content-type", b"text/html"), (b"x-twice", b"1"), (b"x-twice", b"2")]


def called(app: Sandbox, headers: dict[str, str], **scope: Any) -> list[Any]:
    """Everything that the application sends for one call with an empty body."""
    messages: list[Any] = []
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return waiting.pop()

    async def send(message: Any) -> None:
        messages.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = {"type": "http", "method": "POST", "path": SEND, "query_string": b"", "headers": raw}
    asyncio.run(app({**request, **scope}, receive, send))
    return messages


def test_servers_and_clients_of_asgi_that_differ() -> None:
    with Store() as store:
        app = create_app(store)
        authorization = {"authorization": f"Bearer {app.stuut.token}"}
        with store.transaction() as tx:
            sms_id = tx.offered("draft", 1)[0].id
        path = SEND.replace("sms_1", sms_id)
        # a path without its raw form; a raw form that kept the query
        assert called(app, authorization, path=path.replace(sms_id, "ü/"))[0]["status"] == 404
        assert called(app, authorization, path="/", raw_path=f"{path}?a=b".encode())[0]["status"] == 200
        assert called(app, authorization, path=path)[0]["status"] == 409
        assert called(app, {}, type="websocket") == [{"type": "websocket.close"}]


def test_the_lifespan_of_a_server_that_asks_for_it() -> None:
    waiting = ["lifespan.shutdown", "lifespan.startup"]
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": waiting.pop()}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    with Store() as store:
        asyncio.run(create_app(store)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_client_that_leaves_in_the_middle_changes_nothing() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    with Store() as store:
        app = create_app(store)
        asyncio.run(app({"type": "http", "method": "POST", "path": SEND, "query_string": b"", "headers": []}, receive, send))
        assert app.arrivals.as_json()["total"] == 0
