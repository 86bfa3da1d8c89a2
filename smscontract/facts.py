"""Facts of any number of exchanges, kept in a little memory: beyond a limit they go to a file that has no name once it is open,
so that it is gone however the process ends."""

from __future__ import annotations

import bisect
import contextlib
import heapq
import marshal
import sqlite3
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from smscontract.clauses.outcomes import Fact, Kept, Skipped
from smscontract.clauses.reduction import Decided, OneScope
from smscontract.clauses.view import View
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.fact_bytes import bytes_of, fact_of
from smscontract.spans import Spans, spans_of

__all__ = ["ALIKE_KEPT", "IN_MEMORY", "FactStore", "Later", "block_of", "kept", "unkept"]

#: Facts that are held in memory before they are written out.
IN_MEMORY = 6_000
#: Of facts that are alike but for time and place so many are kept, and the latest; the others are only counted.
ALIKE_KEPT = 100

_INFINITY = float("inf")

#: Facts of a block, on their way to another process, and how `marshal` writes it: the same in all of them.
_TAKEN, _VERSION = 2_000, 4

#: Facts of a scope that are given back as a list.
_LONG = 1_000

_TABLE = "CREATE TABLE facts (clause, scope, start, stop, file, line, entry, request, whole, fact BLOB NOT NULL)"
_INDEX = "CREATE INDEX IF NOT EXISTS by_scope ON facts (clause, scope, start, stop, file, line, entry, request, whole)"
_ADD = "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LONG_ONES = """SELECT scope, count(*), max(start), max(stop), min(whole) FROM facts WHERE clause = ?
    GROUP BY scope HAVING count(*) > ?"""
_LONG_ONE = "SELECT fact FROM facts WHERE clause = ? AND scope = ? ORDER BY start, stop, file, line, entry, request"
_OTHERS = """SELECT scope, fact FROM facts WHERE clause = ?1 AND scope NOT IN
    (SELECT scope FROM facts WHERE clause = ?1 GROUP BY scope HAVING count(*) > ?2)
    ORDER BY scope, start, stop, file, line, entry, request"""


def unkept(error: OSError | sqlite3.Error) -> UnusableInput:
    """What to raise where something beyond memory cannot be written, or read again."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    message = f"what is beyond memory cannot be kept: {reason[:1].lower()}{reason[1:]}"
    return UnusableInput(message, file=tempfile.gettempdir(), hint="name a folder with more room with `--tmp`")


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Whatever a disk raises in here is about what is beyond memory.

    Raises:
        UnusableInput: it was.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise unkept(error) from None


@dataclass(slots=True)
class _Alike:
    """Facts of which only the earliest, the latest and the number matter."""

    earliest: list[Fact] = field(default_factory=list)
    latest: Fact | None = None
    count: int = 0

    def add(self, fact: Fact) -> None:
        self.count += fact.weight
        if self.latest is None or fact.sort_key() > self.latest.sort_key():
            self.latest = fact
        if len(self.earliest) < ALIKE_KEPT or fact.sort_key() < self.earliest[-1].sort_key():
            bisect.insort(self.earliest, fact, key=Fact.sort_key)
            del self.earliest[ALIKE_KEPT:]

    def facts(self) -> list[Fact]:
        """Those kept; the latest stands for all that are only counted."""
        kept = [replace(fact, weight=1) for fact in self.earliest]
        if self.count > len(kept) and self.latest is not None:
            kept.append(replace(self.latest, weight=self.count - len(kept)))
        return kept


class Later(Protocol):
    """Facts that nobody has made yet."""

    def touch(self, exchange: Exchange, view: View | None = None) -> None:
        """There are facts of this exchange in the store.

        Args:
            view: the exchange as it was judged; it is made where nobody has one.
        """

    def facts(self) -> Iterator[Fact]:
        """All of them; they are gone then."""

    def settle(self, store: FactStore) -> None:
        """Puts them into the store, those of scopes in which the same happened only once. They are gone then."""


