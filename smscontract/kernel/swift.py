"""Who finds the pattern of a line, and counts its exchange: in C, where that could be compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from smscontract.kernel.checks import Times
from smscontract.kernel.leaves import Memo, unescaped
from smscontract.kernel.matchers import DOUBTS, Unsure
from smscontract.kernel.template import Template, Way
from smscontract.native import load
from smscontract.rfc3339 import timestamp

__all__ = ["Swift", "swift"]

#: How `native.scan` names what is asked of two texts; the last is asked of `Way.checks`.
_ASKED = {"equal": 0, "differ": 1, "phones": 2, "": 3}


def swift() -> Swift | None:
    """One without patterns; `None` if it could not be compiled."""
    module = load("scan")
    if module is None:
        return None
    try:  # stands on what no Python promises to keep
        from smscontract.kernel.programs import elements
    except ImportError:
        return None
    return Swift(module, elements)


class Swift:
    """As `finder.Sorted`.

    Args:
        module: `smscontract.native.scan`; `elements`: makes of the pieces of a pattern what it takes.
    """

    learns = True

    def __init__(self, module: Any, elements: Callable[..., Any]) -> None:
        self._module = module
        self._elements = elements
        self._scanner = module.Scanner(DOUBTS)
        self._all: list[Template] = []
        self._compiled: dict[Template, Any] = {}
        self._known: dict[Memo, set[bytes]] = {}

    @property
    def hits(self) -> int:
        """Exchanges that were counted."""
        return int(self._scanner.hits)

    def scan(self, block: bytes, at: int, number: int, most: int) -> tuple[int, int]:
        """As `Templates.scan`."""
        there: tuple[int, int] = self._scanner.run(block, at, number, most)
        return there

    def of(self, line: bytes) -> tuple[Template, Sequence[Any]] | None:
        """As `Finder.of`."""
        if self._scanner.missed < 0:
            return None
        template = self._all[self._scanner.missed]
        groups = self._scanner.groups(self._compiled[template], line)
        return (template, groups) if groups is not None else None

    def add(self, template: Template, line: bytes) -> Sequence[Any]:
        """As `Finder.add`."""
        made = template.skeleton
        compiled = self._module.Template(
            self._elements(made.pieces),
            made.groups,
            made.told,
            made.escaped,
            [
                (self._known.setdefault(memo, set()), groups, memo.holds, memo.sure, memo.depth)
                for memo, groups in made.memos.items()
            ],
            (made.times.get("sent_at"), made.times.get("received_at")),
            template.keeps if template.beside else None,
            timestamp,
            unescaped,
        )
        groups = self._scanner.groups(compiled, line)
        if groups is None:
            raise Unsure
        self._scanner.add(compiled)
        self._compiled[template] = compiled
        self._all.append(template)
        return tuple(groups)

    def note(self, template: Template, groups: Sequence[Any], way: Way | None) -> None:
        """As `Finder.note`."""
        told = None
        if way is not None:
            relations = [(_ASKED[of_texts], left, right) for of_texts, left, right in way.relations]
            if way.known.pack is None:
                way.known.pack = self._module.Pack()
            told = self._module.Way(way.known.pack, way.groups, relations, way.checks, _order(way.times))
        self._compiled[template].learn(groups, told)


def _order(times: Times | None) -> Any:
    """What `native.scan.Way` takes of the order of times."""
    if times is None:
        return None
    return times.pairs, times.before, times.step, times.loose, partial(_limit_at, times), times.hold


def _limit_at(times: Times, received: float) -> tuple[bytes, float]:
    limit, begin = times.limit_at(received)
    return limit.encode(), begin
