"""What a fault is, how its server is built, and what the gate says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smscontract.catalogue import load_catalogue
from smscontract.exchange import headers_from
from smscontract.gate import Request, gate, targets_of
from smscontract.judge import Judge
from smscontract.policy import FailOn
from smscontract.sandbox.app import create_app
from smscontract.sandbox.bland import Bland
from smscontract.sandbox.calls import Ask
from smscontract.sandbox.server import running
from smscontract.sandbox.store import Store
from smscontract.sandbox.stuut import Stuut
from smscontract.terms import Terms

OPERATIONS = {"stuut": "stuut.send-sms", "bland": "bland.create-sms"}


class Kind(StrEnum):
    SCHEMA = "schema"
    CONDITION = "schema under a condition"
    STATUS = "status and headers"
    AUTH = "authentication"
    INPUT = "input validation"
    MEANING = "meaning"
    PROTOCOL = "protocol"


@dataclass(slots=True)
class Reply:
    """An answer on its way out. `cut`: so many bytes leave, then the connection is closed."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut: int | None = None
    delay: float = 0.0
    chunks: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def with_json(self, value: Any, **kwargs: Any) -> Reply:
        return replace(self, body=json.dumps(value, **{"ensure_ascii": False, **kwargs}).encode("utf-8", "surrogatepass"))

    def with_header(self, name: str, value: str | None) -> Reply:
        kept = [(key, text) for key, text in self.headers if key != name]
        return replace(self, headers=kept if value is None else [*kept, (name, value)])


@dataclass(slots=True)
class Seen:
    """The request that is answered. `number` counts requests to the API from 1; `memory` lives as long as the server; `beside`
    is the body and path of another request that is under way."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    number: int
    memory: dict[str, Any]
    beside: tuple[tuple[str, bytes], ...] = ()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


Change = Callable[[Seen, Reply], Reply]
Before = Callable[[Seen], Seen]


class Wire:
    """Stands before the sandbox and changes requests or answers; the control plane passes untouched. It holds each request for
    `hold` seconds, so that others may arrive."""

    def __init__(self, app: ASGIApp, change: Change | None = None, before: Before | None = None, hold: float = 0.0) -> None:
        self.app = app
        self.change = change
        self.before = before
        self.number = 0
        self.hold = hold
        self.under_way: list[tuple[str, bytes]] = []
        self.memory: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                break
        self.number += 1
        seen = Seen(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1").partition("?")[0],
            query=scope["query_string"].decode("latin-1"),
            headers=headers_from(scope["headers"]),
            body=bytes(body),
            number=self.number,
            memory=self.memory,
        )
        if self.hold:
            self.under_way.append((seen.path, seen.body))
            await asyncio.sleep(self.hold)
            self.under_way.remove((seen.path, seen.body))
            seen.beside = tuple(self.under_way)
        if self.before is not None:
            seen = self.before(seen)
        reply = await self._reply(scope, seen)
        await self._send(reply if self.change is None else self.change(seen, reply), send)

    async def _reply(self, scope: Scope, seen: Seen) -> Reply:
        inner = {
            **scope,
            "method": seen.method,
            "path": seen.path,
            "raw_path": seen.path.encode("latin-1"),
            "query_string": seen.query.encode("latin-1"),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in seen.headers],
        }
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": seen.body, "more_body": False}

        async def send(message: Message) -> None:
            answer.append(message)

        await self.app(inner, receive, send)
        raw = b"".join(message.get("body", b"") for message in answer)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer[0]["headers"]]
        return Reply(answer[0]["status"], headers, raw)

    @staticmethod
    async def _send(reply: Reply, send: Send) -> None:
        if reply.delay:
            await asyncio.sleep(reply.delay)
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        if not reply.chunks:
            headers.append(("content-length", str(len(reply.body))))
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        size = max(1, -(-len(body) // reply.chunks)) if reply.chunks else max(1, len(body))
        for start in range(0, len(body), size):
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        if reply.cut is not None:
            raise ConnectionError("the answer ends here")
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A server that is wrong in one way.

    Attributes:
        build: makes the server's application, anew each time.
        expected: the clauses of which one has to be named, without the operation.
        also: clauses that rightly follow from the same fault.
        shown: whether some answer can show it; `note` says why not.
    """

    name: str
    provider: str
    kind: Kind
    build: Callable[[], ASGIApp]
    expected: frozenset[str]
    also: frozenset[str] = frozenset()
    shown: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A server that is right, and unlike the sandbox where the pages leave it open."""

    name: str
    provider: str
    build: Callable[[], ASGIApp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the gate said: clauses that are broken, without the operation, each with the number of its first request."""

    found: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    exit_code: int = 0

    @property
    def first(self) -> int | None:
        return min(self.found.values(), default=None)

    def named(self, fault: Fault) -> bool:
        return not fault.expected.isdisjoint(self.found)

    def wrong(self, fault: Fault) -> set[str]:
        return set(self.found) - fault.expected - fault.also


