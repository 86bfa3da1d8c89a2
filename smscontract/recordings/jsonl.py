"""JSON Lines of exchanges: our own form, which the gate writes and every log can be turned into.

One exchange a line. A header line may stand before them:

    {"smscontract": "exchanges", "version": 1, "origin": "gate"}

Only below a header with `"origin": "gate"` an exchange counts as our own record: its history is whole and nothing in it was
taken away. Members that we do not know are ignored, so that logs may keep theirs.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from io import BufferedReader
from typing import Any, TypeVar

import orjson

from smscontract.exchange import Auth, Exchange, Failure, Origin, OriginKind, Part, Request, Response, Role, Wire
from smscontract.facts import unkept
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, Scanner, exactly, parse, top_keys
from smscontract.recordings._lines import Lines, TooLong
from smscontract.recordings._parts import (
    Options,
    from_base64,
    headers_of,
    member,
    problem,
    recorded,
    status_of,
    text_of,
    to_bytes,
)
from smscontract.rfc3339 import timestamp

__all__ = ["NAME", "SUFFIXES", "VERSION", "dumps", "follows", "header", "looks_like", "read"]

NAME = "jsonl"
SUFFIXES = (".jsonl", ".ndjson")
VERSION = 1

_Word = TypeVar("_Word", bound=StrEnum)


def looks_like(name: str, head: bytes) -> bool:
    """Whether the first line is our header or an exchange."""
    return bool({"smscontract", "request"} & {*top_keys(head)}) or name.endswith(SUFFIXES)


# --- writing ---------------------------------------------------------------------------------------------------------


def header(origin: str, **more: Any) -> bytes:
    """The header line.

    Args:
        origin: who writes; `gate` promises that every exchange of the run is there, as it was.
        more: further members, e.g. the run's identity; readers ignore them.
    """
    return _line({"smscontract": "exchanges", "version": VERSION, "origin": origin, **more})


def dumps(exchange: Exchange) -> bytes:
    """The line of one exchange. Credentials are written as they stand in it: whoever writes a file masks them before.

    `read` gives an equal exchange back, except for `origin.kind`, `origin.file`, `origin.line` and `origin.entry`.
    """
    response = exchange.response
    record: dict[str, Any] = {
        "request": {"method": exchange.request.method, "url": exchange.request.url, **_content(exchange.request)},
        "response": None if response is None else {"status": response.status, **_content(response)},
        "failure": exchange.failure,
        "sent_at": exchange.sent_at,
        "received_at": exchange.received_at,
        "auth": exchange.auth,
        "known": exchange.known or None,
        "role": exchange.role if exchange.role is not Role.CASE else None,
        "wire": exchange.wire if exchange.wire is not Wire.DECODED else None,
        "operation": exchange.operation,
        "path_parameters": exchange.path_parameters,
        "case": exchange.origin.case,
        "number": exchange.origin.request,
    }
    # Always there: it says that the parts need no second look.
    return _line({key: value for key, value in record.items() if value is not None} | {"missing": exchange.missing})


def _content(message: Request | Response) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if message.headers is not None:
        result["headers"] = message.headers
    if message.body is not None:
        try:
            result["body"] = message.body.decode("utf-8")
        except UnicodeDecodeError:
            result["body_base64"] = base64.b64encode(message.body).decode("ascii")
    return result


def _line(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate or a number over 64 bits
        return json.dumps(record, default=dict).encode("ascii") + b"\n"


# --- reading ---------------------------------------------------------------------------------------------------------


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each line that is neither blank nor a header; lines that are not our own go to the taker, if
    there is one."""
    ours, number, taker = options.ours, options.line, options.taker
    loads, lines = orjson.loads, Lines(stream, options.limit)

    def scan(block: bytes, at: int, before: int) -> tuple[int, int]:
        assert taker is not None
        try:
            return taker.scan(block, at, file, before)
        except OSError as error:  # else it would be taken for one of the recording
            raise unkept(error) from None

    while True:
        if taker is not None and not ours:
            number = lines.ahead(scan, number)
        number += 1
        try:
            if not (line := _line_of(lines, options.limit)):
                return
            if not (line := line.strip(b" \t\r\n")):
                continue
            try:
                record, odd = loads(line), False
            except orjson.JSONDecodeError:  # NaN, or half a character: the taker would write it in another way
                record, odd = parse(line), True
            if isinstance(record, dict) and "smscontract" in record:
                ours = _read_header(record)
            elif taker is None or ours:
                yield _exchange(record, line, Origin(kind=OriginKind.FILE, file=file, line=number), options.limit, ours=ours)
            else:
                try:
                    if not odd and taker.take(record, line, file, number):
                        continue
                    origin = Origin(kind=OriginKind.FILE, file=file, line=number)
                    taker.judge(_exchange(record, line, origin, options.limit, ours=ours))
                except OSError as error:  # as above
                    raise unkept(error) from None
        except _OtherVersion as error:
            yield problem("file", error, file, line=number)
            return
        except Broken as error:
            yield problem("line", error, file, line=number)


