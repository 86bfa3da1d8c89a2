"""The loop of a live run: send, judge, confirm what could be an outage, spend resources, then fuzz with what is left."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smscontract.clauses.evidence import SLOW, SLOW_COUNT
from smscontract.exchange import Auth, Exchange, Role, header_values
from smscontract.judge import Judgement
from smscontract.plan import Plan
from smscontract.probes.base import Case, Credential, Kit
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry
from smscontract.summary import Summary
from smscontract.transport import LeashError, Outgoing, Transport

__all__ = ["GARBAGE", "Limits", "Progress", "Runner", "credential"]

#: A credential that opens nothing anywhere.
GARBAGE = "smscontract-no-such-credential"
#: Seconds to wait for a target that fails its control request, one after the other.
_PATIENCE = (0.2, 0.6, 1.2)
_SHRINK_SHARE = 0.25
_LONGEST_WAIT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one operation may cost.

    Attributes:
        requests: of every tier, controls and shrinking included.
        deadline: `time.monotonic()` at which the run ends.
        fuzz: fuzz cases wanted, or `None`: whatever the plan leaves.
    """

    requests: int = 300
    deadline: float = float("inf")
    fuzz: int | None = None


@dataclass(slots=True)
class Progress:
    """What a run has done so far.

    Attributes:
        tiers: requests by tier.
        executed: fuzz cases by mode.
        spent: resources used up.
        skipped: for each clause why its case was not sent.
        stop: why the run ended early, or empty.
        leashed: requests that the leash stopped.
        notes: sentences for the report.
    """

    tiers: Counter[str] = field(default_factory=Counter)
    executed: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    skipped: dict[str, tuple[str, str]] = field(default_factory=dict)
    stop: str = ""
    limited: int = 0
    leashed: int = 0
    notes: list[str] = field(default_factory=list)


def credential(kit: Kit, kind: str, token: str | None) -> Credential:
    """The credential of a case by its word.

    Args:
        kind: `good`, `absent`, `garbage` or `scheme`.
        token: the good one.
    """
    security = kit.operation.security
    if security is None:
        return Credential(None, None)
    prefix = {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "")
    if kind == "good":
        return Credential(f"{prefix}{token}" if token is not None else None, Auth.GOOD if token is not None else None)
    if kind == "absent":
        return Credential(None, Auth.ABSENT)
    if kind == "garbage":
        return Credential(f"{prefix}{GARBAGE}", Auth.WRONG)
    other = f"Bearer {GARBAGE}" if security.kind == "key" else f"Basic {base64.b64encode(GARBAGE.encode()).decode()}"
    return Credential(other, Auth.WRONG)


