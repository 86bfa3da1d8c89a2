"""One schema for a whole answer, compiled once: what it accepts keeps every clause that the families make of the same tree.

It may refuse more than they do (a leap second, a date-time without offset); then they are asked. It must never accept what one
of them refuses: a property test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.base import View
from smscontract.clauses.format import FORMATS
from smscontract.clauses.schema import IN_FRONT, NULL_TEXTS, SchemaDetail
from smscontract.documents import Clause, Node, Operation, Rule
from smscontract.json_text import ABSENT, UNKNOWN

__all__ = ["SCHEMA_FAMILIES", "Asked", "Quick", "Suspects", "compiled_schema"]

#: They stand together in the order of precedence.
SCHEMA_FAMILIES = frozenset({"presence", "null", "type", "enum", "format"})

_HISTORIES = frozenset({"same", "fresh", "moves", "unique", "requires"})

_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
#: The validator does not look whether each digit of a date is one: `*026-03-02` passes its check.
_DIGITS = {
    "date": f"{_DATE}$",
    "date-time": rf"{_DATE}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$",
}


def compiled_schema(node: Node) -> dict[str, Any]:
    """A JSON Schema (2020-12) that says no less than the clauses of a tree."""
    schema: dict[str, Any] = {}
    types = sorted(node.types)
    if types or node.nullable:
        schema["type"] = [*types, "null"] if node.nullable else types
    refused: list[dict[str, Any]] = []
    if node.nullable and (not types or "string" in types):
        refused.append({"enum": sorted(NULL_TEXTS)})
    if node.enum is not None:
        schema["enum"] = [*node.enum, None] if node.nullable else list(node.enum)
    schema.update(_assertions(node))
    if "not" in node.other:
        refused.append(node.other["not"])
    if refused:
        schema["not"] = refused[0] if len(refused) == 1 else {"anyOf": refused}
    if node.properties:
        schema["properties"] = {name: compiled_schema(child) for name, child in node.properties.items()}
        required = [name for name, child in node.properties.items() if child.required]
        if required:
            schema["required"] = required
    if node.items is not None:
        schema["items"] = compiled_schema(node.items)
    return schema


@dataclass(frozen=True, slots=True)
class Asked:
    """Clauses in the order of precedence.

    Attributes:
        before, after: those before and behind the schema's, each with the place of the request that it is about if it has
            nothing to say unless that is not as described.
        schema: those of the schema.
        places: the same by place: what becomes of those about presence, and of the others, where the schema is kept.
    """

    before: tuple[tuple[Clause, str | None], ...]
    schema: tuple[Clause, ...]
    after: tuple[tuple[Clause, str | None], ...]
    places: tuple[tuple[tuple[str, ...], dict[str, str], dict[str, str]], ...]

    @classmethod
    def of(cls, clauses: Sequence[Clause]) -> Asked:
        """The clauses, which are in order."""
        schema = tuple(clause for clause in clauses if clause.family in SCHEMA_FAMILIES)
        first = clauses.index(schema[0]) if schema else len(clauses)
        others = [
            tuple((clause, clause.detail.place if _refuses(clause) else None) for clause in mine)
            for mine in (clauses[:first], clauses[first + len(schema) :])
        ]
        places: dict[tuple[str, ...], tuple[dict[str, str], dict[str, str]]] = {}
        for clause in schema:
            mine = places.setdefault(clause.detail.node.path, ({}, {}))
            mine[clause.detail.keyword != "required"][clause.id] = "k"
        return cls(others[0], schema, others[1], tuple((path, *mine) for path, mine in places.items()))


class Quick:
    """What is known at a glance, so that most clauses need not be asked."""

    def __init__(self) -> None:
        self._validators: dict[tuple[str, str], Any] = {}
        self._asked: dict[tuple[str, int | None], Asked] = {}

    def asked(self, view: View, clauses: Iterable[Clause]) -> Asked:
        """Those of the clauses of its operation that may have something to say of an exchange, in their order."""
        key = (view.operation.key, view.status)
        if key not in self._asked:
            self._asked[key] = Asked.of([clause for clause in clauses if _may_speak(clause, view.operation, view.status)])
        return self._asked[key]

    def schema_kept(self, view: View) -> bool:
        """Whether the answer keeps every clause of its schema, by one compiled validator. A `False` only means "look closer":
        the families decide, and where the two differ they are right (they know leap seconds and missing offsets)."""
        document = view.document
        if document is None or document.node is None or view.got in (ABSENT, UNKNOWN):
            return False
        key = (view.operation.key, document.key)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(compiled_schema(document.node), validate_formats=True)
        try:
            return bool(self._validators[key].is_valid(view.got))
        except (ValueError, OverflowError, RecursionError):
            return False

    def suspects(self, view: View) -> Suspects | None:
        """Where the answer may break its schema; `None` where that may be anywhere."""
        document = view.document
        if document is None or document.node is None or view.got in (ABSENT, UNKNOWN) or view.status in IN_FRONT:
            return None
        try:
            return Suspects(self._validators[view.operation.key, document.key], view.got)
        except (ValueError, OverflowError, RecursionError):
            return None


class Suspects:
    """Where an answer does not keep its schema: all other places keep every clause that is made of the same tree.

    Args:
        validator: of `compiled_schema`.
        got: the answer.

    Raises:
        ValueError, OverflowError, RecursionError: it cannot be told.
    """

    def __init__(self, validator: Any, got: Any) -> None:
        self._broken: set[tuple[str, ...]] = set()
        for error in validator.iter_errors(got):
            path = tuple("items" if isinstance(step, int) else step for step in error.instance_path)
            self._broken.update(path[:end] for end in range(len(path) + 1))
            missing = getattr(error.kind, "property", None)
            if isinstance(missing, str):
                self._broken.add((*path, missing))

    def has(self, node: Node) -> bool:
        """Whether the clauses of a place have to be asked."""
        return node.path in self._broken


def _refuses(clause: Clause) -> bool:
    """Whether a clause is about one place of the request that is not as described."""
    return isinstance(clause.detail, RequestDetail) and clause.detail.word == "refuses"


def _may_speak(clause: Clause, operation: Operation, status: int | None) -> bool:
    """Whether a clause may have anything to say of an exchange with this answer."""
    detail = clause.detail
    if isinstance(detail, SchemaDetail):
        document = operation.response_for(status) if status is not None else None
        return document is not None and document.key == detail.key
    if isinstance(detail, RequestDetail):
        return detail.word == "refuses" or not detail.place
    if isinstance(detail, Rule) and detail.kind not in _HISTORIES:
        return status is not None and (status // 100 == 2 or any(place.root == "code" for place, _ in detail.when))
    return True


def _assertions(node: Node) -> dict[str, Any]:
    """The keywords that stand in the document as they are."""
    schema = {word: node.raw[word] for word in ("pattern", "const") if word in node.raw}
    schema.update({word: value for word, value in node.other.items() if word != "not"})
    if "if" in node.other:
        schema.update({word: node.raw[word] for word in ("then", "else") if word in node.raw})
    form = node.raw.get("format")
    if form in FORMATS:
        schema["format"] = form
    if form in _DIGITS:
        schema["allOf"] = [{"pattern": _DIGITS[form]}, *node.other.get("allOf", [])]
    return schema
