"""Flows of mitmproxy, as `mitmdump -w` and its user interfaces save them, through mitmproxy's own reader, which is an extra.

A file is one length-prefixed value after the other. They are cut apart here, so that a broken one costs itself, and whoever
writes a length of a terabyte costs nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from smscontract.exchange import Exchange, Origin, Part, Request, Response, headers_from
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, Cut
from smscontract.recordings._parts import Options, entries, recorded, status_of
from smscontract.recordings._scrubbed import TRUNCATED

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "mitmproxy"
SUFFIXES = (".flow", ".flows", ".mitm")

_START = re.compile(rb"[1-9][0-9]{0,11}:([1-9][0-9]?):([a-z_]+);")
_PREFIX = re.compile(rb"([0-9]{1,12}):")


def looks_like(name: str, head: bytes) -> bool:
    """Whether the first bytes are a length, and a key of its length."""
    found = _START.match(head)
    return (found is not None and int(found[1]) == len(found[2])) or name.endswith(SUFFIXES)


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each flow; a problem if the file ends too early."""
    return entries(_flows(stream, options.limit), _exchange, "flow", file, options.limit)


def _flows(stream: BufferedReader, limit: int) -> Iterator[Any]:
    try:
        from mitmproxy.io import FlowReader
    except ImportError:
        hint = "pip install 'smscontract[mitmproxy]', or save a HAR: mitmdump -r FILE --set hardump=OUT.har"
        raise Broken("is of mitmproxy, and is read through it", hint) from None
    for frame in _frames(stream, limit):
        if isinstance(frame, Broken):
            yield frame
            continue
        try:
            yield from FlowReader(io.BytesIO(frame)).stream()
        except Exception as error:  # noqa: BLE001 - what another program's reader makes of damage
            yield Broken(
                f"cannot be read by mitmproxy: {type(error).__name__}", "is it of a newer mitmproxy than is installed?"
            )


def _frames(stream: BufferedReader, limit: int) -> Iterator[bytes | Broken]:
    """The bytes of each value, with its length before and its type behind it."""
    while head := stream.peek(16)[:16]:
        if (found := _PREFIX.match(head)) is None:
            raise Cut("ends in the middle") if len(head) < 13 and head.isdigit() else Broken("is damaged: a length is missing")
        size = len(found[0]) + int(found[1]) + 1
        if size <= limit:
            frame = stream.read(size)
            if len(frame) < size:
                raise Cut("ends in the middle")
            yield frame
            continue
        while size and (part := stream.read(min(size, 1024 * 1024))):
            size -= len(part)
        if size:
            raise Cut("ends in the middle")
        yield Broken(f"is larger than {limit} bytes")


def _exchange(flow: Any, origin: Origin, limit: int) -> Exchange:
    if flow.type != "http":  # no call of any operation; it is counted by this name
        return recorded(Request(method=flow.type.upper(), url="/"), None, origin)
    missing: dict[Part, str] = {}
    request = Request(
        method=flow.request.method,
        url=flow.request.url,
        headers=headers_from(flow.request.headers.fields),
        body=_body(flow.request, Part.REQUEST_BODY, missing),
    )
    response = None
    if flow.response is not None:
        response = Response(
            status=status_of(flow.response.status_code),
            headers=headers_from(flow.response.headers.fields),
            body=_body(flow.response, Part.RESPONSE_BODY, missing),
        )
    return recorded(
        request,
        response,
        origin,
        sent_at=flow.request.timestamp_start,
        received_at=None if response is None else flow.response.timestamp_end,
        missing=missing,
        limit=limit,
    )


def _body(message: Any, part: Part, missing: dict[Part, str]) -> bytes | None:
    body: bytes | None = message.raw_content
    if body is None:  # it was streamed through
        missing[part] = TRUNCATED
    return body
