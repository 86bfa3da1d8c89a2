"""What schemas and conditions ask of each single value of a body, so that values can be asked one by one.

The outcome of a schema for a body is a function of the names, sizes and types in it and of the outcomes of those parts of the
schema that are laid on its texts, numbers and the like. Who has the same structure as another, and the same outcome at each
part, has the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smscontract.documents import EACH, Conditions, Operation
from smscontract.kernel.matchers import Unsure

__all__ = ["Asked", "Steps", "ask", "asked_by_rules", "told"]

#: Names and indexes from the root of a body down.
Steps = tuple[str | int, ...]
#: The schemas that are laid on the values of one body.
Asked = dict[Steps, list[Any]]

#: Keywords that look at no more of an object or array than names, number and order of what is in it; or at nothing.
_STRUCTURE = frozenset({
    "type", "required", "propertyNames", "minProperties", "maxProperties", "minItems", "maxItems", "dependentRequired",
    "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "nullable",
    # asked of texts and numbers alone
    "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
})  # fmt: skip
_ALL = ("allOf", "anyOf", "oneOf")
_ONE = ("not", "if", "then", "else")
_OF_TEXTS_AND_NUMBERS = frozenset({
    "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
})  # fmt: skip
#: What says nothing of texts and numbers.
_VACUOUS = (_STRUCTURE - _OF_TEXTS_AND_NUMBERS - {"type"}) | {"properties", "items", "additionalProperties", "contains"}


def ask(schema: Any, value: Any, steps: Steps, found: Asked) -> None:  # noqa: PLR0912 - one branch for each keyword
    """Notes which parts of a schema are laid on which values.

    Raises:
        Unsure: it has a keyword whose way is not known.
    """
    if isinstance(schema, bool):
        return
    if type(value) is not dict and type(value) is not list:
        found.setdefault(steps, []).append(schema)
        return
    for word, operand in schema.items():
        if word in _ALL:
            for one in operand:
                ask(one, value, steps, found)
        elif word in _ONE:
            ask(operand, value, steps, found)
        elif word == "properties":
            for name, one in operand.items():
                if type(value) is dict and name in value:
                    ask(one, value[name], (*steps, name), found)
        elif word == "additionalProperties" and "patternProperties" not in schema:
            for name in value if type(value) is dict else ():
                if name not in schema.get("properties", {}):
                    ask(operand, value[name], (*steps, name), found)
        elif word in ("items", "contains") and "prefixItems" not in schema:
            for index, one in enumerate(value) if type(value) is list else ():
                ask(operand, one, (*steps, index), found)
        elif word not in _STRUCTURE and not word.startswith("x-") and not _never_equal(word, operand, value):
            raise Unsure


def _never_equal(word: str, operand: Any, value: Any) -> bool:
    """Whether the size of an object or array tells that it is none of the listed ones, or which one."""
    listed = {"enum": operand, "const": [operand]}.get(word)
    return isinstance(listed, list) and (not value or not any(isinstance(one, dict | list) and one for one in listed))


def asked_by_rules(operation: Operation, bodies: Mapping[str, Any]) -> dict[str, Asked]:
    """What all conditions of an operation ask of the values of an exchange.

    Args:
        bodies: `got`, `sent`, and `path`, an object.
    """
    found: dict[str, Asked] = {root: {} for root in bodies}
    several: list[Conditions] = [one.when for one in operation.undefined]
    for rule in operation.rules:
        several += [rule.when, rule.then, rule.requires, rule.otherwise, rule.among, rule.across]
    for conditions in several:
        for place, expected in conditions:
            schema = _schema(expected)
            if place.root not in bodies or schema is None:
                continue
            for steps, value in _reached(bodies[place.root], place.steps):
                ask(schema, value, steps, found[place.root])
    return found


def _schema(expected: Any) -> Any:
    """The schema whose outcome decides a condition; `None` where it is on structure alone."""
    if not isinstance(expected, dict):
        return {"enum": expected if isinstance(expected, list) else [expected]}
    word, operand = next(iter(expected.items()))
    if word in ("is", "in"):
        return None
    if word == "schema":
        return operand
    if word == "not":
        return {"enum": operand if isinstance(operand, list) else [operand]}
    raise Unsure


def _reached(body: Any, names: tuple[str, ...]) -> Iterable[tuple[Steps, Any]]:
    found: list[tuple[Steps, Any]] = [((), body)]
    for name in names:
        if name != EACH and name.isdecimal():
            raise Unsure
        below: list[tuple[Steps, Any]] = []
        for steps, value in found:
            if name == EACH:
                below += [((*steps, index), one) for index, one in enumerate(value)] if type(value) is list else []
            elif type(value) is dict and name in value:
                below.append(((*steps, name), value[name]))
        found = below
    return found


def told(schema: Any, types: frozenset[str], known: Mapping[str, Any]) -> bool | None:
    """What a schema says to each of some texts, or of some numbers; `None` if that may differ.

    Args:
        types: JSON Schema's names of the type that they all have.
        known: for a keyword, what it says to a given operand.
    """
    if isinstance(schema, bool):
        return schema
    answer: bool | None = True
    for word, operand in schema.items():
        one: bool | None
        if word in _VACUOUS or word.startswith("x-"):
            continue
        if word == "type":
            one = bool(types & ({operand} if isinstance(operand, str) else {*operand}))
        elif word in _ALL:
            several = [told(below, types, known) for below in operand]
            if word == "allOf":
                one = False if False in several else None if None in several else True
            elif word == "anyOf":
                one = True if True in several else None if None in several else False
            else:
                one = None if None in several else several.count(True) == 1
        elif word == "not":
            below = told(operand, types, known)
            one = None if below is None else not below
        else:
            one = known[word](operand) if word in known else None
        if one is False:
            return False
        if one is None:
            answer = None
    return answer
