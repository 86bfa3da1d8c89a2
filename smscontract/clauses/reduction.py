"""What clauses that need more than one exchange say when all facts are together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from smscontract.clauses.outcomes import Broken, Fact, Kept, Skipped

__all__ = ["Decided", "OneScope", "by_scope", "clusters", "unbegun", "unsettled"]


@dataclass(frozen=True, slots=True)
class OneScope:
    """The facts of one clause and scope in order of time and place. They may be more than memory holds, and are gone through
    as often as somebody wants.

    Attributes:
        clause: its id.
        size: how many there are.
        timeless: whether the time of one is not known.
        whole: whether all are of our own recordings, which leave nothing out.
        read: gives them.
    """

    clause: str
    size: int
    timeless: bool
    whole: bool
    read: Callable[[], Iterator[Fact]]

    def __iter__(self) -> Iterator[Fact]:
        return self.read()


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


def clusters(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    """Facts of one scope in order of time, those of exchanges that overlap together: nobody can tell which of them was first.
    Facts without times stand alone; they are not judged anyway."""
    together: list[Fact] = []
    latest_end = float("-inf")
    for fact in facts:
        overlaps = fact.start is not None and fact.end is not None and fact.start <= latest_end
        if together and not overlaps:
            yield together
            together = []
        together.append(fact)
        if fact.start is not None and fact.end is not None:
            latest_end = max(latest_end, fact.end)
    if together:
        yield together


def by_scope(facts: Sequence[Fact] | OneScope) -> Iterator[OneScope]:
    """The facts of each clause and scope, in order of time; clauses by id, scopes in order of their first fact."""
    if isinstance(facts, OneScope):
        yield facts
        return
    scopes: dict[tuple[object, ...], list[Fact]] = {}
    for fact in sorted(facts, key=Fact.sort_key):
        scopes.setdefault((fact.clause, fact.scope), []).append(fact)
    for mine in sorted(scopes.values(), key=lambda mine: mine[0].clause):
        timeless = any(fact.start is None or fact.end is None for fact in mine)
        whole = all(fact.values.get("whole", True) for fact in mine)
        yield OneScope(mine[0].clause, len(mine), timeless, whole, mine.__iter__)
