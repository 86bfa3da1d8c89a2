"""What the families that come from rules share: the clause of a rule, and when a rule speaks of an exchange at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.clauses.conditions import accepted_scope, evaluate, tests_of
from smscontract.clauses.mutate import DELETE, body_of, with_request_body, with_response, with_response_body, with_value
from smscontract.clauses.outcomes import Skipped
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation, Place, Rule
from smscontract.exchange import Exchange
from smscontract.json_text import UNKNOWN

__all__ = [
    "Premise",
    "items_at",
    "node_at",
    "premise",
    "rule_clause",
    "set_place",
    "unlike",
    "unlike_at",
    "wanted",
]


def rule_clause(operation: Operation, rule: Rule, family: str, *, suffix: str = "", says: str = "") -> Clause:
    """The clause of a rule; family `hygiene` where the rule says so."""
    return Clause(
        id=f"{operation.key}/rule/{rule.name}{suffix}",
        provider=operation.provider,
        operation=operation.key,
        level=rule.level,
        family="hygiene" if rule.hygiene else family,
        says=says or rule.says,
        source=rule.source,
        detail=rule,
    )


#: `True`: the rule speaks; `None`: it does not; `Skipped`: it cannot be told.
Premise = bool | Skipped | None


def premise(rule: Rule, view: View) -> Premise:
    """Whether a rule on answers speaks of this exchange."""
    memo = view.memo
    if memo is None:
        return _premise(rule, view)
    key = (premise, tests_of(rule.when))  # nothing else of a rule matters here
    if key not in memo:
        memo[key] = _premise(rule, view)
    known: Premise = memo[key]
    return known


def _premise(rule: Rule, view: View) -> Premise:
    if not accepted_scope(rule, view):
        return None
    if view.accepted and view.validity == "invalid":
        # The finding is that it was accepted; what such an answer means, nobody has promised.
        return Skipped("the request should have been refused")
    met = evaluate(rule.when, view, every=False)
    if met.truth is None:
        return Skipped(_reason(view))
    return True if met.truth else None


def _reason(view: View) -> str:
    for part, why in view.exchange.missing.items():
        return f"{why}: {part}"
    return "not known from this exchange"


def wanted(expected: Any) -> Iterator[Any]:
    """Values that meet a matcher, simplest first; `DELETE` for absent. Nothing where we cannot think of one."""
    if isinstance(expected, dict):
        word, operand = next(iter(expected.items()))
        if word == "is":
            yield from ("given text", 1) if operand == "given" else (DELETE,)
        elif word == "not":
            yield from ("2026-03-02T09:15:01Z", "other", 7, None)
        elif word == "schema":
            yield from _examples_of(operand)
        return
    yield from expected if isinstance(expected, list) else [expected]


def _examples_of(schema: Any) -> Iterator[Any]:
    yield from schema.get("enum", [])
    if "const" in schema:
        yield schema["const"]
    yield from ("text", "+14155550123", 1, ["text"], [{"error": "CODE", "message": "text"}], {"a": "b"}, True)


def unlike(expected: Any) -> Iterator[Any]:
    """Values that do not meet a matcher."""
    if isinstance(expected, dict):
        word, operand = next(iter(expected.items()))
        if word == "is":
            yield from (DELETE,) if operand == "given" else ("unexpected", None)
        elif word == "not":
            yield from operand if isinstance(operand, list) else [operand]
        elif word == "schema":
            yield from ("", " ", "no", [], {}, 0, None, {"unexpected": "value"})
        return
    first = expected[0] if isinstance(expected, list) and expected else expected
    if first is None:
        yield from ("2026-03-02T09:15:01Z", "text", 7, {"unexpected": "value"})
    elif isinstance(first, bool):
        yield not first
    elif isinstance(first, str):
        yield from ("OTHER", "other", DELETE)
    else:
        yield from (7, "other")


def node_at(operation: Operation, place: Place) -> list[Node]:
    """The declared nodes that a place means: one for the request, one for each documented answer that has it."""
    if place.root == "sent":
        roots = [operation.body.node] if operation.body is not None else []
    else:
        roots = [
            document.node for document in operation.responses.values() if document.node is not None and place.root == "got"
        ]
    found = []
    for root in roots:
        node: Node | None = root
        for step in place.steps:
            node = (node.items if step == "[*]" else node.properties.get(step)) if node is not None else None
        if node is not None:
            found.append(node)
    return found


def unlike_at(operation: Operation, place: Place, expected: Any) -> Iterator[Any]:
    """As `unlike`, with other members of the place's own enum first, so that nothing else breaks."""
    for node in node_at(operation, place):
        yield from node.enum or ()
        if node.nullable:
            yield None
    if place.root == "got" and not place.steps and operation.success is not None:
        # What a success shows, where it has no business to be.
        yield from ({"detail": sample} for sample in operation.success.examples.values())
    yield from unlike(expected)


def items_at(exchange: Exchange, place: Place) -> bool:
    """Whether the array that a place with `[*]` goes through has items."""
    body = body_of(exchange, request=place.root == "sent")
    return bool(_lookup(body, list(place.steps[: place.steps.index("[*]")])))


def set_place(exchange: Exchange, place: Place, value: Any) -> Exchange | None:
    """The exchange with one place set; the first item stands for `[*]`. `None` where that cannot be done."""
    if place.root == "code":
        text = str(value)
        status = int(text) if text.isdecimal() else int(text[0]) * 100
        return with_response(exchange, status=status)
    if place.root not in ("got", "sent"):
        return None
    request = place.root == "sent"
    body = body_of(exchange, request=request)
    if not place.steps:
        changed = value
    else:
        steps: list[str | int] = [0 if step == "[*]" else step for step in place.steps]
        holder = body if body is not UNKNOWN else {}
        try:
            for index, step in enumerate(steps):
                if step == 0 and not _lookup(holder, steps[:index]):
                    holder = with_value(holder, steps[:index], [{}])
            changed = with_value(holder, steps, value)
        except (TypeError, LookupError):  # a body of another shape, which has no such place
            return None
    return with_request_body(exchange, changed) if request else with_response_body(exchange, changed)


def _lookup(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value if isinstance(value, list) else None
