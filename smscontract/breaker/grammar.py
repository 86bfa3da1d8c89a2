"""What is to be broken, and when: `CLAUSE[@CONDITION]...`.

| condition | holds for |
|---|---|
| `got.status=failed` | exchanges in which that place has that value; places as contract files write them |
| `sent.new_conversation=true` | JSON values too: a bare word is equal to the text, and to the JSON value that it spells |
| `sent.message="true"` | the text alone; in quotes a value may hold an `@` |
| `code=4XX` | a status or a range of them |
| `got.status!=sent` | any other value, and none at all |
| `took>1` `sent.time_out<=60` | numbers, with `<` `>` `<=` `>=` |
| `sent.message.length>160` | the length of a text in characters, of an array, of an object |
| `sent.time_out` | a place that is there |
| `got.errors[*].error=X` | at least one item |
| `every=5` | the first exchange that all else admits, and each fifth after it |

All conditions of a break must hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses.conditions import status_matches
from smscontract.clauses.values import equal_values
from smscontract.clauses.view import View
from smscontract.documents import EACH, Node, Operation, Place, nearest_hint, parse_place
from smscontract.documents.places import ROOTS
from smscontract.errors import UsageError
from smscontract.json_text import ABSENT, UNKNOWN

__all__ = ["Break", "Condition", "parse_break", "parse_breaks"]

_LEFT = re.compile(r"@([^@=!<>]*)(!=|<=|>=|=|<|>)?")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_LENGTH = ".length"
_EXAMPLE = "write `PLACE=VALUE`, `PLACE.length>160` or `every=5`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition on an exchange.

    Attributes:
        text: as it was written, without the `@`.
        length: whether the length of the value counts, not the value.
        operator: `=`, `!=`, `<`, `>`, `<=`, `>=`, or empty where the place only has to be there.
        value: the text on the right, or the JSON value of a quoted one.
        quoted: whether it was written as JSON, so that a text is nothing but a text.
    """

    text: str
    place: Place
    length: bool = False
    operator: str = ""
    value: Any = None
    quoted: bool = False

    @property
    def needs_answer(self) -> bool:
        """Whether it speaks of the answer, so that it cannot be decided before there is one."""
        return self.place.root in ("got", "code", "took") or self.place.text == "at.received"

    def holds(self, view: View) -> bool:
        """Whether the exchange meets it; what is unknown does not."""
        return any(self._one(value) for _, value in view.places(self.place))

    def _one(self, value: Any) -> bool:
        if value is UNKNOWN:
            return False
        if self.length and value is not ABSENT:
            value = len(value) if isinstance(value, str | list | dict) else ABSENT
        if not self.operator:
            return value is not ABSENT
        if self.operator == "!=":
            return value is ABSENT or not self._equal(value)
        if value is ABSENT:
            return False
        if self.operator == "=":
            return self._equal(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return bool(_ORDER[self.operator](value, self.value))

    def _equal(self, value: Any) -> bool:
        if self.quoted:
            return equal_values(value, self.value)
        if self.place.root == "code" and isinstance(value, int):
            return status_matches(value, self.value)
        if isinstance(value, str):
            return bool(value == self.value)
        try:
            return equal_values(value, json.loads(self.value))
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One clause to break.

    Attributes:
        clause: its id.
        conditions: all must hold.
        every: of the exchanges that can be broken the first, and each so many after it.
    """

    clause: str
    conditions: tuple[Condition, ...] = ()
    every: int = 1

    def __str__(self) -> str:
        every = [f"every={self.every}"] if self.every != 1 else []
        return "@".join([self.clause, *(one.text for one in self.conditions), *every])


def parse_breaks(texts: Iterable[str], catalogue: Catalogue) -> tuple[Break, ...]:
    """Reads several breaks; see `parse_break`."""
    return tuple(parse_break(text, catalogue) for text in texts)


def parse_break(text: str, catalogue: Catalogue) -> Break:
    """Reads `CLAUSE[@CONDITION]...`.

    Raises:
        UsageError: there is no such clause, or a condition cannot be meant; the nearest words are in the hint.
    """
    identity, at, _ = text.partition("@")
    clause = catalogue.clause(identity)
    operation = catalogue.operations[clause.operation]
    conditions: list[Condition] = []
    every: int | None = None
    position = len(identity)
    while at and position < len(text):
        found = _LEFT.match(text, position)
        if found is None:
            raise UsageError(f"`{text[position:]}` is no condition", hint=_EXAMPLE)
        left, operator = found[1], found[2] or ""
        value, quoted, end = _value(text, found.end()) if operator else (None, False, found.end())
        written = text[position + 1 : end]
        if left == "every":
            if every is not None:
                raise UsageError("`every` is given twice", hint="leave one out")
            every = _every(operator, value, written)
        else:
            conditions.append(_condition(operation, left, operator, value, quoted=quoted, written=written))
        position = end
    return Break(clause=identity, conditions=tuple(conditions), every=every or 1)


def _value(text: str, start: int) -> tuple[Any, bool, int]:
    """The value at a position: JSON where it starts as a text, an object or an array does, else all up to the next `@`."""
    if text[start : start + 1] in ('"', "{", "["):
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            hint = "close the quotes, or leave them out"
            raise UsageError(f"`{text[start:]}` does not begin with a JSON value", hint=hint) from None
        if text[end : end + 1] not in ("", "@"):
            raise UsageError(f"`{text[end:]}` follows a JSON value", hint="the next condition begins with `@`")
        return value, True, end
    end = text.find("@", start)
    end = len(text) if end < 0 else end
    return text[start:end], False, end


def _every(operator: str, value: Any, written: str) -> int:
    number = str(value)
    if operator != "=" or not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise UsageError(f"`{written}` is no condition", hint="write `every=5` with a number from 1")
    return int(number)


def _condition(operation: Operation, left: str, operator: str, value: Any, *, quoted: bool, written: str) -> Condition:
    if not left:
        raise UsageError(f"`@{written}` names no place", hint=_EXAMPLE)
    length = left.endswith(_LENGTH) and not left.startswith("/")
    text = left.removesuffix(_LENGTH) if length else left
    root = text.partition(".")[0].partition("[")[0]
    if not text.startswith("/") and root not in ROOTS:
        raise UsageError(f"`{text}` is no place", hint=nearest_hint(root, [*ROOTS, "every"]))
    place = parse_place(text)
    _check_declared(operation, place)
    if place.root == "code" and operator in ("=", "!=") and not re.fullmatch(r"[1-5]([0-9]{2}|XX)", str(value)):
        raise UsageError(f"`{value}` is no status code", hint="write `code=409` or `code=4XX`")
    if operator in _ORDER:
        value = _number(value, written, quoted=quoted)
    return Condition(text=written, place=place, length=length, operator=operator, value=value, quoted=quoted)


def _number(value: Any, written: str, *, quoted: bool) -> float:
    if not quoted and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return float(value) if "." in value else int(value)
    hint = "`<` `>` `<=` `>=` take numbers; write `.length` for a length"
    raise UsageError(f"`{written}` compares with no number", hint=hint)


def _check_declared(operation: Operation, place: Place) -> None:
    """A name that the document does not know is a slip of the pen. What a free-form object holds is anybody's; a JSON Pointer
    reaches members that no document lists."""
    if place.text.startswith("/"):
        return
    if place.root == "path":
        names = {parameter.name for parameter in operation.parameters if parameter.where == "path"}
        if place.steps[0] not in names:
            raise UsageError(f"{operation.key} has no `{place.text}`", hint=nearest_hint(place.steps[0], names))
        return
    roots: list[Node] = []
    if place.root == "sent" and operation.body is not None:
        roots = [operation.body.node]
    elif place.root == "got":
        roots = [answer.node for answer in operation.responses.values() if answer.node is not None]
    for step in place.steps if roots else ():
        names = {name for node in roots for name in node.properties}
        below = [node.items if step == EACH else node.properties.get(step) for node in roots]
        found = [node for node in below if node is not None]
        if not found:
            free = any(not node.types or node.types & {"object", "array"} for node in roots)
            if free and (step == EACH or not names):
                return
            raise UsageError(f"{operation.key} has no `{place.text}`", hint=nearest_hint(step, names or {"length"}))
        roots = found
