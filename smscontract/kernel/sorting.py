"""Finds among many patterns the few that a line may match, by texts that are in some of them and not in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
#: Letters of the texts that are looked for, at most and at least.
_WINDOW = 24
_LEAST = 6


@dataclass(slots=True)
class _Branch(Generic[_One]):
    """Either patterns, or a text and the branches of those that have not got it, and of those that have."""

    patterns: list[_One] = field(default_factory=list)
    probe: str = ""
    below: tuple[_Branch[_One], ...] = ()


class Sorter(Generic[_One]):
    """Patterns by how their lines begin, by what stands around a text that most have, and by other texts in them.

    Args:
        runs: the texts that surely are in each line of a pattern, the one that it begins with first.
    """

    def __init__(self, runs: Callable[[_One], Sequence[str]]) -> None:
        self._runs = runs
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
        while branch.probe:
            branch = branch.below[branch.probe in line]
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
        while branch.probe:
            branch = branch.below[self._has(pattern, branch.probe)]
        branch.patterns.insert(0, pattern)
        probe = self._probe(branch.patterns) if len(branch.patterns) > 1 else ""
        if not probe:
            del branch.patterns[_TOGETHER:]
            return
        branch.below = (_Branch(), _Branch())
        for one in branch.patterns:
            branch.below[self._has(one, probe)].patterns.append(one)
        branch.patterns, branch.probe = [], probe

    def _has(self, pattern: _One, probe: str) -> bool:
        return any(probe in run for run in self._runs(pattern))

    def _probe(self, patterns: Sequence[_One]) -> str:
        """The text that is in about half of some patterns; empty if all have the same."""
        best, distance = "", len(patterns)
        for window in {window for one in patterns for run in self._runs(one) for window in _windows(run)}:
            number = sum(self._has(one, window) for one in patterns)
            off = abs(2 * number - len(patterns))
            if 0 < number < len(patterns) and (off, -len(window), window) < (distance, -len(best), best):
                best, distance = window, off
        return best


def _windows(run: str) -> Iterator[str]:
    for start in range(0, max(len(run) - _LEAST, 0) + 1, _WINDOW // 2):
        if len(run) - start >= _LEAST:
            yield run[start : start + _WINDOW]
