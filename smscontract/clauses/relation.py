"""Relations between places of one exchange: equal, different, less, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

from smscontract.clauses.conditions import mask_at
from smscontract.clauses.mutate import body_of
from smscontract.clauses.outcomes import KEPT, Broken, Outcome, Spot
from smscontract.clauses.rules import premise, rule_clause, set_place
from smscontract.clauses.values import comparable, equal_values, kinds_of
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Place, Rule
from smscontract.exchange import Exchange
from smscontract.json_text import UNKNOWN, json_type
from smscontract.rfc3339 import format_time, timestamp

__all__ = ["FAMILY", "KINDS", "break_", "clauses_of", "holds", "judge", "outcome_of"]

FAMILY = "relation"
KINDS = ("equal", "differ", "less", "order")


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each rule with a relation."""
    for rule in operation.rules:
        if rule.kind in KINDS:
            yield rule_clause(operation, rule, FAMILY)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds(kind: str, left: Any, right: Any) -> bool | None:
    """Whether two operands are in a relation; `None` where one is absent, null or of another type."""
    if kind == "less":
        return left < right if _number(left) and _number(right) else None
    kinds = {"number" if json_type(one) == "integer" else json_type(one) for one in (left, right)}
    if len(kinds) > 1 or kinds & {"unknown", "null", "object", "array"}:
        return None
    return equal_values(left, right) == (kind == "equal")


def _time(value: Any) -> float | None:
    return float(value) if _number(value) else timestamp(value)


def judge(clause: Clause, view: View) -> Outcome:
    """Broken where both operands are there, of one type, and not in the relation."""
    rule: Rule = clause.detail
    speaks = premise(rule, view)
    if speaks is not True:
        return speaks or None
    return outcome_of(rule, view)


def outcome_of(rule: Rule, view: View) -> Outcome:
    """As `judge`, of an exchange that the rule speaks of."""
    if rule.kind == "order":
        return _order(rule, view)
    left_place, right_place = rule.places[0], rule.places[1]
    outcome: Outcome = None
    kinds = kinds_of(view, rule.places) if rule.kind != "less" else frozenset()
    for left_spot, left in view.places(left_place):
        for right_spot, right in view.places(right_place):
            answer = holds(rule.kind, comparable(left, kinds), comparable(right, kinds))
            if answer is None:
                continue
            outcome = outcome or KEPT
            if answer is False:
                words = {"equal": "equal to", "differ": "unlike", "less": "less than"}[rule.kind]
                what = "the same as" if rule.kind == "differ" else f"not {words}"
                at_fault, spot, value = (
                    (right_place, right_spot, right) if right_place.root == "got" else (left_place, left_spot, left)
                )
                return Broken(
                    message=f"`{left_place.text}` is {what} `{right_place.text}`",
                    spot=spot,
                    expected=f"`{left_place.text}` {words} `{right_place.text}`",
                    got=value,
                    mask=mask_at(view, at_fault),
                    uses=(left_spot, right_spot),
                )
    return outcome


def _order(rule: Rule, view: View) -> Outcome:
    times: list[tuple[Place, Spot, float, Any]] = []
    for place in rule.places:
        for spot, value in view.places(place):
            moment = _time(value)
            if moment is not None:
                times.append((place, spot, moment, value))
    if len(times) < 2:
        return None
    for earlier, later in combinations(times, 2):
        if earlier[0] is later[0]:
            continue
        if earlier[2] > later[2] + rule.skew:
            spot, value = (earlier[1], earlier[3]) if later[0].root == "at" else (later[1], later[3])
            return Broken(
                message=f"`{later[0].text}` is {earlier[2] - later[2]:.3f} s before `{earlier[0].text}`",
                spot=spot,
                expected=f"`{earlier[0].text}` not after `{later[0].text}`",
                got=value,
                uses=(earlier[1], later[1]),
            )
    return KEPT


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Operands changed so that the relation does not hold, in the answer where it can be."""
    rule: Rule = clause.detail
    if rule.kind == "order":
        yield from _break_order(rule, last)
        return
    body = body_of(last)
    for target, other in (rule.places, tuple(reversed(rule.places))):
        if target.root != "got":
            continue
        if rule.kind == "equal":
            current = _value(body, target)
            values: list[Any] = (
                [f"{current}-other", "some-other-id", f"{current}0"] if isinstance(current, str) else [987654321]
            )
        else:
            source = body if other.root == "got" else body_of(last, request=True) if other.root == "sent" else UNKNOWN
            values = [_value(source, other)]
        for value in values:
            changed = set_place(last, target, value)
            if changed is not None and value is not None:
                yield changed


def _value(body: Any, place: Place) -> Any:
    for step in place.steps:
        body = body.get(step) if isinstance(body, dict) else body[0] if isinstance(body, list) and body else None
    return body


def _break_order(rule: Rule, last: Exchange) -> Iterator[Exchange]:
    body = body_of(last)
    for earlier, later in pairwise(rule.places):
        anchor = last.received_at if later.root == "at" and later.steps == ("received",) else timestamp(_value(body, later))
        if anchor is not None:
            changed = set_place(last, earlier, format_time(anchor + rule.skew + 3600))
            if changed is not None:
                yield changed
        anchor = timestamp(_value(body, earlier))
        if anchor is not None and later.root == "got":
            changed = set_place(last, later, format_time(anchor - rule.skew - 3600))
            if changed is not None:
                yield changed
