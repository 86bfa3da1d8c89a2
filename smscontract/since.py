"""Since when a place shows something, from a few of many recordings: what is there once is taken to stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.ledger_file import is_ledger
from smscontract.recordings import pieces, read_piece
from smscontract.timeline import First, Timeline, timeline

__all__ = ["Since", "since"]

#: So many parts of a recording are looked at for one that has a time.
_AHEAD = 1000
_WHOLE = 2**62
#: A day in the name of a file, and the time of day behind it.
_STAMP = re.compile(r"(?<!\d)(20\d\d)([-_/]?)(\d\d)\2(\d\d)(?!\d)(?:[T/](\d\d)(?:[:-]?(\d\d))?(?!\d))?")
#: Seconds that the first exchange may be before or behind the time in the name of its file: names may tell it in any zone.
_NEAR = 86_400


@dataclass(slots=True, kw_only=True)
class Since:
    """What was found.

    Attributes:
        recordings: how many there are that have a time; `untimed`: how many have none, or no answer of the operation. Where
            names tell the order only those that were looked at are known to have none.
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
    """Finds the first recording that shows it, by halves, in order of the time of their first exchange. Where each name has a
    time of its own only those are opened that are read, as long as what is in them agrees with their names.

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

    def time_of(file: str) -> float | None:
        return _first_time(judge, key, file, how)

    def told(file: str) -> Timeline:
        return timeline(judge, key, place, [file], where=wanted, reading=reading)

    search = _Search(time_of, told)
    named = _by_name(files)
    found_by_name = search.among(sorted(named, key=lambda file: named[file]), named) if named else None
    if found_by_name is not None:
        return found_by_name
    times = {file: time for file in files if (time := time_of(file)) is not None}
    whole = search.among(sorted(times, key=lambda file: (times[file], file)))
    assert whole is not None  # nothing was named
    whole.untimed = len(files) - len(times)
    return whole


class _Search:
    """Looks into recordings, into each at most once.

    Args:
        time_of: the time of the first exchange of a recording.
        told: what a recording shows.
    """

    def __init__(self, time_of: Callable[[str], float | None], told: Callable[[str], Timeline]) -> None:
        self._time_of = time_of
        self._told = told
        self._shown: dict[str, First | None] = {}
        self._problems: list[Problem] = []

    def among(self, ordered: list[str], named: Mapping[str, float] | None = None) -> Since | None:
        """The first of them that shows it.

        Args:
            ordered: from the oldest to the newest.
            named: when they are by their names.

        Returns:
            `None` if a name is wrong.
        """
        result, low = Since(recordings=0, untimed=0), 0
        high = len(ordered) - 1
        middle = high  # where the newest does not show it, none does
        while low <= high:
            file = ordered[middle]
            if named is not None and file not in self._shown:
                time = self._time_of(file)
                if time is None:
                    result.untimed += 1
                    del ordered[middle]
                    high -= 1
                    middle = high if result.first is None else (low + high) // 2
                    continue
                if abs(time - named[file]) > _NEAR:
                    return None
            shown = self._first_in(file)
            if shown is not None:
                result.first, high = shown, middle - 1
            else:
                result.before, low = file, middle + 1
                if result.first is None:
                    break
            middle = (low + high) // 2
        result.recordings = len(ordered)
        result.read, result.problems = list(self._shown), self._problems
        return result

    def _first_in(self, file: str) -> First | None:
        if file not in self._shown:
            told = self._told(file)
            if told.interrupted:
                raise KeyboardInterrupt  # half a recording says nothing of the other half
            self._problems += told.problems
            found = told.first.values()
            self._shown[file] = min(found, key=lambda one: (one.time or "~", one.line or 0, one.entry or 0), default=None)
        return self._shown[file]


def _by_name(files: Sequence[str]) -> dict[str, float]:
    """When recordings are by their names (seconds since 1970, as if in UTC); none if one has no time, or that of another."""
    times: dict[str, float] = {}
    for file in files:
        found = list(_STAMP.finditer(file))
        if not found:
            return {}
        year, _, month, day, hour, minute = found[-1].groups()
        try:
            stamp = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
        except ValueError:
            return {}
        times[file] = stamp.timestamp()
    return times if len(set(times.values())) == len(files) else {}


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
