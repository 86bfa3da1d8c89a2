"""Conditions on one answer: when this, then that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from smscontract.clauses.conditions import because_of, broken_condition, evaluate
from smscontract.clauses.outcomes import KEPT, Outcome, Skipped
from smscontract.clauses.rules import premise, rule_clause, set_place, unlike_at
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Rule
from smscontract.exchange import Exchange

__all__ = ["FAMILY", "KINDS", "break_", "clauses_of", "judge"]

FAMILY = "condition"
KINDS = ("then",)


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each rule with `then`."""
    for rule in operation.rules:
        if rule.kind in KINDS:
            yield rule_clause(operation, rule, FAMILY)


def judge(clause: Clause, view: View) -> Outcome:
    """Broken where `when` holds and `then` does not."""
    rule: Rule = clause.detail
    speaks = premise(rule, view)
    if speaks is not True:
        return speaks or None
    met = evaluate(rule.then, view, every=True)
    if met.truth is None:
        return Skipped("not known from this exchange")
    if met.truth:
        return None if met.empty and not met.uses else KEPT
    premises = evaluate(rule.when, view, every=False).uses
    broken = broken_condition(met, view, because_of(rule.when))
    if rule.aside:
        return dataclasses.replace(broken, uses=(), rests=(*broken.uses, *premises))
    return dataclasses.replace(broken, rests=premises)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Each promised place with a value that is not as promised."""
    rule: Rule = clause.detail
    for place, expected in rule.then:
        for value in unlike_at(operation, place, expected):
            changed = set_place(last, place, value)
            if changed is not None:
                yield changed
