"""One pattern of lines: what has to be asked of the values in a line that matches it, and what its exchange is counted as."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from smscontract.documents import Place
from smscontract.kernel.checks import Times
from smscontract.kernel.known import Known
from smscontract.kernel.leaves import unescaped
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.skeleton import Skeleton
from smscontract.rfc3339 import timestamp

__all__ = ["LONG", "Template", "Way"]

#: Bytes of a line that a pattern is made from, or looked for.
LONG = 64 * 1024
_NEVER = float("inf")

_Row = Callable[[Any], Sequence[Any]]


class Way(NamedTuple):
    """How an exchange of one kind is counted: what has to hold of the groups, and which of them its row is made of.

    Attributes:
        relations: for each check what it asks of texts (`Relation.of_texts`), and the groups of its operands.
    """

    known: Known
    checks: tuple[Callable[[Any], bool], ...]
    relations: tuple[tuple[str, int, int], ...]
    times: Times | None
    groups: tuple[int, ...]
    row: _Row


class Template:
    """One pattern.

    Args:
        skeleton: what it is made of.
        line: that it was made from.
        secrets: which must not be there more often than in that line.
    """

    def __init__(self, skeleton: Skeleton, line: str, secrets: Sequence[str]) -> None:
        self.skeleton = skeleton
        self.runs = skeleton.runs
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
        self.ways: dict[Hashable, Way | None] = {}
        self._values, self._fixed = skeleton.values, skeleton.fixed

    @cached_property
    def match(self) -> Callable[[str], re.Match[str] | None]:
        """Matches the text of a line."""
        return re.compile(self.skeleton.source).fullmatch

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

    def way(self, known: Known) -> Way | None:
        """How exchanges of a kind are counted; `None` if they cannot be in this way."""
        try:
            return self._way(known)
        except (Unsure, LookupError):
            return None

    def _way(self, known: Known) -> Way:
        checks, relations = [], []
        for relation in known.relations:
            places = relation.left, relation.right
            if all((place.root, place.steps) in self._fixed for place in places):
                continue
            left, right = map(self._group, places)
            checks.append(relation.among(left, right))
            relations.append((relation.of_texts, left, right))
        times = None
        if known.times is not None:
            rules = [([self._group_at("got", name) for name in names], *rest) for names, *rest in known.times.rules]
            times = Times(rules)  # type: ignore[arg-type]  # as they were, by group instead of by name
        groups = tuple(map(self._group, known.places))
        return Way(known, tuple(checks), tuple(relations), times, groups, _several(groups) if groups else lambda _: ())

    def _group(self, place: Place) -> int:
        return self._values[place.root, place.steps]

    def _group_at(self, root: str, name: str) -> int:
        return self._values[root, (name,)]


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
