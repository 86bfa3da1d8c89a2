"""Two facts at once: every pair of values of optional members occurs in some request, valid ones and such with one mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from covertable import make

from smscontract.documents import Node
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases"]

ORDER = 35

_ABSENT = "absent"


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """A covering array over the optional members, between the numbers of one pair; then each mistake beside everything else."""
    body = kit.operation.body
    if body is None or not kit.is_valid(kit.least):
        return
    optional = {name: node for name, node in body.node.properties.items() if not node.required}
    if len(optional) > 1:
        factors = {
            name: [_ABSENT, *(f"{index}" for index in range(len(_values(kit, name, node))))] for name, node in optional.items()
        }
        for index, row in enumerate(make(factors)):
            chosen = {name: _values(kit, name, node)[int(row[name])] for name, node in optional.items() if row[name] != _ABSENT}
            value = _repaired(kit, {**kit.least, **chosen})
            if value is not None:
                yield Case(name=f"combination {index + 1}", aims=kit.clause("request:accepts"), body=kit.encoded(value))
    yield from _mistakes(kit)


def _values(kit: Kit, name: str, node: Node) -> list[Any]:
    if node.enum is not None:
        return list(node.enum)
    if "boolean" in node.types:
        return [True, False]
    return [kit.richest[name]]


def _repaired(kit: Kit, value: dict[str, Any]) -> dict[str, Any] | None:
    """The value, or with one more member if that makes it valid: some members make sense only beside others."""
    if kit.is_valid(value):
        return value
    for other, beside in kit.richest.items():
        if other not in value and kit.is_valid(more := {**value, other: beside}):
            return more
    return None


def _mistakes(kit: Kit) -> Iterator[Case]:
    """What has to be refused, in a request that has everything else, too."""
    rich = kit.richest
    if not kit.is_valid(rich):
        return
    for rule in kit.operation.rules:
        aims = kit.clause(f"rule/{rule.name}")
        if rule.requires_relation is not None and rule.requires_relation[0] == "less":
            left, right = (place.last for place in rule.requires_relation[1])
            yield Case(
                name=f"{rule.name} equal beside everything", aims=aims, body=kit.encoded({**rich, left: rich.get(right)})
            )
        for place, expected in rule.requires:
            if isinstance(expected, dict) and "in" in expected and place.root == "sent":
                label = str(expected["in"]).split(".")[2]
                others = [one for one in kit.resources.entries(place.last) if label not in (one.label, one.state)]
                for entry in others[-1:]:
                    body = kit.encoded({**rich, place.last: entry.value})
                    yield Case(name=f"{rule.name} {entry.label} beside everything", aims=aims, body=body)
    body_node = kit.operation.body
    for name, node in body_node.node.properties.items() if body_node is not None else ():
        if node.required:
            rest = {other: inner for other, inner in rich.items() if other != name}
            if kit.breaks_only(rest, name):
                aims = kit.clause(f"request/{name}:refuses")
                yield Case(name=f"{name} missing beside everything", aims=aims, body=kit.encoded(rest))
