"""Places in a JSON value: their pointers, and where the declared ones are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from smscontract.documents import Node
from smscontract.json_text import ABSENT

__all__ = ["index_instances", "pointer_text"]


def pointer_text(steps: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(map(_step_text, steps))


@lru_cache(maxsize=4096)
def _step_text(step: str | int) -> str:
    return f"/{str(step).replace('~', '~0').replace('/', '~1')}"


def index_instances(node: Node, value: Any) -> dict[tuple[str, ...], list[tuple[str, Any]]]:
    """All instances of each declared place in a value."""
    index: dict[tuple[str, ...], list[tuple[str, Any]]] = {}

    def visit(node: Node, value: Any, pointer: str) -> None:
        index.setdefault(node.path, []).append((pointer, value))
        if isinstance(value, dict):
            for name, child in node.properties.items():
                below = f"{pointer}{pointer_text([name])}"
                if name in value:
                    visit(child, value[name], below)
                else:
                    index.setdefault(child.path, []).append((below, ABSENT))
        elif isinstance(value, list) and node.items is not None:
            for position, item in enumerate(value):
                visit(node.items, item, f"{pointer}/{position}")

    visit(node, value, "")
    return index
