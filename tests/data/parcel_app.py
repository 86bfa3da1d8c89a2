"""A server of the provider that does not exist: correct, and small enough to be somebody's own application under test."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

PARCELS: dict[str, dict[str, Any]] = {
    "par_7": {"status": "moving", "carrier": None, "arrived_at": None},
    "par_8": {"status": "arrived", "carrier": "bike", "arrived_at": "2026-03-02T09:45:00Z"},
}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI."""
    del receive
    if scope["type"] != "http":
        return
    status, body = answer(scope["method"], scope["path"], parse_qs(scope["query_string"].decode()))
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


def answer(method: str, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    found = re.fullmatch(r"/v1/parcels/([^/]+)/status", path)
    if found is None or method != "GET" or found[1] not in PARCELS:
        return 404, {"error": "not found"}
    if query.get("detail", ["short"])[0] not in ("short", "long"):
        return 400, {"error": "detail is short or long"}
    return 200, {
        "id": found[1],
        **PARCELS[found[1]],
        "weight": 1200,
        "label": "Box 7",
        "phone": "+14155550123",
        "handed_over_at": "2026-03-02T09:15:00Z",
        "stops": [{"at": "2026-03-02T09:30:00Z", "place": "Depot", "kind": "stop"}],
    }
