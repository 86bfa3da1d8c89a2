"""Rows on their way from the process that made them to the one that settles all: with values as they are, so never into a file,
or digested."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from smscontract.clauses.outcomes import Fact
from smscontract.fact_bytes import bytes_of, fact_of
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.digested import digested, kind_of, rows_of
from smscontract.kernel.recipes import Recipe
from smscontract.kernel.rows import Rows
from smscontract.kernel.settling import Kind
from smscontract.spill import Box

__all__ = ["Carrier", "stored", "taken"]

#: Kinds as bytes: each is sent with many pieces.
_written: WeakKeyDictionary[Kind, bytes] = WeakKeyDictionary()


def _bytes_of(kind: Kind) -> bytes:
    """A kind without what the contract says: whoever reads it has the same."""
    if kind not in _written:
        recipes = [
            (group, [(bytes_of(one.sample), one.scope, one.values, one.shown, one.plain, one.own) for one in mine])
            for group, mine in kind.recipes.items()
        ]
        _written[kind] = pickle.dumps((kind.number, recipes, kind.masker), protocol=5)
    return _written[kind]


def taken(store: FactStore) -> bytes:
    """The rows of a store, which does not have them any more; empty if there are none."""
    rows = store.rows
    if not isinstance(rows, Rows):
        return b""
    kinds, mine = rows.take()
    return pickle.dumps(([_bytes_of(kind) for kind in kinds], mine), protocol=5)


def stored(store: FactStore) -> Iterator[dict[str, Any]]:
    """The rows of a store, which does not have them any more, as blocks for a file: without values."""
    if isinstance(store.rows, Rows):
        yield from digested(store.rows)


class Carrier:
    """Puts rows from elsewhere into one store.

    Args:
        judge: by which they were judged, or by its equal.
        processes: that settle them.
    """

    def __init__(self, store: FactStore, judge: Judge, processes: int = 1) -> None:
        self._rows = Rows(judge, processes=processes)
        self._kinds: dict[bytes, Kind] = {}
        self._digested: dict[str, tuple[Kind, int]] = {}
        store.rows = self._rows

    def put(self, raw: bytes, box: Box | None = None) -> None:
        """Takes what `taken` gave, in this process or another one of ours, which may have written into a box."""
        if not raw:
            return
        kinds, mine = pickle.loads(raw)  # noqa: S301 - our own process has written it
        self._rows.put([self._kind(kind) for kind in kinds], mine, box)

    def put_digested(self, block: Mapping[str, Any]) -> None:
        """Takes a block that `stored` gave.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is none.
        """
        kinds = [self._digested_kind(text) for text in block["kinds"]]
        for number, file, some in block["rows"]:
            kind, columns = kinds[number]
            self._rows.add(kind, str(file), rows_of(some, columns))

    def touching(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """Facts on their way into the store that digested rows stand beside."""
        for fact in facts:
            if not fact.alike:
                self._rows.touch_fact(fact)
            yield fact

    def _digested_kind(self, text: str) -> tuple[Kind, int]:
        if text not in self._digested:
            self._digested[text] = kind_of(text, self._rows.judge)
        return self._digested[text]

    def _kind(self, raw: bytes) -> Kind:
        if raw not in self._kinds:
            number, groups, masker = pickle.loads(raw)  # noqa: S301 - as above
            recipes = {group: tuple([self._recipe(*one) for one in mine]) for group, mine in groups}
            self._kinds[raw] = Kind(number, recipes, masker)
        return self._kinds[raw]

    def _recipe(self, sample: bytes, *items: Any) -> Recipe:
        fact = fact_of(sample)
        return Recipe(fact, self._rows.judge.catalogue.clauses[fact.clause].detail, *items)
