"""JSON that is too big to hold: walk through a stream, and cut out the bytes of one value after the other.

A recording of a gigabyte is one JSON document around a long list. The parts of that list are found by their brackets and
quotes alone and parsed one by one, so that one broken part costs itself and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Any, Protocol

import orjson

__all__ = ["Broken", "Cut", "Scanner", "elements", "exactly", "parse", "top_keys"]

_CHUNK = 256 * 1024
_KEY_LIMIT = 64 * 1024

# Possessive repeats keep no way back, so that a string of 50 MB costs no memory. All three stop before what they cannot take.
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Objects that hold no other are passed in one go: header fields are lists of them.
_FLAT = rb'\{[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+)*+\}'
_INSIDE = re.compile(rb'[^"{}\[\]]*+(?:(?:' + _STRING + rb"|" + _FLAT + rb')[^"{}\[\]]*+)*+', re.DOTALL)
_BESIDE = re.compile(rb'[^",{}\[\]]*+(?:' + _STRING + rb'[^",{}\[\]]*+)*+', re.DOTALL)
_KEY = re.compile(_STRING, re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
# What stands between two objects of a list, and the first key of the second.
_SEAM = re.compile(rb',[ \t\r\n]{0,200}+\{[ \t\r\n]{0,200}+"[^"\\]{1,200}+"')


class Broken(Exception):
    """What was read is not what it should be; says what is wrong, never what stood there."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Cut(Broken):
    """The text ends in the middle."""


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes: ...


