"""What an answer shows that the document does not list: never a break by itself, always told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.clauses.view import View
from smscontract.documents import Node
from smscontract.findings import New, NewKind
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.mask import Masker

__all__ = ["member_name", "news"]


def news(masker: Masker, view: View) -> Iterator[New]:
    """Undeclared members, other successes, and further members of enums that stay open; each once."""
    exchange, document, operation = view.exchange, view.document, view.operation
    if view.accepted and view.status is not None and not operation.documents_status(view.status):
        place = f"{operation.key}/{view.status}"
        yield New(place=place, kind=NewKind.STATUS, origin=exchange.origin, time=exchange.received_at)
    if document is None or document.node is None or view.got in (ABSENT, UNKNOWN):
        return
    base = f"{operation.key}/{document.key}"
    seen: set[tuple[str, NewKind]] = set()
    for place, kind in _undeclared(document.node, view.got, masker):
        if (place, kind) not in seen:
            seen.add((place, kind))
            yield New(place=f"{base}/{place}", kind=kind, origin=exchange.origin, time=exchange.received_at)


def _undeclared(node: Node, value: Any, masker: Masker) -> Iterator[tuple[str, NewKind]]:
    prefix = f"{node.text}/" if node.path else ""
    if isinstance(value, dict) and node.properties:
        for name, inner in value.items():
            child = node.properties.get(name)
            if child is None:
                yield f"{prefix}{member_name(name, masker)}", NewKind.FIELD
            elif child.known_values is not None or isinstance(inner, dict | list):
                yield from _undeclared(child, inner, masker)
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            yield from _undeclared(node.items, item, masker)
    elif node.known_values is not None and isinstance(value, str) and value not in node.known_values:
        yield f"{node.text}={masker.value(value, node.mask).strip(chr(34))}", NewKind.MEMBER


def member_name(name: str, masker: Masker) -> str:
    """The name of a member that no document lists: as it is where it is harmless, else its token."""
    harmless = name.isascii() and name.replace("_", "").replace("-", "").isalnum() and len(name) <= 40
    return name if harmless and masker.scrub(name) == name else masker.token("text", name)
