"""Requests: what is described is accepted, what is not is refused; and rules that a request has to meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smscontract.clauses.base import KEPT, Broken, Fact, Outcome, Shown, Skipped, Spot, View
from smscontract.clauses.conditions import evaluate, expectation, status_matches
from smscontract.clauses.enum import members_text
from smscontract.clauses.mutate import refusals_of, success_of, with_response
from smscontract.clauses.reduction import Decided
from smscontract.clauses.rules import rule_clause, set_place, unlike
from smscontract.clauses.validity import refused, requirement_holds
from smscontract.documents import Clause, Node, Operation, Rule, level_of
from smscontract.exchange import Auth, Exchange
from smscontract.findings import Level
from smscontract.json_text import ABSENT, json_type

__all__ = ["FAMILY", "KINDS", "RequestDetail", "RuleDetail", "break_", "clauses_of", "features", "judge", "reduce"]

FAMILY = "request"
KINDS = ("requires",)


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """One place of a request; `node` is `None` for the request as a whole. `word` is `accepts` or `refuses`."""

    place: str
    node: Node | None
    word: str


@dataclass(frozen=True, slots=True)
class RuleDetail:
    """A rule with `requires`; `code` is true for the clause on the status."""

    rule: Rule
    code: bool


def _constraints(node: Node) -> str:
    words = ["required"] if node.required else []
    if node.types:
        words.append(" or ".join(sorted(node.types)))
    if node.enum is not None:
        words.append(f"one of {members_text(node.enum)}")
    words += [f"{name} `{node.raw[name]}`" for name in ("format", "pattern") if name in node.raw]
    return ", ".join([*words, *node.other])


def _refusable(node: Node, *, in_path: bool) -> bool:
    if in_path:
        return bool(node.types - {"string"} or node.enum or "pattern" in node.raw or node.other) and "string" not in node.types
    return bool(node.required or node.types or node.enum is not None or "pattern" in node.raw or node.other)


def _clause(operation: Operation, place: str, node: Node, word: str, says: str) -> Clause:
    return Clause(
        id=f"{operation.key}/request/{place}:{word}" if place else f"{operation.key}/request:{word}",
        provider=operation.provider,
        operation=operation.key,
        level=node.level(word),
        family=FAMILY,
        says=says,
        source=node.source(word),
        detail=RequestDetail(place, node if place else None, word),
    )


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """An *accepts* and a *refuses* clause for each place, and two clauses for each rule with `requires`."""
    body = operation.body
    decided_by_state = any(any(codes[0].startswith("2") for codes, _ in labels.values()) for labels in operation.states.values())
    if body is not None:
        yield _clause(operation, "", body.node, "accepts", "a request as described is accepted")
        yield _clause(operation, "", body.node, "refuses", "a request whose body is no JSON object is refused")
    elif not decided_by_state:
        yield Clause(
            id=f"{operation.key}/request:accepts",
            provider=operation.provider,
            operation=operation.key,
            level=level_of(operation.inherited.source, lowered=operation.inherited.lowered),
            family=FAMILY,
            says="a request as described is accepted",
            source=operation.inherited.source,
            detail=RequestDetail("", None, "accepts"),
        )
    nodes = [(parameter.node, parameter.where == "path") for parameter in operation.parameters if parameter.name not in operation.states]
    nodes += [(node, False) for node in (body.node.walk() if body is not None else ()) if node.path]
    for node, in_path in nodes:
        name = f"`{node.text}`"
        yield _clause(operation, node.text, node, "accepts", f"a request with {name} as described is accepted")
        if _refusable(node, in_path=in_path):
            says = f"a request whose {name} is not as described is refused ({_constraints(node)})"
            yield _clause(operation, node.text, node, "refuses", says)
    for rule in operation.rules:
        if rule.kind in KINDS:
            yield from _rule_clauses(operation, rule)


def _rule_clauses(operation: Operation, rule: Rule) -> Iterator[Clause]:
    base = rule_clause(operation, rule, FAMILY)
    yield Clause(
        id=base.id,
        provider=base.provider,
        operation=base.operation,
        level=base.level,
        family=base.family,
        says=base.says,
        source=base.source,
        detail=RuleDetail(rule, code=False),
    )
    codes = next((expected for place, expected in rule.otherwise if place.root == "code"), None)
    quoted = any(place.root != "code" for place, _ in rule.otherwise)
    # Without quoted members "any 4xx" is what "not accepted" means already; a clause of its own could not be broken alone.
    if codes is not None and (quoted or codes != "4XX"):
        yield Clause(
            id=f"{base.id}:code",
            provider=base.provider,
            operation=base.operation,
            level=Level.SHOULD,
            family=base.family,
            says=f"{rule.says}: the status is {expectation(codes)}",
            source=base.source,
            detail=RuleDetail(rule, code=True),
        )


def judge(clause: Clause, view: View) -> Outcome:
    """Refusals are decided at once. Acceptance gives one fact for the whole request; `reduce` finds the place that is to blame."""
    if isinstance(clause.detail, RuleDetail):
        return _judge_rule(clause.detail, view)
    detail: RequestDetail = clause.detail
    if detail.word == "accepts":
        return _acceptance(clause, view) if not detail.place else None
    return _refusal(detail, view)


def _refusal(detail: RequestDetail, view: View) -> Outcome:
    assessment = view.assessment
    problem = assessment.violations.get(detail.place)
    if problem is None or assessment.undefined:
        return None
    answer = refused(view)
    if answer is None:
        return Skipped("no answer that says something of the request")
    if view.exchange.auth in (Auth.ABSENT, Auth.WRONG):
        return None
    if answer is False:
        name = f"`{detail.place}`" if detail.place else "the body"
        return Broken(
            message=f"the request was accepted although {name} is {problem}",
            spot=Spot("status"),
            expected="a 4xx",
            got=view.status,
        )
    if assessment.causes > 1:
        return Skipped("refused, but there was another reason too")
    return KEPT


def features(view: View) -> tuple[tuple[str, str], ...]:
    """What a valid request shows of each place: that it is given or absent, and the coarse shape of its value."""
    found: list[tuple[str, str]] = []
    for node in view.operation.body.node.walk() if view.operation.body is not None else ():
        if not node.path:
            continue
        for _, value in view.sent_index.get(node.path, ())[:1]:
            if value is ABSENT:
                found.append((node.text, "absent"))
                continue
            found.append((node.text, "given"))
            found.extend((node.text, shape) for shape in _shapes(value, node))
    for parameter in view.operation.parameters:
        if parameter.where == "query":
            given = parameter.name in view.query
            found.append((parameter.node.path[0], "given" if given else "absent"))
    return tuple(found)


def _shapes(value: Any, node: Node) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, str):
        if node.enum is not None:
            yield f"member {value}"
        if len(value) > 160:
            yield "long"
        if not value.isascii():
            yield "beyond ASCII"
        if "pattern" in node.raw:
            yield f"begins {value[:3]}"
    elif isinstance(value, int | float):
        yield "fraction" if json_type(value) == "number" else "whole"
    elif isinstance(value, dict):
        yield "empty" if not value else "nested" if any(isinstance(one, dict | list) for one in value.values()) else "flat"


def _acceptance(clause: Clause, view: View) -> Outcome:
    if view.validity != "valid":
        return Skipped(view.assessment.reason) if view.validity is None else None
    if not view.exchange.own_record:
        return Skipped("state of the account unknown")
    answer = refused(view)
    if answer is None:
        return Skipped("no answer that says something of the request")
    if view.status == 401 or (view.status == 403 and view.operation.security is not None and view.operation.states):
        return Skipped("refused for its credential")
    fact = Fact(
        clause=clause.id,
        scope=(),
        start=view.exchange.sent_at,
        end=view.exchange.received_at,
        origin=view.exchange.origin,
        values={"accepted": not answer, "features": features(view), "status": view.status},
        spot=Spot("status"),
    )
    return Shown((fact,))


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """Blames each refused valid request on the place that no accepted request has shown alike.

    A place whose value of that kind was accepted elsewhere is innocent. Where several places are left, the one that explains
    most refusals is blamed; where none is, the request as a whole.
    """
    base = next(identity for identity, clause in clauses.items() if clause.detail == RequestDetail("", None, "accepts"))
    prefix = base.removesuffix(":accepts")
    ordered = sorted(facts, key=Fact.sort_key)
    shown = {feature for fact in ordered if fact.values["accepted"] for feature in fact.values["features"]}
    for fact in ordered:
        if fact.values["accepted"]:
            yield Decided(base, fact, KEPT)
    for place in sorted({place for place, shape in shown if shape == "given"}):
        identity = f"{prefix}/{place}:accepts"
        if identity in clauses:
            first = next(fact for fact in ordered if fact.values["accepted"] and (place, "given") in fact.values["features"])
            yield Decided(identity, first, KEPT)
    refusals = [fact for fact in ordered if not fact.values["accepted"]]
    suspects = {id(fact): {place for place, _ in set(fact.values["features"]) - shown} if shown else set() for fact in refusals}
    left = list(refusals)
    while left:
        places = sorted({place for fact in left for place in suspects[id(fact)]})
        if not places:
            for fact in left:
                message = "a valid request was refused" if not shown else "a valid request was refused, though each part was accepted elsewhere"
                yield Decided(base, fact, _refused(fact, message))
            return
        # A request with a single suspect convicts it; otherwise whoever explains most, the first by name of equals.
        convicted = sorted(place for fact in left if len(suspects[id(fact)]) == 1 for place in suspects[id(fact)])
        blamed = convicted[0] if convicted else max(places, key=lambda place: sum(place in suspects[id(fact)] for fact in left))
        identity = f"{prefix}/{blamed}:accepts"
        for fact in [fact for fact in left if blamed in suspects[id(fact)]]:
            left.remove(fact)
            if identity in clauses:
                yield Decided(identity, fact, _refused(fact, f"a valid request with this `{blamed}` was refused"))


def _refused(fact: Fact, message: str) -> Broken:
    return Broken(message=message, spot=fact.spot, expected="a success", got=fact.values["status"])


def _judge_rule(detail: RuleDetail, view: View) -> Outcome:  # noqa: PLR0911 - a ladder of reasons not to judge
    rule = detail.rule
    assessment = view.assessment
    members = tuple((place, expected) for place, expected in rule.otherwise if place.root != "code")
    answer = refused(view)
    if assessment.undefined or answer is None or view.exchange.auth in (Auth.ABSENT, Auth.WRONG):
        return None
    if answer is False and rule.name in assessment.rules and members and evaluate(members, view, every=False).truth is True:
        # Refused in so many words, under the status of a success: the status is what is wrong.
        if not detail.code:
            return KEPT
        codes = next(expected for place, expected in rule.otherwise if place.root == "code")
        body = Spot("response body")
        return Broken(message="the refusal has the status of a success", spot=Spot("status"), expected=expectation(codes), got=view.status, uses=(body,))
    if rule.name in assessment.unknown_rules:
        return Skipped("not known from this exchange", "give `--resources` that say it")
    if rule.name not in assessment.rules:
        holds = requirement_holds(rule, view)
        if not rule.only or detail.code or not members or answer is False or holds is not True:
            return None
        met = evaluate(members, view, every=False)
        if met.truth is not True:
            return KEPT if met.truth is False else None
        spot = met.uses[0] if met.uses else Spot("response body")
        return Broken(message="refused for this rule although the request keeps it", spot=spot, expected="another answer", got=view.status)
    if answer is False:
        if detail.code:
            return None
        return Broken(
            message="the request was accepted although it breaks this rule", spot=Spot("status"), expected="a 4xx", got=view.status
        )
    if assessment.causes > 1 or assessment.unknown_rules or (view.status in (401, 403, 404) and view.exchange.auth is None):
        return Skipped("refused, but there may be another reason")
    if detail.code:
        codes = next(expected for place, expected in rule.otherwise if place.root == "code")
        if view.status is not None and status_matches(view.status, codes):
            return KEPT
        return Broken(message="the refusal has another status", spot=Spot("status"), expected=expectation(codes), got=view.status)
    met = evaluate(members, view, every=False)
    if met.truth is False:
        place, expected = members[0]
        spot, value = (view.places(place) or [(Spot(place.part), ABSENT)])[0]
        failed = met.failed
        if failed is not None:
            place, spot, value, expected = failed
        return Broken(
            message=f"`{place.text}` of the refusal is not as promised",
            spot=spot,
            expected=expectation(expected),
            got=None if value is ABSENT else value,
            uses=met.uses,
        )
    return KEPT if met.truth else Skipped("response body unreadable")


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """What should be refused is accepted and the other way round; a refusal that does not say what is promised."""
    detail = clause.detail
    if isinstance(detail, RuleDetail):
        if detail.code:
            yield with_response(last, status=200)
            yield with_response(last, status=402)
            return
        for place, expected in detail.rule.otherwise:
            if place.root == "got":
                for value in unlike(expected):
                    changed = set_place(last, place, value)
                    if changed is not None and last.response is not None and last.response.status >= 400:
                        yield changed
        yield success_of(last, operation)
        return
    if detail.word == "accepts":
        yield from refusals_of(last, operation, 400)
    else:
        yield success_of(last, operation)
