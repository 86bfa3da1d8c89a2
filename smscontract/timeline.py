"""What a place of an operation showed, day by day or hour by hour, and where each kind was first seen: no values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from smscontract.clauses.kinds import Cell, kind_of, kind_text, kinds_of, matches
from smscontract.clauses.view import View
from smscontract.documents import EACH, Node, Operation, nearest_hint, parse_place
from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.judge import Judge
from smscontract.ledger import Ledger
from smscontract.ledger_file import is_ledger, load
from smscontract.plain import utc
from smscontract.recordings import read
from smscontract.seen import UNDATED

__all__ = ["NO_ANSWER", "First", "Timeline", "timeline"]

#: What `code` shows where there was no answer.
NO_ANSWER = "none"
_ALWAYS = ("absent", "null", "empty", "value", "other")
_BOOLEANS = ("member:true", "member:false")


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The first occurrence of a kind.

    Attributes:
        time: when, as RFC 3339 text or (in a ledger) a day; `None` where it is not known.
        where: `file:line`, `file entry 3`, or a ledger.
    """

    time: str | None
    where: str
    file: str
    line: int | None = None
    entry: int | None = None


@dataclass(slots=True)
class Timeline:
    """What was seen at one place.

    Attributes:
        periods: for each day (`2026-11-22`), hour (`2026-11-22T09`) or `undated` the answers that showed each kind; an answer
            whose place is in an array can show several.
        answers: how many answers each period has that could show anything.
        declared: kinds that the contract lets the place show; `array`: whether it is one.
        untold: answers in ledgers of which nobody can tell what `--where` asks.
        interrupted: whether somebody ended it before the end.
    """

    operation: str
    place: str
    by: str
    where: tuple[str, ...] = ()
    periods: dict[str, Counter[str]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    first: dict[str, First] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    array: bool = False
    untold: int = 0
    interrupted: bool = False
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _order: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Every kind that was seen, declared ones first and in their order."""
        seen = {kind for counts in self.periods.values() for kind in counts}
        return [kind for kind in self.declared if kind in seen] + sorted(seen - set(self.declared))

    @property
    def never(self) -> list[str]:
        """Declared kinds that were never seen. A `value` is seen in anything that is there and not null."""
        seen = tuple(self.kinds)
        return [kind for kind in self.declared if not matches(kind, seen, array=self.array)]

    def add(self, period: str, kinds: Iterable[str], count: int, order: tuple[Any, ...], first: First) -> None:
        """Counts answers."""
        self.answers[period] += count
        for kind in kinds:
            self.periods.setdefault(period, Counter())[kind] += count
            if kind not in self._order or order < self._order[kind]:
                self._order[kind], self.first[kind] = order, first


class _Probe:
    """Reads the kinds at one place from an exchange or from a signature."""

    def __init__(self, operation: Operation, text: str) -> None:
        self.operation = operation
        self.place = parse_place(text)
        self.text = text
        self.answers: dict[str, tuple[int, Node]] = {}
        self.sent: Node | None = None
        self._declare()

    def _declare(self) -> None:
        path = tuple("items" if step == EACH else step for step in self.place.steps)
        if self.place.root == "got":
            for key, document in self.operation.responses.items():
                for position, node in enumerate(document.node.walk() if document.node is not None else ()):
                    if node.path == path:
                        self.answers.setdefault(key, (position, node))
        elif self.place.root == "sent" and self.operation.body is not None:
            self.sent = next((node for node in self.operation.body.node.walk() if node.path == path), None)

    @property
    def nodes(self) -> list[Node]:
        """Where the document declares the place."""
        return [node for _, node in self.answers.values()] + ([self.sent] if self.sent is not None else [])

    @property
    def array(self) -> bool:
        """Whether the place holds an array."""
        return any("array" in node.types for node in self.nodes)

    def declared(self) -> tuple[str, ...]:
        """The kinds that the document lets the place show; of a place that is always there and never null, a value."""
        item = self.place.steps[-1:] == (EACH,)
        found = [kind for node in self.nodes for kind in (*kinds_of(node, item=item),) or ("value",)]
        return tuple(dict.fromkeys(found))

    def kinds(self, view: View) -> Cell | None:
        """The kinds in an exchange; `None` if it says nothing of the place."""
        root = self.place.root
        if root == "code":
            return (str(view.status) if view.status is not None else NO_ANSWER,)
        if root == "got" and self.answers:
            found = self.answers.get(view.document.key) if view.document is not None else None
            values = view.got_index.get(found[1].path, ()) if found is not None else ()
            return _cell(found[1] if found is not None else None, [value for _, value in values])
        if root == "got" and view.got is ABSENT:
            return None
        values = [value for _, value in view.places(self.place) if value is not UNKNOWN]
        if root == "auth":
            return tuple(str(value) for value in values) or None
        return _cell(self.sent, values)

    def told(self, status: int, witnesses: Sequence[Cell]) -> Cell | None:
        """The same of a signature."""
        if self.place.root == "code":
            return (str(status) if status else NO_ANSWER,)
        document = self.operation.response_for(status) if status else None
        found = self.answers.get(document.key) if document is not None else None
        return (witnesses[found[0]] or None) if found is not None and found[0] < len(witnesses) else None

    def notes(self) -> list[str]:
        """That the document does not declare the place, which may be meant or misspelt."""
        if self.place.root not in ("got", "sent") or self.nodes:
            return []
        bodies = [answer.node for answer in self.operation.responses.values()] if self.place.root == "got" else []
        bodies += [self.operation.body.node] if self.place.root == "sent" and self.operation.body is not None else []
        names = [_text(self.place.root, node) for body in bodies if body is not None for node in body.walk() if node.path]
        return [
            f"`{self.text}` is not declared; {nearest_hint(self.text, names)}" if names else f"`{self.text}` is not declared"
        ]

    def check_ledgers(self) -> None:
        """Refuses what no ledger can tell.

        Raises:
            UsageError: the place is not `code` and none that the document declares.
        """
        if self.place.root != "code" and not self.answers:
            raise UsageError(
                f"no ledger knows `{self.text}`",
                hint="ledgers know `code`, and the places of answers that the document declares",
            )


def _text(root: str, node: Node) -> str:
    """A place as rules name it."""
    return f"{root}.{'.'.join(node.path)}".replace(".items.", "[*].").removesuffix(".items")


def _cell(node: Node | None, values: Sequence[Any]) -> Cell | None:
    return tuple(sorted({kind_of(node, value) for value in values})) or None


class _Condition:
    """`PLACE=KIND`."""

    def __init__(self, operation: Operation, text: str) -> None:
        place, equals, wanted = text.partition("=")
        if not equals:
            raise UsageError(f"`--where {text}` is no condition", hint="write PLACE=VALUE, for example `got.status=delivered`")
        self.probe = _Probe(operation, place)
        self.wanted = self._kind(wanted)

    def _kind(self, wanted: str) -> str:
        place = self.probe.place
        if place.root == "code":
            if wanted == NO_ANSWER or (
                len(wanted) == 3 and wanted[0] in "12345" and (wanted[1:].isdecimal() or wanted[1:] == "XX")
            ):
                return wanted
            raise UsageError(f"`{wanted}` is no status", hint="write for example `code=200` or `code=4XX`")
        known = ("good", "absent", "wrong") if place.root == "auth" else (*self.probe.declared(), *_ALWAYS, *_BOOLEANS)
        for kind in dict.fromkeys(known):
            if wanted == kind_text(kind):
                return kind
        # The words of the contract are told apart, and nobody's values.
        raise UsageError(
            f"`{place.text}` cannot be asked for this", hint=nearest_hint(wanted, dict.fromkeys(map(kind_text, known)))
        )

    def holds(self, cell: Cell | None) -> bool:
        """Whether the kinds at its place meet it."""
        if cell is None:
            return False
        if self.wanted.endswith("XX"):
            return any(kind[:1] == self.wanted[0] and kind.isdecimal() for kind in cell)
        return matches(self.wanted, cell, array=self.probe.array)


def timeline(
    judge: Judge,
    operation: str,
    place: str,
    paths: Sequence[str],
    *,
    where: Sequence[str] = (),
    by: str = "day",
    stdin: BinaryIO | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Timeline:
    """What a place showed over time.

    Args:
        operation: `provider.operationId`, or a provider with one operation.
        place: as rules name places: `got.modified_at`, `got.classifications[*].language`, `code`, or a JSON Pointer.
        paths: recordings, and ledgers (by day only).
        where: conditions `PLACE=KIND` that all have to hold; with `[*]` for at least one item.
        by: `day` or `hour`.
        reading: arguments of `recordings.read` beside these.

    Raises:
        UsageError: an operation, place or kind that there is not, or one that a ledger cannot tell; a place that neither the
            document declares nor any answer shows.
        UnusableInput: paths that cannot be read at all.
    """
    found = judge.catalogue.operation(operation)
    probe = _Probe(found, place)
    conditions = [_Condition(found, text) for text in where]
    ledgers = [path for path in paths if is_ledger(path)]
    if ledgers and by != "day":
        raise UsageError("ledgers count by day", hint="leave `--by hour` out, or give recordings")
    for one in [probe, *(condition.probe for condition in conditions)] if ledgers else ():
        one.check_ledgers()
    result = Timeline(found.key, place, by, tuple(where), declared=probe.declared(), array=probe.array)
    result.notes += [note for one in (probe, *(each.probe for each in conditions)) for note in one.notes()]
    others = [path for path in paths if path not in ledgers]
    try:
        for exchange in read(others, stdin=stdin, operation=found.key, **(reading or {})) if others else ():
            if isinstance(exchange, Problem):
                result.problems.append(exchange)
            else:
                _from_exchange(result, judge, probe, conditions, exchange)
    except KeyboardInterrupt:
        result.interrupted = True
    for path in ledgers:
        ledger, notes = load(path, judge.catalogue)
        result.notes += notes
        _from_ledger(result, path, ledger, probe, conditions)
    seen_nowhere = result.answers and not result.interrupted and set(result.kinds) <= {"absent"}
    if seen_nowhere and probe.place.steps and (said := probe.notes()):
        what, _, near = said[0].partition("; ")
        raise UsageError(f"{what}, and no answer shows it", hint=near or None)
    return result


def _from_exchange(result: Timeline, judge: Judge, probe: _Probe, conditions: Sequence[_Condition], exchange: Exchange) -> None:
    exchange = judge.match(exchange)
    if exchange.operation != result.operation:
        return
    view = View(exchange, probe.operation, judge.digest, judge.masker.value)
    cell = probe.kinds(view)
    if cell is None or not all(one.holds(one.probe.kinds(view)) for one in conditions):
        return
    time = utc(exchange.received_at if exchange.received_at is not None else exchange.sent_at)
    period = UNDATED if time is None else time[: 10 if result.by == "day" else 13]
    origin = exchange.origin
    first = First(time=time, where=str(origin), file=origin.file or "", line=origin.line, entry=origin.entry)
    # By day first: what a ledger knows of a day comes behind what a recording knows of its hours.
    result.add(period, cell, 1, _order(time, 0, *origin.sort_key()), first)


def _from_ledger(result: Timeline, path: str, ledger: Ledger, probe: _Probe, conditions: Sequence[_Condition]) -> None:
    for day, cell, count in _told(result, ledger, probe, conditions):
        first = First(time=day, where=path, file=path)
        result.add(day or UNDATED, cell, count, _order(day, 1, path, 0, 0, 0), first)


def _told(
    result: Timeline, ledger: Ledger, probe: _Probe, conditions: Sequence[_Condition]
) -> Iterator[tuple[str | None, Cell, int]]:
    for (day, _, signature), count in ledger.entries.items():
        if signature.operation == result.operation:
            cell = probe.told(signature.status, signature.witnesses)
            if cell is not None and all(one.holds(one.probe.told(signature.status, signature.witnesses)) for one in conditions):
                yield day, cell, count
    statuses_only = all(one.probe.place.root == "code" for one in conditions)
    for one, count in ledger.rest.items():
        if one.operation != result.operation:
            continue
        told = statuses_only and all(each.holds(each.probe.told(one.status, ())) for each in conditions)
        if probe.place.root == "code" and one.what == "answers" and told:
            cell = probe.told(one.status, ())
            if cell is not None:
                yield one.day, cell, count
        elif one.what == "place" and told and _is_place(probe, one.status, one.position) and isinstance(one.seen, tuple):
            yield one.day, one.seen, count
        elif one.what == "answers" and not statuses_only:
            result.untold += count


def _is_place(probe: _Probe, status: int, position: int) -> bool:
    document = probe.operation.response_for(status) if status else None
    found = probe.answers.get(document.key) if document is not None else None
    return found is not None and found[0] == position


def _order(time: str | None, rank: int, *rest: Any) -> tuple[Any, ...]:
    return ((time or "~")[:10], rank, time or "~", *rest)
