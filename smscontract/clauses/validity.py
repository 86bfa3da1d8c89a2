"""Whether a request was valid: computed from its own bytes, never remembered from a generator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from smscontract.clauses import enum, schema
from smscontract.clauses import format as formats
from smscontract.clauses.compiled import compiled_schema
from smscontract.clauses.conditions import evaluate, known_label, status_matches, tests_of
from smscontract.clauses.relation import holds
from smscontract.clauses.values import comparable, equal_values, kinds_of
from smscontract.clauses.view import Assessment, View
from smscontract.documents import Node, Parameter, RequestBody, Rule
from smscontract.exchange import Auth
from smscontract.json_text import ABSENT, UNKNOWN, Flaw

__all__ = ["assess", "problem_of", "refused", "requirement_holds"]

#: Flaws of a request body that some servers rightly read all the same: nobody knows whether they are refused.
_TOLERATED = (Flaw.BOM, Flaw.DUPLICATE, Flaw.CONSTANT, Flaw.SURROGATE, Flaw.DEPTH, Flaw.ENCODING)


#: Escapes in a path of what needs none. RFC 3986, section 6.2.2.2, has them mean the same, but not every server resolves them.
_ESCAPED = re.compile(r"%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE)


def problem_of(node: Node, value: Any) -> str | None:
    """Why a value of a request is not as described, or `None`."""
    if value is ABSENT:
        return "missing" if node.required else None
    if value is None:
        return "null" if node.nullable is False else None
    if not schema.is_type(value, node):
        return "of another type"
    if node.enum is not None and not enum.is_member(value, node.enum):
        return "none of the listed values"
    if "const" in node.raw and not equal_values(value, node.raw["const"]):
        return "not the only allowed value"
    keywords = [
        name for name in ("format", "pattern") if name in node.raw and (name != "format" or node.raw[name] in formats.FORMATS)
    ]
    for keyword in (*keywords, *node.other):
        if formats.keyword_problem(node, keyword, value) is not None:
            return f"against its `{keyword}`"
    return None


def _parameter_value(parameter: Parameter, text: Any) -> Any:
    """A parameter's text as the JSON value that its type means."""
    types = parameter.node.types
    if not isinstance(text, str) or "string" in types or not types:
        return text
    try:
        if "integer" in types:
            return int(text)
        if "number" in types:
            return float(text)
    except ValueError:
        return text
    return {"true": True, "false": False}.get(text, text) if "boolean" in types else text


def _violations(view: View) -> Iterator[tuple[str, str]]:
    for parameter in view.operation.parameters:
        if parameter.where == "cookie":
            continue
        value = view.parameter(parameter)
        if value is UNKNOWN or (value is ABSENT and parameter.where == "path"):
            continue
        problem = problem_of(parameter.node, _parameter_value(parameter, value))
        if problem is not None:
            yield parameter.node.path[0], problem
    if view.operation.body is not None:
        yield from _violations_of_body(view, view.operation.body)


def _violations_of_body(view: View, body: RequestBody) -> Iterator[tuple[str, str]]:
    if view.sent is ABSENT:
        if body.required:
            yield "", "missing"
        return
    if view.sent is UNKNOWN:
        parsed = view.sent_parsed
        if parsed is not None and not any(flaw in _TOLERATED for flaw in parsed.flaws):
            yield "", "not JSON"
        return
    if _quickly_kept(body.node, view.sent):
        return
    for node in body.node.walk():
        for _, value in view.sent_index.get(node.path, ()):
            problem = problem_of(node, value)
            if problem is not None:
                yield node.text, problem
                break


