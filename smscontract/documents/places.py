"""Places: how a rule names a part of an exchange, such as `sent.user_number`, `got.errors[*].error` or `code`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smscontract.errors import UsageError

__all__ = ["EACH", "ROOTS", "Place", "parse_place"]

#: Stands for "each item" in a place's steps.
EACH = "[*]"

#: What a place can start with, and what it means.
ROOTS = {
    "path": "a parameter of the path",
    "query": "a parameter of the query",
    "header": "a header field of the request",
    "sent": "the request body",
    "got": "the response body",
    "code": "the status code",
    "took": "seconds until the whole answer",
    "at": "when the request was sent, when the answer was received",
    "known": "what the target's resources say",
    "auth": "what is known of the credential",
}
_ALONE = frozenset({"code", "took", "auth"})
_WHOLE = frozenset({"sent", "got"})
_PARTS = {
    "path": "path",
    "query": "query",
    "header": "request header",
    "sent": "request body",
    "got": "response body",
    "code": "status",
    "took": "time",
    "at": "time",
    "known": "resources",
    "auth": "credential",
}
_STEP = re.compile(r"\.([^.\[\]]+)|(\[\*\])")


@dataclass(frozen=True, slots=True)
class Place:
    """A parsed place. `steps` are names or `EACH`; a header's name is in lower case."""

    text: str
    root: str
    steps: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.text)  # which says it all, and whose hash is known

    @property
    def each(self) -> bool:
        """Whether the place stands for every item of an array."""
        return EACH in self.steps

    @property
    def part(self) -> str:
        """The part of the exchange in words, as findings name it."""
        return _PARTS[self.root]

    @property
    def last(self) -> str:
        """The last name, which is also the name in `known.`."""
        names = [step for step in self.steps if step != EACH]
        return names[-1] if names else self.root


def parse_place(text: str) -> Place:
    """Reads a place.

    Raises:
        UsageError: when the text is no place; the message says what is wrong with it.
    """
    if text.startswith("/"):
        steps = tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))
        return Place(text, "got", steps)
    root = re.match(r"[a-z]*", text)
    name = root.group() if root else ""
    if name not in ROOTS:
        raise UsageError(f"`{text}` is no place", hint=f"a place starts with {', '.join(ROOTS)} or is a JSON Pointer")
    rest = text[len(name) :]
    steps_list: list[str] = []
    position = 0
    while position < len(rest):
        step = _STEP.match(rest, position)
        if step is None:
            raise UsageError(f"`{text}` is no place", hint="write names after dots, and `[*]` for the items of an array")
        steps_list.append(step.group(1) or EACH)
        position = step.end()
    if name in _ALONE and steps_list:
        raise UsageError(f"`{text}` is no place", hint=f"`{name}` stands alone")
    if name not in _ALONE | _WHOLE and not steps_list:
        raise UsageError(f"`{text}` is no place", hint=f"name what you mean after `{name}.`")
    if name == "at" and steps_list not in (["sent"], ["received"]):
        raise UsageError(f"`{text}` is no place", hint="there are `at.sent` and `at.received`")
    if name == "header":
        steps_list = [step.lower() for step in steps_list]
    return Place(text, name, tuple(steps_list))
