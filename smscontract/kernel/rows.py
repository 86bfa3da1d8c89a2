"""Exchanges that are like others, as rows: counted by the thousand, and made facts of only where their scope has a history."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any
from zlib import crc32

from smscontract.clauses import families
from smscontract.clauses.base import Broken, Fact, View
from smscontract.clauses.values import comparable, kinds_of, phone_number
from smscontract.exchange import Exchange
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.recipes import Item, Recipe, Row
from smscontract.kernel.spill import Spill
from smscontract.mask import Masker

__all__ = ["HELD", "Kind", "Rows", "group_of"]

_DAY = 86400
#: Scopes of more exchanges are made facts of at once; scopes that are told apart by what happened in them.
_LONG = 6
_HISTORIES = 20_000

#: Rows that are held in memory; the parts in which others are written; scopes that are remembered one by one.
HELD = 12_000
_PARTS = 64
_TOUCHED = 200_000

#: What scopes are grouped by: the operation, and the places that make the scope.
_Group = tuple[str, ...]
#: A share of the scopes of a group; rows with the number of their kind and their file.
_Part = tuple[_Group, int]
_Told = tuple[int, str, list[Row]]


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

    def take(self) -> tuple[list[Kind], dict[_Part, list[_Told]], dict[_Group, set[Any] | None]]:
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

    def _parted(self, chunks: Sequence[_Chunk]) -> Iterator[tuple[_Part, list[_Told]]]:
        """Rows in parts of which each holds whole scopes, the same ones in every process."""
        self._kinds.update((chunk.kind.number, chunk.kind) for chunk in chunks)
        for group, mine in _by_group(chunks).items():
            parts: dict[int, list[_Told]] = {}
            for chunk in mine:
                shares: defaultdict[int, list[Row]] = defaultdict(list)
                for row, share in zip(chunk.rows, _shares(_keys(chunk, group)), strict=True):
                    shares[share].append(row)
                for share, rows in shares.items():
                    parts.setdefault(share, []).append((chunk.kind.number, chunk.file, rows))
            for part, told in parts.items():
                yield (group, part), told

    def _parts(self, group: _Group, held: Mapping[_Part, list[_Told]]) -> Iterator[list[_Chunk]]:
        """All rows of a group, as many parts at a time as may be held."""
        found: list[_Told] = []
        size = 0
        for part in range(_PARTS):
            told = [*self._spill.take((group, part)), *held.get((group, part), ())]
            found += told
            size += sum(len(rows) for _, _, rows in told)
            if size >= self.limit:
                yield self._chunked(found)
                found, size = [], 0
        yield self._chunked(found)

    def _chunked(self, told: Iterable[_Told]) -> list[_Chunk]:
        found: dict[tuple[int, str], list[Row]] = {}
        for number, file, rows in told:
            found.setdefault((number, file), []).extend(rows)
        return [_Chunk(self._kinds[number], file, mine) for (number, file), mine in found.items()]

    def _all(self) -> list[_Chunk]:
        """All rows, once; they are gone then."""
        chunks, self._chunks, self._held = self._chunks, [], 0
        for key in self._spill.everything():
            group = key[0]
            for chunk in self._chunked(self._spill.take(key)):
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
                self._touch(group, {_key(values)})

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
                self._settle(group, (mine,), store)
            return
        held = dict(self._parted(chunks))
        for group in dict.fromkeys(group for group, _ in (*self._spill.everything(), *held)):
            self._settle(group, self._parts(group, held), store)
        self._spill.close()

    def _settle(self, group: _Group, parts: Iterable[list[_Chunk]], store: FactStore) -> None:
        single: dict[tuple[Kind, Any], tuple[_Chunk, Row]] = {}
        counts: Counter[tuple[Kind, Any]] = Counter()
        seen: dict[Any, _Alike | None] = {}
        for chunks in parts:
            histories = self._sorted(group, chunks, single, counts)
            touched = self._touched.get(group, set())
            for key, found in histories.items():
                if touched is None or key in touched or not self._like_another(group, found, seen):
                    store.add(self._fact(recipe, chunk, row) for chunk, row in found for recipe in chunk.kind.recipes[group])
        for like, (chunk, row) in single.items():
            for recipe in chunk.kind.recipes[group]:
                store.add_scope([self._fact(recipe, chunk, row, weight=counts[like])])
        for alike in seen.values():
            if alike is not None:
                store.add_scope([dataclasses.replace(fact, weight=alike.count) for fact in alike.facts])

    def _sorted(
        self,
        group: _Group,
        chunks: Sequence[_Chunk],
        single: dict[tuple[Kind, Any], tuple[_Chunk, Row]],
        counts: Counter[tuple[Kind, Any]],
    ) -> dict[Any, list[tuple[_Chunk, Row]]]:
        """The scopes with a history. Those of one exchange are counted by kind and day, and one of each is kept."""
        touched = self._touched.get(group, set())
        keys = [_keys(chunk, group) for chunk in chunks]
        again = _repeated(keys, touched) if touched is not None else {key for mine in keys for key in mine}
        histories: dict[Any, list[tuple[_Chunk, Row]]] = {}
        for chunk, mine in zip(chunks, keys, strict=True):
            rows = chunk.rows
            if again and not again.isdisjoint(mine):
                for row, key in zip(rows, mine, strict=True):
                    if key in again:
                        histories.setdefault(key, []).append((chunk, row))
                rows = [row for row, key in zip(rows, mine, strict=True) if key not in again]
            days = _days(rows)
            for day, number in Counter(days).items():
                counts[chunk.kind, day] += number
                single.setdefault((chunk.kind, day), (chunk, rows[days.index(day)]))
        return histories

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


def _by_group(chunks: Iterable[_Chunk]) -> dict[_Group, list[_Chunk]]:
    groups: dict[_Group, list[_Chunk]] = {}
    for chunk in chunks:
        for group in chunk.kind.recipes:
            groups.setdefault(group, []).append(chunk)
    return groups


def _keys(chunk: _Chunk, group: _Group) -> list[Any]:
    """What the scope of each row is, in the form in which equal scopes are equal."""
    columns = [_column(item, chunk.rows) for item in chunk.kind.recipes[group][0].keys]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _column(item: Item, rows: Sequence[Row]) -> list[Any]:
    values = list(map(itemgetter(item.slot), rows))
    if "phone" in item.kinds and set(map(type, values)) == {str}:
        return list(map(phone_number, values))
    if item.kinds:
        values = [comparable(value, item.kinds) for value in values]
    return values if set(map(type, values)) == {str} else list(map(_told_apart, values))


def _shares(keys: Iterable[Any]) -> list[int]:
    """In which part each scope is."""
    texts = [key if type(key) is str else repr(key) for key in keys]
    return [crc32(text.encode("utf-8", "surrogatepass")) % _PARTS for text in texts]


def _key(values: Sequence[Any]) -> Any:
    """A scope: a text, or a tuple of texts. What is no text is told from all texts, and equal to what is the same number."""
    plain = [_told_apart(value) for value in values]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _told_apart(value: Any) -> Any:
    return value if type(value) is str else (json.dumps(_whole(value), sort_keys=True, default=str),)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _repeated(keys: Iterable[list[Any]], touched: set[Any]) -> set[Any]:
    """The scopes that are there more than once."""
    seen: set[Any] = set(touched)
    again: set[Any] = set()
    for mine in keys:
        fresh = set(mine)
        if len(fresh) < len(mine):
            again.update(key for key, number in Counter(mine).items() if number > 1)
        again |= fresh & seen
        seen |= fresh
    return again


def _days(rows: Sequence[Row]) -> list[Any]:
    """The day of each row, by the end of the exchange, or its start."""
    infinity = float("inf")
    times = [row[1] if row[1] != infinity else row[0] for row in rows]
    if not times:
        return []
    first, last = (one // _DAY for one in (min(times), max(times)))
    if first == last and last != infinity:  # as most are: `//` of infinity is no number
        return [int(first)] * len(times)
    return [int(one // _DAY) if one != infinity else None for one in times]


def _history(group: _Group, found: Sequence[tuple[_Chunk, Row]]) -> Any:
    """All that the verdict on a scope rests on whose exchanges do not overlap: kinds, days, values that are equal, and how
    close they are."""
    numbers: dict[Any, int] = {}
    told: list[Any] = [tuple([chunk.kind for chunk, _ in found]), tuple(_days([row for _, row in found]))]
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
