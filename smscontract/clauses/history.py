"""Promises about more than one exchange: what stays the same, what is new, how a value may move, what is unique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smscontract.clauses import succession
from smscontract.clauses.conditions import evaluate, mask_at
from smscontract.clauses.mutate import body_of
from smscontract.clauses.outcomes import Fact, Outcome, Shown, Skipped, Spot
from smscontract.clauses.reduction import Decided, OneScope
from smscontract.clauses.rules import rule_clause, set_place
from smscontract.clauses.values import comparable, kinds_of
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Place, Rule
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.rfc3339 import format_time, timestamp

__all__ = ["FAMILY", "KINDS", "break_", "clauses_of", "judge", "named", "reduce", "scope_of"]

FAMILY = "history"
KINDS = ("same", "fresh", "moves", "unique")


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each rule about histories."""
    for rule in operation.rules:
        if rule.kind in KINDS:
            yield rule_clause(operation, rule, FAMILY)


def _digest(view: View, place: Place, value: Any) -> str | None:
    """A digest that is equal for values that mean the same; `None` for what is unknown, null, or no single value."""
    if value is ABSENT or value is UNKNOWN or value is None or isinstance(value, dict | list):
        return None
    memo = view.memo if type(value) is str else None
    key = ("digest", place.text, value)
    if memo is None or key not in memo:
        plain = comparable(value, kinds_of(view, (place,)))
        digest = None if plain is UNKNOWN else view.digest(plain)
        if memo is None:
            return digest
        memo[key] = digest
    found: str | None = memo[key]
    return found


def _shown(view: View, place: Place, value: Any) -> str:
    memo = view.memo if type(value) is str else None
    key = ("shown", place.text, value)
    if memo is None or key not in memo:
        text = view.show(value, mask_at(view, place))
        if memo is None:
            return text
        memo[key] = text
    found: str = memo[key]
    return found


def scope_of(rule: Rule, view: View) -> tuple[str, ...] | None:
    """Digests of the values that exchanges share which belong together; `None` where one of them is not known or absent."""
    values = []
    for place in rule.per:
        spots = view.places(place)
        digest = _digest(view, place, spots[0][1]) if len(spots) == 1 else None
        if digest is None:
            return None
        values.append(digest)
    return tuple(values)


def named(rule: Rule, value: str) -> str:
    """A value that a rule of moves names; any other may be somebody's, and facts are written to files: it is left out."""
    return value if value in rule.moves else ""


def judge(clause: Clause, view: View) -> Outcome:
    """One fact for each exchange of a scope: answered or not, a success or not, its values as digests."""
    rule: Rule = clause.detail
    scope = scope_of(rule, view)
    if scope is None:
        unknown = any(value is UNKNOWN for place in rule.per for _, value in view.places(place))
        return Skipped("scope not known from this exchange") if unknown and view.accepted else None
    answered = view.status is not None and view.status < 500 and view.status != 408 and view.exchange.failure is None
    success = bool(evaluate(rule.among, view, every=True).truth) if rule.among else view.accepted
    if success and view.validity in ("invalid", "undefined") and rule.kind != "unique":
        # What such a request did to the scope is anybody's guess.
        answered = False
    success = success and (answered or rule.kind == "unique")
    spots = [(place, spot, value) for place in rule.places for spot, value in view.places(place)] if success else []
    values = {place.text: digest for place, _, value in spots if (digest := _digest(view, place, value)) is not None}
    if rule.kind == "unique":
        return _unique(clause, rule, view, spots, scope)
    when = evaluate(rule.when, view, every=False).truth if rule.when else True
    across = bool(evaluate(rule.across, view, every=False).truth) if rule.across else False
    texts = [(place.text, value) for place, _, value in spots if isinstance(value, str)] if rule.kind == "moves" else []
    plain = {name: named(rule, value) for name, value in texts}
    fact = Fact(
        clause=clause.id,
        scope=scope,
        start=view.exchange.sent_at,
        end=view.exchange.received_at,
        origin=view.exchange.origin,
        values={
            "answered": answered,
            "success": success,
            "when": when,
            "across": across,
            "values": values,
            "plain": plain,
            # Only a success says which kind of value stands where, so that equal ones can be told.
            "known": _known(rule, view) if success else {},
            "shown": {place.text: _shown(view, place, value) for place, _, value in spots if value is not ABSENT},
            "spots": {place.text: (spot.part, spot.pointer) for place, spot, _ in spots},
            "whole": view.exchange.own_record,
        },
    )
    scopes = [spot for place in rule.per if place.root == "got" for spot, _ in view.places(place)]
    return Shown((fact,), (*(spot for _, spot, _ in spots), *scopes))


def _known(rule: Rule, view: View) -> dict[str, str]:
    """What the resources say of the values before the first exchange."""
    if not rule.start_known:
        return {}
    known = view.exchange.known
    mine = [known[place.last] for place in rule.per if place.last in known]
    found: dict[str, str] = {}
    for entry in mine or known.values():
        for place in rule.places:
            value = entry.get("state" if rule.kind == "moves" else place.last)
            text = str(value) if rule.kind == "moves" and value is not None else _digest(view, place, value)
            if text is not None:
                found[place.text] = text
    return found


def _unique(
    clause: Clause, rule: Rule, view: View, spots: Sequence[tuple[Place, Spot, Any]], scope: tuple[str, ...]
) -> Outcome:
    facts = tuple(
        Fact(
            clause=clause.id,
            scope=(digest,),
            start=view.exchange.sent_at,
            end=view.exchange.received_at,
            origin=view.exchange.origin,
            values={"owner": scope if rule.per else (str(view.exchange.origin), spot.pointer)},
            shown=_shown(view, place, value),
            spot=spot,
        )
        for place, spot, value in spots
        if (digest := _digest(view, place, value)) is not None
    )
    return Shown(facts, tuple(spot for _, spot, _ in spots)) if facts else None


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact] | OneScope, *, holes: bool = False) -> Iterator[Decided]:
    """Judges each scope in order of time, as `succession.reduce` does."""
    yield from succession.reduce(clauses, facts, holes=holes)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Another value than before, an old value, a move that is not allowed."""
    rule: Rule = clause.detail
    for place in rule.places:
        for changed in _broken_at(rule, place, past, last):
            if changed is not None:
                yield changed


def _broken_at(rule: Rule, place: Place, past: Sequence[Exchange], last: Exchange) -> Iterator[Exchange | None]:
    if rule.kind in ("fresh", "unique"):
        values = [_lookup(body_of(earlier), place) for earlier in reversed(past)]
        yield from (set_place(last, place, value) for value in values if isinstance(value, str))
    elif rule.kind == "moves":
        yield from (set_place(last, place, name) for name in rule.moves)
    elif place.root == "got":
        yield from (set_place(last, place, value) for value in _others(_lookup(body_of(last), place)))
    else:
        # The value is in the request, so the scope has to move: an answer of the past for this request.
        for earlier in past:
            moved = [(scope, _lookup(body_of(earlier), scope)) for scope in rule.per if scope.root == "got"]
            yield from (set_place(last, scope, value) for scope, value in moved if value is not None)


def _others(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        moment = timestamp(value)
        if moment is not None:  # so near that no order of times is lost
            yield format_time(moment + 1)
        if value.startswith("+"):
            yield "+14155550199"
        yield f"{value}-other"
    yield "another"


def _lookup(body: Any, place: Place) -> Any:
    for step in place.steps:
        body = body.get(step) if isinstance(body, dict) else body[0] if isinstance(body, list) and body else None
    return body
