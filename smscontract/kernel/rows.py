"""Exchanges that are like others, as rows: counted by the thousand, and made facts of only where their scope has a history."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any

from smscontract.clauses import families
from smscontract.clauses.base import Broken, Fact, View
from smscontract.clauses.values import comparable, kinds_of
from smscontract.exchange import Exchange
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.recipes import Recipe, Row
from smscontract.mask import Masker

__all__ = ["Kind", "Rows", "group_of"]

_DAY = 86400
#: Scopes of more exchanges are made facts of at once; scopes that are told apart by what happened in them.
_LONG = 6
_HISTORIES = 20_000

#: What scopes are grouped by: the operation, and the places that make the scope.
_Group = tuple[str, ...]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Kind:
    """Exchanges that are alike: what is the same in all of them.

    Attributes:
        number: of this kind among all.
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
    """

    judge: Judge
    _chunks: list[_Chunk] = field(default_factory=list)
    _touched: dict[_Group, set[Any]] = field(default_factory=dict)
    _groups: dict[str, list[tuple[_Group, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
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

    def take(self) -> tuple[list[tuple[Kind, str, list[Row]]], dict[_Group, set[Any]]]:
        """All rows with their kind and file, and the scopes that were touched. They are gone then."""
        chunks, self._chunks = self._chunks, []
        touched, self._touched = self._touched, {}
        return [(one.kind, one.file, one.rows) for one in chunks], touched

    def put(self, found: Iterable[tuple[Kind, str, list[Row]]], touched: Mapping[_Group, set[Any]]) -> None:
        """Takes what another one had. Kinds have to have numbers that none here has."""
        self._chunks += [_Chunk(*one) for one in found]
        for group, keys in touched.items():
            self._touched.setdefault(group, set()).update(keys)

    def touch(self, exchange: Exchange) -> None:
        """Takes note of the scopes of an exchange that the judge made facts of itself."""
        exchange = self.judge.match(exchange)
        if exchange.operation not in self._groups:
            return
        operation = self.judge.catalogue.operations[exchange.operation]
        view = View(exchange, operation, self.judge.digest, self.judge.masker.value)
        for group, places in self._groups[exchange.operation]:
            found = [view.places(place) for place in places]
            if all(len(spots) == 1 for spots in found):
                values = [comparable(spots[0][1], kinds_of(view, (place,))) for place, spots in zip(places, found, strict=True)]
                self._touched.setdefault(group, set()).add(tuple(map(str, values)) if len(values) > 1 else str(values[0]))

    def facts(self) -> Iterator[Fact]:
        """A fact for each clause and row; the rows are gone then."""
        chunks, self._chunks = self._chunks, []
        for chunk in chunks:
            for recipes in chunk.kind.recipes.values():
                for recipe in recipes:
                    for row in chunk.rows:
                        yield self._fact(recipe, chunk, row)

    def settle(self, store: FactStore) -> None:
        """Puts into a store the facts of all scopes with a history; the others only as samples, with their number. The rows
        are gone then."""
        chunks, self._chunks = self._chunks, []
        groups: dict[_Group, list[_Chunk]] = {}
        for chunk in chunks:
            for group in chunk.kind.recipes:
                groups.setdefault(group, []).append(chunk)
        for group, mine in groups.items():
            self._settle(group, mine, store)

    def _settle(self, group: _Group, chunks: Sequence[_Chunk], store: FactStore) -> None:
        touched = self._touched.get(group, set())
        keys = [_keys(chunk, group) for chunk in chunks]
        again = _repeated(keys, touched)
        histories: dict[Any, list[tuple[_Chunk, Row]]] = {}
        single: dict[tuple[int, Any], tuple[_Chunk, Row]] = {}
        counts: Counter[tuple[int, Any]] = Counter()
        for chunk, mine in zip(chunks, keys, strict=True):
            rows = chunk.rows
            if again and not again.isdisjoint(mine):
                for row, key in zip(rows, mine, strict=True):
                    if key in again:
                        histories.setdefault(key, []).append((chunk, row))
                rows = [row for row, key in zip(rows, mine, strict=True) if key not in again]
            days = _days(rows)
            for day, number in Counter(days).items():
                counts[chunk.kind.number, day] += number
                single.setdefault((chunk.kind.number, day), (chunk, rows[days.index(day)]))
        for key, (chunk, row) in single.items():
            for recipe in chunk.kind.recipes[group]:
                store.add_scope([self._fact(recipe, chunk, row, weight=counts[key])])
        seen: dict[Any, _Alike | None] = {}
        for key, found in histories.items():
            if key in touched or not self._like_another(group, found, seen):
                store.add(self._fact(recipe, chunk, row) for chunk, row in found for recipe in chunk.kind.recipes[group])
        for alike in seen.values():
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


def _keys(chunk: _Chunk, group: _Group) -> list[Any]:
    """What the scope of each row is, in the form in which equal scopes are equal."""
    items = chunk.kind.recipes[group][0].keys
    if all(not item.kinds for item in items):
        return list(map(itemgetter(*(item.slot for item in items)), chunk.rows))
    if len(items) == 1:
        return [items[0].plain(row) for row in chunk.rows]
    return [tuple([item.plain(row) for item in items]) for row in chunk.rows]


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
    return [int(row[1] // _DAY) if row[1] != infinity else int(row[0] // _DAY) if row[0] != infinity else None for row in rows]


def _history(group: _Group, found: Sequence[tuple[_Chunk, Row]]) -> Any:
    """All that the verdict on a scope rests on whose exchanges do not overlap: kinds, days, values that are equal, and how
    close they are."""
    numbers: dict[Any, int] = {}
    told: list[Any] = [tuple([chunk.kind.number for chunk, _ in found]), tuple(_days([row for _, row in found]))]
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