class _OtherVersion(Broken):
    """The lines that follow may mean something else."""


def _line_of(lines: Lines, limit: int) -> bytes:
    try:
        return lines.next()
    except TooLong:
        raise Broken(f"is longer than {limit} bytes") from None


def follows(line: bytes, *, ours: bool) -> bool | None:
    """Whether the lines behind this one are our own, where those before it are or are not; `None`: they cannot be read."""
    try:
        record = parse(line.strip(b" \t\r\n"))
        return _read_header(record) if isinstance(record, dict) and "smscontract" in record else ours
    except _OtherVersion:
        return None
    except Broken:
        return ours


def _read_header(record: dict[str, Any]) -> bool:
    """Whether the lines that follow are our own."""
    if record["smscontract"] != "exchanges":
        raise _OtherVersion("is none of exchanges", 'its header line must say `"smscontract": "exchanges"`')
    version = record.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        hint = "install a newer smscontract, which reads it" if newer else f'its header line must say `"version": {VERSION}`'
        raise _OtherVersion(f"is in version {version if newer else 'unknown'} of the form, and we read {VERSION}", hint)
    return record.get("origin") == "gate"


def _exchange(record: Any, line: bytes, origin: Origin, limit: int, *, ours: bool) -> Exchange:
    sent = member(record, "request", dict)
    got = record.get("response")
    if record.get("known"):
        record = exactly(line)  # ids of many digits must stay equal
    request = Request(
        method=text_of(sent, "method"), url=text_of(sent, "url"), headers=headers_of(sent), body=_body(sent, line, "request")
    )
    response = None
    if got is not None:
        got = member(record, "response", dict)
        response = Response(status=status_of(got.get("status")), headers=headers_of(got), body=_body(got, line, "response"))
    elif "response" not in record and "failure" not in record:
        raise Broken("has neither `response` nor `failure`")
    failure = _word(Failure, record, "failure")
    if failure is None and response is None:
        failure = Failure.UNKNOWN
    wire = _word(Wire, record, "wire") or Wire.DECODED
    auth = _word(Auth, record, "auth")
    missing = {}
    if "missing" in record:
        missing = _missing(record)
    elif not ours:
        found = recorded(request, response, origin, limit=limit)
        missing = {**found.missing}
        if auth is not None:
            missing.pop(Part.CREDENTIAL, None)
        if wire is not Wire.EXACT:
            request, response = found.request, found.response
    case, number = record.get("case"), record.get("number")
    if case is not None or number is not None:
        origin = replace(
            origin, case=case if isinstance(case, str) else None, request=number if isinstance(number, int) else None
        )
    return Exchange(
        request=request,
        response=response,
        origin=origin,
        failure=failure,
        sent_at=_time(record, "sent_at"),
        received_at=_time(record, "received_at"),
        auth=auth,
        known=_known(record),
        role=_word(Role, record, "role") or Role.CASE,
        wire=wire,
        missing=missing,
        own_record=ours,
        operation=member(record, "operation", str) if record.get("operation") is not None else None,
        path_parameters=_path_parameters(record),
    )


def _body(message: dict[str, Any], line: bytes, side: str) -> bytes | None:
    if "json" in message:
        return _inline(line, side)
    if message.get("body_base64") is not None:
        return from_base64(member(message, "body_base64", str))
    return None if message.get("body") is None else to_bytes(member(message, "body", str))


def _inline(line: bytes, side: str) -> bytes:
    """The bytes of an inline JSON body as they stand in the line: its numbers, spaces and repeated keys are kept."""
    scanner, result = Scanner(line), b""
    for key in scanner.members():
        if key != side:
            scanner.skip()
            continue
        for inner in scanner.members():
            if inner == "json":
                result = scanner.value()
            else:
                scanner.skip()
    return result


def _word(kind: type[_Word], record: dict[str, Any], name: str) -> _Word | None:
    if (value := record.get(name)) is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise Broken(f"has an unknown `{name}`", f"known are {', '.join(kind)}") from None


def _time(record: dict[str, Any], name: str) -> float | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        value = timestamp(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Broken(f"has a `{name}` that is no time", "give seconds since 1970, or RFC 3339 text with its offset")
    if abs(value) >= 1e11:
        raise Broken(f"has a `{name}` beyond the year 5000", "give seconds since 1970, not milliseconds")
    return float(value)


def _missing(record: dict[str, Any]) -> dict[Part, str]:
    stated = member(record, "missing", dict)
    try:
        return {Part(part): str(reason) for part, reason in stated.items()}
    except ValueError:
        raise Broken("names an unknown part in `missing`", f"known are {', '.join(Part)}") from None


def _known(record: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    if record.get("known") is None:
        return {}
    known: dict[str, Any] = member(record, "known", dict)
    if not all(isinstance(facts, dict) for facts in known.values()):
        raise Broken("has a `known` that is not an object of objects")
    return known


def _path_parameters(record: dict[str, Any]) -> Mapping[str, str] | None:
    if record.get("path_parameters") is None:
        return None
    stated = member(record, "path_parameters", dict)
    return {name: text_of(stated, name) for name in stated}
