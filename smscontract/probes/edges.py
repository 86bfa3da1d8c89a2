"""Values at the edge of what is described: all must be accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.documents import Node
from smscontract.probes.acceptance import companions
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases"]

ORDER = 27

_NUMBERS: dict[str, Any] = {"one": 1, "large": 86_400, "a whole number with a fraction": 60.0}
_DEPTH = 12

#: Free objects. Names are what stores, query languages and templates take for their own.
_OBJECTS: dict[str, Any] = {
    "nested": {"order": {"lines": [{"sku": "A1", "count": 2}], "paid": False}},
    "with odd names": {"a.b": 1, "$set": 2, "": 3, "with blank": 4, "naïve": 5, "__proto__": 6, "constructor": 7, "0": 8},
    "empty": {},
    "with values of every kind": {
        "text": "t",
        "number": 1.5,
        "negative": -1,
        "flag": True,
        "nothing": None,
        "list": [1, "a", None, []],
    },
    "wide": {f"key_{index}": index for index in range(100)},
    "with long texts": {"note": "x" * 2000},
    "beyond ASCII": {"Größe": "🙂 話 مرحبا"},
    "with names of the request": {"message": 1, "sender": None, "data": {}, "errors": []},
}


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """One request for each value that the contract calls valid, beside the least that it needs."""
    body = kit.operation.body
    if body is None or not kit.is_valid(kit.least):
        return
    for name, node in body.node.properties.items():
        for kind, value in _values(node, kit):
            whole = companions(kit, name, value)
            if whole is not None:
                yield Case(name=f"{name} {kind}", aims=kit.clause(f"request/{name}:accepts"), body=kit.encoded(whole))
    yield from _relations(kit)


def _values(node: Node, kit: Kit) -> Iterator[tuple[str, Any]]:
    for index, sample in enumerate(node.raw.get("examples") or []):
        if sample != kit.richest.get(node.path[0]):
            yield f"as in example {index + 1}", sample
    if node.types & {"number", "integer"}:
        yield from _NUMBERS.items()
    elif "object" in node.types and not node.properties:
        deep: Any = "end"
        for _ in range(_DEPTH):
            deep = {"below": deep}
        yield from {**_OBJECTS, "deep": deep}.items()


def _relations(kit: Kit) -> Iterator[Case]:
    """Two numbers that just keep a relation, and such that keep it as numbers and not as texts."""
    for rule in kit.operation.rules:
        if rule.requires_relation is None or rule.requires_relation[0] != "less":
            continue
        left, right = (place.last for place in rule.requires_relation[1])
        for kind, one, other in (
            ("with more digits", 9, 10),
            ("one apart", 59, 60),
            ("with more digits again", 900, 1000),
            ("far apart", 1, 86_400),
        ):
            value = {**kit.least, left: one, right: other}
            if kit.is_valid(value):
                yield Case(name=f"{rule.name} kept {kind}", aims=kit.clause(f"rule/{rule.name}"), body=kit.encoded(value))
