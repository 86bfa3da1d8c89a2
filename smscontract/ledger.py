"""The ledger: what was ever seen, counted by day, source and signature, so that it stays small however many there are.

Merging two ledgers adds their counts; it is associative and commutative. Of the signatures of one operation on one day from one
source only so many are kept, those with the smallest digests: which ones does not depend on the order of counting or merging,
since whatever is left out of one part is left out of the whole. The others are counted clause by clause and place by place, so
that no count is lost; only what two places show *together* is known of the kept ones alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from smscontract.catalogue import Catalogue
from smscontract.clauses.kinds import Cell
from smscontract.judge import Signature

__all__ = ["KEPT_PER_DAY", "SOURCES", "Answers", "ClauseCount", "Day", "Ledger", "Outcomes", "RangeKey", "Rest", "Seen"]

#: Signatures that are kept of each operation, day and source.
KEPT_PER_DAY = 128
#: Where exchanges come from, in the order of columns.
SOURCES = ("plan", "fuzz", "recording", "tests", "mock")

_UNSORTED = 4096

#: A day as `2026-11-22` (UTC), or `None` where the recording does not tell.
Day = str | None


class Rest(NamedTuple):
    """What is counted of a signature that is not kept. `what` is `answers`, `clause` or `place`; `position` tells which of
    those; `seen` is the outcome, or the kinds at the place."""

    day: Day
    source: str
    operation: str
    status: int
    what: str
    position: int
    seen: str | Cell


class RangeKey(NamedTuple):
    """What a range is of: `what` is `length` (characters of a text, items of an array) or `number`."""

    operation: str
    key: str
    place: str
    what: str


class Answers(NamedTuple):
    """How many exchanges; the status is 0 where there was no answer."""

    day: Day
    source: str
    operation: str
    status: int
    number: int


class Outcomes(NamedTuple):
    """How often a clause was kept (`k`), broken (`b`) or not judged (`s`) on each day, by each source. Clauses that were always
    judged alike share the numbers, which are not to be changed."""

    clause: str
    outcome: str
    numbers: Mapping[tuple[Day, str], int]


class Seen(NamedTuple):
    """How many answers with this status showed these kinds at the place with this number in `Node.walk`."""

    day: Day
    source: str
    operation: str
    status: int
    position: int
    cell: Cell
    number: int


@dataclass(slots=True)
class ClauseCount:
    """How often one clause was kept, broken and not judged."""

    kept: int = 0
    broken: int = 0
    not_judged: int = 0

    @property
    def judged(self) -> int:
        """How often it was judged at all."""
        return self.kept + self.broken

    def add(self, outcome: str, count: int) -> None:
        """Counts an outcome as `Signature` writes it."""
        if outcome == "k":
            self.kept += count
        elif outcome == "b":
            self.broken += count
        elif outcome == "s":
            self.not_judged += count


@dataclass(slots=True)
class Ledger:
    """Counts of what was seen.

    Attributes:
        entries: by day, source and signature.
        rest: what is counted of signatures that are not kept.
        decided: what histories said, by clause, outcome, source and day; each run's own, since facts are not in the ledger.
        ranges: smallest and largest, where somebody asked for them.
    """

    entries: Counter[tuple[Day, str, Signature]] = field(default_factory=Counter)
    rest: Counter[Rest] = field(default_factory=Counter)
    decided: Counter[tuple[str, str, str, Day]] = field(default_factory=Counter)
    ranges: dict[RangeKey, tuple[float, float]] = field(default_factory=dict)
    _unsorted: int = field(default=_UNSORTED, compare=False, repr=False)

    def add(self, signature: Signature, day: Day = None, source: str = "recording", number: int = 1) -> None:
        """Counts one exchange, or a number of them."""
        self.entries[day, source, signature] += number
        if len(self.entries) > self._unsorted:
            self.compact()
            self._unsorted = max(_UNSORTED, 2 * len(self.entries))

    def stretch(self, key: RangeKey, value: float) -> None:
        """Takes one more value into a range."""
        low, high = self.ranges.get(key, (value, value))
        self.ranges[key] = (min(low, value), max(high, value))

    def merge(self, other: Ledger) -> Ledger:
        """Both ledgers together; neither is changed."""
        merged = Ledger(self.entries + other.entries, self.rest + other.rest, self.decided + other.decided, dict(self.ranges))
        for key, (low, high) in other.ranges.items():
            merged.stretch(key, low)
            merged.stretch(key, high)
        return merged.compact()

    def compact(self) -> Ledger:
        """Leaves only the signatures that are kept, and gives itself back."""
        groups: dict[tuple[Day, str, str], list[Signature]] = {}
        for day, source, signature in self.entries:
            groups.setdefault((day, source, signature.operation), []).append(signature)
        for (day, source, _), signatures in groups.items():
            if len(signatures) > KEPT_PER_DAY:
                left = sorted(signatures, key=_digest)[KEPT_PER_DAY:]
                self._count(day, source, [(signature, self.entries.pop((day, source, signature))) for signature in left])
        return self

    def _count(self, day: Day, source: str, signatures: Iterable[tuple[Signature, int]]) -> None:
        alike: dict[tuple[str, int, int], dict[int, list[Signature]]] = {}
        for one, count in signatures:  # most are there once: those are counted together
            alike.setdefault((one.operation, one.status, len(one.witnesses)), {}).setdefault(count, []).append(one)
        for (operation, status, _), mine in alike.items():
            where = (day, source, operation, status)
            self.rest[Rest(*where, "answers", 0, "")] += sum(count * len(some) for count, some in mine.items())
            told: Counter[tuple[int, str]] = Counter()
            cells: Counter[tuple[int, Cell]] = Counter()
            for count, some in mine.items():
                for outcomes, many in Counter([one.outcomes for one in some]).items():
                    for spot in enumerate(outcomes):
                        told[spot] += count * many
                for index, column in enumerate(zip(*[one.witnesses for one in some], strict=True)):
                    for cell, many in Counter(column).items():
                        cells[index, cell] += count * many
            for (index, outcome), count in told.items():
                if outcome in "kbs":
                    self.rest[Rest(*where, "clause", index, outcome)] += count
            for (index, cell), count in cells.items():
                if cell:
                    self.rest[Rest(*where, "place", index, cell)] += count

    # -- what is in it

    def answers(self) -> Iterator[Answers]:
        """How many exchanges there were."""
        for (day, source, signature), count in self.entries.items():
            yield Answers(day, source, signature.operation, signature.status, count)
        for one, count in self.rest.items():
            if one.what == "answers":
                yield Answers(one.day, one.source, one.operation, one.status, count)

    def seen(self) -> Iterator[Seen]:
        """What was seen at each place."""
        for (day, source, signature), count in self.entries.items():
            for index, cell in enumerate(signature.witnesses):
                if cell:
                    yield Seen(day, source, signature.operation, signature.status, index, cell, count)
        for one, count in self.rest.items():
            if one.what == "place" and isinstance(one.seen, tuple):
                yield Seen(one.day, one.source, one.operation, one.status, one.position, one.seen, count)

    def outcomes(self, catalogue: Catalogue) -> Iterator[Outcomes]:
        """What was said of each clause, what histories decided included, in any number of parts. The catalogue is that of the
        signatures."""
        alike: dict[str, dict[str, Counter[tuple[Day, str]]]] = {}
        for (day, source, signature), count in self.entries.items():  # most differ in what they saw alone
            alike.setdefault(signature.operation, {}).setdefault(signature.outcomes, Counter())[day, source] += count
        for operation, told in alike.items():
            columns: dict[tuple[str, ...], list[str]] = {}
            for clause, column in zip(catalogue.of_operation(operation), zip(*told, strict=True), strict=True):
                columns.setdefault(column, []).append(clause.id)
            for column, clauses in columns.items():
                for outcome in sorted({*column} & {*"kbs"}):
                    numbers: Counter[tuple[Day, str]] = Counter()
                    for one, mine in zip(column, told.values(), strict=True):
                        if one == outcome:
                            numbers.update(mine)
                    for identity in clauses:
                        yield Outcomes(identity, outcome, numbers)
        others: dict[tuple[str, str], Counter[tuple[Day, str]]] = {}
        for rest, count in self.rest.items():
            if rest.what == "clause":
                identity = catalogue.of_operation(rest.operation)[rest.position].id
                others.setdefault((identity, str(rest.seen)), Counter())[rest.day, rest.source] += count
        for (identity, outcome, source, day), count in self.decided.items():
            others.setdefault((identity, outcome), Counter())[day, source] += count
        for (identity, outcome), numbers in others.items():
            yield Outcomes(identity, outcome, numbers)

    def clauses(self, catalogue: Catalogue) -> dict[str, ClauseCount]:
        """The counts of each clause of the catalogue."""
        counts = {identity: ClauseCount() for identity in catalogue.clauses}
        for one in self.outcomes(catalogue):
            counts[one.clause].add(one.outcome, sum(one.numbers.values()))
        return counts

    def decide(self, tally: Mapping[tuple[str, str, str, Day], int]) -> None:
        """Takes what histories decided in place of what was known of them: all facts are judged again each time."""
        self.decided = Counter(tally)


def _digest(signature: Signature) -> bytes:
    text = repr((signature.operation, signature.status, signature.outcomes, signature.witnesses))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
