"""How the facts of an exchange are made from a row of its values, long after the exchange itself was forgotten.

An exchange that is like one judged before contributes like facts: they differ in time, place and values alone. Most scopes turn
out to have one exchange, whose facts are counted and never made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from smscontract.clauses.conditions import mask_at
from smscontract.clauses.history import named
from smscontract.clauses.outcomes import Fact, Spot
from smscontract.clauses.values import comparable, kinds_of
from smscontract.clauses.view import View
from smscontract.documents import Clause, Place, Rule
from smscontract.exchange import Origin
from smscontract.json_text import UNKNOWN
from smscontract.kernel.matchers import Unsure, in_shape
from smscontract.mask import Kind

__all__ = ["Item", "Recipe", "Row", "Slots", "item_of", "recipe_of"]

#: Start, end (infinite if unknown), `Origin.number`, and the values at the slots of the template.
Row = tuple[Any, ...]
_HEAD = 3


class Item(NamedTuple):
    """One value of a row: where it is, and what the document says of it."""

    slot: int
    kinds: frozenset[str]
    mask: Kind | None = None
    text: str = ""

    def plain(self, row: Row) -> Any:
        """The value in the form in which equal values are equal."""
        value = row[self.slot]
        return comparable(value, self.kinds) if self.kinds else value


class Slots:
    """The values that the rows of a template hold, by place."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def of(self, place: Place) -> int:
        """Where in a row the value of a place is."""
        for index, one in enumerate(self.places):
            if one.text == place.text:
                return index + _HEAD
        self.places.append(place)
        return len(self.places) - 1 + _HEAD


@dataclass(frozen=True, slots=True)
class Recipe:
    """Makes the fact of one clause.

    Attributes:
        sample: such a fact.
        scope: what makes the scope of the exchange.
        values: places with a digest in the fact; `shown` those with a masked text; `plain` those that are there as they are.
        own: for `unique` the place whose value is the scope of the fact, the exchange's scope being the owner; it is shown
            itself, unless there is something else to show.
    """

    sample: Fact
    rule: Rule
    scope: tuple[Item, ...]
    values: tuple[Item, ...] = ()
    shown: tuple[Item, ...] = ()
    plain: tuple[Item, ...] = ()
    own: Item | None = None

    @property
    def keys(self) -> tuple[Item, ...]:
        """What facts of this clause are grouped by."""
        return (self.own,) if self.own is not None else self.scope

    def fact(self, row: Row, file: str, digest: Any, show: Any, days: Mapping[int | None, int] | None = None) -> Fact:
        """The fact of one row.

        Args:
            days: where it stands for others: how many of them on which day.
        """
        infinity = float("inf")
        scope = tuple(digest(item.plain(row)) for item in self.scope)
        values, text = self.sample.values, self.sample.shown
        if self.own is not None:
            values = {"owner": scope}
            [told] = self.shown or (self.own,)
            text = show(row[told.slot], told.mask)
            scope = (digest(self.own.plain(row)),)
        else:
            values = {
                **values,
                "values": {item.text: digest(item.plain(row)) for item in self.values},
                "plain": {item.text: named(self.rule, row[item.slot]) for item in self.plain},
                "shown": {**values["shown"], **{item.text: show(row[item.slot], item.mask) for item in self.shown}},
            }
        return dataclasses.replace(
            self.sample,
            scope=scope,
            start=row[0] if row[0] != infinity else None,
            end=row[1] if row[1] != infinity else None,
            origin=Origin.numbered(file, row[2]),
            values=values,
            shown=text,
            weight=sum(days.values()) if days is not None else 1,
            days=days,
        )


def recipe_of(clause: Clause, fact: Fact, view: View, slots: Slots) -> Recipe:
    """The recipe of a fact that a history clause was shown by an exchange.

    Raises:
        Unsure: its values cannot be told from a row.
    """
    rule: Rule = clause.detail
    told = fact.values
    known = [place for place in rule.places if all(value is not UNKNOWN for _, value in view.places(place))]
    places = rule.places if rule.kind == "unique" else [place for place in known if place.text in told["shown"]]
    if not all(in_shape(place, view.operation, view.document) and place.steps for place in (*rule.per, *places)):
        raise Unsure
    scope = tuple(item_of(view, place, slots) for place in rule.per)
    if rule.kind == "unique":
        if not rule.per or len(rule.places) != 1:
            raise Unsure
        return Recipe(fact, rule, scope, own=item_of(view, rule.places[0], slots))
    if told["known"]:
        raise Unsure
    return Recipe(
        fact,
        rule,
        scope,
        values=_items(view, rule.places, told["values"], slots),
        shown=_items(view, known, told["shown"], slots),  # what is not known is shown alike each time
        plain=_items(view, rule.places, told["plain"], slots),
    )


def _items(view: View, places: Sequence[Place], told: Any, slots: Slots) -> tuple[Item, ...]:
    return tuple(item_of(view, place, slots) for place in places if place.text in told)


def item_of(view: View, place: Place, slots: Slots) -> Item:
    """The item of the one value at a place.

    Raises:
        Unsure: there are several.
    """
    spots: list[tuple[Spot, Any]] = view.places(place)
    if len(spots) != 1:
        raise Unsure
    return Item(slots.of(place), kinds_of(view, (place,)), mask_at(view, place), place.text)
