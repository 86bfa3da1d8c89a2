"""What an accepted request does out there, and how much of it the user allows: texts now, texts later, things that are made."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smscontract.documents import Operation
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request
from smscontract.probes.base import Kit
from smscontract.transport import NotSentError, Outgoing

__all__ = ["Allowance", "Guard", "Texts", "texts_of"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a run may do to its target.

    Attributes:
        sends: texts at most, now and later, `None` for any number.
        no_effects: whether only what changes nothing is sent.
        outlive: timers that are set last at least so many seconds, so that none ends during the run; 0 for any.
        marker: what is put at the contract's `marker` place; empty for nothing.
    """

    sends: int | None = None
    no_effects: bool = False
    outlive: float = 0.0
    marker: str = ""


@dataclass(slots=True)
class Texts:
    """Texts of a run, at most.

    Attributes:
        now, later: those that went out, and those that may follow when timers end.
        unmeant: whether the target accepted what it must refuse, so that it may do so again.
    """

    now: int = 0
    later: int = 0
    unmeant: bool = False

    @property
    def total(self) -> int:
        """All of them."""
        return self.now + self.later


class Guard:
    """Looks at each request of one operation before it goes, and at each answer.

    Args:
        kit: of the operation; says which requests are meant to be accepted.
        spent: texts of the run so far, shared by the operations of a target.
    """

    def __init__(self, kit: Kit, allowance: Allowance, spent: Texts) -> None:
        self._kit = kit
        self._operation = kit.operation
        self._allowance = allowance
        self._spent = spent
        self._marked: set[tuple[str, ...]] = set()

    # -- before

    def dressed(self, outgoing: Outgoing) -> Outgoing:
        """The request as it goes out: timers that end after the run, the run's marker on what it makes."""
        allowance = self._allowance
        if outgoing.operation is not self._operation or not outgoing.body or (not allowance.outlive and not allowance.marker):
            return outgoing
        body = _object(outgoing.body)
        if body is None or outgoing.auth not in (Auth.GOOD, None):
            return outgoing
        before = self._validity(outgoing)
        if allowance.outlive:
            outgoing = self._outliving(outgoing, body, before)
        if allowance.marker and before == "valid":
            outgoing = self._with_marker(outgoing, _object(outgoing.body) or body)
        return outgoing

    def _outliving(self, outgoing: Outgoing, body: dict[str, Any], before: str) -> Outgoing:
        timers = [name for name in _timers(self._operation) if _is_number(body.get(name))]
        if all(body[name] >= self._allowance.outlive for name in timers):
            return outgoing
        more = math.ceil(self._allowance.outlive)
        longer = replace(outgoing, body=self._kit.encoded({**body, **{name: body[name] + more for name in timers}}))
        if before != "undefined" and self._validity(longer) == before:
            return longer
        if before == "invalid":
            return outgoing  # what has to be refused sets no timer
        raise NotSentError("its timer could end during the run", "give less: --max-time")

    def _with_marker(self, outgoing: Outgoing, body: dict[str, Any]) -> Outgoing:
        place = self._operation.marker
        if place is None:
            return outgoing
        scope = tuple(str(body.get(name)) for name in self._kit.phones)
        if scope in self._marked and not self._starts_anew(body) and place.steps[0] not in body:
            return outgoing
        marked = _put(body, [str(step) for step in place.steps], self._allowance.marker)
        if marked is None:
            return outgoing
        dressed = replace(outgoing, body=self._kit.encoded(marked))
        if self._validity(dressed) != "valid":
            return outgoing
        self._marked.add(scope)
        return dressed

    def _starts_anew(self, body: Mapping[str, Any]) -> bool:
        """Whether a rule says that this request makes something new although there was something."""
        return any(
            rule.kind == "fresh" and rule.when and all(body.get(place.last) == expected for place, expected in rule.when)
            for rule in self._operation.rules
        )

    def check(self, together: Sequence[Outgoing]) -> None:
        """Lets requests go or not.

        Raises:
            NotSentError: they would do more than the user allows.
        """
        if self._allowance.sends is None and not self._allowance.no_effects:
            return
        mine = [one for one in together if one.operation is self._operation]
        changing = [one for one in mine if self.changes(one)]
        if changing and self._allowance.no_effects:
            raise NotSentError("it changes something", "leave out --no-effects")
        most = self._allowance.sends
        if most is None:
            return
        spent = self._spent
        texts = sum(texts_of(self._operation, one.body) for one in changing)
        # A target that accepts what it must refuse takes what is kept for it; then nothing goes that could be accepted at all.
        kept = 0 if spent.unmeant or most <= self._largest else self._largest
        unmeant = sum(texts_of(self._operation, one.body) for one in mine if one.method not in _SAFE_METHODS) - texts
        if (texts and spent.total + texts > most - kept) or (
            unmeant and spent.unmeant and spent.total + texts + unmeant > most
        ):
            raise NotSentError("sends", "give more: --max-sends")

    @property
    def _largest(self) -> int:
        """Texts that one request can cause."""
        return max(1, len(_timers(self._operation)))

    def changes(self, outgoing: Outgoing) -> bool:
        """Whether a request is meant to be accepted, or nobody knows, so that it does what the contract says."""
        operation = self._operation
        effect = operation.effect
        if outgoing.method in _SAFE_METHODS or (effect and effect.get("texts", "never") == "never" and "creates" not in effect):
            return False
        if outgoing.auth not in (Auth.GOOD, None) or self._validity(outgoing) == "invalid":
            return False
        for parameter, states in operation.states.items():
            known = outgoing.known.get(parameter, {})
            for label in (str(known.get("label")), str(known.get("state"))):
                if label in states:
                    if not any(code.startswith("2") for code in states[label][0]):
                        return False
                    break
        return True

    def _validity(self, outgoing: Outgoing) -> str:
        exchange = Exchange(
            request=Request(
                method=outgoing.method, url=f"http://127.0.0.1{outgoing.target}", headers=outgoing.headers, body=outgoing.body
            ),
            response=None,
            origin=Origin(kind=OriginKind.LIVE),
            auth=outgoing.auth,
            known=outgoing.known,
            operation=self._operation.key,
            path_parameters=outgoing.path_parameters,
        )
        view = self._kit.judge.view(exchange)
        return (view.assessment.validity if view is not None else None) or "undefined"

    # -- after

    def note(self, outgoing: Outgoing, exchange: Exchange, *, counted: bool = True) -> tuple[int, int]:
        """Counts the texts of a request that was accepted, or of which nobody knows whether it was, and gives them.

        Args:
            counted: `False` if they were counted before.
        """
        if outgoing.operation is not self._operation:
            return 0, 0
        response = exchange.response
        unknown = exchange.failure is not None or response is None or response.status >= 500
        accepted = response is not None and response.status // 100 == 2
        texts = self.at_most(outgoing, meant=unknown and not accepted) if accepted or unknown else (0, 0)
        self._spent.unmeant |= accepted and any(texts) and not self.changes(outgoing)
        if counted:
            self._spent.now += texts[0]
            self._spent.later += texts[1]
        return texts

    def at_most(self, outgoing: Outgoing, *, meant: bool = True) -> tuple[int, int]:
        """Texts that a request may cause, now and later.

        Args:
            meant: none if it is meant to be refused.
        """
        if outgoing.operation is not self._operation or (meant and not self.changes(outgoing)):
            return 0, 0
        texts = texts_of(self._operation, outgoing.body)
        return (0, texts) if self._operation.effect.get("texts") == "later" else (texts, 0)


def texts_of(operation: Operation, body: bytes) -> int:
    """How many texts an accepted request causes at most: one at once, or one for each timer that it sets."""
    texts = operation.effect.get("texts", "never")
    if texts != "later":
        return int(texts == "now")
    timers = _timers(operation)
    if not timers:
        return 1
    # A lenient target may read more than we do: of a member that stands twice either, and what is no JSON as something else.
    given: set[str] = set()

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        given.update(name for name, value in members if value is not None)
        return dict(members)

    try:
        json.loads(body, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return sum(name.encode() in body for name in timers)
    return sum(name in given for name in timers)


def _timers(operation: Operation) -> list[str]:
    """Members of the body that say after how many seconds of silence a text goes out."""
    return [str(text).removeprefix("sent.") for text in operation.effect.get("timers", ())]


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _put(body: Mapping[str, Any], steps: Sequence[str], text: str) -> dict[str, Any] | None:
    """The body with a text at a place; `None` where something else stands in the way."""
    inner: Any = text
    if len(steps) > 1:
        below = body.get(steps[0], {})
        inner = _put(below, steps[1:], text) if isinstance(below, Mapping) else None
    return None if inner is None else {**body, steps[0]: inner}
