"""The same twice: sequences of requests in one scope, built from the rules about histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.documents import Place, Rule
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "SHARE", "cases"]

ORDER = 12
#: Cases in one round of the plan.
SHARE = 2


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """For each scope in the request that a rule names: create, create again, as `when` says, again, crossed with another scope,
    refused, again."""
    if kit.operation.body is None or any(not kit.resources.entries(member, label) for member, label in kit.owned.items()):
        return
    scopes: dict[tuple[Place, ...], list[Rule]] = {}
    for rule in kit.operation.rules:
        if rule.per and all(place.root == "sent" for place in rule.per):
            scopes.setdefault(rule.per, []).append(rule)
    for index, rules in enumerate(scopes.values()):
        yield from _sequence(kit, rules, index + 1)


def _sequence(kit: Kit, rules: list[Rule], pair: int) -> Iterator[Case]:
    base = kit.with_pair(kit.least, pair)
    aims = tuple(identity for rule in rules for identity in kit.clause(f"rule/{rule.name}"))
    steps: list[tuple[str, Any]] = [("first", base), ("again", base)]
    special: list[dict[str, Any]] = []
    for rule in rules:
        values = {
            place.last: expected
            for place, expected in rule.when
            if place.root == "sent" and not isinstance(expected, dict | list)
        }
        if values:
            special.append(values)
            changed = {**base, **values}
            steps += [(f"for {rule.name}", changed), (f"for {rule.name} again", changed), (f"after {rule.name}", base)]
    refusals = list(_refused(kit, base))
    for name, value in refusals[:1]:
        steps += [(f"refused for {name}", value), (f"after a refusal for {name}", base)]
    for name, other in _neighbours(kit, rules[0], base):
        steps.append((f"with another {name}", other))
        steps += [(f"with another {name}, {' and '.join(values)} given", {**other, **values}) for values in special]
        steps.append((f"after another {name}", base))
    for name, value in refusals[1:]:
        steps += [(f"refused for {name}", value), (f"after a refusal for {name}", base)]
    for name, value in steps:
        yield Case(name=f"pair {pair} {name}", aims=aims, body=kit.encoded(value), rank=0)


def _neighbours(kit: Kit, rule: Rule, base: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Scopes that share all but one value with this one."""
    for place in rule.per:
        name = place.last
        taken = {base.get(name), kit.least.get(name)}
        values = [entry.value for entry in kit.resources.entries(name, kit.owned.get(name)) if entry.value not in taken]
        for value in values[:1]:
            other = {**base, name: value}
            if len(rule.per) > 1 and kit.is_valid(other):
                yield name, other


def _refused(kit: Kit, base: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The base with one mistake that is not in its numbers, so that it stays in its scope: a value, then a rule."""
    body = kit.operation.body
    members = [
        (name, node) for name, node in (body.node.properties if body is not None else {}).items() if name not in kit.phones
    ]
    for name, wrong in [
        *((name, {**base, name: "SOMEBODY"}) for name, node in members if node.enum and "string" in node.types),
        *((name, {**base, name: 12345}) for name, node in members if "string" in node.types),
    ]:
        if kit.breaks_only(wrong, name):
            yield name, wrong
            break
    for rule in kit.operation.rules:
        if rule.requires_relation is not None and rule.requires_relation[0] == "less":
            left, right = (place.last for place in rule.requires_relation[1])
            bound = kit.richest.get(right)
            wrong = {**base, left: bound, right: bound}
            if kit.assess(kit.encoded(wrong)).rules:
                yield rule.name, wrong
