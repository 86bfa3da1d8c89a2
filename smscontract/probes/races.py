"""Two at the same moment: what would have to be the same, or new, one after the other has to be so side by side."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.documents import Rule
from smscontract.probes.base import Case, Kit, Lack
from smscontract.probes.states import is_spendable

__all__ = ["ORDER", "START", "cases"]

ORDER = 13
#: The round of the plan in which they begin: what also shows one after the other is simpler to see so.
START = 1

#: Pairs of numbers from here on are those of races, so that no other history stands before them.
_FIRST_PAIR = 30


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """For each scope in the request that a rule about histories names, the same request twice at once, and once more."""
    rules = [rule for rule in kit.operation.rules if rule.kind in ("same", "fresh") and rule.per]
    if kit.operation.body is None:
        yield from _of_states(kit, rules)
    elif not any(not kit.resources.entries(member, label) for member, label in kit.owned.items()):
        yield from _of_bodies(kit, [rule for rule in rules if all(place.root == "sent" for place in rule.per)])


def _of_states(kit: Kit, rules: list[Rule]) -> Iterator[Case]:
    """A resource that an accepted request uses up, one of the last of its state: nothing else needs it."""
    for parameter in kit.operation.states:
        aims = _aims(kit, [rule for rule in rules if any(place.last == parameter for place in rule.per)])
        usable = [
            entry
            for entry in kit.resources.entries(parameter)
            if entry.label == entry.state and is_spendable(kit.operation, parameter, entry)
        ]
        if aims and len(usable) > 2:
            entries = {parameter: usable[-1]}
            yield Case(name=f"{parameter} twice at once", aims=aims, headers=(), entries=entries, spends=True, together=2)
            yield Case(name=f"{parameter} after two at once", aims=aims, headers=(), entries=entries, repeats=True)


def _of_bodies(kit: Kit, rules: list[Rule]) -> Iterator[Case]:
    for index, kind in enumerate(("same", "fresh")):
        mine = [rule for rule in rules if rule.kind == kind]
        if not mine:
            continue
        base = kit.with_pair(kit.least, _FIRST_PAIR + index)
        given = {
            place.last: expected
            for place, expected in mine[0].when
            if place.root == "sent" and not isinstance(expected, dict | list)
        }
        body = kit.encoded({**base, **given})
        yield Case(name=f"{mine[0].name}: two at once", aims=_aims(kit, mine), body=body, together=2)
        yield Case(name=f"{mine[0].name}: after two at once", aims=_aims(kit, mine), body=body, repeats=True)


def _aims(kit: Kit, rules: list[Rule]) -> tuple[str, ...]:
    return tuple(identity for rule in rules for identity in kit.clause(f"rule/{rule.name}"))
