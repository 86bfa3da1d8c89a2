"""Values as comparisons see them: one number in two spellings is one number, one instant in two zones is one instant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from smscontract.clauses.view import View
from smscontract.documents import Node, Operation, Place, ResponseDocument
from smscontract.json_text import UNKNOWN
from smscontract.rfc3339 import is_local_date_time, timestamp

__all__ = ["comparable", "declared", "equal_values", "kinds_of", "phone_number"]

_E164 = re.compile(r"\+[0-9]+")
_SEPARATORS = re.compile(r"[-. ()]")


def equal_values(left: Any, right: Any) -> bool:
    """Equality of JSON values, at any depth: true is not 1, 1.0 is 1."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal_values(one, two) for one, two in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal_values(one, right[key]) for key, one in left.items())
    return bool(left == right)


def phone_number(text: str) -> str:
    """A number in international form as E.164, whether it is spelled so or as a `tel:` URI (RFC 3966: visual separators go,
    parameters such as `;ext=5` too); any other text as it is."""
    if text[:1] == "+" and text[1:].isdigit() and text.isascii():
        return text  # as nearly all are
    body = text.strip()
    if body[:4].lower() == "tel:":
        body = body[4:].partition(";")[0]
    plain = _SEPARATORS.sub("", body)
    return plain if _E164.fullmatch(plain) else text


def declared(view: View, place: Place) -> Node | None:
    """The declared node of a place in this exchange, or `None`."""
    return _declared(view.operation, view.document, place)


@lru_cache(maxsize=4096)
def _declared(operation: Operation, document: ResponseDocument | None, place: Place) -> Node | None:
    node: Node | None = None
    if place.root == "sent":
        node = operation.body.node if operation.body is not None else None
    elif place.root == "got":
        node = document.node if document is not None else None
    else:
        wanted = f"{place.root}.{place.last}"
        for parameter in operation.parameters:
            if parameter.node.path[0].lower() == wanted.lower():
                return parameter.node
        return None
    for step in place.steps:
        if node is None:
            return None
        node = node.items if step == "[*]" else node.properties.get(step)
    return node


def kinds_of(view: View, places: Iterable[Place]) -> frozenset[str]:
    """What the document says of any of some places: `phone` (by `x-mask`), `time` (by `format: date-time`)."""
    return _kinds(view.operation, view.document, tuple(places))


@lru_cache(maxsize=4096)
def _kinds(operation: Operation, document: ResponseDocument | None, places: tuple[Place, ...]) -> frozenset[str]:
    nodes = [_declared(operation, document, place) for place in places]
    phone = {"phone"} if any(node is not None and node.mask == "phone" for node in nodes) else set()
    time = {"time"} if any(node is not None and node.raw.get("format") == "date-time" for node in nodes) else set()
    return frozenset(phone | time)


def comparable(value: Any, kinds: frozenset[str]) -> Any:
    """A value in the form in which equal values are equal; `UNKNOWN` for a local time, which is no instant."""
    if not isinstance(value, str):
        return value
    if "phone" in kinds:
        return phone_number(value)
    if "time" in kinds:
        moment = timestamp(value)
        if moment is not None:
            return f"instant {moment:.6f}"
        if is_local_date_time(value):
            return UNKNOWN
    return value
