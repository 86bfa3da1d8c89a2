"""One exchange as a client makes it: written down piece by piece, made an `Exchange` when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smscontract.exchange import Exchange, Failure, Headers, Origin, OriginKind, Part, Request, Response, headers_from
from smscontract.recordings import TRUNCATED, decoded, missing_parts

__all__ = ["Taken", "failure_of", "number"]


_OF_ANSWERS = frozenset({Part.RESPONSE_HEADERS, Part.RESPONSE_BODY})
_OF_BODIES = frozenset({"content-length", "content-type", "transfer-encoding"})


@dataclass(slots=True, eq=False)
class Taken:
    """What a tap has seen so far of one exchange.

    Attributes:
        sent: body of the request; `None` where it cannot be known.
        got: body of the answer as far as the client has read it; `None` where it cannot be known.
        whole: whether that is all of it.
        kind: `TEST` for an answer that came over a connection or out of an application, `MOCK` for one made up, `FILE` for one
            played from a recording.
        at, done: seconds since 1970 UTC: when it was sent, and when the answer (as far as `got` has it) was there.
        when_whole: called once, when the whole answer is there.
    """

    method: str
    url: str
    sent_headers: Any
    sent: Any
    at: float
    done: float | None = None
    kind: OriginKind = OriginKind.TEST
    file: str | None = None
    entry: int | None = None
    status: int | None = None
    headers: Any = None
    got: bytes | bytearray | None = None
    whole: bool = False
    failure: Failure | None = None
    when_whole: Callable[[], None] | None = None

    def end(self, body: bytes | None = None) -> None:
        """The whole answer is there: all of `got`, or this body."""
        if body is not None:
            self.got = body
        if not self.whole:
            self.whole = True
            if self.when_whole is not None:
                self.when_whole()

    def fields(self) -> tuple[dict[str, str] | None, dict[str, str] | None]:
        """The header fields of request and answer by name in lower case; `None` where one of them is there twice."""
        try:
            return _by_name(self.sent_headers), _by_name(self.headers)
        except (AttributeError, TypeError, ValueError):
            return None, None

    def exchange(self, case: str | None = None) -> Exchange:
        """The exchange as it stands now.

        Args:
            case: the name of what made it, such as a test.
        """
        live = self.kind is OriginKind.TEST
        missing: dict[Part, str] = {}
        response = None
        if self.status is not None:
            headers = _headers(self.headers)
            response = Response(status=self.status, headers=headers, body=self._body(headers, missing))
        request = Request(method=self.method, url=self.url, headers=_headers(self.sent_headers), body=_raw(self.sent))
        if self.kind is OriginKind.FILE:  # the request is as it was made just now, the answer as somebody kept it
            found = missing_parts(request, response, None)
            missing |= {part: reason for part, reason in found.items() if part in _OF_ANSWERS}
            # Of aiohttp's request the recorder sees what its caller gave, without the fields that make it whole.
            if request.body and not any(name in _OF_BODIES for name, _ in request.headers or ()):
                missing[Part.REQUEST_HEADERS] = TRUNCATED
        return Exchange(
            request=request,
            response=response,
            failure=self.failure,
            origin=Origin(kind=self.kind, file=self.file, entry=self.entry, case=case),
            # Made-up and recorded answers tell of other times than now.
            sent_at=self.at if live else None,
            received_at=self.done if live else None,
            missing=missing,
        )

    def _body(self, headers: Headers | None, missing: dict[Part, str]) -> bytes | None:
        if self.got is None:
            missing[Part.RESPONSE_BODY] = TRUNCATED
            return None
        body, reason = decoded(headers, bytes(self.got))
        if reason or not self.whole:
            missing[Part.RESPONSE_BODY] = reason or TRUNCATED
        return body


def _by_name(value: Any) -> dict[str, str] | None:
    """Quicker than `_headers`, for fields in a form that nearly all have."""
    raw = getattr(value, "raw", None)  # httpx
    if type(raw) is list:
        pairs = [(name.decode("latin-1"), one.decode("latin-1")) for name, one in raw]
    elif value is None:
        return None
    else:
        # requests looks each name up again for `items`, and urllib3 counts them before it lists them.
        each = getattr(value, "lower_items", None) or getattr(value, "iteritems", None) or value.items
        pairs = list(each())
    found = {name.lower(): one for name, one in pairs if type(name) is str and type(one) is str}
    return found if len(found) == len(pairs) else None


def _headers(value: Any) -> Headers | None:
    """Header fields from what any client calls so."""
    if value is None:
        return None
    if hasattr(value, "multi_items"):
        value = value.multi_items()
    elif isinstance(value, Mapping) or hasattr(value, "items"):
        value = list(value.items())
    return headers_from(value) if isinstance(value, Iterable) else None


def _raw(body: Any) -> bytes | None:
    """A body as bytes, if it is held whole: text as UTF-8, nothing as nothing; what is read from somewhere is unknown."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else None


def number(status: Any) -> int:
    """A status code.

    Raises:
        TypeError: it is none; a mock may be anything.
    """
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 999:
        raise TypeError
    return int(status)


#: What a client's errors are called, by a part of the name, the first that fits.
_NAMES = (
    ("NewConnection", Failure.UNREACHABLE),
    ("NameResolution", Failure.UNREACHABLE),
    ("Timeout", Failure.TIMEOUT),
    ("TimedOut", Failure.TIMEOUT),
    ("ConnectionReset", Failure.RESET),
    ("Disconnected", Failure.RESET),
    ("ProtocolError", Failure.RESET),
    ("IncompleteRead", Failure.CUT),
    ("Payload", Failure.CUT),
    ("ReadError", Failure.RESET),
    ("Connect", Failure.UNREACHABLE),
)


def failure_of(error: BaseException, kinds: tuple[type[BaseException], ...]) -> Failure | None:
    """How an exchange ended with an error; `None` if the error says nothing of the other side, like one of a test itself.

    Args:
        kinds: the classes of the client's own errors of transport.
    """
    if not isinstance(error, (*kinds, OSError, asyncio.TimeoutError)):
        return None
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((failure for part, failure in _NAMES if any(part in name for name in names)), Failure.UNKNOWN)
