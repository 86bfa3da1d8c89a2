"""The event log that schemathesis writes with `--report ndjson`: one event a line, exchanges inside those that end a scenario.

Bodies are the bytes of the wire without their content coding. Credentials are blanked, whatever the run was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, parse, top_keys
from smscontract.recordings._parts import (
    Options,
    from_base64,
    headers_of,
    lines,
    member,
    problem,
    recorded,
    status_of,
    text_of,
)

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "schemathesis"
SUFFIXES = (".ndjson",)

_EVENTS = frozenset(
    f"{what}{how}" for what in ("Engine", "Phase", "Suite", "Scenario", "Loading") for how in ("Started", "Finished")
) | {"Initialize", "FuzzScenarioFinished", "Interrupted", "NonFatalError", "FatalError", "StatefulRunMetadata"}


def looks_like(name: str, head: bytes) -> bool:
    """Whether the first line is an event of a run."""
    del name
    return not _EVENTS.isdisjoint(top_keys(head)[:1])


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each request of each scenario; a problem for a line that is none of a run's."""
    for number, line in lines(stream, options.limit):
        try:
            if isinstance(line, Broken):
                raise line
            sent = _interactions(parse(line))
        except Broken as error:
            yield problem("line", error, file, line=number)
            continue
        for entry, one in enumerate(sent):
            try:
                yield _exchange(one, Origin(kind=OriginKind.FILE, file=file, line=number, entry=entry), options.limit)
            except Broken as error:
                yield problem("exchange", error, file, line=number, entry=entry)


def _interactions(line: Any) -> list[Any]:
    if not isinstance(line, dict) or len(line) != 1:
        raise Broken("is no event of a run of schemathesis")
    ((name, event),) = line.items()
    # Other events may hold requests by which schemathesis tried out the server: none of them is a call of an operation.
    if not name.endswith("ScenarioFinished"):
        return []
    return list(member(member(event, "recorder", dict), "interactions", dict).values())


def _exchange(record: Any, origin: Origin, limit: int) -> Exchange:
    sent = member(record, "request", dict)
    request = Request(
        method=text_of(sent, "method"), url=text_of(sent, "uri"), headers=headers_of(sent), body=_body(sent, "body")
    )
    response, received_at, took = None, _number(record.get("timestamp")), None
    if record.get("response") is not None:
        got = member(record, "response", dict)
        took = _number(got.get("elapsed"))
        response = Response(status=status_of(got.get("status_code")), headers=headers_of(got), body=_body(got, "content"))
    # The one time that is written is that of the answer's end.
    sent_at = None if received_at is None or took is None else received_at - took
    return recorded(
        request, response, origin, sent_at=sent_at, received_at=None if response is None else received_at, limit=limit
    )


def _body(message: dict[str, Any], name: str) -> bytes:
    """A body that is empty is left out, or null."""
    if message.get(name) is None:
        return b""
    return from_base64(member(member(message, name, dict), "$base64", str))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11 else None
