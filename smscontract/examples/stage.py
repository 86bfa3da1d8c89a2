"""Successes and refusals of one operation, and the means to change them until the judge finds nothing."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

from smscontract.clauses.conditions import evaluate
from smscontract.clauses.mutate import DELETE, with_response, with_response_body
from smscontract.clauses.rules import node_at, set_place, wanted
from smscontract.documents import Conditions, Operation, Place, Rule
from smscontract.examples.base import base_exchange
from smscontract.exchange import Auth, Exchange
from smscontract.json_text import UNKNOWN
from smscontract.judge import Judge

__all__ = ["Stage"]


class Stage:
    """Builds exchanges of one operation."""

    def __init__(self, judge: Judge, operation: Operation) -> None:
        self.judge = judge
        self.operation = operation

    def successes(self, step: int = 0) -> Iterator[Exchange]:
        """Each success that the document shows, changed until it keeps everything."""
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
        """The same request from somebody who shows nothing."""
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
        """The exchange with the second operand of an `equal` set to the first."""
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
        for node in node_at(self.operation, place):
            yield from node.enum or ()
            if node.nullable:
                yield None
        if place.root == "got":
            samples = [value for one in self.operation.responses.values() for value in one.examples.values()]
        else:
            samples = list(self.operation.body.examples.values()) if self.operation.body is not None else []
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
