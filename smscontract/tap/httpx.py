"""httpx, sync and async, and what stands on it.

The method that sends one request is tapped: redirects and retries of authentication are exchanges of their own. What httpcore
does over a connection, and what an application answers in this process, is real; everything else is made up: transports of
tests, and libraries that stand in for one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from smscontract.tap._core import Core, Frame, current
from smscontract.tap._taken import Taken, number

__all__ = ["MODULES", "Tees"]


def _on_httpx(tap: Core, module: Any) -> None:
    errors = (module.TransportError,)
    tees = Tees(module)
    tap.patches.wrap(module.Client, "_send_single_request", lambda original: _sync(tap, original, errors, tees))
    tap.patches.wrap(module.AsyncClient, "_send_single_request", lambda original: _async(tap, original, errors, tees))
    tap.patches.wrap(module.WSGITransport, "handle_request", _real)
    tap.patches.wrap(module.ASGITransport, "handle_async_request", _real_async)


def _on_httpcore(tap: Core, module: Any) -> None:
    for name in ("HTTP11Connection", "HTTP2Connection"):
        tap.patches.wrap(getattr(module, name, None), "handle_request", _real)
        tap.patches.wrap(getattr(module, f"Async{name}", None), "handle_async_request", _real_async)


def _on_starlette(tap: Core, module: Any) -> None:
    tap.patches.wrap(getattr(module, "_TestClientTransport", None), "handle_request", _real)


#: What is done with each module once it is imported.
MODULES = {"httpx": _on_httpx, "httpcore": _on_httpcore, "starlette.testclient": _on_starlette}


def _real(original: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        if (frame := current()) is not None:
            frame.real = True
        return original(self, request)

    return handle_request


def _real_async(original: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if (frame := current()) is not None:
            frame.real = True
        return await original(self, request)

    return handle_async_request


def _sync(tap: Core, original: Any, errors: tuple[type[BaseException], ...], tees: Tees) -> Any:
    def send(self: Any, request: Any) -> Any:
        if not tap.wants(request.method, str(request.url)):
            return original(self, request)
        with Frame() as frame:
            taken = _asked(tap, request)
            stream, tee = tees.sent(taken, request)
            try:
                response = original(self, request)
            except BaseException as error:
                tap.failed(frame, taken, error, errors)
                raise
            finally:
                if request.stream is tee:  # a mock may have read the body and put something else there
                    request.stream = stream
            tap.answered(frame, taken, lambda one: tees.got(one, request, response))
            return response

    return send


def _async(tap: Core, original: Any, errors: tuple[type[BaseException], ...], tees: Tees) -> Any:
    async def send(self: Any, request: Any) -> Any:
        if not tap.wants(request.method, str(request.url)):
            return await original(self, request)
        with Frame() as frame:
            taken = _asked(tap, request)
            stream, tee = tees.sent(taken, request)
            try:
                response = await original(self, request)
            except BaseException as error:
                tap.failed(frame, taken, error, errors)
                raise
            finally:
                if request.stream is tee:  # a mock may have read the body and put something else there
                    request.stream = stream
            tap.answered(frame, taken, lambda one: tees.got(one, request, response))
            return response

    return send


def _asked(tap: Core, request: Any) -> Taken:
    return Taken(request.method, str(request.url), request.headers, getattr(request, "_content", None), tap.now())


class Tees:
    """Streams that write down what passes through them."""

    def __init__(self, module: Any) -> None:
        class Tee:
            def __init__(self, stream: Any, taken: Taken, name: str) -> None:
                self._stream, self._taken, self._name = stream, taken, name

            def _begin(self) -> bytearray:
                held = bytearray()
                if self._name == "got":
                    self._taken.got = held
                return held

            def _end(self, held: bytearray) -> None:
                if self._name == "sent":
                    self._taken.sent = held
                else:
                    self._taken.end()

        class Sync(Tee, module.SyncByteStream):  # type: ignore[misc]  # a class of a module that may be missing
            def __iter__(self) -> Iterator[bytes]:
                held = self._begin()
                for chunk in self._stream:
                    held += chunk
                    yield chunk
                self._end(held)

            def close(self) -> None:
                self._stream.close()

        class Async(Tee, module.AsyncByteStream):  # type: ignore[misc]  # the same
            async def __aiter__(self) -> AsyncIterator[bytes]:
                held = self._begin()
                async for chunk in self._stream:
                    held += chunk
                    yield chunk
                self._end(held)

            async def aclose(self) -> None:
                await self._stream.aclose()

        class Both(Sync, Async):
            pass

        self._kinds = {
            (True, False): Sync,
            (False, True): Async,
            (True, True): Both,
        }
        self._sync, self._async = module.SyncByteStream, module.AsyncByteStream

    def sent(self, taken: Taken, request: Any) -> tuple[Any, Any]:
        """Lets the body of a request pass through a tee, unless it is known already: the stream that it had, and the tee."""
        if hasattr(request, "_content"):
            return None, self
        stream = request.stream
        taken.sent = _READ_LATER
        request.stream = self._around(stream, taken, "sent")
        return stream, request.stream

    def got(self, taken: Taken, request: Any, response: Any) -> None:
        """Writes down an answer; its body when the client reads it."""
        if taken.sent is _READ_LATER:
            taken.sent = getattr(request, "_content", _READ_LATER)
        taken.status = number(response.status_code)
        taken.headers = response.headers
        if hasattr(response, "_content"):
            taken.end(response.content)
        else:
            response.stream = self._around(response.stream, taken, "got")

    def _around(self, stream: Any, taken: Taken, name: str) -> Any:
        kind = self._kinds.get((isinstance(stream, self._sync), isinstance(stream, self._async)))
        return stream if kind is None else kind(stream, taken, name)


#: Stands for a body that nobody has read: its bytes are not known.
_READ_LATER = object()
