"""The one value that everyone speaks: a request and what came back.

Readers of recordings, the transport of the gate and the watchers of test suites each build an `Exchange` once, at their
edge; nothing behind them knows where it came from. What is unknown is `None`, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "Auth",
    "Exchange",
    "Failure",
    "Headers",
    "Origin",
    "OriginKind",
    "Part",
    "Request",
    "Response",
    "Role",
    "Wire",
    "header_values",
    "headers_from",
]

#: Header fields in the order they came, names in lower case, repeated fields kept.
Headers = tuple[tuple[str, str], ...]


class Auth(StrEnum):
    """What is known of the credential that a request carried. Unknown is `None`."""

    GOOD = "good"
    ABSENT = "absent"
    WRONG = "wrong"


class Role(StrEnum):
    """Why the gate sent a request. Exchanges from elsewhere are all cases; what tidies up after a run is not judged."""

    CASE = "case"
    CONTROL = "control"
    REPEAT = "repeat"
    SHRINK = "shrink"
    TIDY = "tidy"


class Wire(StrEnum):
    """Whether the body bytes are those of the wire, or text that a recorder decoded (then framing, encoding and byte order
    mark are lost and not judged)."""

    EXACT = "exact"
    DECODED = "decoded"


class Failure(StrEnum):
    """How an exchange ended that has no whole answer."""

    RESET = "reset"
    CUT = "cut"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too-large"
    UNKNOWN = "unknown"


class OriginKind(StrEnum):
    """Where an exchange comes from."""

    LIVE = "live"
    FILE = "file"
    TEST = "test"
    MOCK = "mock"


class Part(StrEnum):
    """A part of an exchange that a recorder may have blanked, dropped or truncated."""

    URL = "url"
    REQUEST_HEADERS = "request-headers"
    CREDENTIAL = "credential"
    REQUEST_BODY = "request-body"
    RESPONSE_HEADERS = "response-headers"
    RESPONSE_BODY = "response-body"


#: Where the numbers of places begin that are entries, and those of entries in lines.
_ENTRIES, _BOTH = 1 << 62, 1 << 61
#: Entries of one line that have a number.
_SEVERAL = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where to find an exchange again.

    Attributes:
        file: path as the user named it, for recordings.
        line: line of a line-based recording, from 1.
        entry: entry of a recording without meaningful lines (HAR, cassettes), from 0.
        case: identity of the gate's case.
        request: number of the request in the gate's run, from 1, over all tiers.
    """

    kind: OriginKind
    file: str | None = None
    line: int | None = None
    entry: int | None = None
    case: str | None = None
    request: int | None = None

    def __getstate__(self) -> tuple[Any, ...]:
        return self.kind, self.file, self.line, self.entry, self.case, self.request

    @property
    def source(self) -> str:
        """What a ledger counts the exchange under: `plan`, `fuzz`, `recording`, `tests` or `mock`. The control requests and
        repeats of a case count with it."""
        if self.kind is OriginKind.LIVE:
            return "fuzz" if (self.case or "").partition(": ")[2].startswith("fuzz ") else "plan"
        return {OriginKind.FILE: "recording", OriginKind.TEST: "tests", OriginKind.MOCK: "mock"}[self.kind]

    def where(self) -> dict[str, Any]:
        """The `where` object of the JSON report."""
        if self.file is not None:
            if self.line is not None:
                return {"file": self.file, "line": self.line}
            return {"file": self.file, "entry": self.entry if self.entry is not None else 0}
        return {"case": self.case, "request": self.request}

    def __str__(self) -> str:
        if self.file is not None:
            if self.line is not None:
                return f"{self.file}:{self.line}"
            return f"{self.file} entry {self.entry or 0}"
        return f"request {self.request}" if self.request is not None else (self.case or str(self.kind))

    @property
    def number(self) -> int:
        """The place in a file as one number of 64 bits: a line is itself, and entries stand in their order.

        Raises:
            ValueError: it has none.
        """
        line, entry = self.line, self.entry
        if entry is None and line is not None and 0 < line < _BOTH:
            return line
        if entry is not None and line is None and 0 <= entry < _BOTH:
            return _ENTRIES + entry
        if entry is not None and line is not None and 0 < line * _SEVERAL < _BOTH and 0 <= entry < _SEVERAL:
            return _BOTH + line * _SEVERAL + entry
        raise ValueError(f"{self} has no number")

    @classmethod
    def numbered(cls, file: str, number: int) -> Origin:
        """The place in a recording that has this number."""
        if number < _BOTH:
            return cls(kind=OriginKind.FILE, file=file, line=number)
        if number >= _ENTRIES:
            return cls(kind=OriginKind.FILE, file=file, entry=number - _ENTRIES)
        line, entry = divmod(number - _BOTH, _SEVERAL)
        return cls(kind=OriginKind.FILE, file=file, line=line, entry=entry)

    def sort_key(self) -> tuple[str, int, int, int]:
        """A total order that does not depend on the order of reading."""
        return (self.file or "", self.line or 0, self.entry or 0, self.request or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. `headers` or `body` is `None` where the recording does not tell; `b""` is an empty body."""

    method: str
    url: str
    headers: Headers | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. `headers` or `body` is `None` where the recording does not tell."""

    status: int
    headers: Headers | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, or how it failed.

    Attributes:
        response: `None` when no answer came; then `failure` says why.
        failure: also set beside a response whose body was cut.
        sent_at, received_at: seconds since 1970-01-01 UTC, or `None`.
        auth: what is known of the credential.
        known: what the target's resources say of the ids and numbers in the request, by parameter: `{"sms_id": {"label":
            "draft-unicode", "state": "draft", "body": "..."}}`. A parameter that is missing is unknown.
        role: why the gate sent it.
        wire: whether the bytes are those of the wire.
        missing: parts that a recorder scrubbed or dropped, with the reason in a word: `scrubbed` or `truncated`.
        own_record: true only in a run of our gate or in the recording that it wrote: its history is whole and the account's
            state is known.
        operation, path_parameters: filled by whoever matched the URL against a document; else `None`. The operation may be the
            name of a provider: then it is one of those.
    """

    request: Request
    response: Response | None
    origin: Origin
    failure: Failure | None = None
    sent_at: float | None = None
    received_at: float | None = None
    auth: Auth | None = None
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    role: Role = Role.CASE
    wire: Wire = Wire.DECODED
    missing: Mapping[Part, str] = field(default_factory=dict)
    own_record: bool = False
    operation: str | None = None
    path_parameters: Mapping[str, str] | None = None

    @property
    def took(self) -> float | None:
        """Seconds between sending and the whole answer, or `None`."""
        if self.sent_at is None or self.received_at is None:
            return None
        return self.received_at - self.sent_at

    def overlaps(self, other: Exchange) -> bool:
        """Whether both were under way at one moment; without times nobody knows, and it is `False`."""
        if None in (self.sent_at, self.received_at, other.sent_at, other.received_at):
            return False
        return max(self.sent_at or 0, other.sent_at or 0) <= min(self.received_at or 0, other.received_at or 0)


def headers_from(pairs: Any) -> Headers:
    """`Headers` from a mapping (values: text, or a list of texts) or from pairs; names are lower-cased, bytes are read as
    ISO 8859-1 as RFC 9110 section 5.5 has it."""

    def text(value: Any) -> str:
        return value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)

    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    result: list[tuple[str, str]] = []
    for name, value in items:
        values = value if isinstance(value, list | tuple) else [value]
        result.extend((text(name).strip().lower(), text(one)) for one in values)
    return tuple(result)


def header_values(headers: Headers | None, name: str) -> list[str] | None:
    """All values of one header field (name in lower case), in order; `None` if the headers are unknown."""
    if headers is None:
        return None
    return [value for key, value in headers if key == name]
