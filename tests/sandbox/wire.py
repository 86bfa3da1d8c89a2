"""HTTP as it is on the wire, without a client that tidies up: raw targets, raw bodies, any header."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

JSON = ("content-type", "application/json")


@dataclass(frozen=True)
class Got:
    status: int
    headers: list[tuple[str, str]]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) < 2
        return values[0] if values else None


class Wire:
    """One keep-alive connection to a sandbox, and what its control plane told."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.connection = http.client.HTTPConnection(host, port, timeout=120)
        self.learn()

    def learn(self) -> None:
        index = self.control("GET", "")
        self.token: str = index["providers"]["stuut"]["token"]
        self.key: str = index["providers"]["bland"]["token"]
        self.sms_ids: Mapping[str, list[Any]] = index["providers"]["stuut"]["resources"]["sms_id"]

    def ask(self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes | None = None) -> Got:
        self.connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            self.connection.putheader(name, value)
        if body is not None:
            self.connection.putheader("content-length", str(len(body)))
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        return Got(response.status, response.getheaders(), response.read())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        got = self.ask(method, f"/_sandbox/{path}", [JSON], None if body is None else json.dumps(body).encode())
        assert got.status in {200, 201}, got
        return got.json

    def send(self, sms_id: str, body: bytes | None = None, headers: Iterable[tuple[str, str]] = ()) -> Got:
        target = f"/v2/sms-threads/messages/{quote(sms_id, safe='')}/send"
        return self.ask("POST", target, [("authorization", f"Bearer {self.token}"), *headers], body)

    def create(self, body: Any, headers: Iterable[tuple[str, str]] = (JSON,)) -> Got:
        """`body` is bytes as they are, or a value that becomes JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", "/v1/sms/create", [("authorization", self.key), *headers], raw)

    def draft(self, **fields: Any) -> Any:
        return self.control("POST", "drafts", fields)

    def close(self) -> None:
        self.connection.close()
