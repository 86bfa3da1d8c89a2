"""One run: cases first, all of them; then each broken clause on its own, from the smallest case that broke it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smscontract.documents import Operation
from smscontract.fuzz import _drive
from smscontract.fuzz._check import Check
from smscontract.fuzz._compose import Composer
from smscontract.fuzz._model import POSITIVE, FuzzRequest, FuzzResult, Send, Verdict
from smscontract.fuzz._reduce import AS_FOUND, Reducer

__all__ = ["Run"]

#: Requests made for each case that is wanted, before it is said that no more can be made.
_ATTEMPTS = 12
#: Refused by the sender one after the other: it takes no more.
_UNSENT_IN_A_ROW = 25
#: Requests made, sent or not, while one finding is made small.
_SHRINK_STEPS = 1500


class Run:
    """See `smscontract.fuzz.fuzz`."""

    def __init__(
        self,
        operation: Operation,
        document: Mapping[str, Any],
        send: Send,
        *,
        seed: int,
        numbers: Mapping[str, Sequence[str]],
        ids: Mapping[str, Sequence[str]],
    ) -> None:
        self.operation = operation
        self.send = send
        self.seed = seed
        self.ids = ids
        self.check = Check(operation, numbers, ids)
        self._inputs = (operation, document, self.check, numbers, ids)
        self.found = FuzzResult()
        self.notes: list[str] = []
        self.over = False
        self._verdicts: dict[bytes, Verdict] = {}
        #: for each clause the smallest case that breaks it
        self._broken: dict[str, FuzzRequest] = {}
        self._unsent = 0
        self._spent: dict[str, int] = {}

    def result(self, wanted: Mapping[str, int], shrink: int) -> FuzzResult:
        """Executes `wanted` cases of each mode, and shrinks."""
        with _drive.quiet():
            self.composer = Composer(*self._inputs)
            for mode, count in wanted.items():
                if not self.over:
                    self._cases(mode, count)
            self._shrink_all(shrink)
        found = self.found
        for mode, trouble in sorted(self.composer.trouble.items()):
            self.notes.append(f"schemathesis has no {mode} cases ({trouble})")
        for mode, count in wanted.items():
            if found.executed[mode] < count:
                self.notes.append(f"{found.executed[mode]} of {count} {mode} cases were executed")
        found.complete = all(found.executed[mode] >= count for mode, count in wanted.items())
        found.note = "; ".join(self.notes)
        return found

    # -- cases

    def _cases(self, mode: str, count: int) -> None:
        made: list[FuzzRequest | None] = []
        compose = self.composer.positive if mode == POSITIVE else self.composer.negative

        def body(draw: _drive.Draw) -> None:
            made.append(compose(draw, self._ids()))

        if mode == POSITIVE and count and (unknown := self.composer.unknown()):
            self.notes.append(f"no value is known that is valid for {', '.join(f'`{name}`' for name in unknown)}")
            return
        run = _drive.generate(body)
        for attempt in range(count * _ATTEMPTS + 50):
            if self.found.executed[mode] >= count:
                return
            if mode == POSITIVE and len(self._ids()) < len(self.composer.consumed):
                self.notes.append("no unused id is left for valid cases")
                return
            raw = _drive.noise(f"{self.operation.key} {mode} {self.seed} {attempt}")
            made.clear()
            run(raw)
            if not made:
                continue  # rejected by schemathesis itself
            self.found.generated[mode] += 1
            request = made[0]
            if request is None:
                self.found.invalid_examples += 1
            elif request.identity not in self._verdicts and not self._case(request):
                return
        if self.found.executed[mode] < count:
            self.notes.append(f"no more {mode} cases could be made")

    def _case(self, request: FuzzRequest) -> bool:
        """Sends a case. False if nothing may follow it."""
        verdict = self.send(request, "case")
        if not verdict.sent:
            self.over = verdict.over
            self.found.stopped_by_leash[request.mode] += not verdict.over
            self._unsent += 1
            if self._unsent >= _UNSENT_IN_A_ROW:
                self.over = True
            if self.over:
                self.notes.append("the sender took no more requests")
            return not self.over
        self._unsent = 0
        self._verdicts[request.identity] = verdict
        self.found.executed[request.mode] += 1
        for name in self.composer.consumed:
            self._spent[name] = self._spent.get(name, 0) + (request.path_parameters.get(name) in self.ids.get(name, ()))
        for clause in sorted(verdict.broken):
            known = self._broken.get(clause)
            if known is None or request.size < known.size:
                self._broken[clause] = request
            self._remember(clause, request)
        if verdict.over:
            self.over = True
            self.notes.append("the sender took no more requests")
        return not verdict.over

    def _ids(self) -> dict[str, str]:
        """The next id of each parameter of which every value is used once."""
        return {
            name: self.ids[name][self._spent.get(name, 0)]
            for name in self.composer.consumed
            if self._spent.get(name, 0) < len(self.ids.get(name, ()))
        }

    def _remember(self, clause: str, request: FuzzRequest) -> None:
        known = self.found.findings.get(clause)
        if known is None or request.size < known.size:
            self.found.findings[clause] = request

    # -- shrinking

    def _shrink_all(self, budget: int) -> None:
        """Shares the budget between the clauses that are left, so that the first does not eat it up."""
        stuck = [clause for clause, request in self._broken.items() if self._uses_up(request)]
        if stuck:
            self.notes.append("findings on ids that can be used once are not made small")
        left = [clause for clause in self._broken if clause not in stuck]
        while left and not self.over:
            clause = left.pop(0)
            share = (budget - self.found.shrink_requests) // (len(left) + 1)
            self._shrink(clause, self._broken[clause], self.found.shrink_requests + share)

    def _uses_up(self, request: FuzzRequest) -> bool:
        return any(request.path_parameters.get(name) in self.ids.get(name, ()) for name in self.composer.consumed)

    def _shrink(self, clause: str, request: FuzzRequest, limit: int) -> None:
        """Makes the smallest case of one clause smaller. One run for each clause: in a common one Hypothesis slides from one
        finding into another and loses the first."""
        steps = 0
        reduce = Reducer(request, self.check, lambda place: self.composer.allowed.get(place, ()))
        failed: list[BaseException] = []
        last = request

        def body(draw: _drive.Draw) -> None:
            nonlocal last, steps
            steps += 1
            if steps > _SHRINK_STEPS:
                raise _drive.Stop
            smaller = reduce(draw)
            if smaller is None:
                return
            verdict = self._verdicts.get(smaller.identity)
            if verdict is None:
                if self.over or self.found.shrink_requests >= limit:
                    raise _drive.Stop
                try:
                    verdict = self.send(smaller, "shrink")
                except BaseException as error:  # noqa: BLE001  # raised again below; Hypothesis would take it for a finding
                    failed.append(error)
                    raise _drive.Stop from None
                self.found.shrink_requests += verdict.sent
                self.over |= verdict.over
                self._verdicts[smaller.identity] = verdict
                for one in verdict.broken:
                    self._remember(one, smaller)
            if clause in verdict.broken:
                last = smaller
                raise _drive.Found

        _drive.shrink(body, AS_FOUND)
        if failed:
            raise failed[0]
        # Of equals the last one is the plainest.
        if last.size[0] <= self.found.findings[clause].size[0]:
            self.found.findings[clause] = last
