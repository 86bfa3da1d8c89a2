"""Rows of scopes that have a history, scope by scope, however many there are."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from typing import Any

from smscontract.kernel.records import Group
from smscontract.kernel.rowlog import Told
from smscontract.spill import Spill

__all__ = ["Histories"]

_PARTS = 512

_Part = tuple[Group, int]


class Histories:
    """Rows by scope.

    Args:
        limit: rows that are held in memory.
        expected: how many there are at most.
    """

    def __init__(self, limit: int, expected: int) -> None:
        self._limit = limit
        self._parts = 1 if expected <= limit else min(1 + 2 * expected // max(limit, 1), _PARTS)
        self._groups: dict[Group, None] = {}
        self._held: dict[_Part, list[tuple[Any, Told]]] = {}
        self._size = 0
        self._spill = Spill()
        self._blocks: dict[_Part, list[int]] = {}

    def add(self, group: Group, key: Any, told: Told) -> None:
        """Takes a row of a scope."""
        self._groups[group] = None
        self._held.setdefault((group, hash(key) % self._parts), []).append((key, told))
        self._size += 1
        if self._size > self._limit:
            self._write()

    def __iter__(self) -> Iterator[tuple[Group, dict[Any, list[Told]]]]:
        """Groups, each with some whole scopes; they are gone then."""
        for group in self._groups:
            for part in range(self._parts):
                scopes: dict[Any, list[Told]] = {}
                for number in self._blocks.pop((group, part), ()):
                    for key, told in marshal.loads(self._spill.get(number)):  # noqa: S302 - nobody else has the key
                        scopes.setdefault(key, []).append(Told(*told))
                for key, one in self._held.pop((group, part), ()):
                    scopes.setdefault(key, []).append(one)
                if scopes:
                    yield group, scopes
        self._spill.close()

    def _write(self) -> None:
        for part, rows in self._held.items():
            block = marshal.dumps([(key, tuple(told)) for key, told in rows])
            self._blocks.setdefault(part, []).append(self._spill.add(block))
        self._held, self._size = {}, 0
