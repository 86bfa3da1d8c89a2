"""A kind of exchange: what the judge said of the first, and what is still to be asked of the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter
from typing import Any

from smscontract.clauses.view import View
from smscontract.documents import Place, Rule
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.judge import Judge, Judgement
from smscontract.kernel.breaking import are_of_bodies, likeness
from smscontract.kernel.checks import Check, Relation, Times
from smscontract.kernel.matchers import Unsure, in_shape, reach
from smscontract.kernel.members import NEVER
from smscontract.kernel.plans import Answers, Requests
from smscontract.kernel.questions import Sources, once_made, questions
from smscontract.kernel.recipes import Item, Recipe, Row, Slots, item_of, recipe_of
from smscontract.kernel.rows import group_of
from smscontract.kernel.settling import Kind
from smscontract.packed import Packed
from smscontract.summary import Summary

__all__ = ["First", "Known", "learned"]


@dataclass(slots=True, eq=False)
class Known:
    """A kind of exchange.

    Attributes:
        judgement: of the first.
        after: who breaks something is counted only if the answer came later than this, when a report shows another exchange.
        checks, times: what must hold for another one.
        values: what its row holds beside times and line; `places` is where that stands.
        relations: what `checks` are made of.
        alike: whether all are of one likeness, which tells relations.
        sampled: what makes the scope that they are sampled by; without it each is for itself.
        rows: those that are not counted yet; `pack`: others of them, side by side, where `native.scan` has found some.
    """

    judgement: Judgement
    kind: Kind
    checks: tuple[Check, ...]
    times: Times | None
    values: Callable[[Any, Any, Any], Sequence[Any]]
    places: tuple[Place, ...] = ()
    relations: tuple[Relation, ...] = ()
    rows: list[Row] = field(default_factory=list)
    pack: Any = None
    after: float = NEVER
    alike: bool = False
    sampled: tuple[Item, ...] = ()

    def fits(self, got: Any, sent: Any, path: Any, end: float) -> bool:
        """Whether an exchange with the key of this kind is one of it."""
        for check in self.checks:
            if not check(got, sent, path):
                return False
        return self.times is None or self.times.hold(got, end)

    def is_told(self, summary: Summary, end: float) -> bool:
        """Whether a report says of whoever breaks this, with an answer that came then, no more than that and where."""
        if not self.after < end < NEVER:
            self.after = summary.shown_after(self.judgement.findings)
        return self.after < end < NEVER

    def as_counted(self, judgement: Judgement) -> Known:
        """A kind of the same likeness, all of which is told beforehand."""
        return replace(self, judgement=judgement, rows=[], pack=None, checks=(), times=None, relations=(), alike=True)

    def asking(self, first: First) -> Known:
        """The kind of whoever has the key of an exchange of this likeness, and is asked the rest."""
        checks, times, relations = questions(first.sides, first.sources, first.end)
        return replace(self, rows=[], pack=None, checks=checks, times=times, relations=relations, alike=False)

    @property
    def waits(self) -> bool:
        """Whether there are rows that are not counted yet."""
        return bool(self.rows or (self.pack is not None and self.pack.count))

    def taken(self) -> Iterator[Sequence[Row]]:
        """The rows that are not counted yet, which it has no more."""
        if self.rows:
            rows, self.rows = self.rows, []
            yield rows
        if self.pack is not None and self.pack.count:
            yield Packed(*self.pack.take())


@dataclass(eq=False)
class First:
    """An exchange of which no kind was known.

    Attributes:
        key: what is told of it.
        sources: bodies of answer and request, parameters of the path.
        start, end: when it was sent and answered; infinite if unknown.
    """

    key: tuple[Any, ...]
    sides: tuple[Requests, Answers]
    sources: Sources
    start: float
    end: float

    @cached_property
    def likeness(self) -> tuple[Hashable, Hashable]:
        """As `breaking.likeness` has it."""
        return likeness(self.key, self.sides, self.sources, (self.start, self.end))


def learned(
    judge: Judge,
    first: First,
    exchange: Exchange,
    judgement: Judgement,
    number: int,
    *,
    alike: bool = False,
    sampled: Rule | None = None,
) -> Known:
    """The kind of an exchange, from what the judge said of it.

    Args:
        number: of the kind.
        alike: whether all others are of the same likeness, so that relations need not be asked.
        sampled: by whose scope they are sampled.

    Raises:
        Unsure: others of this kind have to be judged one by one.
    """
    requests, answers = first.sides
    operation = requests.operation
    if judgement.signature is None or judgement.signature.operation != operation.key:
        raise Unsure
    if not are_of_bodies(judge.catalogue, judgement.findings):
        raise Unsure
    matched = judge.match(exchange)
    masker = judge.masker_of(matched)
    view = View(matched, operation, judge.digest, masker.value)
    slots = Slots()
    _recipes(judge, judgement, view, slots)
    _items_of(sampled, view, slots)
    slots.places.sort(key=lambda place: (place.root, place.steps[:-1], place.steps[-1:]))
    recipes = _recipes(judge, judgement, view, slots)
    known = Known(
        judgement=judgement,
        kind=Kind(number, {group: tuple(mine) for group, mine in recipes.items()}, masker),
        checks=(),
        times=None,
        values=once_made(answers.made, tuple(slots.places), _values, slots.places),
        places=tuple(slots.places),
        alike=True,
        sampled=_items_of(sampled, view, slots),
    )
    if not alike:
        known = known.asking(first)
    _try(judge, known, first, exchange)
    return known


def _recipes(judge: Judge, judgement: Judgement, view: View, slots: Slots) -> dict[tuple[str, ...], list[Recipe]]:
    found: dict[tuple[str, ...], list[Recipe]] = {}
    for fact in judgement.facts:
        clause = judge.catalogue.clauses[fact.clause]
        rule = clause.detail
        if fact.alike:
            continue
        if not isinstance(rule, Rule) or rule.kind not in ("same", "fresh", "moves", "unique"):
            raise Unsure
        found.setdefault(group_of(clause.operation, rule), []).append(recipe_of(clause, fact, view, slots))
    return found


def _items_of(rule: Rule | None, view: View, slots: Slots) -> tuple[Item, ...]:
    """What makes the scope of a rule; nothing where these exchanges have none."""
    if rule is None:
        return ()
    if not all(in_shape(place, view.operation, view.document) and place.steps for place in rule.per):
        raise Unsure
    spots = [spot for place in rule.per for spot in view.places(place)]
    if any(value is ABSENT or value is UNKNOWN for _, value in spots):
        return ()
    return tuple(item_of(view, place, slots) for place in rule.per)


def _values(places: Sequence[Place]) -> Callable[[Any, Any, Any], Sequence[Any]]:
    """Gives the values at some places, which stand together by root and object."""
    parts: list[tuple[int, tuple[str, ...], list[str]]] = []
    for place in places:
        source = ("got", "sent", "path").index(place.root)
        if parts and parts[-1][:2] == (source, place.steps[:-1]):
            parts[-1][2].append(place.steps[-1])
        else:
            parts.append((source, place.steps[:-1], [place.steps[-1]]))
    getters = [(source, reach(steps) if steps else None, _several(names)) for source, steps, names in parts]
    if len(getters) == 1 and getters[0][:2] == (0, None):
        only = getters[0][2]
        return lambda got, _, __: only(got)

    def values(*sources: Any) -> Sequence[Any]:
        result: list[Any] = []
        for source, below, getter in getters:
            result += getter(below(sources[source]) if below is not None else sources[source])
        return result

    return values


def _several(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """The values of members that are there."""
    if len(names) == 1:
        name = names[0]
        return lambda value: (value[name],)
    return itemgetter(*names)


def _try(judge: Judge, known: Known, first: First, exchange: Exchange) -> None:
    """Makes sure that the first of a kind would have been told the same."""
    sources, number = first.sources, exchange.origin.number
    row = (first.start, first.end, number, *known.values(*sources))
    if not all(check(*sources) for check in known.checks) or (known.times and not known.times.hold(sources[0], first.end)):
        raise Unsure
    file, show = exchange.origin.file or "", known.kind.show
    made = [recipe.fact(row, file, judge.digest, show) for mine in known.kind.recipes.values() for recipe in mine]
    told = [fact for fact in known.judgement.facts if not fact.alike]
    if sorted(made, key=repr) != sorted(told, key=repr):
        raise Unsure
