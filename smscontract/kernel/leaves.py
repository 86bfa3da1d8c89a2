"""Patterns for single values of a line: which others may stand there without anything else being judged.

Each pattern takes less than could be taken, and takes it in one go: no repetition in it is ever tried again with less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from smscontract.clauses.schema import NULL_TEXTS
from smscontract.kernel.asked import told
from smscontract.kernel.folded import Folded, folded, is_never
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.text import MARKED

__all__ = [
    "DATE_TIME",
    "OF_SENTENCES",
    "Asking",
    "Memo",
    "Pattern",
    "as_is",
    "harmless",
    "is_float",
    "is_int",
    "number",
    "text",
    "unescaped",
    "word",
]

_TEXT = frozenset({"string"})
_DATE_TIME = (
    r"(?:19|20)[0-9]{2}-(?:(?:0[13-9]|1[0-2])-(?:0[1-9]|[12][0-9]|30)|(?:0[13578]|1[02])-31|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9}+)?+Z"
)
_WORD = r"[A-Za-z0-9_.:/+-]{1,64}+"
#: Names with random digits behind them, or these alone.
_IDENTIFIER = re.compile(r"([A-Za-z]{1,16}[_-])?([0-9a-f]{8,64})")
#: What follows the first letter of a text in JSON, and of a text in JSON in a text. What escapes stand for is looked at later.
_ASCII = r"[ !#-\[\]-~]"
_REST = {
    1: rf"{_ASCII}*+(?:(?:[^\x00-\x7f]++|\\.){_ASCII}*+)*+",
    2: rf'{_ASCII}*+(?:(?:[^\x00-\x7f]++|\\\\(?:\\["\\]|[^"\\])|\\[^"\\]){_ASCII}*+)*+',
}
#: Letters that only an escape can have brought, and that not all texts have.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: No empty text, and none that begins with white space or an escape.
_TEXTS = {depth: r'(?!"|\\")' + rest for depth, rest in _REST.items()}
_VISIBLE = {depth: r"[!#-\[\]-~]" + rest for depth, rest in _REST.items()}
_INTEGERS = "(?:0|[1-9][0-9]{0,14}+)"
#: So few digits that none is lost, and that the number is not taken for a whole one.
_FRACTIONS = {True: r"0\.(?!0*+[^0-9]|9{14})[0-9]{1,20}+", False: r"[1-9][0-9]{0,4}+\.(?!0*+[^0-9])[0-9]{1,9}+"}
#: Values remembered by one memo, and the letters of one.
_KEPT = 4096
_SHORT = 256


class Pattern(NamedTuple):
    """Which texts of JSON may stand in the place of a value.

    Attributes:
        source: for `re`, with one group for the value (without its quotes), or none.
        as_is: whether what is taken is the value itself; `escaped`: once it is read as JSON, if there is an escape in it.
        memo: whether a value has to be asked for there.
        groups: how many groups there are; `told`: whether the first says whether there is null.
    """

    source: str
    groups: int = 1
    as_is: bool = False
    memo: Memo | None = None
    escaped: bool = False
    told: bool = False


class Asking(NamedTuple):
    """What a value has to answer.

    Attributes:
        schemas: laid on it.
        unmarked: whether it must not look like the marker of a recorder.
    """

    schemas: Sequence[Any] = ()
    unmarked: bool = False

    def like(self, value: Any) -> list[Any]:
        """Schemas that a value keeps if these have the outcome for it that they have for another."""
        found: list[Any] = []
        for schema in self.schemas:
            one = schema if _validator(orjson.dumps(schema, default=list)).is_valid(value) else {"not": schema}
            if one not in found:
                found.append(one)
        return found


@lru_cache(maxsize=1024)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(schema.decode(), validate_formats=True)


class Memo:
    """Remembers which texts answer as they should.

    Args:
        schemas: what each has to keep.
        depth: 2 for JSON in a text.

    Attributes:
        sure: 1 if nothing is asked but that a text is no word for null and no marker, 2 if what is asked beside that surely
            holds of sentences (`OF_SENTENCES`), else 0.
    """

    def __init__(self, schemas: Sequence[Any], depth: int) -> None:
        parts = [one for one in schemas if one not in _USUAL]
        sentences = all(told(one, _TEXT, OF_SENTENCES) is True for one in parts)
        self.sure = 0 if len(schemas) - len(parts) < len(_USUAL) or not sentences else 2 if parts else 1
        self._valid: Callable[[Any], bool] = jsonschema_rs.validator_for({"allOf": [*schemas]}, validate_formats=True).is_valid
        self.depth = depth
        self.known: set[str | None] = {None}

    def holds(self, values: Sequence[str | None]) -> bool:
        """Whether all of some texts do, each as it stands in its quotes.

        Raises:
            ValueError: the escapes in one are none.
        """
        known = self.known
        for raw in values:
            if raw in known:
                continue
            value = raw
            if raw is not None and "\\" in raw:
                value = unescaped(raw, self.depth)
                if _CONTROL.search(value):
                    return False
            if not self._valid(value):
                return False
            if raw is None or len(raw) > _SHORT:
                continue
            if len(known) >= _KEPT:
                known.clear()
                known.add(None)
            known.add(raw)
        return True


def unescaped(raw: str, depth: int) -> str:
    """The text that stands in quotes, in JSON or in JSON in a text."""
    for _ in range(depth):
        raw = orjson.loads(f'"{raw}"')
    return raw


def _quoted(source: str, depth: int, *, nullable: bool, wanted: bool = True) -> str:
    """A text in its quotes, or null, with a group for null and one for the text if that is wanted."""
    quote = '"' if depth == 1 else r"\\" + '"'
    source = f"{quote}({source}){quote}" if wanted else f"{quote}{source}{quote}"
    return f"(?:(null)|{source})" if nullable else source


def word(value: str, depth: int, *, nullable: bool) -> Pattern | None:
    """A word that is told from others by what it is; `None` if it is no such word."""
    if not re.fullmatch(_WORD, value):
        return None
    return Pattern(_quoted(_WORD, depth, nullable=nullable), 1 + nullable, as_is=True, told=nullable)


def as_is(asking: Asking, value: str, characters: str, memo: Callable[[Sequence[Any], int], Memo]) -> Pattern:
    """A part of a text that stands for itself, of some characters, without quotes."""
    if not re.fullmatch(characters, value):
        raise Unsure
    known = _identifier(value)
    if known is not None and _sure(asking, value, known[1]):
        return Pattern(f"({known[0]})", as_is=True)
    parts = _open(asking, value, _OF_TEXTS)
    return Pattern(f"({characters})", as_is=True, memo=memo([*parts, *_USUAL], 1) if parts or asking.unmarked else None)


def text(
    asking: Asking, value: str, depth: int, memo: Callable[[Sequence[Any], int], Memo], *, nullable: bool, needed: bool
) -> Pattern:
    """Another text.

    Args:
        value: the one that is there, or might be if it is null.
        memo: gives the memo of schemas and a depth.
        needed: whether somebody wants to know the value.
    """
    known = (_DATE_TIME, _OF_TIMES) if re.fullmatch(_DATE_TIME, value) else _identifier(value)
    if known is not None and _sure(asking, value, known[1]):
        return Pattern(
            _quoted(known[0], depth, nullable=nullable, wanted=needed), nullable + needed, as_is=needed, told=nullable
        )
    for one in asking.like(value):
        for pattern in _patterns(one):
            form = folded(pattern)
            if form is not None and re.fullmatch(form.source, value) and (form.unmarked or not asking.unmarked):
                parts = _open(asking, value, _of_folded(form, pattern))
                wanted = needed or bool(parts)
                source = _quoted(form.source, depth, nullable=nullable, wanted=wanted)
                mine = memo(parts, depth) if parts else None
                return Pattern(source, nullable + wanted, wanted, mine, told=nullable)
    texts, parts = _TEXTS, _open(asking, value, _OF_TEXTS)
    if re.match(r"[!#-\[\]-~]", value) and len(visible := _open(asking, value, _OF_VISIBLE)) < len(parts):
        texts, parts = _VISIBLE, visible
    # Few texts are any of the usual, and so most places can share one memo.
    source = _quoted(texts[depth], depth, nullable=nullable)
    return Pattern(source, 1 + nullable, needed, memo([*parts, *_USUAL], depth), needed, nullable)


def harmless(value: str, depth: int, memo: Callable[[Sequence[Any], int], Memo]) -> Pattern | None:
    """A text of which nothing is asked but that it is no marker; `None` if it is none of plain letters.

    Args:
        depth: at which other texts are written, who share the memo.
    """
    known = _identifier(value)
    if known is not None:
        return Pattern(f'"{known[0]}"', 0)
    return Pattern(f'"({_ASCII}++)"', memo=memo(_USUAL, depth)) if re.fullmatch(f"{_ASCII}++", value) else None


def _open(asking: Asking, value: str, known: Mapping[str, Any]) -> list[Any]:
    """What is to be asked of texts of which something is known, so that they answer like one of them."""
    found: list[Any] = []
    for one in asking.like(value):
        for part in _parts(one):
            if told(part, _TEXT, known) is not True and part not in found and part not in _USUAL:
                found.append(part)
    return found


_USUAL = [{"not": {"enum": sorted(NULL_TEXTS)}}, {"not": MARKED}]


def _patterns(schema: Any) -> Iterator[str]:
    """Patterns that a schema lays on a text."""
    for part in _parts(schema):
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str):
                yield part["pattern"]
            for inner in (part.get("not"), *part.get("anyOf", ())):
                if isinstance(inner, dict):
                    yield from _patterns(inner.get("not", inner if "anyOf" in part else True))


def _parts(schema: Any) -> list[Any]:
    """Schemas that say together what one says."""
    if not isinstance(schema, dict) or {"if", "then", "else"} & set(schema) or "$ref" in schema:
        return [schema]
    return [
        part
        for word, operand in schema.items()
        for part in ([below for one in operand for below in _parts(one)] if word == "allOf" else [{word: operand}])
    ]


def _sure(asking: Asking, value: str, known: Mapping[str, Any]) -> bool:
    """Whether all texts of which something is known answer like one of them."""
    return all(told(one, _TEXT, known) is True for one in asking.like(value))


def _of(pattern: str, oracle: Callable[[str], bool | None], low: int, high: int) -> dict[str, Any]:
    """What is known of all texts that match a pattern."""

    def listed(values: Sequence[Any]) -> bool | None:
        return None if any(isinstance(one, str) and re.fullmatch(pattern, one) for one in values) else False

    return {
        "enum": listed,
        "const": lambda value: listed([value]),
        "pattern": oracle,
        "minLength": lambda bound: True if bound <= low else False if bound > high else None,
        "maxLength": lambda bound: True if bound >= high else False if bound < low else None,
    }


#: Patterns that each date-time in UTC keeps.
_KEPT_BY_TIMES = frozenset({
    r"\S",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
    r"^[1-8][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|\+00:00)$",
})  # fmt: skip
_OF_TIMES = {
    **_of(_DATE_TIME, lambda pattern: True if pattern in _KEPT_BY_TIMES else None, 20, 30),
    "format": lambda name: True if name == "date-time" else None,
}
_OF_TEXTS = {
    "enum": lambda values: False if not any(isinstance(one, str) for one in values) else None,
    "pattern": lambda pattern: False if is_never(pattern) else None,
}
#: Patterns of texts that begin with a digit or a plus sign.
_OTHERWISE = re.compile(r"\^(\[0-9\]|\\\+)(?![*?]|\{0)[^|]*$")
#: What is known of a text of 10 to 400 bytes that begins with a letter and has a space in it; there may be escapes of letters.
OF_SENTENCES = {
    "enum": lambda values: False if not any(isinstance(one, str) and " " in one for one in values) else None,
    "const": lambda value: False if not (isinstance(value, str) and " " in value) else None,
    "minLength": lambda bound: True if bound <= 1 else False if bound > 400 else None,
    "maxLength": lambda bound: True if bound >= 400 else False if bound < 1 else None,
    "pattern": lambda pattern: True if pattern == r"\S" else False if is_never(pattern) or _OTHERWISE.match(pattern) else None,
}
_OF_VISIBLE = {**_OF_TEXTS, "pattern": lambda pattern: True if pattern == r"\S" else False if is_never(pattern) else None}


def _of_folded(form: Folded, own: str) -> dict[str, Any]:
    """What is known of all texts of a folded pattern."""

    def oracle(pattern: str) -> bool | None:
        if pattern == own or (pattern == r"\S" and " " not in form.letters):
            return True
        return False if is_never(pattern) else None

    return _of(form.source, oracle, 0, 1 << 16)


#: One that stands for all where there is none yet.
DATE_TIME = "2026-03-02T09:15:00Z"


def _identifier(value: str) -> tuple[str, dict[str, Any]] | None:
    """A pattern of identifiers like this one, none of which looks like a marker, and what is known of them."""
    match = _IDENTIFIER.fullmatch(value)
    if match is None:
        return None
    prefix = match[1] or ""
    if "xxxx" in prefix.lower() or re.match("redacted|filtered|masked|scrubbed|sanitized", prefix.lower()):
        return None
    source = re.escape(prefix) + "[0-9a-f]{8,64}+"

    def oracle(pattern: str) -> bool | None:
        return True if pattern == r"\S" or (pattern == "[^0-9]" and prefix) else None

    return source, _of(source, oracle, len(prefix) + 8, len(prefix) + 64)


def is_int(raw: str) -> bool:
    """Whether a number is written as a whole one that is not taken for another."""
    return re.fullmatch(_INTEGERS, raw) is not None


def is_float(raw: str) -> bool:
    """Whether a number is written as one that surely is no whole one."""
    return any(re.fullmatch(source.replace("[^0-9]", "$"), raw) for source in _FRACTIONS.values())


def number(asking: Asking, raw: str) -> Pattern | None:
    """Another number of the same type; `None` where it may be judged otherwise."""
    if is_int(raw):
        source, types, low, high = _INTEGERS, frozenset({"integer", "number"}), 0.0, 1e15
    elif is_float(raw):
        small = raw.startswith("0")
        source, types, low, high = _FRACTIONS[small], frozenset({"number"}), 0.0 if small else 1.0, 1.0 if small else 1e5
    else:
        return None
    known = {
        "minimum": lambda bound: True if bound <= low else None,
        "maximum": lambda bound: True if bound >= high else None,
        "exclusiveMinimum": lambda bound: True if bound < low else None,
        "exclusiveMaximum": lambda bound: True if bound > high else None,
        "pattern": lambda _: True,
        "minLength": lambda _: True,
        "maxLength": lambda _: True,
        "enum": lambda values: False if all(isinstance(one, str) or one is None for one in values) else None,
    }
    sure = all(told(one, types, known) is True for one in asking.like(json.loads(raw)))
    return Pattern(source, groups=0) if sure else None
