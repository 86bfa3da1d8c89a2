"""Members of a closed list of values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.mutate import edited
from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT, json_type

__all__ = ["FAMILY", "break_", "clauses_of", "is_member", "judge", "members_text"]

FAMILY = "enum"


def members_text(members: Sequence[Any]) -> str:
    """The members as a sentence lists them."""
    return ", ".join(f"`{member}`" if isinstance(member, str) else f"`{json.dumps(member)}`" for member in members)


def is_member(value: Any, members: Sequence[Any]) -> bool:
    """Equality as JSON has it: true is not 1."""
    return any(value == member and isinstance(value, bool) == isinstance(member, bool) for member in members)


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each place with a closed enum."""
    for document, node in schema.nodes_of(operation):
        if node.enum is not None:
            says = f"{schema.place_words(node)} is one of {members_text(node.enum)}"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="enum", says=says)


def _check(node: Node, value: Any) -> tuple[str, str] | None:
    if value is ABSENT or value is None or not schema.is_type(value, node) or schema.null_stand_in(value, node):
        return None
    members = node.enum or ()
    return None if is_member(value, members) else ("the value is none of the listed ones", f"one of {members_text(members)}")


def judge(clause: Clause, view: View) -> Outcome:
    """Broken by a value of the right type that is not listed."""
    return schema.judge_places(clause, view, _check)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Another case, white space, a word that is not listed."""
    node: Node = clause.detail.node
    texts = [member for member in node.enum or () if isinstance(member, str)]
    candidates: list[Any] = ["queued", "unknown", "read"]
    for member in texts:
        candidates += [member.upper(), member.capitalize(), f"{member} ", f"{member}s"]
    if not texts:
        numbers = [member for member in node.enum or () if json_type(member) in ("integer", "number")]
        candidates = [max(numbers) + 1] if numbers else []
    for value in candidates:
        if not is_member(value, node.enum or ()):
            yield from edited(last, node, clause.detail.document, value)
