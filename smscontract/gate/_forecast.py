"""What a run would cost and do, as far as its plan tells, without a request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from smscontract.exchange import Role
from smscontract.gate._effects import Guard, Texts
from smscontract.gate._way import Way
from smscontract.judge import Judge
from smscontract.plan import Plan
from smscontract.policy import Selection
from smscontract.probes.base import Kit
from smscontract.summary import Summary
from smscontract.transport import NotSentError

__all__ = ["Forecast", "forecast"]


@dataclass(slots=True)
class Forecast:
    """One operation's part of a run.

    Attributes:
        requests: of the plan; fuzzing takes what is left of the budget.
        most: requests that the budget allows.
        minutes: that the plan takes at the rate, `None` without one.
        spends: resources that are used up if everything that should be accepted is.
        now, later: texts at most.
        held: cases that would not be sent, by reason and hint.
        lacks: clauses that cannot be probed, by reason and hint.
    """

    operation: str
    requests: int = 0
    most: int = 0
    minutes: float | None = None
    spends: int = 0
    now: int = 0
    later: int = 0
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    lacks: Counter[tuple[str, str]] = field(default_factory=Counter)


def forecast(way: Way, judge: Judge, kit: Kit, plan: Plan) -> Forecast:
    """Goes through a plan as a run would, as if everything was answered as it should be."""
    found = Forecast(kit.operation.key, most=way.costs.max_requests, spends=plan.spends)
    found.lacks.update((lack.reason, lack.hint) for lack in plan.lacks)
    runner = way.runner(kit, Summary(judge, Selection()), lambda _: None, offset=0)
    texts = Texts()
    guard = Guard(kit, way.allowance, texts)
    for case in plan.cases:
        if not runner.allowed(case):
            found.held["unknown recipient", "give its entry a `to_number` that is reserved, or pass --drafts-are-safe"] += 1
            continue
        if found.requests + case.together > found.most:
            found.held["budget", "give more: --max-requests"] += 1
            continue
        try:
            outgoing = guard.dressed(runner.outgoing(case, Role.CASE, case.name))
            guard.check([outgoing] * case.together)
        except NotSentError as error:
            found.held[error.reason, error.hint] += 1
            continue
        found.requests += case.together
        now, later = guard.at_most(outgoing)
        texts.now += now * case.together
        texts.later += later * case.together
    found.now, found.later = texts.now, texts.later
    if way.target.rate.per_second:
        found.minutes = found.requests / way.target.rate.per_second / 60
    return found
