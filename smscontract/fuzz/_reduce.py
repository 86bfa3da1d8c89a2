"""A failing request in smaller versions, laid out for Hypothesis's shrinker.

Each part of the request draws one choice of fixed size that says how much of it stays: all bits set is the request as it was
found, all bits clear is the plainest. The number of choices never depends on earlier ones, so that a step in one place does
not change what the choices of all others mean. Shrinking what *generated* the request took four times as many requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smscontract.documents import Node
from smscontract.fuzz._check import Check
from smscontract.fuzz._model import FuzzRequest

__all__ = ["AS_FOUND", "Reducer"]

#: Drawn from these bytes, a request comes out as it was found.
AS_FOUND = b"\xff" * 32_768

_FRONT = 15  # of an id that nobody has given, what names it

Draw = Callable[[Any], Any]


class Reducer:
    """Smaller versions of one request.

    Args:
        found: the request.
        check: how requests are read.
        allowed: telephone numbers that are valid, by place of the body.
    """

    def __init__(self, found: FuzzRequest, check: Check, allowed: Callable[[str], Sequence[str]]) -> None:
        from hypothesis import strategies as st

        self.st = st
        self.found = found
        self.check = check
        self.allowed = allowed
        self.node = check.operation.body.node if check.operation.body is not None else None
        try:
            self.body: Any = check.read(found)
        except ValueError:
            self.body = found.body
        plainly = check.request(found.mode, self.body, path_parameters=found.path_parameters)
        self._escaped = plainly.body != found.body

    def __call__(self, draw: Draw) -> FuzzRequest | None:
        """One version, or `None` where it is no longer what its mode asks for."""
        escaped = self._keep(draw) and self._escaped
        query = tuple(pair for pair in self.found.query if self._keep(draw))
        body = self._value(draw, self.body, self.node)
        path = {name: self._id(draw, value) for name, value in self.found.path_parameters.items()}
        headers = tuple(pair for pair in self.found.headers if pair[0] != "content-type" and self._keep(draw))
        parts = {"path_parameters": path, "query": query, "headers": headers}
        try:
            request = self.check.request(self.found.mode, body, escaped=escaped, **parts)
        except ValueError:
            return None
        return request if self.check.is_meant(request) else None

    def _keep(self, draw: Draw) -> bool:
        return bool(draw(self.st.booleans()))

    def _up_to(self, draw: Draw, most: int) -> int:
        """A number from 0 to `most`, drawn from a whole number of bits so that all of them set is `most`."""
        if most <= 0:
            return 0
        return min(most, int(draw(self.st.integers(0, 2 ** most.bit_length() - 1))))

    def _id(self, draw: Draw, value: str) -> str:
        if not value.startswith("nobody-"):
            return value
        return value[:_FRONT] + value[_FRONT : _FRONT + self._up_to(draw, len(value) - _FRONT)]

    def _value(self, draw: Draw, value: Any, node: Node | None) -> Any:
        if node is not None and node.enum is not None and value in node.enum:
            members = list(node.enum)
            return members[self._up_to(draw, members.index(value))]
        if isinstance(value, bool):
            return self._keep(draw) and value
        if isinstance(value, str):
            return self._text(draw, value, node)
        if isinstance(value, bytes):
            return value[: max(1, self._up_to(draw, len(value)))]
        if isinstance(value, int) and value > 0:
            return max(1, self._up_to(draw, value))
        if isinstance(value, int | float):
            return value if self._keep(draw) else int(value) if value and abs(value) < 2**53 else 1
        if isinstance(value, list):
            items = [(self._value(draw, item, node.items if node is not None else None), self._keep(draw)) for item in value]
            return [item for item, kept in items if kept]
        if isinstance(value, dict):
            return self._object(draw, value, node)
        return value

    def _text(self, draw: Draw, value: str, node: Node | None) -> str:
        if node is not None and node.mask == "phone":
            allowed = self.allowed(node.text)
            kept = self._keep(draw)
            return allowed[0] if not kept and value in allowed else value
        kept, length = self._keep(draw), self._up_to(draw, len(value))
        if node is not None and ("pattern" in node.raw or "format" in node.raw) and not kept:
            return str(next(iter(self._samples(node)), value))
        length = max(1, length) if value else 0
        return value[:length] if kept else "a" * length

    def _samples(self, node: Node) -> list[Any]:
        body = self.check.operation.body
        found = [one for one in body.examples.values() if isinstance(one, dict)] if body is not None else []
        return [one[node.text] for one in found if node.text in one]

    def _object(self, draw: Draw, value: dict[str, Any], node: Node | None) -> dict[str, Any]:
        free = node is None or not node.properties
        smaller: dict[str, Any] = {}
        for name, one in value.items():
            child = None if node is None else node.properties.get(name)
            inner = self._value(draw, one, child)
            named = self._keep(draw) if free else True
            # Last, since shrinking starts at the end: what is gone need not be made small.
            kept = self._keep(draw)
            if kept or (child is not None and child.required):
                smaller[name if named else chr(ord("a") + len(smaller) % 26)] = inner
        return smaller
