"""Places in a JSON value: their pointers, and where the declared ones are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from smscontract.documents import EACH, Node
from smscontract.json_text import ABSENT

__all__ = ["descend", "index_instances", "member", "pointer_text"]


def pointer_text(steps: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(map(_step_text, steps))


@lru_cache(maxsize=4096)
def _step_text(step: str | int) -> str:
    return f"/{str(step).replace('~', '~0').replace('/', '~1')}"


def descend(value: Any, steps: Sequence[str]) -> list[tuple[str, Any]]:
    """What stands at some steps below a value, with its pointer, or `ABSENT`. `EACH` over what is no array gives nothing: an
    absent array is not judged."""
    current: list[tuple[str, Any]] = [("", value)]
    for step in steps:
        following: list[tuple[str, Any]] = []
        for pointer, one in current:
            if step != EACH:
                following.append((pointer + pointer_text([step]), member(one, (step,))))
            elif isinstance(one, list):
                following.extend((f"{pointer}/{index}", item) for index, item in enumerate(one))
        current = following
    return current


def member(value: Any, steps: Sequence[str]) -> Any:
    """What stands at some steps, none of which is `EACH`, below a value, or `ABSENT`."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, ABSENT)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


def index_instances(node: Node, value: Any) -> dict[tuple[str, ...], list[tuple[str, Any]]]:
    """All instances of each declared place in a value."""
    index: dict[tuple[str, ...], list[tuple[str, Any]]] = {}

    def visit(node: Node, value: Any, pointer: str) -> None:
        if isinstance(value, dict):
            for name, child, step in _members(node):
                one = value.get(name, ABSENT)
                index.setdefault(child.path, []).append((pointer + step, one))
                if isinstance(one, dict | list):
                    visit(child, one, pointer + step)
        elif isinstance(value, list) and node.items is not None:
            for position, item in enumerate(value):
                below = f"{pointer}/{position}"
                index.setdefault(node.items.path, []).append((below, item))
                visit(node.items, item, below)

    index[node.path] = [("", value)]
    visit(node, value, "")
    return index


@lru_cache(maxsize=4096)
def _members(node: Node) -> tuple[tuple[str, Node, str], ...]:
    """The declared members of an object, each with its step of a pointer."""
    return tuple((name, child, _step_text(name)) for name, child in node.properties.items())