def _quickly_kept(node: Node, sent: Any) -> bool:
    """Whether a body surely has no problem at any of its places."""
    validator = _validator(node)
    try:
        return validator is not None and bool(validator.is_valid(sent))
    except (ValueError, OverflowError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _validator(node: Node) -> Any:
    """For all places of a body at once; `None` where null is refused at a place of any type, which no keyword says."""
    if any(one.nullable is False and not one.types for one in node.walk()):
        return None
    return jsonschema_rs.validator_for(compiled_schema(node), validate_formats=True)


def requirement_holds(rule: Rule, view: View) -> bool | None:
    """Whether the `requires` of a rule holds; `None` where an operand is absent, null, of another type or unknown."""
    if rule.when:
        met = evaluate(rule.when, view, every=False)
        if met.truth is not True:
            return None
    if rule.requires_relation is not None:
        word, (left, right) = rule.requires_relation
        (_, left_value), (_, right_value) = view.places(left)[0], view.places(right)[0]
        kinds = kinds_of(view, (left, right))
        return holds(word, comparable(left_value, kinds), comparable(right_value, kinds))
    for place, _ in rule.requires:
        for _, value in view.places(place):
            if place.root != "auth" and value in (ABSENT, None):
                return None
    return evaluate(rule.requires, view, every=True).truth


def _odd_form(view: View) -> str | None:
    """What about the form of the request nobody has said anything of."""
    if _ESCAPED.search(view.exchange.request.url.partition("?")[0]):
        return "an escaped path"
    body = view.operation.body
    if body is None or view.sent is ABSENT:
        return None
    parsed = view.sent_parsed
    if parsed is not None and any(flaw in _TOLERATED for flaw in parsed.flaws):
        return "odd JSON"
    kind = view.content_type_sent
    if kind is not None and kind not in body.content_types and "*/*" not in body.content_types:
        return "another content type"
    return None


def assess(view: View) -> Assessment:
    """The validity of a request. Never raises."""
    undefined, unsure = _undefined(view)
    violations = dict(_violations(view))
    broken, unknown = _requirements(view, violations)
    refused_states, state_unknown = _states(view)
    reason = ""
    validity: str | None
    if undefined:
        validity = "undefined"
    elif violations or broken or refused_states or view.exchange.auth in (Auth.ABSENT, Auth.WRONG):
        validity = "invalid"
    elif view.sent is UNKNOWN and view.operation.body is not None:
        validity, reason = None, "request body missing"
    elif view.exchange.auth is None and view.operation.security is not None:
        validity, reason = None, "credential unknown"
    elif unknown or state_unknown:
        validity, reason = None, "state of the account unknown"
    elif unsure or _unread(view):
        validity, reason = None, "not known from this exchange"
    else:
        validity = "valid"
    return Assessment(
        validity=validity,
        violations=violations,
        rules=broken,
        unknown_rules=unknown,
        states=refused_states,
        undefined=undefined,
        unsure=unsure,
        reason=reason,
    )


def _undefined(view: View) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entries under `undefined:` that the request meets, and those of which it cannot be told."""
    given: Any = view.sent if isinstance(view.sent, dict) else None
    truths = {
        one.name: evaluate(one.when, view, every=False).truth
        for one in view.operation.undefined
        if given is None or given.keys() >= tests_of(one.when).sent
    }
    odd = _odd_form(view)
    met = [name for name, truth in truths.items() if truth] + ([odd] if odd is not None else [])
    return tuple(met), tuple(name for name, truth in truths.items() if truth is None)


def _unread(view: View) -> bool:
    """Whether a parameter is constrained and not known."""
    return any(
        view.parameter(parameter) is UNKNOWN
        for parameter in view.operation.parameters
        if parameter.where in ("query", "header") and parameter.required
    )


def _requirements(view: View, violations: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rules whose `requires` does not hold, and those of which it cannot be told."""
    broken: list[str] = []
    unknown: list[str] = []
    for rule in view.operation.rules:
        if rule.kind != "requires":
            continue
        touched = [place for place, _ in rule.requires] + list(rule.requires_relation[1] if rule.requires_relation else ())
        if any(place.root == "sent" and "/".join(place.steps) in violations for place in touched):
            continue
        answer = requirement_holds(rule, view)
        if answer is False:
            broken.append(rule.name)
        elif answer is None and _unknowable(rule, view):
            unknown.append(rule.name)
    return tuple(broken), tuple(unknown)


def _states(view: View) -> tuple[tuple[str, ...], bool]:
    """Parameters whose state has to be refused, and whether one's state is not known."""
    refused_states: list[str] = []
    state_unknown = False
    for parameter, labels in view.operation.states.items():
        known = view.exchange.known.get(parameter)
        codes = next((codes for label, (codes, _) in labels.items() if known is not None and known_label(known, label)), None)
        if codes is None:
            state_unknown = True
        elif not any(code.startswith("2") for code in codes):
            refused_states.append(parameter)
    for one in view.operation.parameters:
        # Whether there is such a thing, only somebody who knows the target can say.
        if one.where == "path" and one.name not in view.operation.states and one.name not in view.exchange.known:
            state_unknown = True
    return tuple(refused_states), state_unknown


def _unknowable(rule: Rule, view: View) -> bool:
    """Whether a requirement has no answer because something is not known, rather than because an operand is not there."""
    if rule.requires_relation is not None:
        return any(value is UNKNOWN for place in rule.requires_relation[1] for _, value in view.places(place))
    for place, _ in rule.requires:
        if place.root != "auth" and any(value in (ABSENT, None) for _, value in view.places(place)):
            return False
    return True


def refused(view: View) -> bool | None:
    """Whether the answer is a refusal that says something of the request: a 4xx neither about the rate nor about time."""
    if view.status is None:
        return None
    if view.accepted:
        return False
    return True if status_matches(view.status, "4XX") and view.status not in (408, 425, 429) else None
