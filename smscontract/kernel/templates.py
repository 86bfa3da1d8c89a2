"""Exchanges counted without reading them: by the patterns of lines that were.

A line that matches a pattern has the structure of the one that it was made from. What varies are values, and of these each has
either been asked what the schemas and rules ask of it, or tells which kind of exchange it is. So nothing is parsed. A line that
matches none goes the usual way, and may become one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from smscontract.kernel.finder import Finder, Sorted
from smscontract.kernel.known import Known
from smscontract.kernel.leaves import Memo
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.skeleton import Seen, skeleton
from smscontract.kernel.swift import swift
from smscontract.kernel.template import LONG, Template

__all__ = ["Templates"]

#: Patterns, and kinds of exchanges of one. One is made for so many lines at most, because to make it takes as long as to read
#: them.
_PATTERNS = 256
_EACH = 96
_KINDS = 4096


class Templates:
    """The patterns of a run.

    Attributes:
        hits: exchanges that were counted unread.
    """

    def __init__(self) -> None:
        self._all: list[Template] = []
        self._memos: dict[tuple[str, int], Memo] = {}
        self._finder: Finder = swift() or Sorted()
        self._looked = 0

    @property
    def hits(self) -> int:
        """How many exchanges were counted unread."""
        return self._finder.hits

    def scan(self, block: bytes, at: int, number: int, most: int) -> tuple[int, int]:
        """Adds the rows of exchanges to their kinds, up to one that has to be read.

        Args:
            at: where in a block the next line begins; `number`: of the line before it.
            most: so many lines are looked at, at most.

        Returns:
            Where the next line begins that was not counted, and the number of the line before it.
        """
        there, now = self._finder.scan(block, at, number, most)
        self._looked += now - number + 1
        return there, now

    @property
    def learns(self) -> bool:
        """Whether more patterns may be made."""
        return len(self._all) < _PATTERNS and self._finder.learns

    def learn(self, line: bytes, seen: Callable[[], Seen], known: Known) -> None:
        """Makes a pattern of the line that was left, or notes what kind it is of.

        Args:
            known: what it was counted as.

        Raises:
            Unsure: nothing can be learned.
        """
        if len(line) > LONG:
            raise Unsure
        found = self._finder.of(line)
        if found is not None:
            template, groups = found
            key = template.told(groups)
            if key not in template.ways and len(template.ways) < _KINDS:
                self._note(template, groups, known)
            return
        if self._looked < _EACH:
            raise Unsure
        self._looked -= _EACH
        exchange = seen()
        text = line.decode()
        template = Template(skeleton(text, exchange, self._memo), text, exchange.secrets)
        self._note(template, self._finder.add(template, line), known)
        self._all.append(template)

    def _note(self, template: Template, groups: Sequence[Any], known: Known) -> None:
        way = template.ways[template.told(groups)] = template.way(known)
        self._finder.note(template, groups, way)

    def _memo(self, schemas: Sequence[Any], depth: int) -> Memo:
        key = (json.dumps(schemas, sort_keys=True), depth)
        if key not in self._memos:
            self._memos[key] = Memo(schemas, depth)
        return self._memos[key]
