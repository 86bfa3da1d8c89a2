"""Hygiene: rules marked as such. They are judged and broken as their kind is; the family only keeps them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smscontract.clauses import condition, constant, history, relation
from smscontract.clauses.outcomes import Fact, Outcome
from smscontract.clauses.reduction import Decided, OneScope
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation
from smscontract.exchange import Exchange

__all__ = ["FAMILY", "break_", "clauses_of", "judge", "reduce"]

FAMILY = "hygiene"
_KINDS: dict[str, Any] = {kind: module for module in (condition, relation, constant, history) for kind in module.KINDS}


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """None of its own: the family of a rule's kind makes the clause and puts it here."""
    del operation
    return iter(())


def judge(clause: Clause, view: View) -> Outcome:
    """As the rule's kind is judged."""
    outcome: Outcome = _KINDS[clause.detail.kind].judge(clause, view)
    return outcome


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact] | OneScope, *, holes: bool = False) -> Iterator[Decided]:
    """As the rule's kind is reduced."""
    if isinstance(facts, OneScope):  # of a history: facts on what is constant are alike, and have no scope
        yield from history.reduce(clauses, facts, holes=holes)
        return
    kinds = {identity: clause.detail.kind for identity, clause in clauses.items()}
    yield from constant.reduce(clauses, [fact for fact in facts if kinds.get(fact.clause) in constant.KINDS])
    yield from history.reduce(clauses, [fact for fact in facts if kinds.get(fact.clause) in history.KINDS], holes=holes)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:
    """As the rule's kind is broken."""
    yield from _KINDS[clause.detail.kind].break_(clause, past, last, operation)
