"""Which operation a plain request belongs to, without taking its URL apart."""

from __future__ import annotations

import re
from collections.abc import Callable

from smscontract.catalogue import Catalogue
from smscontract.documents import Operation
from smscontract.kernel.matchers import Unsure

__all__ = ["Routes"]

_HOST = r"(?:https?://[A-Za-z0-9.:-]*)?"
#: Segments without an escape, which stand for themselves.
_VALUE = "([A-Za-z0-9_.~+:@-]+)"
#: URLs without a parameter that are remembered.
_KEPT = 4096
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]*")


class Routes:
    """Operations by request. A request that it does not know may belong to one all the same."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._by_method: dict[str, list[tuple[Callable[[str], re.Match[str] | None], Operation, tuple[str, ...]]]] = {}
        self._seen: dict[tuple[str, str], tuple[Operation, dict[str, str]]] = {}
        closed: set[str] = set()  # methods with a path that we cannot read: what follows it may belong to that one
        for operation in catalogue.operations.values():
            pieces = re.split(r"\{([^{}]+)\}", operation.path)
            if operation.method in closed or not all(_PLAIN.fullmatch(piece) for piece in pieces[::2]):
                closed.add(operation.method)
                continue
            pattern = re.compile(_HOST + _VALUE.join(re.escape(piece) for piece in pieces[::2]))
            self._by_method.setdefault(operation.method, []).append((pattern.fullmatch, operation, tuple(pieces[1::2])))

    def of(self, method: str, url: str) -> tuple[Operation, dict[str, str]] | None:
        """As `Catalogue.match`; `None` also where only that can tell."""
        known = self._seen.get((method, url))
        if known is not None:
            return known
        for match, operation, names in self._by_method.get(method, ()):
            found = match(url)
            if found is None:
                continue
            if len(names) == 1:
                return operation, {names[0]: found[1]}
            route = operation, dict(zip(names, found.groups(), strict=True))
            if not names and len(self._seen) < _KEPT:
                self._seen[method, url] = route
            return route
        return None

    def pieces(self, method: str, url: str) -> list[str | tuple[str]]:
        """A URL that it knows in pieces: texts, and names of parameters. Other values of these belong to the same operation.

        Raises:
            Unsure: they may belong to another one.
        """
        earlier: list[str] = []
        for match, operation, names in self._by_method.get(method, ()):
            found = match(url)
            if found is None:
                earlier.append(operation.path)
                continue
            pieces: list[str | tuple[str]] = []
            done = 0
            for index, name in enumerate(names, 1):
                start, end = found.span(index)
                pieces += [url[done:start], (name,)]
                done = end
            pieces.append(url[done:])
            if names and any(_meet(one, operation.path) for one in earlier):
                raise Unsure
            return pieces
        raise Unsure


def _meet(one: str, other: str) -> bool:
    """Whether a path may belong to two templates."""
    left, right = one.split("/"), other.split("/")
    return len(left) == len(right) and all("{" in a or "{" in b or a == b for a, b in zip(left, right, strict=True))
