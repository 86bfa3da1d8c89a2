"""Exchanges that break something as others did: when they are surely told the same, so that they are only counted.

What a finding says rests on the values that it shows and that its clause asks about. These have to be equal, to the byte; all
else is asked of as it is of exchanges that break nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from smscontract.catalogue import Catalogue
from smscontract.clauses.schema import SchemaDetail
from smscontract.documents import EACH, Rule
from smscontract.findings import Finding
from smscontract.json_text import ABSENT
from smscontract.kernel.checks import Check
from smscontract.kernel.matchers import Unsure

__all__ = ["broken_as", "same_values", "structure"]

#: Errors of one body, values of one object or array, and how deep they may be, of those that may be like others.
_ERRORS = 8
_MEMBERS = 64
_DEEP = 12
#: What is wrong with the members of an object: its other values are all one then.
_OF_NAMES = frozenset({"required", "additionalProperties", "propertyNames"})


def broken_as(errors: Iterable[Any], body: Any) -> Hashable:
    """Equal for bodies of one shape that fail to keep a schema at the same places in the same way, by equal values.

    Args:
        errors: as `iter_errors` of `jsonschema_rs` gives them for the body.

    Raises:
        Unsure: there are too many, or it is too large.
    """
    found = []
    for error in islice(errors, _ERRORS + 1):
        steps, word = tuple(error.instance_path), tuple(map(str, error.schema_path))
        value = None if word[-1] in _OF_NAMES else orjson.dumps(_at(body, steps))
        found.append((steps, word, value))
    if len(found) > _ERRORS:
        raise Unsure
    return tuple(sorted(found, key=repr)), structure(body)


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


def same_values(catalogue: Catalogue, findings: Iterable[Finding], got: Any, sent: Any) -> list[Check]:
    """Checks that what some findings say of an exchange is what they would say of another one that breaks the same.

    Raises:
        Unsure: they rest on more than values in the bodies.
    """
    places: dict[tuple[str, tuple[Any, ...]], None] = {}
    for finding in findings:
        clause = catalogue.clauses[finding.clause]
        if isinstance(clause.detail, SchemaDetail) and finding.part == "response body":
            places["got", tuple(_steps(finding.pointer, got))] = None
        elif isinstance(clause.detail, Rule) and clause.detail.kind == "then" and clause.family == "condition":
            places.update(dict.fromkeys(_asked(clause.detail)))
        else:
            raise Unsure
    return [_equal(root, steps, sent if root == "sent" else got) for root, steps in places]


def _asked(rule: Rule) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Where the values stand that a rule asks about."""
    for conditions in (rule.when, rule.then, rule.requires, rule.otherwise, rule.among, rule.across):
        for place, _ in conditions:
            if place.root in ("got", "sent"):
                steps = place.steps
                yield place.root, steps[: steps.index(EACH)] if EACH in steps else steps
            elif place.root not in ("code", "auth"):
                raise Unsure


def _steps(pointer: str, body: Any) -> Iterator[Any]:
    """The steps of a JSON Pointer to something in a body, or missing in it."""
    for text in pointer.split("/")[1:]:
        name = text.replace("~1", "/").replace("~0", "~")
        step = int(name) if isinstance(body, list) and name.isdecimal() else name
        yield step
        body = _at(body, (step,))


def _at(body: Any, steps: Iterable[Any]) -> Any:
    for step in steps:
        if (isinstance(body, list) and type(step) is int and step < len(body)) or (isinstance(body, dict) and step in body):
            body = body[step]
        else:
            return ABSENT
    return body


def _equal(root: str, steps: tuple[Any, ...], body: Any) -> Check:
    value = _at(body, steps)
    expected = orjson.dumps(value) if value is not ABSENT else None

    def check(got: Any, sent: Any, _: Any) -> bool:
        other = _at(sent if root == "sent" else got, steps)
        return (orjson.dumps(other) if other is not ABSENT else None) == expected

    return check
