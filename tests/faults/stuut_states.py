"""Wrong servers of the one provider: times, what a status goes with, sending again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from smscontract.sandbox.clock import stamp
from smscontract.sandbox.numbers import Outcome
from smscontract.sandbox.records import Message
from smscontract.sandbox.store import Transaction
from tests.faults.model import Kind, Stuut, logic
from tests.faults.shown import Shown

__all__: list[str] = []

KEEPS = "rule/send-keeps-draft"
DRAFT = "state/sms_id/draft"


def _moved(text: str | None, **by: float) -> str | None:
    return None if text is None else stamp(datetime.fromisoformat(text) + timedelta(**by))


# -- its times


@logic(Kind.MEANING, KEEPS, also=("rule/modified-after-created",))
class CreatedWhenSent(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "created_at": stamp(self.clock())}


@logic(Kind.MEANING, "rule/modified-after-created")
class ModifiedBeforeCreated(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "modified_at": _moved(body["created_at"], days=-1)}


@logic(Kind.MEANING, "rule/modified-before-answer")
class ModifiedTomorrow(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "modified_at": stamp(self.clock() + timedelta(days=1)) if body["modified_at"] else None}


@logic(Kind.MEANING, "rule/times-in-order")
class SentLongBeforeCreated(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sent_at": _moved(body["sent_at"], days=-1)}


@logic(Kind.MEANING, "rule/times-in-order")
class LocalTimeCalledUtc(Shown):
    """New York's wall clock with a Z."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sent_at": _moved(body["sent_at"], hours=-5), "delivered_at": _moved(body["delivered_at"], hours=-5)}


@logic(Kind.MEANING, "rule/sent-before-answer", also=("rule/delivered-before-answer",))
class EasternTimeCalledUtc(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sent_at": _moved(body["sent_at"], hours=2), "delivered_at": _moved(body["delivered_at"], hours=2)}


@logic(Kind.MEANING, "rule/times-in-order")
class DeliveredBeforeSent(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "delivered_at": _moved(body["delivered_at"], minutes=-2)}


@logic(Kind.MEANING, "rule/delivered-before-answer")
class DeliveryPromisedForTomorrow(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "delivered_at": _moved(body["delivered_at"], days=1)}


@logic(Kind.MEANING, "rule/times-in-order")
class EpochForNotDelivered(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        late = body["delivered_at"] is None and body["status"] in {"sent", "pending"}
        return {**body, "delivered_at": "1970-01-01T00:00:00Z" if late else body["delivered_at"]}


# -- what its status goes with


@logic(Kind.MEANING, "rule/delivered-has-times")
class AutomatedDeliveredWithoutTime(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "delivered_at": None if body["is_automated"] else body["delivered_at"]}


@logic(Kind.MEANING, "rule/delivered-has-times")
class DeliveredWithoutSentTime(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sent_at": None if body["status"] == "delivered" else body["sent_at"]}


@logic(Kind.MEANING, "rule/failed-has-no-delivery-time")
class UndeliveredWithDeliveryTime(Stuut):
    def delivered_at(self, outcome: Outcome, now: datetime) -> str | None:
        return stamp(now) if outcome.status in {"delivered", "undelivered"} else None


@logic(Kind.MEANING, "rule/failed-says-why")
class FailedWithoutReason(Stuut):
    def error_message(self, outcome: Outcome) -> str | None:
        return None if outcome.status == "failed" else outcome.error_message


@logic(Kind.MEANING, "rule/failed-says-why", note="the second of the numbers that are not reached")
class LandlineWithoutReason(Stuut):
    def error_message(self, outcome: Outcome) -> str | None:
        return None if "Landline" in (outcome.error_message or "") else outcome.error_message


@logic(Kind.MEANING, "rule/error-means-failed")
class ErrorKeptAfterSuccess(Stuut):
    def error_message(self, outcome: Outcome) -> str | None:
        return outcome.error_message or ("Queue was full" if outcome.status == "sent" else None)


@logic(Kind.MEANING, "rule/error-means-failed")
class FailureCalledSent(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "status": "sent" if body["status"] == "failed" else body["status"]}


@logic(Kind.MEANING, "rule/error-message-not-blank")
class EmptyErrorForSuccess(Stuut):
    def error_message(self, outcome: Outcome) -> str | None:
        return outcome.error_message or ""


@logic(Kind.MEANING, "rule/sent-is-outbound")
class AutomatedAreInbound(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "direction": "inbound" if body["is_automated"] else "outbound"}


@logic(Kind.MEANING, "rule/sent-is-no-draft", also=("rule/second-send", "rule/moves-on"))
class StillDraftInAnswer(Shown):
    """The answer shows what was read before the change."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "status": "draft", "sent_at": None, "delivered_at": None, "error_message": None}


@logic(Kind.CONDITION, "rule/sent-is-no-draft")
class LongOnesStayDrafts(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "status": "draft" if len(body["body"]) > 1000 else body["status"]}


# -- sending again


class _Again(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return message.direction == "outbound"


@logic(Kind.MEANING, "rule/second-send", also=("rule/moves-on",))
class SecondSendTextsAgain(_Again):
    pass


@logic(Kind.MEANING, "rule/second-send", also=("rule/moves-on",))
class RetryAfterASecondTextsAgain(Stuut):
    """Idempotent for what is pending, and for nothing else."""

    def may_be_sent(self, message: Message) -> bool:
        return message.direction == "outbound" and message.status in {"draft", "sent"}


@logic(Kind.MEANING, "rule/moves-on", also=("rule/second-send",))
class StatusFallsBackToPending(_Again):
    def sent(self, message: Message, outcome: Outcome) -> Message:
        if message.status == "draft":
            return super().sent(message, outcome)
        return replace(message, status="pending", delivered_at=None, error_message=None)


@logic(Kind.MEANING, "rule/moves-on", also=("rule/second-send",), note="shows on what was delivered before the run")
class ResendsWhatWasDelivered(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return message.direction == "outbound" and message.status in {"draft", "delivered"}

    def sent(self, message: Message, outcome: Outcome) -> Message:
        if message.status == "delivered":
            return replace(message, status="sent", sent_at=stamp(self.clock()), delivered_at=None)
        return super().sent(message, outcome)


@logic(Kind.MEANING, KEEPS)
class BodyRenderedAgainOnSecondSend(_Again):
    def sent(self, message: Message, outcome: Outcome) -> Message:
        if message.status == "draft":
            return super().sent(message, outcome)
        return replace(message, body=message.body + " (resent)")

    def hand_over(self, tx: Transaction, message: Message) -> None:
        if not message.body.endswith(" (resent)"):
            super().hand_over(tx, message)
