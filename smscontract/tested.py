"""What the traffic of tests showed, as values of plain data: a worker hands them over, and sums do not depend on the order."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from smscontract.exchange import OriginKind
from smscontract.findings import Level, place_of
from smscontract.plain import count_of, printable

__all__ = ["Broken", "Seen", "Total", "brief", "described"]

_NAMED = 3
_LISTED = 20

#: What the answer was, by where it came from.
_KINDS = {
    OriginKind.MOCK: ("use a mock that", "never promised"),
    OriginKind.FILE: ("play a recording that breaks what", "promises"),
    OriginKind.TEST: ("got an answer that", "never promised"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One clause broken at one place in one test. All texts are masked.

    Attributes:
        provider: what the provider is called in its document.
        kind: `mock`, `file` (played from a recording) or `test`: where the answer came from.
        where: the recording and entry it was played from, else empty.
        fails: whether it counts.
    """

    clause: str
    provider: str
    level: str
    kind: str
    says: str
    message: str
    part: str
    pointer: str
    expected: str
    got: str
    where: str = ""
    fails: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the traffic of one test showed.

    Attributes:
        exchanges: how many were judged, by where the answer came from.
        new: places that the contract does not list, with what is new there.
        excused: how many breaks the test had announced.
        lost: exchanges that could not be taken.
        elsewhere: hosts that nobody knows, with requests that look like those of a provider.
    """

    test: str
    exchanges: Mapping[str, int] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()
    new: tuple[tuple[str, str], ...] = ()
    excused: int = 0
    lost: int = 0
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.exchanges or self.lost or self.elsewhere)

    def as_json(self) -> dict[str, Any]:
        """Plain data; `from_json` reads it."""
        data = {name: getattr(self, name) for name in self.__slots__}  # `asdict` copies each value, for each test
        return {**data, "broken": [asdict(one) for one in self.broken]} if self.broken else data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seen:
        """What `as_json` made, whatever lists became on the way."""
        broken = tuple(Broken(**one) for one in data["broken"])
        new = tuple((str(place), str(kind)) for place, kind in data["new"])
        return cls(**{**data, "broken": broken, "new": new})


def brief(broken: Sequence[Broken]) -> str:
    """What is broken in one line: the worst in full, the others as a number."""
    ordered = sorted(broken, key=lambda one: (one.level != Level.MUST, one.clause))
    first = ordered[0]
    place = f" at {first.part} {first.pointer}".rstrip()
    got = f", got {first.got}" if first.got else ""
    where = f" in {first.where}" if first.where else " of a mock" if first.kind == OriginKind.MOCK else ""
    more = f"; and {count_of(len(ordered) - 1, 'more clause')}" if len(ordered) > 1 else ""
    return printable(f"{first.clause} ({first.level}): {first.message}{place}{where}{got}{more}", 600)


def described(broken: Sequence[Broken]) -> Iterator[str]:
    """What is broken, with the place, line by line."""
    for one in sorted(broken, key=lambda one: (one.level != Level.MUST, one.clause)):
        yield printable(f"{one.clause}  {one.level}")
        yield f"  {printable(one.message, 300)}"
        origin = f"   {one.where}" if one.where else "   of a mock" if one.kind == OriginKind.MOCK else ""
        yield printable(f"  {one.part}   {one.pointer}".rstrip() + origin)
        yield f"    expected  {printable(one.expected, 300)}"
        yield f"    got       {printable(one.got, 300)}"
        yield printable(f"  more  smscontract explain {one.clause}")


class Total:
    """What all tests showed."""

    def __init__(self) -> None:
        self._tests: set[str] = set()
        self._exchanges: Counter[str] = Counter()
        self._broken: dict[tuple[str, str], dict[tuple[str, str], list[tuple[str, Broken]]]] = {}
        self._new: dict[tuple[str, str], set[str]] = {}
        self._excused = 0
        self._lost = 0
        self._elsewhere: Counter[str] = Counter()

    def add(self, seen: Seen) -> None:
        """Counts one test in."""
        if seen.exchanges:
            self._tests.add(seen.test)
        self._exchanges.update(seen.exchanges)
        self._excused += seen.excused
        self._lost += seen.lost
        self._elsewhere.update(seen.elsewhere)
        for one in seen.broken:
            clauses = self._broken.setdefault((one.kind, one.provider), {})
            clauses.setdefault((one.clause, place_of(one.pointer)), []).append((seen.test, one))
        for new in seen.new:
            self._new.setdefault(new, set()).add(seen.test)

    def __bool__(self) -> bool:
        return bool(self._exchanges or self._lost or self._elsewhere)

    def lines(self, width: int = 80) -> Iterator[str]:
        """Everything for people."""
        order = [str(kind) for kind in _KINDS]
        for (kind, provider), clauses in sorted(self._broken.items(), key=lambda one: (order.index(one[0][0]), one[0][1])):
            yield from self._section(kind, provider, clauses, width)
        if self._new:
            yield "NEW: what the contract does not list, which alone breaks nothing"
            for (place, what), tests in sorted(self._new.items())[:_LISTED]:
                yield f"  {what:<6}  {printable(place)}   {_some(tests)}"
            if len(self._new) > _LISTED:
                yield f"  and {len(self._new) - _LISTED} more"
            yield ""
        for host, count in sorted(self._elsewhere.items()):
            what = f"{count_of(count, 'request')} to {printable(host, 100)} looked like a provider's, and were left alone"
            yield from textwrap.wrap(f"{what}; the setting smscontract_watch_hosts names hosts that are", width)
        if self._lost:
            yield f"{count_of(self._lost, 'exchange')} could not be taken: client or mock is of a form that we do not know"
        yield self._last()

    def _section(
        self, kind: str, provider: str, clauses: Mapping[tuple[str, str], list[tuple[str, Broken]]], width: int
    ) -> Iterator[str]:
        tests = {test for found in clauses.values() for test, _ in found}
        before, after = _KINDS[OriginKind(kind)]
        if len(tests) == 1:
            before = before.replace("use ", "uses ").replace("play ", "plays ")
        yield f"{count_of(len(tests), 'test')} {before} {provider} {after}"
        alike: dict[tuple[Any, ...], list[tuple[str, Broken]]] = {}
        for (_, pointer), unsorted in sorted(clauses.items()):
            found = sorted(unsorted, key=lambda one: one[0])
            one, where = found[0][1], [*dict.fromkeys(each.where for _, each in found if each.where)]
            places = tuple(sorted(where or {test for test, _ in found}))
            tested = len({test for test, _ in found})
            same = (one.level != Level.MUST, one.level, one.message, one.part, one.expected, one.got, tested, places)
            alike.setdefault(same, []).append((pointer, one))
        groups = sorted(alike.items(), key=lambda one: one[0][0])
        for (_, level, message, part, expected, got, tested, places), clause_group in groups[:_LISTED]:
            for _, one in clause_group:
                yield f"  {printable(one.clause)}   {level}   {count_of(tested, 'test')}"
            yield from _wrapped("    ", message, width)
            yield from _wrapped(f"    {part}   ", _some([pointer for pointer, _ in clause_group]), width)
            yield from _wrapped("      expected  ", expected, width)
            yield from _wrapped("      got       ", got, width)
            yield f"    in    {_some(places)}"
            yield f"    more  smscontract explain {printable(clause_group[0][1].clause)}"
        if len(groups) > _LISTED:
            yield f"  and {len(groups) - _LISTED} more kinds of break"
        yield ""

    def _last(self) -> str:
        exchanges = self._exchanges
        kinds = [
            f"{exchanges[str(kind)]} {what}"
            for kind, what in ((OriginKind.TEST, "answered"), (OriginKind.FILE, "played"), (OriginKind.MOCK, "mocked"))
            if exchanges[str(kind)]
        ]
        broken = len({clause for found in self._broken.values() for clause, _ in found})
        excused = f", {self._excused} excused" if self._excused else ""
        judged = f"{count_of(sum(exchanges.values()), 'exchange')} of {count_of(len(self._tests), 'test')} judged"
        of_which = f" ({', '.join(kinds)})" if kinds else ""
        return f"{judged}{of_which}, {count_of(broken, 'clause')} broken{excused}"


def _some(names: Iterable[str]) -> str:
    listed = sorted(printable(name, 200) for name in names)
    rest = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + rest


def _wrapped(label: str, text: str, width: int) -> Iterator[str]:
    indent = " " * len(label)
    broken = textwrap.wrap(printable(text, 600), max(20, width - len(label)), break_long_words=False, break_on_hyphens=False)
    for number, part in enumerate(broken or [""]):
        yield (label if number == 0 else indent) + part
