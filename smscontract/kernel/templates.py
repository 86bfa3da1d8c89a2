"""Exchanges counted without reading them: by the patterns of lines that were.

A line that matches a pattern has the structure of the one that it was made from. What varies are values, and of these each has
either been asked what the schemas and rules ask of it, or tells which kind of exchange it is. So nothing is parsed. A line that
matches none goes the usual way, and may become one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from smscontract.documents import Place
from smscontract.kernel.checks import Times
from smscontract.kernel.known import Known
from smscontract.kernel.leaves import Memo, unescaped
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.skeleton import Seen, Skeleton, skeleton
from smscontract.kernel.sorting import Sorter
from smscontract.rfc3339 import timestamp

__all__ = ["Templates"]

#: Bytes of a line that a pattern is made from; patterns, and kinds of exchanges of one. One is made for so many lines at most,
#: because to make it takes as long as to read them.
_LONG = 64 * 1024
_PATTERNS = 256
_EACH = 96
_KINDS = 4096
#: After so many lines it is looked whether patterns pay: one line in four has to match. Else the next lines are left alone.
_TRIAL = 2048
_REST = 16 * _TRIAL
_NEVER = float("inf")

_Row = Callable[[Any], Sequence[Any]]


class _Way(NamedTuple):
    """How an exchange of one kind is counted: what has to hold of the groups, and what its row is."""

    known: Known
    checks: tuple[Callable[[Any], bool], ...]
    times: Times | None
    row: _Row


class _Template:
    """One pattern.

    Args:
        skeleton: what it is made of.
        line: that it was made from.
        secrets: which must not be there more often than in that line.
    """

    def __init__(self, skeleton: Skeleton, line: str, secrets: Sequence[str]) -> None:
        self.match = re.compile("".join(skeleton.source)).fullmatch
        self.runs = [run for run in "".join(skeleton.literals).split("\0") if run]
        self.size = len(line)
        self.told: Callable[[Any], Hashable] = itemgetter(*skeleton.told) if skeleton.told else _nothing
        self.memos = tuple((memo.known, _several(groups), memo) for memo, groups in skeleton.memos.items())
        self.start, self.end = (_time(skeleton.times.get(name)) for name in ("sent_at", "received_at"))
        sent, received = (skeleton.times.get(name, (0, True)) for name in ("sent_at", "received_at"))
        self.seconds = (sent[0], received[0]) if not sent[1] and not received[1] else None
        self.lengths = tuple((skeleton.length[side], skeleton.bodies[side]) for side in skeleton.length)
        self.secrets = tuple((secret, line.count(secret)) for secret in secrets)
        self.escaped = tuple(skeleton.escaped)
        self.beside = bool(self.lengths or self.secrets)
        self.ways: dict[Hashable, _Way | None] = {}
        self._values, self._fixed = skeleton.values, skeleton.fixed

    def keeps(self, line: str, groups: Sequence[Any]) -> bool:
        """Whether the lengths of bodies are as is said, and no secret is shown."""
        for length, body in self.lengths:
            if groups[length] != str(len(orjson.loads(f'"{groups[body]}"').encode())):
                return False
        return all(line.count(secret) == number for secret, number in self.secrets)

    def read(self, groups: Sequence[Any]) -> Sequence[Any]:
        """The groups with values in the place of texts with escapes."""
        found = groups
        for group, depth in self.escaped:
            raw = groups[group]
            if raw is not None and "\\" in raw:
                found = [*found]
                found[group] = unescaped(raw, depth)
        return found

    def way(self, known: Known) -> _Way | None:
        """How exchanges of a kind are counted; `None` if they cannot be in this way."""
        try:
            return self._way(known)
        except (Unsure, LookupError):
            return None

    def _way(self, known: Known) -> _Way:
        checks = []
        for relation in known.relations:
            places = relation.left, relation.right
            if all((place.root, place.steps) in self._fixed for place in places):
                continue
            checks.append(relation.among(*map(self._group, places)))
        times = None
        if known.times is not None:
            rules = [([self._group_at("got", name) for name in names], *rest) for names, *rest in known.times.rules]
            times = Times(rules)  # type: ignore[arg-type]  # as they were, by group instead of by name
        row = _several([self._group(place) for place in known.places])
        return _Way(known, tuple(checks), times, row if known.places else lambda _: ())

    def _group(self, place: Place) -> int:
        return self._values[place.root, place.steps]

    def _group_at(self, root: str, name: str) -> int:
        return self._values[root, (name,)]


class Templates:
    """The patterns of a run."""

    def __init__(self) -> None:
        self._number = 0
        self._sorted: Sorter[_Template] = Sorter(lambda one: one.runs, lambda one: one.size)
        self._memos: dict[tuple[str, int], Memo] = {}
        self._tried = self._hits = self._left = 0
        self._looked = 0

    def look(self, line: bytes, number: int) -> Known | None:  # noqa: PLR0912 - in one piece: each call here costs all lines
        """The kind of an exchange, to which its row was added; `None` if it has to be read."""
        self._looked += 1
        if self._left:
            self._left -= 1
            return None
        if not self._number or len(line) > _LONG:
            return None
        self._tried += 1
        if self._tried > _TRIAL:
            self._left = _REST if self._hits * 4 < _TRIAL else 0
            self._tried = self._hits = 0
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return None
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
                return None
            known, checks, times, row = way
            for seen, values, memo in template.memos:
                some = values(groups)
                if not seen.issuperset(some) and not memo.holds(some):
                    return None
            if template.beside and not template.keeps(text, groups):
                return None
            if template.escaped:
                groups = template.read(groups)
            for check in checks:
                if not check(groups):
                    return None
            if template.seconds is not None:
                sent, received = template.seconds
                start, end = float(groups[sent]), float(groups[received])
            else:
                start, end = template.start(groups), template.end(groups)
            if times is not None and not times.hold(groups, end):
                return None
            known.rows.append((start, end, number, *row(groups)))
            self._hits += 1
            return known
        return None

    @property
    def learns(self) -> bool:
        """Whether more patterns may be made."""
        return not self._left and self._number < _PATTERNS

    def learn(self, line: bytes, seen: Callable[[], Seen], known: Known) -> None:
        """Makes a pattern of a line that matched none, or notes what kind it is of.

        Args:
            known: what it was counted as.

        Raises:
            Unsure: nothing can be learned.
        """
        if len(line) > _LONG:
            raise Unsure
        text = line.decode()
        for template in self._sorted.of(text):
            found = template.match(text)
            if found is not None:
                key = template.told(found.groups())
                if key not in template.ways and len(template.ways) < _KINDS:
                    template.ways[key] = template.way(known)
                return
        if self._looked < _EACH:
            raise Unsure
        self._looked -= _EACH
        exchange = seen()
        template = _Template(skeleton(text, exchange, self._memo), text, exchange.secrets)
        found = template.match(text)
        if found is None:
            raise Unsure
        template.ways[template.told(found.groups())] = template.way(known)
        self._number += 1
        self._sorted.add(template)

    def _memo(self, schemas: Sequence[Any], depth: int) -> Memo:
        key = (json.dumps(schemas, sort_keys=True), depth)
        if key not in self._memos:
            self._memos[key] = Memo(schemas, depth)
        return self._memos[key]


def _nothing(_: Any) -> Hashable:
    return None


def _several(groups: Sequence[int]) -> _Row:
    """As `itemgetter`, with a tuple for one group, too."""
    if len(groups) == 1:
        (only,) = groups
        return lambda row: (row[only],)
    return itemgetter(*groups) if groups else lambda _: ()


def _time(told: tuple[int, bool] | None) -> Callable[[Any], float]:
    """Gives a time of the exchange; infinite if it is unknown."""
    if told is None:
        return lambda _: _NEVER
    group, textual = told
    if not textual:
        return lambda groups: float(groups[group])

    def moment(groups: Any) -> float:
        found = timestamp(groups[group])
        if found is None:
            raise Unsure
        return found

    return moment
