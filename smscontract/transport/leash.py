"""The leash: no request leaves that could text a stranger.

Looked at are the bytes that would go out, not what a generator meant: every place that the document marks as a telephone
number, whatever stands there, and everything that nobody declared and that could be taken for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from smscontract.documents import Node, Operation
from smscontract.json_text import parse
from smscontract.numbers import may_dial_outside

__all__ = ["Leash", "LeashError"]

#: A value at a place that nobody declared is somebody's number only if it has so many digits.
_DIGITS = 7


class LeashError(Exception):
    """A request that may not leave. It was not sent. The text names the place, never the value."""


class Leash:
    """Refuses requests that could dial a number outside the ranges reserved for fiction and tests.

    Args:
        granted: for each member or parameter the numbers that the user's own resources name for it: to send them there is
            what the user asked for. At any other place they are strangers' numbers.
    """

    def __init__(self, granted: Mapping[str, Iterable[str]] | None = None) -> None:
        self._granted = {name: frozenset(numbers) for name, numbers in (granted or {}).items()}
        self.stopped = 0

    def check(self, operation: Operation, target: str, path_parameters: Mapping[str, str], body: bytes) -> None:
        """Lets a request pass or not.

        Args:
            target: path and query as they go out.

        Raises:
            LeashError: it could text a stranger.
        """
        for place, text in _texts(operation, target, path_parameters, body):
            if text not in self._granted.get(place, ()) and may_dial_outside(text):
                self.stopped += 1
                raise LeashError(f"`{place}` could dial outside the reserved ranges")


def _texts(operation: Operation, target: str, path_parameters: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
    for parameter in operation.parameters:
        if parameter.where == "path" and parameter.node.mask == "phone":
            yield parameter.name, path_parameters.get(parameter.name, "")
    declared = {parameter.name: parameter.node for parameter in operation.parameters if parameter.where == "query"}
    for name, value in parse_qsl(target.partition("?")[2], keep_blank_values=True):
        yield from _leaves(declared.get(name), value, name)
        yield from _leaves(None, name, "query")
    if not body:
        return
    parsed = parse(body)
    if parsed.flaws or operation.body is None:
        # Whoever reads this body leniently may find anything in it.
        for piece in _pieces(body):
            yield "body", piece
        return
    yield from _leaves(operation.body.node, parsed.value)


def _pieces(body: bytes) -> Iterator[str]:
    """The texts of a body that is no clean JSON, their escapes resolved, and what stands between them and could be a number."""
    for index, piece in enumerate(re.split(r'(?<!\\)"', body.decode("utf-8", "replace"))):
        for text in {_unescaped(piece), piece.replace("\\", "")}:
            if index % 2:
                yield text
            else:  # names and values without quotation marks, or with others
                yield from (part for part in re.split(r"[][{}:,'=&]", text) if sum(map(str.isdigit, part)) >= _DIGITS)


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)


def _leaves(node: Node | None, value: Any, place: str = "body") -> Iterator[tuple[str, str]]:
    """Every text and number of a value that could be taken for a telephone number: all of those at places that are declared to
    be one, and those at undeclared places that look like one. Texts and free data may say what they like: nobody dials them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(None, name, "the name of a member")
            yield from _leaves(_below(node, name), inner, name)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(node.items if node is not None and node.items is not None else node, item, place)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        text = value if isinstance(value, str) else json.dumps(value)
        # A text where the document has an object is as undeclared as one at a place that it does not know.
        undeclared = node is None or (bool(node.properties) and node.mask is None)
        if sum(map(str.isdigit, text)) >= _DIGITS if undeclared else node is not None and node.mask == "phone":
            yield place, text


def _below(node: Node | None, name: str) -> Node | None:
    """What is known of a member: its own declaration; in free data and in numbers what is known of the whole."""
    if node is None or name in node.properties:
        return node.properties[name] if node is not None else None
    return node if node.mask in ("phone", "text") and not node.properties else None
