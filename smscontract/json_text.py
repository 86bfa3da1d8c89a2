"""JSON as it came over the wire: the value, and what is wrong with its text.

The fast parser settles most bodies. It cannot tell duplicate keys, makes floats of big integers, and refuses some texts that
are JSON (RFC 8259): a slow path decides those, so that a verdict never depends on a parser's limits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

import orjson

__all__ = ["ABSENT", "UNKNOWN", "Flaw", "Parsed", "Special", "json_type", "once", "parse", "types_of"]


class Special(Enum):
    """What stands in the place of a value that is not there. No text equals one of them."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


#: There is no such member, header or parameter.
ABSENT = Special.ABSENT
#: There may be one, but the recording does not tell.
UNKNOWN = Special.UNKNOWN


class Flaw(StrEnum):
    """What can be wrong with the text of a body. After a fatal flaw the value is `UNKNOWN`."""

    EMPTY = "empty"
    BOM = "byte order mark"
    ENCODING = "not UTF-8"
    SYNTAX = "not JSON"
    SEVERAL = "more than one value"
    DUPLICATE = "duplicate key"
    CONSTANT = "NaN or Infinity"
    SURROGATE = "lone surrogate"
    DEPTH = "too deep"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body read as JSON. `detail` names the first duplicate key or the place of a syntax error, never a value."""

    value: Any
    flaws: tuple[Flaw, ...] = ()
    detail: str = ""


_SEPARATORS = " \t\r\n"
_DEEPER = frozenset({dict, list, float})
#: White space between a name and its colon.
_LOOSE = re.compile(r'"[ \n\r\t]+:')


def _integer(text: str) -> int | float:
    # Python refuses to convert more than 4300 digits; the value is a number all the same.
    return int(text) if len(text) <= 4000 else float(text)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def parse(raw: bytes) -> Parsed:
    """Reads bytes as one JSON value. Never raises."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _slowly(raw)
    try:
        if once(raw, value):
            return Parsed(value)
    except (TypeError, RecursionError):  # too deep to be written again
        pass
    return _slowly(raw)


def once(text: str | bytes, value: Any) -> bool:
    """Whether it is sure that the text says each member of each object once, and that no number lost digits.

    Args:
        text: what `value` was read from.
    """
    # Compact text that says the same when written again.
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


def _slowly(raw: bytes) -> Parsed:
    flaws: list[Flaw] = []
    if raw.startswith(b"\xef\xbb\xbf"):
        flaws.append(Flaw.BOM)
        raw = raw[3:]
    if not raw.strip():
        return Parsed(UNKNOWN, (*flaws, Flaw.EMPTY))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Parsed(UNKNOWN, (*flaws, Flaw.ENCODING), f"byte {error.start}")
    duplicates: list[str] = []
    constants: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            duplicates.extend(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # the idiom: add returns None
        return result

    def constant(name: str) -> float:
        constants.append(name)
        return float(name.replace("Infinity", "inf"))

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_int=_integer, strict=True)
    start = len(text) - len(text.lstrip(_SEPARATORS))
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        return Parsed(UNKNOWN, (*flaws, Flaw.DEPTH))
    except ValueError as error:
        return Parsed(UNKNOWN, (*flaws, Flaw.SYNTAX), f"character {getattr(error, 'pos', 0)}")
    if text[end:].strip(_SEPARATORS):
        kind = Flaw.SEVERAL if _starts_value(text[end:].lstrip(_SEPARATORS + ",")) else Flaw.SYNTAX
        return Parsed(UNKNOWN, (*flaws, kind), f"character {end}")
    if constants:
        return Parsed(UNKNOWN, (*flaws, Flaw.CONSTANT))
    if duplicates:
        flaws.append(Flaw.DUPLICATE)
    try:
        if _has_surrogate(json.dumps(value, ensure_ascii=False)):
            return Parsed(UNKNOWN, (*flaws, Flaw.SURROGATE))
    except RecursionError:
        return Parsed(UNKNOWN, (*flaws, Flaw.DEPTH))
    return Parsed(value, tuple(flaws), duplicates[0] if duplicates else "")


def _starts_value(text: str) -> bool:
    return text[:1] in ("{", "[", '"')


def json_type(value: Any) -> str:
    """Name of the JSON type; whole numbers are `integer` however they are written (JSON Schema 2020-12 section 4.2.3)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "unknown"


def types_of(value: Any) -> tuple[str, ...]:
    """Every JSON Schema type that a value has: a whole number is both `integer` and `number`."""
    name = json_type(value)
    return ("integer", "number") if name == "integer" else (name,)
