"""What every format needs to make an exchange from the members of a recorded object."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Protocol

from smscontract.exchange import Exchange, Failure, Headers, Origin, OriginKind, Part, Request, Response, headers_from
from smscontract.findings import Problem
from smscontract.mapping import LogMapping
from smscontract.recordings._json import Broken, Cut
from smscontract.recordings._packed import Unpacked, is_packed
from smscontract.recordings._scrubbed import SCRUBBED, TRUNCATED, missing_parts

__all__ = [
    "LIMIT",
    "Options",
    "decoded",
    "entries",
    "from_base64",
    "headers_of",
    "lines",
    "member",
    "problem",
    "recorded",
    "status_of",
    "text_of",
    "to_bytes",
]

LIMIT = 64 * 1024 * 1024  #: bytes of one line, entry, or body

_OTHER = "if it is in another format, name it: --format NAME"
_WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}


class Taker(Protocol):
    """Takes exchanges as lines, so that nobody has to make values of all of them. An `OSError` that it raises is one of what it
    keeps, and none of the recording."""

    def scan(self, block: bytes, at: int, file: str, number: int) -> tuple[int, int]:
        """Takes the lines of which it needs no more, up to another one or the end: from a place on, given with the number of
        the line before it. Where it got to. With the next one `take` is called, unless that cannot be read."""

    def take(self, record: Any, line: bytes, file: str, number: int) -> bool:
        """Whether it needs nothing more than the line and its parsed JSON; else `judge` is called with the exchange."""

    def take_record(self, record: dict[str, Any], file: str, number: int) -> bool:
        """As `take`, of what would be read from a line that nobody has written; the number is `Origin.number`."""

    def judge(self, exchange: Exchange) -> None:
        """Takes an exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user said about the files.

    Attributes:
        operation: `provider.operationId` that bare bodies belong to.
        side: `request` or `response`: which body it is.
        status: of the answer whose body it is.
        mappings: how logs of other shapes are read.
        limit: bytes of one line, entry or body that are read at most.
        line: how many lines stand before what is read; `ours`: whether a header among them says that lines are ours.
        groups: row groups that are read, the first and the one behind the last; `line` counts the rows before them.
        taker: who takes lines of exchanges instead of them being given back.
    """

    operation: str | None = None
    side: str | None = None
    status: int | None = None
    mappings: tuple[LogMapping, ...] = ()
    limit: int = LIMIT
    line: int = 0
    ours: bool = False
    groups: tuple[int, int] | None = None
    taker: Taker | None = None


def problem(what: str, error: Broken, file: str, *, line: int | None = None, entry: int | None = None) -> Problem:
    """What is reported for a `line`, `entry` or `file` that could not be read."""
    return Problem(message=f"the {what} {error.message}", file=file, line=line, entry=entry, hint=error.hint)


class Brief(Protocol):
    """Gives exchanges to a taker as lines, where they have such a form."""

    def entry(self, value: Any, entry: int, make: Callable[[], Exchange]) -> bool:
        """Whether it was taken."""


def entries(
    values: Iterator[Any],
    make: Callable[[Any, Origin, int], Exchange],
    what: str,
    file: str,
    limit: int,
    *,
    brief: Brief | None = None,
) -> Iterator[Exchange | Problem]:
    """Makes an exchange of each value, or a problem if it is `Broken` or cannot be made; another if they break off.

    Args:
        brief: takes those that have a brief form.
    """

    def made() -> Exchange:
        return make(_whole(value), Origin(kind=OriginKind.FILE, file=file, entry=done), limit)

    done = 0
    try:
        for value in values:
            try:
                if brief is None or not brief.entry(value, done, made):
                    yield made()
            except Broken as error:
                yield problem(what, error, file, entry=done)
            done += 1
    except Broken as error:
        found = f"what stands before {what} {done} was read" if done else "" if isinstance(error, Cut) else _OTHER
        hint = error.hint or found
        yield problem("file", Broken(error.message, hint), file, entry=done or None)


def _whole(value: Any) -> Any:
    if isinstance(value, Broken):
        raise value
    return value


def lines(stream: BufferedReader, limit: int, before: int = 0) -> Iterator[tuple[int, bytes | Broken]]:
    """The number of each line that is not blank, from 1, and the line, or the `Broken` that says that it is over the limit.

    Args:
        before: how many lines stand before the stream.
    """
    number = before
    while line := stream.readline(limit + 1):
        number += 1
        if len(line) > limit and not line.endswith(b"\n"):
            while (more := stream.readline(1024 * 1024)) and not more.endswith(b"\n"):
                pass
            yield number, Broken(f"is longer than {limit} bytes")
        elif line := line.strip(b" \t\r\n"):
            yield number, line


def member(value: Any, name: str, kind: type) -> Any:
    """A member of an object that must be there and a `dict`, a `list` or a `str`.

    Raises:
        Broken: the value is no object, or has no such member of that type.
    """
    if not isinstance(value, dict):
        raise Broken("is not an object")
    result = value.get(name)
    if not isinstance(result, kind):
        raise Broken(f"has no `{name}` that is {_WORDS[kind]}")
    return result


def text_of(value: Any, name: str) -> str:
    """A text that must not be empty.

    Raises:
        Broken: the object has no such member, or an empty one.
    """
    result = member(value, name, str)
    if not result:
        raise Broken(f"has an empty `{name}`")
    return str(result)


def status_of(value: Any) -> int:
    """A status code of three digits, as a number or as text.

    Raises:
        Broken: it is none.
    """
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 999:
        raise Broken("has no status code of three digits")
    return value


def headers_of(message: dict[str, Any]) -> Headers | None:
    """The member `headers`: an object (values: a text or a list of texts), a list of pairs, or a list of `{"name", "value"}`;
    `None` if it is absent or null.

    Raises:
        Broken: it is none of these.
    """
    if (value := message.get("headers")) is None:
        return None
    if not isinstance(value, dict | list):
        raise _strange_headers()
    result: list[tuple[str, str]] = []
    for item in value.items() if isinstance(value, dict) else value:
        if isinstance(item, dict) and "name" in item:
            name, values = item["name"], item.get("value", "")
        elif isinstance(item, tuple | list) and len(item) == 2:
            name, values = item
        else:
            raise _strange_headers()
        if isinstance(name, str) and isinstance(values, str):  # nearly all
            result.append((name.strip().lower(), values))
        elif values is not None:
            values = values if isinstance(values, list) else [values]
            if not all(isinstance(one, str | bytes | int | float) for one in (name, *values)):
                raise Broken("has a header that is no text")
            result.extend(headers_from([(name, values)]))
    return tuple(result)


def _strange_headers() -> Broken:
    return Broken("has `headers` in a form that we do not know", 'an object, or a list of pairs or of `{"name", "value"}`')


def to_bytes(text: str) -> bytes:
    """The text in UTF-8; a lone surrogate becomes the three bytes that no decoder takes, as it cannot have come from one."""
    return text.encode("utf-8", "surrogatepass")


def from_base64(text: str | bytes) -> bytes:
    """Decodes base64, with or without line breaks.

    Raises:
        Broken: it is none.
    """
    try:
        return base64.b64decode("".join(text.split()) if isinstance(text, str) else b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Broken("has a body that is not base64") from None


def recorded(
    request: Request,
    response: Response | None,
    origin: Origin,
    *,
    sent_at: float | None = None,
    received_at: float | None = None,
    missing: dict[Part, str] | None = None,
    limit: int = LIMIT,
) -> Exchange:
    """The exchange of a foreign recording: bodies decoded, and marked where the recorder took something away.

    Args:
        missing: what the reader itself found missing.
    """
    missing = dict(missing or {})
    body, reason = decoded(request.headers, request.body, limit)
    if reason:
        missing[Part.REQUEST_BODY] = reason
    request = Request(method=request.method, url=request.url, headers=request.headers, body=body)
    if response is not None:
        body, reason = decoded(response.headers, response.body, limit)
        if reason:
            missing[Part.RESPONSE_BODY] = reason
        response = Response(status=response.status, headers=response.headers, body=body)
    return Exchange(
        request=request,
        response=response,
        failure=Failure.UNKNOWN if response is None else None,
        origin=origin,
        sent_at=sent_at,
        received_at=received_at,
        missing=missing_parts(request, response, None) | missing,
    )


def decoded(headers: Headers | None, body: bytes | None, limit: int = LIMIT) -> tuple[bytes | None, str]:
    """The body without its content codings, and why that is not the whole of it.

    Many recorders keep the header field and store the decoded text: what does not look coded is left alone.
    """
    codings = [one.strip().lower() for name, value in headers or () if name == "content-encoding" for one in value.split(",")]
    for coding in reversed(codings):
        if not body or coding in {"", "identity"}:
            continue
        if coding in {"gzip", "x-gzip", "deflate"}:
            body, whole = _inflated(body, limit)
            if not whole:
                return (body, TRUNCATED)
        elif coding == "zstd" and is_packed(body):
            unpacked = Unpacked(io.BytesIO(body))
            body = io.BufferedReader(unpacked).read(limit + 1)
            if unpacked.fault is not None or len(body) > limit:
                return (body[:limit], TRUNCATED)
        elif not _is_text(body):
            return (None, SCRUBBED)  # br, ...: there is a body, but we cannot see it
    return (body, "")


def _inflated(body: bytes, limit: int) -> tuple[bytes | None, bool]:
    if body.startswith(b"\x1f\x8b"):
        window = 31
    elif body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0:
        window = 15
    else:
        window = -15  # deflate without its frame, which some servers send
    decoder = zlib.decompressobj(window)
    try:
        result = decoder.decompress(body, limit)
    except zlib.error:
        return (body, True)
    if decoder.eof:
        return (result, True)
    # Text may pass for the beginning of a frameless stream.
    return (body, True) if window < 0 else (result, False)


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
