"""Records the cassettes under `data/cassettes` again: a small real server, real clients, and vcrpy between them.

By hand, since what vcrpy writes changes with its version, which stands in the file names:

    python tests/recordings/record_cassettes.py [CLIENT...]

The clients are requests, httpx, aiohttp (left out where not installed) and http.client, whose compressed bodies stay so.
httpx had a shape of its own in vcrpy 5: install `vcrpy==5.1.0 httpx==0.27.2` elsewhere and run it there for httpx alone.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import importlib.util
import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import vcr

DATA = Path(__file__).parent / "data" / "cassettes"
HOST = "api.example.test"  # reserved, so that nobody's server is named
SEND = "/v2/sms-threads/messages/{}/send"
CREATE = "/v1/sms/create"

USER, AGENT = "+14155550100", "+14155550101"
SENT = {
    "created_at": "2026-11-20T09:30:00Z",
    "modified_at": "2026-11-20T09:30:02Z",
    "id": "msg-1",
    "sms_thread_id": "thread-1",
    "body": "Your invoice 7 is due. Réponse ? 👍",
    "classifications": [],
    "direction": "outbound",
    "from_number": AGENT,
    "to_number": USER,
    "status": "sent",
    "is_automated": False,
    "sent_at": "2026-11-20T09:30:02Z",
    "delivered_at": None,
    "error_message": None,
    "object": "sms_message",
}
CREATED = {
    "data": {
        "message": "SMS conversation created successfully",
        "conversation_id": "conv_abc123",
        "workflow_id": "workflow_xyz789",
    },
    "errors": None,
}
REFUSED = {"data": None, "errors": [{"error": "INVALID_TIMEOUT_CONFIG", "message": "warning_time must be less than time_out"}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # http.server calls it so
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.headers.get("authorization"):
            self.answer(401, {"detail": "Not authenticated"})
        elif self.path == CREATE:
            body = json.loads(sent)
            refused = body.get("warning_time", 0) >= body.get("time_out", 1)
            self.answer(400, REFUSED) if refused else self.answer(200, CREATED)
        else:
            self.answer(200, SENT | {"id": self.path.split("/")[-2]})

    def answer(self, status: int, value: Any) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if "gzip" in self.headers.get("accept-encoding", ""):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "example"

    def date_time_string(self, timestamp: float | None = None) -> str:
        del timestamp
        return "Fri, 20 Nov 2026 09:30:02 GMT"

    def log_message(self, format: str, *args: object) -> None:
        pass


#: Method, path, headers, JSON body.
Call = tuple[str, str, dict[str, str], Any]


def calls(accept: str) -> list[Call]:
    message = {"user_number": USER, "agent_number": AGENT, "message": "Grüße, 世界"}
    plain = {"accept-encoding": accept}
    return [
        ("POST", SEND.format("msg-1"), plain | {"authorization": "Bearer made-up-token"}, None),
        ("POST", SEND.format("msg-2"), plain, None),
        ("POST", CREATE, plain | {"authorization": "made-up-key"}, message),
        ("POST", CREATE, plain | {"authorization": "made-up-key"}, message | {"time_out": 60, "warning_time": 60}),
    ]


def with_requests(base: str, todo: list[Call]) -> None:
    import requests

    for method, path, headers, body in todo:
        requests.request(method, base + path, headers=headers, json=body, timeout=5).json()


def with_httpx(base: str, todo: list[Call]) -> None:
    import httpx

    with httpx.Client() as client:
        for method, path, headers, body in todo:
            client.request(method, base + path, headers=headers, json=body).json()


def with_aiohttp(base: str, todo: list[Call]) -> None:
    import aiohttp

    async def go() -> None:
        async with aiohttp.ClientSession() as session:
            for method, path, headers, body in todo:
                async with session.request(method, base + path, headers=headers, json=body) as answer:
                    await answer.json()

    asyncio.run(go())


def with_http_client(base: str, todo: list[Call]) -> None:
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=5)
    for method, path, headers, body in todo:
        data = None if body is None else json.dumps(body).encode()
        typed = headers if data is None else headers | {"content-type": "application/json", "content-length": str(len(data))}
        connection.request(method, path, data, typed)
        connection.getresponse().read()
    connection.close()


CLIENTS: dict[str, Callable[[str, list[Call]], None]] = {
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "http.client": with_http_client,
}

#: Word in the file name: accept-encoding, serializer, settings of vcrpy.
VARIANTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "plain": ("identity", "yaml", {}),
    "plain-json": ("identity", "json", {}),
    "gzip": ("gzip", "yaml", {}),
    "gzip-decoded": ("gzip", "yaml", {"decode_compressed_response": True}),
    "filtered": ("identity", "yaml", {"filter_headers": ["authorization"]}),
    "marked": ("identity", "yaml", {"filter_headers": [("authorization", "REDACTED")]}),
}

WORDS = {
    "requests": tuple(VARIANTS),
    "httpx": ("plain", "plain-json", "gzip", "marked"),
    "aiohttp": ("plain", "plain-json", "filtered"),
    "http.client": ("gzip",),
}


def record(client: str, base: str, port: int) -> None:
    version = vcr.__version__.split(".")[0]
    for word in WORDS[client]:
        accept, serializer, settings = VARIANTS[word]
        path = DATA / f"{client}-{word}-vcrpy{version}.{'json' if serializer == 'json' else 'yaml'}"
        path.unlink(missing_ok=True)
        with vcr.VCR(serializer=serializer, **settings).use_cassette(str(path)):
            CLIENTS[client](base, calls(accept))
        text = path.read_text(encoding="utf-8").replace(f"http://127.0.0.1:{port}", f"https://{HOST}")
        path.write_text(text.replace(f"127.0.0.1:{port}", HOST), encoding="utf-8")
        print(path.name)


def main() -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    for client in sys.argv[1:] or CLIENTS:
        if importlib.util.find_spec(client):
            record(client, f"http://127.0.0.1:{port}", port)
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
