"""Cassettes of vcrpy in YAML and JSON, and of programs that write the same form (`http_interactions`).

There is no time in them. Each client library that vcrpy records has its own shape, and bodies are stored as they came or
decoded, whatever the header fields beside them say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

import yaml

from smscontract.exchange import Exchange, Headers, Origin, Part, Request, Response
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, elements, top_keys
from smscontract.recordings._parts import (
    Options,
    entries,
    from_base64,
    headers_of,
    member,
    recorded,
    status_of,
    text_of,
    to_bytes,
)
from smscontract.recordings._scrubbed import TRUNCATED
from smscontract.recordings._yaml_blocks import Anchors, Plain, blocks, value_of

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "vcr"
SUFFIXES = (".yaml", ".yml")

_KEYS = ("interactions", "http_interactions")
_BODY_KEYS = {"string", "base64_string", "encoding"}
_KEY_LINE = re.compile(rb"(['\"]?)(?:http_)?interactions\1[ \t]*:(?=[ \t\r\n]|$)")


def looks_like(name: str, head: bytes) -> bool:
    """Whether the text has a list of interactions at its top."""
    if head.lstrip().startswith(b"{"):
        return bool({*_KEYS} & {*top_keys(head)})
    return any(map(_KEY_LINE.match, head.splitlines())) or name.endswith(SUFFIXES)


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each interaction, one after the other; a problem if the file ends too early."""
    in_json = stream.peek(1).lstrip().startswith(b"{")
    values = elements(stream, (_KEYS,), options.limit) if in_json else _yaml_values(stream, options.limit)
    return entries(values, _exchange, "interaction", file, options.limit)


def _yaml_values(stream: BufferedReader, limit: int) -> Iterator[Any]:
    anchors: Anchors = {}
    for block in blocks(stream, _KEY_LINE, limit):
        try:
            yield block if isinstance(block, Broken) else value_of(block, anchors)
        except Broken as error:
            yield error


def _exchange(record: Any, origin: Origin, limit: int) -> Exchange:
    sent = member(record, "request", dict)
    headers = _headers(sent)
    request = Request(method=text_of(sent, "method"), url=text_of(sent, "uri"), headers=headers, body=_body(sent.get("body")))
    if "response" not in record:
        raise Broken("has no `response`")
    response = None if record["response"] is None else _response(member(record, "response", dict))
    # From aiohttp only the fields that its caller named are recorded, none that it added: a body without a length shows it.
    cut = request.body and not any(name in {"content-length", "transfer-encoding"} for name, _ in headers or ())
    return recorded(request, response, origin, missing={Part.REQUEST_HEADERS: TRUNCATED} if cut else None, limit=limit)


def _response(got: dict[str, Any]) -> Response:
    # httpx was recorded in a shape of its own for years: `status_code` and `content`.
    if "status_code" in got:
        return Response(status=status_of(got["status_code"]), headers=_headers(got), body=_body(got.get("content")))
    code = member(got, "status", dict).get("code")
    return Response(status=status_of(code), headers=_headers(got), body=_body(got.get("body")))


def _headers(message: dict[str, Any]) -> Headers | None:
    """As texts and no more: whoever looks for what they know of a field goes by its type."""
    fields = headers_of(message)
    return None if fields is None else tuple((name, str(value)) for name, value in fields)


def _body(value: Any) -> bytes:
    if isinstance(value, dict) and value.keys() <= _BODY_KEYS:
        if value.get("base64_string") is not None:
            return from_base64(member(value, "base64_string", str))
        value = value.get("string")
    try:
        parts = _resolved(value) if isinstance(value, list) else [value]
        if all(isinstance(part, str | bytes | None) for part in parts):  # several: it was an iterator
            return b"".join(part if isinstance(part, bytes) else to_bytes(part or "") for part in parts)
        # From aiohttp the value that its caller gave as `json` is recorded, never the text that went out.
        return json.dumps(_resolved(value)).encode()
    except RecursionError:
        raise Broken("is nested too deeply") from None
    except TypeError:
        raise Broken("has a body that is neither text nor JSON") from None


def _resolved(value: Any) -> Any:
    """The value with numbers and truth values for the texts that stand for them in YAML."""
    if isinstance(value, dict):
        return {key: _resolved(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one) for one in value]
    if isinstance(value, Plain):
        try:
            read = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError):  # ValueError: a day that no calendar has
            return str(value)
        return read if isinstance(read, bool | int | float) else str(value)
    return value
