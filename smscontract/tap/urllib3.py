"""urllib3, by itself or under another client: every attempt of a request that is tried again is an exchange.

What is read from the connection is written down as it comes, before it is decoded, whichever way the body is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.tap._core import Core, Frame
from smscontract.tap._taken import Taken, number

__all__ = ["MODULES", "follow"]


def _on_urllib3(tap: Core, module: Any) -> None:
    if str(getattr(module, "__version__", "1")).startswith("1."):
        return  # its answers are those of `http.client`; who stands on it takes them
    pool = module.connectionpool.HTTPConnectionPool
    tap.patches.wrap(pool, "_make_request", lambda original: _attempt(tap, original, (module.exceptions.HTTPError,)))


#: What is done with the module once it is imported.
MODULES = {"urllib3": _on_urllib3}


def _attempt(tap: Core, original: Any, errors: tuple[type[BaseException], ...]) -> Any:
    def make_request(self: Any, conn: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        # A call with more than these by position would be one that we do not know.
        if args or not tap.open or not tap.wants(method, where := _url(self, url)):
            return original(self, conn, method, url, *args, **kwargs)
        with Frame() as frame:
            headers = kwargs.get("headers") or getattr(self, "headers", None)
            taken = Taken(method, where, headers, kwargs.get("body"), tap.now())
            if isinstance(taken.sent, Iterator) and not hasattr(taken.sent, "read"):
                kwargs["body"] = _passing(taken, taken.sent)
            try:
                response = original(self, conn, method, url, **kwargs)
            except BaseException as error:
                tap.failed(frame, taken, error, errors)
                raise
            tap.answered(frame, taken, lambda one: _got(one, response))
            return response

    return make_request


def _url(pool: Any, url: str) -> str:
    """The whole URL; for a proxy it stands in the request as it is."""
    if not url.startswith("/"):
        return url
    port = f":{pool.port}" if pool.port is not None else ""
    return f"{pool.scheme}://{pool.host}{port}{url}"


def _passing(taken: Taken, body: Iterator[Any]) -> Iterator[Any]:
    held = bytearray()
    for chunk in body:
        held += chunk.encode("utf-8") if isinstance(chunk, str) else chunk
        yield chunk
    taken.sent = held


def _got(taken: Taken, response: Any) -> None:
    taken.status = number(response.status)
    taken.headers = response.headers
    follow(taken, response)


def follow(taken: Taken, response: Any) -> None:
    """Writes down the body of urllib3's answer: at once where it was read, else as it is read."""
    body = getattr(response, "_body", None)
    if isinstance(body, bytes):
        taken.end(body)
        return
    kind = type(response)
    if not all(hasattr(kind, name) for name in ("_raw_read", "_handle_chunk", "_update_chunk_length")):
        return
    taken.got = bytearray()
    response._smscontract_taken = taken  # noqa: SLF001 - a name that is surely free
    # Its own class, and not closures around its methods: those would keep an answer alive that its client has let go.
    response.__class__ = _followed(kind)


def _more(taken: Taken, data: bytes | None) -> None:
    if data and isinstance(taken.got, bytearray):
        taken.got += data


#: By the class of the answer.
_FOLLOWED: dict[Any, Any] = {}


def _followed(kind: Any) -> Any:
    if kind not in _FOLLOWED:
        _FOLLOWED[kind] = _follow(kind)
    return _FOLLOWED[kind]


def _follow(kind: Any) -> Any:
    class Followed(kind):  # type: ignore[misc]  # of a module that may be missing
        def _raw_read(self, *args: Any, **kwargs: Any) -> Any:
            data = super()._raw_read(*args, **kwargs)
            taken: Taken = self._smscontract_taken
            _more(taken, data)
            closed = getattr(self._fp, "isclosed", None)
            if self._fp is None or (closed() if closed is not None else not data):
                taken.end()
            return data

        def _handle_chunk(self, *args: Any, **kwargs: Any) -> Any:
            data = super()._handle_chunk(*args, **kwargs)
            _more(self._smscontract_taken, data)
            return data

        def _update_chunk_length(self) -> None:
            super()._update_chunk_length()
            if self.chunk_left == 0:
                self._smscontract_taken.end()

    Followed.__name__, Followed.__qualname__, Followed.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    return Followed
