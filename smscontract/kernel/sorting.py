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
    """Patterns by how their lines begin, and by the texts in them.

    Args:
        runs: the texts that surely are in each line of a pattern, the one that it begins with first.
    """

    def __init__(self, runs: Callable[[_One], Sequence[str]]) -> None:
        self._runs = runs
        self._all: list[_One] = []
        self._size = _PREFIX
        self._roots: dict[str, _Branch[_One]] = {}

    def of(self, line: str) -> list[_One]:
        """The patterns to try, the last that matched first: who uses one that is not the first puts it there."""
        branch = self._roots.get(line[: self._size])
        if branch is None:
            return []
        while branch.probe:
            branch = branch.below[branch.probe in line]
        return branch.patterns

    def add(self, pattern: _One) -> None:
        """Takes one more."""
        self._all.append(pattern)
        if len(self._runs(pattern)[0]) >= self._size:
            self._put(pattern)
            return
        self._size = len(self._runs(pattern)[0])
        self._roots = {}
        for one in self._all:
            self._put(one)

    def _put(self, pattern: _One) -> None:
        branch = self._roots.setdefault(self._runs(pattern)[0][: self._size], _Branch())
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
