"""What is known after some exchanges were judged, as a value that can be stored, sent and merged.

Merging is associative and commutative: a recording that is cut anywhere and judged in any number of parts gives the report
that it gives as a whole. A part holds what a report may hold, and facts with keyed digests in place of values.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from smscontract import codec
from smscontract.clauses.outcomes import Fact
from smscontract.errors import UnusableInput
from smscontract.facts import FactStore
from smscontract.findings import Finding, New, Problem, Where
from smscontract.grouped import WHERE_LIMIT, Group
from smscontract.kernel import Carrier, stored
from smscontract.ledger import Ledger
from smscontract.shown import shown
from smscontract.summary import Summary

__all__ = ["VERSION", "Part", "Told"]

VERSION = 3
_BLOCK = 5000  # facts of one block

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """Findings of one clause at one place: the first in full, request and answer of it as reports show them."""

    finding: Finding
    asked: str
    answered: str
    count: int
    where: tuple[Where, ...]
    last: Where


@dataclass(slots=True, kw_only=True)
class Part:
    """What `Summary` knows.

    Attributes:
        exchanges: how many were read.
        succeeded, seen: exchanges by operation.
        groups, new, not_judged, hints, unmatched, newest, took: as `Summary` has them.
        ledger: counts of what was seen.
        problems: what could not be read, with the number of the piece that it is in.
        left_out: exchanges that were not looked at, by why.
        facts: blocks of facts.
        rows: blocks of rows, as `kernel.stored` gives them: facts that nobody has made yet.
    """

    exchanges: int = 0
    succeeded: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    groups: dict[_Key, Told] = field(default_factory=dict)
    new: dict[_Key, tuple[New, int]] = field(default_factory=dict)
    not_judged: Counter[_Key] = field(default_factory=Counter)
    hints: dict[_Key, str] = field(default_factory=dict)
    unmatched: Counter[str] = field(default_factory=Counter)
    newest: dict[str, float] = field(default_factory=dict)
    took: dict[str, list[int]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    problems: list[tuple[int, int, Problem]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    facts: tuple[bytes, ...] = ()
    rows: tuple[bytes, ...] = ()

    # -- from and to a summary

    @classmethod
    def of(
        cls,
        summary: Summary,
        *,
        piece: int = 0,
        problems: Sequence[tuple[int, int, Problem]] | None = None,
        left_out: Mapping[str, int] | None = None,
    ) -> Part:
        """What a summary knows before its report is made.

        Args:
            piece: the number of what was judged among all that is.
            problems: instead of those of the summary, each with the number of its piece, and its own there.
            left_out: exchanges that were not looked at, by why.
        """
        return cls(
            exchanges=summary.exchanges,
            succeeded=Counter(summary.succeeded),
            seen=Counter(summary.seen),
            groups={key: _told(summary, group) for key, group in summary.groups.items()},
            new=dict(summary.new),
            not_judged=Counter(summary.not_judged),
            hints=dict(summary.hints),
            unmatched=Counter(summary.unmatched),
            newest=dict(summary.newest),
            took={key: list(steps) for key, steps in summary.took.items()},
            ledger=summary.ledger.merge(Ledger()),
            problems=[(piece, place, one) for place, one in enumerate(summary.problems)] if problems is None else [*problems],
            left_out=Counter(left_out or {}),
            rows=tuple(map(_block, stored(summary.facts))),  # else facts are made of them
            facts=tuple(_packed(_facts_of(summary))),
        )

    def into(self, summary: Summary) -> None:
        """Makes a summary that knows nothing yet know all of this."""
        summary.exchanges = self.exchanges
        summary.succeeded, summary.seen = Counter(self.succeeded), Counter(self.seen)
        summary.groups = {key: _group(told) for key, told in self.groups.items()}
        summary.new = dict(self.new)
        summary.not_judged, summary.hints = Counter(self.not_judged), dict(self.hints)
        summary.unmatched = Counter(self.unmatched)
        summary.newest = dict(self.newest)
        summary.took = {key: list(steps) for key, steps in self.took.items()}
        summary.ledger = self.ledger.merge(Ledger())
        summary.problems = [problem for _, _, problem in sorted(self.problems, key=lambda one: one[:2])]
        if self.facts or self.rows:
            self.give(summary.facts, Carrier(summary.facts, summary.judge))

    def give(self, store: FactStore, carrier: Carrier) -> None:
        """Gives facts and rows to a store, the rows by its carrier.

        Raises:
            UnusableInput: they are damaged.
        """
        store.add(carrier.touching(fact for block in self.facts for fact in _unpacked(block)))
        for block in self.rows:
            try:
                carrier.put_digested(_loads(zlib.decompress(block)))
            except (zlib.error, ValueError, KeyError, TypeError, IndexError, AttributeError):
                raise _damaged() from None

    # -- merging

    def merge(self, *others: Part) -> Part:
        """All of them together; none is changed."""
        every = (self, *others)
        return Part(
            exchanges=sum(one.exchanges for one in every),
            succeeded=_sum(one.succeeded for one in every),
            seen=_sum(one.seen for one in every),
            groups=_join((one.groups for one in every), _both),
            new=_join((one.new for one in every), _earlier),
            not_judged=_sum(one.not_judged for one in every),
            hints=_join((one.hints for one in every), max),
            unmatched=_sum(one.unmatched for one in every),
            newest=_join((one.newest for one in every), max),
            took=_join((one.took for one in every), lambda one, two: [a + b for a, b in zip(one, two, strict=True)]),
            ledger=_ledger(one.ledger for one in every),
            problems=[problem for one in every for problem in one.problems],
            left_out=_sum(one.left_out for one in every),
            facts=tuple(block for one in every for block in one.facts),
            rows=tuple(block for one in every for block in one.rows),
        )

    # -- as bytes

    def dumps(self) -> bytes:
        """The part as bytes: a line of JSON, then the blocks of facts and rows, the lengths of which it tells."""
        head = {
            "version": VERSION,
            "exchanges": self.exchanges,
            "succeeded": self.succeeded,
            "seen": self.seen,
            "groups": list(self.groups.items()),
            "new": list(self.new.items()),
            "not_judged": list(self.not_judged.items()),
            "hints": list(self.hints.items()),
            "unmatched": self.unmatched,
            "newest": self.newest,
            "took": self.took,
            "ledger": codec.ledger_plain(self.ledger),
            "problems": self.problems,
            "left_out": self.left_out,
            "facts": [len(block) for block in self.facts],
            "rows": [len(block) for block in self.rows],
        }
        return b"".join([_json(head), b"\n", *self.facts, *self.rows])

    @classmethod
    def loads(cls, raw: bytes, *, file: str | None = None) -> Part:
        """A part from its bytes.

        Raises:
            UnusableInput: it is none, of another version, or damaged.
        """
        try:
            end = raw.index(b"\n")
            head = _loads(raw[:end])
            if head["version"] != VERSION:
                raise UnusableInput(
                    "the part is of another version", file=file, hint="judge and merge with the same smscontract"
                )
            return cls._from(head, memoryview(raw)[end + 1 :])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise UnusableInput("the part is damaged", file=file, hint="judge what it is of again") from None

    @classmethod
    def _from(cls, head: Mapping[str, Any], rest: memoryview) -> Part:
        blocks = []
        sizes = [*head["facts"], *head["rows"]]
        for size in sizes:
            blocks.append(bytes(rest[:size]))
            rest = rest[size:]
        if rest or sum(map(len, blocks)) != sum(sizes):
            raise ValueError
        facts = len(head["facts"])
        return cls(
            exchanges=int(head["exchanges"]),
            succeeded=Counter(head["succeeded"]),
            seen=Counter(head["seen"]),
            groups={_key(key): _told_from(told) for key, told in head["groups"]},
            new={_key(key): (codec.new(new), count) for key, (new, count) in head["new"]},
            not_judged=Counter({_key(key): count for key, count in head["not_judged"]}),
            hints={_key(key): hint for key, hint in head["hints"]},
            unmatched=Counter(head["unmatched"]),
            newest=dict(head["newest"]),
            took=dict(head["took"]),
            ledger=codec.ledger(head["ledger"]),
            problems=[(piece, number, Problem(**one)) for piece, number, one in head["problems"]],
            left_out=Counter(head["left_out"]),
            facts=tuple(blocks[:facts]),
            rows=tuple(blocks[facts:]),
        )


def _key(pair: list[str]) -> _Key:
    first, second = pair
    return first, second


def _told(summary: Summary, group: Group) -> Told:
    asked, answered = group.told or (shown(summary.judge, group.exchange) if group.exchange is not None else ("", ""))
    last = group.last if group.last is not None else group.where[-1]
    return Told(group.finding, asked, answered, group.count, tuple(group.where), last)


def _told_from(data: Mapping[str, Any]) -> Told:
    return Told(
        codec.finding(data["finding"]),
        data["asked"],
        data["answered"],
        data["count"],
        tuple(map(codec.where, data["where"])),
        codec.where(data["last"]),
    )


def _group(told: Told) -> Group:
    pair = (told.asked, told.answered) if told.asked or told.answered else None
    return Group(told.finding, told=pair, count=told.count, where=list(told.where), last=told.last)


def _both(one: Told, two: Told) -> Told:
    first, other = sorted((one, two), key=lambda told: (told.where[0].sort_key(), repr(told.finding)))
    return Told(
        first.finding,
        first.asked,
        first.answered,
        one.count + two.count,
        tuple(sorted((*first.where, *other.where), key=Where.sort_key)[:WHERE_LIMIT]),
        max(one.last, two.last, key=Where.sort_key),
    )


def _earlier(one: tuple[New, int], two: tuple[New, int]) -> tuple[New, int]:
    first = min(one[0], two[0], key=lambda new: (Where(origin=new.origin, time=new.time).sort_key(), repr(new)))
    return first, one[1] + two[1]


def _sum(counters: Iterable[Counter[Any]]) -> Counter[Any]:
    """As `+`, but what was counted as none stays: it is listed all the same."""
    merged: Counter[Any] = Counter()
    for one in counters:
        merged.update(one)
    return merged


def _join(mappings: Iterable[Mapping[Any, Any]], both: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    for one in mappings:
        for key, value in one.items():
            merged[key] = both(merged[key], value) if key in merged else value
    return merged


def _ledger(ledgers: Iterable[Ledger]) -> Ledger:
    """What `Ledger.merge` of one after the other gives, made compact once."""
    merged = Ledger()
    for one in ledgers:
        merged.entries.update(one.entries)
        merged.rest.update(one.rest)
        merged.decided.update(one.decided)
        for key, (low, high) in one.ranges.items():
            merged.stretch(key, low)
            merged.stretch(key, high)
    return merged.compact()


# --- facts -----------------------------------------------------------------------------------------------------------


def _facts_of(summary: Summary) -> Iterator[Fact]:
    for clause in summary.facts.clauses():
        for scope in summary.facts.scopes(clause):
            yield from scope


def _packed(facts: Iterable[Fact]) -> Iterator[bytes]:
    waiting = iter(facts)
    while block := list(islice(waiting, _BLOCK)):
        yield _block(block)


def _block(value: Any) -> bytes:
    return zlib.compress(_json(value), 1)


def _unpacked(block: bytes) -> Iterator[Fact]:
    try:
        yield from map(codec.fact, _loads(zlib.decompress(block)))
    except (zlib.error, ValueError, KeyError, TypeError):
        raise _damaged() from None


def _damaged() -> UnusableInput:
    return UnusableInput("the part is damaged", hint="judge what it is of again")


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate in the name of a file
        return json.dumps(codec.plain(value), separators=(",", ":")).encode("ascii")


def _loads(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)
