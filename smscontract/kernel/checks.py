"""Relations between values, asked as cheaply as can be where they surely hold, and as the judge does where they may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter, le
from typing import Any, NamedTuple

from smscontract.clauses.relation import holds
from smscontract.clauses.values import comparable, kinds_of
from smscontract.documents import Place, Rule
from smscontract.kernel.matchers import Stub, Unsure, in_shape, reach
from smscontract.rfc3339 import format_time, timestamp

__all__ = ["Check", "Relation", "Times", "check_of", "order_of", "relation_of"]

#: Whether a relation surely holds, of the bodies of answer and request, and the parameter of the path.
Check = Callable[[Any, Any, Any], bool]


class Relation(NamedTuple):
    """`equal`, `differ` or `less` of two places, in exchanges whose operands have certain types.

    Attributes:
        kinds: as what the operands are compared.
        answer: whether it holds, of the operands of one such exchange; `None` if there is no answer.
        texts: whether both are texts.
    """

    kind: str
    left: Place
    right: Place
    kinds: frozenset[str]
    answer: bool | None
    texts: bool

    @property
    def of_texts(self) -> str:
        """`equal` or `differ` if that is asked of the texts themselves; `phones` if it is so where both are `+` and digits and
        differ; else empty."""
        if self.texts and not self.kinds:
            return self.kind
        return "phones" if self.kinds == _PHONE and self.kind == "differ" and self.answer is not None else ""

    def holds(self, left: Any, right: Any) -> bool:
        """Whether it surely holds of these operands, or has no answer as with the others of these types."""
        if self.texts and not self.kinds:
            return bool(left == right) is (self.kind == "equal")
        answer = holds(self.kind, comparable(left, self.kinds), comparable(right, self.kinds))
        return answer is (None if self.answer is None else True)

    def among(self, left: int, right: int) -> Callable[[Any], bool]:
        """Whether it surely holds, of a row of values in which the operands are at these places."""
        told = self.of_texts
        if told == "equal":
            return lambda row: bool(row[left] == row[right])
        if told == "differ":
            return lambda row: bool(row[left] != row[right])
        if told == "phones":
            check = _numbers(left, right)
            return lambda row: check(row, None, None)
        return lambda row: self.holds(row[left], row[right])


def relation_of(kind: str, places: Sequence[Place], stub: Stub) -> Relation | None:
    """The relation of two places, for exchanges whose operands have the types that those of this one have; `None` where it
    cannot be broken by them.

    Raises:
        Unsure: an operand is out of reach.
    """
    left, right = places[0], places[1]
    if not all(in_shape(place, stub.operation, stub.document) and place.steps for place in (left, right)):
        raise Unsure
    kinds = kinds_of(stub, places) if kind != "less" else frozenset()
    operands = [stub.places(place)[0][1] for place in (left, right)]
    answer = holds(kind, comparable(operands[0], kinds), comparable(operands[1], kinds))
    if answer is None and not kinds:
        return None
    texts = kind != "less" and all(type(one) is str for one in operands)
    return Relation(kind, left, right, kinds, answer, texts)


def check_of(kind: str, places: Sequence[Place], stub: Stub) -> Check | None:
    """The check of `equal`, `differ` or `less`, for exchanges whose operands have the types that those of this one have;
    `None` where it cannot be broken by them.

    Raises:
        Unsure: an operand is out of reach.
    """
    relation = relation_of(kind, places, stub)
    if relation is None:
        return None
    left_place, right_place = places[0], places[1]
    left, right = _getter(left_place), _getter(right_place)
    if relation.texts and not relation.kinds:
        return _texts(kind, left_place, right_place) or (
            (lambda got, sent, path: bool(left(got, sent, path) == right(got, sent, path)))
            if kind == "equal"
            else (lambda got, sent, path: bool(left(got, sent, path) != right(got, sent, path)))
        )
    phones = relation.kinds == _PHONE and kind == "differ" and relation.answer is not None
    if phones and _direct(left_place) and _direct(right_place):
        return _numbers(left_place.steps[0], right_place.steps[0])
    return lambda got, sent, path: relation.holds(left(got, sent, path), right(got, sent, path))


_PHONE = frozenset({"phone"})


def _direct(place: Place) -> bool:
    return place.root == "got" and len(place.steps) == 1


def _texts(kind: str, left: Place, right: Place) -> Check | None:
    """The check of two texts that stand where most do; none of others."""
    one, two = left.steps[0], right.steps[0]
    if kind == "equal" and left.root == "path" and _direct(right):
        return lambda got, _, path: bool(path[one] == got[two])
    if kind == "equal" and right.root == "path" and _direct(left):
        return lambda got, _, path: bool(path[two] == got[one])
    if kind == "differ" and _direct(left) and _direct(right):
        return lambda got, _, __: bool(got[one] != got[two])
    return None


def _numbers(left: Any, right: Any) -> Check:
    """Whether two phone numbers are different ones."""

    def check(got: Any, _: Any, __: Any) -> bool:
        one, two = got[left], got[right]
        if one[:1] == two[:1] == "+" and one[1:].isdecimal() and two[1:].isdecimal():
            return bool(one != two)
        return holds("differ", comparable(one, _PHONE), comparable(two, _PHONE)) is True

    return check


def _getter(place: Place) -> Callable[[Any, Any, Any], Any]:
    if place.root == "path":
        name = place.steps[0]
        return lambda _, __, path: path.get(name)
    at = reach(place.steps)
    if place.root == "got":
        return lambda got, _, __: at(got)
    return lambda _, sent, __: at(sent)


@lru_cache(maxsize=4096)
def _limit(second: float) -> str:
    return format_time(second)[:19]


class Times:
    """The order of the times of one kind of exchange, all of `order` rules at once."""

    def __init__(self, rules: Sequence[tuple[Sequence[Any], float, bool]]) -> None:
        """Args:
        rules: for each the members of the answer that are times, in their order, the skew in seconds, and whether they have to
            be before the answer came.
        """
        self.rules = rules
        self.pairs = pairs = list(dict.fromkeys(pair for names, _, _ in rules for pair in pairwise(names)))
        self.loose = all(skew >= 1 for _, skew, _ in rules)
        self._left = _several([one for one, _ in pairs])
        self._right = _several([two for _, two in pairs])
        before = [(names, skew) for names, skew, received in rules if received]
        skew = min((skew for _, skew in before), default=0.0)
        # Looked up once a minute where that is fine enough.
        self.step = 60.0 if skew >= 60 else 1.0
        self._skew = skew // self.step * self.step
        self.before = list(dict.fromkeys(name for names, _ in before for name in names))
        self._before = _several(self.before)
        #: The limit for answers that came between two moments.
        self._from, self._until, self._limit = 0.0, 0.0, ""

    def hold(self, got: Any, received: float) -> bool:
        """Whether all times are in order. They are texts in UTC, so that their order is that of the texts, to the second."""
        if self.loose:
            left, before = self._left, self._before
            sure = left is None or all(map(le, left(got), self._right(got)))  # type: ignore[misc]  # both or none
            if sure and before is not None:
                if not self._from <= received < self._until:
                    self._limit, self._from = self.limit_at(received)
                    self._until = self._from + self.step
                sure = max(before(got)) < self._limit
            if sure:
                return True
        return all(self._holds(got, received, *rule) for rule in self.rules)

    def limit_at(self, received: float) -> tuple[str, float]:
        """What each time in `before` surely has to be less than if the answer came then, as a text; from when on that is so."""
        begin = received // self.step * self.step
        return _limit(begin + self._skew), begin

    def _holds(self, got: Any, received: float, names: Sequence[Any], skew: float, before: bool) -> bool:
        moments = [timestamp(got[name]) for name in names]
        if None in moments:
            return False
        times = [moment for moment in moments if moment is not None] + ([received] if before else [])
        return all(one <= two + skew for index, one in enumerate(times) for two in times[index + 1 :])


def _several(names: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]] | None:
    """As `itemgetter`, with a tuple for one name too."""
    return itemgetter(*names, names[0]) if names else None


def order_of(rule: Rule, got: Any, *, received: bool) -> tuple[tuple[str, ...], float, bool] | None:
    """An `order` rule as `Times` takes it, of the times that an answer has; `None` where it has fewer than two.

    Args:
        received: whether it is known when the answer came.

    Raises:
        Unsure: it is on other times than members of the answer and when it came, that last.
    """
    names: list[str] = []
    last = False
    for index, place in enumerate(rule.places):
        if place.root == "at" and place.steps == ("received",) and index == len(rule.places) - 1:
            last = received
        elif place.root == "got" and len(place.steps) == 1 and not place.each:
            value = got.get(place.steps[0]) if isinstance(got, dict) else None
            if type(value) is str:
                names.append(place.steps[0])
            elif type(value) in (int, float):
                raise Unsure
        else:
            raise Unsure
    return (tuple(names), rule.skew, last) if len(names) + last >= 2 else None
