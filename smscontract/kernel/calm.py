"""Whether anything can be broken in the histories of a few exchanges, told without a reduction.

Each kind of rule is asked a little more than the reduction asks it: who passes here breaks nothing there, with or without holes
in the history. Who does not pass may break nothing all the same; the reduction tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from smscontract.clauses.outcomes import Fact
from smscontract.clauses.values import comparable
from smscontract.documents import Rule
from smscontract.judge import Judge
from smscontract.kernel.recipes import Item, Recipe, Row
from smscontract.kernel.rows import Rows
from smscontract.kernel.settling import Kind

__all__ = ["Calm", "is_calm"]

_NEVER = float("inf")
#: Histories that are remembered.
_KEPT = 4096


class _Told(NamedTuple):
    """What one exchange says of one scope. `values` are digests, for `moves` the values themselves; `None` without success."""

    start: float
    end: float
    when: bool | None
    across: bool | None
    values: Mapping[str, Any] | None


class Calm:
    """Tells whether anything is broken, once for histories that are alike.

    Args:
        judge: whose digests the facts have.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._plans: dict[int, _Plan] = {}
        #: What was told of histories; the facts are kept since it is they themselves that are known again.
        self._told: dict[Any, tuple[tuple[Fact, ...], bool]] = {}

    def holds(self, made: Sequence[Fact], alike: Iterable[Fact], rows: Rows | None) -> bool:
        """Whether a reduction of all this surely finds nothing broken.

        Args:
            made: facts of exchanges that were judged.
            alike: those of exchanges that are like one that was, the same ones each time.
            rows: further exchanges. They are left as they are.
        """
        alike = tuple(alike)
        key = None if made or rows is None else self._likeness(alike, rows)
        if key is None:
            return is_calm(self._judge, (*made, *alike), rows)
        found = self._told.get(key)
        if found is None:
            if len(self._told) >= _KEPT:
                self._told.clear()
            found = self._told[key] = (alike, is_calm(self._judge, alike, rows))
        return found[1]

    def _likeness(self, alike: Sequence[Fact], rows: Rows) -> Any:
        """Equal for histories of which the same is told: the kinds of their exchanges in order, which values are equal, and
        those that a rule of moves names. `None` where exchanges overlap, or values are no texts."""
        told: list[Any] = [id(fact) for fact in alike]
        numbers: dict[str, int] = {}
        latest = -_NEVER
        mine = rows.by_kind()
        if mine is None:
            return None
        for row, kind in sorted(mine, key=_by_time):
            if row[0] <= latest:
                return None
            latest = row[1]
            plan = self._plans.get(kind.number) or self._plan(kind)
            told.append(kind.number)
            for slot, kinds, moves in plan.slots:
                value = row[slot]
                if type(value) is not str:
                    return None
                if kinds:
                    value = _comparable(value, kinds)
                    if type(value) is not str:
                        return None
                told.append(value if moves else numbers.setdefault(value, len(numbers)))
        return tuple(told)

    def _plan(self, kind: Kind) -> _Plan:
        slots: dict[tuple[int, frozenset[str], bool], None] = {}
        for recipes in kind.recipes.values():
            for recipe in recipes:
                items = (*recipe.scope, *recipe.values, *((recipe.own,) if recipe.own is not None else ()))
                slots.update(((item.slot, item.kinds, False), None) for item in items)
                slots.update(((item.slot, frozenset(), True), None) for item in recipe.plain)
        plan = self._plans[kind.number] = _Plan(tuple(slots))
        return plan


class _Plan(NamedTuple):
    """The values of a row that anything rests on: where they are, what the document says of them, whether they are asked for
    themselves."""

    slots: tuple[tuple[int, frozenset[str], bool], ...]


def _by_time(one: tuple[Row, Kind]) -> tuple[float, float]:
    return one[0][0], one[0][1]


