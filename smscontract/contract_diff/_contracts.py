"""What two contract files say differently: credentials, states, rules, what nobody knows, effects."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from smscontract.contract_diff._change import PROVIDER, READERS, SENDERS, Change
from smscontract.documents import Operation, Rule

__all__ = ["effect", "rules", "security", "states", "undefined"]


def security(old: Operation, new: Operation) -> Iterator[Change]:
    """Which credential is asked for, and where."""
    before, after = (
        (one.security.kind, one.security.where, one.security.name) if one.security is not None else None for one in (old, new)
    )
    if before != after:
        kind = "tightened" if before is None else "loosened" if after is None else "changed"
        says = (
            "no credential is asked for"
            if after is None
            else f"a credential is asked for: {after[0]} in {after[1]} `{after[2]}`"
        )
        breaks = (PROVIDER,) if after is None else (SENDERS, PROVIDER)
        yield Change(clause=f"{old.key}/auth", kind=kind, says=says, breaks=breaks)


def states(old: Operation, new: Operation) -> Iterator[Change]:
    """How what exists in some state is answered."""
    before = {(parameter, label): codes for parameter, labels in old.states.items() for label, (codes, _) in labels.items()}
    after = {(parameter, label): codes for parameter, labels in new.states.items() for label, (codes, _) in labels.items()}
    for key in (*before, *(key for key in after if key not in before)):
        clause = f"{old.key}/state/{key[0]}/{key[1]}"
        if key not in after:
            yield Change(clause=clause, kind="removed", says=f"nothing is said of `{key[1]}`", breaks=(SENDERS,))
        elif key not in before:
            says = f"`{key[1]}` is answered {' or '.join(after[key])}"
            yield Change(clause=clause, kind="added", says=says, breaks=(PROVIDER,))
        elif before[key] != after[key]:
            says = f"`{key[1]}` is answered {' or '.join(after[key])}, not {' or '.join(before[key])}"
            yield Change(clause=clause, kind="changed", says=says, breaks=(SENDERS, PROVIDER))


def rules(old: Operation, new: Operation) -> Iterator[Change]:
    """The rules, by name."""
    before, after = ({rule.name: rule for rule in side.rules} for side in (old, new))
    for name, rule in before.items():
        clause = f"{old.key}/rule/{name}"
        asks = rule.kind == "requires"
        if name not in after:
            says = f"no more: {rule.says}"
            yield Change(clause=clause, kind="removed", says=says, breaks=(PROVIDER,) if asks else (READERS,))
            continue
        other = after[name]
        if _terms_of(rule) != _terms_of(other):
            breaks = (SENDERS, PROVIDER) if asks else (READERS, PROVIDER)
            yield Change(clause=clause, kind="changed", says=f"now: {other.says}", breaks=breaks)
        elif rule.level != other.level:
            stricter = str(other.level) == "must"
            says = f"is a `{other.level}` and no more a `{rule.level}`: {other.says}"
            yield Change(clause=clause, kind="tightened" if stricter else "loosened", says=says)
    for name, rule in after.items():
        if name not in before:
            hurt = (SENDERS,) if rule.kind == "requires" else (PROVIDER,)
            yield Change(clause=f"{new.key}/rule/{name}", kind="added", says=rule.says, breaks=hurt)


def _terms_of(rule: Rule) -> tuple[str, ...]:
    """What a rule demands, whoever says so and wherever."""
    aside = ("name", "says", "source", "level")
    return tuple(repr(_ordered(getattr(rule, one.name))) for one in dataclasses.fields(rule) if one.name not in aside)


def _ordered(value: Any) -> Any:
    """A value whose text is the same every time."""
    if isinstance(value, frozenset | set):
        return sorted(map(repr, value))
    if isinstance(value, Mapping):
        return [(str(key), _ordered(inner)) for key, inner in sorted(value.items(), key=lambda one: str(one[0]))]
    if isinstance(value, tuple | list):
        return [_ordered(inner) for inner in value]
    return getattr(value, "text", value)


def undefined(old: Operation, new: Operation) -> Iterator[Change]:
    """What nobody knows."""
    before, after = ({one.name: one for one in side.undefined} for side in (old, new))
    for name, one in before.items():
        if name not in after:
            says = f"is decided now: {one.says}"
            yield Change(clause=f"{old.key}/undefined/{name}", kind="tightened", says=says, breaks=(PROVIDER,))
    for name, one in after.items():
        if name not in before:
            says = f"nobody knows any more: {one.says}"
            yield Change(clause=f"{new.key}/undefined/{name}", kind="loosened", says=says, breaks=(SENDERS,))


def effect(old: Operation, new: Operation) -> Iterator[Change]:
    """What an accepted request does out there."""
    if dict(old.effect) != dict(new.effect):
        says = f"an accepted request does {_plain(new.effect)}, not {_plain(old.effect)}"
        yield Change(clause=f"{old.key}/effect", kind="changed", says=says, breaks=(SENDERS,))


def _plain(effect: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in effect.items()) or "nothing"
