"""Stuut: `POST /v2/sms-threads/messages/{sms_id}/send`.

Each method is one decision, so that a wrong server is this class with one method overridden. Where the provider's page is
silent, the method says what was decided.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any

from smscontract.sandbox import numbers
from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.clock import Clock, stamp
from smscontract.sandbox.numbers import Outcome
from smscontract.sandbox.records import Message
from smscontract.sandbox.seed import OWN
from smscontract.sandbox.store import Store, Transaction

__all__ = ["Stuut"]


class Stuut:
    """The endpoint.

    Args:
        store: where messages are.
        clock: what time it is.
        token: the bearer token that is accepted.
    """

    prefix = "v2"
    method = "POST"
    template = "/v2/sms-threads/messages/{sms_id}/send"
    object_name = "sms_message"
    classification_object_name = "interaction_classification"

    def __init__(self, store: Store, clock: Clock, token: str) -> None:
        self.store = store
        self.clock = clock
        self.token = token

    def answer(self, ask: Ask) -> Answer:
        """Authentication first, then the message's state; a request body is never looked at."""
        return self.refuse_stranger(ask) or self.send(ask.parameters["sms_id"])

    # who asks

    def refuse_stranger(self, ask: Ask) -> Answer | None:
        """`None` for the right token, else 401 as FastAPI's bearer scheme gives it."""
        token = self.bearer_token(ask)
        if token is None:
            return self.unauthorized("Not authenticated")
        return None if self.accepts(token) else self.unauthorized("Invalid token")

    def bearer_token(self, ask: Ask) -> str | None:
        """The token of a single `Authorization: Bearer` header. The scheme is case-insensitive (RFC 9110 section 11.1)."""
        scheme, _, token = (ask.only("authorization") or "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def accepts(self, token: str) -> bool:
        """Whether the token is the right one."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    # sending

    def send(self, sms_id: str) -> Answer:
        """Sends a draft once. The transaction ends before the answer leaves."""
        with self.store.transaction() as tx:
            message = self.find(tx, sms_id)
            if message is None:
                return self.unknown()
            if not self.may_be_sent(message):
                return self.wrong_state(message)
            message = self.sent(message, self.outcome(message))
            self.hand_over(tx, message)
        return Answer(200, self.present(message))

    def find(self, tx: Transaction, sms_id: str) -> Message | None:
        """The message, if there is one and it is the caller's: another organisation's is as unknown as none."""
        message = tx.message(sms_id)
        return message if message is not None and self.is_ours(message) else None

    def is_ours(self, message: Message) -> bool:
        """Whether the message is the caller's."""
        return message.organisation == OWN

    def may_be_sent(self, message: Message) -> bool:
        """Only outbound drafts: what has left once, even in vain, does not leave again."""
        return message.direction == "outbound" and message.status == "draft"

    def outcome(self, message: Message) -> Outcome:
        """What becomes of the text; the number it goes to decides."""
        return numbers.OUTCOMES.get(message.to_number, Outcome("sent"))

    def hand_over(self, tx: Transaction, message: Message) -> None:
        """Keeps the message as it is now and lets the one text go."""
        tx.replace_message(message)
        tx.add_text(message)

    # the message afterwards

    def sent(self, message: Message, outcome: Outcome) -> Message:
        """The draft after sending. Nothing of the draft itself changes; `modified_at` is left, since sending is no edit."""
        now = self.clock()
        return replace(
            message,
            status=outcome.status,
            sent_at=self.sent_at(outcome, now),
            delivered_at=self.delivered_at(outcome, now),
            error_message=self.error_message(outcome),
        )

    def sent_at(self, outcome: Outcome, now: datetime) -> str | None:
        """Set once the carrier has the text: not while it waits, and not when it could not be handed over."""
        return stamp(now) if outcome.status in {"sent", "delivered", "undelivered"} else None

    def delivered_at(self, outcome: Outcome, now: datetime) -> str | None:
        """Set once the phone has it."""
        return stamp(now) if outcome.status == "delivered" else None

    def error_message(self, outcome: Outcome) -> str | None:
        """Set when delivery failed."""
        return outcome.error_message if outcome.status in {"failed", "undelivered"} else None

    # the answers

    def present(self, message: Message) -> dict[str, Any]:
        """The fifteen fields, all present even when null."""
        return {
            "created_at": message.created_at,
            "modified_at": message.modified_at,
            "id": message.id,
            "sms_thread_id": message.sms_thread_id,
            "body": message.body,
            "classifications": [self.present_classification(one) for one in message.classifications],
            "direction": message.direction,
            "from_number": message.from_number,
            "to_number": message.to_number,
            "status": message.status,
            "is_automated": message.is_automated,
            "sent_at": message.sent_at,
            "delivered_at": message.delivered_at,
            "error_message": message.error_message,
            "object": self.object_name,
        }

    def present_classification(self, classification: dict[str, Any]) -> dict[str, Any]:
        """One classification as the API shows it."""
        return {**classification, "object": self.classification_object_name}

    def refused(self, status: int, detail: str) -> Answer:
        """An error answer: `{"detail": TEXT}`, as FastAPI writes it. The page shows none."""
        return Answer(status, {"detail": detail})

    def unauthorized(self, detail: str) -> Answer:
        """401 names the scheme (RFC 9110 section 15.5.2)."""
        return replace(self.refused(401, detail), headers=(("www-authenticate", "Bearer"),))

    def unknown(self) -> Answer:
        """No such message, or none of ours."""
        return self.refused(404, "SMS message not found")

    def wrong_state(self, message: Message) -> Answer:
        """The message is no draft of ours to send: 409, of 400, 409 and 422 the one that says what is wrong."""
        if message.direction == "inbound":
            return self.refused(409, "An inbound SMS message cannot be sent")
        return self.refused(409, "The SMS message has already been sent")

    def no_such_path(self) -> Answer:
        """FastAPI's words."""
        return self.refused(404, "Not Found")

    def no_such_method(self) -> Answer:
        """FastAPI's words."""
        return replace(self.refused(405, "Method Not Allowed"), headers=(("allow", self.method),))

    def crashed(self) -> Answer:
        """A fault of ours."""
        return self.refused(500, "Internal Server Error")
