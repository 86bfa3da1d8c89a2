"""The vocabulary of conditions: what a place must be. Answers are yes, no, or `None` where it cannot be told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smscontract.clauses.base import Broken, Spot, View
from smscontract.clauses.schema import matches
from smscontract.clauses.values import declared, equal_values
from smscontract.documents import Conditions, Place, Rule, parse_place
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.mask import Kind

__all__ = [
    "Met",
    "accepted_scope",
    "because_of",
    "broken_condition",
    "evaluate",
    "expectation",
    "known_label",
    "mask_at",
    "status_matches",
]


def status_matches(status: int, expected: Any) -> bool:
    """Whether a status is one of the listed ones: `401`, `4XX`, or a list."""
    listed = expected if isinstance(expected, list | tuple) else [expected]
    return any(str(one) in (str(status), f"{status // 100}XX") for one in listed)


def known_label(known: Mapping[str, Any], label: str) -> bool:
    """Whether what is known of a value puts it under a label, or under its state (the label up to the first dash)."""
    return label in (known.get("label"), known.get("state"))


def _matches(value: Any, expected: Any, place: Place, view: View) -> bool | None:
    if type(expected) is not str and isinstance(expected, Mapping):
        word, operand = next(iter(expected.items()))
        if word == "in":
            known = parse_place(operand)
            entry = view.exchange.known.get(known.steps[0])
            return known_label(entry, known.steps[1]) if entry is not None and "label" in entry else None
        if value is UNKNOWN:
            return None
        if word == "is":
            return bool((value is ABSENT) == (operand == "absent"))
        if word == "schema":
            return value is not ABSENT and matches(value, _text_of(operand))
        excluded = operand if isinstance(operand, list) else [operand]
        if value is ABSENT:
            return None not in excluded
        if place.root == "code":
            return not status_matches(value, excluded)
        return not any(equal_values(value, one) for one in excluded)
    if value is UNKNOWN:
        return None
    if value is ABSENT:
        return False
    if place.root == "code":
        return status_matches(value, expected)
    return any(equal_values(value, one) for one in (expected if isinstance(expected, list) else [expected]))


#: The text of each schema in a rule, by its identity; the schema beside it, so that no other one is taken for it.
_TEXTS: dict[int, tuple[Any, str]] = {}


def _text_of(schema: Any) -> str:
    known = _TEXTS.get(id(schema))
    if known is None or known[0] is not schema:
        if len(_TEXTS) > 4096:
            _TEXTS.clear()
        known = _TEXTS[id(schema)] = (schema, json.dumps(schema))
    return known[1]


def expectation(expected: Any) -> str:
    """What a matcher asks for, in words."""
    if isinstance(expected, Mapping):
        word, operand = next(iter(expected.items()))
        if word == "not" and operand is None:
            return "a value that is not null"
        if word == "not":
            return f"anything but {_listed(operand)}"
        if word == "is":
            return "given" if operand == "given" else "no such member"
        if word == "in":
            return f"one of `{operand}`"
        return f"a value that keeps {json.dumps(operand)}"
    return _listed(expected)


def _listed(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join(f"`{one}`" if isinstance(one, str) else f"`{json.dumps(one)}`" for one in values)


@dataclass(frozen=True, slots=True)
class Met:
    """How conditions were met: the truth, the spots used, and the first spot that failed."""

    truth: bool | None
    uses: tuple[Spot, ...] = ()
    failed: tuple[Place, Spot, Any, Any] | None = None
    empty: bool = False


_NOTHING = Met(truth=True)


def evaluate(conditions: Conditions, view: View, *, every: bool) -> Met:
    """Whether all conditions hold. With `[*]`, `every` asks it of each item, else of at least one."""
    if not conditions:
        return _NOTHING
    memo = view.memo
    if memo is None:
        return _evaluate(conditions, view, every=every)
    key = (id(conditions), every)
    known: tuple[Conditions, Met] | None = memo.get(key)  # beside what it is of, so that nothing else has its identity
    if known is None:
        known = memo[key] = (conditions, _evaluate(conditions, view, every=every))
    return known[1]


def _evaluate(conditions: Conditions, view: View, *, every: bool) -> Met:
    truth: bool | None = True
    uses: list[Spot] = []
    failed = None
    empty = False
    for place, expected in conditions:
        spots = view.places(place)
        if len(spots) == 1:
            spot, value = spots[0]
            uses.append(spot)
            answer = _matches(value, expected, place, view)
            if answer is False and failed is None:
                failed = (place, spot, value, expected)
            truth = False if truth is False or answer is False else None if truth is None or answer is None else True
            continue
        answers = [(_matches(value, expected, place, view), spot, value) for spot, value in spots]
        uses.extend(spot for _, spot, _ in answers)
        if not answers:
            empty = True
            one: bool | None = every
        elif every or not place.each:
            one = (
                False
                if any(answer is False for answer, _, _ in answers)
                else None
                if any(a is None for a, _, _ in answers)
                else True
            )
        else:
            one = True if any(answer for answer, _, _ in answers) else None if any(a is None for a, _, _ in answers) else False
        if one is False and failed is None and answers:
            spot, value = next((spot, value) for answer, spot, value in answers if answer is False)
            failed = (place, spot, value, expected)
        truth = False if truth is False or one is False else None if truth is None or one is None else True
    return Met(truth, tuple(uses), failed, empty)


def accepted_scope(rule: Rule, view: View) -> bool:
    """Whether a rule on answers speaks of this exchange at all: of successes, unless its `when` names the status."""
    if view.status is None:
        return False
    return view.accepted or any(place.root == "code" for place, _ in rule.when)


def mask_at(view: View, place: Place) -> Kind | None:
    """The kind of secret at a place, from the document."""
    if place.root in ("sent", "got"):
        node = declared(view, place)
        # What the document does not know may be anything.
        return node.mask if node is not None else "text"
    if place.root == "header":
        return "secret"
    return None


def broken_condition(met: Met, view: View, because: str) -> Broken:
    """The finding for conditions that do not hold."""
    if met.failed is None:
        message = "the conditions do not hold"
        return Broken(message=message, spot=Spot("response body"), expected=because, got=None, uses=met.uses)
    place, spot, value, expected = met.failed
    message = f"`{place.text}` is {'missing' if value is ABSENT else 'not as promised'}"
    return Broken(
        message=message + (f", because {because}" if because else ""),
        spot=spot,
        expected=expectation(expected),
        got=value,
        mask=mask_at(view, place),
        uses=met.uses,
    )


def because_of(conditions: Conditions) -> str:
    """The premise in words."""
    return " and ".join(f"`{place.text}` is {expectation(expected)}" for place, expected in conditions)