FAULTS: dict[str, Fault] = {}
TWINS: dict[str, Twin] = {}

Server = TypeVar("Server", bound=type)
Function = TypeVar("Function", bound=Callable[..., Any])


def read(ask: Ask) -> dict[str, Any]:
    """The body of a request as an object, an empty one if it is none."""
    try:
        value = json.loads(ask.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def provider_of(cls: type) -> str:
    return "stuut" if issubclass(cls, Stuut) else "bland"


def _spelled(name: str) -> str:
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("-").replace("_", "-")


def app_of(cls: type[Any]) -> ASGIApp:
    return create_app(stuut=cls) if issubclass(cls, Stuut) else create_app(bland=cls)


def _add(fault: Fault) -> None:
    assert fault.name not in FAULTS, fault.name
    FAULTS[fault.name] = fault


def logic(
    kind: Kind, *expected: str, also: tuple[str, ...] = (), shown: bool = True, note: str = ""
) -> Callable[[Server], Server]:
    """A fault in a provider's own logic: a subclass of the sandbox's endpoint."""

    def register(cls: Server) -> Server:
        provider = provider_of(cls)
        _add(
            Fault(
                name=f"{provider}-{_spelled(cls.__name__)}",
                provider=provider,
                kind=kind,
                build=lambda: app_of(cls),
                expected=frozenset(expected),
                also=frozenset(also),
                shown=shown,
                note=note,
            )
        )
        return cls

    return register


def wire(
    provider: str, kind: Kind, *expected: str, also: tuple[str, ...] = (), shown: bool = True, note: str = "", hold: float = 0.0
) -> Callable[[Function], Function]:
    """A fault on the way out: a function of request and answer. One that takes the request alone changes that instead."""

    def register(function: Function) -> Function:
        count = function.__code__.co_argcount

        def build() -> ASGIApp:
            change, before = (function, None) if count == 2 else (None, function)
            return Wire(create_app(), change, before, hold)

        _add(
            Fault(
                name=f"{provider}-{_spelled(function.__name__)}",
                provider=provider,
                kind=kind,
                build=build,
                expected=frozenset(expected),
                also=frozenset(also),
                shown=shown,
                note=note,
            )
        )
        return function

    return register


def twin(server: Any, *, provider: str = "", store: type[Store] = Store, hold: float = 0.0) -> Any:
    """A correct server: a subclass, or (with `provider`) a function as for `wire`."""
    if isinstance(server, type):
        name = provider_of(server)
        build: Callable[[], ASGIApp] = lambda: (  # noqa: E731 - one line each way
            create_app(store(), stuut=server) if name == "stuut" else create_app(store(), bland=server)
        )
    else:
        change, before = (server, None) if server.__code__.co_argcount == 2 else (None, server)
        name, build = provider, lambda: Wire(create_app(), change, before, hold)
    spelled = f"{name}-{_spelled(server.__name__)}"
    assert spelled not in TWINS, spelled
    TWINS[spelled] = Twin(name=spelled, provider=name, build=build)
    return server


@cache
def judge_of(provider: str) -> Judge:
    return Judge(load_catalogue((provider,)))


def outcome_of(app: ASGIApp, provider: str, *, fuzz: int | None = 0, seed: int = 0) -> Outcome:
    """Runs the gate against an application."""
    judge = judge_of(provider)
    request = Request(fuzz=fuzz, seed=seed, max_time=600.0, terms=Terms(fail_on=FailOn.SHOULD))
    with running(app) as server, targets_of(judge.catalogue, url=server.url, token_env=None, resources=None) as targets:
        report = gate(request, judge, targets)
    found: dict[str, int] = {}
    for group in report.findings:
        name = group.clause.removeprefix(f"{OPERATIONS[provider]}/")
        number = group.first.origin.request or 0
        found[name] = min(number, found.get(name, number))
    return Outcome(found=found, requests=report.requests or 0, exit_code=report.exit_code)


__all__ = [
    "FAULTS",
    "OPERATIONS",
    "TWINS",
    "Bland",
    "Fault",
    "Kind",
    "Outcome",
    "Reply",
    "Seen",
    "Stuut",
    "Twin",
    "Wire",
    "app_of",
    "judge_of",
    "logic",
    "outcome_of",
    "provider_of",
    "read",
    "twin",
    "wire",
]
