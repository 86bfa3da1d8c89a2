"""What a provider is asked and what it answers: plain values, so that the providers' logic knows no server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from smscontract.exchange import Headers

__all__ = ["BODY_KEPT", "Answer", "Ask", "Provider", "match", "segments"]

#: Bytes of a request body that anybody gets to see.
BODY_KEPT = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request as it arrived.

    Attributes:
        path: as sent, percent-encoded, without the query.
        body: at most the first `BODY_KEPT` bytes and one more.
        size: length of the whole body in bytes.
        parameters: decoded path parameters.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    size: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        """Every value of one header field (name in lower case), in order."""
        return [value for key, value in self.headers if key == name]

    def only(self, name: str) -> str | None:
        """The value of a header field, or `None` where it is absent or repeated: then nobody knows which one counts."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON value, and header fields beside `content-type`."""

    status: int
    body: Any
    headers: Headers = ()

    def encoded(self) -> bytes:
        """The body on the wire: UTF-8, compact; a text that has no UTF-8 form (a lone surrogate) is escaped."""
        try:
            return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        except UnicodeEncodeError:
            return json.dumps(self.body, separators=(",", ":"), allow_nan=False).encode()


class Provider(Protocol):
    """One provider's one endpoint, and the form in which its API says no."""

    #: First path segment of the API, for answers on paths that it does not have.
    prefix: str
    method: str
    #: Path template, e.g. `/v2/things/{thing_id}`.
    template: str

    def answer(self, ask: Ask) -> Answer:
        """What the endpoint says to a request of its method and path."""
        ...

    def no_such_path(self) -> Answer:
        """404 in the API's own form."""
        ...

    def no_such_method(self) -> Answer:
        """405 with `allow`, in the API's own form."""
        ...

    def crashed(self) -> Answer:
        """500 in the API's own form."""
        ...


def segments(path: str) -> list[str]:
    r"""The segments of a path as sent, each percent-decoded by itself, so that `%2F` stays part of its segment. The empty
    text before the leading slash is dropped; bytes that are no UTF-8 show as `\xff`."""
    parts = path.split("/")
    return [unquote_to_bytes(part).decode(errors="backslashreplace") for part in parts[1:] if parts[0] == ""]


def match(template: str, path: str) -> dict[str, str] | None:
    """The path parameters if the path as sent fits the template, else `None`. A parameter is never empty."""
    expected, got = template.split("/")[1:], segments(path)
    if len(expected) != len(got):
        return None
    parameters: dict[str, str] = {}
    for pattern, segment in zip(expected, got, strict=True):
        if pattern.startswith("{"):
            parameters[pattern[1:-1]] = segment
        elif pattern != segment:
            return None
    return parameters if all(parameters.values()) else None
