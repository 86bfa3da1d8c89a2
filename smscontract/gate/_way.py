"""What the operations of one target share during a run: its pace, its texts, its journal; and the runner of each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from smscontract.catalogue import Catalogue
from smscontract.documents import Operation
from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.gate._careful import Careful
from smscontract.gate._effects import Allowance, Guard, Texts
from smscontract.gate._journal import Journal, Past, as_data
from smscontract.gate._lease import leased
from smscontract.gate._targets import Target
from smscontract.numbers import is_reserved
from smscontract.plain import count_of
from smscontract.probes.base import Kit
from smscontract.resources import Entry
from smscontract.runner import Limits, Runner
from smscontract.summary import Summary
from smscontract.transport import Leash, Manners, Pace

__all__ = ["Costs", "Way", "is_harmless", "ways"]

#: Timers that a run sets end at least so many seconds after it.
_MARGIN = 120.0
#: Requests and resources of each state that fuzzing leaves, so that a history can be asked again on a fresh pair or draft.
_KEEP = (24, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a run may cost and do, as `gate.Request` has it."""

    max_requests: int
    max_time: float
    max_sends: int | None
    no_effects: bool
    fuzz: int | None
    seed: int
    drafts_are_safe: bool
    manners: Manners

    def as_settings(self) -> dict[str, Any]:
        """What a journal keeps of it."""
        names = ("max_requests", "max_time", "max_sends", "no_effects", "fuzz", "seed", "drafts_are_safe")
        return {name: getattr(self, name) for name in names}


class Way:
    """One target of one run.

    Args:
        started: `time.monotonic()` at the beginning of the run.
        run: the run's identity.
    """

    def __init__(
        self,
        target: Target,
        costs: Costs,
        *,
        run: str,
        started: float,
        journal: Journal | None = None,
        said: Sequence[str] = (),
    ) -> None:
        self._said = said
        self.target = target
        self.costs = costs
        self.run = run
        self.journal = journal
        self.deadline = started + costs.max_time
        past = journal.past if journal is not None else None
        # All that an earlier run did counts from the beginning, whether its requests are asked for again or not.
        self.texts = Texts(past.texts[0], past.texts[1]) if past is not None else Texts()
        self._pace = Pace(target.rate)
        safe = target.sandbox
        self.allowance = Allowance(
            sends=costs.max_sends,
            no_effects=costs.no_effects,
            outlive=0.0 if safe else costs.max_time + _MARGIN,
            marker=run if target.shared else "",
        )

    def guard(self, kit: Kit) -> Guard:
        """What looks at the requests of one operation."""
        return Guard(kit, self.allowance, self.texts)

    def transport(self, kit: Kit, *, offset: int, deadline: float | None = None, patience: float | None = None) -> Careful:
        """The way out for one operation.

        Args:
            deadline: `time.monotonic()` after which it sends nothing, instead of the run's.
            patience: seconds that it waits for an answer at most, if that is less than always.
        """
        manners = self.costs.manners
        if patience is not None:
            manners = replace(manners, time_out=min(manners.time_out, patience))
        target = self.target
        run = f"seed-{self.costs.seed}" + (f"-run-{self.run}" if target.shared else "")
        return Careful(
            self.guard(kit),
            self._pace,
            self.deadline if deadline is None else deadline,
            self.journal,
            target.url,
            Leash(_granted(kit)),
            run=run,
            offset=offset,
            manners=manners,
            reach=target.reach,
        )

    def runner(self, kit: Kit, summary: Summary, sink: Callable[[Exchange], None], *, offset: int) -> Runner:
        """The runner of one operation."""
        costs, target = self.costs, self.target
        keep = _KEEP if target.shared else (0, 0)
        limits = Limits(requests=costs.max_requests, deadline=self.deadline, fuzz=costs.fuzz, keep=keep)
        careful = kit.operation.effect.get("texts") == "now" and not target.sandbox and not costs.drafts_are_safe

        def may_spend(entry: Entry) -> bool:
            return not careful or is_harmless(kit.operation, entry)

        transport = self.transport(kit, offset=offset)
        return Runner(kit, transport, summary, token=target.token, limits=limits, sink=sink, may_spend=may_spend)

    def notes(self) -> Iterator[str]:
        """What the run did out there, one sentence each."""
        yield from self._said
        now, later = self.texts.now, self.texts.later
        if not self.target.sandbox:
            yield from [f"at most {now} texts were sent"] if now else []
            yield from [f"at most {later} texts may follow when timers end"] if later else []
        past = self.journal.past if self.journal is not None else None
        if past is not None and past.unanswered:
            yield f"{count_of(past.unanswered, 'request')} interrupted while waiting: not judged, and not sent again"

    def rest(self) -> Iterator[Exchange]:
        """What an earlier run sent and this one had no use for: it is judged all the same."""
        past = self.journal.past if self.journal is not None else None
        yield from (one for one in (past.rest() if past is not None else []) if one is not None)