def parse(raw: bytes) -> Any:
    """One JSON value. Big integers may come as floats (`exactly` keeps them); NaN and lone surrogates are taken.

    Raises:
        Broken: it is no JSON, no UTF-8, or nested too deeply.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return exactly(raw)


def exactly(raw: bytes) -> Any:
    """Like `parse`, slower, and every integer keeps its digits.

    Raises:
        Broken: as `parse`.
    """
    try:
        return json.loads(raw.decode("utf-8"), parse_int=_integer)
    except UnicodeDecodeError as error:
        raise Broken(f"is not UTF-8 at byte {error.start + 1}") from None
    except RecursionError:
        raise Broken("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Broken(f"is not JSON at character {error.pos + 1}") from None


def _integer(text: str) -> int | float:
    # Python refuses to convert more than 4300 digits; the value is a number all the same.
    return int(text) if len(text) <= 4000 else float(text)


def top_keys(head: bytes) -> list[str]:
    """The keys of the object that a text begins with, as far as they can be seen; empty if it begins otherwise."""
    scanner, keys = Scanner(head), []
    try:
        for key in scanner.members():
            keys.append(key)
            scanner.skip()
    except Broken:
        pass
    return keys


def elements(source: Readable, path: Sequence[str | Collection[str]], limit: int) -> Iterator[Any]:
    """The parsed elements of the list that stands at `path` (a key, or several that will do, for each object on the way); in
    the place of one that cannot be parsed or is over the limit, the `Broken` that says so.

    Raises:
        Broken: the text cannot be followed any further, or there is no such list.
    """
    scanner = Scanner(source, limit)
    if not (yield from _below(scanner, path)):
        raise Broken(f"has no list `{'.'.join(step if isinstance(step, str) else min(step) for step in path)}`")
    scanner.end()


def _below(scanner: Scanner, path: Sequence[str | Collection[str]]) -> Generator[Any, None, bool]:
    if not path:
        for _ in scanner.items():
            yield _element(scanner)
        return True
    found = False
    for key in scanner.members():
        if key == path[0] or (not isinstance(path[0], str) and key in path[0]):
            found = (yield from _below(scanner, path[1:])) or found
        else:
            scanner.skip()
    return found


def _element(scanner: Scanner) -> Any:
    try:
        likely = scanner.likely()
        return parse(scanner.item()) if likely is None else likely
    except Cut:
        raise
    except Broken as error:
        return error


class Scanner:
    """A place in a JSON text that moves forward.

    `members` and `items` are loops that stop before each value; the body of the loop takes it with `value`, `skip`, or a loop
    of its own. All methods raise `Broken` where the text cannot be followed, and `Cut` (a kind of it) where it ends too early.

    Args:
        source: the text, or a stream of it.
        limit: how many bytes of one value are kept at most.
    """

    def __init__(self, source: Readable | bytes, limit: int = 2**62) -> None:
        self._source = None if isinstance(source, bytes) else source
        self._buffer = source if isinstance(source, bytes) else b""
        self._at = 0
        self._limit = limit
        self._seam = self._latest = b""

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next."""
        self._expect(b"{", "an object")
        if self._peek() == b"}":
            self._at += 1
            return
        while True:
            yield self._key()
            if self._more_follow(b"}"):
                return

    def items(self) -> Iterator[int]:
        """The indices of the array that comes next."""
        self._expect(b"[", "a list")
        if self._peek() == b"]":
            self._at += 1
            return
        index = 0
        while True:
            yield index
            index += 1
            if self._more_follow(b"]"):
                return

    def value(self) -> bytes:
        """The bytes of the value that comes next, up to the comma or bracket behind it.

        Raises:
            Broken: it is over the limit; the scanner then stands behind it.
        """
        parts, size, kept = [], 0, True
        for part in self._walk():
            size += len(part)
            if kept := size <= self._limit:
                parts.append(part)
            else:
                parts.clear()
        if not kept:
            raise Broken(f"is larger than {self._limit} bytes")
        return b"".join(parts).strip(b" \t\r\n")

    def item(self) -> bytes:
        """As `value`, of a list; and what stands behind it is remembered for `likely`."""
        try:
            return self.value()
        finally:
            found = _SEAM.match(self._buffer, self._at)
            seam = found[0] if found is not None else b""
            # Two in a row make a habit.
            self._seam, self._latest = (seam if seam == self._latest else b""), seam

    def likely(self) -> Any:
        """The next item of a list, parsed, where it is an object that ends where it likely does: before what stood between the
        items before it. Else `None`, and the scanner stands where it stood.

        A text that is a whole object when it is cut there cannot be the beginning of a longer one.
        """
        if self._seam:
            end = self._buffer.find(self._seam, self._at)
            if 0 <= end - self._at <= self._limit:
                try:
                    value = orjson.loads(self._buffer[self._at : end])
                except orjson.JSONDecodeError:
                    return None
                if type(value) is dict:
                    self._at = end
                    return value
        return None

    def skip(self) -> None:
        """Passes over the value that comes next, whatever its size."""
        for _ in self._walk():
            pass

    def next_is(self, byte: bytes) -> bool:
        """Whether the value that comes next begins with this byte."""
        return self._peek() == byte

    def end(self) -> None:
        """Makes sure that nothing follows."""
        if self._peek():
            raise Broken("goes on behind its end")

    def _walk(self) -> Iterator[bytes]:
        depth, in_string = 0, False
        start = self._at
        while True:
            pattern = _IN_STRING if in_string else _INSIDE if depth else _BESIDE
            match = pattern.match(self._buffer, self._at)
            assert match is not None  # each of them matches the empty text
            self._at = match.end()
            byte = self._buffer[self._at : self._at + 1]
            if not byte or byte == b"\\":  # an escape that the end of the buffer cuts in two
                yield self._buffer[start : self._at]
                self._refill()
                start = 0
            elif byte == b'"':
                in_string = not in_string
                self._at += 1
            elif byte in b"{[":
                depth += 1
                self._at += 1
            elif depth and byte in b"}]":
                depth -= 1
                self._at += 1
            else:  # the comma or bracket behind the value
                yield self._buffer[start : self._at]
                return

    def _key(self) -> str:
        if (byte := self._peek()) != b'"':
            raise Broken("is not JSON: a key is missing") if byte else Cut("ends in the middle")
        while not (match := _KEY.match(self._buffer, self._at)):
            if len(self._buffer) - self._at > _KEY_LIMIT:
                raise Broken("has an endless key")
            self._refill()
        self._at = match.end()
        self._expect(b":", "a colon")
        return str(parse(match[0]))

    def _more_follow(self, end: bytes) -> bool:
        byte = self._peek()
        if not byte:
            raise Cut("ends in the middle")
        if byte not in {b",", end}:
            raise Broken("is not JSON: a comma or bracket is missing")
        self._at += 1
        return byte == end

    def _expect(self, byte: bytes, name: str) -> None:
        found = self._peek()
        if not found:
            raise Cut("ends in the middle")
        if found != byte:
            raise Broken(f"is not as expected: {name} is missing")
        self._at += 1

    def _peek(self) -> bytes:
        """The next byte that is no white space; empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            try:
                self._refill()
            except Cut:
                return b""

    def _refill(self) -> None:
        more = self._source.read(_CHUNK) if self._source is not None else b""
        if not more:
            raise Cut("ends in the middle")
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
