"""What a new sandbox holds: messages of every status and direction, drafts for every outcome, ours and another organisation's.

The same seed gives the same identifiers, tokens and texts; times are counted back from the clock. A label says what a message
was made for; what has been used up is planted again (`top_up`), so that a sandbox that runs for days stays useful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from smscontract.sandbox import numbers
from smscontract.sandbox.clock import stamp
from smscontract.sandbox.records import Message
from smscontract.sandbox.store import Transaction, opaque

__all__ = ["FOREIGN", "OWN", "bland_key", "classification", "happened", "missing_ids", "plant", "stuut_token", "top_up"]

OWN = "organisation-own"
FOREIGN = "organisation-foreign"
_MISSING = 3

_PLAIN = (
    "Hello, this is a reminder that invoice 1042 is due on Friday.",
    "Thank you for your payment of $120.00.",
    "Could you tell us when invoice 1043 will be paid?",
    "Your statement for May is ready.",
)
_UNICODE = (
    "Grüße! Ihre Rechnung über 120 € ist fällig. 📄",
    "お支払いの期限は金曜日です。",
    "تذكير: الفاتورة مستحقة يوم الجمعة",
    "Cafe\u0301 \u200dZero width and combining marks\u00a0stay as they are 👩\u200d💻",
)
_LONG = (
    "This text needs more than one segment. " * 6,
    "Ein langer Text mit Umlauten, für den ein Segment nicht genügt: äöüß. " * 5,
)
_LIMIT = ("0123456789" * 160,)
_ESCAPES = ('She said "yes"\\no?\nA second line\twith a tab, <b>markup</b> & {braces} %2F ${dollar}\r\n',)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seed:
    """Messages of one kind: how many, and where they differ from a plain draft. Texts and numbers are taken in turn."""

    count: int
    bodies: Sequence[str] = _PLAIN
    to: Sequence[str] = numbers.CUSTOMERS
    classifications: int = 0
    edited: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


_PENDING, _DELIVERED = (numbers.PENDING,), (numbers.DELIVERED,)
# In this order they are offered: what shows most of a message first.
_SEEDS: Mapping[str, _Seed] = {
    "draft-full": _Seed(count=8, to=_DELIVERED, bodies=_UNICODE, classifications=2, edited=True, fields={"is_automated": True}),
    "draft-failed": _Seed(count=10, to=numbers.FAILING),
    "draft-bare": _Seed(count=8, to=_PENDING, fields={"sms_thread_id": None}),
    "draft-undelivered": _Seed(count=8, to=numbers.UNDELIVERED),
    "draft-classified-twice": _Seed(count=8, classifications=2),
    "draft": _Seed(count=64),
    "draft-edited": _Seed(count=8, edited=True),
    "draft-automated": _Seed(count=8, fields={"is_automated": True}),
    "draft-delivered": _Seed(count=8, to=_DELIVERED),
    "draft-unicode": _Seed(count=8, bodies=_UNICODE),
    "draft-limit": _Seed(count=8, bodies=_LIMIT),
    "draft-escapes": _Seed(count=8, bodies=_ESCAPES),
    "draft-long": _Seed(count=8, bodies=_LONG),
    "draft-classified": _Seed(count=8, classifications=1),
    "draft-threadless": _Seed(count=8, fields={"sms_thread_id": None}),
    "draft-pending": _Seed(count=8, to=_PENDING),
    "draft-sent": _Seed(count=8, to=(numbers.SENT,)),
    "inbound": _Seed(count=6, classifications=1, fields={"direction": "inbound", "status": "delivered"}),
    "pending": _Seed(count=3, to=_PENDING, fields={"status": "pending"}),
    "sent": _Seed(count=3, fields={"status": "sent"}),
    "delivered": _Seed(count=3, to=_DELIVERED, fields={"status": "delivered"}),
    "failed": _Seed(count=3, to=numbers.FAILING, fields={"status": "failed"}),
    "undelivered": _Seed(count=3, to=numbers.UNDELIVERED, fields={"status": "undelivered"}),
    "foreign": _Seed(count=4, fields={"organisation": FOREIGN}),
    "foreign-sent": _Seed(count=2, fields={"organisation": FOREIGN, "status": "sent"}),
}


def stuut_token(seed: int) -> str:
    """The bearer token of the sandbox's own organisation."""
    return f"sandbox-stuut-{opaque(seed, 'stuut-token', 0)}"


