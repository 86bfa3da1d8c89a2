"""What makes the scope of a row: in which part it is, whether it was there before, and on which day."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any
from zlib import crc32

from smscontract.clauses.values import comparable, phone_number
from smscontract.kernel.recipes import Item, Row

__all__ = ["PARTS", "column", "days_of", "key_of", "repeated", "shares"]

#: The parts in which scopes are kept beyond memory.
PARTS = 64
_DAY = 86400


def column(item: Item, rows: Sequence[Row]) -> list[Any]:
    """One value of each row, in the form in which equal scopes are equal."""
    values = list(map(itemgetter(item.slot), rows))
    if "phone" in item.kinds and set(map(type, values)) == {str}:
        return list(map(phone_number, values))
    if item.kinds:
        values = [comparable(value, item.kinds) for value in values]
    return values if set(map(type, values)) == {str} else list(map(_told_apart, values))


def shares(keys: Iterable[Any]) -> list[int]:
    """In which part each scope is."""
    texts = [key if type(key) is str else repr(key) for key in keys]
    return [crc32(text.encode("utf-8", "surrogatepass")) % PARTS for text in texts]


def key_of(values: Sequence[Any]) -> Any:
    """A scope: a text, or a tuple of texts. What is no text is told from all texts, and equal to what is the same number."""
    plain = [_told_apart(value) for value in values]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _told_apart(value: Any) -> Any:
    return value if type(value) is str else (json.dumps(_whole(value), sort_keys=True, default=str),)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def repeated(keys: Iterable[list[Any]], touched: set[Any]) -> set[Any]:
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


def days_of(rows: Sequence[Row]) -> list[Any]:
    """The day of each row, by the end of the exchange, or its start."""
    infinity = float("inf")
    times = [row[1] if row[1] != infinity else row[0] for row in rows]
    if not times:
        return []
    first, last = (one // _DAY for one in (min(times), max(times)))
    if first == last and last != infinity:  # as most are: `//` of infinity is no number
        return [int(first)] * len(times)
    return [int(one // _DAY) if one != infinity else None for one in times]
