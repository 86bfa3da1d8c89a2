"""HAR 1.2, as browsers, proxies and test tools write it: <http://www.softwareishard.com/blog/har-12-spec/>.

Its bodies are texts that were decoded, and its sizes mean different things in different programs: a size is believed only
where nothing else explains that the text is shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from io import BufferedReader
from typing import Any
from urllib.parse import urlencode

from smscontract.exchange import Exchange, Headers, Origin, Part, Request, Response, header_values
from smscontract.findings import Problem
from smscontract.recordings._beside import Archive, Folder, is_zip
from smscontract.recordings._brief import Briefly, Unusual, listed
from smscontract.recordings._json import Broken, elements, top_keys
from smscontract.recordings._parts import (
    Options,
    entries,
    from_base64,
    headers_of,
    member,
    problem,
    recorded,
    status_of,
    text_of,
    to_bytes,
)
from smscontract.recordings._scrubbed import TRUNCATED, length_disagrees
from smscontract.rfc3339 import timestamp

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "har"
SUFFIXES = (".har", ".har.zip")

#: Gives the bytes of a body that stands in a file of its own; `None` where there is none.
_Attached = Callable[[str], bytes | None]


def looks_like(name: str, head: bytes) -> bool:
    """Whether the text is an object with `log`, or there is a zip archive, in which one may be."""
    return is_zip(head) or top_keys(head)[:1] == ["log"] or name.endswith(SUFFIXES)


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each entry, in constant memory; a problem if the file ends too early."""
    text, attached = stream, Folder(file, options.limit).body
    if is_zip(stream.peek(4)):
        try:
            archive = Archive(stream, options.limit)
            text, attached = archive.har(), archive.body
        except Broken as error:
            yield problem("file", error, file)
            return
    values = elements(text, ("log", "entries"), options.limit)
    brief = Briefly(options.taker, _brief, file) if options.taker is not None else None
    yield from entries(values, partial(_exchange, attached), "entry", file, options.limit, brief=brief)


def _brief(record: Any) -> dict[str, Any]:
    """As `_exchange`, for entries whose bodies are whole and stand there as texts."""
    sent, got = record["request"], record["response"]
    content, data = got["content"], sent.get("postData")
    asked, text = listed(sent.get("headers")), content["text"]
    if type(content) is not dict or "_file" in content or "encoding" in content or type(text) is not str:
        raise Unusual
    size = content.get("size", 0)
    if type(size) is not int or (size > len(text) and size > len(to_bytes(text))):
        raise Unusual
    if data is None:
        size, body = sent.get("bodySize", -1), None
        if (
            type(size) is not int
            or size > 0
            or (asked is not None and any(name.strip().lower() == "content-length" for name in asked))
        ):
            raise Unusual
        if size == 0:
            body = ""
    else:
        body = data["text"]
        if "_file" in data or "encoding" in data or not body or type(body) is not str:
            raise Unusual
    started, took = timestamp(record.get("startedDateTime")), record.get("time")
    ended = None
    if started is not None and (type(took) is float or type(took) is int) and 0 <= took < 1e15:
        ended = started + float(took) / 1000
    return {
        "request": {"method": sent["method"], "url": sent["url"], "headers": asked, "body": body},
        "response": {"status": got["status"], "headers": listed(got.get("headers")), "body": text},
        "sent_at": started,
        "received_at": ended,
    }


def _exchange(attached: _Attached, record: Any, origin: Origin, limit: int) -> Exchange:
    missing: dict[Part, str] = {}
    sent = member(record, "request", dict)
    request = Request(
        method=text_of(sent, "method"),
        url=text_of(sent, "url"),
        headers=(headers := _headers(sent)),
        body=_request_body(sent, headers, missing, attached),
    )
    sent_at = timestamp(record.get("startedDateTime"))
    took = _number(record.get("time"))
    return recorded(
        request,
        _response(record, request.method, missing, attached),
        origin,
        sent_at=sent_at,
        received_at=None if sent_at is None or took is None else sent_at + took / 1000,
        missing=missing,
        limit=limit,
    )


def _headers(message: dict[str, Any]) -> Headers | None:
    """The fields without HTTP/2's pseudo-fields. An empty list means that the program did not see them."""
    return tuple((name, value) for name, value in headers_of(message) or () if not name.startswith(":")) or None


def _file_of(content: dict[str, Any], attached: _Attached) -> bytes | None:
    """The body that stands in a file of its own."""
    name = content.get("_file")
    return attached(name) if isinstance(name, str) and name else None


def _request_body(sent: dict[str, Any], headers: Headers | None, missing: dict[Part, str], attached: _Attached) -> bytes | None:
    data = sent["postData"] if isinstance(sent.get("postData"), dict) else {}
    if (body := _file_of(data, attached)) is not None:
        return body
    if (text := data.get("text")) and isinstance(text, str):
        return from_base64(text) if data.get("encoding") == "base64" else to_bytes(text)
    if data.get("params") and "urlencoded" in str(data.get("mimeType")).lower():
        pairs = [(text_of(one, "name"), str(one.get("value") or "")) for one in member(data, "params", list)]
        return urlencode(pairs, errors="surrogatepass").encode()
    size = _number(sent.get("bodySize"))
    if size == 0 or header_values(headers, "content-length") == ["0"]:
        return b""
    if data or size:
        missing[Part.REQUEST_BODY] = TRUNCATED
    return None


def _response(record: dict[str, Any], method: str, missing: dict[Part, str], attached: _Attached) -> Response | None:
    if record.get("response") is None:  # still under way when the file was written
        return None
    got = member(record, "response", dict)
    if got.get("status") in (0, -1, None):  # blocked, aborted
        return None
    status = status_of(got["status"])
    headers = _headers(got)
    content = got["content"] if isinstance(got.get("content"), dict) else {}
    body = _file_of(content, attached)
    if body is None and not isinstance(content.get("text"), str):
        # A size of 0 is also what programs write that did not look: the protocol must say that there is no body.
        if status in {204, 304} or method.upper() == "HEAD" or header_values(headers, "content-length") == ["0"]:
            return Response(status=status, headers=headers, body=b"")
        missing[Part.RESPONSE_BODY] = TRUNCATED
        return Response(status=status, headers=headers)
    if body is None:
        text = content["text"]
        body = from_base64(text) if content.get("encoding") == "base64" else to_bytes(text)
    size = _number(content.get("size")) or 0
    # Some programs count what went over the wire, which may be less: only a text that is too short says anything.
    if len(body) < size and (reason := length_disagrees(headers, body, int(size))):
        missing[Part.RESPONSE_BODY] = reason
    return Response(status=status, headers=headers, body=body)


def _number(value: Any) -> float | None:
    """What is measured; -1 stands for what is not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return float(value)
