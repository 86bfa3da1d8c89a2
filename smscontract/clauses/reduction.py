"""What clauses that need more than one exchange say when all facts are together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from smscontract.clauses.base import Broken, Fact, Kept, Skipped

__all__ = ["Decided", "by_scope", "clusters", "unbegun", "unsettled"]


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict of a clause on one fact of a history."""

    clause: str
    fact: Fact
    outcome: Kept | Broken | Skipped
    note: str = ""


def unsettled(fact: Fact) -> Fact | None:
    """The fact of an exchange that did to its scope nobody can tell what; `None` where scopes have no past."""
    if "answered" not in fact.values:
        return None
    return dataclasses.replace(fact, values={**fact.values, "answered": False, "success": False})


def unbegun(fact: Fact) -> Fact:
    """The fact where what came before the first exchange of its scope is not known, since nobody looked at it."""
    if "whole" not in fact.values:
        return fact
    return dataclasses.replace(fact, values={**fact.values, "whole": False, "known": {}})


def clusters(facts: list[Fact]) -> list[list[Fact]]:
    """Facts of one scope in order of time, those of exchanges that overlap together: nobody can tell which of them was first.
    Facts without times stand alone; they are not judged anyway."""
    result: list[list[Fact]] = []
    latest_end = float("-inf")
    for fact in facts:
        if fact.start is None or fact.end is None:
            result.append([fact])
            continue
        if fact.start <= latest_end and result:
            result[-1].append(fact)
        else:
            result.append([fact])
        latest_end = max(latest_end, fact.end)
    return result


def by_scope(facts: list[Fact]) -> Iterator[list[Fact]]:
    """The facts of each scope, in order of time; scopes in order of their first fact."""
    scopes: dict[tuple[object, ...], list[Fact]] = {}
    for fact in sorted(facts, key=Fact.sort_key):
        scopes.setdefault(fact.scope, []).append(fact)
    yield from scopes.values()
