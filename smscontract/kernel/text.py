"""The text of a body: whether an object says the same member twice, and whether a value may stand for one taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

__all__ = ["MARKED", "MARKED_INSIDE", "marked", "once"]

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
_DEEPER = frozenset({dict, list, float})
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
#: White space between a name and its colon.
_LOOSE = re.compile(r'"[ \n\r\t]+:')


def once(text: str | bytes, value: Any) -> bool:
    """Whether it is sure that the text says each member of each object once, and that no number lost digits.

    Args:
        text: what `value` was read from.
    """
    if isinstance(text, str):
        if '": ' not in text[:64] and orjson.dumps(value) == text.encode():
            return True
    elif orjson.dumps(value) == text:
        return True
    else:
        text = text.decode("utf-8")
    # A key is a text with a colon behind it. Inside of texts quotes are escaped, so that a count may only be too high.
    if (type(value) in _DEEPER and text.count('":') != _members(value)) or type(value) is int:
        return False
    spaced = '" ' in text or "\n" in text or "\t" in text or "\r" in text
    return not spaced or _LOOSE.search(text) is None


def _members(value: Any) -> int:
    """How many members all objects in a value have; -1 where a number may have lost its digits."""
    if type(value) is float:
        return -1 if value.is_integer() else 0
    number = len(value) if type(value) is dict else 0
    for one in value.values() if type(value) is dict else value:
        if type(one) in _DEEPER:
            below = _members(one)
            if below < 0:
                return -1
            number += below
    return number


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
