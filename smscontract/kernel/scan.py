"""The text of a JSON value in pieces: what stands between its single values, and these, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from smscontract.kernel.asked import Steps
from smscontract.kernel.matchers import Unsure

__all__ = ["Leaf", "escaped", "scan"]

_TOKEN = re.compile(r'[ \t\r\n]*+(?:"((?:[^"\\]++|\\.)*+)"|([{}\[\]:,])|(-?[0-9][0-9.eE+-]*+|true|false|null))', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text, number, truth value or null.

    Attributes:
        raw: as it stands there, a text without its quotes.
    """

    steps: Steps
    value: Any
    raw: str


def scan(text: str) -> list[str | Leaf]:
    """The pieces of a text that is JSON.

    Raises:
        Unsure: a member is there twice.
    """
    scanner = _Scanner(text)
    scanner.read((), scanner.next())
    return [*scanner.pieces, text[scanner.done :]]


def escaped(text: str, like: str) -> str:
    """The escapes of JSON for a text, as somebody wrote them who wrote `like`: non-ASCII characters as they are, or escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if not like.isascii() or text.isascii():
        return text
    return "".join(one if one.isascii() else _units(one) for one in text)


def _units(character: str) -> str:
    raw = character.encode("utf-16-be")
    return "".join(f"\\u{raw[index : index + 2].hex()}" for index in range(0, len(raw), 2))


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        self.pieces: list[str | Leaf] = []
        self.done = 0

    def next(self) -> re.Match[str]:
        token = next(self._tokens, None)
        if token is None:
            raise Unsure
        return token

    def read(self, steps: Steps, token: re.Match[str]) -> None:
        mark = token[2]
        if mark == "{":
            self._members(steps)
        elif mark == "[":
            self._items(steps)
        else:
            group = 1 if token[1] is not None else 3
            start, end = token.span(group)
            value = orjson.loads(self._text[start - 1 : end + 1] if group == 1 else token[3])
            if group == 1:
                start, end = start - 1, end + 1
            self.pieces += [self._text[self.done : start], Leaf(steps, value, token[group])]
            self.done = end

    def _members(self, steps: Steps) -> None:
        seen: set[str] = set()
        token = self.next()
        while token[2] != "}":
            name = orjson.loads(token[0].strip(" \t\r\n"))
            if name in seen:
                raise Unsure
            seen.add(name)
            self.next()  # the colon
            self.read((*steps, name), self.next())
            token = self.next()
            if token[2] == ",":
                token = self.next()

    def _items(self, steps: Steps) -> None:
        number = 0
        token = self.next()
        while token[2] != "]":
            self.read((*steps, number), token)
            number += 1
            token = self.next()
            if token[2] == ",":
                token = self.next()
