"""An exchange as reports show it: request and answer as text for people, every value masked by where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from smscontract.clauses.view import View
from smscontract.documents import Node
from smscontract.exchange import Exchange, Headers
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.plain import printable

__all__ = ["shown"]

_LINES = 160  # of one body
_ITEMS = 20  # of one array
_MEMBERS = 60  # of one object
_DEPTH = 12
_LONGEST = 400  # characters of one value
_HEADERS = 40

_MEDIA = re.compile(r"[a-z]+/[\w.+-]+(; ?charset=[\w-]{1,20})?", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_HIDDEN = re.compile(r"(?:[A-Za-z]+ )?<(?:phone|secret):[0-9a-f]{8}>")


def shown(judge: Judge, exchange: Exchange) -> tuple[str, str]:
    """Request and answer, each as lines of text. What is not known is left out; values are what the masker lets pass."""
    exchange = judge.match(exchange)
    if exchange.operation is None:
        return "", ""
    masker = judge.masker_of(exchange)
    operation = judge.catalogue.operations[exchange.operation]
    view = View(exchange, operation, judge.digest, masker.value)
    request, response = exchange.request, exchange.response
    asked = [f"{_word(masker, request.method)} {_target(masker, request.url)}"]
    asked += _headers(masker, request.headers)
    asked += _body(masker, view.sent, request.body, operation.body.node if operation.body is not None else None)
    if response is None:
        answered = [f"no answer: {exchange.failure or 'nothing is known'}"]
    else:
        answered = [str(response.status), *_headers(masker, response.headers)]
        answered += _body(masker, view.got, response.body, view.document.node if view.document is not None else None)
        if exchange.failure is not None:
            answered.append(f"... {exchange.failure}")
    return "\n".join(asked), "\n".join(answered)


def _word(masker: Masker, text: str) -> str:
    """A text as it is where it is one harmless word, else its token."""
    value = masker.value(text, None)
    return printable(text if value == f'"{text}"' else value, _LONGEST)


def _target(masker: Masker, url: str) -> str:
    """The path as it was asked for, segments that could be anybody's words as tokens. The host is the user's own."""
    try:
        split = urlsplit(url)
        origin = f"{split.scheme}://{split.hostname}" + (f":{split.port}" if split.port is not None else "")
    except ValueError:
        return "a URL that cannot be read"
    origin = printable(masker.scrub(origin), _LONGEST) if split.hostname else ""
    path = "/".join(_word(masker, unquote(segment)) if segment else "" for segment in split.path.split("/"))
    query = masker.url(f"?{split.query}") if split.query else ""
    return f"{origin}{path}{printable(query, _LONGEST)}"


def _headers(masker: Masker, headers: Headers | None) -> Iterator[str]:
    for name, value in (headers or ())[:_HEADERS]:
        yield f"{_word(masker, name)}: {_header(masker, name, value)}"
    if headers is not None and len(headers) > _HEADERS:
        yield f"... {len(headers) - _HEADERS} more"


def _header(masker: Masker, name: str, value: str) -> str:
    hidden = masker.header(name, value)
    if masker.reveal or not value or _HIDDEN.fullmatch(hidden) or _MEDIA.fullmatch(value) or _DATE.fullmatch(value):
        return printable(hidden, _LONGEST)
    return _word(masker, value)


def _body(masker: Masker, value: Any, raw: bytes | None, node: Node | None) -> list[str]:
    if raw is None or value is ABSENT:
        return []
    if value is UNKNOWN:
        return ["", f"{len(raw)} bytes that are no JSON"]
    lines = list(_lines(masker, value, node, "", 0))
    rest = [f"... {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return ["", *lines[:_LINES], *rest]


def _lines(masker: Masker, value: Any, node: Node | None, before: str, depth: int) -> Iterator[str]:
    """A value over as many lines as it has places; `before` is what stands in front of it on the first of them."""
    indent = "  " * depth
    kind = node.mask if node is not None else None
    nested = isinstance(value, dict | list) and bool(value) and depth < _DEPTH and kind is None
    if isinstance(value, dict) and nested:
        yield f"{indent}{before}{{"
        for name, one in list(value.items())[:_MEMBERS]:
            below = node.properties.get(name) if node is not None else None
            label = printable(masker.value(name, None), _LONGEST)
            yield from _lines(masker, one, below, f"{label}: ", depth + 1)
        if len(value) > _MEMBERS:
            yield f"{indent}  ... {len(value) - _MEMBERS} more"
        yield f"{indent}}}"
    elif isinstance(value, list) and nested:
        yield f"{indent}{before}["
        for one in value[:_ITEMS]:
            yield from _lines(masker, one, node.items if node is not None else None, "", depth + 1)
        if len(value) > _ITEMS:
            yield f"{indent}  ... {len(value) - _ITEMS} more"
        yield f"{indent}]"
    else:
        empty = "{}" if value == {} else "[]" if value == [] else ""
        yield f"{indent}{before}{empty or printable(masker.value(value, kind), _LONGEST)}"
