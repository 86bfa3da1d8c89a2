"""JSON types. Whole numbers are integers however they are written (`1.0` too), as JSON Schema 2020-12 has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.mutate import body_of, edited, value_at
from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT, json_type

__all__ = ["FAMILY", "break_", "clauses_of", "judge", "wrong_types"]

FAMILY = "type"


def _words(node: Node) -> str:
    names = sorted(node.types) or ["null"]
    return " or ".join(f"an {name}" if name[0] in "aio" else f"a {name}" if name != "null" else "null" for name in names)


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each place whose type the document states."""
    for document, node in schema.nodes_of(operation):
        if node.types or node.nullable:
            says = f"{schema.place_words(node)} is {_words(node)}"
            if node.types and node.nullable:
                says += ", if it is not null"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="type", says=says)


def _check(node: Node, value: Any) -> tuple[str, str] | None:
    if value is ABSENT or value is None or schema.null_stand_in(value, node):
        return None
    if not node.types:  # `type: "null"` alone
        return f"the value is {_words_of(value)}", "null"
    if schema.is_type(value, node):
        return None
    return f"the value is {_words_of(value)}", _words(node)


def _words_of(value: Any) -> str:
    name = json_type(value)
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def judge(clause: Clause, view: View) -> Outcome:
    """Broken by a value of another type; null belongs to the family `null`."""
    return schema.judge_places(clause, view, _check)


def wrong_types(node: Node, value: Any) -> list[Any]:
    """Values of other types, nearest first: the twin in text, then the rest."""
    candidates: list[Any] = []
    if isinstance(value, bool):
        candidates += ["true" if value else "false", int(value)]
    elif isinstance(value, int | float):
        candidates.append(str(value))
    elif isinstance(value, list):
        candidates += [{}, value[0] if value else ""]
    elif isinstance(value, dict):
        candidates += [[value], "{}"]
    else:
        candidates += [123, [value]]
    candidates += [12345, 1.5, True, "text", [], {}]
    return [candidate for candidate in candidates if not schema.is_type(candidate, node)]


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Values of other types at the place."""
    detail = clause.detail
    node: Node = detail.node
    if not node.types:
        stand_ins: list[Any] = [[], "null", {}]
        for value in stand_ins:
            yield from edited(last, node, detail.document, value)
        return
    for wrong in wrong_types(node, value_at(body_of(last), node.path)):
        yield from edited(last, node, detail.document, wrong)
