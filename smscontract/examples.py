"""An exchange (or the shortest history) that keeps a clause and one that breaks it: what `explain` shows and `prove` starts from.

Nothing here is remembered: examples are built from the document's own examples, changed until the clause is judged, and held
against the judge. What is returned keeps every clause on one side and breaks exactly the one on the other.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from smscontract.clauses import families
from smscontract.clauses.conditions import evaluate
from smscontract.clauses.mutate import (
    DELETE,
    body_of,
    dumped,
    first_example,
    refusal_of,
    success_of,
    with_request_body,
    with_response,
    with_response_body,
    with_value,
)
from smscontract.clauses.request import RequestDetail, RuleDetail
from smscontract.clauses.rules import set_place, wanted
from smscontract.clauses.schema import SchemaDetail
from smscontract.clauses.state import StateDetail
from smscontract.clauses.type import wrong_types
from smscontract.documents import Clause, Conditions, Node, Operation, Place, Rule
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request, Response, Wire
from smscontract.findings import Finding
from smscontract.json_text import UNKNOWN
from smscontract.judge import Judge, Judgement

__all__ = ["Example", "base_exchange", "broken_by", "example_of", "scenes"]

_START = 1772445600.0  # 2026-03-02T10:00:00Z: after the times in the documents' examples
_TOKEN = "example-token-0123456789"  # noqa: S105 - opens nothing


@dataclass(frozen=True, slots=True)
class Example:
    """Exchanges of which all keep every clause, and exchanges of which the last (or all together) break just the one."""

    keeps: tuple[Exchange, ...]
    breaks: tuple[Exchange, ...]


def _url(operation: Operation) -> str:
    path = operation.path
    for parameter in operation.parameters:
        if parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", str(parameter.example or "example"))
    return f"https://api.example.test{path}"


def _known(operation: Operation) -> dict[str, dict[str, Any]]:
    """What makes the request a valid one: each parameter in a state that is accepted, each number where a rule wants it."""
    known: dict[str, dict[str, Any]] = {}
    for parameter, labels in operation.states.items():
        for label, (codes, _) in labels.items():
            if any(code.startswith("2") for code in codes):
                known.setdefault(parameter, {"label": label, "state": label})
    for rule in operation.rules:
        for _, expected in rule.requires:
            if isinstance(expected, dict) and "in" in expected:
                _, parameter, label = str(expected["in"]).split(".")
                known[parameter] = {"label": label, "state": label}
    return known


def base_exchange(operation: Operation, *, answer: Any = None, sent: Any = None, step: int = 0) -> Exchange:
    """A valid request and the success that the document shows for it, as our own gate would record them.

    Args:
        operation: whose.
        answer: JSON body of the answer; default: the richest example.
        sent: JSON body of the request; default: the richest example that is small enough to be read.
        step: position in a history; a minute lies between two exchanges.
    """
    security = operation.security
    headers: list[tuple[str, str]] = [("accept", "application/json")]
    if security is not None and security.where == "header":
        headers.append((security.name, {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "") + _TOKEN))
    body = b""
    if operation.body is not None:
        value = sent if sent is not None else min(operation.body.examples.values(), key=lambda one: len(str(one)), default={})
        body = dumped(value)
        headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
    success = operation.success
    response_body = dumped(answer if answer is not None else first_example(success))
    status = int(success.key) if success is not None and success.key.isdecimal() else 200
    url = _url(operation)
    moment = _START + 60 * step
    return Exchange(
        request=Request(method=operation.method, url=url, headers=tuple(headers), body=body),
        response=Response(
            status=status,
            headers=(("content-type", "application/json"), ("content-length", str(len(response_body)))),
            body=response_body,
        ),
        origin=Origin(kind=OriginKind.LIVE, case=f"example-{step}", request=step + 1),
        sent_at=moment,
        received_at=moment + 0.2,
        auth=Auth.GOOD,
        known=_known(operation),
        wire=Wire.EXACT,
        own_record=True,
        operation=operation.key,
        path_parameters=operation.match_path(url),
    )


def findings_of(judge: Judge, exchanges: Sequence[Exchange]) -> tuple[list[Finding], list[Judgement], dict[str, int]]:
    """Everything that a list of exchanges breaks, what the judge said of each, and what their facts keep."""
    judgements = [judge.judge(exchange) for exchange in exchanges]
    reduced = judge.reduce(fact for judgement in judgements for fact in judgement.facts)
    found = [finding for judgement in judgements for finding in judgement.findings]
    return [*found, *reduced.findings], judgements, reduced.kept


def _judged(judge: Judge, clause: Clause, exchanges: Sequence[Exchange]) -> bool:
    """Whether a list of exchanges keeps everything, and this clause not only for lack of anything to judge."""
    findings, judgements, kept = findings_of(judge, exchanges)
    if findings:
        return False
    position = judge.catalogue.of_operation(clause.operation).index(clause)
    last = judgements[-1].signature
    return clause.id in kept or (last is not None and last.outcomes[position] in "kf")


def broken_by(judge: Judge, exchanges: Sequence[Exchange]) -> list[str]:
    """Ids of the clauses that a list of exchanges breaks, each once, sorted."""
    return sorted({finding.clause for finding in findings_of(judge, exchanges)[0]})


def example_of(judge: Judge, clause: Clause) -> Example | None:
    """The shortest example that we can find, or `None` where there is none."""
    module = families()[clause.family]
    operation = judge.catalogue.operations[clause.operation]
    for scene in scenes(judge, clause):
        if not _judged(judge, clause, scene):
            continue
        for broken in module.break_(clause, scene[:-1], scene[-1], operation):
            tail = module.expand(clause, broken, scene[-1]) if hasattr(module, "expand") else [broken]
            candidate = [*scene[:-1], *tail]
            if broken_by(judge, candidate) == [clause.id]:
                return Example(tuple(scene), tuple(candidate))
    return None


def scenes(judge: Judge, clause: Clause) -> Iterator[list[Exchange]]:
    """Lists of exchanges in which the clause may be judged and kept, shortest first; the caller holds them against the judge."""
    operation = judge.catalogue.operations[clause.operation]
    maker = _Maker(judge, operation)
    detail = clause.detail
    if isinstance(detail, SchemaDetail):
        yield from maker.schema(detail)
    elif isinstance(detail, RequestDetail):
        yield from maker.accepts(detail) if detail.word == "accepts" else maker.refuses(detail)
    elif isinstance(detail, RuleDetail):
        yield from maker.requirement(detail.rule)
    elif isinstance(detail, StateDetail):
        yield from maker.state(detail)
    elif isinstance(detail, Rule):
        yield from maker.rule(detail)
    elif clause.family == "auth":
        yield from maker.auth(str(detail))
    else:
        yield from ([one] for one in maker.successes())


class _Maker:
    """Builds scenes for one operation."""

    def __init__(self, judge: Judge, operation: Operation) -> None:
        self.judge = judge
        self.operation = operation

    def successes(self, step: int = 0) -> Iterator[Exchange]:
        document = self.operation.success
        for value in document.examples.values() if document is not None else ():
            fixed = self.repaired(base_exchange(self.operation, answer=value, step=step))
            if fixed is not None:
                yield fixed

    def refusals(self, step: int = 0) -> Iterator[Exchange]:
        """Requests without a credential, refused in each way that the document shows."""
        base = self.without_credential(base_exchange(self.operation, step=step))
        document = self.operation.refusal
        for value in document.examples.values() if document is not None else ():
            yield with_response_body(with_response(base, status=401), value)

    def without_credential(self, exchange: Exchange) -> Exchange:
        security = self.operation.security
        headers = tuple(pair for pair in exchange.request.headers or () if security is None or pair[0] != security.name)
        request = dataclasses.replace(exchange.request, headers=headers)
        return dataclasses.replace(exchange, request=request, auth=Auth.ABSENT)

    def repaired(self, exchange: Exchange) -> Exchange | None:
        """The exchange with its answer changed until it keeps everything, or `None`."""
        for _ in range(8):
            findings = self.judge.judge(exchange).findings
            if not findings:
                return exchange
            rule = self.judge.catalogue.clauses[findings[0].clause].detail
            if not isinstance(rule, Rule):
                return None
            changed = self.meet(exchange, rule.then) if rule.kind == "then" else self.equalised(exchange, rule)
            if changed is None:
                return None
            exchange = changed
        return None

    def equalised(self, exchange: Exchange, rule: Rule) -> Exchange | None:
        if rule.kind != "equal":
            return None
        view = self.judge.view(exchange)
        if view is None:
            return None
        left, right = rule.places[0], rule.places[1]
        source, target = (left, right) if right.root == "got" else (right, left)
        return set_place(exchange, target, view.places(source)[0][1])

    def candidates(self, place: Place, expected: Any) -> Iterator[Any]:
        """Values for a place: what the condition names, what the document lists or shows there, anything at all."""
        if not isinstance(expected, dict):
            yield from wanted(expected)
        if expected == {"is": "absent"}:
            yield DELETE
        node: Node | None = None
        samples: list[Any] = []
        if place.root == "got":
            documents = [one for one in self.operation.responses.values() if one.node is not None]
            roots = [one.node for one in documents if one.node is not None]
            samples = [value for one in documents for value in one.examples.values()]
        else:
            roots = [self.operation.body.node] if self.operation.body is not None else []
            samples = list(self.operation.body.examples.values()) if self.operation.body is not None else []
        for root in roots:
            node = root
            for step in place.steps:
                node = (node.items if step == "[*]" else node.properties.get(step)) if node is not None else None
            if node is not None:
                yield from node.enum or ()
                if node.nullable:
                    yield None
        for sample in samples:
            value = sample
            for step in place.steps:
                if step == "[*]":
                    value = value[0] if isinstance(value, list) and value else UNKNOWN
                else:
                    value = value.get(step, UNKNOWN) if isinstance(value, dict) else UNKNOWN
            if value is not UNKNOWN:
                yield copy.deepcopy(value)
        yield from wanted(expected)

    def meet(self, exchange: Exchange, conditions: Conditions) -> Exchange | None:
        """The exchange with each condition met, where a value for it can be found."""
        for place, expected in conditions:
            view = self.judge.view(exchange)
            if view is None:
                return None
            if evaluate(((place, expected),), view, every=True).truth is True and view.places(place):
                continue
            if place.root == "auth":
                continue
            if place.root == "code":
                exchange = set_place(exchange, place, expected[0] if isinstance(expected, list) else expected) or exchange
                continue
            for value in self.candidates(place, expected):
                changed = set_place(exchange, place, value)
                changed_view = self.judge.view(changed) if changed is not None else None
                if changed_view is not None and evaluate(((place, expected),), changed_view, every=True).truth is True:
                    exchange = changed or exchange
                    break
            else:
                return None
        return exchange

    def schema(self, detail: SchemaDetail) -> Iterator[list[Exchange]]:
        source = self.successes() if detail.key.startswith("2") else self.refusals()
        for exchange in source:
            yield [exchange]
            body = body_of(exchange)
            # An array without items shows nothing of its items: put the document's example there.
            for sample in detail.document.examples.values():
                if sample != body:
                    yield [with_response_body(exchange, sample)]

    def accepts(self, detail: RequestDetail) -> Iterator[list[Exchange]]:
        base = base_exchange(self.operation)
        if not detail.place or self.operation.body is None:
            yield [base]
            return
        samples = sorted(self.operation.body.examples.values(), key=lambda one: len(str(one)))
        least, richest = samples[0], samples[-1]
        value = richest.get(detail.place, "Grüße") if isinstance(richest, dict) else None
        first = base_exchange(self.operation, sent=least)
        variants: list[Any] = [value, "+442079460123", "Grüße, Zoë"] if isinstance(value, str) else [value]
        for one in variants:
            last = base_exchange(self.operation, sent={**least, detail.place: one}, step=1)
            yield [first, last]
            yield [first, self.renewed(last)]
        for other in richest:
            if other not in least and other != detail.place:
                middle = {**least, other: richest[other]}
                second = base_exchange(self.operation, sent=middle, step=1)
                yield [first, second, base_exchange(self.operation, sent={**middle, detail.place: value}, step=2)]

    def refuses(self, detail: RequestDetail) -> Iterator[list[Exchange]]:
        for exchange in self.invalid(detail):
            for status in (400, 422):
                document = self.operation.refusal
                for sample in document.examples.values() if document is not None else ({},):
                    yield [with_response_body(with_response(refusal_of(exchange, self.operation, status)), sample)]

    def invalid(self, detail: RequestDetail) -> Iterator[Exchange]:
        """Requests that break one place alone; the judge says whether they do."""
        body = self.operation.body
        if body is None or detail.node is None:
            if body is not None:
                yield with_request_body(base_exchange(self.operation), ["no", "object"])
            return
        samples = sorted(body.examples.values(), key=lambda one: len(str(one)))
        node = detail.node
        for sample in samples:
            base = base_exchange(self.operation, sent=sample)
            values: list[Any] = [DELETE] if node.required else []
            values += [*wrong_types(node, None), "no member of any list", "0", ""]
            for value in values:
                yield with_request_body(base, with_value(sample, node.path, value))

    def requirement(self, rule: Rule) -> Iterator[list[Exchange]]:
        """A request that breaks a rule and nothing else, refused as the rule says."""
        for sample in self.operation.body.examples.values() if self.operation.body is not None else ():
            base = base_exchange(self.operation, sent=sample)
            broken: list[Exchange | None] = []
            if rule.requires_relation is not None:
                _, (left, right) = rule.requires_relation
                value = sample
                for step in right.steps:
                    value = value.get(step) if isinstance(value, dict) else None
                broken.append(set_place(base, left, value) if value is not None else None)
            for _, expected in rule.requires:
                if isinstance(expected, dict) and "in" in expected:
                    _, parameter, label = str(expected["in"]).split(".")
                    other = {"label": f"not-{label}", "state": f"not-{label}"}
                    broken.append(dataclasses.replace(base, known={**base.known, parameter: other}))
            for one in broken:
                if one is None:
                    continue
                for example in (self.operation.refusal.examples.values() if self.operation.refusal is not None else ()):
                    refused = with_response_body(with_response(refusal_of(one, self.operation, 400)), example)
                    met = self.meet(refused, tuple((place, want) for place, want in rule.otherwise if place.root == "got"))
                    if met is not None:
                        yield [met]

    def state(self, detail: StateDetail) -> Iterator[list[Exchange]]:
        base = base_exchange(self.operation)
        known = {**base.known, detail.parameter: {"label": detail.label, "state": detail.label}}
        for code in detail.codes:
            one = dataclasses.replace(base, known=known)
            if code.startswith("2"):
                for success in self.successes():
                    yield [dataclasses.replace(success, known=known)]
            else:
                yield [refusal_of(one, self.operation, int(code) if code.isdecimal() else int(code[0]) * 100 + 9)]

    def auth(self, name: str) -> Iterator[list[Exchange]]:
        if name == "good":
            yield from ([one] for one in self.successes())
            return
        for refusal in self.refusals():
            if name == "wrong":
                request = base_exchange(self.operation).request
                yield [dataclasses.replace(refusal, request=request, auth=Auth.WRONG)]
            else:
                yield [refusal]

    def rule(self, rule: Rule) -> Iterator[list[Exchange]]:
        history = rule.kind in ("same", "fresh", "moves", "unique", "constant")
        steps = 1 if history else 0
        lasts = list(self.lasts(rule, steps))
        if not history:
            yield from ([one] for one in lasts)
            return
        for last in lasts:
            for first in self.successes():
                for between in self.between(rule):
                    yield from self.histories(rule, first, between, last)

    def histories(self, rule: Rule, first: Exchange, between: list[Exchange], last: Exchange) -> Iterator[list[Exchange]]:
        spent = {name: entry for name, entry in last.known.items() if name not in self.operation.states}
        last = dataclasses.replace(last, known=spent)
        if between:
            last = dataclasses.replace(last, sent_at=_START + 120, received_at=_START + 120.2, origin=dataclasses.replace(last.origin, request=3))
        yield [first, *between, last]
        renewed = last
        for place in rule.places:
            if place.root == "got":
                renewed = set_place(renewed, place, "another-value-1") or renewed
        yield [first, *between, renewed]
        yield [first, *between, self.other_scope(rule, last)]

    def other_scope(self, rule: Rule, exchange: Exchange) -> Exchange:
        """The exchange moved to another scope, with ids of its own."""
        for place in rule.per if all(place.root == "sent" for place in rule.per) else rule.places[:1]:
            if place.root == "sent":
                exchange = set_place(exchange, place, "+14155550142") or exchange
                break
        return self.renewed(exchange)

    def renewed(self, exchange: Exchange) -> Exchange:
        """The exchange with other ids wherever the contract asks for ids of one's own."""
        for rule in self.operation.rules:
            if rule.kind in ("unique", "fresh"):
                places = rule.places
            elif rule.kind == "same" and any(place.root == "got" for place in rule.per):
                places = rule.per
            else:
                continue
            for place in places:
                if place.root == "got":
                    exchange = set_place(exchange, place, f"another-{place.last}") or exchange
        return exchange

    def between(self, rule: Rule) -> Iterator[list[Exchange]]:
        if not rule.across:
            yield []
            return
        for clause in self.judge.catalogue.of_operation(self.operation.key):
            detail = clause.detail
            if isinstance(detail, RequestDetail) and detail.word == "refuses" and detail.place not in {place.last for place in rule.per}:
                for scene in self.refuses(detail):
                    refused = dataclasses.replace(
                        scene[0], sent_at=_START + 60, received_at=_START + 60.2, origin=Origin(kind=OriginKind.LIVE, case="example-1", request=2)
                    )
                    if not self.judge.judge(refused).findings:
                        yield [refused]
                        break

    def lasts(self, rule: Rule, step: int) -> Iterator[Exchange]:
        refusal = any(place.root == "code" and not str(expected if not isinstance(expected, list) else expected[0]).startswith("2") for place, expected in rule.when)
        for base in self.refusals(step) if refusal else self.successes(step):
            when = tuple(one for one in rule.when if not (refusal and one[0].root == "code"))
            met = self.meet(base, when)
            met = self.meet(met, rule.then) if met is not None and rule.kind == "then" else met
            fixed = self.repaired(met) if met is not None else None
            if fixed is not None:
                yield fixed
