"""Since when a place shows something, from a few of many recordings: what is there once is taken to stay."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.ledger_file import is_ledger
from smscontract.recordings import pieces, read_piece
from smscontract.timeline import First, timeline

__all__ = ["Since", "since"]

#: So many parts of a recording are looked at for one that has a time.
_AHEAD = 1000
_WHOLE = 2**62


@dataclass(slots=True, kw_only=True)
class Since:
    """What was found.

    Attributes:
        recordings: how many there are that have a time; `untimed`: how many have none, or no answer of the operation.
        read: those that were read to their end, in this order.
        first: the first answer that shows it, `None` if the newest recording does not.
        before: the newest recording before it that was read, which does not show it.
    """

    recordings: int
    untimed: int
    read: list[str] = field(default_factory=list)
    first: First | None = None
    before: str | None = None
    problems: list[Problem] = field(default_factory=list)


def since(
    judge: Judge,
    operation: str,
    place: str,
    paths: Sequence[str],
    shows: str,
    *,
    where: Sequence[str] = (),
    reading: Mapping[str, Any] | None = None,
) -> Since:
    """Finds the first recording that shows it, by halves, in order of the time of their first exchange.

    Args:
        operation, place, where, reading: as `timeline` takes them.
        shows: a kind, such as `null`, `absent`, or a member of an enum.

    Raises:
        UsageError, UnusableInput: as `timeline`; and for ledgers, which hold no order to search.
    """
    if ledger := next((path for path in paths if is_ledger(path)), None):
        raise UsageError(f"`{ledger}` is a ledger, which is read in one go", hint="leave `--bisect` out")
    wanted = [*where, f"{place}={shows}"]
    timeline(judge, operation, place, [], where=wanted)  # what cannot be asked is refused before anything is read
    key = judge.catalogue.operation(operation).key
    how: dict[str, Any] = {"operation": key, **(reading or {})}
    _, found = pieces(paths, size=_WHOLE, **how)
    files = [one.file for one in found if not isinstance(one, Problem)]
    times = {file: time for file in files if (time := _first_time(judge, key, file, how)) is not None}
    ordered = sorted(times, key=lambda file: (times[file], file))
    result = Since(recordings=len(ordered), untimed=len(files) - len(ordered))

    def first_in(file: str) -> First | None:
        result.read.append(file)
        told = timeline(judge, key, place, [file], where=wanted, reading=reading)
        if told.interrupted:
            raise KeyboardInterrupt  # half a recording says nothing of the other half
        result.problems += told.problems
        return min(told.first.values(), key=lambda one: (one.time or "~", one.line or 0, one.entry or 0), default=None)

    low, high = 0, len(ordered) - 1
    if high < 0:
        return result
    result.first = first_in(ordered[high])
    while result.first is not None and low < high:
        middle = (low + high) // 2
        shown = first_in(ordered[middle])
        if shown is not None:
            result.first, high = shown, middle
        else:
            result.before, low = ordered[middle], middle + 1
    if result.first is None:
        result.before = ordered[high]
    return result


def _first_time(judge: Judge, operation: str, file: str, how: Mapping[str, Any]) -> float | None:
    """The time of the first exchange of the operation."""
    (piece,) = pieces([file], size=_WHOLE, **how)[1]
    if isinstance(piece, Problem):
        return None
    with closing(_exchanges(read_piece(piece, **how))) as found:
        for exchange in found:
            if judge.match(exchange).operation == operation:
                time = exchange.received_at if exchange.received_at is not None else exchange.sent_at
                if time is not None:
                    return time
    return None


def _exchanges(found: Iterator[Exchange | Problem]) -> Generator[Exchange, None, None]:
    for _, one in zip(range(_AHEAD), found, strict=False):
        if isinstance(one, Exchange):
            yield one
