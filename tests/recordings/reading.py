"""How the tests of the readers read: a file in memory, under a name."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings import LIMIT, _read_one
from smscontract.recordings._detect import format_named
from smscontract.recordings._files import Source
from smscontract.recordings._parts import Options

DATA = Path(__file__).parent / "data"
CASSETTES = DATA / "cassettes"


def _nobody(count: int) -> None:
    """Nobody looks at the progress."""


def outcomes(
    data: bytes, name: str = "x", *, format: str | None = None, limit: int = LIMIT, **said: Any
) -> list[Exchange | Problem]:
    """Everything in a file of these bytes and that name."""
    options = Options(limit=limit, **said)
    forced = None if format is None else format_named(format, options)
    return list(_read_one(Source(io.BytesIO(data), _nobody), name, options, forced))


def exchange(data: bytes, name: str = "x", **said: Any) -> Exchange:
    """The only exchange in a file."""
    (one,) = outcomes(data, name, **said)
    assert isinstance(one, Exchange), one
    return one


def trouble(data: bytes, name: str = "x", **said: Any) -> Problem:
    """The only problem in a file that holds nothing else."""
    (one,) = outcomes(data, name, **said)
    assert isinstance(one, Problem), one
    return one


def places(found: list[Exchange | Problem]) -> list[tuple[str, int | None]]:
    """`("exchange" | "problem", line or entry)` of each outcome."""
    result: list[tuple[str, int | None]] = []
    for one in found:
        where = one if isinstance(one, Problem) else one.origin
        result.append(
            ("problem" if isinstance(one, Problem) else "exchange", where.entry if where.line is None else where.line)
        )
    return result


def har_entry(**changes: Any) -> dict[str, Any]:
    """A plain entry; `request`, `response` and `content` change members of those, everything else the entry's own."""
    text = '{"data": null}'
    content = {"size": len(text), "mimeType": "application/json", "text": text} | changes.pop("content", {})
    request = {
        "method": "POST",
        "url": "https://api.example.test/v1/sms/create",
        "headers": [{"name": "Authorization", "value": "made-up-key"}],
        "bodySize": 2,
        "postData": {"mimeType": "application/json", "text": "{}"},
    } | changes.pop("request", {})
    response = {"status": 200, "headers": [{"name": "Content-Type", "value": "application/json"}], "content": content}
    response |= changes.pop("response", {})
    for message in (request, response, content):
        for key in [key for key, value in message.items() if value is ...]:
            del message[key]
    return {"startedDateTime": "2026-11-20T09:30:00.000Z", "time": 250, "request": request, "response": response} | changes


def har(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries, "pages": []}}).encode()


def line(**changes: Any) -> bytes:
    """A line of our own form."""
    record = {
        "request": {
            "method": "POST",
            "url": "https://api.example.test/v1/sms/create",
            "headers": {"authorization": "k"},
            "body": "{}",
        },
        "response": {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"data": null}'},
    } | changes
    return json.dumps(record).encode() + b"\n"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