class Runner:
    """Runs the plan of one operation against one target.

    Args:
        kit: of the operation and its resources.
        transport: the way out.
        summary: where every exchange is judged and counted.
        token: the good credential.
        limits: budget and deadline.
        sink: called with every exchange, before it is judged, for the recording.
        may_spend: whether a resource may be sent at all: not judged where its recipient is unknown.
        more: makes another resource like this one, where the target can.
    """

    def __init__(
        self,
        kit: Kit,
        transport: Transport,
        summary: Summary,
        *,
        token: str | None,
        limits: Limits,
        sink: Callable[[Exchange], None] | None = None,
        may_spend: Callable[[Entry], bool] = lambda _: True,
        more: Callable[[Entry], Entry | None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.kit = kit
        self.transport = transport
        self.summary = summary
        self.token = token
        self.limits = limits
        self.progress = Progress()
        self._sink = sink
        self._may_spend = may_spend
        self._more = more
        self._sleep = sleep
        self._spent: set[tuple[str, str]] = set()
        self._slow = 0
        self._plan = Plan((), ())

    # -- the plan

    def run(self, plan: Plan) -> Progress:
        """Sends the plan, then fuzzes with what is left of the budget."""
        self._plan = plan
        self.progress.skipped.update({lack.clause: (lack.reason, lack.hint) for lack in plan.lacks})
        for case in plan.cases:
            if self.progress.stop:
                self._skip(case, self.progress.stop)
            elif time.monotonic() >= self.limits.deadline:
                self._skip(case, "time")
            elif self.left <= 0:
                self._skip(case, "budget")
            elif self._slow >= SLOW_COUNT and case.rank > 0:
                self._skip(case, "the target is slow")
            elif not self._allowed(case):
                self._skip(
                    case, "unknown recipient", "give its entry a `to_number` that is reserved, or pass --drafts-are-safe"
                )
            else:
                self._case(case)
        if not self.progress.stop and self._slow < SLOW_COUNT:
            self._fuzz()
        self.progress.leashed = self.transport.leash.stopped
        self.progress.spent = len(self._spent)
        return self.progress

    @property
    def sent(self) -> int:
        """Requests of all tiers so far."""
        return self.progress.tiers.total()

    @property
    def left(self) -> int:
        """Requests that the budget still allows."""
        return self.limits.requests - self.sent

    def _skip(self, case: Case, reason: str, hint: str = "") -> None:
        for aim in case.aims:
            self.progress.skipped.setdefault(aim, (reason, hint))

    def _allowed(self, case: Case) -> bool:
        return all(
            self._may_spend(entry) for name, entry in case.entries.items() if is_spendable(self.kit.operation, name, entry)
        )

    def _case(self, case: Case) -> None:
        identity = f"{self.kit.operation.id}: {case.name}"
        exchange = self._send(case, Role.CASE, "plan", identity)
        if exchange is None:
            self._skip(case, "stopped by the leash")
            return
        if exchange.response is not None and exchange.response.status == 429:
            self._limited(case, identity, exchange)
        elif _failed(exchange):
            self._confirm(case, identity)

    def _limited(self, case: Case, identity: str, exchange: Exchange) -> None:
        """A 429 says nothing of the request: wait as it asks, once, and try again."""
        self.progress.limited += 1
        values = header_values(exchange.response.headers, "retry-after") if exchange.response is not None else None
        wait = float(values[0]) if values and values[0].isdecimal() else 1.0
        if wait > _LONGEST_WAIT or time.monotonic() + wait > self.limits.deadline or self.left <= 0:
            self._skip(case, "rate limited")
            if wait > _LONGEST_WAIT:
                self.progress.stop = "rate limited"
            return
        self._sleep(wait)
        again = self._send(case, Role.REPEAT, "repeat", identity)
        if again is not None and again.response is not None and again.response.status == 429:
            self.progress.limited += 1
            self._skip(case, "rate limited")
            if self.progress.limited >= 6:
                self.progress.stop = "rate limited"

    def _confirm(self, case: Case, identity: str) -> None:
        """A failure could be an outage: a neutral control request, then the case again on a fresh resource."""
        for wait in (0.0, *_PATIENCE):
            if self.left <= 0 or time.monotonic() + wait >= self.limits.deadline:
                return
            if wait:
                self._sleep(wait)
            control = self._send(self._control(case), Role.CONTROL, "control", identity)
            if control is not None and not _failed(control):
                break
        else:
            self.progress.stop = "outage"
            return
        again = self._renewed(case)
        if again is not None and self.left > 0:
            self._send(again, Role.REPEAT, "repeat", identity)

    def _control(self, case: Case) -> Case:
        for neutral in self._plan.controls:
            if neutral.name != case.name and self._allowed(neutral):
                return neutral
        # Without a credential nothing can happen, and whoever answers at all is there.
        return replace(case, name="control", credential="absent", body=b"" if self.kit.operation.body is None else case.body)

    def _renewed(self, case: Case) -> Case | None:
        """The case on resources that nobody has used; `None` where there are none."""
        entries = dict(case.entries)
        for name, entry in case.entries.items():
            if (name, entry.value) in self._spent and case.spends:
                other = self._fresh(name, entry)
                if other is None:
                    return None
                entries[name] = other
        return replace(case, entries=entries)

    def _fresh(self, parameter: str, entry: Entry) -> Entry | None:
        planned = {(name, one.value) for case in self._plan.cases for name, one in case.entries.items()}
        usable = [
            one
            for label in (entry.label, entry.state)
            for one in self.kit.resources.entries(parameter, label)
            if (parameter, one.value) not in self._spent and self._may_spend(one)
        ]
        unplanned = [one for one in usable if (parameter, one.value) not in planned]
        return next(iter(unplanned or usable), None) or self._more(entry)

    # -- one request

    def outgoing(self, case: Case, role: Role, identity: str) -> Outgoing:
        """A case as it goes out."""
        target, parameters = self.kit.target(case.entries, case.query)
        chosen = credential(self.kit, case.credential, self.token)
        known = self.kit.known(case.body, case.entries)
        for name, entry in case.entries.items():
            if (name, entry.value) in self._spent:
                # What it was is history; what it is now only the target knows.
                known[name] = {key: value for key, value in known[name].items() if key not in ("label", "state")}
        return Outgoing(
            operation=self.kit.operation,
            method=self.kit.operation.method,
            target=target,
            headers=case.headers if case.body or case.headers else (),
            body=case.body,
            credential=chosen.value,
            auth=chosen.auth,
            path_parameters=parameters,
            known=known,
            role=role,
            case=identity,
        )

    def _send(self, case: Case, role: Role, tier: str, identity: str) -> Exchange | None:
        try:
            exchange = self.transport.exchange(self.outgoing(case, role, identity))
        except LeashError:
            return None
        self.progress.tiers[tier] += 1
        self._took(exchange)
        if _failed(exchange) or (exchange.response is not None and exchange.response.status // 100 == 2):
            self._spent |= {
                (name, entry.value) for name, entry in case.entries.items() if is_spendable(self.kit.operation, name, entry)
            }
        self._judge(exchange)
        return exchange

    def _judge(self, exchange: Exchange) -> Judgement:
        if self._sink is not None:
            self._sink(exchange)
        return self.summary.add(exchange)

    def _took(self, exchange: Exchange) -> None:
        took = exchange.took
        if took is not None and took > SLOW:
            self._slow += 1

    # -- fuzzing

    def _fuzz(self) -> None:
        wanted = self.limits.fuzz
        room = int(self.left * (1 - _SHRINK_SHARE))
        cases = room if wanted is None else min(wanted, self.left)
        if cases <= 0:
            if wanted:
                self.progress.notes.append(f"{self.kit.operation.key}: no request left for fuzzing")
            return
        from smscontract.fuzz import FuzzRequest, Verdict, fuzz  # heavy: hypothesis and schemathesis

        operation = self.kit.operation
        index = 0

        def send(request: FuzzRequest, role: str) -> Verdict:
            nonlocal index
            if self.progress.stop or self.left <= 0 or time.monotonic() >= self.limits.deadline or self._slow >= SLOW_COUNT:
                return Verdict(frozenset(), sent=False)
            index += 1
            case = self._fuzz_case(request, index)
            before = self.progress.stop
            exchange = self._fuzz_send(case, role)
            if exchange is None:
                return Verdict(frozenset(), sent=False)
            if _failed(exchange) and role == "case" and not before:
                self._confirm(case, f"{operation.id}: {case.name}")
            return Verdict(frozenset(finding.clause for finding in self._last.findings), sent=True)

        numbers = {
            name: [self.kit.number(name, 2 + offset) for offset in range(1 if name in self.kit.owned else 8)]
            for name in self.kit.phones
        }
        result = fuzz(
            operation,
            self.kit.judge.catalogue.contracts[operation.provider].document.data,
            send,
            seed=self.kit.seed,
            cases=cases,
            numbers=numbers,
            ids=self._fuzz_ids(),
            shrink=max(0, self.left - cases),
        )
        self.progress.executed = dict(result.executed)
        if result.note:
            self.progress.notes.append(f"{operation.key}: {result.note}")

    _last: Judgement = Judgement()

    def _fuzz_send(self, case: Case, role: str) -> Exchange | None:
        try:
            exchange = self.transport.exchange(
                self.outgoing(case, Role.SHRINK if role == "shrink" else Role.CASE, f"{self.kit.operation.id}: {case.name}")
            )
        except LeashError:
            return None
        self.progress.tiers["shrink" if role == "shrink" else "fuzz"] += 1
        self._took(exchange)
        if _failed(exchange) or (exchange.response is not None and exchange.response.status // 100 == 2):
            self._spent |= {(name, entry.value) for name, entry in case.entries.items()}
        self._last = self._judge(exchange)
        return exchange

    def _fuzz_case(self, request: Any, index: int) -> Case:
        entries: dict[str, Entry] = {}
        for name, value in request.path_parameters.items():
            entries[name] = self.kit.resources.find(name, value) or self._made.get(value) or Entry(name, "unlisted", value)
        headers = tuple((name.lower(), value) for name, value in request.headers)
        query = "&".join(f"{name}={value}" for name, value in request.query)
        return Case(
            name=f"fuzz {index} {request.mode}",
            aims=(),
            body=request.body or b"",
            headers=headers,
            entries=entries,
            query=query,
            spends=True,
        )

    _made: Mapping[str, Entry] = {}

    def _fuzz_ids(self) -> dict[str, list[str]]:
        """Resources for path parameters that nobody has used, more of them made where the target can."""
        found: dict[str, list[str]] = {}
        made: dict[str, Entry] = {}
        for parameter in self.kit.operation.states:
            unused = [
                entry
                for entry in self.kit.resources.entries(parameter)
                if is_spendable(self.kit.operation, parameter, entry)
                and (parameter, entry.value) not in self._spent
                and self._may_spend(entry)
            ]
            found[parameter] = [entry.value for entry in unused]
            made.update({entry.value: entry for entry in unused})
        self._made = made
        return found


def _failed(exchange: Exchange) -> bool:
    """Whether an exchange could as well be an outage: no whole answer, or a 5xx."""
    return exchange.failure is not None or exchange.response is None or exchange.response.status >= 500
