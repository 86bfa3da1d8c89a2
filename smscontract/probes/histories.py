"""The same twice: sequences of requests in one scope, built from the rules about histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.documents import Place, Rule
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases"]

ORDER = 12


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """For each scope in the request that a rule names: create, create again, as `when` says, again, refused, again."""
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
    for rule in rules:
        values = {
            place.last: expected
            for place, expected in rule.when
            if place.root == "sent" and not isinstance(expected, dict | list)
        }
        if values:
            steps += [(f"for {rule.name}", {**base, **values}), (f"after {rule.name}", base)]
    refused = _refused(kit, base)
    if refused is not None:
        steps += [("refused", refused), ("after a refusal", base)]
    for name, value in steps:
        yield Case(name=f"pair {pair} {name}", aims=aims, body=kit.encoded(value), rank=0)


def _refused(kit: Kit, base: dict[str, Any]) -> dict[str, Any] | None:
    """The base with a mistake that is not in its numbers, so that it stays in its scope."""
    body = kit.operation.body
    for name, node in (body.node.properties if body is not None else {}).items():
        if node.enum and "string" in node.types and name not in kit.phones:
            wrong = {**base, name: "SOMEBODY"}
            if kit.breaks_only(wrong, name):
                return wrong
    for name, node in (body.node.properties if body is not None else {}).items():
        if "string" in node.types and name not in kit.phones:
            wrong = {**base, name: 12345}
            if kit.breaks_only(wrong, name):
                return wrong
    return None
