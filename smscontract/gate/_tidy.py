"""After a run: what it made is read back and ended by the calls that the contract names, where it carries the run's marker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from smscontract.documents import Neighbour, Place
from smscontract.exchange import Auth, Exchange, Role
from smscontract.gate._careful import Careful
from smscontract.gate._way import Way
from smscontract.plain import count_of
from smscontract.probes.base import JSON_HEADERS, Kit
from smscontract.runner import credential
from smscontract.transport import LeashError, NotSentError, Outgoing, UnsendableError

__all__ = ["tidied"]

#: Seconds that reading back and ending may take at most, beyond the time of the run, and each call of it; the same where
#: somebody waits for the end of a run that was interrupted.
_SECONDS, _HURRIED = (60.0, 10.0), (10.0, 2.0)


def tidied(
    way: Way, kit: Kit, exchanges: Iterable[Exchange], *, offset: int, record: Callable[[Exchange], None], hurried: bool = False
) -> list[str]:
    """Reads back and ends what the run's requests made, and says what became of it, one sentence each.

    Args:
        exchanges: of the run.
        offset: the number of the run's latest request.
        record: takes each exchange.
        hurried: whether the run was interrupted. A second interruption is one of this.
    """
    operation = kit.operation
    if not way.target.shared or operation.read is None or operation.end is None:
        return []
    tidying = _Tidying(way, kit, offset, record, _HURRIED if hurried else _SECONDS)
    try:
        said = list(tidying.run(exchanges))
    except KeyboardInterrupt:
        if not hurried:
            raise
        return ["what the run made was not all ended: finish it with --resume, or by hand"]
    if hurried:
        said.append("what the request under way made, if anything, nobody knows")
    return said


class _Tidying:
    def __init__(
        self, way: Way, kit: Kit, offset: int, record: Callable[[Exchange], None], seconds: tuple[float, float]
    ) -> None:
        self._way = way
        self._kit = kit
        self._record = record
        self._deadline = time.monotonic() + seconds[0]
        self._transport: Careful = way.transport(kit, offset=offset, deadline=self._deadline, patience=seconds[1])

    def run(self, exchanges: Iterable[Exchange]) -> Iterator[str]:
        operation = self._kit.operation
        read, end = operation.read, operation.end
        if read is None or end is None:
            return
        made = self._made(exchanges, [*read.values.values(), *end.values.values()])
        if not made:
            return
        ours, ended, others, unknown, unread = 0, 0, 0, 0, 0
        for values in made:
            answer = self._call(read, values)
            shown = _at(answer, read.shows) if read.shows is not None else self._way.run
            if answer is None:
                unread += 1
            elif shown is None:
                unknown += 1
            elif shown != self._way.run:
                others += 1
            else:
                ours += 1
                ended += self._call(end, values) is not None
        noun = str(operation.effect.get("creates", "thing"))
        yield f"{count_of(ours, noun)} of this run read back, {ended} ended"
        if others:
            yield f"{count_of(others, noun)} left alone: another run's name stands there"
        if unknown:
            yield f"{count_of(unknown, noun)} left alone: nothing there says whose"
        if unread:
            yield f"{count_of(unread, noun)} left open: not read back"
        if ours > ended:
            yield f"{count_of(ours - ended, noun)} left open: the call that ends it failed"
        if ended == len(made):
            self._way.texts.later = 0

    def _made(self, exchanges: Iterable[Exchange], places: list[Place]) -> list[dict[str, str]]:
        """The values of the places in each success, each set of values once."""
        found: dict[tuple[str, ...], dict[str, str]] = {}
        for exchange in exchanges:
            response = exchange.response
            if exchange.operation != self._kit.operation.key or response is None or response.status // 100 != 2:
                continue
            body = _json(response.body)
            values = {place.text: _at(body, place) for place in places}
            # No escape keeps a server from taking dots for a way up.
            if all(isinstance(value, str) and value not in ("", ".", "..") for value in values.values()):
                found.setdefault(tuple(values.values()), values)
        return list(found.values())

    def _call(self, call: Neighbour, values: Mapping[str, str]) -> Any:
        """The answer's body if the call succeeds, else `None`."""
        path = call.path
        for name, place in call.values.items():
            path = path.replace(f"{{{name}}}", quote(values[place.text], safe=""))
        body = b"" if call.body is None else json.dumps(call.body).encode()
        operation = replace(
            self._kit.operation, id=f"{self._kit.operation.id}-{call.method.lower()}", path=call.path, body=None
        )
        outgoing = Outgoing(
            operation=operation,
            method=call.method,
            target=path,
            headers=JSON_HEADERS if body else (),
            body=body,
            credential=credential(self._kit, "good", self._way.target.token).value,
            auth=Auth.GOOD,
            role=Role.TIDY,
            case=f"{call.method} {path}",
        )
        exchange = self._sent(outgoing)
        if exchange is None:
            return None
        self._record(exchange)
        response = exchange.response
        if exchange.failure is not None or response is None or response.status // 100 != 2:
            return None
        return _json(response.body) or {}

    def _sent(self, outgoing: Outgoing) -> Exchange | None:
        # What an earlier run did not see the answer of does no harm when it is asked once more.
        for _ in range(2):
            if time.monotonic() >= self._deadline:
                return None
            try:
                (exchange,) = self._transport.exchanges([outgoing])
            except NotSentError:
                continue
            except (LeashError, UnsendableError):
                return None
            return exchange
        return None


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return None


def _at(value: Any, place: Place | None) -> Any:
    for step in place.steps if place is not None else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
