"""Values that never vary: a `const` of the document, and one value over all exchanges."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.mutate import edited
from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Shown, Skipped
from smscontract.clauses.reduction import Decided
from smscontract.clauses.rules import items_at, premise, rule_clause, set_place
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation, Rule
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT, UNKNOWN

__all__ = ["FAMILY", "KINDS", "break_", "clauses_of", "judge", "reduce"]

FAMILY = "constant"
KINDS = ("constant",)


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each `const` in an answer and each rule with `constant`."""
    for document, node in schema.nodes_of(operation):
        if "const" in node.raw:
            says = f"{schema.place_words(node)} is always `{node.raw['const']}`"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="const", says=says)
    for rule in operation.rules:
        if rule.kind in KINDS:
            yield rule_clause(operation, rule, FAMILY)


def _check(node: Node, value: Any) -> tuple[str, str] | None:
    if value is ABSENT or value is None or not schema.is_type(value, node):
        return None
    text = json.dumps({"const": node.raw["const"]})
    return None if schema.matches(value, text) else ("the value is another one", f"`{json.dumps(node.raw['const'])}`")


def judge(clause: Clause, view: View) -> Outcome:
    """`const` is decided at once; a constant over all exchanges gives a fact."""
    if isinstance(clause.detail, schema.SchemaDetail):
        return schema.judge_places(clause, view, _check)
    rule: Rule = clause.detail
    speaks = premise(rule, view)
    if speaks is not True:
        return speaks or None
    facts = []
    spots = view.places(rule.places[0])
    for spot, value in spots:
        if value is UNKNOWN:
            return Skipped("not known from this exchange")
        if value is ABSENT or value is None or isinstance(value, dict | list):
            continue
        digest = view.digest(value)
        facts.append(
            Fact(
                clause=clause.id,
                scope=(),
                start=view.exchange.sent_at,
                end=view.exchange.received_at,
                origin=view.exchange.origin,
                values={"value": digest},
                shown=view.show(value, None),
                spot=spot,
                alike=f"{digest} {spot.pointer}",
            )
        )
    return Shown(tuple(facts), tuple(spot for spot, _ in spots)) if facts else None


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """The most frequent value is the constant (of equally frequent ones the earliest); whatever differs breaks the clause."""
    for identity in sorted({fact.clause for fact in facts} & set(clauses)):
        mine = sorted((fact for fact in facts if fact.clause == identity), key=Fact.sort_key)
        counts: Counter[str] = Counter()
        for fact in mine:
            counts[fact.values["value"]] += fact.weight
        usual = max(counts, key=lambda value: counts[value])  # insertion order, so the earliest of equals
        shown = next(fact.shown for fact in mine if fact.values["value"] == usual)
        if counts.total() == 1:
            yield Decided(identity, mine[0], Skipped("only one exchange seen"))
            continue
        for fact in mine:
            if fact.values["value"] == usual:
                yield Decided(identity, fact, KEPT)
                continue
            broken = Broken(
                message="the value is not the one that all others have", spot=fact.spot, expected=shown, got=fact.shown
            )
            yield Decided(identity, fact, broken)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Another value."""
    if isinstance(clause.detail, schema.SchemaDetail):
        for value in ("other", 987, False):
            if schema.is_type(value, clause.detail.node):
                yield from edited(last, clause.detail.node, clause.detail.document, value)
        return
    place = clause.detail.places[0]
    if place.each and not items_at(last, place):
        return  # an item made up for this would lack the rest of what items have
    changed = set_place(last, place, "another_value")
    if changed is not None:
        yield changed
