"""Exchanges that are like one that was judged, but are not all looked at: told from their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from smscontract.choice import Chooser, digest
from smscontract.clauses.values import comparable
from smscontract.exchange import Exchange, Origin
from smscontract.json_text import UNKNOWN
from smscontract.kernel.known import Known
from smscontract.kernel.members import NEVER
from smscontract.kernel.recipes import Row

__all__ = ["Chosen"]


class Chosen:
    """Those that are looked at.

    Args:
        left_out: the others are counted here, by why.
    """

    def __init__(self, chooser: Chooser, left_out: Counter[str]) -> None:
        self._chooser = chooser
        self._left_out = left_out

    def takes(self, exchange: Exchange) -> bool:
        """Whether an exchange is looked at."""
        why = self._chooser.why_not(exchange)
        if why:
            self._left_out[why] += 1
        return not why

    def of(self, known: Known, file: str, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of those that are looked at, out of some of one kind and file."""
        mine = [row for row in rows if not self._why_not(known, file, row)]
        return mine if len(mine) < len(rows) else rows

    def _why_not(self, known: Known, file: str, row: Row) -> str:
        chooser, why = self._chooser, ""
        if chooser.timed:
            why = chooser.why_not_then(*(None if time == NEVER else time for time in row[:2]))
        if not why and chooser.samples:
            assert known.judgement.signature is not None
            why = chooser.why_not_of(known.judgement.signature.operation, _scope(known, row), Origin.numbered(file, row[2]))
        if why:
            self._left_out[why] += 1
        return why


def _scope(known: Known, row: Row) -> list[str] | None:
    """What `clauses.history.scope_of` says of the exchange of a row."""
    found = []
    for item in known.sampled:
        value = row[item.slot]
        if value is None or isinstance(value, dict | list) or (plain := comparable(value, item.kinds)) is UNKNOWN:
            return None
        found.append(digest(plain))
    return found or None
