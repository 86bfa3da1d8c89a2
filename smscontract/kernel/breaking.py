"""Exchanges that break something as others did: when they are surely told the same, so that they are only counted.

What breaks a schema has to be equal, to the byte; all else that a judgement rests on, as far as clauses can tell it apart.
What a finding shows may differ, since a report shows the first of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson

from smscontract.catalogue import Catalogue
from smscontract.clauses.kinds import kinds_seen
from smscontract.clauses.outcomes import KEPT, Broken, Spot
from smscontract.clauses.relation import holds, outcome_of
from smscontract.clauses.schema import SchemaDetail
from smscontract.clauses.values import comparable, kinds_of
from smscontract.documents import Clause, Place, Rule
from smscontract.findings import Finding
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.judge import Judgement
from smscontract.kernel.kinship import structure
from smscontract.kernel.matchers import DOUBTS, Stub, Unsure
from smscontract.kernel.members import NEVER
from smscontract.kernel.plans import Answers, Requests
from smscontract.kernel.questions import Sources, questions

__all__ = ["are_of_bodies", "broken_as", "counted_as", "likeness"]

_BODIES = frozenset({"response body", "request body"})
#: Rules that one exchange breaks.
_ONES = frozenset({"then", "equal", "differ", "less", "order"})

#: What is asked of the text of a body.
_OF_TEXTS = frozenset({"json", "one-value", "unique-keys"})
#: Where the shape of the answer stands in a key.
_SHAPE = 9
#: Kinds for which it is remembered what relations ask.
_ASKED = 20_000
#: Errors of one body that may be like others.
_ERRORS = 8
#: What is wrong with the members of an object: its other values are all one then.
_OF_NAMES = frozenset({"required", "additionalProperties", "propertyNames"})


def broken_as(errors: Iterable[Any], body: Any) -> Hashable:
    """Equal for bodies of one shape that fail to keep a schema at the same places in the same way, by equal values.

    Args:
        errors: as `iter_errors` of `jsonschema_rs` gives them for the body.

    Raises:
        Unsure: there are too many, or it is too large.
    """
    found = []
    for error in islice(errors, _ERRORS + 1):
        steps, word = tuple(error.instance_path), tuple(map(str, error.schema_path))
        value = None if word[-1] in _OF_NAMES else orjson.dumps(_at(body, steps))
        found.append((steps, word, value))
    if len(found) > _ERRORS:
        raise Unsure
    return tuple(sorted(found, key=repr)), structure(body)


def are_of_bodies(catalogue: Catalogue, findings: Sequence[Finding]) -> bool:
    """Whether findings rest on no more than bodies and times. What they show may differ each time: a report has the first."""
    return all(one.part in _BODIES and _is_of_bodies(catalogue.clauses[one.clause]) for one in findings)


def _is_of_bodies(clause: Clause) -> bool:
    detail = clause.detail
    if isinstance(detail, Rule):
        return detail.kind in _ONES
    return isinstance(detail, SchemaDetail) or (clause.family == "protocol" and detail in _OF_TEXTS)


class _Timed(Stub):
    """As much of a view as relations need."""

    def __init__(self, sides: tuple[Requests, Answers], sources: Sources, times: tuple[float, float]) -> None:
        super().__init__(sides[0].operation, sides[1].document)
        self.got, self.sent, self.path = sources
        self._times = times

    def places(self, place: Place) -> list[tuple[Spot, Any]]:
        """As `View.places`."""
        if place.root != "at":
            return super().places(place)
        time = self._times[place.steps[0] != "sent"]
        return [(Spot(place.part), time if time != NEVER else UNKNOWN)]


def likeness(
    key: Sequence[Any], sides: tuple[Requests, Answers], sources: Sources, times: tuple[float, float]
) -> tuple[Hashable, Hashable]:
    """What is equal for exchanges of which the same is told, and what is so where only the kinds of values that are counted
    may differ.

    Args:
        key: of the exchange, beside which relations are told; `_SHAPE` is what the shape of the answer tells, its last what
            is broken there.
        sources: body of the answer, of the request, parameters of the path.
        times: start and end.

    Returns:
        `None` twice where it cannot be told.
    """
    try:
        return _likeness(key, sides, sources, times)
    except DOUBTS:
        return None, None


def _likeness(
    key: Sequence[Any], sides: tuple[Requests, Answers], sources: Sources, times: tuple[float, float]
) -> tuple[Hashable, Hashable]:
    *others, broken = key
    fine = "alike", *key
    if sources[0] is UNKNOWN:
        kin: tuple[Hashable, ...] = fine
    else:
        others[_SHAPE] = sides[1].kinship(sources[0])
        kin = "kin", *others, broken and broken[0]
    told = None if _hold(kin, sides, sources, times[1]) else _told(sides, sources, times)
    return (*fine, told), (*kin, told)


def _hold(kin: Hashable, sides: tuple[Requests, Answers], sources: Sources, end: float) -> bool:
    """Whether all relations surely hold that are asked of exchanges that are told the same but for relations."""
    asked = sides[1].asked.get(kin)
    if asked is None:
        if len(sides[1].asked) >= _ASKED:
            return False
        asked = sides[1].asked[kin] = questions(sides, sources, end)[:2]
    checks, order = asked
    return all(check(*sources) for check in checks) and (order is None or order.hold(sources[0], end))


def _told(sides: tuple[Requests, Answers], sources: Sources, times: tuple[float, float]) -> Hashable:
    """What becomes of each relation."""
    requests, answers = sides
    view = _Timed(sides, sources, times)
    told: list[Hashable] = []
    for rule in (*answers.relations, *answers.orders):
        outcome = outcome_of(rule, view)
        told.append((outcome.spot, outcome.expected) if isinstance(outcome, Broken) else outcome is KEPT)
    for kind, places in requests.relations:
        left, right = (view.places(place) for place in places)
        kinds = kinds_of(view, places)
        told.append(holds(kind, comparable(left[0][1], kinds), comparable(right[0][1], kinds)))
    return tuple(told)


def counted_as(judgement: Judgement, sides: tuple[Requests, Answers], sources: Sources) -> Judgement:
    """What is told of an exchange of a likeness, by what is told of another one."""
    signature = judgement.signature
    assert signature is not None
    if sources[0] is UNKNOWN:
        return judgement
    view = _Timed(sides, sources, (NEVER, NEVER))
    return replace(judgement, signature=replace(signature, witnesses=kinds_seen(view)))


def _at(body: Any, steps: Iterable[Any]) -> Any:
    for step in steps:
        if (isinstance(body, list) and type(step) is int and step < len(body)) or (isinstance(body, dict) and step in body):
            body = body[step]
        else:
            return ABSENT
    return body
