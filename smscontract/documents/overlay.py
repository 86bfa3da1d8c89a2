"""OpenAPI Overlay 1.0: changes to a document that live in a file of their own."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

from smscontract.errors import UnusableInput
from smscontract.yaml import Marked

__all__ = ["apply_overlay"]


def _merge(target: Any, update: Any) -> Any:
    """The update of one action: mappings are merged, lists grow, anything else is replaced."""
    if isinstance(target, dict) and isinstance(update, Mapping):
        for key, value in update.items():
            target[key] = _merge(target[key], value) if key in target else copy.deepcopy(value)
        return target
    if isinstance(target, list):
        target.extend(copy.deepcopy(update) if isinstance(update, list) else [copy.deepcopy(update)])
        return target
    return copy.deepcopy(update)


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
    for index, action in enumerate(actions):
        if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
            raise refuse("an action needs `target`", "a JSONPath such as `$.paths['/x'].post`", "actions", index)
        try:
            nodes = list(jsonpath.find(action["target"], data))
        except jsonpath.JSONPathError as error:
            raise refuse(f"`{action['target']}` is no JSONPath: {error}", "see RFC 9535", "actions", index, "target") from None
        if not nodes:
            raise refuse(
                f"`{action['target']}` selects nothing in the document",
                "check the spelling against the document",
                "actions",
                index,
                "target",
            )
        for node in reversed(nodes):
            location = list(node.location)
            if not location:
                data = _merge(data, action.get("update", {}))
                continue
            holder = data
            for step in location[:-1]:
                holder = holder[step]
            if action.get("remove") is True:
                del holder[location[-1]]
            elif "update" in action:
                holder[location[-1]] = _merge(holder[location[-1]], action["update"])
    return dataclasses.replace(document, data=data)
