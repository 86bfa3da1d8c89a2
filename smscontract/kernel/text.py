"""The text of a body: its value, what is wrong with it, and whether something in it may stand for what was taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from smscontract.json_text import UNKNOWN, Flaw, once, parse
from smscontract.kernel.matchers import Unsure

__all__ = ["MARKED", "MARKED_INSIDE", "body_of", "marked"]

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


#: What may be wrong with a text that is looked at all the same: nothing else is told of it.
_FLAWS = frozenset({(Flaw.SYNTAX,), (Flaw.SEVERAL,), (Flaw.DUPLICATE,)})


def body_of(text: str, inside: Callable[[str], bool], whole: Callable[[str], bool]) -> tuple[Any, tuple[Flaw, ...]]:
    """The value of a body as the judge reads it, and what is wrong with it.

    Args:
        inside, whole: whether something in the text may be a marker, or all of it.

    Raises:
        Unsure: it is looked at by the judge alone.
    """
    try:
        value = orjson.loads(text)
        if once(text, value):
            return value, ()
    except orjson.JSONDecodeError:
        pass
    parsed = parse(text.encode())
    if parsed.flaws not in _FLAWS or inside(text):
        raise Unsure
    # A body that is no JSON may be a marker itself, or hold one as a form.
    if parsed.value is UNKNOWN and ("=" in text or whole(text)):
        raise Unsure
    return parsed.value, parsed.flaws
