"""aioresponses: answers of its own instead of those of an aiohttp session, which it never asks."""

from __future__ import annotations

import json
from typing import Any

from smscontract.tap._core import Core, Frame, current
from smscontract.tap._taken import Taken, number

__all__ = ["MODULES"]


def _on_aioresponses(tap: Core, module: Any) -> None:
    tap.patches.wrap(module.RequestMatch, "build_response", lambda original: _built(tap, original))


#: What is done with the module once it is imported.
MODULES = {"aioresponses.core": _on_aioresponses}


def _built(tap: Core, original: Any) -> Any:
    async def build_response(self: Any, url: Any, **kwargs: Any) -> Any:
        at = tap.now()
        response = await original(self, url, **kwargs)
        method = str(self.method).upper()
        if hasattr(response, "content") and tap.wants(method, str(url)):
            headers = {str(name): str(value) for name, value in response.request_info.headers.items()}
            taken = Taken(method, str(url), headers, _sent(kwargs, headers), at)
            tap.answered(current() or Frame(), taken, lambda one: _got(one, response))
        return response

    return build_response


def _sent(kwargs: dict[str, Any], headers: dict[str, str]) -> Any:
    """The body as aiohttp would send it, where that is plain; `None` where it cannot be known."""
    data = kwargs.get("data")
    if kwargs.get("json") is not None:
        if not any(name.lower() == "content-type" for name in headers):
            headers["content-type"] = "application/json"
        return json.dumps(kwargs["json"]).encode()
    if data is None:
        return b""
    return data.encode() if isinstance(data, str) else bytes(data) if isinstance(data, bytes | bytearray) else None


def _got(taken: Taken, response: Any) -> None:
    taken.status = number(response.status)
    taken.headers = response.headers
    # All of it is there already, and the test has still to read it.
    taken.end(b"".join(response.content._buffer))  # noqa: SLF001 - nothing else shows it without taking it away
