"""The loop itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from smscontract.clauses.evidence import SLOW, SLOW_COUNT
from smscontract.exchange import Auth, Exchange, Role
from smscontract.judge import Judgement
from smscontract.plan import Plan
from smscontract.probes.base import Case, Kit
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry
from smscontract.runner._credentials import credential
from smscontract.runner._fuzzing import Fuzzing
from smscontract.runner._progress import Limits, Progress
from smscontract.summary import Summary
from smscontract.transport import LeashError, NotSentError, Outgoing, Transport, UnsendableError, retry_after

__all__ = ["REFUSED", "Runner"]

#: Seconds to wait for a target that fails its control request, one after the other.
_PATIENCE = (0.2, 0.6, 1.2)
#: Answers 429 in a row after which the rest is left; how often one request is tried again; seconds where a 429 asks for none.
_LIMITED, _TRIES, _WITHOUT_WORDS = 6, 4, 1.0
#: Failures in a row that only a request without a credential told from an outage, after which they are taken for one.
_DOUBTS = 3
#: So many requests with the good credential are refused for it, before two without it tell whether to go on.
_TURNED_AWAY = 30
#: Why a run ends then.
REFUSED = "the credential is refused"


class Runner:
    """Runs the plan of one operation against one target.

    Args:
        kit: of the operation and its resources.
        transport: the way out.
        summary: where every exchange is judged and counted.
        token: the good credential.
        limits: budget and deadline.
        sink: called with every exchange, before it is judged, for the recording.
        may_spend: whether a resource may be named in a request: not where that could text somebody whom nobody knows.
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
        self._sink = sink
        self._may_spend = may_spend
        self._sleep = transport.manners.sleep
        self._spent: set[tuple[str, str]] = set()
        self._slow = 0
        self._plan = Plan((), ())
        self._doubts = 0
        self._storm = 0
        self._refused: Case | None = None
        self._turned_away: set[int] | None = set()  # statuses of all answers to the good credential; `None`: it was let in
        self._telling = 0
        self._held: tuple[str, ...] = ()  # why the latest request was not sent, and what would help
        self.last = Judgement()
        #: what was sent, by the number of its request
        self.cases: dict[int, Case] = {}
        #: what is done when the plan is sent, before fuzzing; and when all is
        self.between: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    # -- the plan

    def run(self, plan: Plan) -> Progress:
        """Sends the plan, then fuzzes with what is left of the budget."""
        self._plan = plan
        self.progress.plan = plan.digest()
        self.progress.notes += plan.notes
        self.progress.skipped.update({lack.clause: (lack.reason, lack.hint) for lack in plan.lacks})
        try:
            for case in plan.cases:
                reason, hint = self._obstacle(case)
                if reason:
                    self._skip(case, reason, hint)
                else:
                    self._case(case)
                    self._ask_credential(case)
            if self.between is not None:
                self.between()
            if not self.over:
                Fuzzing(self).run()
            if self.after is not None:
                self.after()
        finally:  # an interrupted run tells as much of itself as any other
            self.progress.leashed = self.transport.leash.stopped
            self.progress.spent = len(self._spent)
            if self.progress.unsendable:
                self.progress.notes.append(f"{self.progress.unsendable} requests that HTTP cannot carry were not sent")
        return self.progress

    def _obstacle(self, case: Case) -> tuple[str, str]:
        """Why a case is not sent now, and what would help; empty if it is."""
        if self.progress.stop and not (self.progress.stop == REFUSED and case.credential != "good"):
            return self.progress.stop, ""  # who is let in without it can be told all the same
        if time.monotonic() >= self.limits.deadline:
            return "time", "give more: --max-time"
        if self.left < case.together:
            return "budget", "give more: --max-requests"
        # The clause is broken; what is left is cut to what matters most, and then to nothing.
        if self._slow >= 2 * SLOW_COUNT or (self._slow >= SLOW_COUNT and case.rank > 0):
            return "the target is slow", ""
        if not self.allowed(case):
            return "unknown recipient", "give its entry a `to_number` that is reserved, or pass --drafts-are-safe"
        return "", ""

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

    def _skip(self, case: Case, reason: str, hint: str = "") -> None:
        for aim in case.aims:
            self.progress.skipped.setdefault(aim, (reason, hint))

    def allowed(self, case: Case) -> bool:
        """Whether everything that the path names may be named. What is made up could exist all the same."""
        entries = dict(case.entries)
        for parameter in self.kit.operation.parameters:
            if parameter.where == "path" and parameter.name not in entries:
                entries[parameter.name] = Entry(parameter.name, "unlisted", "")
        return all(self._may_spend(entry) for entry in entries.values())

    def _case(self, case: Case) -> None:
        identity = f"{self.kit.operation.id}: {case.name}"
        stopped = self.transport.leash.stopped
        if case.spends:
            case = self._renewed(case)  # an earlier case may have been accepted that should not have been
        tier = "promoted" if case.promoted else "plan"
        sent = self._send(case, Role.CASE, tier, identity, copies=case.together)
        if self._held:
            self._skip(case, *self._held)
        elif not sent:
            self._skip(case, "stopped by the leash" if self.transport.leash.stopped > stopped else "HTTP cannot carry it")
        for exchange in sent:
            self.follow_up(case, identity, exchange)

    def follow_up(self, case: Case, identity: str, exchange: Exchange) -> None:
        """What an answer calls for that says nothing of the request by itself."""
        if _is_limited(exchange):
            self._limited(case, identity, exchange)
        elif _failed(exchange):
            self._confirm(case, identity)

    def _limited(self, case: Case, identity: str, exchange: Exchange) -> None:
        """A 429 says nothing of the request: wait as it asks and try again, for as long as there is time."""
        self.progress.limited += 1
        for _ in range(_TRIES):
            self._storm += 1
            wait = retry_after(exchange)
            wait = _WITHOUT_WORDS if wait is None else wait
            if time.monotonic() + wait >= self.limits.deadline:
                self.progress.stop = self.progress.stop or "rate limited"
            if self._storm >= _LIMITED:
                self.progress.stop = self.progress.stop or "rate limited"
            if self.progress.stop or self.left <= 0:
                break
            self._sleep(wait)
            again = self.send(case, Role.REPEAT, "repeat", identity)
            if again is None:
                break
            if not _is_limited(again):
                self.progress.limited -= 1
                if _failed(again):
                    self._confirm(case, identity)
                return
            exchange = again
        self._skip(case, "rate limited", "give more: --max-time, or less: --rate-limit")

    def _confirm(self, case: Case, identity: str) -> None:
        """A failure could be an outage: a neutral control request, then the case again on a fresh resource."""
        controls = self._controls(case)
        for index, wait in enumerate((0.0, *_PATIENCE)):
            if self.left <= 0 or time.monotonic() + wait >= self.limits.deadline:
                return
            if wait:
                self._sleep(wait)
            # In turn: what fails may be the control's own fault, and whoever answers at all is there.
            control = self.send(controls[index % len(controls)], Role.CONTROL, "control", identity)
            if control is None and self._held:
                return
            if control is not None and not _failed(control) and not _is_limited(control):
                break
        else:
            self.progress.stop = "outage"
            return
        # Strangers are often turned away by somebody who stands before the provider, and knows nothing of its health.
        self._doubts += index > 0 and control.auth is Auth.ABSENT
        if self._doubts >= _DOUBTS:
            self.progress.stop = "outage"
        elif self.left >= case.together:
            self._send(self._renewed(case), Role.REPEAT, "repeat", identity, copies=case.together)

    def _ask_credential(self, case: Case) -> None:
        """A credential that opens nothing shows nothing: where the first answers refused it, and two that surely open nothing
        get the same, the rest of the plan is left."""
        if self._telling < _TURNED_AWAY or self._turned_away is None or self.left < 2 or self.progress.stop:
            return
        (status,) = self._turned_away
        self._turned_away = None  # asked once
        identity = f"{self.kit.operation.id}: {case.name}"
        for kind in ("absent", "garbage"):
            answer = self.send(replace(case, credential=kind, together=1), Role.CONTROL, "control", identity)
            if answer is None or answer.response is None or answer.response.status != status:
                return
        self.progress.stop = REFUSED

    def _may_be_refused(self, case: Case) -> bool:
        """Whether the contract has what a case names refused as a credential is."""
        listed = self.kit.operation.states
        return any(
            code in ("401", "403", "4XX")
            for name, entry in case.entries.items()
            for label in (entry.label, entry.state)
            for code in listed.get(name, {}).get(label, ((), None))[0]
        )

    def _controls(self, case: Case) -> list[Case]:
        """Requests that change nothing: another than the case (one that was refused, else a neutral one), and one without a
        credential."""
        known = [*([self._refused] if self._refused is not None else []), *self._plan.controls]
        others = [one for one in known if one.name != case.name and self.allowed(one)]
        stranger = replace(case, name="control", credential="absent", together=1)
        if case.method or case.spelling:  # what goes astray by itself is no control of the operation
            plain = next(one for one in self._plan.cases if not one.promoted)
            stranger = replace(plain, name="control", credential="absent", together=1)
        return [*others[:1], replace(stranger, body=b"" if self.kit.operation.body is None else stranger.body)]

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

    # -- one request

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
        for exchange in sent:
            self._took_in(case, tier, exchange)
        return sent

    def _took_in(self, case: Case, tier: str, exchange: Exchange) -> None:
        """Counts, judges and learns from one answer."""
        self.progress.tiers[tier] += 1
        if exchange.origin.request is not None:
            self.cases[exchange.origin.request] = case
        self._took(exchange)
        if _failed(exchange) or (exchange.response is not None and exchange.response.status // 100 == 2):
            self._spent |= {
                (name, entry.value) for name, entry in case.entries.items() if is_spendable(self.kit.operation, name, entry)
            }
        self.last = self._judge(exchange)
        self._learn(case, exchange)

    def _learn(self, case: Case, exchange: Exchange) -> None:
        """An answer to somebody who may ask shows that the provider works; who was refused once can be asked again."""
        astray = bool(case.method or case.spelling)  # somebody else may answer it
        if exchange.auth is Auth.GOOD and self._turned_away is not None and not astray:
            status = exchange.response.status if exchange.response is not None else 0
            self._turned_away.add(status)
            self._telling += not self._may_be_refused(case)
            if not self._turned_away <= {401, 403} or len(self._turned_away) > 1:
                self._turned_away = None
        if exchange.auth is Auth.GOOD and exchange.response is not None and not _failed(exchange) and not _is_limited(exchange):
            self._doubts = self._storm = 0
            refused = exchange.response.status // 100 == 4 and exchange.response.status not in (401, 403)
            # HEAD is answered without a body, whatever happens to the rest.
            if refused and not (case.spends or case.repeats or astray):
                self._refused = case

    def _judge(self, exchange: Exchange) -> Judgement:
        if self._sink is not None:
            self._sink(exchange)
        return self.summary.add(exchange)

    def _took(self, exchange: Exchange) -> None:
        took = exchange.took
        if took is not None and took > SLOW:
            self._slow += 1


def _failed(exchange: Exchange) -> bool:
    """Whether an exchange could as well be an outage: no whole answer, or a 5xx."""
    return exchange.failure is not None or exchange.response is None or exchange.response.status >= 500


def _is_limited(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.status == 429
