"""Cassettes in YAML, one interaction after the other.

Their writers put the list of interactions at the left edge, each item behind a dash in the same column. So the text is cut
there, each block is read by itself, and a broken one costs only itself. Values are built from the parser's events: plain
texts stay texts (a header `1.10` is no number), no tag makes an object, and aliases reach back over blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

import yaml

from smscontract.recordings._json import Broken
from smscontract.recordings._parts import from_base64

__all__ = ["Anchors", "Plain", "blocks", "value_of"]

MAX_DEPTH = 100  #: lists and objects inside each other, in one interaction
MAX_VALUES = 100_000  #: in one interaction, aliased ones counted as often as they are used

#: Values that aliases may name, with the number of values in them.
Anchors = dict[str, tuple[Any, int]]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LAYOUT = "write them as vcrpy does: one block `- ` for each interaction"
_DASH = re.compile(rb" *-(?=[ \r\n]|$)")
_END = re.compile(rb"(?:version|metadata|recorded_with|command|seed)[ \t]*:")

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TAG = "tag:yaml.org,2002:"
_TEXTS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "timestamp", "python/str", "python/unicode"))
_LISTS = frozenset((None, "!", _TAG + "seq", _TAG + "python/tuple"))
_OBJECTS = frozenset((None, "!", _TAG + "map"))
# Bodies that were files or iterators: read as the data they hold, never as the call that they describe.
_HOLDERS = {_TAG + "python/object/new:_io.BytesIO": "state", _TAG + "python/object/apply:builtins.iter": "args"}


class Plain(str):
    """A text without quotes, which YAML would read as a number, a truth value or a time if it looks like one."""

    __slots__ = ()


def blocks(stream: BufferedReader, key: re.Pattern[bytes], limit: int) -> Iterator[bytes | Broken]:
    """The text of each item of the list behind the line that `key` matches, or that it is over the limit.

    Raises:
        Broken: there is no such line, or the list is not laid out in lines.
    """
    rest = _find(stream, key, limit)
    if rest == b"[]":
        return
    if rest:
        raise Broken("has interactions in a layout that we cannot follow", _LAYOUT)
    block: list[bytes] = []
    size = 0
    for starts, line in _lines(stream, limit):
        if starts and size:
            yield _joined(block, size, limit)
            block, size = [], 0
        size += len(line)
        if size <= limit:
            block.append(line)
        else:
            block.clear()


def _lines(stream: BufferedReader, limit: int) -> Iterator[tuple[bool, bytes]]:
    """Each line of the list, or piece of an endless one, and whether an item starts with it; an empty one at the end."""
    dash: bytes | None = None
    new_line, ended = True, False
    while line := stream.readline(limit + 1):
        if not ended and new_line and _END.match(line):
            ended = True
            yield True, b""
        found = _DASH.match(line) if new_line else None
        new_line = line.endswith(b"\n")
        starts = found is not None and dash in {None, found[0]}
        if starts and ended:
            raise Broken("goes on with interactions behind the end of their list")
        if found is not None and starts:
            dash = found[0]
        if dash is None and not ended and line.strip() and not line.lstrip().startswith(b"#"):
            raise Broken("has interactions in a layout that we cannot follow", _LAYOUT)
        if dash is not None and not ended:
            yield starts, line
    yield True, b""


def _find(stream: BufferedReader, key: re.Pattern[bytes], limit: int) -> bytes:
    """What stands behind the key in its line."""
    while line := stream.readline(limit + 1):
        if match := key.match(line):
            return line[match.end() :].partition(b"#")[0].strip()
    raise Broken("has no list of interactions, which makes a cassette")


def _joined(block: list[bytes], size: int, limit: int) -> bytes | Broken:
    return b"".join(block) if size <= limit else Broken(f"is larger than {limit} bytes")


def value_of(block: bytes, anchors: Anchors) -> Any:
    """The item that a block holds: objects, lists, texts, bytes and `None`.

    Args:
        anchors: what earlier blocks have named; names of this one are added.

    Raises:
        Broken: it is no YAML, not one item, too deep, too large when aliases are expanded, or tagged as something else.
    """
    builder = _Builder(block, anchors)
    try:
        result = builder.document()
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in (error.problem or ""):  # libyaml 0.2.6 looks ahead and stops at 1000 levels, before we do
            raise Broken("is nested too deeply") from None
        mark = error.problem_mark
        raise Broken(f"is not YAML{'' if mark is None else f' in its line {mark.line + 1}'}") from None
    except (yaml.YAMLError, UnicodeError):
        raise Broken("is not YAML, or holds characters that YAML does not allow") from None
    if not isinstance(result, list) or len(result) != 1:
        raise Broken("is not one interaction")
    return result[0]


class _Builder:
    def __init__(self, block: bytes, anchors: Anchors) -> None:
        self._events = yaml.parse(block, Loader=_LOADER)
        self._anchors = anchors
        self._values = 0

    def document(self) -> Any:
        next(self._events)  # start of the stream
        next(self._events)  # start of the document: there is a dash in it
        result = self._value(next(self._events), 0)
        next(self._events)  # end of the document
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise Broken("is not one interaction")
        return result

    def _value(self, event: yaml.Event, depth: int) -> Any:
        before = self._values
        self._count(1)
        if depth > MAX_DEPTH:
            raise Broken("is nested too deeply")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise Broken("uses an alias that nothing before it defines")
            result, size = self._anchors[event.anchor]
            self._count(size)
            return result
        if isinstance(event, yaml.ScalarEvent):
            result = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent) and event.tag in _LISTS:
            result = [self._value(one, depth + 1) for one in self._until(yaml.SequenceEndEvent)]
        elif isinstance(event, yaml.MappingStartEvent) and event.tag in _OBJECTS | _HOLDERS.keys():
            result = self._object(depth)
            if event.tag in _HOLDERS:
                held = result.get(_HOLDERS[event.tag]) or [b""]
                result = held[0] if isinstance(held, list) else held
        else:
            raise _strange_tag()
        if event.anchor:
            self._anchors[event.anchor] = (result, self._values - before)
        return result

    def _object(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise Broken("has a key that is no text")
            result[key] = self._value(next(self._events), depth + 1)
        return result

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise Broken(f"holds more than {MAX_VALUES} values when its aliases are expanded")


def _scalar(event: yaml.ScalarEvent) -> str | bytes | None:
    text: str = event.value
    if event.tag in {None, "!"}:
        if not event.implicit[0] or event.tag is not None:
            return text
        return None if text in _NULL else Plain(text)
    if event.tag == _TAG + "binary":
        return from_base64(text)
    if event.tag == _TAG + "null":
        return None
    if event.tag in _TEXTS:
        return text
    raise _strange_tag()


def _strange_tag() -> Broken:
    return Broken("is tagged as something that we do not build", "plain data and !!binary are read")
