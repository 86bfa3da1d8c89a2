"""What clauses that need more than one exchange say when all facts are together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from smscontract.clauses.base import Broken, Fact, Kept, Skipped

__all__ = ["Decided", "by_scope", "overlapping", "unsettled"]


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


def overlapping(facts: list[Fact]) -> set[int]:
    """Positions (in order of time) of exchanges that overlap another one of the same scope, so that nobody can tell which
    was first. Facts without times are left out; they are not judged anyway."""
    result: set[int] = set()
    latest_end = float("-inf")
    latest: int | None = None
    for index, fact in enumerate(facts):
        if fact.start is None or fact.end is None:
            continue
        if latest is not None and fact.start <= latest_end:
            result |= {latest, index}
        if fact.end >= latest_end:
            latest_end, latest = fact.end, index
    return result


def by_scope(facts: list[Fact]) -> Iterator[list[Fact]]:
    """The facts of each scope, in order of time; scopes in order of their first fact."""
    scopes: dict[tuple[object, ...], list[Fact]] = {}
    for fact in sorted(facts, key=Fact.sort_key):
        scopes.setdefault(fact.scope, []).append(fact)
    yield from scopes.values()
