"""The text of a body: whether a value may stand for one taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["MARKED", "MARKED_INSIDE", "marked"]

#: Whatever `recordings` takes for the marker of a recorder matches this, and little else does. White space as Python strips it.
_SPACE = r"[\s\x1c-\x1f\x85]*"
MARKED: dict[str, Any] = {
    "type": "string",
    "anyOf": [
        {"pattern": r"\*\*\*|[xX]{4}"},
        {"pattern": rf"^{_SPACE}[\[<({{$][\s\S]*[\]>)}}]{_SPACE}$"},
        {"pattern": rf"^{_SPACE}[_*]*(?:(?i:redacted)|FILTERED|MASKED|SCRUBBED|SANITIZED)"},
    ],
}
#: The same anywhere in the text of a body, and more: what it does not match holds none.
MARKED_INSIDE: dict[str, Any] = {
    "type": "string",
    "anyOf": [
        {"pattern": r"\*\*\*|[xX]{4}"},
        {"pattern": r'[\]>)}][\s\x1c-\x1f\x85\\"]'},
        {"pattern": "(?i)redacted"},
        {"pattern": "FILTERED|MASKED|SCRUBBED|SANITIZED"},
    ],
}


def marked(value: Any, text: Callable[[str], bool]) -> bool:
    """Whether a value may hold a marker.

    Args:
        text: whether a text may be one.
    """
    if type(value) is str:
        return text(value)
    if type(value) is dict:
        return any(marked(one, text) for one in value.values())
    return type(value) is list and any(marked(one, text) for one in value)
