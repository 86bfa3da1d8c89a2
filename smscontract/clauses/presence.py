"""Members that are always there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.mutate import DELETE, edited
from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT

__all__ = ["FAMILY", "break_", "clauses_of", "judge"]

FAMILY = "presence"


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each required member of each documented answer."""
    for document, node in schema.nodes_of(operation):
        if node.required and node.path:
            says = f"{schema.place_words(node)} is always there in the answer {document.key}"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="required", says=says)


def _check(_: Node, value: Any) -> tuple[str, str] | None:
    return ("the member is missing", "a member, even if its value is null") if value is ABSENT else None


def judge(clause: Clause, view: View) -> Outcome:
    """Broken where an object lacks the member."""
    return schema.judge_places(clause, view, _check)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """The answer without the member."""
    yield from edited(last, clause.detail.node, clause.detail.document, DELETE)
