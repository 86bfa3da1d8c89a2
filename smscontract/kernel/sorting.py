"""Finds among many patterns the few that a line may match, by texts that are in some of them and not in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

__all__ = ["Sorter"]

_One = TypeVar("_One")
#: Patterns that nothing tells apart, of which one after the other is tried.
_TOGETHER = 4
#: Letters at the beginning of a line that are looked at, at most.
_PREFIX = 1024
#: In lines of exchanges this stands between what was asked and what was answered; letters before it and in all.
_ANCHOR = '"response"'
_BEFORE = 3
_AROUND = 30
#: So much longer than others are lines that have more in them.
_GAP = 160
#: Letters of the texts that are looked for, at most and at least.
_WINDOW = 24
_LEAST = 6


@dataclass(slots=True)
class _Branch(Generic[_One]):
    """Either patterns; or a size, or a text, and the branches of those that are not longer or have not got it, and of those
    that are, or have."""

    patterns: list[_One] = field(default_factory=list)
    probe: str = ""
    size: int = 0
    below: tuple[_Branch[_One], ...] = ()


class Sorter(Generic[_One]):
    """Patterns by how their lines begin, by what stands around a text that most have, and by other texts in them.

    Args:
        runs: the texts that surely are in each line of a pattern, the one that it begins with first.
        size: how long the line was that it was made of. Others may be longer or shorter, and then are not found.
    """

    def __init__(self, runs: Callable[[_One], Sequence[str]], size: Callable[[_One], int]) -> None:
        self._runs = runs
        self._size_of = size
        self._all: list[_One] = []
        self._size = _PREFIX
        self._anchor = _ANCHOR
        self._roots: dict[tuple[str, str], _Branch[_One]] = {}

    def of(self, line: str) -> list[_One]:
        """The patterns to try, the last that matched first: who uses one that is not the first puts it there."""
        at = line.find(self._anchor) - _BEFORE
        branch = self._roots.get((line[: self._size], line[at : at + _AROUND]))
        if branch is None:
            return []
        while branch.below:
            branch = branch.below[len(line) > branch.size if branch.size else branch.probe in line]
        return branch.patterns

    def add(self, pattern: _One) -> None:
        """Takes one more."""
        self._all.append(pattern)
        first = len(self._runs(pattern)[0])
        if first >= self._size and (not self._anchor or self._around(pattern)):
            self._put(pattern)
            return
        self._size = min(first, self._size)
        if not self._around(pattern):
            self._anchor = ""
        self._roots = {}
        for one in self._all:
            self._put(one)

    def _around(self, pattern: _One) -> str:
        """What surely stands around the anchor; empty if that varies."""
        run = next((run for run in self._runs(pattern) if self._anchor in run), "")
        at = run.find(self._anchor) - _BEFORE
        return run[at : at + _AROUND] if at >= 0 and len(run) >= at + _AROUND else ""

    def _put(self, pattern: _One) -> None:
        # Without an anchor `find` gives 0, and what is before that is nothing.
        around = self._around(pattern) if self._anchor else ""
        branch = self._roots.setdefault((self._runs(pattern)[0][: self._size], around), _Branch())
        while branch.below:
            branch = branch.below[self._has(pattern, branch)]
        branch.patterns.insert(0, pattern)
        mine = branch.patterns
        if len(mine) < 2:
            return
        sizes = sorted(map(self._size_of, mine))
        gap, at = max((two - one, one) for one, two in pairwise(sizes))
        if gap >= _GAP:
            branch.size = at + gap // 2
        else:
            branch.probe = self._probe(mine)
        if not branch.size and not branch.probe:
            del mine[_TOGETHER:]
            return
        branch.below = (_Branch(), _Branch())
        for one in mine:
            branch.below[self._has(one, branch)].patterns.append(one)
        branch.patterns = []

    def _has(self, pattern: _One, branch: _Branch[_One]) -> bool:
        if branch.size:
            return self._size_of(pattern) > branch.size
        return any(branch.probe in run for run in self._runs(pattern))

    def _probe(self, patterns: Sequence[_One]) -> str:
        """The text that is in about half of some patterns; empty if all have the same."""
        best, distance = "", len(patterns)
        for window in {window for one in patterns for run in self._runs(one) for window in _windows(run)}:
            number = sum(any(window in run for run in self._runs(one)) for one in patterns)
            off = abs(2 * number - len(patterns))
            if 0 < number < len(patterns) and (off, -len(window), window) < (distance, -len(best), best):
                best, distance = window, off
        return best


def _windows(run: str) -> Iterator[str]:
    for start in range(0, max(len(run) - _LEAST, 0) + 1, _WINDOW // 2):
        if len(run) - start >= _LEAST:
            yield run[start : start + _WINDOW]
