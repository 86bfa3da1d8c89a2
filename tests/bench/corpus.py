"""A corpus of exchanges as a gateway would log them, with faults of known kinds in known lines, for measurements.

Two thirds of it are messages that were sent, one third conversations that were made; a few requests are refused, some messages
are sent again, and one exchange in a hundred breaks one promise.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

__all__ = ["FAULTS", "corpus"]

_START = 1_790_000_000
_TEXTS = (
    "Invoice {n} is due on Friday. Reply here if you have a question, or call us between nine and five.",
    "Thank you, we have noted that you will pay on Friday. We will not write again before then.",
    "Your appointment on Monday at half past ten is confirmed; please bring the letter with number {n}.",
    "Grüße aus Köln: Ihre Bestellung {n} ist unterwegs und kommt morgen an. Schönen Tag noch!",
)
_REASONS = ("The customer asks when to pay.", "The customer names the invoice.", "The customer says that it was paid.")
_PHONES = [f"+1415555{number:04}" for number in range(100, 200)]


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.sent: list[tuple[dict[str, Any], float]] = []

    def hexes(self, size: int) -> str:
        return f"{self.random.getrandbits(4 * size):0{size}x}"

    def classification(self, at: float) -> dict[str, Any]:
        chance = self.random.random
        return {
            "created_at": _instant(at + 1),
            "modified_at": None,
            "id": f"cls_{self.hexes(12)}",
            "classification": "payment_inquiry",
            "action_recommendation": None if chance() < 0.5 else "Send the invoice again.",
            "agent_confidence_score": round(chance(), 4) + 0.00001,
            "agent_metrics": {
                "confidence_reason": "The customer names the invoice.",
                "confidence_score": round(chance(), 4) + 0.00001,
                "error_code": None,
                "uncertainties": [],
            },
            "evidence": None,
            "is_action_required": chance() < 0.5,
            "is_reply_required": chance() < 0.5,
            "language": "en",
            "reason": self.random.choice(_REASONS),
            "object": "interaction_classification",
        }

    def message(self, number: int, at: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """A message that is sent: request and answer."""
        choice = self.random.choice
        status = self.random.choices(("pending", "sent", "delivered", "failed", "undelivered"), (30, 30, 30, 6, 4))[0]
        name = f"sms_{self.hexes(16)}"
        sender, recipient = self.random.sample(_PHONES, 2)
        gone = status in ("sent", "delivered", "undelivered")
        body = {
            "created_at": _instant(at - 60),
            "modified_at": _instant(at - 2) if gone else None,
            "id": name,
            "sms_thread_id": f"thread_{self.hexes(12)}",
            "body": choice(_TEXTS).format(n=number),
            "classifications": [self.classification(at - 50)] if self.random.random() < 0.4 else [],
            "direction": "outbound",
            "from_number": sender,
            "to_number": recipient,
            "status": status,
            "is_automated": self.random.random() < 0.5,
            "sent_at": _instant(at - 1.5) if gone else None,
            "delivered_at": _instant(at - 0.5) if status == "delivered" else None,
            "error_message": "Unreachable destination handset" if status in ("failed", "undelivered") else None,
            "object": "sms_message",
        }
        return {"id": name}, body

    def conversation(self, number: int, at: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """A conversation that is made: request and answer."""
        del at
        request: dict[str, Any] = {
            "user_number": f"+1{self.random.randrange(201, 980)}555{self.random.randrange(100, 200):04}",
            "agent_number": self.random.choice(_PHONES),
            "message": self.random.choice(_TEXTS).format(n=number) * 2,
            "message_sid": f"SM{self.hexes(32)}",
            "curr_pathway_id": "0f8e6c1a-53b7-4c1d-9a57-2f6f0f1f7a10",
            "curr_pathway_version": "latest",
            "current_node_id": f"node-{number % 40}",
            "request_data": {"campaign": "spring", "priority": number % 5, "note": "as agreed with the shop on the phone"},
            "new_conversation": True,
            "sender": self.random.choice(("USER", "AGENT")),
        }
        if self.random.random() < 0.5:
            request |= {"time_out": 3600, "warning_time": 1800, "warning_message": "Are you still there?"}
        answer = {
            "data": {
                "message": "SMS conversation created successfully",
                "conversation_id": f"conv_{self.hexes(16)}",
                "workflow_id": f"workflow_{self.hexes(24)}",
            },
            "errors": None,
        }
        return request, answer


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update({name: value})


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda body: body.pop(name)


def _both(*some: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for one in some:
            one(body)

    return change


def _in(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda body: change(body[name])


#: For each fault the operation, what is done to the answer (or to its text, if that is what is wrong), and the clause.
FAULTS: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "no body": ("message", _without("body"), "stuut.send-sms/200/body:required"),
    "no error_message": ("message", _without("error_message"), "stuut.send-sms/200/error_message:required"),
    "id is null": ("message", _set("sms_thread_id", 7), "stuut.send-sms/200/sms_thread_id:type"),
    "null in words": ("message", _set("modified_at", "null"), "stuut.send-sms/200/modified_at:null"),
    "status null": ("message", _set("status", None), "stuut.send-sms/200/status:null"),
    "status in capitals": ("message", _set("status", "SENT"), "stuut.send-sms/200/status:enum"),
    "status unknown": ("message", _set("status", "queued"), "stuut.send-sms/200/status:enum"),
    "direction unknown": ("message", _set("direction", "out"), "stuut.send-sms/200/direction:enum"),
    "flag as text": ("message", _set("is_automated", "true"), "stuut.send-sms/200/is_automated:type"),
    "time of no calendar": ("message", _set("created_at", "2026-02-30T10:00:00Z"), "stuut.send-sms/200/created_at:format"),
    "time in words": ("message", _set("created_at", "yesterday"), "stuut.send-sms/200/created_at:format"),
    "time without offset": ("message", _set("created_at", "2026-03-02T09:15:00"), "stuut.send-sms/200/created_at:offset"),
    "classifications null": ("message", _set("classifications", None), "stuut.send-sms/200/classifications:null"),
    "classifications object": ("message", _set("classifications", {}), "stuut.send-sms/200/classifications:type"),
    "another id": ("message", _set("id", "sms_other"), "stuut.send-sms/rule/answers-for-the-asked-id"),
    "inbound": ("message", _set("direction", "inbound"), "stuut.send-sms/rule/sent-is-outbound"),
    "same numbers": (
        "message",
        _both(_set("from_number", "+14155550100"), _set("to_number", "tel:+1-415-555-0100")),
        "stuut.send-sms/rule/numbers-differ",
    ),
    "delivered without time": (
        "message",
        _both(_set("status", "delivered"), _set("delivered_at", None), _set("error_message", None)),
        "stuut.send-sms/rule/delivered-has-times",
    ),
    "created after answer": (
        "message",
        lambda body: body.update(
            status="pending",
            created_at="2027-05-05T05:05:05Z",
            **dict.fromkeys(("modified_at", "sent_at", "delivered_at", "error_message")),
        ),
        "stuut.send-sms/rule/created-before-answer",
    ),
    "another object": ("message", _set("object", "sms"), "stuut.send-sms/rule/object-names-the-type"),
    "blank thread": ("message", _set("sms_thread_id", " "), "stuut.send-sms/rule/ids-not-blank"),
    "no data": ("conversation", _without("data"), "bland.create-sms/2XX/data:required"),
    "errors in success": ("conversation", _set("errors", []), "bland.create-sms/2XX/errors:type"),
    "no workflow": ("conversation", _in("data", _without("workflow_id")), "bland.create-sms/2XX/data/workflow_id:required"),
    "conversation number": (
        "conversation",
        _in("data", _set("conversation_id", 12345)),
        "bland.create-sms/2XX/data/conversation_id:type",
    ),
    "ids alike": (
        "conversation",
        _in("data", lambda data: data.update(workflow_id=data["conversation_id"])),
        "bland.create-sms/rule/ids-differ",
    ),
    "member twice": ("conversation", _set("twice", None), "bland.create-sms/protocol/unique-keys"),
    "body cut": ("conversation", _set("cut", 1), "bland.create-sms/protocol/json"),
}


def _text(body: Any, style: int, fault: str) -> str:
    if fault == "body cut":
        return orjson.dumps(body).decode()[:-9]
    text = json.dumps(body, ensure_ascii=style == 2) if style else orjson.dumps(body).decode()
    return text.replace('"twice"', '"errors": null, "errors"', 1) if fault == "member twice" else text


def corpus(count: int, *, seed: int = 7, bad: float = 0.01) -> Iterator[tuple[bytes, str]]:
    """Lines of JSON, each with the clause that it breaks, or an empty text.

    Args:
        count: how many.
        bad: the share of exchanges with a fault.
    """
    maker = _Maker(seed)
    chance = maker.random
    names = sorted(FAULTS)
    for number in range(count):
        at = _START + number * 0.37 + chance.random() / 10
        fault = names[(number // 97) % len(names)] if chance.random() < bad else ""
        kind = FAULTS[fault][0] if fault else "message" if chance.random() < 0.66 else "conversation"
        request, answer = maker.message(number, at) if kind == "message" else maker.conversation(number, at)
        status = 200
        if fault:
            FAULTS[fault][1](answer)
        elif chance.random() < 0.02:
            status = chance.choice((401, 404, 429))
            answer = {"detail": "Not Found"} if kind == "message" else {"data": None, "errors": [{"error": "NOT_NOW"}]}
        style = number % 3
        host = "https://api.example.test"
        headers = {"authorization": "***", "content-type": "application/json", "user-agent": "shop/2.11 (billing)"}
        asked: dict[str, Any] = {"method": "POST", "headers": headers}
        if kind == "message":
            name = request["id"]
            asked |= {"url": f"{host}/v2/sms-threads/messages/{name}/send", "body": ""}
        else:
            asked["url"] = f"{host}/v1/sms/create"
            asked |= {"json": request} if number % 4 == 3 else {"body": _text(request, style, "")}
        fields = {"content-type": "application/json", "x-request-id": maker.hexes(32)}
        replied: dict[str, Any] = {"status": status, "headers": fields}
        inline = number % 4 == 3 and fault not in ("member twice", "body cut")
        replied |= {"json": answer} if inline else {"body": _text(answer, style, fault)}
        line = {"request": asked, "response": replied, "sent_at": at - 0.21, "received_at": at}
        raw = orjson.dumps(line) if number % 2 else json.dumps(line, ensure_ascii=style == 2).encode()
        yield raw + b"\n", FAULTS[fault][2] if fault else ""
