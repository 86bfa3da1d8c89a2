"""Kinds of value: what is told of the values at a declared place without telling any of them.

`absent`, `null`, `empty` (text, array, object), `value`, `member:X` for a member of an enum that the document lists (open ones
included) and for booleans, and `other` for what such an enum does not list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from smscontract.clauses.view import View
from smscontract.documents import Node
from smscontract.json_text import ABSENT, UNKNOWN, json_type

__all__ = ["Cell", "as_listed", "kind_name", "kind_of", "kind_text", "kinds_of", "kinds_seen", "matches"]

#: The sorted kinds seen at one place of one answer: several where it stands in an array, none where nothing holds it.
Cell = tuple[str, ...]

_MEMBER = "member:"
_PLAIN = frozenset({"absent", "null", "empty", "value", "other"})


def kinds_seen(view: View) -> tuple[Cell, ...]:
    """The kinds at each declared place of the answer, in the order of `Node.walk`; empty if the body cannot be read."""
    node = view.document.node if view.document is not None else None
    if node is None or view.got in (ABSENT, UNKNOWN):
        return ()
    index = view.got_index
    cells: list[Cell] = []
    for path, listed in _walked(node):
        spots = index.get(path, ())
        if len(spots) == 1:
            value = spots[0][1]
            cells.append(_VALUE if value and type(value) is str and not listed else _cell(_kind(listed, value)))
        else:
            cells.append(tuple(sorted({_kind(listed, value) for _, value in spots})))
    return tuple(cells)


_VALUE = ("value",)


@lru_cache(maxsize=4096)
def _cell(kind: str) -> Cell:
    return (kind,)


#: The places of each tree with what they list, by its identity; the tree beside them, so that no other one is taken for it.
_WALKED: dict[int, tuple[Node, list[tuple[tuple[str, ...], tuple[str, ...]]]]] = {}


def _walked(node: Node) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    known = _WALKED.get(id(node))
    if known is None or known[0] is not node:
        if len(_WALKED) > 256:
            _WALKED.clear()
        known = _WALKED[id(node)] = (node, [(one.path, _listed(one)) for one in node.walk()])
    return known[1]


def kind_of(node: Node | None, value: Any) -> str:
    """The kind of one value, at a place that the document declares or (`None`) does not."""
    return _kind(_listed(node) if node is not None else (), value)


def _kind(listed: tuple[str, ...], value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if value is None:
        return "null"
    if listed:
        member = _member(value)
        return member if member in listed else "other"
    if type(value) is str:  # nearly all
        return "value" if value else "empty"
    if isinstance(value, bool):
        return _member(value)
    if json_type(value) in ("array", "object", "string") and not value:
        return "empty"
    return "value"


def kinds_of(node: Node, *, item: bool = False) -> Iterator[str]:
    """The kinds that the document lets an answer show at a place and that are worth waiting for. A text or number that is
    always there has none: any answer shows it.

    Args:
        item: whether the place stands for the items of an array, which are never absent.
    """
    optional = bool(node.path) and not item and not node.required
    listed = _listed(node)
    if listed:
        yield from listed
    elif "boolean" in node.types:
        yield from (f"{_MEMBER}true", f"{_MEMBER}false")
    elif "array" in node.types:
        yield from ("empty", "value")
    elif optional or (node.nullable and node.types):
        yield "value"
    if node.nullable:
        yield "null"
    if optional:
        yield "absent"


def as_listed(node: Node, cell: Cell) -> Cell:
    """A cell from elsewhere with nothing in it but kinds: what the document does not list is `other`."""
    own = {*_PLAIN, f"{_MEMBER}true", f"{_MEMBER}false", *_listed(node)}
    return tuple(sorted({kind if kind in own else "other" for kind in cell}))


def matches(kind: str, cell: Cell, *, array: bool) -> bool:
    """Whether a cell shows a kind. A `value` is anything that is there and not null; in an array it is an item."""
    if kind in cell:
        return True
    return kind == "value" and not array and any(one in ("empty", "other") or one.startswith(_MEMBER) for one in cell)


def kind_text(kind: str) -> str:
    """A kind as people read it: members by themselves, in quotes where one is called like a kind."""
    if not kind.startswith(_MEMBER):
        return kind
    member = kind.removeprefix(_MEMBER)
    return f'"{member}"' if member in _PLAIN else member


def kind_name(kind: str) -> str:
    """A kind as the names of points write it: safe in a shell."""
    return quote(kind_text(kind), safe="-._~")


def _listed(node: Node) -> tuple[str, ...]:
    return tuple(_member(value) for value in node.enum or node.known_values or ())


def _member(value: Any) -> str:
    if isinstance(value, str):
        return f"{_MEMBER}{value}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 is 1 in JSON Schema
    return f"{_MEMBER}{json.dumps(value)}" if isinstance(value, bool | int | float) else ""
