"""Rows as stored parts hold them: with keyed digests and masked texts in place of values, and what makes facts of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from smscontract import codec
from smscontract.clauses.history import named
from smscontract.judge import Judge
from smscontract.kernel.recipes import Item, Recipe, Row
from smscontract.kernel.records import Group
from smscontract.kernel.rows import Rows
from smscontract.kernel.settling import Kind

__all__ = ["digested", "kind_of", "rows_of"]

#: Rows of a block.
_BLOCK = 5_000
_HEAD = 3
_NEVER = float("inf")


def digested(rows: Rows) -> Iterator[dict[str, Any]]:
    """All rows as blocks of plain values; they are gone then."""
    ways: dict[int, _Way] = {}
    waiting: dict[tuple[int, str], list[list[Any]]] = {}
    held = 0
    for kind, file, some in rows.all():
        if kind.number not in ways:
            ways[kind.number] = _Way(kind, rows.judge)
        waiting.setdefault((kind.number, file), []).extend(map(ways[kind.number].row, some))
        held += len(some)
        if held >= _BLOCK:
            yield _block(ways, waiting)
            waiting, held = {}, 0
    if waiting:
        yield _block(ways, waiting)


def _block(ways: Mapping[int, _Way], waiting: Mapping[tuple[int, str], list[list[Any]]]) -> dict[str, Any]:
    places = {number: place for place, number in enumerate(dict.fromkeys(number for number, _ in waiting))}
    return {
        "kinds": [ways[number].text for number in places],
        "rows": [[places[number], file, some] for (number, file), some in waiting.items()],
    }


class _Way:
    """How rows of a kind are told without their values.

    Attributes:
        text: what makes facts of them, as JSON.
    """

    def __init__(self, kind: Kind, judge: Judge) -> None:
        self._judge = judge
        self._kind = kind
        self._columns: dict[Any, Callable[[Row], Any]] = {}
        recipes = [[list(group), [self._recipe(one) for one in mine]] for group, mine in kind.recipes.items()]
        self.text = orjson.dumps({"columns": len(self._columns), "recipes": recipes}).decode()
        self._made = list(self._columns.values())

    def row(self, row: Row) -> list[Any]:
        """A row without values."""
        times = [None if one == _NEVER else one for one in row[:2]]
        return [*times, row[2], *[make(row) for make in self._made]]

    def _recipe(self, recipe: Recipe) -> dict[str, Any]:
        shown = recipe.shown if recipe.own is None else (recipe.own,)
        return {
            "sample": codec.plain(recipe.sample),
            "scope": [self._digest(item) for item in recipe.scope],
            "values": [self._digest(item) for item in recipe.values],
            "shown": [self._shown(item) for item in shown],
            "plain": [self._plain(recipe, item) for item in recipe.plain],
            "own": self._digest(recipe.own) if recipe.own is not None else None,
        }

    def _digest(self, item: Item) -> list[Any]:
        return self._column(("digest", item.slot), item, lambda row: self._judge.digest(item.plain(row)))

    def _shown(self, item: Item) -> list[Any]:
        return self._column(("shown", item.slot), item, lambda row: self._kind.show(row[item.slot], item.mask))

    def _plain(self, recipe: Recipe, item: Item) -> list[Any]:
        key = ("plain", item.slot, recipe.sample.clause)
        return self._column(key, item, lambda row: named(recipe.rule, row[item.slot]))

    def _column(self, key: Any, item: Item, make: Callable[[Row], Any]) -> list[Any]:
        self._columns.setdefault(key, make)
        return [list(self._columns).index(key) + _HEAD, item.text]


def kind_of(text: str, judge: Judge) -> tuple[Kind, int]:
    """A kind from what `digested` gives, and how many columns its rows have.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    data = orjson.loads(text)
    columns = data["columns"]
    recipes: dict[Group, tuple[Recipe, ...]] = {}
    for group, mine in data["recipes"]:
        recipes[tuple(group)] = tuple(_recipe_of(one, judge, columns) for one in mine)
    if not recipes or not all(recipes.values()):
        raise ValueError("no recipes")
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest())
    return Kind(number, recipes, None), columns


def _recipe_of(data: Mapping[str, Any], judge: Judge, columns: int) -> Recipe:
    def items(some: Sequence[Any]) -> tuple[Item, ...]:
        found = tuple(Item(slot, frozenset(), None, text) for slot, text in some)
        if not all(type(item.slot) is int and _HEAD <= item.slot < _HEAD + columns for item in found):
            raise ValueError("no such column")
        return found

    sample = codec.fact(data["sample"])
    return Recipe(
        sample,
        judge.catalogue.clauses[sample.clause].detail,
        items(data["scope"]),
        values=items(data["values"]),
        shown=items(data["shown"]),
        plain=items(data["plain"]),
        own=items([data["own"]])[0] if data["own"] is not None else None,
    )


def rows_of(some: Sequence[Any], columns: int) -> list[Row]:
    """The rows of a block.

    Raises:
        ValueError, TypeError: they are none.
    """
    rows = []
    for start, end, line, *values in some:
        if len(values) != columns or type(line) is not int or not all(type(one) is str for one in values):
            raise ValueError("no row")
        rows.append((_NEVER if start is None else float(start), _NEVER if end is None else float(end), line, *values))
    return rows
