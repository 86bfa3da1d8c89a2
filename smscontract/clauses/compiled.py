"""One schema for a whole body, compiled once: what it accepts keeps every clause that the families make of the same tree.

It may refuse more than they do (a leap second, a date-time without offset); then they are asked. It must never accept what one
of them refuses: a property test compares the two.
"""

from __future__ import annotations

from typing import Any

from smscontract.clauses.format import FORMATS
from smscontract.clauses.schema import NULL_TEXTS
from smscontract.documents import Node

__all__ = ["compiled_schema"]

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