def bland_key(seed: int) -> str:
    """The API key of the sandbox's own account."""
    return f"sandbox-bland-{opaque(seed, 'bland-key', 0)}"


def missing_ids(seed: int) -> list[str]:
    """Identifiers that look like any other and belong to no message, ever."""
    return [f"sms_{opaque(seed, 'missing', number)}" for number in range(_MISSING)]


def plant(tx: Transaction, now: datetime, seed: int) -> None:
    """Fills an empty database."""
    tx.set("seed", str(seed))
    top_up(tx, now)


def top_up(tx: Transaction, now: datetime) -> None:
    """Plants again whatever has been used up since."""
    left = tx.labels()
    for label, kind in _SEEDS.items():
        for number in range(left.get(label, 0), kind.count):
            tx.add_message(_message(tx, label, kind, number, now))


def _message(tx: Transaction, label: str, kind: _Seed, number: int, now: datetime) -> Message:
    created = now - timedelta(hours=2) + timedelta(seconds=7 * number)
    plain = Message(
        id=tx.fresh_id("sms"),
        organisation=OWN,
        body=kind.bodies[number % len(kind.bodies)],
        from_number=numbers.SENDER,
        to_number=kind.to[number % len(kind.to)],
        created_at=stamp(created),
        modified_at=stamp(created + timedelta(minutes=1)) if kind.edited else None,
        sms_thread_id=f"thread_{opaque(tx.seed, 'thread', number % 10)}",
        classifications=[classification(tx, created, one) for one in range(kind.classifications)],
        label=label,
    )
    return happened(replace(plain, **kind.fields), created)


def happened(message: Message, created: datetime) -> Message:
    """The message with the times, the error and the numbers that its status, direction and owner call for."""
    status = message.status
    sender = numbers.SENDER if message.organisation == OWN else numbers.FOREIGN_SENDER
    message = replace(message, from_number=sender)
    if message.direction == "inbound":
        message = replace(message, from_number=message.to_number, to_number=sender)
    if status in {"sent", "delivered", "undelivered"}:
        message = replace(message, sent_at=stamp(created + timedelta(seconds=2)))
    if status == "delivered":
        message = replace(message, delivered_at=stamp(created + timedelta(seconds=5)))
    if status in {"failed", "undelivered"}:
        outcome = numbers.OUTCOMES.get(message.to_number)
        message = replace(message, error_message=outcome.error_message if outcome else "Unknown error")
    return message


def classification(tx: Transaction, created: datetime, number: int) -> dict[str, Any]:
    """What the provider's agent made of a message. Every second one is as empty as the page lets it be."""
    rich = number % 2 == 0
    return {
        "created_at": stamp(created + timedelta(seconds=3)),
        "modified_at": stamp(created + timedelta(seconds=4)) if rich else None,
        "id": tx.fresh_id("classification"),
        "classification": "payment_inquiry",
        "action_recommendation": "Send the invoice again",
        "agent_confidence_score": 0.92 if rich else None,
        "agent_metrics": {
            "confidence_reason": "The text names an invoice and a date",
            "confidence_score": 0.92 if rich else 1,
            **({"error_code": "duplicate"} if rich else {}),
            "uncertainties": ["Which of two invoices is meant"] if rich else [],
        },
        "evidence": {"invoice": "1042", "quoted": ["due on Friday"]} if rich else {},
        "is_action_required": rich,
        "is_reply_required": not rich,
        "language": "en",
        "reason": "The text asks about a payment",
    }