@contextmanager
def ways(
    targets: list[Target],
    costs: Costs,
    catalogue: Catalogue,
    *,
    started: float | None = None,
    journal: str | None = None,
    past: Past | None = None,
) -> Iterator[list[Way]]:
    """The ways of a run, for as long as the block lasts.

    Raises:
        UsageError: a journal of several targets, or of a sandbox that is gone with the run.
        UnusableInput: the journal cannot be written, or is that of another run.
    """
    began = time.monotonic() if started is None else started
    run = past.run if past is not None else uuid4().hex[:12]
    if journal is not None and (len(targets) != 1 or targets[0].own):
        raise UsageError(
            "a journal is kept of one target that outlives the run", hint="name one target that is not started here"
        )
    with ExitStack() as stack:
        found: list[Way] = []
        for target in targets:
            operations = catalogue.contracts[target.provider].operations
            slot = int(past.settings.get("slot") or 0) if past is not None else None
            mine, notes = stack.enter_context(leased(target, operations, seed=costs.seed, slot=slot))
            book = stack.enter_context(_journal(mine, costs, run, journal, past)) if journal is not None else None
            found.append(Way(mine, costs, run=run, started=began, journal=book, said=notes))
        yield found


@contextmanager
def _journal(target: Target, costs: Costs, run: str, journal: str, past: Past | None) -> Iterator[Journal]:
    settings = {**costs.as_settings(), "provider": target.provider, "host": target.url.netloc, "slot": target.slot}
    if past is not None:
        _check_same(past, settings)
    book = Journal(journal, target.secrets, run=run, settings=settings, resources=as_data(target.resources), past=past)
    try:
        yield book
        book.end()
    finally:
        book.close()


def _check_same(past: Past, settings: Mapping[str, Any]) -> None:
    for name in ("provider", "host"):
        if past.settings.get(name) != settings[name]:
            raise UsageError(f"the journal is that of another {name}", hint="name the target that it was begun on")


def is_harmless(operation: Operation, entry: Entry) -> bool:
    """Whether a request on this resource texts nobody that we could not answer for: its recipient is reserved, or the contract
    has it refused for what it is. Where only a permission stands before it (401, 403), or nothing is known of its state, a
    provider that forgets to look would text somebody."""
    recipient = entry.known.get("to_number")
    if isinstance(recipient, str) and is_reserved(recipient):
        return True
    listed = operation.states.get(entry.parameter, {})
    codes = [code for label in (entry.label, entry.state) if label in listed for code in listed[label][0]]
    return bool(codes) and not any(code.startswith("2") or code in ("401", "403") for code in codes)


def _granted(kit: Kit) -> dict[str, set[str]]:
    """Numbers that the resources name, each for its own member: sending them there is what the user asked for."""
    return {name: {entry.value for entry in kit.resources.entries(name)} for name in kit.phones}
