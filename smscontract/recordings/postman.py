"""Collections of Postman (v2.1): the responses that are saved in them, each with the request that it answered.

The request is saved as it was edited: header fields that the application adds are not in it, and variables stand for what went
out. Variables of the collection are filled in; what holds any other is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from typing import Any
from urllib.parse import quote, urlencode

from smscontract.exchange import Exchange, Headers, Origin, Part, Request, Response, headers_from
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, Scanner, parse, top_keys
from smscontract.recordings._parts import Options, entries, member, recorded, status_of, text_of, to_bytes
from smscontract.recordings._scrubbed import SCRUBBED, TRUNCATED

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "postman"
SUFFIXES = (".json",)

_KEYS = {"info", "item", "event", "variable", "auth", "protocolProfileBehavior", "collection"}
_DEEPEST = 60  #: folders in folders
_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_ROOT = re.compile(r"\{\{[^{}]+\}\}(?=/|$)")

_Fill = Callable[[str], str]


def looks_like(name: str, head: bytes) -> bool:
    """Whether the text is an object with nothing but a collection's members."""
    del name
    keys = {*top_keys(head)}
    named = b"postman" in head or (b'"item"' in head and b'"request"' in head)
    return named and bool(keys & {"info", "item", "collection"}) and keys <= _KEYS


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each saved response, in the order of the file; a problem if the file ends too early."""
    return entries(_responses(stream, options.limit), _exchange, "response", file, options.limit)


def _responses(stream: BufferedReader, limit: int) -> Iterator[Any]:
    """Each response with the variables of the collection, which stand behind it in the file."""
    text = stream.read(limit + 1)
    if len(text) > limit:
        raise Broken(f"is larger than {limit} bytes", "export the folders of the collection one by one")
    variables = _variables(text)
    for one in _below(Scanner(text), _DEEPEST):
        yield one if isinstance(one, Broken) else (one, variables)


def _variables(text: bytes) -> dict[str, str]:
    """Those of the collection itself, as far as the text can be followed."""
    found: Any = []
    scanner = Scanner(text)
    try:
        for key in scanner.members():
            if key == "collection":
                return _variables(scanner.value())
            if key == "variable":
                found = parse(scanner.value())
            else:
                scanner.skip()
    except Broken:
        pass
    pairs = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {str(one.get("key", one.get("id"))): one["value"] for one in pairs if isinstance(one.get("value"), str)}


def _below(scanner: Scanner, deepest: int) -> Iterator[Any]:
    """The saved responses of a collection, folder or request, and of all below it."""
    for key in scanner.members():
        if key == "collection" and scanner.next_is(b"{"):
            yield from _below(scanner, deepest)
        elif key == "item":
            if not scanner.next_is(b"["):
                raise Broken("`item` is no list")
            if not deepest:
                raise Broken("is nested too deeply")
            for _ in scanner.items():
                if scanner.next_is(b"{"):
                    yield from _below(scanner, deepest - 1)
                else:
                    scanner.skip()
        elif key == "response" and not scanner.next_is(b"n"):
            if not scanner.next_is(b"["):
                raise Broken("`response` is no list")
            for _ in scanner.items():
                yield _parsed(scanner)
        else:
            scanner.skip()


def _parsed(scanner: Scanner) -> Any:
    raw = scanner.value()
    try:
        return parse(raw)
    except Broken as error:
        return error


def _exchange(record: Any, origin: Origin, limit: int) -> Exchange:
    saved, variables = record
    sent = member(saved, "originalRequest", dict)
    missing: dict[Part, str] = {}

    def fill(text: str) -> str:
        for _ in range(3):  # a variable may hold others
            values = [variables.get(found[1].strip(), "") for found in _VARIABLE.finditer(text)]
            if sum(map(len, values)) > limit:
                raise Broken(f"is larger than {limit} bytes when its variables are filled in")
            text = _VARIABLE.sub(lambda found: variables.get(found[1].strip(), found[0]), text)
        return text

    url = _ROOT.sub("", _url(sent.get("url"), fill), count=1)
    headers = _headers(sent.get("header"), fill) or ()
    body = _sent_body(sent.get("body"), fill, missing)
    if body and not any(name == "content-type" for name, _ in headers):
        missing[Part.REQUEST_HEADERS] = TRUNCATED  # the application adds one that it does not save
    status = status_of(saved.get("code"))
    text = saved.get("body")
    if not isinstance(text, str) and status not in {204, 304}:
        missing[Part.RESPONSE_BODY] = TRUNCATED
    return recorded(
        Request(method=text_of(sent, "method") if "method" in sent else "GET", url=url, headers=headers, body=body),
        Response(
            status=status,
            headers=_headers(saved.get("header"), lambda value: value),
            body=to_bytes(text) if isinstance(text, str) else b"" if status in {204, 304} else None,
        ),
        origin,
        missing=missing,
        limit=limit,
    )


def _url(value: Any, fill: _Fill) -> str:
    if isinstance(value, str) and value:
        return fill(value)
    if not isinstance(value, dict):
        raise Broken("has no URL")
    raw = value.get("raw")
    if not isinstance(raw, str) or not raw:
        raw = _assembled(value)
    base, mark, query = fill(raw).partition("?")
    ids = {f":{one.get('key')}": fill(str(one.get("value") or "")) for one in _objects(value.get("variable"))}
    path = "/".join(quote(ids[step], safe="{}") if ids.get(step) else step for step in base.split("/"))
    return path + mark + query


def _assembled(value: Mapping[str, Any]) -> str:
    def joined(part: Any, between: str) -> str:
        steps = part if isinstance(part, list) else [part]
        return between.join(str(one.get("value", "") if isinstance(one, dict) else one) for one in steps if one is not None)

    host, path = joined(value.get("host"), "."), joined(value.get("path"), "/")
    scheme = f"{value['protocol']}://" if value.get("protocol") else "" if host.startswith("{{") else "http://"
    port = f":{value['port']}" if value.get("port") else ""
    pairs = [one for one in _objects(value.get("query")) if not one.get("disabled")]
    query = "&".join(f"{one.get('key')}={one.get('value') or ''}" for one in pairs)
    return f"{scheme}{host}{port}/{path.lstrip('/')}{f'?{query}' if query else ''}"


def _headers(value: Any, fill: _Fill) -> Headers | None:
    if value is None:
        return None
    if isinstance(value, str):
        pairs = [(name, text.strip()) for name, colon, text in (line.partition(":") for line in value.splitlines()) if colon]
    elif isinstance(value, list):
        found = [one for one in _objects(value) if not one.get("disabled")]
        pairs = [(str(one.get("key") or ""), str(one.get("value") or "")) for one in found]
    else:
        raise Broken("has a `header` in a form that we do not know")
    return headers_from([(fill(name), fill(text)) for name, text in pairs])


def _sent_body(value: Any, fill: _Fill, missing: dict[Part, str]) -> bytes | None:
    if not isinstance(value, dict) or value.get("disabled") or not value.get("mode"):
        return b""
    text = None
    if value["mode"] == "raw":
        text = fill(str(value.get("raw") or ""))
    elif value["mode"] == "urlencoded":
        found = [one for one in _objects(value.get("urlencoded")) if not one.get("disabled")]
        text = urlencode([(fill(str(one.get("key"))), fill(str(one.get("value") or ""))) for one in found], safe="{}")
    if text is None:  # files and forms are made when they are sent
        missing[Part.REQUEST_BODY] = TRUNCATED
        return None
    if _VARIABLE.search(text):
        missing[Part.REQUEST_BODY] = SCRUBBED
    return to_bytes(text)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
