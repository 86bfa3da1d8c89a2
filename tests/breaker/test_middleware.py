"""The breaker in front of applications: what it touches, what it leaves alone, and what it makes of odd ones."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from smscontract.breaker import Breaker, Mutator, parse_breaks
from smscontract.breaker.asgi import BODY_LIMIT
from smscontract.exchange import Auth, Exchange
from smscontract.sandbox.server import running
from tests.breaker.drive import CATALOGUE, OPTIONAL, OTHER, PLAIN, Clock, Drive, ask, named
from tests.sandbox.wire import Wire

SEND = "/v2/sms-threads/messages/sms_1/send"
ENUM = "stuut.send-sms/200/status:enum"
STATUSES = ("draft", "pending", "sent", "delivered", "failed", "undelivered")


def status(exchange: Exchange) -> int:
    assert exchange.response is not None
    return exchange.response.status


def body(exchange: Exchange) -> Any:
    assert exchange.response is not None
    return json.loads(exchange.response.body or b"null")


# an application of the user's


class App:
    """A plain function of its own kind: it answers every request with the same messages."""

    def __init__(self, *messages: Message) -> None:
        self.messages = messages
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            read = b""
            while True:
                message = await receive()
                read += message.get("body", b"")
                if not message.get("more_body", False):
                    break
            self.bodies.append(read)
        for message in self.messages:
            await send(message)


MESSAGE: dict[str, Any] = {
    "created_at": "2026-05-13T10:00:00Z",
    "modified_at": None,
    "id": "sms_1",
    "sms_thread_id": "thread_1",
    "body": "Hello",
    "classifications": [],
    "direction": "outbound",
    "from_number": "+12025550100",
    "to_number": "+12025550110",
    "status": "sent",
    "is_automated": False,
    "sent_at": "2026-05-13T10:00:01Z",
    "delivered_at": None,
    "error_message": None,
    "object": "sms_message",
}


def head(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"Content-Type", b"application/json"), *headers]}


def piece(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def broken(app: Any, *breaks: str, **options: Any) -> Breaker:
    return Breaker(app, CATALOGUE, parse_breaks(breaks, CATALOGUE), clock=Clock(), **options)


def test_a_users_own_application_is_broken() -> None:
    raw = json.dumps(MESSAGE).encode()
    app = App(head(200, (b"x-own", b"yes")), piece(raw[:10], more=True), piece(raw[10:]))
    got = asyncio.run(ask(broken(app, ENUM), "POST", SEND, [("accept-encoding", "gzip"), ("authorization", "x")], b'{"a": 1}'))
    assert got.status == 200
    assert got.json["status"] not in STATUSES
    assert {**got.json, "status": "sent"} == MESSAGE
    assert ("x-own", "yes") in got.headers
    assert ("content-length", str(len(got.body))) in got.headers
    assert app.bodies == [b'{"a": 1}']
    names = [name for name, _ in app.scopes[0]["headers"]]
    assert b"authorization" in names
    assert b"accept-encoding" not in names  # what is compressed cannot be broken in one place


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("stuut.send-sms/auth/good", None),
        ("stuut.send-sms/state/sms_id/draft", None),
        ("stuut.send-sms/state/sms_id/draft@auth=good", 409),
        ("stuut.send-sms/rule/answers-for-the-asked-id", 200),
    ],
)
def test_without_knowledge_an_acceptance_tells(identity: str, expected: int | None) -> None:
    """The request was fine, since the application said so; whether it was a plain one, nobody knows, so it passes."""
    app = App(head(), piece(json.dumps(MESSAGE).encode()))
    breaker = broken(app, identity)
    got = asyncio.run(ask(breaker, "POST", SEND, [("authorization", "Bearer some-token")]))
    assert len(app.scopes) == 1
    if expected is None:
        assert got.json == MESSAGE
    else:
        assert got.status == expected
        assert got.body != json.dumps(MESSAGE).encode()


@pytest.mark.parametrize(
    ("headers", "identity"), [([], "stuut.send-sms/auth/absent"), ([("authorization", "x")], "stuut.send-sms/auth/wrong")]
)
def test_without_knowledge_a_refusal_tells(headers: list[tuple[str, str]], identity: str) -> None:
    app = App(head(401), piece(b'{"detail": "no"}'))
    assert asyncio.run(ask(broken(app, identity), "POST", SEND, headers)).status == 200


def test_a_success_made_up_belongs_to_its_request() -> None:
    """An inbound message that is sent all the same: the answer has the id that was asked for, whatever the example's is."""
    drive = Drive("stuut.send-sms/state/sms_id/missing", exact=True)
    drive.send(drive.drafts("draft")[0])
    seen = drive.send(drive.missing())
    assert status(seen) == 200
    assert drive.named() == {"stuut.send-sms/state/sms_id/missing"}


