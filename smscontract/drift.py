"""Drift: what recordings say that the contract does not, and what the contract says that recordings never show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from smscontract.catalogue import path_shape
from smscontract.clauses.kinds import Cell, kind_text, kinds_seen, matches
from smscontract.clauses.news import member_name
from smscontract.clauses.view import View
from smscontract.documents import Node, Operation
from smscontract.documents.nodes import place_text
from smscontract.exchange import Exchange
from smscontract.findings import Problem, Where
from smscontract.json_text import ABSENT, UNKNOWN, json_type, types_of
from smscontract.judge import Judge
from smscontract.mask import Kind, Masker
from smscontract.recordings import read
from smscontract.shapes import Shape
from smscontract.suggestion import Addition
from smscontract.witnesses import aims_of

__all__ = ["Drift", "Never", "OperationDrift", "Undeclared", "drift"]


@dataclass(slots=True, kw_only=True)
class Undeclared:
    """Something that the contract does not have.

    Attributes:
        place: like a clause id without the keyword.
        what: `field`, `member` (of an enum), `status`, `null`, or `type`.
        breaks: the clause that it breaks; empty where it is only new.
        count: in how many exchanges; `of`: of how many that could have shown it.
        shape: of the values.
        addition: what would have to be added to the document.
    """

    place: str
    what: str
    breaks: str = ""
    count: int = 0
    of: int = 0
    first: Where | None = None
    last: Where | None = None
    shape: Shape = field(default_factory=Shape)
    addition: Addition | None = None

    def seen(self, where: Where) -> None:
        """Counts one exchange."""
        self.count += 1
        self.first = where if self.first is None else min(self.first, where, key=Where.sort_key)
        self.last = where if self.last is None else max(self.last, where, key=Where.sort_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """What the contract lets a place show and no answer did: `kinds` as people read them, in `answers` answers."""

    place: str
    kinds: tuple[str, ...]
    answers: int


@dataclass(slots=True, kw_only=True)
class OperationDrift:
    """The drift of one operation."""

    operation: str
    exchanges: int = 0
    first: float | None = None
    last: float | None = None
    undeclared: list[Undeclared] = field(default_factory=list)
    never: list[Never] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Drift:
    """What recordings and contract say differently.

    Attributes:
        exchanges: how many were read.
        unmatched: shapes of requests that are of no operation, and how often.
        interrupted: whether somebody ended it before the end.
    """

    exchanges: int = 0
    operations: list[OperationDrift] = field(default_factory=list)
    unmatched: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    interrupted: bool = False

    @property
    def additions(self) -> list[Addition]:
        """What would make the contract say it."""
        return [one.addition for each in self.operations for one in each.undeclared if one.addition is not None]


def drift(
    judge: Judge,
    paths: Sequence[str],
    *,
    operation: str | None = None,
    stdin: BinaryIO | None = None,
    reading: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Drift:
    """Reads recordings and holds them against the document.

    Args:
        operation: what bare bodies belong to.
        stdin: what `-` stands for.
        reading: arguments of `recordings.read` beside these.
        progress: called with the bytes read so far and in all.

    Raises:
        UsageError, UnusableInput: before anything is read. What turns up later is among the problems.
    """
    bare = judge.catalogue.operation(operation).key if operation is not None else None
    result = Drift()
    collectors: dict[str, _Collector] = {}
    found = read(paths, stdin=stdin, operation=bare, progress=progress, **(reading or {}))
    try:
        for one in found:
            if isinstance(one, Problem):
                result.problems.append(one)
                continue
            result.exchanges += 1
            exchange = judge.match(one)
            if exchange.operation is None:
                result.unmatched[path_shape(exchange.request.method, exchange.request.url)] += 1
                continue
            if exchange.operation not in collectors:
                collectors[exchange.operation] = _Collector(judge, judge.catalogue.operations[exchange.operation])
            collectors[exchange.operation].add(exchange)
    except KeyboardInterrupt:
        result.interrupted = True
    result.operations = [collectors[key].result() for key in judge.catalogue.operations if key in collectors]
    return result


class _Collector:
    """Everything that the exchanges of one operation show."""

    def __init__(self, judge: Judge, operation: Operation) -> None:
        self.judge = judge
        self.operation = operation
        self.found = OperationDrift(operation=operation.key)
        self._undeclared: dict[tuple[str, str], Undeclared] = {}
        self._statuses: Counter[str] = Counter()
        self._bodies: Counter[str] = Counter()
        self._cells: dict[tuple[str, int], Counter[Cell]] = {}

    def add(self, exchange: Exchange) -> None:
        masker = self.judge.masker_of(exchange)
        view = View(exchange, self.operation, self.judge.digest, masker.value)
        time = exchange.received_at if exchange.received_at is not None else exchange.sent_at
        where = Where(origin=exchange.origin, time=time)
        found = self.found
        found.exchanges += 1
        if time is not None:
            found.first = time if found.first is None else min(found.first, time)
            found.last = time if found.last is None else max(found.last, time)
        seen = {*self._answer(view, masker), *self._sent(view, masker)}
        for key in seen:
            self._undeclared[key].seen(where)

    def _answer(self, view: View, masker: Masker) -> Iterator[tuple[str, str]]:
        operation, status, document = self.operation, view.status, view.document
        if status is None:
            return
        if operation.documents_status(status) and document is not None:
            self._statuses[document.key] += 1
        else:
            # Only of a success that is not listed the body is known all the same.
            like = document.key if document is not None else ""
            addition = Addition(operation.key, like, (), "status", name=str(status)) if like else None
            yield self._note(f"{operation.key}/{status}", "status", addition=addition)
        if document is None or document.node is None or view.got in (ABSENT, UNKNOWN):
            return
        self._bodies[document.key] += 1
        for index, cell in enumerate(kinds_seen(view)):
            self._cells.setdefault((document.key, index), Counter())[cell] += 1
        walk = _Walk(self, masker, f"{operation.key}/{document.key}", document.key, whole=True)
        yield from walk.at(document.node, view.got, ())

    def _sent(self, view: View, masker: Masker) -> Iterator[tuple[str, str]]:
        """Of requests only those that were accepted: others may be wrong on purpose."""
        body = self.operation.body
        if body is None or not view.accepted or view.sent in (ABSENT, UNKNOWN):
            return
        self._bodies["request"] += 1
        walk = _Walk(self, masker, f"{self.operation.key}/request", "request", whole=False)
        yield from walk.at(body.node, view.sent, ())

    def _note(
        self,
        place: str,
        what: str,
        value: Any = ABSENT,
        *,
        masker: Masker | None = None,
        kind: Kind | None = None,
        breaks: str = "",
        addition: Addition | None = None,
    ) -> tuple[str, str]:
        key = (place, what)
        if key not in self._undeclared:
            self._undeclared[key] = Undeclared(place=place, what=what, breaks=breaks, addition=addition)
            if addition is not None:
                addition.shape = self._undeclared[key].shape
        if value is not ABSENT and masker is not None:
            self._undeclared[key].shape.add(value, masker, kind)
        return key

    def result(self) -> OperationDrift:
        """What was found, new things before breaks, in order of their places."""
        for one in self._undeclared.values():
            side = one.place.removeprefix(f"{self.operation.key}/").partition("/")[0]
            one.of = self.found.exchanges if one.what == "status" else self._bodies[side]
        self.found.undeclared = sorted(self._undeclared.values(), key=lambda one: (bool(one.breaks), one.place, one.what))
        self.found.never = list(self._never())
        return self.found

    def _never(self) -> Iterator[Never]:
        missing: dict[str, tuple[list[str], int]] = {}
        for aim in aims_of(self.operation):
            if aim.node is None:
                if not self._statuses[aim.key]:
                    missing[aim.name] = ([], self.found.exchanges)
                continue
            array = "array" in aim.node.types
            cells = self._cells.get((aim.key, aim.index), Counter())
            shown = Counter({cell: count for cell, count in cells.items() if cell})
            if shown and not any(matches(aim.kind, cell, array=array) for cell in shown):
                place = f"{self.operation.key}/{aim.key}" + (f"/{aim.place}" if aim.place else "")
                missing.setdefault(place, ([], shown.total()))[0].append(kind_text(aim.kind))
        for place, (kinds, answers) in missing.items():
            yield Never(place=place, kinds=tuple(kinds), answers=answers)


class _Walk:
    """Goes through one body beside its document.

    Args:
        base: what places begin with.
        whole: whether what is declared is looked at too; else only members that are not.
    """

    def __init__(self, collector: _Collector, masker: Masker, base: str, side: str, *, whole: bool) -> None:
        self._collector = collector
        self._masker = masker
        self._base = base
        self._side = side
        self._whole = whole

    def at(self, node: Node, value: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """The keys of what is noted. `steps` lead to the schema of the node in the document."""
        if value is None:
            if self._whole and node.nullable is False:
                yield self._declared(node, "null", value, "null", steps)
        elif not self._is_of_type(node, value):
            if self._whole:
                yield self._declared(node, "type", value, "type", steps)
        elif isinstance(value, dict):
            yield from self._members(node, value, steps)
        elif isinstance(value, list) and node.items is not None:
            for item in value:
                yield from self.at(node.items, item, (*steps, "items"))
        else:
            yield from self._member(node, value, steps)

    def _is_of_type(self, node: Node, value: Any) -> bool:
        return node.nullable is None or any(name in node.types for name in types_of(value))

    def _members(self, node: Node, value: dict[str, Any], steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for name, inner in value.items():
            child = node.properties.get(name)
            if child is not None:
                yield from self.at(child, inner, (*steps, "properties", name))
            elif node.properties:
                shown = member_name(name, self._masker)
                # A name that could be anybody's is counted, but stands in no suggestion.
                addition = self._addition(steps, "field", name) if shown == name else None
                place = "/".join([self._base, *([node.text] if node.path else []), place_text((shown,)) if addition else shown])
                yield self._collector._note(  # noqa: SLF001 - its other half
                    place, "field", inner, masker=self._masker, kind=node.mask, addition=addition
                )

    def _member(self, node: Node, value: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        shown = self._masker.value(value, node.mask)
        text = isinstance(value, str) and shown == f'"{value}"' and len(value) <= 40
        if node.known_values is not None and isinstance(value, str) and value not in node.known_values:
            addition = self._addition(steps, "x-extensible-enum", value) if text else None
            place = f"{self._base}/{node.text}={shown.strip(chr(34))}"
            yield self._collector._note(place, "member", addition=addition)  # noqa: SLF001 - its other half
        elif self._whole and node.enum is not None and value not in node.enum:
            place = f"{self._base}/{node.text}={shown.strip(chr(34))}"
            addition = self._addition(steps, "enum", value, breaks=True) if text else None
            yield self._collector._note(  # noqa: SLF001 - its other half
                place, "member", breaks=f"{self._base}/{node.text}:enum", addition=addition
            )

    def _declared(self, node: Node, what: str, value: Any, keyword: str, steps: tuple[str, ...]) -> tuple[str, str]:
        place = f"{self._base}/{node.text}" if node.path else self._base
        name = f"{what}: {json_type(value)}" if what == "type" else what
        addition = self._addition(steps, "type", json_type(value), breaks=True)
        return self._collector._note(  # noqa: SLF001 - its other half
            place, name, value, masker=self._masker, kind=node.mask, breaks=f"{place}:{keyword}", addition=addition
        )

    def _addition(self, steps: tuple[str, ...], what: str, name: str, *, breaks: bool = False) -> Addition:
        return Addition(self._collector.operation.key, self._side, steps, what, name=name, breaks=breaks)