class FactStore:
    """Facts, given back by clause and scope. What it gives back does not depend on the order in which it was filled.

    Args:
        facts: the first of them.
        in_memory: facts that are held before they are written out; default: `IN_MEMORY`.
        folder: where the file is; default: the system's folder for temporary files. The file can be read by the user alone,
            and holds digests and masked texts only.

    Filling it and reading from it raise `UnusableInput` where the file cannot be written.
    """

    def __init__(self, facts: Iterable[Fact] = (), *, in_memory: int | None = None, folder: str | None = None) -> None:
        #: those that are still to be made
        self.rows: Later | None = None
        self._held: list[Fact] = []
        self._raw: list[tuple[Any, ...]] = []  # the same, as they came from elsewhere: many are written as they are
        self._alone: dict[str, list[Fact]] = {}
        self._alike: dict[tuple[str, str], _Alike] = {}
        self._decided: dict[tuple[str, bool], dict[Kept | Skipped, Counter[int | None]]] = {}
        self._limit = IN_MEMORY if in_memory is None else in_memory
        self._folder = folder
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._base: sqlite3.Connection | None = None
        self.add(facts)

    def add(self, facts: Iterable[Fact]) -> None:
        """Takes more facts."""
        for fact in facts:
            if fact.alike:
                self._alike.setdefault((fact.clause, fact.alike), _Alike()).add(fact)
            else:
                self._held.append(fact)
                if len(self._held) + len(self._raw) > self._limit:
                    self._write()

    def add_alike(self, fact: Fact, rows: Sequence[tuple[Any, ...]], file: str, spans: Spans | None = None) -> None:
        """Takes facts that are only counted, which are like this one.

        Args:
            rows: of each start and end (infinite if unknown) and `Origin.number`, and anything behind them.
            file: that the numbers are of.
            spans: of the rows, where somebody knows them.
        """
        spans = spans or spans_of(rows)
        group = self._alike.setdefault((fact.clause, fact.alike), _Alike())
        limit = group.earliest[-1].sort_key()[:2] if len(group.earliest) == ALIKE_KEPT else (_INFINITY, _INFINITY)
        first, latest = rows[spans.first][:3], rows[spans.last][:3]
        early = heapq.nsmallest(ALIKE_KEPT, (row[:3] for row in rows if row[:2] <= limit)) if first[:2] <= limit else []
        for row in {*early, latest}:
            times = [None if one == _INFINITY else one for one in row[:2]]
            group.add(replace(fact, start=times[0], end=times[1], origin=Origin.numbered(file, row[2]), weight=0))
        group.count += len(rows)

    def add_each(self, fact: Fact) -> None:
        """Takes a fact that stands for as many like it as its weight, each alone in its scope."""
        self._alone.setdefault(fact.clause, []).append(fact)

    def add_decided(self, clause: str, outcome: Kept | Skipped, days: Mapping[int | None, int], *, holes: bool) -> None:
        """Takes what is decided of exchanges in recordings, so that nobody needs to make facts of them.

        Args:
            days: how many on which day.
            holes: whether this is decided where exchanges may be missing, or where none are.
        """
        self._decided.setdefault((clause, holes), {}).setdefault(outcome, Counter()).update(days)

    def decided(self, clause: str, *, holes: bool) -> Iterator[Decided]:
        """What was decided before, each of a fact that stands for all of which the same was.

        Args:
            holes: whether exchanges may be missing.
        """
        place = Origin(kind=OriginKind.FILE)
        for outcome, days in self._decided.get((clause, holes), {}).items():
            fact = Fact(clause=clause, scope=(), start=None, end=None, origin=place, values={}, weight=days.total(), days=days)
            yield Decided(clause, fact, outcome)

    def take(self) -> Iterator[bytes]:
        """All facts that were made, in blocks, on their way to another process of ours. They are gone then."""
        assert not self._alone, "only who settles all has them"
        assert not self._decided, "as these"
        self._read_raw()
        held, self._held = self._held, []
        while held:
            yield block_of(held[:_TAKEN])
            held = held[_TAKEN:]
        if self._base is not None:
            written = self._base.execute("SELECT * FROM facts")
            while rows := written.fetchmany(_TAKEN):
                yield _block(rows, [])
        alike, self._alike = self._alike, {}
        if alike:
            yield block_of([fact for group in alike.values() for fact in group.facts()])
        self.close()

    def put(self, block: bytes) -> None:
        """Takes a block that `take` of another one or `block_of` gave, in this process or another one of ours."""
        rows, alike = marshal.loads(zlib.decompress(block))  # noqa: S302 - our own process has written it
        self._raw += rows
        if len(self._held) + len(self._raw) > self._limit:
            self._write()
        self.add(map(fact_of, alike))

    def settle(self) -> None:
        """Makes of the facts that are still to be made only those that tell something: from now on scopes in which the same
        happened are given back once, weighted. Without it all are made, when somebody asks."""
        if self.rows is not None:
            self.rows.settle(self)

    def clauses(self) -> list[str]:
        """Ids of the clauses that there are facts of."""
        self._make()
        found = {fact.clause for fact in self._held} | {clause for clause, _ in self._alike} | set(self._alone)
        found |= {clause for clause, _ in self._decided}
        if self._base is not None:
            found |= {row[0] for row in self._base.execute("SELECT DISTINCT clause FROM facts")}
        return sorted(found)

    def of_clause(self, clause: str) -> list[Fact]:
        """All facts of one clause, in order of time and place."""
        return sorted((fact for scope in self.scopes(clause) for fact in scope), key=Fact.sort_key)

    def scopes(self, clause: str) -> Iterator[list[Fact] | OneScope]:
        """The facts of one clause, scope by scope, each in order of time and place, or as one that gives them so."""
        self._make()
        for fact in self._alone.get(clause, ()):
            yield [fact]
        if self._base is not None:
            yield from self._read(clause)
        else:
            scopes: dict[str, list[Fact]] = {}
            for fact in self._held:
                if fact.clause == clause:
                    scopes.setdefault(repr(fact.scope), []).append(fact)
            for _, mine in sorted(scopes.items()):
                yield sorted(mine, key=Fact.sort_key)
        alike = [fact for (name, _), group in sorted(self._alike.items()) if name == clause for fact in group.facts()]
        if alike:
            yield sorted(alike, key=Fact.sort_key)

    def close(self) -> None:
        """Takes the file away."""
        if self._base is not None:
            self._base.close()
            self._base = None
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def _make(self) -> None:
        """All facts are in the file then, or all in memory."""
        if self.rows is not None:
            self.add(self.rows.facts())
        if self._base is not None:
            self._write()
        self._read_raw()

    def _read_raw(self) -> None:
        raw, self._raw = self._raw, []
        self._held += [fact_of(row[-1]) for row in raw]

    def _write(self) -> None:
        with kept():
            self._written()

    def _written(self) -> None:
        if self._base is None:
            self._directory = tempfile.TemporaryDirectory(prefix="smscontract-", dir=self._folder)
            self._base = sqlite3.connect(Path(self._directory.name) / "facts.sqlite")
            self._base.execute("PRAGMA journal_mode = OFF")
            self._base.execute("PRAGMA synchronous = OFF")
            self._base.execute(_TABLE)
            with contextlib.suppress(OSError):  # some systems keep the name of what is open: there `close` takes it away
                self._directory.cleanup()
        self._base.executemany(_ADD, chain(map(_row, self._held), self._raw))
        self._base.commit()
        self._held, self._raw = [], []

    def _read(self, clause: str) -> Iterator[list[Fact] | OneScope]:
        base = self._base
        if base is None:
            return
        with kept():
            base.execute(_INDEX)
            long = base.execute(_LONG_ONES, (clause, _LONG)).fetchall()
        for scope, number, start, stop, whole in long:
            read = partial(_facts, base, clause, scope)
            yield OneScope(clause, number, _INFINITY in (start, stop), bool(whole), read)
        current = None
        mine: list[Fact] = []
        for scope, blob in base.execute(_OTHERS, (clause, _LONG)):
            if scope != current and mine:
                yield mine
                mine = []
            current = scope
            mine.append(fact_of(blob))
        if mine:
            yield mine


def _row(fact: Fact) -> tuple[Any, ...]:
    start, end, (file, *numbers) = fact.sort_key()
    # Bytes are in the order of the characters, and a name of a file may have half of one in it.
    place = file.encode("utf-8", "surrogatepass"), *numbers
    return (fact.clause, repr(fact.scope), start, end, *place, bool(fact.values.get("whole", True)), bytes_of(fact))


def block_of(facts: Iterable[Fact]) -> bytes:
    """Some facts, as `FactStore.put` takes them."""
    some = list(facts)
    return _block([_row(fact) for fact in some if not fact.alike], [bytes_of(fact) for fact in some if fact.alike])


def _block(rows: Sequence[tuple[Any, ...]], alike: Sequence[bytes]) -> bytes:
    block: Any = (rows, alike)
    return zlib.compress(marshal.dumps(block, _VERSION), 1)


def _facts(base: sqlite3.Connection, clause: str, scope: str) -> Iterator[Fact]:
    for [blob] in base.execute(_LONG_ONE, (clause, scope)):
        yield fact_of(blob)