# what is left alone


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", SEND),
        ("POST", "/v2/other"),
        ("POST", "/v1/sms/create"),
        ("GET", "/_sandbox/"),
        ("POST", SEND + "/"),
        ("POST", "//["),
    ],
)
def test_other_requests_reach_the_application_as_they_came(method: str, target: str) -> None:
    app = App(head(), piece(json.dumps(MESSAGE).encode()))
    got = asyncio.run(ask(broken(app, ENUM), method, target, [("accept-encoding", "gzip")], b"{}"))
    assert got.json == MESSAGE
    assert (b"accept-encoding", b"gzip") in app.scopes[0]["headers"]


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_other_scopes_too(kind: str) -> None:
    app = App()
    scope: Scope = {"type": kind, "path": SEND, "headers": []}

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(broken(app, ENUM)(scope, nothing, nothing))
    assert app.scopes == [scope]


def test_a_request_that_is_too_long_passes_whole() -> None:
    app = App(head(), piece(json.dumps(MESSAGE).encode()))
    long = b"x" * (BODY_LIMIT * 2 + 10)
    assert asyncio.run(ask(broken(app, ENUM), "POST", SEND, [], long)).json == MESSAGE
    assert app.bodies == [long]


@pytest.mark.parametrize(
    "messages",
    [
        (head(), piece(b"x" * (BODY_LIMIT + 1), more=True), piece(b"end")),
        (head(), piece(b"x" * BODY_LIMIT, more=True), piece(b"y", more=True), piece(b"end")),
        ({**head(), "trailers": True}, piece(b"{}"), {"type": "http.response.trailers", "headers": [], "more_trailers": False}),
        (head(), piece(b"part", more=True)),
        (head(),),
        (),
    ],
)
def test_an_answer_that_is_too_long_or_never_whole_passes_as_it_comes(messages: tuple[Message, ...]) -> None:
    got = asyncio.run(ask(broken(App(*messages), "stuut.send-sms/protocol/json"), "POST", SEND))
    assert got.sent == list(messages)


def test_a_client_that_leaves_is_not_waited_for() -> None:
    app = App()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "method": "POST", "path": SEND, "headers": [], "query_string": b""}
    asyncio.run(broken(app, ENUM)(scope, receive, send))
    assert app.scopes == []


def test_an_application_that_fails_fails_as_before() -> None:
    async def app(*_: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask(broken(app, ENUM), "POST", SEND))


def test_an_answer_that_cannot_break_the_clause_is_the_applications_own() -> None:
    raw = b'{ "detail" :"no such message" }'
    app = App(head(404, (b"X-Own", b"1"), (b"x-own", b"2")), piece(raw))
    breaker = broken(app, ENUM)
    got = asyncio.run(ask(breaker, "POST", SEND))
    assert got.body == raw
    assert [value for name, value in got.headers if name == "x-own"] == ["1", "2"]
    ((_, tally),) = breaker.tallies
    assert (tally.eligible, tally.broken, tally.spared) == (0, 0, 1)


# conditions


def test_every_fifth_beginning_with_the_first() -> None:
    drive = Drive(f"{ENUM}@every=5")
    wrong = [body(drive.send(one))["status"] not in STATUSES for one in drive.drafts("draft")[:12]]
    assert [index for index, one in enumerate(wrong) if one] == [0, 5, 10]


def test_what_cannot_be_broken_is_not_counted() -> None:
    drive = Drive(f"{ENUM}@every=2")
    drafts = iter(drive.drafts("draft"))
    answers = [drive.send(drive.missing() if index % 2 else next(drafts)) for index in range(8)]
    wrong = [status(one) == 200 and body(one)["status"] not in STATUSES for one in answers]
    assert [index for index, one in enumerate(wrong) if one] == [0, 4]


