"""aiohttp, by its own tracing: each hop of a redirect is an exchange. A body that is not read whole by `read`, `text` or `json`
is unknown, since aiohttp tells nobody of its pieces."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from smscontract.tap._core import Core, Frame, current
from smscontract.tap._taken import Taken, number

__all__ = ["MODULES"]


def _on_aiohttp(tap: Core, module: Any) -> None:
    trace = _Trace(tap, (module.ClientError,))
    config = module.TraceConfig()
    for name in ("request_start", "request_chunk_sent", "request_redirect", "request_end", "request_exception"):
        getattr(config, f"on_{name}").append(getattr(trace, name))
    config.on_response_chunk_received.append(trace.response_chunk_received)
    config.freeze()
    tap.patches.wrap(module.ClientSession, "__init__", lambda original: _traced(tap, original, config))


#: What is done with the module once it is imported.
MODULES = {"aiohttp": _on_aiohttp}


def _traced(tap: Core, original: Any, config: Any) -> Any:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if tap.open:
            # Not into the user's own list.
            self._trace_configs = [*self._trace_configs, config]

    return init


class _Trace:
    """What aiohttp calls. `state` belongs to one request with all its redirects."""

    def __init__(self, tap: Core, errors: tuple[type[BaseException], ...]) -> None:
        self._tap = tap
        self._errors = errors

    async def request_start(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """The request is made."""
        self._begin(state, told.method, str(told.url), told.headers, self._tap.now())

    def _begin(self, state: SimpleNamespace, method: str, url: str, headers: Any, at: float) -> None:
        state.sent = getattr(state, "sent", None) or bytearray()
        state.taken = Taken(method, url, headers, state.sent, at) if self._tap.wants(method, url) else None

    async def request_chunk_sent(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """A piece of the body goes out."""
        state.sent += told.chunk

    async def request_redirect(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """An answer sends the client elsewhere; where to is told by the next answer."""
        self._answered(state, told.response)
        state.taken, state.sent, state.redirected = None, bytearray(), self._tap.now()

    async def request_end(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """The head of the answer is there."""
        self._answered(state, told.response)

    def _answered(self, state: SimpleNamespace, response: Any) -> None:
        info = response.request_info
        if (at := getattr(state, "redirected", None)) is not None:
            self._begin(state, info.method, str(info.url), info.headers, at)
        if state.taken is None:
            return

        def fill(taken: Taken) -> None:
            taken.status = number(response.status)
            taken.sent_headers = info.headers
            taken.headers = response.headers

        frame = current() or Frame()
        frame.real = True
        self._tap.answered(frame, state.taken, fill)

    async def response_chunk_received(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """The whole body is read, decoded."""
        if state.taken is not None:
            state.taken.done = self._tap.now()
            state.taken.end(told.chunk)

    async def request_exception(self, _: Any, state: SimpleNamespace, told: Any) -> None:
        """No answer came."""
        if state.taken is not None:
            frame = current() or Frame()
            frame.real = True
            self._tap.failed(frame, state.taken, told.exception, self._errors)
