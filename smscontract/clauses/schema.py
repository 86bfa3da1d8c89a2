"""What the families that come from a response schema share: a clause speaks of one keyword at one declared place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from smscontract.clauses.opinions import accepts
from smscontract.clauses.outcomes import KEPT, Broken, Outcome, Skipped, Spot
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation, ResponseDocument
from smscontract.findings import Level
from smscontract.json_text import ABSENT, UNKNOWN, types_of

__all__ = [
    "IN_FRONT",
    "NULL_TEXTS",
    "SchemaDetail",
    "is_type",
    "judge_places",
    "matches",
    "nodes_of",
    "null_stand_in",
    "place_words",
    "schema_clause",
]

#: Statuses that are often given by something in front of the API, whose form nobody has described.
IN_FRONT = frozenset({408, 425, 429})

#: Texts that spell null. Where null is allowed, none of them may stand for it.
NULL_TEXTS = frozenset({"null", "NULL", "Null", "None", "nil", "undefined"})


@dataclass(frozen=True, slots=True)
class SchemaDetail:
    """Which keyword at which place of which documented answer."""

    key: str
    node: Node
    keyword: str
    document: ResponseDocument


def nodes_of(operation: Operation) -> Iterator[tuple[ResponseDocument, Node]]:
    """Every declared place of every documented answer."""
    for document in operation.responses.values():
        if document.node is not None:
            for node in document.node.walk():
                yield document, node


def place_words(node: Node) -> str:
    """The place as a sentence names it."""
    return f"`{node.text.replace('/items', '[]')}`" if node.path else "the body"


def schema_clause(
    operation: Operation, document: ResponseDocument, node: Node, *, family: str, keyword: str, says: str
) -> Clause:
    """A clause on one keyword at one place of an answer."""
    # A date-time promises its offset too (RFC 3339), but many servers print local ones: never more than `should`.
    level = Level.SHOULD if keyword == "offset" else node.level(keyword)
    base = f"{operation.key}/{document.key}"
    return Clause(
        id=f"{base}/{node.text}:{keyword}" if node.path else f"{base}:{keyword}",
        provider=operation.provider,
        operation=operation.key,
        level=level,
        family=family,
        says=says,
        source=node.source("format" if keyword == "offset" else keyword),
        detail=SchemaDetail(document.key, node, keyword, document),
    )


def is_type(value: Any, node: Node) -> bool:
    """Whether a value is none of null and absent and has an allowed type."""
    return not node.types or any(name in node.types for name in types_of(value))


def null_stand_in(value: Any, node: Node) -> bool:
    """Whether a text spells null where null itself is allowed."""
    return node.nullable is True and isinstance(value, str) and value in NULL_TEXTS


@lru_cache(maxsize=4096)
def _validator(text: str) -> Any:
    return jsonschema_rs.validator_for(text, validate_formats=True)


def matches(value: Any, schema_text: str) -> bool:
    """Whether a value keeps a schema (JSON text), formats asserted. Never raises: where one library gives up another is
    asked, and what neither can tell is nobody's fault."""
    try:
        return bool(_validator(schema_text).is_valid(value))
    except (ValueError, OverflowError, RecursionError):
        return accepts(value, schema_text) is not False


def judge_places(clause: Clause, view: View, check: Callable[[Node, Any], tuple[str, str] | None]) -> Outcome:
    """Judges a schema clause: `check` is asked for each instance and gives `(message, expected)` where it is broken.

    `check` gets `ABSENT` where the object lacks the member; whatever a family of higher precedence has to say about a value,
    `check` must leave to it.
    """
    detail: SchemaDetail = clause.detail
    if view.document is None or view.document.key != detail.key:
        return None
    if view.status in IN_FRONT and str(view.status) != detail.key:
        return None  # whoever stands in front of the API answers so, in a form of its own
    if view.got is UNKNOWN:
        return Skipped("response body missing" if view.got_parsed is None else "response body unreadable")
    spots = view.got_index.get(detail.node.path)
    if not spots:
        return None
    judged = False
    for pointer, value in spots:
        if value is ABSENT and detail.keyword != "required":
            continue
        judged = True
        problem = check(detail.node, value)
        if problem is not None:
            spot = Spot("response body", pointer)
            return Broken(message=problem[0], spot=spot, expected=problem[1], got=value, mask=detail.node.mask, uses=(spot,))
    return KEPT if judged else None
