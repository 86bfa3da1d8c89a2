"""Scopes with a history: those in which the same happened are judged once, and counted."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from smscontract.clauses import families
from smscontract.clauses.outcomes import Broken, Fact, Kept, Skipped
from smscontract.clauses.reduction import Decided
from smscontract.facts import FactStore, block_of
from smscontract.forks import Beside, alone
from smscontract.judge import Judge
from smscontract.kernel.histories import Histories, Long
from smscontract.kernel.recipes import Item, Recipe, Row
from smscontract.kernel.records import Group
from smscontract.kernel.rowlog import Told
from smscontract.kernel.scopes import keys_of
from smscontract.kernel.touched import Touched
from smscontract.mask import Kind as Mask
from smscontract.mask import Masker
from smscontract.spans import days_of
from smscontract.spill import Box

__all__ = ["Day", "Kind", "Settling", "settled"]

#: Scopes of more exchanges are made facts of at once; scopes that are told apart by what happened in them.
_LONG = 6
_HISTORIES = 20_000

#: Facts that are told of at a time.
_TOLD = 1_000

#: Days since 1970 UTC; `None`: unknown.
Day = int | None


@dataclass(slots=True, eq=False, weakref_slot=True)
class Kind:
    """Exchanges that are alike: what is the same in all of them.

    Attributes:
        number: that no other kind has, in this process or another.
        recipes: of the facts of histories, by what scopes are grouped by.
        masker: which hides what the requests of this kind show; `None` where rows hold digests and masked texts already.
    """

    number: int
    recipes: dict[Group, tuple[Recipe, ...]]
    masker: Masker | None

    def facts(self, judge: Judge, group: Group, told: Told, days: Mapping[Day, int] | None = None) -> Iterator[Fact]:
        """The facts of one row.

        Args:
            days: where it stands for others: how many of them on which day.
        """
        digest = judge.digest if self.masker is not None else _as_it_is
        for recipe in self.recipes[group]:
            yield recipe.fact(told.row, told.file, digest, self.show, days)

    def show(self, value: Any, mask: Mask | None) -> str:
        """A value as reports show it."""
        return self.masker.value(value, mask) if self.masker is not None else str(value)


def _as_it_is(value: Any) -> Any:
    return value


#: What is decided of a row: of which clause, whether exchanges may be missing, and what.
_Verdict = tuple[tuple[str, bool, Kept | Skipped], ...]


class _Asked(NamedTuple):
    """What verdicts on the rows of a kind rest on, each once: rules ask for the same.

    Attributes:
        owners: scopes of rules by which a value has one owner.
        values, plain: values that are compared with others, and slots of those that count themselves.
        within: seconds in which an exchange has to follow another one.
    """

    owners: tuple[tuple[Item, ...], ...]
    values: tuple[Item, ...]
    plain: tuple[int, ...]
    within: tuple[float, ...]


class Settling:
    """The histories of one group.

    Args:
        judge: who judged the first of each kind.
        kinds: by number.
        touched: the scopes that there are other facts of.

    Attributes:
        less: of each kind and day how many rows are of a history.
    """

    def __init__(self, judge: Judge, kinds: Mapping[int, Kind], group: Group, touched: Touched) -> None:
        self._judge = judge
        self._kinds = kinds
        self._group = group
        self._touched = touched
        self.less: Counter[tuple[int, Day]] = Counter()
        self._decided: Counter[tuple[int, Day]] = Counter()
        self._alike: dict[tuple[Any, ...], tuple[int, ...]] = {}  # by what happened; none where something is broken
        self._verdicts: dict[_Verdict, int] = {}
        self._asked: dict[int, _Asked] = {}

    def facts(self, parts: Iterable[Mapping[int, list[Told]] | Long]) -> Iterator[Fact]:
        """Counts histories, and gives the facts of those that are like no other; scopes that only seemed to have one are left
        out.

        Args:
            parts: whole scopes by the hashes of their keys.
        """
        for scopes in parts:
            if isinstance(scopes, Long):
                while some := list(islice(scopes.rows, _TOLD)):
                    self._count(some)
                    yield from chain.from_iterable(map(self._facts, some))
                continue
            for hashed, found in self._scopes(scopes):
                whole = self._touched.has(hashed)
                if len(found) == 1 and not whole:
                    continue
                found.sort(key=_by_time)
                days = self._count(found)
                if whole or not self._like_another(found, days):
                    for told in found:
                        yield from self._facts(told)

    def _count(self, found: Sequence[Told]) -> list[Day]:
        """Takes note of rows of histories, and gives the day of each."""
        days = days_of([told.row for told in found])
        self.less.update(zip([told.kind for told in found], days, strict=True))
        return days

    def put(self, less: Counter[tuple[int, Day]], decided: Mapping[tuple[_Verdict, Day], int]) -> None:
        """Takes what another one has counted."""
        self.less.update(less)
        for (verdict, day), many in decided.items():
            self._decided[self._numbered(verdict), day] += many

    def decided(self) -> dict[tuple[_Verdict, Day], int]:
        """What is decided of the rows that were counted: of how many on which day."""
        verdicts = list(self._verdicts)
        return {(verdicts[number], day): many for (number, day), many in self._decided.items()}

    def _numbered(self, verdict: _Verdict) -> int:
        return self._verdicts.setdefault(verdict, len(self._verdicts))

    def _scopes(self, some: Mapping[int, list[Told]]) -> Iterator[tuple[int, list[Told]]]:
        """Scopes with their hashes, those of one hash told apart."""
        ways = {
            kind.number: _way(kind.recipes[self._group][0].keys) for kind in self._kinds.values() if self._group in kind.recipes
        }
        for hashed, found in some.items():
            first = ways[found[0].kind](found[0].row)
            if all(ways[told.kind](told.row) == first for told in found):
                yield hashed, found
                continue
            scopes: dict[Any, list[Told]] = {}
            for told in found:
                [key] = keys_of(self._kinds[told.kind].recipes[self._group][0].keys, [told.row])
                scopes.setdefault(key, []).append(told)
            for mine in scopes.values():
                yield hashed, mine

    def _like_another(self, found: Sequence[Told], days: Sequence[Day]) -> bool:
        """Counts a scope whose exchanges follow each other as those of another did, with nothing broken.

        Args:
            found: in order of time.
            days: of each.
        """
        if len(found) > _LONG:
            return False
        if any(one.row[1] >= two.row[0] for one, two in pairwise(found)):
            return False  # they overlap, or have no times
        history = self._history(found)
        verdicts = self._alike.get(history)
        if verdicts is None:
            if len(self._alike) >= _HISTORIES:
                return False
            verdicts = self._alike[history] = tuple(map(self._numbered, self._judged(found)))
        if not verdicts:
            return False
        self._decided.update(zip(verdicts, days, strict=True))
        return True

    def _history(self, found: Sequence[Told]) -> tuple[Any, ...]:
        """All that the verdict on a scope rests on whose exchanges do not overlap: kinds, values that are equal, and how close
        they are."""
        numbers: dict[Any, int] = {}
        history: list[Any] = [len(found), *[told.kind for told in found]]
        for kind, _, row in found:
            asked = self._asked.get(kind) or self._asked_of(kind)
            for scope in asked.owners:
                owner = "owner", *[item.plain(row) for item in scope]
                history.append(numbers.setdefault(owner, len(numbers)))
            for item in asked.values:
                value = item.plain(row)
                history.append(numbers.setdefault((item.text, type(value), value), len(numbers)))
            for slot in asked.plain:
                value = row[slot]
                history.append(value if type(value) is str else (type(value), repr(value)))  # 1 is not True here
            for within in asked.within:
                history += [row[0] - other.row[1] <= within for other in found]
        return tuple(history)

    def _asked_of(self, kind: int) -> _Asked:
        recipes = self._kinds[kind].recipes[self._group]
        self._asked[kind] = _Asked(
            owners=tuple({one.scope: None for one in recipes if one.own is not None}),
            values=tuple({item: None for one in recipes for item in one.values}),
            plain=tuple({item.slot: None for one in recipes for item in one.plain}),
            within=tuple({one.rule.within: None for one in recipes if one.rule.within is not None}),
        )
        return self._asked[kind]

    def _judged(self, found: Sequence[Told]) -> Iterator[_Verdict]:
        """What is decided of each row of a scope; nothing at all where something is broken."""
        by_clause: dict[str, list[Fact]] = {}
        rows: dict[int, int] = {}
        for number, told in enumerate(found):
            for fact in self._facts(told):
                by_clause.setdefault(fact.clause, []).append(fact)
                rows[id(fact)] = number
        verdicts: list[list[Any]] = [[] for _ in found]
        for identity, mine in by_clause.items():
            clause = self._judge.catalogue.clauses[identity]
            reduce: Callable[..., Iterator[Decided]] = families()[clause.family].reduce
            for holes in (False, True):
                for one in reduce({identity: clause}, mine, holes=holes):
                    if isinstance(one.outcome, Broken):
                        return
                    verdicts[rows[id(one.fact)]].append((identity, holes, one.outcome))
        yield from map(tuple, verdicts)

    def _facts(self, told: Told) -> Iterator[Fact]:
        return self._kinds[told.kind].facts(self._judge, self._group, told)


def settled(store: FactStore, settlings: Mapping[Group, Settling], histories: Histories, processes: int = 1) -> None:
    """Puts the facts of all histories that are like no other into a store; the others are counted then, each by its group's.

    Args:
        processes: that do it. What one of them cannot do is done here.
    """
    shares = min(processes, histories.parts) if processes > 1 and alone() else 1
    others = [Beside(partial(_share, settlings, histories, number, shares)) for number in range(1, shares)]
    try:
        store.add(_facts(settlings, histories, 0, shares))
        for number, other in enumerate(others, 1):
            blocks = other.blocks()
            if blocks is None:
                store.add(_facts(settlings, histories, number, shares))
            for block in blocks or ():
                facts, counted = pickle.loads(block)  # noqa: S301 - our own process has written it
                if facts:
                    store.put(facts)
                for group, less, decided in counted:
                    settlings[group].put(less, decided)
    finally:
        for other in others:
            other.close()
        histories.close()


def _facts(settlings: Mapping[Group, Settling], histories: Histories, number: int, shares: int) -> Iterator[Fact]:
    for group, parts in histories.share(number, shares):
        yield from settlings[group].facts(parts)


def _share(settlings: Mapping[Group, Settling], histories: Histories, number: int, shares: int, _: Box) -> Iterator[bytes]:
    """What another process has to tell."""
    facts = _facts(settlings, histories, number, shares)
    while some := list(islice(facts, _TOLD)):
        yield pickle.dumps((block_of(some), ()))
    yield pickle.dumps((b"", [(group, one.less, one.decided()) for group, one in settlings.items()]))


def _way(items: Sequence[Item]) -> Callable[[Row], Any]:
    """Rows of which this is equal are of one scope; of others it is not known."""
    kinds, slots = [item.kinds for item in items], [item.slot for item in items]

    def way(row: Row) -> Any:
        values = [row[slot] for slot in slots]
        return kinds, values, [*map(type, values)]

    return way


def _by_time(told: Told) -> tuple[float, float, str, int]:
    return told.row[0], told.row[1], told.file, told.row[2]
