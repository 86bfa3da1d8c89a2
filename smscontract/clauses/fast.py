"""One schema for a whole answer, compiled once: what it accepts keeps every clause that the families make of the same tree.

It may refuse more than they do (a leap second, a date-time without offset); then they are asked. It must never accept what one
of them refuses: a property test compares the two.
"""

from __future__ import annotations

from typing import Any

from smscontract.clauses.format import FORMATS
from smscontract.clauses.schema import NULL_TEXTS
from smscontract.documents import Node

__all__ = ["compiled_schema"]


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
    for keyword in ("pattern", "const"):
        if keyword in node.raw:
            schema[keyword] = node.raw[keyword]
    if node.raw.get("format") in FORMATS:
        schema["format"] = node.raw["format"]
    schema.update({word: value for word, value in node.other.items() if word != "not"})
    if "if" in node.other:
        schema.update({word: node.raw[word] for word in ("then", "else") if word in node.raw})
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
