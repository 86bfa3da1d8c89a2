"""The shape of a body: all that kinds, presence and NEW depend on, as a key that is quick to make.

Names in their order, the type of each value that may have several, the value itself where the contract lists values; the same
again for each object and array that the document declares. Two bodies of one shape that both keep their schema show the same
kinds at each place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from operator import itemgetter
from typing import Any, NamedTuple

from smscontract.documents import Node
from smscontract.kernel.matchers import Unsure

__all__ = ["Shape", "empties", "shape_of"]

#: Makes the key of one value.
Shape = Callable[[Any], Hashable]

#: Plans of one object (one for each order of its members), and items of an array, that are told apart.
_PLANS = 4096
_ITEMS = 8


def _nothing(_: Any) -> Hashable:
    return None


def shape_of(node: Node | None, listed: Collection[tuple[str, ...]] = ()) -> Shape:
    """The function that makes the shape of a value at a declared place.

    Args:
        listed: declared places whose values are part of the shape, beside those whose values the document lists.
    """
    whole = _object(node, listed)
    items = shape_of(node.items, listed) if node is not None and node.items is not None else None
    closed = node is not None and not node.properties and bool(node.path)
    itself = node is not None and (_lists(node) or node.path in listed)

    def shape(value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return bool(value) if closed else whole(value)
        if kind is list:
            if items is None or not value:
                return bool(value)
            if len(value) > _ITEMS:
                raise Unsure
            return tuple([(type(one), items(one)) for one in value])
        if kind is bool or itself:
            return kind, value
        return kind

    return shape


def _lists(node: Node) -> bool:
    return node.enum is not None or node.known_values is not None


def _by_value(node: Node, listed: Collection[tuple[str, ...]]) -> bool:
    """Whether the value itself is part of the shape."""
    return (
        bool(node.types)
        and not node.types & {"array", "object"}
        and ("boolean" in node.types or _lists(node) or node.path in listed)
    )


def _fixed(node: Node | None) -> bool:
    """Whether all values that keep the schema have one and the same type."""
    return node is not None and node.nullable is False and len(node.types) == 1 and node.types <= {"string", "boolean"}


class _Plan(NamedTuple):
    """What tells objects of the same names apart."""

    number: int
    values: Callable[[Any], Hashable]
    types: Callable[[Any], tuple[Any, ...]] | None
    inner: tuple[tuple[str, Shape], ...]


def _object(node: Node | None, listed: Collection[tuple[str, ...]]) -> Shape:
    properties = node.properties if node is not None else {}
    nested = {
        name: shape_of(child, listed)
        for name, child in properties.items()
        if not _by_value(child, listed) and (not child.types or child.types & {"array", "object"})
    }
    plans: dict[tuple[str, ...], _Plan] = {}

    def plan_of(names: tuple[str, ...]) -> _Plan:
        if len(plans) >= _PLANS:
            raise Unsure
        valued = [name for name in names if name in properties and _by_value(properties[name], listed)]
        typed = [name for name in names if name not in nested and not _fixed(properties.get(name))]
        plan = _Plan(
            len(plans),
            itemgetter(*valued) if valued else _nothing,
            itemgetter(*typed, typed[0]) if typed else None,
            tuple((name, nested[name]) for name in names if name in nested),
        )
        plans[names] = plan
        return plan

    def shape(value: Any) -> Hashable:
        names = tuple(value)
        number, values, types, inner = plans.get(names) or plan_of(names)
        kinds = tuple(map(type, types(value))) if types is not None else None
        if inner:
            return number, values(value), kinds, tuple([make(value[name]) for name, make in inner])
        return number, values(value), kinds

    return shape


def empties(value: Any) -> Any:
    """Where in a value there are empty texts; for bodies that hold any."""
    if isinstance(value, dict):
        return tuple((name, found) for name, one in value.items() if (found := empties(one)))
    if isinstance(value, list):
        return tuple((index, found) for index, one in enumerate(value) if (found := empties(one)))
    return value == ""
