"""One answer held against the contract in a test, whichever client it came from; and recordings as parameters of tests."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from smscontract.catalogue import load_catalogue
from smscontract.errors import UnusableInput, UsageError
from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response, headers_from
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.policy import FailOn, Selection
from smscontract.recordings import decoded, read
from smscontract.tested import Broken, described
from smscontract.watching import Watcher

__all__ = ["ContractBroken", "Recorded", "check", "exchanges"]


class ContractBroken(AssertionError):
    """An answer breaks the contract. `broken` has what, masked."""

    def __init__(self, broken: tuple[Broken, ...]) -> None:
        super().__init__("\n".join(["the answer breaks the contract", *described(broken)]))
        self.broken = broken


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange of a recording as a parameter: its name in the ids of tests, nothing of it in their output."""

    exchange: Exchange

    @property
    def __name__(self) -> str:
        """What pytest calls the parameter: `send.yaml-3`."""
        origin = self.exchange.origin
        number = origin.line if origin.line is not None else origin.entry
        return f"{Path(origin.file or 'exchange').name}-{number if number is not None else 0}"

    def __repr__(self) -> str:
        return f"<{self.exchange.origin}>"


@cache
def _judge(contracts: tuple[str, ...] = ()) -> Judge:
    return Judge(load_catalogue(contracts))


def check(
    response: Any = None,
    /,
    *,
    ignore: Iterable[str] = (),
    fail_on: str = "must",
    contracts: Iterable[str] = (),
    **parts: Any,
) -> tuple[Broken, ...]:
    """Holds an answer, and the request that it answers, against the contract.

    Args:
        response: an answer of requests, httpx or aiohttp that was read; an `Exchange`; a recording's from `exchanges`. Without
            one, `parts` are.
        ignore: beginnings of ids of clauses that are not looked at.
        fail_on: `must`, or `should` for what was reasoned too.
        contracts: names or paths; default: all shipped.
        parts: `method` and `url` (the path is enough), `status`, `body` (bytes, text, or a value that is written as JSON),
            `headers`, `sent` (the body of the request) and `sent_headers`, as far as they are known.

    Returns:
        What is broken at a lower level than fails.

    Raises:
        ContractBroken: an `AssertionError`: the answer breaks the contract.
        UsageError: it fits no operation, or is no answer that we know: nothing would be judged.
    """
    exchange = _exchange(response) if response is not None else _from_parts(**parts)
    judge = _judge(tuple(contracts))
    if judge.match(exchange).operation is None:
        raise UsageError("the answer belongs to no operation that we know", hint="`smscontract clauses` lists them")
    Selection(ignore=tuple(ignore)).check(judge.catalogue.clauses)
    broken = Watcher(judge, FailOn(fail_on)).judged([exchange], ignore=ignore).broken
    if any(one.fails for one in broken):
        raise ContractBroken(tuple(one for one in broken if one.fails))
    return broken


def _exchange(response: Any) -> Exchange:
    if isinstance(response, Exchange):
        return response
    if isinstance(response, Recorded):
        return response.exchange
    if hasattr(response, "request_info"):
        return _of_aiohttp(response)
    request = getattr(response, "request", None)
    if request is None or not hasattr(response, "status_code"):
        raise UsageError(
            f"a {type(response).__name__} is no answer that we know",
            hint="hand over an answer of requests, httpx or aiohttp, or its parts: check(method=..., url=..., status=...)",
        )
    sent = getattr(request, "_content", None) if hasattr(request, "stream") else request.body
    return _made(
        str(request.method),
        str(request.url),
        response.status_code,
        headers=_pairs(response.headers),
        body=_content(response),
        sent=b"" if sent is None and not hasattr(request, "stream") else sent,
        sent_headers=_pairs(request.headers),
    )


def _content(response: Any) -> bytes:
    """What a client has read already: a test decides itself what it reads."""
    content = getattr(response, "_content", None)
    if not isinstance(content, bytes):
        raise UsageError("the answer has not been read", hint="read it first: `response.read()`, `await response.aread()`")
    return content


def _of_aiohttp(response: Any) -> Exchange:
    body = getattr(response, "_body", None)
    if not isinstance(body, bytes):
        raise UsageError("the answer has not been read", hint="read it first: `await response.read()`")
    asked = response.request_info
    return _made(
        str(asked.method),
        str(asked.url),
        response.status,
        headers=_pairs(response.headers),
        body=body,
        sent_headers=_pairs(asked.headers),
    )


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return list(headers.multi_items() if hasattr(headers, "multi_items") else headers.items())


def _from_parts(
    *,
    method: str,
    url: str,
    status: int,
    body: Any = None,
    headers: Any = None,
    sent: Any = None,
    sent_headers: Any = None,
) -> Exchange:
    return _made(method, url, status, headers=headers, body=body, sent=sent, sent_headers=sent_headers)


def _made(
    method: str, url: str, status: int, *, headers: Any = None, body: Any = None, sent: Any = None, sent_headers: Any = None
) -> Exchange:
    got = None if headers is None else headers_from(headers)
    whole, _ = decoded(got, _bytes(body))
    return Exchange(
        request=Request(
            method=method.upper(),
            url=url,
            headers=None if sent_headers is None else headers_from(sent_headers),
            body=_bytes(sent),
        ),
        response=Response(status=status, headers=got, body=whole),
        origin=Origin(kind=OriginKind.TEST),
    )


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    import json

    return json.dumps(value).encode() if isinstance(value, Mapping | list | int | float | bool) else None


def exchanges(*paths: str, contracts: Iterable[str] = (), folder: Path | None = None) -> list[Recorded]:
    """Every exchange of recordings that belongs to a known operation, to parametrize a test over them:
    `@pytest.mark.parametrize("recorded", smscontract.exchanges("cassettes/*.yaml"))`.

    Args:
        paths: files, folders and globs, as `smscontract validate` takes them: in the folder, else in the working directory.
        contracts: names or paths; default: all shipped.
        folder: default: that of the file that calls.

    Raises:
        UnusableInput: nothing is there, or some of it cannot be read: a test that is not there fails nobody.
        UsageError: no exchange belongs to a known operation.
    """
    folder = folder or Path(sys._getframe(1).f_globals.get("__file__") or ".").parent  # noqa: SLF001 - who calls
    catalogue = _judge(tuple(contracts)).catalogue
    found = []
    for one in read([_beside(folder, path) for path in paths]):
        if isinstance(one, Problem):
            raise UnusableInput(one.message, file=one.file, line=one.line, entry=one.entry, hint=one.hint or None)
        if catalogue.match(one.request.method, one.request.url) is not None:
            found.append(Recorded(one))
    if not found:
        raise UsageError(f"no exchange in {', '.join(paths)} belongs to a known operation", hint="name other recordings")
    return found


def _beside(folder: Path, path: str) -> str:
    if Path(path).is_absolute() or not any(folder.glob(path)):
        return path
    return str(folder / path)
