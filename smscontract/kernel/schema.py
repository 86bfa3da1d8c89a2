"""One schema for each side of an exchange: who keeps it breaks nothing that a schema can tell from one body alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from smscontract.clauses.compiled import compiled_schema
from smscontract.documents import EACH, Node, Operation, Place, ResponseDocument, Rule
from smscontract.kernel.matchers import Unsure, foldable, schema_of

__all__ = ["answer_schema", "names_schema", "request_schema", "validator"]

#: Date-times in UTC, which stand in the order of their texts. Of years that the calendar of Python has whole.
_UTC = r"^[1-8][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|\+00:00)$"


def validator(schema: dict[str, Any]) -> Any:
    """Compiled, formats asserted."""
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def answer_schema(document: ResponseDocument, rules: Sequence[Rule]) -> dict[str, Any]:
    """For an answer: its schema, what rules ask of its texts, and times in the form in which they can be compared as texts."""
    node = document.node
    assert node is not None
    times = {tuple(place.steps) for rule in rules if rule.kind == "order" for place in rule.places if place.root == "got"}
    parts: list[dict[str, Any]] = [_in_utc(compiled_schema(node), times)]
    for rule in rules:
        if rule.kind == "then":
            folded = [
                _at(place, {"anyOf": [{"type": "null"}, expected["schema"]]})
                for place, expected in rule.then
                if foldable(place, expected, node)
            ]
            parts += folded
        if rule.kind == "order":
            parts += [
                _at(place, {"pattern": _UTC, "format": "date-time"})
                for place in rule.places
                if place.root == "got" and len(place.steps) > 1 and not place.each
            ]
    return _merged(parts)


def _in_utc(schema: dict[str, Any], times: set[tuple[str, ...]]) -> dict[str, Any]:
    """The schema of an object with some of its members in UTC, if they are texts at all; each pattern asked once."""
    properties = dict(schema.get("properties", {}))
    for (name,) in [steps for steps in times if len(steps) == 1]:
        child = dict(properties.get(name, {}))
        others = [one for one in child.pop("allOf", []) if child.get("format") != "date-time" or set(one) != {"pattern"}]
        if child.get("format", "date-time") != "date-time" or "pattern" in child:
            others.append({"pattern": _UTC, "format": "date-time"})
        else:
            child |= {"pattern": _UTC, "format": "date-time"}
        properties[name] = child | ({"allOf": others} if others else {})
    if "additionalProperties" in schema and not set(properties) <= set(schema.get("properties", {})):
        raise Unsure
    return {**schema, "properties": properties} if properties else schema


def request_schema(operation: Operation) -> dict[str, Any]:
    """For the body of a request: as described, and nothing in it undefined."""
    body = operation.body
    parts: list[dict[str, Any]] = [compiled_schema(body.node)] if body is not None else []
    refused: list[dict[str, Any]] = []
    for one in operation.undefined:
        mine = [(place, expected) for place, expected in one.when if place.root == "sent" and place.steps]
        if not mine or any(isinstance(expected, dict) and "in" in expected for _, expected in mine):
            continue
        if len(mine) == 1 and len(mine[0][0].steps) == 1 and isinstance(mine[0][1], dict) and "schema" in mine[0][1]:
            parts.append({"properties": {mine[0][0].steps[0]: {"not": mine[0][1]["schema"]}}})
            continue
        if body is not None and _never(body.node, mine):
            continue
        refused.append({"allOf": [schema_of(place.steps, expected) for place, expected in mine]})
    refused += [schema for schema in _roots(operation) if not _of_names(schema)]
    if refused:
        parts.append({"not": {"anyOf": refused}})
    return _merged(parts)


def names_schema(operation: Operation) -> dict[str, Any]:
    """For the names of the members of a request alone: none that are undefined."""
    refused = [schema for schema in _roots(operation) if _of_names(schema)]
    return {"not": {"anyOf": refused}} if refused else {}


def _roots(operation: Operation) -> list[Any]:
    """What whole bodies must not be."""
    return [
        expected["schema"]
        for one in operation.undefined
        for place, expected in one.when
        if place.root == "sent" and not place.steps and isinstance(expected, dict) and "schema" in expected
    ]


def _of_names(schema: Any) -> bool:
    """Whether a schema asks nothing of an object but the names of its members."""
    if not isinstance(schema, dict) or not set(schema) <= {"type", "not", "propertyNames"}:
        return isinstance(schema, bool)
    return schema.get("type", "object") == "object" and _of_names(schema.get("not", True))


def _never(node: Node, conditions: Sequence[tuple[Place, Any]]) -> bool:
    """Whether a condition asks for null where the schema refuses it anyway."""
    for place, expected in conditions:
        child = node.properties.get(place.steps[0])
        if len(place.steps) == 1 and expected is None and child is not None and child.types and child.nullable is False:
            return True
    return False


def _merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All of some schemas in one: what they say of one member said at one place, which is faster."""
    if not parts:
        return {}
    first, *others = parts
    if "additionalProperties" in first:  # which looks at the members that stand beside it
        return {"allOf": list(parts)}
    properties = dict(first.get("properties", {}))
    rest = []
    for part in others:
        if set(part) != {"properties"}:
            rest.append(part)
            continue
        for name, schema in part["properties"].items():
            properties[name] = {"allOf": [properties[name], schema]} if name in properties else schema
    merged = {**first, "properties": properties} if properties else dict(first)
    return {"allOf": [merged, *rest]} if rest else merged


def _at(place: Place, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema at a place, if there is anything."""
    for step in reversed(place.steps):
        if step == EACH:
            schema = {"items": schema}
        elif step.isdecimal():
            raise Unsure
        else:
            schema = {"properties": {step: schema}}
    return schema
