"""Exchanges that are like others, as rows: counted by the thousand, and made facts of only where their scope has a history."""

from __future__ import annotations

import dataclasses
import marshal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from smscontract.clauses import families
from smscontract.clauses.base import Broken, Fact, View
from smscontract.clauses.values import comparable, kinds_of
from smscontract.exchange import Exchange
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.recipes import Recipe, Row
from smscontract.kernel.scopes import PARTS, column, days_of, key_of, repeated, shares
from smscontract.kernel.spill import Spill
from smscontract.mask import Masker

__all__ = ["HELD", "Kind", "Rows", "group_of"]

#: Scopes of more exchanges are made facts of at once; scopes that are told apart by what happened in them.
_LONG = 6
_HISTORIES = 20_000

#: Rows that are held in memory; scopes that are remembered one by one.
HELD = 12_000
_TOUCHED = 200_000

#: What scopes are grouped by: the operation, and the places that make the scope.
_Group = tuple[str, ...]
#: A share of the scopes of a group.
_Part = tuple[_Group, int]
#: Rows that are written: of each its scope, the number of its kind, and its day; and all of them with kinds and files, as
#: `marshal` writes them. Few are read again: most scopes have one exchange.
_Block = tuple[list[Any], list[int], list[Any], bytes]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Kind:
    """Exchanges that are alike: what is the same in all of them.

    Attributes:
        number: that no other kind has, in this process or another.
        recipes: of the facts of histories, by what scopes are grouped by.
        masker: which hides what the requests of this kind show.
    """

    number: int
    recipes: dict[_Group, tuple[Recipe, ...]]
    masker: Masker


@dataclass(slots=True)
class _Chunk:
    kind: Kind
    file: str
    rows: list[Row]


@dataclass(slots=True)
class _Alike:
    """Scopes in which the same happened on the same days: the facts of one of them, and how many there are."""

    facts: list[Fact]
    count: int = 0


@dataclass(slots=True)
class _Told:
    """The scopes of a group: those of one exchange are counted by kind and day, and one of each is kept; the others are whole.

    Attributes:
        touched: scopes of which there are other facts; `None`: all of them.
    """

    touched: set[Any] | None
    single: dict[tuple[int, Any], tuple[_Chunk, Row]] = field(default_factory=dict)
    counts: Counter[tuple[int, Any]] = field(default_factory=Counter)
    seen: dict[Any, _Alike | None] = field(default_factory=dict)
    histories: dict[Any, list[tuple[_Chunk, Row]]] = field(default_factory=dict)

    def again(self, keys: list[list[Any]]) -> set[Any]:
        """Of some scopes those with a history."""
        return repeated(keys, self.touched) if self.touched is not None else {key for mine in keys for key in mine}

    def add(self, group: _Group, chunks: Iterable[_Chunk], again: set[Any]) -> None:
        """Takes rows, and which of their scopes have a history."""
        for chunk in chunks:
            rows, mine = chunk.rows, _keys(chunk, group)
            if not again.isdisjoint(mine):
                for row, key in zip(rows, mine, strict=True):
                    if key in again:
                        self.histories.setdefault(key, []).append((chunk, row))
                rows = [row for row, key in zip(rows, mine, strict=True) if key not in again]
            days = days_of(rows)
            for day, number in Counter(days).items():
                self.counts[chunk.kind.number, day] += number
                self.single.setdefault((chunk.kind.number, day), (chunk, rows[days.index(day)]))