def is_calm(judge: Judge, facts: Iterable[Fact], rows: Rows | None) -> bool:
    """As `Calm.holds`, of all facts."""
    rules: dict[str, Rule] = {}
    one: dict[Any, Any] = {}  # what there may be one of: the value of a constant, the owner of a value
    scopes: dict[tuple[str, tuple[Any, ...]], list[_Told]] = {}
    for fact in facts:
        rule = judge.catalogue.clauses[fact.clause].detail
        if not isinstance(rule, Rule):
            return False
        if rule.kind in ("constant", "unique"):
            value = fact.values["value" if rule.kind == "constant" else "owner"]
            if one.setdefault((fact.clause, fact.scope), value) != value:
                return False
        elif rule.kind not in ("same", "fresh", "moves") or fact.values["known"]:
            return False
        else:
            rules[fact.clause] = rule
            scopes.setdefault((fact.clause, fact.scope), []).append(_of_fact(rule, fact))
    held = rows.held() if rows is not None else ()
    if held is None:
        return False
    for recipe, row in held:
        clause, scope = recipe.sample.clause, _digests(judge, recipe.scope, row)
        if recipe.own is not None:
            if one.setdefault((clause, _digests(judge, (recipe.own,), row)), scope) != scope:
                return False
        else:
            rules[clause] = recipe.rule
            scopes.setdefault((clause, scope), []).append(_of_row(judge, recipe, row))
    return all(len(told) < 2 or _keeps(rules[clause], told) for (clause, _), told in scopes.items())


def _of_fact(rule: Rule, fact: Fact) -> _Told:
    values = fact.values
    start, end = (_NEVER if time is None else time for time in (fact.start, fact.end))
    mine = values["plain" if rule.kind == "moves" else "values"] if values["success"] else None
    return _Told(start, end, values["when"], values["across"], mine)


def _of_row(judge: Judge, recipe: Recipe, row: Row) -> _Told:
    told = recipe.sample.values
    mine: dict[str, Any] | None = None
    if told["success"] and recipe.rule.kind == "moves":
        mine = {item.text: row[item.slot] for item in recipe.plain}
    elif told["success"]:
        mine = dict(zip((item.text for item in recipe.values), _digests(judge, recipe.values, row), strict=True))
    return _Told(row[0], row[1], told["when"], told["across"], mine)


def _digests(judge: Judge, items: Iterable[Item], row: Row) -> tuple[str, ...]:
    return tuple([judge.digest(_plain(item, row)) for item in items])


def _plain(item: Item, row: Row) -> Any:
    value = row[item.slot]
    return _comparable(value, item.kinds) if item.kinds and type(value) is str else item.plain(row)


#: The same numbers stand in hundreds of tests.
_comparable = lru_cache(maxsize=1024)(comparable)


def _keeps(rule: Rule, told: Sequence[_Told]) -> bool:
    """Whether a scope surely keeps a rule."""
    told = sorted(told, key=lambda one: one[:2])
    done = [one for one in told if one.values is not None]
    if rule.kind == "fresh":
        return _are_fresh(done)
    if rule.kind == "moves":
        return all(_may_move(rule, before, now) for before, now in _changes(done))
    if rule.across and not any(one.across for one in told):
        return True
    if _overlap(told):  # each may be compared with each
        return _are_alike(done)
    return not any(True for two in pairwise(done) if two[1].when is not False for _ in _changes(two))


def _are_fresh(done: Iterable[_Told]) -> bool:
    """Whether nobody of whom it is asked has a value that was there before."""
    seen: set[tuple[str, Any]] = set()
    for one in done:
        mine = set((one.values or {}).items())
        if one.when is not False and not seen.isdisjoint(mine):
            return False
        seen |= mine
    return True


def _are_alike(done: Iterable[_Told]) -> bool:
    values: dict[str, Any] = {}
    return all(values.setdefault(place, value) == value for one in done for place, value in (one.values or {}).items())


def _changes(done: Sequence[_Told]) -> Iterator[tuple[Any, Any]]:
    """The values that one exchange has and the next has not, with those that this has instead."""
    for one, two in pairwise(done):
        for place, now in (two.values or {}).items():
            before = (one.values or {}).get(place)
            if before is not None and before != now:
                yield before, now


def _may_move(rule: Rule, before: Any, now: Any) -> bool:
    return before not in rule.moves or now not in rule.moves or now in rule.moves[before]


def _overlap(told: Iterable[_Told]) -> bool:
    latest = -_NEVER
    for one in told:
        if one.start <= latest:
            return True
        latest = max(latest, one.end)
    return False
