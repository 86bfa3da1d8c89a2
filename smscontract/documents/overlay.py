"""OpenAPI Overlay 1.0: changes to a document that live in a file of their own, and which line of it made which change."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.errors import UnusableInput
from smscontract.yaml import Marked

__all__ = ["Overlaid", "apply_overlay", "changed_at", "stated_at"]

_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Overlaid(Marked):
    """A document with overlays applied.

    Attributes:
        changes: for each place that an action added or replaced, the overlay and the place in it, latest action last.
        grown: lists among them that only got more items.
    """

    changes: Mapping[_Path, tuple[Marked, _Path]] = field(default_factory=dict, compare=False)
    grown: frozenset[_Path] = field(default=frozenset(), compare=False)


def changed_at(marked: Marked, path: _Path) -> tuple[str, int] | None:
    """File and line of the overlay that stated this very place, or something above it; `None` if no overlay did."""
    if not isinstance(marked, Overlaid):
        return None
    for length in range(len(path), 0, -1):
        if path[:length] in marked.changes and (length == len(path) or path[:length] not in marked.grown):
            overlay, there = marked.changes[path[:length]]
            return overlay.file, overlay.line((*there, *path[length:]))
    return None


def stated_at(marked: Marked, path: _Path) -> tuple[str, int]:
    """File and line that state a place, in the overlay or in the document itself."""
    return changed_at(marked, path) or (marked.file, marked.line(path))


class _Merger:
    """Applies updates, and remembers each place that they set."""

    def __init__(self, overlay: Marked, changes: dict[_Path, tuple[Marked, _Path]]) -> None:
        self.overlay = overlay
        self.changes = changes
        self.grown: set[_Path] = set()

    def merge(self, target: Any, update: Any, path: _Path, there: _Path) -> Any:
        """The update of one action: mappings are merged, lists grow, anything else is replaced."""
        if isinstance(target, dict) and isinstance(update, Mapping):
            for key, value in update.items():
                if key in target:
                    target[key] = self.merge(target[key], value, (*path, key), (*there, key))
                else:
                    target[key] = self.put(value, (*path, key), (*there, key))
            return target
        if isinstance(target, list):
            items = update if isinstance(update, list) else [update]
            for index, item in enumerate(items):
                target.append(self.put(item, (*path, len(target)), (*there, index) if isinstance(update, list) else there))
            # A keyword with a longer list is another promise than before.
            self.changes[path] = (self.overlay, there)
            self.grown.add(path)
            return target
        return self.put(update, path, there)

    def put(self, value: Any, path: _Path, there: _Path) -> Any:
        self.changes[path] = (self.overlay, there)
        return copy.deepcopy(value)


def apply_overlay(document: Marked, overlay: Marked) -> Marked:
    """The document with all actions of the overlay applied in order.

    Raises:
        UnusableInput: the overlay is none, a target is no JSONPath, or it selects nothing.
    """
    import jsonpath_rfc9535 as jsonpath  # only a contract with an overlay pays for it

    def refuse(message: str, hint: str, *place: str | int) -> UnusableInput:
        return UnusableInput(message, file=overlay.file, line=overlay.line(place), hint=hint)

    raw = overlay.data
    if not isinstance(raw, Mapping) or not str(raw.get("overlay", "")).startswith("1."):
        raise refuse("this is no OpenAPI Overlay", "it should start with `overlay: 1.0.0`")
    actions = raw.get("actions")
    if not isinstance(actions, list) or not actions:
        raise refuse("the overlay has no `actions`", "add `actions:` with `target` and `update` or `remove`")
    data = copy.deepcopy(document.data)
    changes = dict(document.changes) if isinstance(document, Overlaid) else {}
    merger = _Merger(overlay, changes)
    for index, action in enumerate(actions):
        here = ("actions", index)
        if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
            raise refuse("an action needs `target`", "a JSONPath such as `$.paths['/x'].post`", *here)
        if action.get("remove") is not True and "update" not in action:
            raise refuse("an action needs `update` or `remove`", "write `update:` and what changes, or `remove: true`", *here)
        try:
            nodes = list(jsonpath.find(action["target"], data))
        except jsonpath.JSONPathError as error:
            raise refuse(f"`{action['target']}` is no JSONPath: {error}", "see RFC 9535", *here, "target") from None
        if not nodes:
            message = f"`{action['target']}` selects nothing in the document"
            raise refuse(message, "check the spelling against the document", *here, "target")
        for node in reversed(nodes):
            location = tuple(node.location)
            if not location:
                data = merger.merge(data, action.get("update", {}), (), (*here, "update"))
                continue
            holder = data
            for step in location[:-1]:
                holder = holder[step]
            if action.get("remove") is True:
                del holder[location[-1]]
            else:
                updated = merger.merge(holder[location[-1]], action["update"], location, (*here, "update"))
                holder[location[-1]] = updated
    fields = {one.name: getattr(document, one.name) for one in dataclasses.fields(Marked)}
    before = document.grown if isinstance(document, Overlaid) else frozenset()
    return Overlaid(**{**fields, "data": data, "changes": changes, "grown": before | merger.grown})
