"""Scenes with one request: what the answer's schema, the request's places, its state and its credential decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.mutate import (
    DELETE,
    body_of,
    refusal_of,
    value_at,
    with_request_body,
    with_response,
    with_response_body,
    with_value,
)
from smscontract.clauses.rules import set_place
from smscontract.clauses.schema import SchemaDetail
from smscontract.clauses.state import StateDetail
from smscontract.clauses.type import wrong_types
from smscontract.documents import Parameter, Rule
from smscontract.examples.base import base_exchange
from smscontract.examples.stage import Stage
from smscontract.exchange import Auth, Exchange

__all__ = ["Requests", "with_parameter"]


def with_parameter(exchange: Exchange, parameter: Parameter, text: str) -> Exchange:
    """The exchange with a parameter of query or header set."""
    request = exchange.request
    if parameter.where == "query":
        joint = "&" if "?" in request.url else "?"
        changed = dataclasses.replace(request, url=f"{request.url}{joint}{quote(parameter.name)}={quote(text)}")
    else:
        name = parameter.name.lower()
        kept = tuple(pair for pair in request.headers or () if pair[0] != name)
        changed = dataclasses.replace(request, headers=(*kept, (name, text)))
    return dataclasses.replace(exchange, request=changed)


class Requests(Stage):
    """Scenes for clauses that one exchange decides."""

    def schema(self, detail: SchemaDetail) -> Iterator[list[Exchange]]:
        """Answers in which the place is there."""
        source = self.successes() if detail.key.startswith("2") else self.refusals()
        for exchange in source:
            yield [exchange]
            body = body_of(exchange)
            # An array without items shows nothing of its items: put the document's example there.
            for sample in detail.document.examples.values():
                if sample != body:
                    yield [with_response_body(exchange, sample)]

    def accepts(self, detail: RequestDetail) -> Iterator[list[Exchange]]:
        """Valid requests, the last of them with the place as described, all accepted."""
        base = base_exchange(self.operation)
        if detail.node is None:
            yield [base]
            return
        parameter = self.parameter(detail)
        if parameter is not None:
            last = base_exchange(self.operation, step=1)
            for text in (parameter.example, *(detail.node.enum or ()), "text", "1", "true"):
                if text is not None:
                    yield [base, with_parameter(last, parameter, str(text))]
            return
        if self.operation.body is None:
            return
        samples = sorted(self.operation.body.examples.values(), key=lambda one: len(str(one)))
        least, richest, path = samples[0], samples[-1], detail.node.path
        value = value_at(richest, path)
        value = "Grüße" if value is None else value
        first = base_exchange(self.operation, sent=least)
        variants: list[Any] = [value, "+442079460123", "Grüße, Zoë"] if isinstance(value, str) else [value]
        for one in variants:
            last = base_exchange(self.operation, sent=with_value(least, path, one), step=1)
            yield [first, last]
            yield [first, self.renewed(last)]
        for other in richest if isinstance(richest, dict) else ():
            if other not in least and other != path[0]:
                middle = {**least, other: richest[other]}
                yield [
                    base_exchange(self.operation, sent=middle),
                    base_exchange(self.operation, sent=with_value(middle, path, value), step=1),
                ]

    def parameter(self, detail: RequestDetail) -> Parameter | None:
        """The parameter of query or header that a place is."""
        mine = [one for one in self.operation.parameters if one.node.path[0] == detail.place and one.where != "path"]
        return mine[0] if mine else None

    def refuses(self, detail: RequestDetail) -> Iterator[list[Exchange]]:
        """A request that breaks the place and nothing else, refused in each way that the document shows."""
        for exchange in self.invalid(detail):
            for status in (400, 422):
                document = self.operation.refusal
                for sample in document.examples.values() if document is not None else ({},):
                    yield [with_response_body(with_response(refusal_of(exchange, self.operation, status)), sample)]

    def invalid(self, detail: RequestDetail) -> Iterator[Exchange]:
        """Requests that break one place alone; the judge says whether they do."""
        body, parameter = self.operation.body, self.parameter(detail)
        if parameter is not None:
            for text in ("no member of any list", "-1", "0.5", "x" * 5000):
                yield with_parameter(base_exchange(self.operation), parameter, text)
            return
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
                for example in self.operation.refusal.examples.values() if self.operation.refusal is not None else ():
                    refused = with_response_body(with_response(refusal_of(one, self.operation, 400)), example)
                    met = self.meet(refused, tuple((place, want) for place, want in rule.otherwise if place.root == "got"))
                    if met is not None:
                        yield [met]

    def state(self, detail: StateDetail) -> Iterator[list[Exchange]]:
        """A request on something in the state, answered as it should be."""
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
        """A request with the credential in question, answered as it should be."""
        if name == "good":
            yield from ([one] for one in self.successes())
            return
        for refusal in self.refusals():
            if name == "wrong":
                request = base_exchange(self.operation).request
                yield [dataclasses.replace(refusal, request=request, auth=Auth.WRONG)]
            else:
                yield [refusal]

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