@dataclass(slots=True)
class Rows:
    """All rows of a run.

    Args:
        judge: who judged the first of each kind.
        limit: rows that are held in memory.
    """

    judge: Judge
    limit: int = field(default_factory=lambda: HELD)
    _chunks: list[_Chunk] = field(default_factory=list)
    _held: int = 0
    _spill: Spill = field(default_factory=Spill)
    _kinds: dict[int, Kind] = field(default_factory=dict)
    _touched: dict[_Group, set[Any] | None] = field(default_factory=dict)
    _groups: dict[str, list[tuple[_Group, Any]]] = field(default_factory=dict)

    def _find_groups(self) -> None:
        for clause in self.judge.catalogue.clauses.values():
            rule = clause.detail
            if getattr(rule, "kind", "") in ("same", "fresh", "moves", "unique"):
                places = rule.places if rule.kind == "unique" else rule.per
                group = group_of(clause.operation, rule)
                mine = self._groups.setdefault(clause.operation, [])
                if all(group != other for other, _ in mine):
                    mine.append((group, tuple(places)))

    def add(self, kind: Kind, file: str, rows: list[Row]) -> None:
        """Takes rows of one kind and one file."""
        if kind.recipes:
            self._chunks.append(_Chunk(kind, file, rows))
            self._held += len(rows)
            if self._held > self.limit:
                self._write()

    def by_kind(self) -> list[tuple[Row, Kind]] | None:
        """All rows with their kinds; `None` if some were written out."""
        return None if self._spill else [(row, chunk.kind) for chunk in self._chunks for row in chunk.rows]

    def held(self) -> list[tuple[Recipe, Row]] | None:
        """All rows, each with every recipe of its kind; `None` if some were written out."""
        if self._spill:
            return None
        return [
            (recipe, row)
            for chunk in self._chunks
            for recipes in chunk.kind.recipes.values()
            for recipe in recipes
            for row in chunk.rows
        ]

    def take(self) -> tuple[list[Kind], dict[_Part, list[_Block]], dict[_Group, set[Any] | None]]:
        """The kinds of all rows, the rows in parts, and the scopes that were touched. They are gone then."""
        parts = {key: list(self._spill.take(key)) for key in self._spill.everything()}
        chunks, self._chunks, self._held = self._chunks, [], 0
        for key, rows in self._parted(chunks):
            parts.setdefault(key, []).extend(rows)
        kinds, self._kinds = list(self._kinds.values()), {}
        touched, self._touched = self._touched, {}
        self._spill.close()
        return kinds, parts, touched

    def put(self, kinds: Iterable[Kind], parts: Mapping[_Part, bytes], touched: Mapping[_Group, set[Any] | None]) -> None:
        """Takes what `take` of another one gave, each part as `marshal` writes it."""
        self._kinds.update((kind.number, kind) for kind in kinds)
        for key, raw in parts.items():
            self._spill.put(key, raw)
        for group, keys in touched.items():
            self._touch(group, keys)

    def _touch(self, group: _Group, keys: set[Any] | None) -> None:
        mine = self._touched.setdefault(group, set())
        if mine is not None and keys is not None and len(mine) + len(keys) <= _TOUCHED:
            mine |= keys
        else:
            self._touched[group] = None  # so many that all are looked at

    def _write(self) -> None:
        """Writes the rows out, in parts of which each holds whole scopes."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        for key, rows in self._parted(chunks):
            self._spill.add(key, rows)

    def _parted(self, chunks: Sequence[_Chunk]) -> Iterator[tuple[_Part, list[_Block]]]:
        """Rows in parts of which each holds whole scopes, the same ones in every process."""
        self._kinds.update((chunk.kind.number, chunk.kind) for chunk in chunks)
        for group, mine in _by_group(chunks).items():
            parts: defaultdict[int, tuple[list[Any], list[int], list[Any], list[Any]]] = defaultdict(_nothing)
            for chunk in mine:
                number, keys = chunk.kind.number, _keys(chunk, group)
                found: defaultdict[int, list[Row]] = defaultdict(list)
                for share, key, day, row in zip(shares(keys), keys, days_of(chunk.rows), chunk.rows, strict=True):
                    part = parts[share]
                    part[0].append(key)
                    part[1].append(number)
                    part[2].append(day)
                    found[share].append(row)
                for share, rows in found.items():
                    parts[share][3].append((number, chunk.file, rows))
            for share, (scopes, numbers, days, told) in parts.items():
                yield (group, share), [(scopes, numbers, days, marshal.dumps(told))]

    def _parts(self, group: _Group, held: Mapping[_Part, list[_Block]]) -> Iterator[list[_Block]]:
        """All rows of a group, as many parts at a time as may be held."""
        found: list[_Block] = []
        size = 0
        for share in range(PARTS):
            blocks = [*self._spill.take((group, share)), *held.get((group, share), ())]
            found += blocks
            size += sum(len(block[0]) for block in blocks)
            if size >= self.limit:
                yield found
                found, size = [], 0
        yield found

    def _chunked(self, block: _Block) -> list[_Chunk]:
        told = marshal.loads(block[3])  # noqa: S302 - one of our processes has written it, for us
        return [_Chunk(self._kinds[number], file, rows) for number, file, rows in told]

    def _all(self) -> list[_Chunk]:
        """All rows, once; they are gone then."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        for key in self._spill.everything():
            group = key[0]
            for chunk in (one for block in self._spill.take(key) for one in self._chunked(block)):
                if next(iter(chunk.kind.recipes)) == group:  # each row is there once for each group
                    chunks.append(chunk)
        self._spill.close()
        return chunks

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
                self._touch(group, {key_of(values)})

    def facts(self) -> Iterator[Fact]:
        """A fact for each clause and row; the rows are gone then."""
        for chunk in self._all():
            for recipes in chunk.kind.recipes.values():
                for recipe in recipes:
                    for row in chunk.rows:
                        yield self._fact(recipe, chunk, row)

    def settle(self, store: FactStore) -> None:
        """Puts into a store the facts of all scopes with a history; the others only as samples, with their number. The rows
        are gone then."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        if not self._spill:
            for group, mine in _by_group(chunks).items():
                told = _Told(self._touched.get(group, set()))
                told.add(group, mine, told.again([_keys(chunk, group) for chunk in mine]))
                self._settle(group, told, store)
            return
        held = dict(self._parted(chunks))
        for group in dict.fromkeys(group for group, _ in (*self._spill.everything(), *held)):
            told = _Told(self._touched.get(group, set()))
            for blocks in self._parts(group, held):
                again = told.again([block[0] for block in blocks])
                for block in blocks:
                    likes = Counter(zip(block[1], block[2], strict=True))
                    if again.isdisjoint(block[0]) and told.single.keys() >= likes.keys():
                        told.counts.update(likes)
                    else:
                        told.add(group, self._chunked(block), again)
                self._settle(group, told, store, last=False)
            self._settle(group, told, store)
        self._spill.close()

    def _settle(self, group: _Group, told: _Told, store: FactStore, *, last: bool = True) -> None:
        for key, found in told.histories.items():
            if told.touched is None or key in told.touched or not self._like_another(group, found, told.seen):
                store.add(self._fact(recipe, chunk, row) for chunk, row in found for recipe in chunk.kind.recipes[group])
        told.histories = {}
        if not last:
            return
        for like, (chunk, row) in told.single.items():
            for recipe in chunk.kind.recipes[group]:
                store.add_scope([self._fact(recipe, chunk, row, weight=told.counts[like])])
        for alike in told.seen.values():
            if alike is not None:
                store.add_scope([dataclasses.replace(fact, weight=alike.count) for fact in alike.facts])

    def _like_another(self, group: _Group, found: list[tuple[_Chunk, Row]], seen: dict[Any, _Alike | None]) -> bool:
        """Counts a scope whose exchanges follow each other as those of another did, with nothing broken."""
        if len(found) > _LONG:
            return False
        found.sort(key=lambda one: (one[1][0], one[1][1], one[0].file, one[1][2]))
        if any(one[1][1] >= two[1][0] for one, two in pairwise(found)):
            return False  # they overlap, or have no times
        key = _history(group, found)
        alike = seen.get(key)
        if alike is None and key not in seen and len(seen) < _HISTORIES:
            facts = [self._fact(recipe, chunk, row) for chunk, row in found for recipe in chunk.kind.recipes[group]]
            alike = seen[key] = None if self._breaks(facts) else _Alike(facts)
        if alike is None:
            return False
        alike.count += 1
        return True

    def _breaks(self, facts: Iterable[Fact]) -> bool:
        by_clause: dict[str, list[Fact]] = {}
        for fact in facts:
            by_clause.setdefault(fact.clause, []).append(fact)
        for identity, mine in by_clause.items():
            clause = self.judge.catalogue.clauses[identity]
            reduce: Callable[..., Iterator[Any]] = families()[clause.family].reduce
            for holes in (False, True):
                if any(isinstance(one.outcome, Broken) for one in reduce({identity: clause}, mine, holes=holes)):
                    return True
        return False

    def _fact(self, recipe: Recipe, chunk: _Chunk, row: Row, *, weight: int = 1) -> Fact:
        return recipe.fact(row, chunk.file, self.judge.digest, chunk.kind.masker.value, weight=weight)


def group_of(operation: str, rule: Any) -> _Group:
    """What the scopes of a rule are grouped by: rules of one group have the same scopes."""
    if rule.kind == "unique":
        return (operation, "unique", rule.name)
    return (operation, *(place.text for place in rule.per))


def _nothing() -> tuple[list[Any], list[int], list[Any], list[Any]]:
    return [], [], [], []


def _by_group(chunks: Iterable[_Chunk]) -> dict[_Group, list[_Chunk]]:
    groups: dict[_Group, list[_Chunk]] = {}
    for chunk in chunks:
        for group in chunk.kind.recipes:
            groups.setdefault(group, []).append(chunk)
    return groups


def _keys(chunk: _Chunk, group: _Group) -> list[Any]:
    """What the scope of each row is, in the form in which equal scopes are equal."""
    columns = [column(item, chunk.rows) for item in chunk.kind.recipes[group][0].keys]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _history(group: _Group, found: Sequence[tuple[_Chunk, Row]]) -> Any:
    """All that the verdict on a scope rests on whose exchanges do not overlap: kinds, days, values that are equal, and how
    close they are."""
    numbers: dict[Any, int] = {}
    told: list[Any] = [tuple([chunk.kind for chunk, _ in found]), tuple(days_of([row for _, row in found]))]
    for chunk, row in found:
        for recipe in chunk.kind.recipes[group]:
            if recipe.own is not None:
                told.append(numbers.setdefault(("owner", *[item.plain(row) for item in recipe.scope]), len(numbers)))
            for item in recipe.values:
                value = item.plain(row)
                told.append(numbers.setdefault((recipe.sample.clause, item.text, type(value), value), len(numbers)))
            told.extend(row[item.slot] for item in recipe.plain)
            within = recipe.rule.within
            if within is not None:
                told.append(tuple([row[0] - other[1] <= within for _, other in found]))
    return tuple(told)
