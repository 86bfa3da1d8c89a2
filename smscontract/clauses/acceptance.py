"""Which place of a valid request is to blame for its refusal: decided over all requests together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Shown, Skipped, Spot
from smscontract.clauses.reduction import Decided
from smscontract.clauses.requirement import blamed_on_a_rule
from smscontract.clauses.validity import refused
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node
from smscontract.json_text import ABSENT, UNKNOWN, json_type

__all__ = ["RequestDetail", "acceptance", "features", "reduce"]


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """One place of a request; `node` is `None` for the request as a whole. `word` is `accepts` or `refuses`."""

    place: str
    node: Node | None
    word: str


def features(view: View) -> tuple[tuple[str, str], ...]:
    """What a valid request shows of each place: that it is given or absent, and the coarse shape of its value."""
    found: list[tuple[str, str]] = []
    for node in view.operation.body.node.walk() if view.operation.body is not None else ():
        if not node.path:
            continue
        for _, value in view.sent_index.get(node.path, ())[:1]:
            if value is ABSENT:
                found.append((node.text, "absent"))
                continue
            found.append((node.text, "given"))
            found.extend((node.text, shape) for shape in _shapes(value, node))
            if node.text in _listed(view) and isinstance(value, str):
                found.append((node.text, f"listed {view.digest(value)[:8]}"))
    for parameter in view.operation.parameters:
        value = view.parameter(parameter)
        if parameter.where in ("query", "header") and value is not UNKNOWN:
            place = parameter.node.path[0]
            found.append((place, "absent" if value is ABSENT else "given"))
            if value is not ABSENT:
                found.extend((place, shape) for shape in _shapes(value, parameter.node))
    return tuple(found)


def _listed(view: View) -> set[str]:
    """Places that a rule wants in a list of the resources: each member of it is a case of its own."""
    return {
        place.last
        for rule in view.operation.rules
        for place, expected in rule.requires
        if place.root == "sent" and isinstance(expected, dict) and "in" in expected
    }


def _shapes(value: Any, node: Node) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, str):
        if node.enum is not None:
            yield f"member {value}"
        if len(value) > 160:
            yield "long"
        if not value.isascii():
            yield "beyond ASCII"
        if "pattern" in node.raw:
            yield f"begins {value[:3]}"
    elif isinstance(value, int | float):
        yield "fraction" if json_type(value) == "number" else "whole"
    elif isinstance(value, dict):
        yield "empty" if not value else "nested" if any(isinstance(one, dict | list) for one in value.values()) else "flat"


def acceptance(clause: Clause, view: View) -> Outcome:
    """One fact for a valid request: accepted or not, and what it shows."""
    if view.validity != "valid":
        return Skipped(view.assessment.reason) if view.validity is None else None
    if not view.exchange.own_record:
        return Skipped("state of the account unknown")
    answer = refused(view)
    if answer is None:
        return Skipped("no answer that says something of the request")
    if answer and blamed_on_a_rule(view):
        return Skipped("refused in the words of a rule that the request keeps")
    if view.status == 401 or (view.status == 403 and view.operation.security is not None and view.operation.states):
        return Skipped("refused for its credential")
    fact = Fact(
        clause=clause.id,
        scope=(),
        start=view.exchange.sent_at,
        end=view.exchange.received_at,
        origin=view.exchange.origin,
        values={
            "accepted": not answer,
            "features": features(view),
            "members": {name: view.digest(value)[:16] for name, value in view.sent.items()}
            if isinstance(view.sent, dict)
            else {},
            "status": view.status,
        },
        spot=Spot("status"),
    )
    return Shown((fact,))


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """Blames each refused valid request on the place that no accepted request has shown alike.

    A place whose value of that kind was accepted elsewhere is innocent. Where several places are left, the one that explains
    most refusals is blamed; where none is, the only member that sets it apart from an accepted request, else the request as a
    whole.
    """
    base = next(identity for identity, clause in clauses.items() if clause.detail == RequestDetail("", None, "accepts"))
    prefix = base.removesuffix(":accepts")
    ordered = sorted(facts, key=Fact.sort_key)
    shown = {feature for fact in ordered if fact.values["accepted"] for feature in fact.values["features"]}
    for fact in ordered:
        if fact.values["accepted"]:
            yield Decided(base, fact, KEPT)
    for place in sorted({place for place, shape in shown if shape == "given"}):
        identity = f"{prefix}/{place}:accepts"
        if identity in clauses:
            first = next(fact for fact in ordered if fact.values["accepted"] and (place, "given") in fact.values["features"])
            yield Decided(identity, first, KEPT)
    refusals = [fact for fact in ordered if not fact.values["accepted"]]
    suspects = {id(fact): {place for place, _ in set(fact.values["features"]) - shown} if shown else set() for fact in refusals}
    left = list(refusals)
    while left:
        places = sorted({place for fact in left for place in suspects[id(fact)]})
        if not places:
            accepted = [fact.values["members"] for fact in ordered if fact.values["accepted"]]
            alone = {id(fact): _only_difference(fact.values["members"], accepted) for fact in left}
            known = {member for member in alone.values() if member} | {
                place for fact in refusals for place in suspects[id(fact)]
            }
            for fact in left:
                # One cause, one finding: a member that was to blame elsewhere is here too, if its value was never accepted.
                member = alone[id(fact)] or min(known & _unaccepted(fact.values["members"], accepted), default="")
                identity = f"{prefix}/{member}:accepts"
                if member and identity in clauses:
                    yield Decided(identity, fact, _refused(fact, f"a valid request with this `{member}` was refused"))
                    continue
                message = (
                    "a valid request was refused"
                    if not shown
                    else "a valid request was refused, though each part was accepted elsewhere"
                )
                yield Decided(base, fact, _refused(fact, message))
            return
        # A request with a single suspect convicts it; otherwise whoever explains most, the first by name of equals.
        convicted = sorted(place for fact in left if len(suspects[id(fact)]) == 1 for place in suspects[id(fact)])
        blamed = convicted[0] if convicted else max(places, key=lambda place: sum(place in suspects[id(fact)] for fact in left))
        identity = f"{prefix}/{blamed}:accepts"
        for fact in [fact for fact in left if blamed in suspects[id(fact)]]:
            left.remove(fact)
            if identity in clauses:
                yield Decided(identity, fact, _refused(fact, f"a valid request with this `{blamed}` was refused"))


def _only_difference(members: Mapping[str, str], accepted: Sequence[Mapping[str, str]]) -> str:
    """The member that alone sets a request apart from one that was accepted; empty if there is no such request, if that could
    be several members, or if the very same request was accepted."""
    found = set()
    for other in accepted:
        names = {name for name in (*members, *other) if members.get(name) != other.get(name)}
        if not names:
            return ""
        if len(names) == 1:
            found |= names
    return found.pop() if len(found) == 1 else ""


def _unaccepted(members: Mapping[str, str], accepted: Sequence[Mapping[str, str]]) -> set[str]:
    """The members of a request whose value was in no request that was accepted."""
    return {name for name, value in members.items() if all(other.get(name) != value for other in accepted)}


def _refused(fact: Fact, message: str) -> Broken:
    return Broken(message=message, spot=fact.spot, expected="a success", got=fact.values["status"])
