"""What a judgement rests on in a body: all but values that no rule asks about."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from smscontract.catalogue import load_catalogue
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.plans import Answers
from tests.bench.corpus import corpus
from tests.kernel.lines import ODD, told

_STUUT = load_catalogue().operations["stuut.send-sms"]


def _sent() -> Any:
    """An answer with everything in it."""
    for line, clause in corpus(400, bad=0):
        body = orjson.loads(line)["response"].get("json") or {}
        if not clause and body.get("delivered_at") and body["classifications"]:
            return body
    raise AssertionError


@pytest.mark.parametrize(
    ("place", "value", "equal"),
    [
        (["is_automated"], None, True),  # which its schema refuses: that is told beside it
        (["is_automated"], True, True),
        (["classifications", 0, "is_reply_required"], False, True),
        (["classifications", 0, "action_recommendation"], None, True),
        (["classifications", 0, "language"], "de", True),
        (["classifications", 0, "object"], "other", False),
        (["classifications", 0, "agent_metrics"], None, False),
        (["classifications", 0, "agent_metrics", "uncertainties"], ["a"], False),
        (["classifications", 0, "unheard_of"], True, False),
        (["status"], "failed", False),
        (["sent_at"], None, False),
        (["error_message"], "No.", False),
        (["is_automated"], [True], False),
    ],
)
def test_what_rules_ask_about_tells_bodies_apart(place: list[Any], value: Any, equal: bool) -> None:
    kinship = Answers(_STUUT, 200).kinship
    body = _sent()
    changed = copy.deepcopy(body)
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    assert (kinship(body) == kinship(changed)) is equal


def test_what_schemas_of_more_than_one_value_ask_about_does_too() -> None:
    operation = load_catalogue((ODD,)).operations["odd.parcel-status"]
    kinship = Answers(operation, 200).kinship
    assert kinship({"carrier": "bike"}) != kinship({"carrier": None})
    assert kinship({"stops": [{"kind": "stop"}]}) != kinship({"stops": [{"kind": {"name": "stop"}}]})
    with pytest.raises(Unsure):
        kinship({str(number): number for number in range(65)})


def test_whoever_breaks_one_rule_more_is_told_so() -> None:
    lines = []
    for number in range(12):
        body = {**_sent(), "direction": "inbound", "sent_at": None if number % 3 == 2 else "2026-09-21T14:13:18Z"}
        request = {"method": "POST", "url": f"https://api.example.test/v2/sms-threads/messages/{body['id']}/send", "body": ""}
        answer = {"status": 200, "headers": {"content-type": "application/json"}, "json": body}
        at = 1_790_000_000 + number * 60
        lines.append(orjson.dumps({"request": request, "response": answer, "sent_at": at, "received_at": at + 0.2}))
    assert told(lines, short=True) == told(lines, short=False)
