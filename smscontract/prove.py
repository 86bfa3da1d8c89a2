"""Proves that the gate bites: breaks every clause and shows that exactly this clause is named.

Clauses on one answer are broken by changing exchanges that keep the contract. Clauses on requests, authentication, protocol and
histories are broken in a running server, through the one breaker, and looked for by the gate's own plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from smscontract.clauses import families
from smscontract.documents import Clause, Rule
from smscontract.examples import broken_by, example_of
from smscontract.gate import Request, Target, gate
from smscontract.judge import Judge
from smscontract.policy import FailOn
from smscontract.variations import variations

__all__ = ["Live", "Proof", "Result", "needs_server", "prove"]

#: Families whose clauses speak of what a server does, not of what one answer looks like.
_SERVED = frozenset({"request", "state", "auth", "protocol", "history"})
_HISTORIES = frozenset({"same", "fresh", "moves", "unique", "constant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one clause.

    Attributes:
        verdict: `killed`, `survived` or `cannot`.
        how: `exchange` or `server`.
        neighbours: ways in which it was broken and named, and ways in all.
        reason: for a survivor what was named instead; for `cannot` why it cannot be broken.
        request: number of the request that showed it, for `server`.
    """

    clause: str
    verdict: str
    how: str
    neighbours: tuple[int, int] = (0, 0)
    reason: str = ""
    request: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The whole proof.

    Attributes:
        false_alarms: variations that keep the contract and were found fault with.
        variations: how many there were.
    """

    results: tuple[Result, ...]
    variations: int = 0
    false_alarms: tuple[str, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def bite(self) -> int:
        """How many clauses bite."""
        return sum(one.verdict == "killed" for one in self.results)


#: Gives targets on a server in which the clause is broken, for as long as the block lasts; `None` if there is no server.
Live = Callable[[Clause], Any]


def needs_server(clause: Clause) -> bool:
    """Whether a clause is only proved by a server in which it is broken."""
    if clause.family in _SERVED:
        return True
    return isinstance(clause.detail, Rule) and clause.detail.kind in _HISTORIES


def prove(
    judge: Judge, *, live: Live | None, clauses: Sequence[Clause] | None = None, told: Callable[[Result], None] = lambda _: None
) -> Proof:
    """Breaks every clause.

    Args:
        live: servers for the clauses that need one; without, they are proved on exchanges alone.
        clauses: default: all of the catalogue.
        told: called with each result as it comes.
    """
    started = time.monotonic()
    wanted = list(clauses if clauses is not None else judge.catalogue.clauses.values())
    results = []
    for clause in wanted:
        result = _on_exchanges(judge, clause)
        if live is not None and needs_server(clause) and result.verdict != "cannot":
            result = _on_server(judge, clause, live, result)
        results.append(result)
        told(result)
    count, alarms = _variations(judge)
    return Proof(
        results=tuple(results), variations=count, false_alarms=tuple(alarms), seconds=round(time.monotonic() - started, 1)
    )


def _on_exchanges(judge: Judge, clause: Clause) -> Result:
    example = example_of(judge, clause)
    if example is None:
        reason = "no exchange could be made that breaks this clause and nothing else"
        return Result(clause=clause.id, verdict="cannot", how="exchange", reason=reason)
    module = families()[clause.family]
    operation = judge.catalogue.operations[clause.operation]
    past, last = example.keeps[:-1], example.keeps[-1]
    noticed = total = 0
    for broken in module.break_(clause, past, last, operation):
        tail = module.expand(clause, broken, last) if hasattr(module, "expand") else [broken]
        named = broken_by(judge, [*past, *tail])
        if clause.id in named:
            noticed += 1
        total += 1
    return Result(clause=clause.id, verdict="killed", how="exchange", neighbours=(noticed, total))


def _on_server(judge: Judge, clause: Clause, live: Live, pure: Result) -> Result:
    with live(clause) as targets:
        if targets is None:
            return pure
        report = gate(Request(fuzz=0, max_time=30.0, fail_on=FailOn.SHOULD, aim=clause.id), judge, _only(targets, clause))
    named = list(dict.fromkeys(one.clause for one in report.findings))
    if named == [clause.id]:
        request = report.findings[0].first.origin.request
        return Result(clause=clause.id, verdict="killed", how="server", neighbours=pure.neighbours, request=request)
    reason = f"named instead: {', '.join(named)}" if named else f"nothing was named ({report.verdict})"
    return Result(clause=clause.id, verdict="survived", how="server", neighbours=pure.neighbours, reason=reason)


def _only(targets: Sequence[Target], clause: Clause) -> list[Target]:
    return [one for one in targets if one.provider == clause.provider]


def _variations(judge: Judge) -> tuple[int, list[str]]:
    """The other direction: what keeps the contract is found no fault with."""
    from smscontract.examples import scenes

    count = 0
    alarms: list[str] = []
    seen: set[bytes] = set()
    for clause in judge.catalogue.clauses.values():
        operation = judge.catalogue.operations[clause.operation]
        for scene in scenes(judge, clause):
            response = scene[-1].response
            body = response.body if response is not None else b""
            if body is None or len(scene) > 1 or body in seen or broken_by(judge, scene):
                continue
            seen.add(body)
            for name, changed in variations(scene[-1], operation):
                count += 1
                named = broken_by(judge, [changed])
                if named:
                    alarms.append(f"{operation.key}, {name}: {', '.join(named)}")
    return count, alarms
