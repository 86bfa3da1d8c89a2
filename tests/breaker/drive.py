"""Drives an application in this process, with a clock of its own, and notes each exchange as the gate would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message

from smscontract.breaker import Breaker, parse_breaks
from smscontract.catalogue import load_catalogue
from smscontract.exchange import (
    Auth,
    Exchange,
    Failure,
    Headers,
    Origin,
    OriginKind,
    Request,
    Response,
    Role,
    Wire,
    headers_from,
)
from smscontract.judge import Judge
from smscontract.sandbox import numbers
from smscontract.sandbox.app import create_app
from smscontract.sandbox.knowledge import knowledge
from smscontract.sandbox.seed import missing_ids
from smscontract.sandbox.store import Store

CATALOGUE = load_catalogue()
JUDGE = Judge(CATALOGUE)
START = 1793000000.0
_SENT = "/v2/sms-threads/messages/{}/send"
_CREATE = "/v1/sms/create"


@dataclass
class Clock:
    """Time that passes only when somebody looks at it, or sleeps."""

    now: float = START

    def __call__(self) -> float:
        self.now += 0.01
        return self.now

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Got:
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    sent: list[Message] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def ask(app: ASGIApp, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Got:
    """One request, as a server would hand it over."""
    path, _, query = target.partition("?")
    got = Got()
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
    queue: list[Message] = [{"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces]

    async def receive() -> Message:
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        got.sent.append(message)
        if message["type"] == "http.response.start":
            got.status, got.headers = message["status"], headers_from(message["headers"])
        else:
            got.body += message.get("body", b"")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "extensions": {"http.response.pathsend": {}},
    }
    await app(scope, receive, send)
    return got


class Drive:
    """A broken sandbox and a client that notes what it saw."""

    def __init__(self, *breaks: str, informed: bool = True, sparse: bool = False, **options: Any) -> None:
        self.clock = Clock()
        self.sandbox = create_app(Store(), self.clock.utc)
        self.sparse = sparse
        self.breaker = Breaker(
            self.sandbox,
            CATALOGUE,
            parse_breaks(breaks, CATALOGUE),
            knowledge=self.known if informed else None,
            clock=self.clock,
            sleep=self.clock.sleep,
            **options,
        )
        self.seen: list[Exchange] = []
        self.token, self.key = self.sandbox.stuut.token, self.sandbox.bland.key

    def known(self, asked: Exchange) -> tuple[Auth | None, Mapping[str, Mapping[str, Any]]]:
        """What the sandbox knows; `sparse`: labels and states alone, as a short file of resources has them."""
        auth, known = knowledge(self.sandbox, asked)
        if not self.sparse:
            return auth, known
        return auth, {name: {key: entry[key] for key in ("label", "state")} for name, entry in known.items()}

    def drafts(self, label: str) -> list[str]:
        with self.sandbox.store.transaction() as tx:
            return [message.id for message in tx.offered(label, 100)]

    def missing(self) -> str:
        return missing_ids(0)[0]

    def request(
        self, target: str, headers: Headers, body: bytes, *, role: Role = Role.CASE, case: str | None = None
    ) -> Exchange:
        """Sends one request and notes the exchange; afterwards, what the evidence rules ask for."""
        number = len(self.seen) + 1
        asked = Exchange(
            request=Request(method="POST", url=f"http://127.0.0.1:8000{target}", headers=headers, body=body),
            response=None,
            origin=Origin(kind=OriginKind.LIVE, case=case or f"case-{number}", request=number),
            sent_at=self.clock(),
            role=role,
            wire=Wire.EXACT,
            own_record=True,
        )
        asked = JUDGE.match(asked)
        auth, known = self.known(asked)
        asked = replace(asked, auth=auth, known=known)
        try:
            got = asyncio.run(ask(self.breaker, "POST", target, headers, body))
            response, failure = Response(status=got.status, headers=got.headers, body=got.body), None
        except ConnectionResetError:
            response, failure = None, Failure.RESET
        self.clock()
        seen = replace(asked, response=response, failure=failure, received_at=self.clock())
        self.seen.append(seen)
        return seen

    def send(self, sms_id: str, *, auth: Auth = Auth.GOOD, body: bytes = b"", **more: Any) -> Exchange:
        token = {Auth.GOOD: f"Bearer {self.token}", Auth.WRONG: "Bearer wrong-token-0000", Auth.ABSENT: ""}[auth]
        headers = (("authorization", token),) if token else ()
        return self.request(
            _SENT.format(quote(sms_id, safe="")), (*headers, ("content-type", "application/json")), body, **more
        )

    def create(self, body: Any, *, auth: Auth = Auth.GOOD, **more: Any) -> Exchange:
        key = {Auth.GOOD: self.key, Auth.WRONG: "wrong-key-000000", Auth.ABSENT: ""}[auth]
        headers = (("authorization", key),) if key else ()
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.request(_CREATE, (*headers, ("content-type", "application/json")), raw, **more)

    def named(self, judge: Judge = JUDGE) -> set[str]:
        """What all exchanges together break, in the eyes of the judge."""
        return named(self.seen, judge)


def named(exchanges: Sequence[Exchange], judge: Judge = JUDGE) -> set[str]:
    judgements = [judge.judge(exchange) for exchange in exchanges]
    reduced = judge.reduce(fact for one in judgements for fact in one.facts)
    return {finding.clause for one in judgements for finding in one.findings} | {one.clause for one in reduced.findings}


USER, OTHER, THIRD = numbers.BLAND_USERS[:3]
AGENT = numbers.BLAND_OWNED[0]
PLAIN: Mapping[str, Any] = {"user_number": USER, "agent_number": AGENT, "message": "Hello"}
#: One value for each optional member, that is in order.
OPTIONAL: Mapping[str, Any] = {
    "message_sid": "SM" + "0a" * 16,
    "curr_pathway_id": "12345678-1234-4123-8123-123456789abc",
    "curr_pathway_version": "3",
    "current_node_id": "node-1",
    "request_data": {"name": "Ada"},
    "new_conversation": False,
    "sender": "AGENT",
    "time_out": 600,
    "timeout_message": "Are you still there?",
    "warning_message": "Still there?",
}
#: One value for each member, that is not.
WRONG: Mapping[str, Any] = {
    "user_number": "not a number",
    "agent_number": 7,
    "message": 7,
    "message_sid": 7,
    "curr_pathway_id": 7,
    "curr_pathway_version": 7,
    "current_node_id": 7,
    "request_data": "text",
    "new_conversation": "yes",
    "sender": "SOMEBODY",
    "time_out": "soon",
    "timeout_message": 7,
    "warning_time": "soon",
    "warning_message": 7,
}


def walk_stuut(drive: Drive, *, short: bool = False) -> None:
    """Every state and outcome, second sends, credentials, a body. In short: what answers can look like."""
    first = drive.drafts("draft")
    drive.send(first[0])
    if short:
        for label in ("classified-twice", "threadless", "delivered", "failed", "full"):
            drive.send(drive.drafts(f"draft-{label}")[0])
        drive.send(drive.missing())
        drive.send(first[2], body=b'{"object": "smscontract-probe", "body": "smscontract-probe"}')
        return
    drive.send(first[0])
    for label in ("threadless", "pending", "delivered", "failed", "full"):
        message = drive.drafts(f"draft-{label}")[0]
        drive.send(message)
        drive.send(message)
    drive.send(drive.drafts("inbound")[0])
    drive.send(drive.drafts("foreign")[0])
    drive.send(drive.missing())
    for auth in (Auth.ABSENT, Auth.WRONG):
        drive.send(first[1], auth=auth)
    drive.send(first[3])


def walk_bland(drive: Drive, *, short: bool = False) -> None:
    """Each member present, absent and wrong; conversations taken up, renewed and refused; credentials. In short: what answers
    can look like."""
    if short:
        for body in (PLAIN, {**PLAIN, "user_number": OTHER}, {**PLAIN, "message": 7}, {"message": "Hello"}, PLAIN):
            drive.create(body)
        return
    drive.create(PLAIN)
    drive.create(PLAIN)
    drive.create({**PLAIN, "user_number": OTHER})
    for name, value in OPTIONAL.items():
        drive.create({**PLAIN, name: value})
    drive.create({**PLAIN, "time_out": 600, "warning_time": 60})
    drive.create({**PLAIN, "message": "x" * 300})
    drive.create({**PLAIN, "user_number": "+447700900123"})
    drive.create({**PLAIN, "agent_number": numbers.BLAND_OWNED[1]})
    for _ in range(2):
        drive.create({**PLAIN, "user_number": THIRD, "new_conversation": True})
    drive.create({**PLAIN, "user_number": THIRD})
    for name, value in WRONG.items():
        drive.create({**PLAIN, name: value, **({"time_out": 600} if name == "warning_time" else {})})
    drive.create(b"[]")
    drive.create({**PLAIN, "agent_number": numbers.BLAND_FOREIGN[0]})
    drive.create({**PLAIN, "time_out": 60, "warning_time": 600})
    for auth in (Auth.ABSENT, Auth.WRONG):
        drive.create(PLAIN, auth=auth)
    drive.create({**PLAIN, "time_out": 60, "warning_time": 600})
    drive.create(PLAIN)


def gather_evidence(drive: Drive) -> None:
    """What the gate does after a failure: a plain request, the case again on something fresh, and the plain one once more."""
    for seen in [one for one in drive.seen if one.response is None or one.response.status >= 500]:
        case = seen.origin.case
        if seen.operation == "bland.create-sms":
            drive.create(PLAIN, role=Role.CONTROL, case=case)
            drive.create(seen.request.body or b"", role=Role.REPEAT, case=case)
            drive.create(PLAIN, role=Role.CONTROL, case=case)
        else:
            drive.send(drive.drafts("draft")[-1], role=Role.CONTROL, case=case)
            drive.send(drive.drafts(str(seen.known["sms_id"]["label"]))[-1], role=Role.REPEAT, case=case)
            drive.send(drive.drafts("draft")[-1], role=Role.CONTROL, case=case)
