"""The way out for a run: beside the leash it keeps to the rate, to what may be done, and writes down before it sends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from smscontract.exchange import Exchange
from smscontract.gate._effects import Guard
from smscontract.gate._journal import Journal
from smscontract.transport import NotSentError, Outgoing, Pace, Transport

__all__ = ["Careful"]


class Careful(Transport):
    """A transport that sends only what the user allows, when the user allows it.

    Args:
        guard: what requests may do.
        pace: how fast they may go.
        deadline: `time.monotonic()` after which nothing goes.
        journal: what is written down, and what an earlier run wrote down.
        given: what a `Transport` is made from.
    """

    def __init__(self, guard: Guard, pace: Pace, deadline: float, journal: Journal | None, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._guard = guard
        self._pace = pace
        self._deadline = deadline
        self._journal = journal
        self._wait = self.manners.sleep
        # Nobody waits for answers that are there already.
        self.manners = replace(self.manners, sleep=self._sleep)
        self._replaying = False

    def exchanges(self, together: Sequence[Outgoing]) -> list[Exchange]:
        """Sends some requests at the same moment, or gives back what an earlier run got.

        Raises:
            LeashError, UnsendableError, NotSentError: none of them was sent.
        """
        together = [self._guard.dressed(one) for one in together]
        past = self._past(together)
        if past is not None:
            return past
        self._guard.check(together)
        if self._journal is not None or self._pace.rate.per_second:  # what may not leave takes no turn, and is no line
            for one in together:
                self._ready(one)
        self._keep_pace(len(together))
        if self._journal is not None:
            self._journal.sending(together, [self._guard.at_most(one) for one in together])
        sent = super().exchanges(together)
        texts = [self._guard.note(one, exchange) for one, exchange in zip(together, sent, strict=True)]
        if self._journal is not None:
            self._journal.answered(together, sent, texts)
        for exchange in sent:
            self._pace.learn(exchange)
        return sent

    def _past(self, together: Sequence[Outgoing]) -> list[Exchange] | None:
        past = self._journal.past if self._journal is not None else None
        found = past.take(together) if past is not None else None
        self._replaying = found is not None
        if found is None:
            return None
        whole = [one for one in found if one is not None]
        if len(whole) < len(found):
            raise NotSentError("interrupted while waiting", "nobody knows what became of it; run again to ask again")
        self.sent += len(whole)
        for one, exchange in zip(together, whole, strict=True):
            self._guard.note(one, exchange, counted=False)
        return [replace(one, origin=replace(one.origin, request=self._first(whole) + index)) for index, one in enumerate(whole)]

    def _first(self, sent: Sequence[Exchange]) -> int:
        return self._offset + self.sent - len(sent) + 1

    def _keep_pace(self, count: int) -> None:
        for _ in range(count):
            wait = self._pace.wait()
            if time.monotonic() + wait >= self._deadline and wait:
                raise NotSentError("time", "give more: --max-time")
            if wait:
                self._wait(wait)
            self._pace.take()

    def _sleep(self, seconds: float) -> None:
        if not self._replaying:
            self._wait(seconds)
            self._pace.waited()
