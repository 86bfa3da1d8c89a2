"""What a judgement rests on in a body, coarser than its shape: values that no rule asks about only change what is counted of
them.

So what many break in the same way is learned once, whatever else stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from smscontract.documents import EACH, Node, Place
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.shape import Shape

__all__ = ["kinship_of", "structure"]

#: Keywords of objects and arrays that ask for no more than names and sizes.
_OF_SIZES = frozenset({"minItems", "maxItems", "minProperties", "maxProperties"})
_PLAIN = frozenset({str, int, float, bool, type(None)})
#: Values of one object or array, and how deep they may be.
_MEMBERS = 64
_DEEP = 12


@dataclass(slots=True)
class _Place:
    """What is told of the values at a declared place.

    Attributes:
        free: nothing of a text, number, truth value or null that keeps its schema.
        listed: the value itself.
    """

    free: bool
    listed: bool
    properties: dict[str, _Place] = field(default_factory=dict)
    items: _Place | None = None


def kinship_of(node: Node | None, listed: Collection[tuple[str, ...]], named: Sequence[Place]) -> Shape:
    """The function that tells what a judgement rests on in a body. Where it does not keep its schema is told beside it.

    Args:
        listed: declared places whose values are told, beside those whose values the document lists.
        named: all places that a rule names.
    """
    asked = [tuple(_declared(place.steps)) for place in named if place.root == "got"]
    root = _placed(node, frozenset(listed), asked, bound=False) if node is not None else None
    return lambda body: _told(body, root)


def _declared(steps: Sequence[str]) -> Iterator[str]:
    """The declared place of some steps, or one above it."""
    for step in steps:
        if step.isdecimal():
            return
        yield "items" if step == EACH else step


def _placed(node: Node, listed: frozenset[tuple[str, ...]], asked: list[tuple[str, ...]], *, bound: bool) -> _Place:
    """Args:
    bound: whether something above looks at single values below it.
    """
    tells = node.enum is not None or node.known_values is not None or node.path in listed
    simple = bool(node.types) and not node.types & {"array", "object"}
    touched = any(steps[: len(node.path)] == node.path[: len(steps)] for steps in asked)
    place = _Place(free=simple and not (bound or tells or touched or "const" in node.raw), listed=tells)
    bound = bound or tells or "const" in node.raw or not set(node.other) <= _OF_SIZES
    place.properties = {name: _placed(child, listed, asked, bound=bound) for name, child in node.properties.items()}
    if node.items is not None:
        place.items = _placed(node.items, listed, asked, bound=bound)
    return place


def _told(value: Any, place: _Place | None) -> Hashable:
    if place is None:
        return structure(value)
    kind = type(value)
    if kind is dict:
        if len(value) > _MEMBERS:
            raise Unsure
        return tuple([(name, _told(one, place.properties.get(name))) for name, one in value.items()])
    if kind is list:
        if len(value) > _MEMBERS:
            raise Unsure
        return (kind, *[_told(one, place.items) for one in value])
    if place.free and kind in _PLAIN:
        return None
    return (kind, value) if place.listed else structure(value)


def structure(value: Any, depth: int = 0) -> Hashable:
    """Names in their order, types, truth values, and where texts are empty: of any JSON value.

    Raises:
        Unsure: it is too large.
    """
    kind = type(value)
    if depth > _DEEP or (kind in (dict, list) and len(value) > _MEMBERS):
        raise Unsure
    if kind is dict:
        return tuple([(name, structure(one, depth + 1)) for name, one in value.items()])
    if kind is list:
        return (kind, *[structure(one, depth + 1) for one in value])
    return (kind, value) if kind is bool else (kind, value == "")
