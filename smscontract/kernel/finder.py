"""Who finds the pattern of a line, and counts its exchange: in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from smscontract.kernel.matchers import DOUBTS, Unsure
from smscontract.kernel.sorting import Sorter
from smscontract.kernel.template import LONG, Template, Way

__all__ = ["Finder", "Sorted"]

#: After so many lines it is looked whether patterns pay: one line in four has to match. Else the next lines are left alone.
_TRIAL = 2048
_REST = 16 * _TRIAL


class Finder(Protocol):
    """Knows patterns and their ways.

    Attributes:
        hits: exchanges that were counted.
        learns: whether it takes more.
    """

    @property
    def hits(self) -> int:
        """As above."""

    @property
    def learns(self) -> bool:
        """As above."""

    def scan(self, block: bytes, at: int, number: int, most: int) -> tuple[int, int]:
        """As `Templates.scan`."""

    def of(self, line: bytes) -> tuple[Template, Sequence[Any]] | None:
        """The pattern of the line that was left, and its groups; `None` if it has none."""

    def add(self, template: Template, line: bytes) -> Sequence[Any]:
        """Takes a pattern; the groups of the line that it was made of.

        Raises:
            Unsure: it cannot.
        """

    def note(self, template: Template, groups: Sequence[Any], way: Way | None) -> None:
        """Takes note of how exchanges are counted that are told apart by these groups."""


class Sorted:
    """Tries one pattern after the other, those first that lines of this beginning and length have."""

    def __init__(self) -> None:
        self.hits = 0
        self._number = 0
        self._sorted: Sorter[Template] = Sorter(lambda one: one.runs, lambda one: one.size)
        self._tried = self._left = self._since = 0

    @property
    def learns(self) -> bool:
        """Whether patterns pay, so far."""
        return not self._left

    def scan(self, block: bytes, at: int, number: int, most: int) -> tuple[int, int]:
        """As `Templates.scan`."""
        while most and (end := block.find(b"\n", at)) >= 0:
            if line := block[at:end].strip(b" \t\r\n"):
                try:
                    if not self._look(line, number + 1):
                        break
                except DOUBTS:
                    break
                self.hits += 1
            at, number, most = end + 1, number + 1, most - 1
        return at, number

    def of(self, line: bytes) -> tuple[Template, Sequence[Any]] | None:
        """As `Finder.of`."""
        text = line.decode()
        for template in self._sorted.of(text):
            found = template.match(text)
            if found is not None:
                return template, found.groups()
        return None

    def add(self, template: Template, line: bytes) -> Sequence[Any]:
        """As `Finder.add`."""
        found = template.match(line.decode())
        if found is None:
            raise Unsure
        self._number += 1
        self._sorted.add(template)
        return found.groups()

    def note(self, template: Template, groups: Sequence[Any], way: Way | None) -> None:
        """The pattern knows it already."""

    def _look(self, line: bytes, number: int) -> bool:  # noqa: PLR0912 - in one piece: each call here costs all lines
        if self._left:
            self._left -= 1
            return False
        if not self._number or len(line) > LONG:
            return False
        self._tried += 1
        if self._tried > _TRIAL:
            self._left = _REST if (self.hits - self._since) * 4 < _TRIAL else 0
            self._tried, self._since = 0, self.hits
        text = line.decode()
        mine = self._sorted.of(text)
        for index, template in enumerate(mine):
            found = template.match(text)
            if found is None:
                continue
            if index:
                mine[0], mine[index] = template, mine[0]
            groups: Sequence[Any] = found.groups()
            way = template.ways.get(template.told(groups))
            if way is None:
                return False
            for seen, values, memo in template.memos:
                some = values(groups)
                if not seen.issuperset(some) and not memo.holds(some):
                    return False
            if template.beside and not template.keeps(text, groups):
                return False
            if template.escaped:
                groups = template.read(groups)
            for check in way.checks:
                if not check(groups):
                    return False
            if template.seconds is not None:
                sent, received = template.seconds
                start, end = float(groups[sent]), float(groups[received])
            else:
                start, end = template.start(groups), template.end(groups)
            if way.times is not None and not way.times.hold(groups, end):
                return False
            way.known.rows.append((start, end, number, *way.row(groups)))
            return True
        return False
