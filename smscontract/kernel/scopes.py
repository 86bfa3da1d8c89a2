"""What makes the scope of a row: a text, or several; its hash, and which hashes are there more than once.

Two scopes are one only if their texts are. Hashes say which ones have to be compared: most scopes have one exchange.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from smscontract.clauses.values import comparable, phone_number
from smscontract.kernel.recipes import Item, Row
from smscontract.native import load
from smscontract.packed import raw_of

__all__ = ["PARTS", "again", "flavour", "hashes", "hashes_of", "key_of", "keys_of", "moved", "parted", "records"]

#: The parts in which hashes are kept beyond memory.
PARTS = 64
_RECORD = 16
_PLAIN, _PHONE, _OTHER = 0, 1, 2
#: Bits of hashes that are kept.
_MASK = (1 << 64) - 1

_native = load("rows")


def flavour() -> str:
    """Equal for processes of which hashes can be compared."""
    return f"{'python' if _native is None else 'native'} {sys.byteorder} {_MASK}"


# --- scopes ----------------------------------------------------------------------------------------------------------


def keys_of(items: Sequence[Item], rows: Sequence[Row]) -> list[Any]:
    """The scope of each row, in the form in which equal scopes are equal."""
    columns = [_column(item, rows) for item in items]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def key_of(values: Sequence[Any]) -> Any:
    """A scope: a text, or a tuple of texts. What is no text is told from all texts, and equal to what is the same number."""
    plain = [_told_apart(value) for value in values]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _column(item: Item, rows: Sequence[Row]) -> list[Any]:
    values = list(map(itemgetter(item.slot), rows))
    if "phone" in item.kinds and set(map(type, values)) == {str}:
        return list(map(phone_number, values))
    if item.kinds:
        values = [comparable(value, item.kinds) for value in values]
    return values if set(map(type, values)) == {str} else list(map(_told_apart, values))


def _told_apart(value: Any) -> Any:
    return value if type(value) is str else (json.dumps(_whole(value), sort_keys=True, default=str),)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# --- their hashes ----------------------------------------------------------------------------------------------------


def records(items: Sequence[Item], rows: Sequence[Row], key: bytes, first: int) -> bytes:
    """The hash of the scope of each row beside the number of the row, 8 bytes each.

    Args:
        key: 16 bytes, so that nobody makes many scopes of one hash.
        first: the number of the first row; the others follow.
    """
    if _native is not None:
        found: bytes = _native.records(raw_of(rows), len(rows), _plan(tuple(items)), key, first, _MASK)
        return found
    pairs = array("Q", bytes(_RECORD * len(rows)))
    pairs[::2] = array("Q", [_hash(scope, key) for scope in keys_of(items, rows)])
    pairs[1::2] = array("Q", range(first, first + len(rows)))
    return pairs.tobytes()


@lru_cache(maxsize=4096)
def _plan(items: tuple[Item, ...]) -> list[tuple[int, int, Callable[[Any], Any]]]:
    return [(item.slot, _way(item), partial(_piece, item.kinds)) for item in items]


def _way(item: Item) -> int:
    return _PHONE if "phone" in item.kinds else _OTHER if item.kinds else _PLAIN


def _piece(kinds: frozenset[str], value: Any) -> Any:
    return _told_apart(comparable(value, kinds))


def hashes(scopes: Iterable[Any], key: bytes) -> bytes:
    """The hashes of some scopes, 8 bytes each."""
    return array("Q", [_hash(scope, key) for scope in scopes]).tobytes()


def hashes_of(items: Sequence[Item], rows: Sequence[Row], key: bytes) -> list[int]:
    """The hash of the scope of each row, as `records` has it."""
    return array("Q", records(items, rows, key, 0))[::2].tolist()


def _hash(scope: Any, key: bytes) -> int:
    pieces = scope if type(scope) is tuple and len(scope) > 1 else (scope,)
    if _native is not None:
        found: int = _native.hashed(pieces, key)
        return found & _MASK
    raw = pieces[0] if len(pieces) == 1 and type(pieces[0]) is str else repr(pieces)
    return int.from_bytes(hashlib.blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()) & _MASK


def moved(some: bytes, by: int) -> bytes:
    """Records of rows that have got higher numbers."""
    if _native is not None:
        found: bytes = _native.moved(some, by)
        return found
    pairs = array("Q", some)
    pairs[1::2] = array("Q", [number + by for number in pairs[1::2]])
    return pairs.tobytes()


def parted(some: bytes) -> list[bytes]:
    """Records in as many parts as there are, each with all of some hashes."""
    if _native is not None:
        found: list[bytes] = _native.parted(some)
        return found
    parts = [array("Q") for _ in range(PARTS)]
    pairs = iter(array("Q", some))
    for one, number in zip(pairs, pairs, strict=True):
        parts[one % PARTS].extend((one, number))
    return [part.tobytes() for part in parts]


def again(some: bytes, touched: bytes, bits: bytearray) -> None:
    """Sets the bits of the rows whose hash is there more than once in records, or was there before."""
    if _native is not None:
        _native.again(some, touched, bits)
        return
    first: dict[int, int] = dict.fromkeys(array("Q", touched), -1)
    pairs = iter(array("Q", some))
    for one, number in zip(pairs, pairs, strict=True):
        before = first.setdefault(one, number)
        if before != number:
            bits[number >> 3] |= 1 << (number & 7)
            if before >= 0:
                bits[before >> 3] |= 1 << (before & 7)
                first[one] = -1
