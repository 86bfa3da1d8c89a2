"""Right servers of the one provider that decide otherwise where its page is silent: any finding is a false alarm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.clock import Clock, stamp
from smscontract.sandbox.numbers import Outcome
from smscontract.sandbox.records import Message
from smscontract.sandbox.store import Store, Transaction
from tests.faults.model import Bland, Stuut, twin
from tests.faults.shown import Shown

__all__: list[str] = []


twin(type("Sandbox", (Stuut,), {}))


# -- refusals in other words


@twin
class Forbidden(Stuut):
    def unauthorized(self, detail: str) -> Answer:
        return self.refused(403, detail)


@twin
class StateIs400(Stuut):
    def wrong_state(self, message: Message) -> Answer:  # noqa: ARG002 - the same words for all
        return self.refused(400, "Cannot be sent")


@twin
class StateIs422WithAList(Stuut):
    def wrong_state(self, message: Message) -> Answer:
        return Answer(
            422, {"detail": [{"loc": ["path", "sms_id"], "msg": "wrong state", "type": "value_error", "input": message.id}]}
        )


@twin
class ForeignIs403(Stuut):
    def send(self, sms_id: str) -> Answer:
        with self.store.transaction() as tx:
            message = tx.message(sms_id)
        return super().send(sms_id) if message is None or self.is_ours(message) else self.refused(403, "Forbidden")


@twin
class OwnHandler(Stuut):
    """Refusals of a handler of its own, with the time and the path."""

    def refused(self, status: int, detail: str) -> Answer:
        return Answer(
            status, {"error": {"code": status, "message": detail}, "timestamp": stamp(self.clock()), "request_id": "r-1"}
        )


@twin
class NoRefusalBodies(Stuut):
    def refused(self, status: int, detail: str) -> Answer:  # noqa: ARG002 - nothing is said
        return Answer(status, {})


# -- messages that look otherwise


@twin
class ExtraFields(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "segments": 2, "partner": {"id": "p1", "object": "partner"}, "tags": []}


@twin
class TelNumbers(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        def uri(number: str) -> str:
            return f"tel:+1-{number[2:5]}-{number[5:8]}-{number[8:]}"

        return {**body, "from_number": uri(body["from_number"]), "to_number": uri(body["to_number"])}


_TIMES = ("created_at", "modified_at", "sent_at", "delivered_at")


def _rounded(store: Store) -> None:
    """What was planted counts in whole seconds too."""
    with store.transaction() as tx:
        for message in tx.messages():
            times = {name: getattr(message, name) for name in _TIMES}
            whole: Any = {
                name: text and stamp(datetime.fromisoformat(text).replace(microsecond=0)) for name, text in times.items()
            }
            tx.replace_message(replace(message, **whole))


def _times(body: dict[str, Any], spell: Any) -> dict[str, Any]:
    return {**body, **{name: body[name] and spell(datetime.fromisoformat(body[name])) for name in _TIMES}}


@twin
class OtherOffsets(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        zone = timezone(timedelta(hours=5, minutes=45))
        return _times(body, lambda moment: moment.astimezone(zone).isoformat())


@twin
class NoFractions(Shown):
    """Whole seconds: what is created, sent and answered in one second is equal."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return _times(body, lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"))

    def __init__(self, store: Store, clock: Clock, token: str) -> None:
        super().__init__(store, lambda: clock().replace(microsecond=0), token)
        _rounded(store)


