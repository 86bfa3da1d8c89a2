"""Exchanges of which one clause is broken: which break has its turn, and what the client gets to see instead.

An answer breaks one clause at a time. Where several breaks fit, they take turns: the one that was used least comes first.

What is broken of what arrives:

- A clause on the answer: every answer that it speaks of and that can be made to break it and nothing else.
- `accepts` of an optional place: every valid request that gives it. Of a required one: valid requests whose value there has a
  shape that no accepted request had before, so that the plain request goes on being accepted. Of the request as a whole: a
  request that was accepted before, word for word.
- `no-server-error`, `answers`, `complete-body`, a good credential refused and a state whose requests are accepted, unless a
  condition says which: valid requests that are more than the plainest one (a member beside the required ones, a query, a
  resource of a labelled kind). A plain request always passes, so that a control request tells a broken case from an outage, and
  the same case fails again.
- Histories: what the client saw is remembered, and answers after a break agree with what was shown, not with what the
  application holds, so that one break does not bring others in its train.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from smscontract.breaker.asked import accepted_resources, gives, has_credential, is_spoken_of, is_varied, ordered_past
from smscontract.breaker.grammar import Break
from smscontract.breaker.mend import Mender, sized
from smscontract.breaker.past import Past
from smscontract.catalogue import Catalogue
from smscontract.clauses import families
from smscontract.clauses.acceptance import RequestDetail, features
from smscontract.clauses.mutate import success_of
from smscontract.clauses.state import StateDetail
from smscontract.clauses.validity import refused
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Rule
from smscontract.exchange import Auth, Exchange
from smscontract.judge import Judge

__all__ = ["REMEMBERED", "Mutator", "Tally", "Turn"]

#: Exchanges remembered for each operation.
REMEMBERED = 256
#: How often a candidate is held against the judge for one request, mended ones included: a client is waiting.
_JUDGED = 150


@dataclass(slots=True)
class Tally:
    """What became of one break.

    Attributes:
        eligible: exchanges that met the conditions and could be broken.
        broken: those that were (with `every` not all).
        inexact: of the broken ones, those that break something else too.
        spared: exchanges that met the conditions and of which nothing breaks the clause.
    """

    eligible: int = 0
    broken: int = 0
    inexact: int = 0
    spared: int = 0


@dataclass(slots=True)
class _Armed:
    """A break, ready to be used."""

    order: int
    wanted: Break
    clause: Clause
    operation: Operation
    tally: Tally = field(default_factory=Tally)

    @property
    def early(self) -> bool:
        """Whether it is decided by the request alone, so that the application need not be asked and keeps its state."""
        detail = self.clause.detail
        if any(condition.needs_answer for condition in self.wanted.conditions):
            return False
        if isinstance(detail, RequestDetail):
            return detail.word == "accepts"
        if isinstance(detail, StateDetail):
            return any(code.startswith("2") for code in detail.codes)
        return detail in ("good", "no-server-error", "answers")

    @property
    def varied_only(self) -> bool:
        """Whether a plain request has to pass, since without a success nobody could tell."""
        if self.wanted.conditions:
            return False
        detail = self.clause.detail
        if isinstance(detail, StateDetail):
            return any(code.startswith("2") for code in detail.codes)
        return detail in ("good", "no-server-error", "answers", "complete-body")

    @property
    def repeated_only(self) -> bool:
        """Whether only what was accepted before is refused: else one of its parts would be to blame, not the whole."""
        whole = self.clause.detail == RequestDetail("", None, "accepts")
        return whole and not self.wanted.conditions


class _Scene:
    """One operation: its breaks, what the client saw, and what the application said."""

    def __init__(self, judge: Judge, armed: Sequence[_Armed], remember: int) -> None:
        self.armed = tuple(armed)
        self.shown = Past(judge, remember)
        self.said = Past(judge, remember)
        self.disturbed = False
        self.acceptance = frozenset(
            clause.id
            for clause in judge.catalogue.of_operation(armed[0].operation.key)
            if isinstance(clause.detail, RequestDetail) and clause.detail.word == "accepts"
        )


class Mutator:
    """Breaks clauses of exchanges, one at a time. Not for several threads at once.

    Args:
        breaks: what to break.
        remember: so many exchanges of each operation are the past that histories are judged by.
        exact: leave an answer alone where the clause cannot be broken without another one.
    """

    def __init__(
        self, catalogue: Catalogue, breaks: Sequence[Break], *, remember: int = REMEMBERED, exact: bool = False
    ) -> None:
        self.catalogue = catalogue
        self.exact = exact
        self.judge = Judge(catalogue)
        armed = []
        for order, wanted in enumerate(breaks):
            clause = catalogue.clause(wanted.clause)
            armed.append(_Armed(order, wanted, clause, catalogue.operations[clause.operation]))
        self._armed = tuple(armed)
        self._scenes: dict[str, _Scene] = {}
        for key in dict.fromkeys(one.clause.operation for one in armed):
            self._scenes[key] = _Scene(self.judge, [one for one in armed if one.clause.operation == key], remember)

    @property
    def tallies(self) -> list[tuple[Break, Tally]]:
        """What became of each break so far, in the order in which they were given."""
        return [(one.wanted, one.tally) for one in self._armed]

    def speaks_of(self, operation: str) -> bool:
        """Whether a clause of this operation (its key) is to be broken."""
        return operation in self._scenes

    def turn(self, asked: Exchange) -> Turn:
        """The turn of one request. `asked` has an operation that `speaks_of` knows, and no answer yet."""
        return Turn(self, self._scenes[asked.operation or ""], asked)


class Turn:
    """One request on its way: `early` before the application is asked, `late` after it, then `seen` with what was sent."""

    def __init__(self, mutator: Mutator, scene: _Scene, asked: Exchange) -> None:
        self._mutator = mutator
        self._judge = mutator.judge
        self._scene = scene
        self._asked = asked
        self._done: set[int] = set()  # breaks whose `every` has counted this request already
        self._spared: set[int] = set()
        self._judged = 0
        self._own: frozenset[str] = frozenset()  # what the application's answer breaks by itself
        self._mender = Mender(mutator.catalogue, self._named, scene.shown.latest)

    def early(self) -> Exchange | None:
        """The exchange with the answer to send without asking the application, or `None`: ask it."""
        if self._asked.auth is None:
            return None
        for armed in self._in_turn():
            if not armed.early:
                return None  # it comes first, and needs the answer
            stand_in = success_of(self._asked, armed.operation)
            stand_in = dataclasses.replace(stand_in, received_at=self._asked.sent_at)
            found = self._tried(armed, stand_in)
            if found is not None:
                return found
        return None

    def late(self, answered: Exchange) -> Exchange:
        """The exchange with the answer to send instead of the application's, which may be the same."""
        answered = sized(self._inferred(answered))
        self._own = frozenset(self._scene.said.news([answered]))
        self._scene.said.add(answered)
        last = self._steadied(answered)
        for armed in self._in_turn():
            found = self._tried(armed, last)
            if found is not None:
                return found
        return last

    def seen(self, exchange: Exchange) -> None:
        """Remembers what the client was shown."""
        self._scene.shown.add(exchange)

    def _in_turn(self) -> list[_Armed]:
        left = [armed for armed in self._scene.armed if armed.order not in self._done]
        return sorted(left, key=lambda armed: (armed.tally.broken, armed.order))

    def _inferred(self, exchange: Exchange) -> Exchange:
        """Without anybody who knows, an application that says yes says that the credential and all resources were good."""
        status = exchange.response.status if exchange.response is not None else 0
        operation = self._mutator.catalogue.operations[exchange.operation or ""]
        if exchange.auth is not None or operation.security is None:
            return exchange
        if status == 401:
            return dataclasses.replace(exchange, auth=Auth.WRONG if has_credential(exchange, operation) else Auth.ABSENT)
        if status // 100 != 2:
            return exchange
        return dataclasses.replace(exchange, auth=Auth.GOOD, known={**accepted_resources(operation), **exchange.known})

    def _steadied(self, answered: Exchange) -> Exchange:
        """The application's answer as it has to be after what the client was shown."""
        if not self._scene.disturbed:
            return answered
        named = self._scene.shown.news([answered])
        return answered if named <= self._own else self._mender.mended(answered, self._own) or answered

    def _tried(self, armed: _Armed, last: Exchange) -> Exchange | None:
        view = self._judge.view(last)
        if view is None or not all(condition.holds(view) for condition in armed.wanted.conditions):
            return None
        found, exact = self._broken(armed, last, view)
        if found is None:
            armed.tally.spared += armed.order not in self._spared
            self._spared.add(armed.order)
            return None
        armed.tally.eligible += 1
        if (armed.tally.eligible - 1) % armed.wanted.every:
            self._done.add(armed.order)
            return None
        armed.tally.broken += 1
        armed.tally.inexact += not exact
        self._scene.disturbed = True
        return found

    def _broken(self, armed: _Armed, last: Exchange, view: View) -> tuple[Exchange | None, bool]:
        """The exchange with the clause broken, and whether it is the only one; `None` where it cannot be."""
        identity = armed.clause.id
        if not is_spoken_of(armed.clause.detail, view):
            return None, False
        if armed.varied_only and not (view.validity == "valid" and is_varied(view)):
            return None, False
        allowed = frozenset({identity})
        if identity in self._scene.acceptance:
            if view.validity != "valid":
                return None, False
            node = armed.clause.detail.node
            if node is None or not node.required:
                # Who gives it is refused, whatever else the request has: which of its parts is to blame, the judge finds out.
                if not gives(armed.clause.detail, view) or (armed.repeated_only and not self._accepted_before(last)):
                    return None, False
                allowed = self._scene.acceptance
            elif not self._of_a_new_shape(node.text, view):
                return None, False
        return self._searched(armed, last, view, allowed)

    def _of_a_new_shape(self, place: str, view: View) -> bool:
        """Whether a place that every request has shows something that no accepted one did, after one that was accepted."""
        accepted = self._scene.shown.accepted()
        return bool(accepted) and not {feature for feature in features(view) if feature[0] == place} <= accepted

    def _accepted_before(self, last: Exchange) -> bool:
        return any(
            earlier.response is not None and earlier.response.status // 100 == 2 and earlier.request.body == last.request.body
            for earlier in self._scene.shown.latest()
        )

    def _searched(self, armed: _Armed, last: Exchange, view: View, allowed: frozenset[str]) -> tuple[Exchange | None, bool]:
        identity = armed.clause.id
        natural = self._own - allowed
        least: Exchange | None = None
        hopeless: set[frozenset[str]] = set()
        for candidate, base in self._candidates(armed, last, view):
            if self._judged > _JUDGED:
                break
            named = self._named(candidate, armed, base)
            if identity not in named and allowed == {identity}:
                continue
            if named <= allowed | natural:
                return candidate, True
            extra = frozenset(named - allowed - natural)
            if extra in hopeless:  # what could not be mended once cannot be mended in the next candidate
                least = least or candidate
                continue
            mended = self._mender.mended(candidate, allowed | natural)
            if mended is None:
                hopeless.add(extra)
            if mended is not None and (allowed != {identity} or identity in self._named(mended, armed, base)):
                return mended, True
            least = least or candidate
        return (None if self._mutator.exact else least), False

    def _candidates(self, armed: _Armed, last: Exchange, view: View) -> Iterator[tuple[Exchange, Exchange]]:
        """What the family offers, each once, with the exchange that it was made from; the request is never another one."""
        module = families()[armed.clause.family]
        past = ordered_past(armed.clause.detail, list(self._scene.shown.latest()), last)
        tried: set[tuple[Any, ...]] = set()
        for base in self._bases(armed, last, view):
            for candidate in module.break_(armed.clause, past, base, armed.operation):
                if candidate.request is not last.request:
                    continue
                whole = sized(candidate)
                answer = whole.response
                key = (answer.status, answer.headers, answer.body) if answer is not None else ()
                key = (*key, whole.failure, whole.received_at)
                if key in tried:
                    continue
                tried.add(key)
                yield whole, base

    def _bases(self, armed: _Armed, last: Exchange, view: View) -> Iterator[Exchange]:
        """The application's answer; for a history of which it refuses to be a part, also the last success of the same path."""
        yield last
        detail = armed.clause.detail
        if not isinstance(detail, Rule) or not detail.per or view.validity == "invalid" or not refused(view):
            return
        for earlier in self._scene.shown.latest():
            success = earlier.response is not None and earlier.response.status // 100 == 2
            if success and earlier.path_parameters == last.path_parameters:
                yield dataclasses.replace(last, response=earlier.response)
                return

    def _named(self, exchange: Exchange, armed: _Armed | None = None, base: Exchange | None = None) -> set[str]:
        """What an exchange breaks after what the client saw; a failure together with the requests that it takes to tell."""
        self._judged += 1
        if armed is not None and base is not None:
            module = families()[armed.clause.family]
            if hasattr(module, "expand"):
                return self._scene.shown.news(module.expand(armed.clause, exchange, base))
        return self._scene.shown.news([exchange])
