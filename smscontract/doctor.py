"""Whether a target is ready to be probed: it answers, its clock is right, it takes the key, it has what a plan needs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime

from smscontract.errors import ExitCode
from smscontract.exchange import Exchange, Role, header_values
from smscontract.gate import Costs, Forecast, Target, Way, forecast, planned
from smscontract.judge import Judge
from smscontract.plain import count_of
from smscontract.plan import Plan
from smscontract.policy import Selection
from smscontract.probes.base import Case, Kit
from smscontract.runner import Runner
from smscontract.summary import Summary
from smscontract.transport import NotSentError, connecting

__all__ = ["Advice", "Checkup", "checkup"]

#: Seconds by which clocks may differ before it is said, and before rules about times would accuse the provider for it.
_SAID, _TOO_FAR = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that was looked at.

    Attributes:
        grade: `ok`, `warning` or `problem`.
        what: what was looked at, in a word.
    """

    grade: str
    what: str
    says: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found at one target, and what a run would cost there."""

    advice: tuple[Advice, ...]
    forecasts: tuple[Forecast, ...]

    @property
    def exit_code(self) -> ExitCode:
        """3 if a run could not tell anything, else 0."""
        return ExitCode.CANNOT_TELL if any(one.grade == "problem" for one in self.advice) else ExitCode.KEPT


def checkup(judge: Judge, target: Target, costs: Costs) -> Checkup:
    """Looks at a target with two requests that change nothing: one that has to be refused, with the key and without."""
    way = Way(target, costs, run="doctor", started=time.monotonic())
    plans = planned(judge, target, seed=costs.seed)
    advice = list(_answers(way, judge, plans))
    forecasts = tuple(forecast(way, judge, kit, plan) for kit, plan in plans)
    advice += _resources(forecasts)
    return Checkup(tuple(advice), forecasts)


def _answers(way: Way, judge: Judge, plans: Sequence[tuple[Kit, Plan]]) -> Iterator[Advice]:
    where = f"{way.target.url.scheme}://{way.target.url.netloc}"
    trouble = connecting(way.target.url, way.target.reach, way.costs.manners.time_out)
    if trouble:
        yield Advice(
            "problem", "reachable", f"{where}: {trouble}", "check the URL, the network, and `ca`, `verify` and `proxy`"
        )
        return
    for kit, plan in plans:
        runner = way.runner(kit, Summary(judge, Selection()), lambda _: None, offset=0)
        harmless = next((case for case in plan.cases if _is_harmless(way, kit, runner, case)), None)
        if harmless is None:
            yield Advice("warning", "key", f"{kit.operation.key}: the resources allow no request that changes nothing")
            continue
        answers = [_sent(way, kit, runner, replace(harmless, credential=kind)) for kind in ("good", "absent")]
        yield from _judged(where, kit, answers)


def _is_harmless(way: Way, kit: Kit, runner: Runner, case: Case) -> bool:
    """Whether a case with the good key has to be refused, so that nothing comes of it."""
    if case.credential != "good" or case.method or case.spelling or case.together > 1 or not runner.allowed(case):
        return False
    return not way.guard(kit).changes(runner.outgoing(case, Role.CONTROL, "doctor"))


def _sent(way: Way, kit: Kit, runner: Runner, case: Case) -> Exchange | None:
    try:
        (exchange,) = way.transport(kit, offset=0).exchanges([runner.outgoing(case, Role.CONTROL, "doctor")])
    except NotSentError:
        return None
    return exchange


def _judged(where: str, kit: Kit, answers: Sequence[Exchange | None]) -> Iterator[Advice]:
    good, absent = (one.response.status if one is not None and one.response is not None else None for one in answers)
    whole = [one for one in answers if one is not None and one.response is not None]
    if not whole:
        failed = ", ".join(sorted({str(one.failure) for one in answers if one is not None}))
        yield Advice("problem", "reachable", f"{where} took the connection and gave no answer ({failed or 'not asked'})")
        return
    took = min(one.took or 0.0 for one in whole)
    yield Advice("ok", "reachable", f"{where} answered in {took * 1000:.0f} ms")
    yield _clock(whole[0])
    key = kit.operation.key
    if kit.operation.security is None:
        return
    if good in (401, 403):
        yield Advice(
            "problem", "key", f"{key}: refused with {good}", "check the credential, and that it is of this environment"
        )
    elif good is None or good >= 500 or good == 429:
        yield Advice("problem", "key", f"{key}: no answer that tells ({good or 'none'})", "try again later")
    elif absent in (401, 403):
        yield Advice("ok", "key", f"{key}: accepted ({good} with it, {absent} without)")
    else:
        yield Advice("warning", "key", f"{key}: {good} with it and {absent} without: it seems to make no difference")


def _clock(exchange: Exchange) -> Advice:
    response = exchange.response
    values = header_values(response.headers, "date") if response is not None else None
    try:
        told = parsedate_to_datetime((values or [""])[0]).timestamp()
    except (ValueError, OverflowError):
        return Advice("warning", "clock", "its answers carry no time")
    # Its time is cut to whole seconds, and was taken some time between sending and receiving.
    apart = max(0.0, told - (exchange.received_at or told), (exchange.sent_at or told) - told - 1.0)
    says = f"{apart:.0f} s apart from ours"
    if apart <= _SAID:
        return Advice("ok", "clock", says)
    return Advice("problem" if apart > _TOO_FAR else "warning", "clock", says, "set the clocks: rules about times compare them")


def _resources(forecasts: Sequence[Forecast]) -> Iterator[Advice]:
    for one in forecasts:
        if not one.lacks:
            yield Advice("ok", "resources", f"{one.operation}: complete")
        needed = Counter(one.lacks)
        for (reason, hint), count in needed.items():
            yield Advice("warning", "resources", f"{one.operation}: {reason}; {count_of(count, 'clause')} not judged", hint)
        if not one.requests:
            yield Advice("problem", "plan", f"{one.operation}: no request could be sent")
