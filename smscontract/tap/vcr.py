"""vcrpy: what is played from a cassette, whichever client asks. What is recorded goes over a connection and is seen there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from smscontract.exchange import OriginKind
from smscontract.tap._core import Core, Frame, current
from smscontract.tap._taken import Taken, number

__all__ = ["MODULES"]


def _on_vcr(tap: Core, module: Any) -> None:
    tap.patches.wrap(module.Cassette, "play_response", lambda original: _play(tap, original))


#: What is done with the module once it is imported.
MODULES = {"vcr.cassette": _on_vcr}


def _play(tap: Core, original: Any) -> Any:
    def play_response(self: Any, request: Any) -> Any:
        response = original(self, request)
        if tap.wants(request.method, request.uri):
            frame = current() or Frame()
            frame.real = True
            frame.handled = False
            # Of aiohttp's request it knows the value that was given as `json`.
            body = json.dumps(request.body) if isinstance(request.body, dict | list) else request.body
            taken = Taken(request.method, request.uri, request.headers, body, tap.now())
            tap.answered(frame, taken, lambda one: _got(one, self, response))
        return response

    return play_response


def _got(taken: Taken, cassette: Any, response: Any) -> None:
    taken.kind = OriginKind.FILE
    path = Path(str(getattr(cassette, "_path", "cassette")))
    taken.file = str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    taken.entry = next((index for index, (_, one) in enumerate(getattr(cassette, "data", ())) if one is response), None)
    if "status_code" in response:  # an old shape, of httpx
        taken.status, body = number(response["status_code"]), response.get("content")
    else:
        taken.status, body = number(response["status"]["code"]), response["body"].get("string")
    taken.headers = response["headers"]
    taken.end(body.encode() if isinstance(body, str) else bytes(body or b""))
