"""Requests: what is described is accepted, what is not is refused; and rules that a request has to meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smscontract.clauses import acceptance
from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.conditions import expectation
from smscontract.clauses.enum import members_text
from smscontract.clauses.mutate import refusals_of, success_of, with_response
from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Skipped, Spot
from smscontract.clauses.reduction import Decided
from smscontract.clauses.requirement import RuleDetail, judge_rule
from smscontract.clauses.rules import rule_clause, set_place, unlike
from smscontract.clauses.validity import refused
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation, Rule, level_of
from smscontract.exchange import Auth, Exchange
from smscontract.findings import Level

__all__ = ["FAMILY", "KINDS", "break_", "clauses_of", "judge", "reduce"]

FAMILY = "request"
KINDS = ("requires",)


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
    decided_by_state = any(
        any(codes[0].startswith("2") for codes, _ in labels.values()) for labels in operation.states.values()
    )
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
    nodes = [
        (parameter.node, parameter.where == "path")
        for parameter in operation.parameters
        if parameter.name not in operation.states and parameter.where != "cookie"
    ]
    nodes += [(node, False) for node in (body.node.walk() if body is not None else ()) if node.path]
    for node, in_path in nodes:
        name = f"`{node.text}`"
        if not in_path:  # without it there is no request: the clause on the whole says it
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
    """Refusals are decided at once. Acceptance gives one fact for the whole request; `reduce` finds who is to blame."""
    if isinstance(clause.detail, RuleDetail):
        return judge_rule(clause.detail, view)
    detail: RequestDetail = clause.detail
    if detail.word == "accepts":
        return acceptance.acceptance(clause, view) if not detail.place else None
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


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """Blames each refused valid request on the place that no accepted request has shown alike."""
    yield from acceptance.reduce(clauses, facts)


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
