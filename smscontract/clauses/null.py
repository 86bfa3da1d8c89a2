"""Null, asserted for itself: members that are never null, and members whose missing value is written as null."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.mutate import edited
from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT

__all__ = ["FAMILY", "break_", "clauses_of", "judge"]

FAMILY = "null"


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each place whose type the document states, nullable or not."""
    for document, node in schema.nodes_of(operation):
        if node.nullable is None or (not node.types and node.nullable):
            continue
        where = schema.place_words(node)
        says = (
            f"{where} may be null, and then it is null itself, not a text that spells it"
            if node.nullable
            else f"{where} is never null"
        )
        yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="null", says=says)


def _check(node: Node, value: Any) -> tuple[str, str] | None:
    if value is ABSENT:
        return None
    if value is None and node.nullable is False:
        return "the value is null", "a value that is not null"
    if schema.null_stand_in(value, node):
        return "a text stands for null", "null itself, or a value"
    return None


def judge(clause: Clause, view: View) -> Outcome:
    """Broken by null where it may not be, and by a text that spells null where null may be."""
    return schema.judge_places(clause, view, _check)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Null, or the text `null`."""
    detail = clause.detail
    for value in ("null", "None") if detail.node.nullable else (None,):
        yield from edited(last, detail.node, detail.document, value)
