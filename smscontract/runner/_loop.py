"""The loop itself: a plan's cases, and what an answer calls for that alone tells too little."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from smscontract.clauses.evidence import SLOW_COUNT
from smscontract.exchange import Auth, Exchange, Role
from smscontract.plan import Plan
from smscontract.probes.base import Case
from smscontract.runner._fuzzing import Fuzzing
from smscontract.runner._progress import Progress
from smscontract.runner._sending import Sending
from smscontract.runner._signs import failed, is_limited
from smscontract.transport import retry_after

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


class Runner(Sending):
    """Runs the plan of one operation against one target, and asks again what one answer alone does not tell.

    Attributes:
        between: what is done when the plan is sent, before fuzzing.
        after: what is done when all is.
    """

    between: Callable[[], None] | None = None
    after: Callable[[], None] | None = None

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

    def _skip(self, case: Case, reason: str, hint: str = "") -> None:
        for aim in case.aims:
            self.progress.skipped.setdefault(aim, (reason, hint))

    def _case(self, case: Case) -> None:
        identity = f"{self.kit.operation.id}: {case.name}"
        stopped = self.transport.leash.stopped
        if case.spends:
            case = self._renewed(case)  # an earlier case may have been accepted that should not have been
        tier = "promoted" if case.promoted else "plan"
        sent = self.together(case, Role.CASE, tier, identity)
        if self._held:
            self._skip(case, *self._held)
        elif not sent:
            self._skip(case, "stopped by the leash" if self.transport.leash.stopped > stopped else "HTTP cannot carry it")
        for exchange in sent:
            self.follow_up(case, identity, exchange)

    def follow_up(self, case: Case, identity: str, exchange: Exchange) -> None:
        """What an answer calls for that says nothing of the request by itself."""
        if is_limited(exchange):
            self._limited(case, identity, exchange)
        elif failed(exchange):
            self._confirm(case, identity)

    def _limited(self, case: Case, identity: str, exchange: Exchange) -> None:
        """A 429 says nothing of the request: wait as it asks and try again, for as long as there is time."""
        self.progress.limited += 1
        for _ in range(_TRIES):
            self._signs.storm += 1
            wait = retry_after(exchange)
            wait = _WITHOUT_WORDS if wait is None else wait
            if time.monotonic() + wait >= self.limits.deadline:
                self.progress.stop = self.progress.stop or "rate limited"
            if self._signs.storm >= _LIMITED:
                self.progress.stop = self.progress.stop or "rate limited"
            if self.progress.stop or self.left <= 0:
                break
            self.transport.manners.sleep(wait)
            again = self.send(case, Role.REPEAT, "repeat", identity)
            if again is None:
                break
            if not is_limited(again):
                self.progress.limited -= 1
                if failed(again):
                    self._confirm(case, identity)
                return
            exchange = again
        self._skip(case, "rate limited", "give more: --max-time, or less: --rate-limit")

    def _confirm(self, case: Case, identity: str) -> None:
        """A failure could be an outage: a neutral control request, then the case again on a fresh resource. Where that fails,
        too, an outage could have begun just then: the control once more."""
        controls = self._controls(case)
        for index, wait in enumerate((0.0, *_PATIENCE)):
            if self.left <= 0 or time.monotonic() + wait >= self.limits.deadline:
                return
            if wait:
                self.transport.manners.sleep(wait)
            # In turn: what fails may be the control's own fault, and whoever answers at all is there.
            control = self.send(controls[index % len(controls)], Role.CONTROL, "control", identity)
            if control is None and self._held:
                return
            if control is not None and not failed(control) and not is_limited(control):
                break
        else:
            self.progress.stop = "outage"
            return
        # Strangers are often turned away by somebody who stands before the provider, and knows nothing of its health.
        self._signs.doubts += index > 0 and control.auth is Auth.ABSENT
        if self._signs.doubts >= _DOUBTS:
            self.progress.stop = "outage"
        elif self.left > case.together:  # one for the control after it
            again = self.together(self._renewed(case), Role.REPEAT, "repeat", identity)
            if any(failed(one) for one in again):
                self.send(controls[index % len(controls)], Role.CONTROL, "control", identity)

    def _ask_credential(self, case: Case) -> None:
        """A credential that opens nothing shows nothing: where the first answers refused it, and two that surely open nothing
        get the same, the rest of the plan is left."""
        if self._signs.telling < _TURNED_AWAY or self._signs.turned_away is None or self.left < 2 or self.progress.stop:
            return
        (status,) = self._signs.turned_away
        self._signs.turned_away = None  # asked once
        identity = f"{self.kit.operation.id}: {case.name}"
        for kind in ("absent", "garbage"):
            answer = self.send(replace(case, credential=kind, together=1), Role.CONTROL, "control", identity)
            if answer is None or answer.response is None or answer.response.status != status:
                return
        self.progress.stop = REFUSED

    def _controls(self, case: Case) -> list[Case]:
        """Requests that change nothing: another than the case (one that was refused, else a neutral one), and one without a
        credential."""
        known = [*([self._signs.refused] if self._signs.refused is not None else []), *self._plan.controls]
        others = [one for one in known if one.name != case.name and self.allowed(one)]
        stranger = replace(case, name="control", credential="absent", together=1)
        if case.method or case.spelling:  # what goes astray by itself is no control of the operation
            plain = next(one for one in self._plan.cases if not one.promoted)
            stranger = replace(plain, name="control", credential="absent", together=1)
        return [*others[:1], replace(stranger, body=b"" if self.kit.operation.body is None else stranger.body)]