@twin
class NineDigits(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return _times(body, lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%f123Z"))


@twin
class SmallLetters(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return _times(body, lambda moment: moment.strftime("%Y-%m-%dt%H:%M:%S.%fz"))


@twin
class ModifiedWhenSent(Stuut):
    def sent(self, message: Message, outcome: Outcome) -> Message:
        return replace(super().sent(message, outcome), modified_at=stamp(self.clock()))


@twin
class SenderChosenLate(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "from_number": "+12025550109"}


@twin
class CarriersClock(Shown):
    """Four seconds behind ours."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        def late(text: str | None) -> str | None:
            return text and stamp(datetime.fromisoformat(text) - timedelta(seconds=4))

        return {**body, "sent_at": late(body["sent_at"]), "delivered_at": late(body["delivered_at"])}


@twin
class BareClassifications(Stuut):
    def present_classification(self, classification: dict[str, Any]) -> dict[str, Any]:
        full = super().present_classification(classification)
        names = ("created_at", "id", "classification", "is_action_required", "is_reply_required", "reason", "object")
        return {name: full[name] for name in names}


@twin
class NullsInClassifications(Stuut):
    def present_classification(self, classification: dict[str, Any]) -> dict[str, Any]:
        full = super().present_classification(classification)
        nulls = ("modified_at", "action_recommendation", "agent_confidence_score", "agent_metrics", "evidence", "language")
        return {**full, **dict.fromkeys(nulls), "classification": "dispute"}


@twin
class ScoresAsPercent(Stuut):
    def present_classification(self, classification: dict[str, Any]) -> dict[str, Any]:
        return {**super().present_classification(classification), "agent_confidence_score": 92}


# -- what becomes of a message


class _Everything(Stuut):
    outcome_is = Outcome("pending")

    def outcome(self, message: Message) -> Outcome:  # noqa: ARG002 - the same for all
        return self.outcome_is


@twin
class EverythingWaits(_Everything):
    pass


@twin
class EverythingFails(_Everything):
    outcome_is = Outcome("failed", "Account suspended")


@twin
class EverythingIsSent(_Everything):
    outcome_is = Outcome("sent")


@twin
class SentTimeOnlyLater(Stuut):
    """The time of sending comes with the carrier's answer."""

    def sent_at(self, outcome: Outcome, now: datetime) -> str | None:
        return super().sent_at(outcome, now) if outcome.status != "sent" else None


class _Again(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return message.direction == "outbound"

    def sent(self, message: Message, outcome: Outcome) -> Message:
        return super().sent(message, outcome) if message.status == "draft" else self.later(message)

    def later(self, message: Message) -> Message:
        return message

    def hand_over(self, tx: Transaction, message: Message) -> None:
        tx.replace_message(message)


@twin
class SameAnswerAgain(_Again):
    pass


@twin
class ProgressBetweenSends(_Again):
    def later(self, message: Message) -> Message:
        now = stamp(self.clock())
        if message.status == "pending":
            return replace(message, status="sent", sent_at=now)
        if message.status == "sent":
            return replace(message, status="delivered", delivered_at=now)
        return message


@twin
class FailureBetweenSends(_Again):
    def later(self, message: Message) -> Message:
        if message.status in {"pending", "sent"}:
            return replace(message, status="failed", error_message="Unknown error")
        return message


@twin
class FailedMayBeSentAgain(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return super().may_be_sent(message) or message.status == "failed"


@twin
class IdsOfOthersAreUnknown(Stuut):
    """The same words for what is missing, foreign or of another state."""

    def wrong_state(self, message: Message) -> Answer:  # noqa: ARG002 - the same words for all
        return self.unknown()


@twin
class BodyIsRefused(Stuut):
    def send(self, sms_id: str) -> Answer:
        return super().send(sms_id)

    def answer(self, ask: Ask) -> Answer:
        refusal = self.refuse_stranger(ask)
        return refusal or (self.refused(422, "no body, please") if ask.body else super().answer(ask))


# -- identifiers of any form


def _with_ids(name: str, spell: Any) -> type[Store]:
    class Ids(Transaction):
        def fresh_id(self, kind: str) -> str:
            text = super().fresh_id(kind)
            return str(spell(kind, text.rpartition("_")[2]))

    class Other(Store):
        @contextmanager
        def transaction(self) -> Iterator[Transaction]:
            with super().transaction():
                yield Ids(self._connection)

    Other.__name__ = name
    return Other


def _uuid(_: str, digits: str) -> str:
    padded = digits.ljust(32, "0")
    return "-".join((padded[:8], padded[8:12], padded[12:16], padded[16:20], padded[20:32]))


_FORMS = {
    "Uuids": _uuid,
    "Integers": lambda _, digits: str(int(digits[:12], 16)),
    "VeryLong": lambda kind, digits: f"{kind}-{digits * 10}",
    "Slashes": lambda kind, digits: f"{kind}/{digits[:6]}/{digits[6:]}",
    "Percents": lambda kind, digits: f"{kind}%2F{digits}% +?#",
    "Unicode": lambda kind, digits: f"{kind}-é-{digits}-話",
    "InCapitals": lambda kind, digits: f"{kind}{digits}".upper(),
}
for _name, _form in _FORMS.items():
    _store = _with_ids(_name, _form)
    twin(type(f"Ids{_name}", (Stuut,), {}), store=_store)
    twin(type(f"Ids{_name}", (Bland,), {}), store=_store)
