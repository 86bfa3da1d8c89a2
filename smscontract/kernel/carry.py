"""Rows on their way from the process that made them to the one that settles all: values as they are, so never into a file."""

from __future__ import annotations

import marshal
import pickle
from collections.abc import Iterator
from itertools import count
from typing import Any

from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.rows import Kind, Rows

__all__ = ["Carrier", "taken"]


def taken(store: FactStore) -> bytes:
    """The rows of a store, which does not have them any more; empty if there are none."""
    rows = store.rows
    if not isinstance(rows, Rows):
        return b""
    chunks, touched = rows.take()
    kinds = list({id(kind): kind for kind, _, _ in chunks}.values())
    numbers = {id(kind): number for number, kind in enumerate(kinds)}
    # Rows are tuples of plain values, which `marshal` writes several times as fast.
    plain = [(numbers[id(kind)], file, marshal.dumps(mine)) for kind, file, mine in chunks]
    return pickle.dumps((kinds, plain, touched), protocol=5)


class Carrier:
    """Puts rows from elsewhere into one store.

    Args:
        judge: by which they were judged, or by its equal.
    """

    def __init__(self, store: FactStore, judge: Judge) -> None:
        self._rows = Rows(judge)
        self._numbers: Iterator[int] = count()
        store.rows = self._rows

    def put(self, raw: bytes) -> None:
        """Takes what `taken` gave, in this process or another one of ours."""
        if not raw:
            return
        kinds, plain, touched = pickle.loads(raw)  # noqa: S301 - our own process has written it
        for kind in kinds:
            kind.number = next(self._numbers)
        found: list[tuple[Kind, str, list[Any]]] = [(kinds[number], file, marshal.loads(mine)) for number, file, mine in plain]  # noqa: S302
        self._rows.put(found, touched)
