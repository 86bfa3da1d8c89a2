"""One record of a log: values by JSON Pointer, and the bytes of inline JSON as they stand in the line."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

from smscontract.mapping import steps
from smscontract.recordings._json import Broken, Scanner, parse

__all__ = ["ABSENT", "Record"]


class _Absent:
    """What is not there at all, unlike a null."""


ABSENT: Final = _Absent()
_steps = lru_cache(1000)(steps)


class Record:
    """A record.

    Args:
        value: the parsed JSON of it.
        line: its bytes, where there are any.
    """

    __slots__ = ("_line", "value")

    def __init__(self, value: Any, line: bytes | None = None) -> None:
        self.value = value
        self._line = line

    def get(self, pointer: str) -> Any:
        """The value at a JSON Pointer, or `ABSENT`. Where a step meets a text, the JSON in that text is stepped into."""
        value = self.value
        for step in _steps(pointer):
            value = _child(_opened(value), step)
            if value is ABSENT:
                return ABSENT
        return value

    def raw(self, pointer: str) -> bytes:
        """The JSON at a place, byte by byte as it stands in the line where that is known: numbers, spaces and repeated keys
        are kept.

        Raises:
            Broken: the place cannot be followed.
        """
        if self._line is None:
            return json.dumps(self.get(pointer), ensure_ascii=False).encode("utf-8", "surrogatepass")
        raw = self._line
        for step in _steps(pointer):
            if raw.startswith(b'"'):
                raw = str(parse(raw)).encode("utf-8", "surrogatepass").strip()
            raw = _part(raw, step)
        return raw


def _opened(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse(value.encode("utf-8", "surrogatepass"))
    except Broken:
        return ABSENT


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and step.isascii() and step.isdecimal() and len(step) < 9 and int(step) < len(value):
        return value[int(step)]
    return ABSENT


def _part(raw: bytes, step: str) -> bytes:
    scanner, result = Scanner(raw), b""
    found = scanner.items() if raw.startswith(b"[") else scanner.members()
    for key in found:
        if str(key) == step:
            result = scanner.value()  # of keys that are repeated, the last
        else:
            scanner.skip()
    return result
