"""Exchanges that are like others, as rows: counted by the thousand, and made facts of only where their scope has a history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from smscontract.clauses.outcomes import Fact
from smscontract.clauses.values import comparable, kinds_of
from smscontract.clauses.view import View
from smscontract.exchange import Exchange
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.recipes import Recipe, Row
from smscontract.kernel.records import Group, Records, ShelvedRecords
from smscontract.kernel.reread import Reread
from smscontract.kernel.rowlog import RowLog, Told
from smscontract.kernel.scopes import flavour, key_of
from smscontract.kernel.settling import Day, Kind, Settling, settled
from smscontract.kernel.touched import Touched
from smscontract.spans import spans_of
from smscontract.spill import Box, Shelf

__all__ = ["HELD", "Rows", "Taken", "group_of"]

_KINDS = ("same", "fresh", "moves", "unique")

#: Rows that are held in memory as they are.
HELD = 4_000


@dataclass(slots=True)
class _Chunk:
    kind: Kind
    file: str
    rows: Sequence[Row]


class Taken(NamedTuple):
    """All rows of a process, on their way to another one.

    Attributes:
        flavour: of the hashes.
        units, records: as `RowLog.take` and `Records.take` give them.
        days: of each kind and day how many rows, and the number of one.
        touched: hashes of scopes that there are other facts of; `None`: so many that all are looked at.
    """

    flavour: str
    units: list[bytes] | list[Shelf]
    records: dict[Group, bytes] | ShelvedRecords
    days: dict[tuple[int, Any], tuple[int, int]]
    touched: dict[Group, bytes | None]


class Rows:
    """All rows of a run.

    Args:
        judge: who judged the first of each kind.
        limit: rows that are held in memory as they are; default: `HELD`.
        box: that rows are written into, for the process that settles all.
        processes: that settle; more than one only where this one can be forked.
    """

    def __init__(self, judge: Judge, limit: int | None = None, *, box: Box | None = None, processes: int = 1) -> None:
        self.judge = judge
        self.limit = HELD if limit is None else limit
        self.processes = processes
        self._chunks: list[_Chunk] = []
        self._held = 0
        self._log = RowLog(box)
        self._records = Records(_key(judge), box)
        self._days: dict[tuple[int, Any], tuple[int, int]] = {}
        self._kinds: dict[int, Kind] = {}
        self._touched: dict[Group, Touched] = {}
        self._groups: dict[str, list[tuple[Group, Any]]] = {}

    def _find_groups(self) -> None:
        for clause in self.judge.catalogue.clauses.values():
            rule = clause.detail
            if getattr(rule, "kind", "") in _KINDS:
                places = rule.places if rule.kind == "unique" else rule.per
                group = group_of(clause.operation, rule)
                mine = self._groups.setdefault(clause.operation, [])
                if all(group != other for other, _ in mine):
                    mine.append((group, tuple(places)))

    def add(self, kind: Kind, file: str, rows: Sequence[Row]) -> None:
        """Takes rows of one kind and one file."""
        if kind.recipes:
            self._chunks.append(_Chunk(kind, file, rows))
            self._held += len(rows)
            if self._held > self.limit:
                self._write()

    def by_kind(self) -> list[tuple[Row, Kind]] | None:
        """All rows with their kinds; `None` if there are more than are held as they are."""
        return None if len(self._log) else [(row, chunk.kind) for chunk in self._chunks for row in chunk.rows]

    def held(self) -> list[tuple[Recipe, Row]] | None:
        """All rows, each with every recipe of its kind; `None` if there are more than are held as they are."""
        if len(self._log):
            return None
        return [
            (recipe, row)
            for chunk in self._chunks
            for recipes in chunk.kind.recipes.values()
            for recipe in recipes
            for row in chunk.rows
        ]

    def take(self) -> tuple[list[Kind], Taken]:
        """The kinds of all rows, and the rows. They are gone then."""
        self._write()
        kinds = list(self._kinds.values())
        touched = {group: None if mine.all else mine.raw() for group, mine in self._touched.items()}
        taken = Taken(flavour(), self._log.take(), self._records.take(), self._days, touched)
        self._kinds, self._touched, self._days = {}, {}, {}
        return kinds, taken

    def put(self, kinds: Iterable[Kind], taken: Taken, box: Box | None = None) -> None:
        """Takes what `take` of another one gave, which may have written into a box."""
        self._write()
        self._kinds.update((kind.number, kind) for kind in kinds)
        for group, hashes in taken.touched.items():
            mine = self._touched.setdefault(group, Touched())
            if hashes is None or taken.flavour != flavour():
                mine.give_up()
            else:
                mine.add(hashes)
        if taken.flavour == flavour():
            first = self._log.put(taken.units, box)
            self._records.put(taken.records, first, box)
            for key, (many, row) in taken.days.items():
                self._count(key, many, first + row)
            return
        other = RowLog()  # made where hashes are others
        other.put(taken.units, box)
        for told in other:
            self.add(self._kinds[told.kind], told.file, [told.row])
        other.close()

    def _count(self, key: tuple[int, Any], many: int, row: int) -> None:
        before, first = self._days.get(key, (0, row))
        self._days[key] = before + many, first

    def _write(self) -> None:
        """Makes of the rows what is kept of them beyond memory."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        for chunk in chunks:
            kind, rows = chunk.kind, chunk.rows
            self._kinds[kind.number] = kind
            number = self._log.add(kind.number, chunk.file, rows)
            for day, many, first in spans_of(rows).days:
                self._count((kind.number, day), many, number + first)
            for group, recipes in kind.recipes.items():
                self._records.add(group, recipes[0].keys, rows, number)

    def touch(self, exchange: Exchange, view: View | None = None) -> None:
        """Takes note of the scopes of an exchange that the judge made facts of itself."""
        view = view or self.judge.view(exchange)
        if not self._groups:
            self._find_groups()
        if view is None:
            return
        for group, places in self._groups.get(view.operation.key, ()):
            found = [view.places(place) for place in places]
            if all(len(spots) == 1 for spots in found):
                values = [comparable(spots[0][1], kinds_of(view, (place,))) for place, spots in zip(places, found, strict=True)]
                self._touched.setdefault(group, Touched()).add(self._records.hashes([key_of(values)]))

    def touch_fact(self, fact: Fact) -> None:
        """Takes note of the scope of a fact that is in the store, where rows hold digests."""
        clause = self.judge.catalogue.clauses.get(fact.clause)
        if clause is not None and getattr(clause.detail, "kind", "") in _KINDS:
            group = group_of(clause.operation, clause.detail)
            self._touched.setdefault(group, Touched()).add(self._records.hashes([key_of(fact.scope)]))

    def all(self) -> Iterator[tuple[Kind, str, Sequence[Row]]]:
        """All rows with their kinds and files; they are gone then."""
        log, self._log = self._log, RowLog()
        chunks, self._chunks, self._held = self._chunks, [], 0
        self._forget()
        for some in log.wanted(b"\xff" * (len(log) // 8 + 1)):
            yield self._kinds[some.kind], some.file, some.rows
        log.close()
        for chunk in chunks:
            yield chunk.kind, chunk.file, chunk.rows

    def facts(self) -> Iterator[Fact]:
        """A fact for each clause and row; the rows are gone then."""
        for kind, file, rows in self.all():
            for row in rows:
                for group in kind.recipes:
                    yield from kind.facts(self.judge, group, Told(kind.number, file, row))

    def settle(self, store: FactStore) -> None:
        """Puts into a store the facts of all scopes with a history; the others only as samples, with their number. The rows
        are gone then."""
        self._write()
        if not self._days:
            return
        wanted = {group: self._wanted(group) for group in self._records.groups()}
        samples_of = {kind: row for (kind, _), (_, row) in self._days.items()}  # any of its rows will do
        reread = Reread(
            log=self._log, records=self._records, kinds=self._kinds, wanted=wanted, samples=samples_of, limit=3 * self.limit
        )
        histories, samples = reread.by(self.processes)
        settlings = {group: Settling(self.judge, self._kinds, group, self._touched.get(group, Touched())) for group in wanted}
        settled(store, settlings, histories, self.processes)
        for group, settling in settlings.items():
            for (verdict, day), many in settling.decided().items():
                for clause, holes, outcome in verdict:
                    store.add_decided(clause, outcome, {day: many}, holes=holes)
            days: dict[int, dict[Day, int]] = {}
            for (kind, day), (many, _) in self._days.items():
                if left := many - settling.less[kind, day]:
                    days.setdefault(kind, {})[day] = left
            for kind, mine in days.items():
                if group in self._kinds[kind].recipes:
                    # Which exchange it is tells nothing: alone in their scopes, those of one kind are judged alike.
                    for fact in self._kinds[kind].facts(self.judge, group, samples[kind], mine):
                        store.add_each(fact)
        self._log.close()
        self._forget()

    def _wanted(self, group: Group) -> bytearray:
        """A bit for each row: whether it may be one of a history."""
        touched = self._touched.get(group, Touched())
        if touched.all:
            return bytearray(b"\xff") * (len(self._log) // 8 + 1)
        return self._records.again(group, touched.raw(), len(self._log))

    def _forget(self) -> None:
        self._records.close()
        self._days = {}


def _key(judge: Judge) -> bytes:
    """The key of hashes of scopes: the same in all processes of a run."""
    return hashlib.blake2b(judge.digest("scopes of rows").encode(), digest_size=16).digest()


def group_of(operation: str, rule: Any) -> Group:
    """What the scopes of a rule are grouped by: rules of one group have the same scopes."""
    if rule.kind == "unique":
        return (operation, "unique", rule.name)
    return (operation, *(place.text for place in rule.per))
