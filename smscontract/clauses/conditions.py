"""The vocabulary of conditions: what a place must be. Answers are yes, no, or `None` where it cannot be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from smscontract.clauses.outcomes import Broken, Spot
from smscontract.clauses.schema import matches
from smscontract.clauses.values import declared, equal_values
from smscontract.clauses.view import View
from smscontract.documents import Conditions, Place, Rule, parse_place
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.mask import Kind

__all__ = [
    "Met",
    "Tests",
    "accepted_scope",
    "because_of",
    "broken_condition",
    "evaluate",
    "expectation",
    "known_label",
    "mask_at",
    "status_matches",
    "tests_of",
]


#: Whether a value is as asked; `None` where it cannot be told.
_Test = Callable[[Any, View], bool | None]


def status_matches(status: int, expected: Any) -> bool:
    """Whether a status is one of the listed ones: `401`, `4XX`, or a list."""
    return _has_status(_statuses(expected), status)


def known_label(known: Mapping[str, Any], label: str) -> bool:
    """Whether what is known of a value puts it under a label, or under its state (the label up to the first dash)."""
    return label in (known.get("label"), known.get("state"))


def _test_of(place: Place, expected: Any) -> _Test:
    """The function that tells whether a value is as a matcher asks, made once for each matcher."""
    if isinstance(expected, Mapping):
        word, operand = next(iter(expected.items()))
        if word == "in":
            return _test_in(operand)
        if word == "is":
            return lambda value, _: None if value is UNKNOWN else (value is ABSENT) == (operand == "absent")
        if word == "schema":
            text = json.dumps(operand)
            return lambda value, _: None if value is UNKNOWN else value is not ABSENT and matches(value, text)
        if place.root != "code":
            return _test_unlike(operand if isinstance(operand, list) else [operand])
        excluded = _statuses(operand)
        return lambda value, _: None if value is UNKNOWN else not _has_status(excluded, value)
    if place.root == "code":
        listed = _statuses(expected)
        return lambda value, _: None if value is UNKNOWN else _has_status(listed, value)
    return _test_like(expected if isinstance(expected, list) else [expected])


def _test_in(operand: str) -> _Test:
    known = parse_place(operand)
    parameter, label = known.steps[0], known.steps[1]

    def test(_: Any, view: View) -> bool | None:
        entry = view.exchange.known.get(parameter)
        return known_label(entry, label) if entry is not None and "label" in entry else None

    return test


def _test_unlike(excluded: Sequence[Any]) -> _Test:
    like = _test_like(excluded)
    absent = None not in excluded

    def test(value: Any, view: View) -> bool | None:
        if value is ABSENT:
            return absent
        answer = like(value, view)
        return None if answer is None else not answer

    return test


def _test_like(wanted: Sequence[Any]) -> _Test:
    if all(type(one) is str for one in wanted):
        texts = frozenset(wanted)
        return lambda value, _: None if value is UNKNOWN else isinstance(value, str) and value in texts

    def test(value: Any, _: View) -> bool | None:
        if value is UNKNOWN:
            return None
        return value is not ABSENT and any(equal_values(value, one) for one in wanted)

    return test


def _statuses(expected: Any) -> frozenset[str]:
    return frozenset(map(str, expected if isinstance(expected, list | tuple) else [expected]))


def _has_status(listed: frozenset[str], status: int) -> bool:
    return str(status) in listed or f"{status // 100}XX" in listed


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


class Met(NamedTuple):
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
    key = (tests_of(conditions), every)
    known: Met | None = memo.get(key)
    if known is None:
        known = memo[key] = _evaluate(conditions, view, every=every)
    return known


class Tests:
    """What conditions ask: one and the same object for all that say the same, so that it is asked once of an exchange.

    Attributes:
        each: the conditions, each with its test.
        sent: members of the request without any of which they do not hold.
    """

    def __init__(self, conditions: Conditions) -> None:
        self.each = tuple((place, expected, _test_of(place, expected)) for place, expected in conditions)
        self.sent = frozenset(
            place.steps[0]
            for place, expected in conditions
            if place.root == "sent" and len(place.steps) == 1 and not place.each and _wants_a_value(expected)
        )


def _wants_a_value(expected: Any) -> bool:
    """Whether what is absent is surely not as a matcher asks."""
    if not isinstance(expected, Mapping):
        return True
    word, operand = next(iter(expected.items()))
    return bool(word == "schema" or (word == "is" and operand != "absent"))


#: The tests of conditions, by their identity; the conditions beside them, so that no other ones are taken for them.
_TESTS: dict[int, tuple[Conditions, Tests]] = {}
#: The same by what the conditions say.
_SAID: dict[str, Tests] = {}


def tests_of(conditions: Conditions) -> Tests:
    """What conditions ask."""
    known = _TESTS.get(id(conditions))
    if known is None or known[0] is not conditions:
        if len(_TESTS) > 4096:
            _TESTS.clear()
            _SAID.clear()
        said = repr(conditions)
        if said not in _SAID:
            _SAID[said] = Tests(conditions)
        known = _TESTS[id(conditions)] = (conditions, _SAID[said])
    return known[1]


def _evaluate(conditions: Conditions, view: View, *, every: bool) -> Met:
    truth: bool | None = True
    uses: list[Spot] = []
    failed = None
    empty = False
    for place, expected, test in tests_of(conditions).each:
        spots = view.places(place)
        if len(spots) == 1:
            spot, value = spots[0]
            uses.append(spot)
            one = test(value, view)
        else:
            answers = [test(value, view) for _, value in spots]
            uses.extend(spot for spot, _ in spots)
            one = _together(answers, every=every or not place.each) if answers else every
            empty = empty or not answers
            if one is False and failed is None and answers:
                spot, value = spots[answers.index(False)]
        if one is False:
            if failed is None and spots:
                failed = (place, spot, value, expected)
            truth = False
        elif one is None and truth is True:
            truth = None
    return Met(truth, tuple(uses), failed, empty)


def _together(answers: Sequence[bool | None], *, every: bool) -> bool | None:
    """What the answers for several items come to: yes of each, or of at least one."""
    decides = not every
    return decides if decides in answers else None if None in answers else every


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
