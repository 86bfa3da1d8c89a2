"""What a single failure does not show: server errors, lost answers and slow ones are weighed with controls and repetitions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Shown, Skipped, Spot
from smscontract.clauses.reduction import Decided
from smscontract.clauses.view import View
from smscontract.documents import Clause
from smscontract.exchange import Exchange, Failure, Role

__all__ = ["FLAKY_COUNT", "SLOW", "SLOW_COUNT", "expand", "judge", "moments", "reduce"]

#: Seconds after which an answer is slow, and at how many moments answers are slow if it is a break.
SLOW = 2.0
SLOW_COUNT = 5
#: At how many moments one kind of failure that did not repeat was seen if it is a break that comes and goes.
FLAKY_COUNT = 3

#: What stands before a provider says this of a provider that is not there.
_GATEWAY = frozenset({"502", "503", "504"})

_BODY = Spot("response body")
_STATUS = Spot("status")


def judge(clause: Clause, view: View) -> Outcome:
    """One fact for each answer, failed or not; nothing of recordings that are not our own."""
    exchange = view.exchange
    if clause.detail == "in-time":
        if exchange.response is None:
            return None  # that there was no answer, another clause says
        bad = "slow" if exchange.took is not None and exchange.took > SLOW else ""
    elif clause.detail == "answers":
        bad = str(exchange.failure) if exchange.failure not in (None, Failure.CUT) else ""
    elif clause.detail == "complete-body":
        bad = str(exchange.failure) if exchange.failure is Failure.CUT else ""
    else:
        if exchange.response is None:
            return None
        # A method that nobody implements may be told so by 501 (RFC 9110, section 15.6.2).
        fault = view.status is not None and view.status >= 500 and not (view.stray and view.status == 501)
        bad = str(view.status) if fault else ""
    if not exchange.own_record:
        if clause.detail == "in-time":
            return Skipped("the time is the recorder's") if exchange.took is not None else None
        return Skipped("no control request") if bad else KEPT
    fact = Fact(
        clause=clause.id,
        scope=(exchange.origin.case or str(exchange.origin.request),),
        start=exchange.sent_at,
        end=exchange.received_at,
        origin=exchange.origin,
        values={"bad": bad, "role": str(exchange.role)},
        spot=_STATUS if clause.detail == "no-server-error" else Spot("time"),
    )
    return Shown((fact,), (_STATUS, _BODY) if bad and clause.detail != "in-time" else ())


def moments(spans: Iterable[tuple[float | None, float | None]]) -> int:
    """How many moments it takes at least to explain what went wrong from a start to an end: what was under way at the same
    time may have had one cause, such as a machine that stood still. That is the largest number of spans that have no time in
    common. Seconds since 1970 UTC; a span that is not known counts for itself. A clock may tell one time for start and end, and
    the transport begins no request at the time of an answer: spans that touch are of one moment."""
    known, found = [], 0
    for start, end in spans:
        if start is None or end is None:
            found += 1
        else:
            known.append((end, start))
    until = float("-inf")
    for end, start in sorted(known):
        if start > until:
            found, until = found + 1, end
    return found


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """What is broken, flaky or not to be told, by cases with their controls and repetitions."""
    for identity in sorted({fact.clause for fact in facts}):
        mine = sorted((fact for fact in facts if fact.clause == identity), key=Fact.sort_key)
        if clauses[identity].detail == "in-time":
            yield from _reduce_slow(identity, mine)
        else:
            yield from _reduce_failures(identity, mine)


def _reduce_slow(identity: str, facts: list[Fact]) -> Iterator[Decided]:
    slow = [fact for fact in facts if fact.values["bad"]]
    for fact in facts:
        if not fact.values["bad"]:
            yield Decided(identity, fact, KEPT)
    often = moments((fact.start, fact.end) for fact in slow) >= SLOW_COUNT
    for fact in slow:
        if not often:
            yield Decided(identity, fact, Skipped(f"slow, but not at {SLOW_COUNT} moments"))
            continue
        took = (fact.end or 0.0) - (fact.start or 0.0)
        broken = Broken(message="the answer is slow", spot=fact.spot, expected=f"{SLOW:g} s", got=f"{took:.1f} s")
        yield Decided(identity, fact, broken, f"{len(slow)} of {len(facts)} answers")


def _reduce_failures(identity: str, facts: list[Fact]) -> Iterator[Decided]:
    cases: dict[tuple[object, ...], list[Fact]] = {}
    for fact in facts:
        cases.setdefault(fact.scope, []).append(fact)
    once: list[tuple[Fact, str]] = []
    total = sum(fact.values["role"] != Role.CONTROL for fact in facts)
    for case in cases.values():
        tried = [fact for fact in case if fact.values["role"] != Role.CONTROL]
        controls = [fact for fact in case if fact.values["role"] == Role.CONTROL]
        bad = [fact for fact in tried if fact.values["bad"]]
        for fact in tried:
            if not fact.values["bad"]:
                yield Decided(identity, fact, KEPT)
        if not bad:
            continue
        if not controls:
            yield Decided(identity, bad[0], Skipped("no control request"))
        elif any(fact.values["bad"] for fact in controls):
            yield Decided(identity, bad[0], Skipped("outage: the control failed too"))
        elif len(attempts := _attempts(tried)) >= 2 and all(any(one.values["bad"] for one in few) for few in attempts):
            if _between_controls(tried[-1], case):
                yield Decided(identity, bad[0], _failed(bad[0], "every time"))
            else:
                yield Decided(identity, bad[0], Skipped("no control request before or after it was tried again"))
        else:
            why = "flaky: did not happen again" if len(attempts) > 1 else "it was not tried again"
            once += [(fact, why) for fact in bad]
    yield from _now_and_then(identity, once, facts, total)


def _between_controls(last: Fact, case: Sequence[Fact]) -> bool:
    """Whether a control request was sent before the case was tried for the last time and one after it: without the first, both
    failures may be of one outage, and without the second, an outage may have begun with it."""
    at = case.index(last)
    return any(fact.values["role"] == Role.CONTROL for fact in case[:at]) and case[-1].values["role"] == Role.CONTROL


def _attempts(tried: Sequence[Fact]) -> list[list[Fact]]:
    """What was sent at the same moment was tried once: it may well be that only one of them fails, each time."""
    found: list[list[Fact]] = []
    end: float | None = None
    for fact in tried:
        if end is not None and fact.start is not None and fact.start <= end:
            found[-1].append(fact)
        else:
            found.append([fact])
            end = None
        end = max(end or 0.0, fact.end) if fact.end is not None else end
    return found


def _now_and_then(identity: str, once: list[tuple[Fact, str]], facts: list[Fact], total: int) -> Iterator[Decided]:
    """Failures that did not happen again at once, each with what is said where it tells nothing."""
    alike = Counter(fact.values["bad"] for fact, _ in once)
    often = {
        kind: moments((fact.start, fact.end) for fact, _ in once if fact.values["bad"] == kind) >= FLAKY_COUNT for kind in alike
    }
    # What also hits requests that nobody could take amiss is bound to no case.
    disturbed = {fact.values["bad"] for fact in facts if fact.values["role"] == Role.CONTROL}
    for fact, why in once:
        kind = fact.values["bad"]
        if kind in _GATEWAY:
            yield Decided(identity, fact, Skipped(f"{why}, and it is a gateway's"))
        elif kind in disturbed:
            yield Decided(identity, fact, Skipped("outage: controls failed alike"))
        elif often[kind]:
            yield Decided(identity, fact, _failed(fact, "now and then"), f"now and then: {alike[kind]} of {total} answers")
        else:
            yield Decided(identity, fact, Skipped(why))


def _failed(fact: Fact, how: str) -> Broken:
    kind = fact.values["bad"]
    if kind.isdecimal():
        return Broken(
            message=f"the request is answered with a server error {how}", spot=fact.spot, expected="no 5xx", got=int(kind)
        )
    return Broken(message=f"the request gets no whole answer {how}", spot=fact.spot, expected="an answer", got=kind)


def expand(clause: Clause, broken: Exchange, good: Exchange) -> list[Exchange]:
    """The exchanges that it takes to tell: a failure with its control and its repetition, or enough slow answers."""
    if clause.detail == "in-time":
        return [_later(broken, index) for index in range(SLOW_COUNT)]
    if clause.detail in ("no-server-error", "answers"):
        before, after = (dataclasses.replace(_later(good, steps), role=Role.CONTROL, known={}) for steps in (1, 3))
        return [broken, before, dataclasses.replace(_later(broken, 2), role=Role.REPEAT), after]
    return [broken]


def _later(exchange: Exchange, steps: int) -> Exchange:
    """The exchange some minutes later, as the request after it in the run."""
    if exchange.sent_at is None or exchange.received_at is None:
        return exchange
    request = (exchange.origin.request or 0) + steps
    return dataclasses.replace(
        exchange,
        sent_at=exchange.sent_at + 60 * steps,
        received_at=exchange.received_at + 60 * steps,
        origin=dataclasses.replace(exchange.origin, request=request),
    )
