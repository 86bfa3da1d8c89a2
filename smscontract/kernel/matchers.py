"""What a condition of a rule asks of an exchange, as something that can be remembered.

Two exchanges that show the same names, types and listed values, and of which every other condition is answered alike, are told
the same by every rule on single exchanges. A *bit* is such an answer; conditions that names, types and listed values decide
already need none.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jsonschema_rs

from smscontract.clauses.conditions import evaluate
from smscontract.clauses.outcomes import Spot
from smscontract.clauses.view import View
from smscontract.documents import EACH, Conditions, Node, Operation, Place, ResponseDocument
from smscontract.json_text import ABSENT, UNKNOWN

__all__ = ["DOUBTS", "Bit", "Stub", "Unsure", "bits_of", "bits_told", "foldable", "in_shape", "reach", "schema_of"]


class Unsure(Exception):
    """The short way cannot tell; the judge is asked."""


#: Whatever an exchange that is not as we think may raise; the judge finds out what it is.
DOUBTS = (Unsure, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)

#: The answer to one condition: of the bodies of answer and request and the parameters of the path.
Bit = Callable[[Any, Any, Any], Hashable]


class Stub(View):
    """As much of a view as conditions on bodies and on the path need."""

    def __init__(self, operation: Operation, document: ResponseDocument | None) -> None:
        self.operation = operation
        self.document = document  # known beforehand
        self.path: dict[str, str] = {}

    def places(self, place: Place) -> list[tuple[Spot, Any]]:
        """As `View.places`."""
        if place.root == "path":
            return [(Spot(place.part), self.path.get(place.steps[0], UNKNOWN))]
        return super().places(place)


def reach(steps: Sequence[str]) -> Callable[[Any], Any]:
    """A function that gives what stands at some steps below a body, or `ABSENT`. No step stands for each item."""
    if len(steps) == 1:
        name = steps[0]
        return lambda body: body.get(name, ABSENT) if type(body) is dict else ABSENT

    def follow(body: Any) -> Any:
        for step in steps:
            if type(body) is not dict or step not in body:
                return ABSENT
            body = body[step]
        return body

    return follow


def in_shape(place: Place, operation: Operation, document: ResponseDocument | None) -> bool:
    """Whether the shapes of the bodies tell whether something stands at a place, and of which type it is."""
    if place.root == "path":
        return True
    if place.root not in ("got", "sent") or place.each or any(step.isdecimal() for step in place.steps):
        return False
    node = _root(place, operation, document)
    for step in place.steps[:-1]:
        node = node.properties.get(step) if node is not None else None
        if node is None or not node.properties:
            return False
    return True


def _root(place: Place, operation: Operation, document: ResponseDocument | None) -> Node | None:
    if place.root == "got":
        return document.node if document is not None else None
    return operation.body.node if operation.body is not None else None


def bits_of(
    conditions: Conditions, operation: Operation, document: ResponseDocument | None, *, every: bool, told: bool = False
) -> list[Bit]:
    """The bits of some conditions, beyond what names, types and listed values decide.

    Args:
        every: as `evaluate` is asked.
        told: whether `got` stands for a body that keeps a schema into which `schema` conditions were folded.

    Raises:
        Unsure: a condition is on something else than what a `Bit` is given, the credential, the headers, or the status.
    """
    found = []
    for place, expected in conditions:
        if place.root in ("code", "auth", "known", "header", "query") or (isinstance(expected, dict) and "in" in expected):
            continue
        if place.root not in ("got", "sent", "path"):
            raise Unsure
        bit = _bit(place, expected, operation, document, every=every, told=told)
        if bit is not None:
            found.append(bit)
    return found


def bits_told(bits: Sequence[Bit], got: Any, sent: Any, path: Any) -> Hashable:
    """The answers to some conditions."""
    return tuple([bit(got, sent, path) for bit in bits])


def _bit(
    place: Place, expected: Any, operation: Operation, document: ResponseDocument | None, *, every: bool, told: bool
) -> Bit | None:
    root = _root(place, operation, document)
    if told and foldable(place, expected, root):
        return None
    if place.root == "sent" and not place.steps and isinstance(expected, dict) and "is" in expected:
        return None  # whether there is a body is told apart anyway
    if place.root == "path" or place.each or not place.steps or any(step.isdecimal() for step in place.steps):
        return _slow_bit(place, expected, operation, document, every=every)
    node, seen = root, in_shape(place, operation, document)
    for step in place.steps:
        node = node.properties.get(step) if node is not None else None
    got, at = place.root == "got", reach(place.steps)
    if isinstance(expected, dict):
        word, operand = next(iter(expected.items()))
        if word == "schema":
            return _direct_bit(place.steps[0], operand) if got and len(place.steps) == 1 else _schema_bit(at, operand, got=got)
        if word == "is" and seen:
            return None
        wanted = operand if isinstance(operand, list) else [operand]
    else:
        wanted = expected if isinstance(expected, list) else [expected]
    if isinstance(expected, dict) and word == "is":
        return (lambda body, _, __: at(body) is ABSENT) if got else (lambda _, body, __: at(body) is ABSENT)
    texts = [one for one in wanted if isinstance(one, str)]
    if seen and not texts and all(one is None for one in wanted):
        return None
    if seen and node is not None and _listed(node):
        return None
    if len(texts) + sum(one is None for one in wanted) == len(wanted):
        listed = tuple(wanted)
        return (lambda body, _, __: at(body) in listed) if got else (lambda _, body, __: at(body) in listed)
    return _slow_bit(place, expected, operation, document, every=every)


def _listed(node: Node) -> bool:
    """Whether the value itself is part of the shape."""
    return bool(node.types) and node.types <= {"boolean", "string"} and (node.enum is not None or node.types == {"boolean"})


def _schema_bit(at: Callable[[Any], Any], operand: Any, *, got: bool) -> Bit:
    valid = jsonschema_rs.validator_for(operand, validate_formats=True).is_valid

    def bit(body: Any, sent: Any, _: Any) -> Hashable:
        value = at(body if got else sent)
        return value is not ABSENT and bool(valid(value))

    return bit


def _direct_bit(name: str, operand: Any) -> Bit:
    """As `_schema_bit`, for a member of the answer."""
    valid = jsonschema_rs.validator_for(operand, validate_formats=True).is_valid

    def bit(body: Any, _: Any, __: Any) -> Hashable:
        return type(body) is dict and name in body and valid(body[name])

    return bit


def _slow_bit(place: Place, expected: Any, operation: Operation, document: ResponseDocument | None, *, every: bool) -> Bit:
    stub = Stub(operation, document)

    def bit(body: Any, sent: Any, path: Any) -> Hashable:
        stub.got, stub.sent, stub.path = body, sent, path
        met = evaluate(((place, expected),), stub, every=every)
        return met.truth, met.empty

    return bit


def foldable(place: Place, expected: Any, root: Node | None) -> bool:
    """Whether a condition that an answer should keep can be asked together with its schema: a text of which a pattern or the
    like is asked, or each item's."""
    if not isinstance(expected, dict) or "schema" not in expected or place.root != "got" or not place.steps:
        return False
    node = root
    for step in place.steps:
        node = (node.items if step == EACH else node.properties.get(step)) if node is not None else None
    return node is not None and bool(node.types) and node.types <= {"string"}


def schema_of(steps: Sequence[str], expected: Any) -> dict[str, Any]:
    """A JSON Schema that a body keeps exactly if a condition on the place below it holds.

    Raises:
        Unsure: the condition cannot be said so.
    """
    if EACH in steps or any(step.isdecimal() for step in steps):
        raise Unsure
    if isinstance(expected, dict):
        word, operand = next(iter(expected.items()))
        listed = operand if isinstance(operand, list) else [operand]
        if word == "is":
            there = _below(steps, {})
            return there if operand == "given" else {"not": there}
        if word == "schema":
            return _below(steps, operand)
        if word != "not":
            raise Unsure
        return _below(steps, {"not": {"enum": listed}}) if None in listed else {"not": _below(steps, {"enum": listed})}
    return _below(steps, {"enum": expected if isinstance(expected, list) else [expected]})


def _below(steps: Sequence[str], schema: dict[str, Any]) -> dict[str, Any]:
    for step in reversed(steps):
        schema = {"type": "object", "required": [step], "properties": {step: schema}}
    return schema