def test_only_answers_of_one_kind() -> None:
    drive = Drive("stuut.send-sms/rule/failed-says-why@got.error_message=Attempt to send to unsubscribed recipient")
    answers = [body(drive.send(one)) for label in ("draft", "draft-failed") for one in drive.drafts(label)[:10]]
    silent = [one["to_number"] for one in answers if one["status"] == "failed" and one["error_message"] is None]
    assert set(silent) == {"+15005550004"}
    assert sum(one["status"] == "failed" for one in answers) == 10


def test_only_long_texts() -> None:
    drive = Drive("bland.create-sms/2XX/data/workflow_id:null@sent.message.length>160@sent.sender=AGENT")
    wrong = [
        body(drive.create({**PLAIN, "message": "x" * length, "sender": sender}))["data"]["workflow_id"] is None
        for length, sender in [(160, "AGENT"), (161, "AGENT"), (161, "USER"), (1600, "AGENT")]
    ]
    assert wrong == [False, True, False, True]


def test_a_condition_says_which_requests_fail_plain_or_not() -> None:
    drive = Drive("bland.create-sms/protocol/no-server-error@sent.message=boom")
    assert [status(drive.create({**PLAIN, "message": text})) for text in ("boom", "Hello", "boom")] == [500, 200, 500]


def test_several_breaks_take_turns_and_break_one_clause_each() -> None:
    breaks = [ENUM, "stuut.send-sms/200/body:required", "stuut.send-sms/state/sms_id/draft"]
    drive = Drive(*breaks)
    for label in ("draft-unicode", "draft-long", "draft-edited"):
        for one in drive.drafts(label)[:3]:
            assert len(named([drive.send(one)])) == 1
    assert [tally.broken for _, tally in drive.breaker.tallies] == [3, 3, 3]
    assert drive.named() == set(breaks)


# state


def test_a_request_as_such_is_refused_once_it_was_accepted() -> None:
    """Else one of its parts would be to blame."""
    drive = Drive("bland.create-sms/request:accepts")
    bodies = [PLAIN, PLAIN, {**PLAIN, "sender": "USER"}, PLAIN, {**PLAIN, "sender": "USER"}]
    assert [status(drive.create(one)) for one in bodies] == [200, 400, 200, 400, 400]
    assert drive.named() == {"bland.create-sms/request:accepts"}


def test_what_is_refused_never_reached_the_application() -> None:
    drive = Drive("stuut.send-sms/state/sms_id/draft")
    one = drive.drafts("draft-long")[0]
    assert status(drive.send(one)) == 409
    with drive.sandbox.store.transaction() as tx:
        message = tx.message(one)
        assert message is not None
        assert message.status == "draft"
        assert tx.texts(one) == []
    assert drive.sandbox.arrivals.as_json()["total"] == 0


def test_with_a_condition_on_the_answer_it_has_to() -> None:
    drive = Drive("stuut.send-sms/state/sms_id/draft@got.status=delivered")
    assert status(drive.send(drive.drafts("draft-delivered")[0])) == 409
    assert status(drive.send(drive.drafts("draft")[0])) == 200
    assert drive.sandbox.arrivals.as_json()["total"] == 2


def test_after_a_break_answers_agree_with_what_was_shown() -> None:
    """Told of an old conversation, a client goes on with it: not a second promise is broken by what the sandbox holds."""
    identity = "bland.create-sms/rule/new-is-new"
    drive = Drive(identity, exact=True)

    def conversation(**more: Any) -> str:
        return str(body(drive.create({**PLAIN, **more}))["data"]["conversation_id"])

    first = conversation()
    assert conversation(new_conversation=True) == first
    assert conversation() == first
    assert body(drive.create({**PLAIN, "user_number": OTHER}))["data"]["conversation_id"] != first
    assert conversation() == first
    assert drive.named() == {identity}


def test_what_the_application_itself_gets_wrong_stays_wrong() -> None:
    """Made to agree is only what the breaker has put out of order."""
    app = App(head(), piece(json.dumps({**MESSAGE, "id": "sms_2", "direction": "inbound"}).encode()))
    got = asyncio.run(ask(broken(app, "stuut.send-sms/200/body:required"), "POST", SEND))
    assert got.json["id"] == "sms_2"
    assert got.json["direction"] == "inbound"
    assert "body" not in got.json


def test_memory_is_bounded() -> None:
    drive = Drive("bland.create-sms/rule/active-reused", remember=3)
    for _ in range(12):
        drive.create(PLAIN)
    assert len(list(drive.breaker._mutator._scenes["bland.create-sms"].shown.latest())) == 3
    assert drive.named() == {"bland.create-sms/rule/active-reused"}


