"""Patterns for `re` as `native.scan` takes them: pieces that never try anything twice.

A choice takes the first alternative that fits and never another one. So what it matches is some of what `re` matches, with the
same groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from smscontract.kernel.matchers import Unsure

# Of one mind with `re` about what a pattern means; without it (it is not documented) there is only the way without `native`.
from re import _constants as codes  # isort: skip
from re import _parser as parser  # isort: skip

__all__ = ["Element", "elements"]

#: `("text", bytes)`; `("set", 256 bytes, least, most)`, most -1 for any number; `("group", number, elements)`;
#: `("choice", first group, last group + 1, alternatives)`; `("repeat", least, most, elements)`; `("never", elements)`.
Element = tuple[Any, ...]


def elements(pieces: Iterable[tuple[str, bool]]) -> list[Element]:
    """What a pattern is made of.

    Args:
        pieces: texts that are as they are, and patterns, each with whether it is one; a bracket alone opens or closes a group
            of all between. Groups are numbered over all of them.

    Raises:
        Unsure: it may have to try something twice, or is on letters that are more than one byte.
    """
    found: list[Element] = []
    outside: list[tuple[int, list[Element]]] = []
    groups = 0
    for piece, is_pattern in pieces:
        if not is_pattern:
            _append(found, ("text", piece.encode()))
            continue
        if piece == "(":
            outside.append((groups, found))
            found, groups = [], groups + 1
            continue
        if piece == ")":
            inside = tuple(found)
            number, found = outside.pop()
            _append(found, ("group", number, inside or (("text", b""),)))
            continue
        mine, number = _parsed(piece)
        for one in mine:
            _append(found, _moved(one, groups))
        groups += number
    return found


def _append(found: list[Element], one: Element) -> None:
    if one[0] == "text" and found and found[-1][0] == "text":
        found[-1] = ("text", found[-1][1] + one[1])
    elif one != ("text", b""):
        found.append(one)


def _moved(one: Element, by: int) -> Element:
    """An element with its groups behind others."""
    if not by or one[0] in ("text", "set"):
        return one
    if one[0] == "group":
        return ("group", one[1] + by, tuple(_moved(below, by) for below in one[2]))
    if one[0] == "choice":
        return ("choice", one[1] + by, one[2] + by, tuple(tuple(_moved(below, by) for below in some) for some in one[3]))
    return (*one[:-1], tuple(_moved(below, by) for below in one[-1]))


@lru_cache(maxsize=1024)
def _parsed(source: str) -> tuple[tuple[Element, ...], int]:
    tree = parser.parse(source)
    return _sequence(tree), tree.state.groups - 1


def _sequence(tree: Iterable[Any]) -> tuple[Element, ...]:
    found: list[Element] = []
    for code, operand in tree:
        for one in _elements(code, operand):
            _append(found, one)
    return tuple(found)


def _elements(code: Any, operand: Any) -> Iterator[Element]:
    if code is codes.LITERAL:
        yield ("text", chr(operand).encode())
    elif code in (codes.IN, codes.ANY, codes.NOT_LITERAL):
        yield ("set", _set(code, operand), 1, 1)
    elif code in (codes.POSSESSIVE_REPEAT, codes.MAX_REPEAT):
        yield _repeat(code, *operand)
    elif code is codes.ATOMIC_GROUP:
        yield from _sequence(operand)
    elif code is codes.SUBPATTERN:
        yield from _group(*operand)
    elif code is codes.BRANCH:
        alternatives = tuple(_sequence(one) for one in operand[1])
        numbers = sorted(_groups(alternatives))
        if numbers and numbers != list(range(numbers[0], numbers[-1] + 1)):
            raise Unsure
        yield ("choice", *((numbers[0], numbers[-1] + 1) if numbers else (0, 0)), alternatives)
    elif code is codes.ASSERT_NOT and operand[0] == 1:
        inside = _sequence(operand[1])
        if not _is_plain(inside[:-1]) or not (_is_plain(inside[-1:]) or all(map(_is_plain, inside[-1][-1]))):
            raise Unsure  # where it fits for `re` alone, more would match here than there
        yield ("never", inside)
    else:
        raise Unsure


def _group(number: int | None, added: int, removed: int, below: Any) -> Sequence[Element]:
    if added or removed:
        raise Unsure
    inside = _sequence(below)
    return inside if number is None else [("group", number - 1, inside or (("text", b""),))]


def _is_plain(sequence: Sequence[Element]) -> bool:
    return all(one[0] in ("text", "set") for one in sequence)


def _repeat(code: Any, least: int, most: Any, below: Any) -> Element:
    if code is codes.MAX_REPEAT and least != most:
        raise Unsure  # it might give something back
    inside = _sequence(below)
    limit = -1 if most is codes.MAXREPEAT else int(most)
    if len(inside) == 1 and inside[0][0] == "text" and len(inside[0][1]) == 1:
        inside = (("set", bytes(one == inside[0][1][0] for one in range(256)), 1, 1),)
    if len(inside) == 1 and inside[0][0] == "set" and inside[0][2:] == (1, 1):
        if limit >= 0 and any(inside[0][1][128:]):
            raise Unsure  # what is counted are letters, not bytes
        return ("set", inside[0][1], least, limit)
    if _groups([inside]):
        raise Unsure
    return ("repeat", least, limit, inside or (("text", b""),))


def _groups(sequences: Iterable[Sequence[Element]]) -> set[int]:
    """The groups in some sequences."""
    found: set[int] = set()
    for sequence in sequences:
        for one in sequence:
            if one[0] == "group":
                found |= {one[1]} | _groups([one[2]])
            elif one[0] == "choice":
                found |= _groups(one[3])
            elif one[0] in ("repeat", "never"):
                found |= _groups([one[-1]])
    return found


def _set(code: Any, operand: Any) -> bytes:
    """Which bytes a set takes, one byte for each: of a letter beyond ASCII any, or none."""
    if code is codes.ANY:
        return bytes(one != 10 for one in range(256))
    if code is codes.NOT_LITERAL:
        if operand > 127:
            raise Unsure
        return bytes(one != operand for one in range(256))
    taken = bytearray(256)
    negated = False
    for inner, value in operand:
        if inner is codes.NEGATE:
            negated = True
        elif inner is codes.LITERAL:
            _take(taken, value, value)
        elif inner is codes.RANGE:
            _take(taken, *value)
        else:
            raise Unsure
    return bytes(not one for one in taken) if negated else bytes(taken)


def _take(taken: bytearray, first: int, last: int) -> None:
    if last > 127:
        raise Unsure
    for one in range(first, last + 1):
        taken[one] = 1
