"""One request after the other: what may leave leaves, is judged and counted, and the resources that it used up are known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from smscontract.clauses.evidence import SLOW, SLOW_COUNT, moments
from smscontract.exchange import Exchange, Role
from smscontract.judge import Judgement
from smscontract.plan import Plan
from smscontract.probes.base import Case, Kit
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry
from smscontract.runner._credentials import credential
from smscontract.runner._progress import Limits, Progress
from smscontract.runner._signs import Signs, failed
from smscontract.summary import Summary
from smscontract.transport import LeashError, NotSentError, Outgoing, Transport, UnsendableError

__all__ = ["Sending"]


class Sending:
    """Sends requests of one operation to one target.

    Args:
        kit: of the operation and its resources.
        transport: the way out.
        summary: where every exchange is judged and counted.
        token: the good credential.
        limits: budget and deadline.
        sink: called with every exchange, before it is judged, for the recording.
        may_spend: whether a resource may be named in a request: not where that could text somebody whom nobody knows.

    Attributes:
        progress: what was done so far.
        last: what was found in the latest answer.
        cases: what was sent, by the number of its request.
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
    ) -> None:
        self.kit = kit
        self.transport = transport
        self.summary = summary
        self.token = token
        self.limits = limits
        self.progress = Progress()
        self.last = Judgement()
        self.cases: dict[int, Case] = {}
        self._sink = sink
        self._may_spend = may_spend
        self._spent: set[tuple[str, str]] = set()
        self._slow = 0
        self._plan = Plan((), ())
        self._signs = Signs(kit)
        self._held: tuple[str, ...] = ()  # why the latest request was not sent, and what would help

    @property
    def sent(self) -> int:
        """Requests of all tiers so far."""
        return self.progress.tiers.total()

    @property
    def left(self) -> int:
        """Requests that the budget still allows."""
        return self.limits.requests - self.sent

    @property
    def over(self) -> bool:
        """Whether nothing may be sent any more."""
        return (
            bool(self.progress.stop) or self.left <= 0 or self._slow >= SLOW_COUNT or time.monotonic() >= self.limits.deadline
        )

    @property
    def held(self) -> tuple[str, ...]:
        """Why the latest request was not sent, and what would help; empty if nobody held it back."""
        return self._held

    def unused(self, parameter: str) -> list[Entry]:
        """Resources that an accepted request would use up, that nobody has used, and that may be named."""
        return [
            entry
            for entry in self.kit.resources.entries(parameter)
            if is_spendable(self.kit.operation, parameter, entry)
            and (parameter, entry.value) not in self._spent
            and self._may_spend(entry)
        ]

    def allowed(self, case: Case) -> bool:
        """Whether everything that the path names may be named. What is made up could exist all the same."""
        entries = dict(case.entries)
        for parameter in self.kit.operation.parameters:
            if parameter.where == "path" and parameter.name not in entries:
                entries[parameter.name] = Entry(parameter.name, "unlisted", "")
        return all(self._may_spend(entry) for entry in entries.values())

    def _renewed(self, case: Case) -> Case:
        """The case on resources that nobody has used. Where there are none, on the same: another answer than before would
        prove nothing then, but the same failure again does."""
        entries = {
            name: (self._fresh(name, entry) or entry) if (name, entry.value) in self._spent and case.spends else entry
            for name, entry in case.entries.items()
        }
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
        # The likest of them: what failed may have failed for its text or its number.
        likest = sorted(
            unplanned or usable, key=lambda one: -sum(entry.known.get(key) == value for key, value in one.known.items())
        )
        return next(iter(likest), None)

    def outgoing(self, case: Case, role: Role, identity: str) -> Outgoing:
        """A case as it goes out."""
        target, parameters = self.kit.target(case.entries, case.query, case.spelling)
        chosen = credential(self.kit, case.credential, self.token)
        known = self.kit.known(case.body, case.entries)
        for name, entry in case.entries.items():
            if (name, entry.value) in self._spent or case.together > 1:
                # What it was is history; what it is now only the target knows.
                known[name] = {key: value for key, value in known[name].items() if key not in ("label", "state")}
        return Outgoing(
            operation=self.kit.operation,
            method=case.method or self.kit.operation.method,
            target=target,
            headers=case.headers if case.body or case.headers else (),
            body=case.body,
            credential=chosen.value,
            beside=chosen.beside,
            astray=self.token if case.credential == "query" else None,
            auth=chosen.auth,
            path_parameters=parameters,
            known=known,
            role=role,
            case=identity,
        )

    def send(self, case: Case, role: Role, tier: str, identity: str) -> Exchange | None:
        """Sends, judges and counts one request; `None` if it may not or cannot leave."""
        return next(iter(self._send(case, role, tier, identity)), None)

    def together(self, case: Case, role: Role, tier: str, identity: str) -> list[Exchange]:
        """The same for all copies of a case at the same moment; empty if they may not or cannot leave."""
        return self._send(case, role, tier, identity, copies=case.together)

    def _send(self, case: Case, role: Role, tier: str, identity: str, copies: int = 1) -> list[Exchange]:
        self._held = ()
        try:
            sent = self.transport.exchanges([self.outgoing(case, role, identity)] * copies)
        except LeashError:
            return []
        except UnsendableError:
            self.progress.unsendable += 1
            return []
        except NotSentError as error:
            self._held = (error.reason, error.hint)
            return []
        self._slow += moments((one.sent_at, one.received_at) for one in sent if one.took is not None and one.took > SLOW)
        for exchange in sent:
            self._took_in(case, tier, exchange)
        return sent

    def _took_in(self, case: Case, tier: str, exchange: Exchange) -> None:
        """Counts, judges and learns from one answer."""
        self.progress.tiers[tier] += 1
        if exchange.origin.request is not None:
            self.cases[exchange.origin.request] = case
        if failed(exchange) or (exchange.response is not None and exchange.response.status // 100 == 2):
            self._spent |= {
                (name, entry.value) for name, entry in case.entries.items() if is_spendable(self.kit.operation, name, entry)
            }
        self.last = self._judge(exchange)
        self._signs.learn(case, exchange)

    def _judge(self, exchange: Exchange) -> Judgement:
        if self._sink is not None:
            self._sink(exchange)
        return self.summary.add(exchange)