# many at once, and hostile ones


def test_many_requests_at_once() -> None:
    drive = Drive(f"{ENUM}@every=4")
    drafts = drive.drafts("draft")[:40]
    headers = [("authorization", f"Bearer {drive.token}")]

    async def all_at_once() -> list[Any]:
        targets = [f"/v2/sms-threads/messages/{one}/send" for one in drafts]
        return await asyncio.gather(*[ask(drive.breaker, "POST", target, headers) for target in targets])

    answers = asyncio.run(all_at_once())
    assert [one.json["id"] for one in answers] == drafts
    assert sum(one.json["status"] not in STATUSES for one in answers) == 10


def test_many_connections_at_once() -> None:
    drive = Drive("bland.create-sms/2XX/data:null@sent.sender")
    with running(drive.breaker) as where:
        wires = [Wire(where.host, where.port) for _ in range(8)]
        try:
            for turn in range(5):
                got = [wire.create({**PLAIN, **({"sender": "USER"} if index % 2 else {})}) for index, wire in enumerate(wires)]
                assert [one.json["data"] is None for one in got] == [False, True] * 4, turn
        finally:
            for wire in wires:
                wire.close()


NAMES = st.sampled_from([*MESSAGE, *OPTIONAL, "data", "errors"])
TEXTS = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
ODD_TIMES = st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2016-12-31T23:59:60Z", "", "\ud800"])
ODD_MESSAGES = st.dictionaries(st.sampled_from(["created_at", "sent_at", "delivered_at"]), ODD_TIMES)
BODIES = st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode())
CLAUSES = st.sampled_from(list(CATALOGUE.clauses))
HOSTILE: dict[str, Drive] = {}


@settings(max_examples=150)
@given(CLAUSES, BODIES, st.lists(st.tuples(st.just("authorization"), TEXTS), max_size=2), TEXTS)
def test_any_request_is_answered(identity: str, content: bytes, headers: list[tuple[str, str]], path: str) -> None:
    drive = HOSTILE.setdefault(identity, Drive(identity))
    target = f"/v1/sms/create?{path}"
    if identity.startswith("stuut"):
        target = f"/v2/sms-threads/messages/{path.replace('?', '') or 'x'}/send"
    raw = [(name, value.encode("ascii", "replace").decode()) for name, value in headers]
    try:
        got = asyncio.run(ask(drive.breaker, "POST", target, raw, content))
    except ConnectionResetError:
        assert identity.endswith("/answers")
        return
    assert 100 <= got.status <= 599


@settings(max_examples=150)
@given(
    CLAUSES,
    st.sampled_from([200, 201, 204, 302, 400, 401, 404, 422, 429, 500, 503]),
    BODIES | ODD_MESSAGES.map(lambda odd: json.dumps({**MESSAGE, **odd}).encode()),
    st.booleans(),
)
def test_any_answer_is_passed_or_broken(identity: str, code: int, content: bytes, informed: bool) -> None:
    app = App(head(code), piece(content))
    options: dict[str, Any] = {"knowledge": lambda _: (Auth.GOOD, {})} if informed else {}
    breaker = broken(app, identity, sleep=Clock().sleep, **options)
    target = SEND if identity.startswith("stuut") else "/v1/sms/create"
    headers = [("authorization", "Bearer abcdefgh"), ("content-type", "application/json")]
    for sent in (b"", json.dumps(PLAIN).encode(), json.dumps({**PLAIN, **OPTIONAL}).encode()):
        try:
            got = asyncio.run(ask(breaker, "POST", target, headers, sent))
        except ConnectionResetError:
            assert identity.endswith("/answers")
            continue
        assert len(got.sent) == 2
    ((_, tally),) = breaker.tallies
    assert tally.broken + tally.spared == 3


def test_the_mutator_works_on_exchanges_alone() -> None:
    """As `prove` uses it: no application, no server."""
    drive = Drive()
    good = drive.send(drive.drafts("draft")[0])
    mutator = Mutator(CATALOGUE, parse_breaks([ENUM], CATALOGUE), exact=True)
    assert mutator.speaks_of("stuut.send-sms")
    assert not mutator.speaks_of("bland.create-sms")
    turn = mutator.turn(good)
    assert turn.early() is None
    assert named([turn.late(good)]) == {ENUM}
