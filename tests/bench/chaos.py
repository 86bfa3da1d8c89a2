"""Runs of the gate against a sandbox on a bad day: python -m tests.bench.chaos [RUNS].

Each run is seeded: a provider, a fault or none, and outages that begin and end while it runs: connections reset or cut, answers
that never come, 500, 502, 503 and 504 for everybody, storms of 429, slow answers (fewer than make a break). Two things are
counted. An outage that is called a break: a clause is named that the same fault does not break on a good day. A break that is
lost: the fault showed in an answer that nothing disturbed, and its clause is not named.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from smscontract.findings import Report
from smscontract.transport import Manners
from tests.gate.run import broken, run
from tests.gate.server import HANG, RESET, Reply, Seen, Server, listening

__all__ = ["FAULTS", "Day", "Outcome", "one_run"]

Change = Callable[[Any], None]


@dataclass(frozen=True)
class Fault:
    """What a provider does wrong, in each answer that it can: the clause that says so, and the change to the answer's body."""

    provider: str
    clause: str
    status: int
    change: Change

    @property
    def name(self) -> str:
        return f"{self.provider}.{'send-sms' if self.provider == 'stuut' else 'create-sms'}/{self.clause}"


def _set(*path: str, to: Any) -> Change:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = to

    return change


def _drop(*path: str) -> Change:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        del body[path[-1]]

    return change


FAULTS: tuple[Fault, ...] = (
    Fault("stuut", "200/is_automated:type", 200, _set("is_automated", to="yes")),
    Fault("stuut", "200/status:enum", 200, _set("status", to="queued")),
    Fault("stuut", "200/body:null", 200, _set("body", to=None)),
    Fault("stuut", "200/sent_at:required", 200, _drop("sent_at")),
    Fault("stuut", "200/created_at:format", 200, _set("created_at", to="yesterday")),
    Fault("stuut", "rule/answers-for-the-asked-id", 200, _set("id", to="sms_another")),
    Fault("bland", "2XX/data/conversation_id:required", 200, _drop("data", "conversation_id")),
    Fault("bland", "2XX/data/workflow_id:type", 200, _set("data", "workflow_id", to=17)),
    Fault("bland", "2XX/errors:type", 200, _set("errors", to="none")),
    Fault("bland", "4XX/errors/items/error:type", 400, _set("errors", to=[{"error": 5, "message": "no"}])),
)

_OUTAGES: tuple[Reply | None, ...] = (
    RESET,
    HANG,
    None,  # the right answer, cut
    Reply(500, b'{"detail": "Internal Server Error"}'),
    Reply(502, b"<html>Bad Gateway</html>", (("content-type", "text/html"),)),
    Reply(503, b"", (("retry-after", "0"),)),
    Reply(504, b"<html>Gateway Time-out</html>", (("content-type", "text/html"),)),
)
#: Answers that are slow: each may be one of two at once, and the other is slow with it. Five in all would be a break.
_SLOW = 2
_STORM = Reply(429, b'{"detail": "slow down"}', (("retry-after", "0"),))


@dataclass
class Day:
    """What happens to each request: the fault if there is one, and what the seed has decided for the hour.

    Attributes:
        shown: requests whose answer shows the fault and was not disturbed.
        disturbed: requests that were.
    """

    seed: int
    fault: Fault | None
    calm: bool = False
    shown: list[int] = field(default_factory=list)
    disturbed: list[int] = field(default_factory=list)
    ahead: float = 0.0
    slowed: int = 0

    def __post_init__(self) -> None:
        order = random.Random(self.seed)
        self._hours: dict[int, tuple[str, Reply | None]] = {}
        number, slow = order.randrange(3, 30), 4
        while number < 400 and not self.calm:
            kind = order.choice(("outage", "outage", "storm", "slow"))
            length = order.randrange(2, 9)
            if kind == "slow":
                if not slow:
                    continue
                slow, length = slow - 1, 1
            reply = order.choice(_OUTAGES)
            for at in range(number, number + length):
                self._hours[at] = (kind, reply)
            number += length + order.randrange(4, 60)

    def clock(self) -> float:
        return time.time() + self.ahead

    def behave(self, seen: Seen, answer: Callable[[], Reply]) -> Reply:
        kind, outage = self._hours.get(seen.number, ("", None))
        if kind == "storm":  # who is turned away for the rate is not served; who gets no answer may have been
            self.disturbed.append(seen.number)
            return _STORM
        right = answer()
        touched = False
        if self.fault is not None and right.status == self.fault.status:
            body = right.json
            try:
                self.fault.change(body)
            except (KeyError, TypeError):
                pass
            else:
                right, touched = right.with_json(body), True
        if kind == "outage":
            self.disturbed.append(seen.number)
            if outage is None:
                return replace(right, body=right.body[: len(right.body) // 2], length=len(right.body))
            return outage
        if kind == "slow" and self.slowed < _SLOW:
            self.slowed += 1
            self.ahead += 3.0
        if touched:
            self.shown.append(seen.number)
        return right


@dataclass(frozen=True)
class Outcome:
    """How one run ended: clauses that were named although only the outage could have broken them; whether a break was lost."""

    seed: int
    fault: str
    false: tuple[str, ...]
    lost: bool
    exit_code: int
    requests: int


@cache
def _good_day(index: int | None, provider: str) -> frozenset[str]:
    """What the fault breaks when nothing else happens."""
    return frozenset(broken(_report(Day(0, None if index is None else FAULTS[index], calm=True), provider)))


def _report(day: Day, provider: str, requests: int = 150) -> Report:
    manners = Manners(sleep=lambda _: None, time_out=0.4, clock=day.clock)
    with listening(Server(behave=day.behave)) as server:
        return run(provider, server.url, fail_on="should", manners=manners, max_requests=requests)


def one_run(seed: int, requests: int = 150) -> Outcome:
    """One run of so many requests at most; the same seed gives the same day."""
    order = random.Random(seed * 7919)
    provider = order.choice(("stuut", "bland"))
    mine = [index for index, fault in enumerate(FAULTS) if fault.provider == provider]
    index = order.choice([None, None, *mine])
    fault = None if index is None else FAULTS[index]
    day = Day(seed, fault)
    report = _report(day, provider, requests)
    named = frozenset(broken(report))
    return Outcome(
        seed=seed,
        fault=fault.name if fault is not None else "none",
        false=tuple(sorted(named - _good_day(index, provider))),
        lost=fault is not None and bool(day.shown) and fault.name not in named,
        exit_code=report.exit_code,
        requests=report.requests or 0,
    )


def main(runs: int = 200) -> int:
    """Prints each run that went wrong, and the sums."""
    codes: Counter[int] = Counter()
    false, lost, requests, faulty = 0, 0, 0, 0
    for seed in range(runs):
        one = one_run(seed)
        codes[one.exit_code] += 1
        false += bool(one.false)
        lost += one.lost
        requests += one.requests
        faulty += one.fault != "none"
        if one.false or one.lost:
            print(f"seed {seed}: {one.fault}: false {', '.join(one.false) or 'none'}{'; LOST' if one.lost else ''}")
    print(f"{runs} runs ({faulty} with a fault), {requests} requests: {false} called an outage a break, {lost} lost a break")
    print(f"exit codes: {dict(sorted(codes.items()))}")
    return int(bool(false or lost))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
