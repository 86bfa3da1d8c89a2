"""Which members a line has, and in which order: most lines of a recording have the same."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from smscontract.kernel.matchers import Unsure

__all__ = ["INLINE", "TEXT", "UNKNOWN", "Form", "Forms"]

UNKNOWN = 0
TEXT = 1
INLINE = 2
_SPECIAL = ("known", "role", "operation", "path_parameters", "case", "number", "failure", "wire")


class Form(NamedTuple):
    """What the members of a line say: whether it states what is missing; members that must be null; where the bodies are."""

    stated: bool
    special: Callable[[Any], Any] | None
    sent: int
    got: int


class Forms(dict[Any, Any]):
    """Forms by the names of members: of a line, `None`, of its request, `None`, of its answer. `None` where there is none.

    Args:
        most: how many are remembered.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, names: Any) -> Form:
        first, second = names.index(None), len(names) - names[::-1].index(None) - 1
        whole, asked, answer = names[:first], names[first + 1 : second], names[second + 1 :]
        if len(self) >= self._most:
            raise Unsure
        self[names] = None
        if "body_base64" in (*asked, *answer):
            raise Unsure
        special = [name for name in _SPECIAL if name in whole]
        got = INLINE if "json" in answer else TEXT if "body" in answer else None
        if got is None:
            raise Unsure
        form = Form(
            stated="missing" in whole,
            special=itemgetter(*special, special[0]) if special else None,
            sent=INLINE if "json" in asked else TEXT if "body" in asked else UNKNOWN,
            got=got,
        )
        self[names] = form
        return form
