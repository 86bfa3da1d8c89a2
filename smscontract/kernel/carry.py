"""Rows on their way from the process that made them to the one that settles all: values as they are, so never into a file."""

from __future__ import annotations

import pickle
from weakref import WeakKeyDictionary

from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel.rows import Rows
from smscontract.kernel.settling import Kind
from smscontract.spill import Box

__all__ = ["Carrier", "taken"]

#: Kinds as bytes: each is sent with many pieces.
_written: WeakKeyDictionary[Kind, bytes] = WeakKeyDictionary()


def _bytes_of(kind: Kind) -> bytes:
    if kind not in _written:
        _written[kind] = pickle.dumps(kind, protocol=5)
    return _written[kind]


def taken(store: FactStore) -> bytes:
    """The rows of a store, which does not have them any more; empty if there are none."""
    rows = store.rows
    if not isinstance(rows, Rows):
        return b""
    kinds, mine = rows.take()
    return pickle.dumps(([_bytes_of(kind) for kind in kinds], mine), protocol=5)


class Carrier:
    """Puts rows from elsewhere into one store.

    Args:
        judge: by which they were judged, or by its equal.
        processes: that settle them.
    """

    def __init__(self, store: FactStore, judge: Judge, processes: int = 1) -> None:
        self._rows = Rows(judge, processes=processes)
        self._kinds: dict[bytes, Kind] = {}
        store.rows = self._rows

    def put(self, raw: bytes, box: Box | None = None) -> None:
        """Takes what `taken` gave, in this process or another one of ours, which may have written into a box."""
        if not raw:
            return
        kinds, mine = pickle.loads(raw)  # noqa: S301 - our own process has written it
        self._rows.put([self._kind(kind) for kind in kinds], mine, box)

    def _kind(self, raw: bytes) -> Kind:
        if raw not in self._kinds:
            self._kinds[raw] = pickle.loads(raw)  # noqa: S301 - as above
        return self._kinds[raw]
