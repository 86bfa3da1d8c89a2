"""Bare bodies: one file is one body of an operation that the user names."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

from smscontract.exchange import Exchange, Failure, Origin, OriginKind, Part, Request, Response
from smscontract.findings import Problem
from smscontract.recordings._json import Broken
from smscontract.recordings._parts import Options, problem
from smscontract.recordings._scrubbed import SCRUBBED, missing_parts

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "bare"
SUFFIXES = (".json",)

_BOM = b"\xef\xbb\xbf"


def looks_like(name: str, head: bytes) -> bool:
    """Never: any bytes can be a body, so only the user can tell."""
    del name, head
    return False


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange that knows nothing but one body (and the status of an answer). Its method and URL are empty."""
    try:
        yield _exchange(stream.read(options.limit + 1), file, options)
    except Broken as error:
        yield problem("file", error, file)


def _exchange(body: bytes, file: str, options: Options) -> Exchange:
    if len(body) > options.limit:
        raise Broken(f"is larger than {options.limit} bytes")
    if options.operation is None:
        raise Broken("is a bare body of an unknown operation", "add --operation, and --status or --side request")
    body = body.removeprefix(_BOM)  # editors write it; whether the provider did is not known
    request = Request(method="", url="", body=body if options.side == "request" else None)
    response = None
    if options.side != "request":
        if options.status is None:
            raise Broken("is a bare body of an unknown side", "add --status 200 for an answer, or --side request")
        response = Response(status=options.status, body=body)
    return Exchange(
        request=request,
        response=response,
        failure=Failure.UNKNOWN if response is None else None,
        origin=Origin(kind=OriginKind.FILE, file=file),
        missing=missing_parts(request, response, None) | {Part.URL: SCRUBBED},
        operation=options.operation,
    )
