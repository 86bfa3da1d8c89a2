"""A server with every kind of answer that a client has to cope with, on the path of an operation."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from smscontract.sandbox.server import running

PATH = "/v1/sms/create"
SENT = {"user_number": "+14155550123", "agent_number": "+14155550100", "message": "Hi"}
ANSWER = {
    "data": {"conversation_id": "c-1", "message": "Hello", "workflow_id": None},
    "errors": None,
}
BODY = json.dumps(ANSWER).encode()


class _Kinds:
    """What it answers is asked for in the query: `?as=gzip`."""

    def __init__(self) -> None:
        self.asked = 0
        self.bodies: list[bytes] = []

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        self.bodies.append(await request.body())
        kind = request.query_params.get("as", "plain")
        match kind:
            case "gzip":
                return Response(gzip.compress(BODY), headers={"content-encoding": "gzip"}, media_type="application/json")
            case "chunked":
                return StreamingResponse(_pieces(), media_type="application/json")
            case "redirect":
                return RedirectResponse(f"{PATH}?as=plain", status_code=307)
            case "busy":
                return Response(b"{}", status_code=503 if self.asked % 2 else 200, media_type="application/json")
            case _:
                return Response(BODY, media_type="application/json")


async def _pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(BODY), 10):
        yield BODY[start : start + 10]


@contextmanager
def serving() -> Iterator[tuple[str, _Kinds]]:
    kinds = _Kinds()
    app = Starlette(
        routes=[Route(PATH, kinds.answer, methods=["POST"]), Route("/elsewhere", kinds.answer, methods=["POST", "GET"])]
    )
    with running(app) as server:
        yield server.url, kinds
