"""The log of what arrived, for tests that must know what was really sent. It holds no credential."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import Any

from smscontract.sandbox.calls import Ask

__all__ = ["Arrivals"]

_REQUESTS = 10_000
_BODY_BYTES = 8_192
_CREDENTIAL = "<credential>"
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_SCHEME = re.compile(r"[A-Za-z]{1,16}(?= )")


class Arrivals:
    """The last ten thousand requests to anything but the control plane, oldest first.

    Args:
        secrets: texts that are replaced wherever they stand.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS)
        self._total = 0
        self._lock = Lock()
        self.secrets = tuple(secrets)

    def note(self, ask: Ask, status: int) -> None:
        """Remembers a request and the status that it was answered with."""
        entry = {
            "method": ask.method,
            "path": self._clean(ask.path),
            "query": self._clean(ask.query),
            "headers": [[name, self._header(name, value)] for name, value in ask.headers],
            "body": self._clean(ask.body[:_BODY_BYTES].decode(errors="backslashreplace")),
            "size": ask.size,
            "status": status,
        }
        with self._lock:
            self._total += 1
            self._requests.append({"number": self._total, **entry})

    def as_json(self) -> dict[str, Any]:
        """`{"total", "requests": [{"number", "method", "path", "query", "headers", "body", "size", "status"}]}`; `body` is
        the first 8 KiB as text, `size` the whole length in bytes."""
        with self._lock:
            return {"total": self._total, "requests": list(self._requests)}

    def clear(self) -> None:
        """Forgets everything and counts from 1 again."""
        with self._lock:
            self._total = 0
            self._requests.clear()

    def _header(self, name: str, value: str) -> str:
        if name not in _CREDENTIAL_HEADERS:
            return self._clean(value)
        # The scheme stays: whether it was `Bearer` or nothing is what a client's author looks for.
        scheme = _SCHEME.match(value)
        return f"{scheme[0]} {_CREDENTIAL}" if scheme else _CREDENTIAL

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, _CREDENTIAL)
        return text
