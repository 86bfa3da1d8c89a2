"""What a recorder blanked, dropped or cut. Such parts are not judged: one too many costs power, one too few costs trust.

Recorders leave a marker in the place of a value (`***`, `[REDACTED]`, `{{token}}`), leave the credential out altogether, or
change a body and keep its `content-length`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from smscontract.exchange import Auth, Headers, Part, Request, Response, header_values
from smscontract.recordings._json import Broken, parse

__all__ = [
    "CREDENTIALS",
    "SCRUBBED",
    "TRUNCATED",
    "is_marker",
    "is_without_credential",
    "length_disagrees",
    "missing_parts",
]

SCRUBBED = "scrubbed"
TRUNCATED = "truncated"

_WORD = r"(?i:redacted|filtered|masked|scrubbed|sanitized|anonymized|obfuscated|removed|hidden|omitted|truncated)"
_MARKER = re.compile(
    r"\S*\*{3,}\S*"  # ***, +1415*****00
    r"|\+?[0-9 ().-]*[xX]{4,}[0-9 ().-]*"  # XXXXXXXX, +1415xxxx
    rf"|[\[<({{]+[\w .:-]*{_WORD}[\w .:-]*[\]>)}}]+"  # [REDACTED], <redacted phone>
    r"|[_*]*(?:(?i:redacted)|FILTERED|MASKED|SCRUBBED|SANITIZED)[_*]*"
    r"|\{\{[^{}]*\}\}|\$\{[^{}]*\}"  # {{token}}, ${TOKEN}
    r"|<(?:phone|text|secret):[^<>]*>"  # the tokens of our own reports
)
_LONGEST = 200  # a marker is short; the limit also keeps the pattern's backtracking small
# What holds none of these (in lower case) holds no marker: nine exchanges in ten need no second look.
_TRACES: tuple[str, ...] = ("***", "xxxx", "{{", "${", "redacted", "filtered", "masked", "scrubbed", "sanitized", "anonymized")
_TRACES += ("obfuscated", "removed", "hidden", "omitted", "truncated", "phone:", "text:", "secret:")
_TRACES_IN_BYTES = tuple(trace.encode() for trace in _TRACES)

CREDENTIALS = frozenset(("authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token"))
_SCHEME = re.compile(r"(?i:bearer|basic|token|key|apikey)(?:\s+|$)")
_UTF_8 = frozenset(("utf-8", "utf8", "us-ascii", "ascii"))


def is_marker(text: str) -> bool:
    """Whether a whole value stands for one that a recorder took away."""
    return len(text) <= _LONGEST and _MARKER.fullmatch(text.strip()) is not None


def missing_parts(request: Request, response: Response | None, auth: Auth | None) -> dict[Part, str]:
    """The parts of a foreign recording's exchange that are not as they went over the wire, with the reason in a word."""
    missing: dict[Part, str] = {}
    headers = request.headers or ()
    answer = () if response is None else response.headers or ()
    if _url_is_marked(request.url):
        missing[Part.URL] = SCRUBBED
    if auth is None and is_without_credential(headers):
        missing[Part.CREDENTIAL] = SCRUBBED
    if _has_trace("\n".join([value for _, value in (*headers, *answer)])):
        if any(is_marker(value) for name, value in headers if name not in CREDENTIALS):
            missing[Part.REQUEST_HEADERS] = SCRUBBED
        if any(is_marker(value) for _, value in answer):
            missing[Part.RESPONSE_HEADERS] = SCRUBBED
    if reason := _body_is_marked(request.body) or _content_length_disagrees(request.headers, request.body):
        missing[Part.REQUEST_BODY] = reason
    if response is not None:
        # Answers to HEAD and 304 tell the length of a body that they do not carry.
        without_body = request.method.upper() == "HEAD" or response.status == 304
        reason = _body_is_marked(response.body)
        if reason or (not without_body and (reason := _content_length_disagrees(response.headers, response.body))):
            missing[Part.RESPONSE_BODY] = reason
    return missing


def is_without_credential(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether no header field of a request is a credential that could open anything."""
    return not any(name in CREDENTIALS and _is_credential(value) for name, value in headers)


def _has_trace(text: str) -> bool:
    lower = text.lower()
    return any(trace in lower for trace in _TRACES)


def _is_credential(value: str) -> bool:
    secret = _SCHEME.sub("", value.strip(), count=1).strip()
    return bool(secret) and not is_marker(secret)


def _url_is_marked(url: str) -> bool:
    if "%" not in url and not _has_trace(url):
        return False
    try:
        parts = urlsplit(url)
        values = [unquote(step) for step in parts.path.split("/")]
        values += [value for _, value in parse_qsl(parts.query)]
    except ValueError:
        return False
    return any(map(is_marker, values))


def _body_is_marked(body: bytes | None) -> str:
    if not body:
        return ""
    lower = body.lower()
    if not any(trace in lower for trace in _TRACES_IN_BYTES):
        return ""
    try:
        strings = _strings(parse(body))
    except Broken:
        text = body.decode("utf-8", "replace")
        strings = iter([text, *(value for _, value in parse_qsl(text))])
    return SCRUBBED if any(map(is_marker, strings)) else ""


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def length_disagrees(headers: Headers | None, body: bytes, length: int) -> str:
    """Why a body is not as long as somebody says, as far as decoding does not explain it; empty if it does."""
    # The recorder kept what it decoded.
    if any(name == "content-encoding" and value.lower() != "identity" for name, value in headers or ()):
        return ""
    if length in {len(body), len(body) + 3}:  # three more: a byte order mark that decoding took off
        return ""
    if (charset := _charset(headers or ())) and length == _encoded_length(body, charset):
        return ""
    return TRUNCATED if len(body) < length else SCRUBBED


def _content_length_disagrees(headers: Headers | None, body: bytes | None) -> str:
    if body is None or headers is None:
        return ""
    lengths = set(header_values(headers, "content-length") or ())
    # RFC 9112 section 6.3: chunks override the length.
    if len(lengths) != 1 or header_values(headers, "transfer-encoding"):
        return ""
    text = lengths.pop().strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        return ""
    return length_disagrees(headers, body, int(text))


def _charset(headers: Headers) -> str:
    """The charset of the body unless it is UTF-8, in which we keep texts."""
    for value in header_values(headers, "content-type") or ():
        if match := re.search(r"(?i);\s*charset\s*=\s*\"?([\w.:-]+)", value):
            return "" if match[1].lower() in _UTF_8 else match[1]
    return ""


def _encoded_length(body: bytes, charset: str) -> int:
    try:
        return len(body.decode("utf-8").encode(charset))
    except (UnicodeError, LookupError):
        return -1
