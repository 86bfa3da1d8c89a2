"""Patterns of JSON Schema as patterns that never try anything twice: each takes no more texts than the one it was made of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from smscontract.kernel.matchers import Unsure

__all__ = ["Folded", "folded", "is_never"]

_ATOM = re.compile(r"\\([.+*?()\[\]{}|^$/-])|([A-Za-z0-9_:@%,;#~&=! -])|\[((?:[A-Za-z0-9_+.,:()@-]|\\[-.+])+)\]")
_TIMES = re.compile(r"\{(\d{1,3})(?:,(\d{0,3}))?\}|([+*?])")
_CLASS = re.compile(r"\[(?:[^\[\]\\^]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})+\]")
#: Letters of markers, and words of which any text that looks like a marker has one or the other.
_MARKS = frozenset("xX*[]<>(){}$")
_WORDS = ("FILTERED", "MASKED", "SCRUBBED", "SANITIZED")


class Folded(NamedTuple):
    """A pattern for the whole of a text.

    Attributes:
        source: for `re`.
        letters: all that may be in such a text.
    """

    source: str
    letters: frozenset[str]

    @property
    def unmarked(self) -> bool:
        """Whether no such text looks like the marker of a recorder."""
        low = {one.lower() for one in self.letters}
        return not self.letters & _MARKS and not set("redacted") <= low and not any(set(one) <= self.letters for one in _WORDS)


@lru_cache(maxsize=1024)
def folded(pattern: str) -> Folded | None:
    """The pattern of some of the texts that a pattern for whole texts takes; `None` if it is of another kind."""
    if not pattern.startswith("^") or not pattern.endswith("$") or pattern.endswith(r"\$"):
        return None
    try:
        reader = _Reader(pattern[1:-1])
        source = reader.branches(0)
    except Unsure:
        return None
    if reader.at < len(reader.text) or ("|" in pattern and reader.bare):
        return None
    return Folded(source, frozenset(reader.letters))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.letters: set[str] = set()
        self.bare = False

    def branches(self, depth: int) -> str:
        """Alternatives up to a closing bracket; those that cannot be read are left out."""
        found: list[str] = []
        while True:
            start, letters = self.at, set(self.letters)
            try:
                found.append(self._sequence(depth))
            except Unsure:
                self.letters = letters
                self._skip(start)
            if self.text[self.at : self.at + 1] != "|":
                break
            self.bare = self.bare or not depth
            self.at += 1
        if not found:
            raise Unsure
        return found[0] if len(found) == 1 and not depth else f"(?>{'|'.join(found)})"

    def _skip(self, start: int) -> None:
        """Goes to the end of an alternative that has no brackets but in pairs, none of them in a set."""
        level, self.at = 0, start
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\\":
                self.at += 1
            elif letter == "[":
                end = self.text.find("]", self.at + 2)
                if end < 0:
                    raise Unsure
                self.at = end
            elif letter == "(":
                level += 1
            elif letter in (")", "|"):
                if not level:
                    return
                level -= letter == ")"
            self.at += 1

    def _sequence(self, depth: int) -> str:
        found = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self.text[self.at] == "(":
                self.at += 1
                if self.text[self.at : self.at + 1] == "?" or depth > 2:
                    raise Unsure
                atom = self.branches(depth + 1)
                if self.text[self.at : self.at + 1] != ")":
                    raise Unsure
                self.at += 1
            else:
                atom = self._atom()
            found.append(atom + self._times())
        return "".join(found)

    def _atom(self) -> str:
        match = _ATOM.match(self.text, self.at)
        if match is None:
            raise Unsure
        self.at = match.end()
        source = match[0] if match[3] else re.escape(match[1] or match[2])
        self.letters |= {chr(code) for code in range(32, 127) if re.fullmatch(source, chr(code))}
        return source

    def _times(self) -> str:
        match = _TIMES.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        if self.text[self.at : self.at + 1] in ("?", "+", "*", "{"):
            raise Unsure
        return f"{match[0]}+"


_PRINTED = "".join(map(chr, (*b"\t\n\r", *range(32, 127))))
_CODE = re.compile(r"\\[ux]([0-9a-fA-F]+)")


@lru_cache(maxsize=1024)
def is_never(pattern: str) -> bool:
    """Whether a pattern is on one letter that is in no text without control characters other than ends of lines and tabs."""
    if _CLASS.fullmatch(pattern) is None or not pattern.isascii() or any(int(one, 16) > 127 for one in _CODE.findall(pattern)):
        return False
    return re.search(pattern, _PRINTED) is None
