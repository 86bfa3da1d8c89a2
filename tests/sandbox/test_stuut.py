"""Stuut's endpoint over raw HTTP. The invariants are written out here in plain Python, on purpose without our judge."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from typing import Any

import pytest

from smscontract.sandbox import numbers
from tests.sandbox.wire import Got, Wire

FIELDS = {
    "created_at",
    "modified_at",
    "id",
    "sms_thread_id",
    "body",
    "classifications",
    "direction",
    "from_number",
    "to_number",
    "status",
    "is_automated",
    "sent_at",
    "delivered_at",
    "error_message",
    "object",
}
NULLABLE = {"modified_at", "sms_thread_id", "sent_at", "delivered_at", "error_message"}
STATUSES = {"draft", "pending", "sent", "delivered", "failed", "undelivered"}
PHONE = re.compile(r"\+[1-9][0-9]{1,14}")
RESERVED = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}|\+1500555000[0-9]")


def moment(text: Any) -> datetime:
    assert isinstance(text, str)
    result = datetime.fromisoformat(text)
    assert result.tzinfo is not None  # S21
    return result


def check_message(message: dict[str, Any]) -> None:
    assert set(message) == FIELDS  # S1
    for name in FIELDS - NULLABLE:
        assert message[name] is not None
    for name in FIELDS - {"classifications", "is_automated"}:
        assert message[name] is None or isinstance(message[name], str)
    assert message["status"] in STATUSES  # S2
    assert message["direction"] in {"inbound", "outbound"}
    assert message["object"] == "sms_message"  # S3
    assert isinstance(message["is_automated"], bool)
    assert message["from_number"] != message["to_number"]  # S20
    for name in ("from_number", "to_number"):
        assert PHONE.fullmatch(message[name])
        assert RESERVED.fullmatch(message[name])
    times = {name: moment(message[name]) for name in FIELDS if name.endswith("_at") and message[name] is not None}
    in_order = [times[name] for name in ("created_at", "sent_at", "delivered_at") if name in times]
    assert in_order == sorted(in_order)  # S8
    assert times.get("modified_at", times["created_at"]) >= times["created_at"]
    status = message["status"]
    if status == "delivered":  # S10
        assert "sent_at" in times
        assert "delivered_at" in times
    else:  # S11
        assert message["delivered_at"] is None
    assert (message["error_message"] is not None) == (status in {"failed", "undelivered"})  # S11, S12
    for one in message["classifications"]:
        check_classification(one)


def check_classification(one: dict[str, Any]) -> None:
    assert one["classification"] == "payment_inquiry"
    assert one["object"] == "interaction_classification"
    assert moment(one["created_at"]) <= moment(one["modified_at"] or one["created_at"])
    assert isinstance(one["agent_confidence_score"], float | int | None)
    assert isinstance(one["evidence"], dict)
    assert isinstance(one["agent_metrics"]["uncertainties"], list)
    for name in ("id", "language", "reason", "action_recommendation"):
        assert isinstance(one[name], str)
    for name in ("is_action_required", "is_reply_required"):
        assert isinstance(one[name], bool)


def drafts(wire: Wire) -> list[tuple[str, dict[str, Any]]]:
    return [(label, one) for label, all_of in wire.sms_ids.items() if label.partition("-")[0] == "draft" for one in all_of]


def error(got: Got, status: int) -> str:
    assert got.status == status
    assert got.header("content-type") == "application/json"
    assert set(got.json) == {"detail"}
    assert isinstance(got.json["detail"], str)
    return str(got.json["detail"])


def test_every_draft_can_be_sent_once_and_keeps_the_invariants(wire: Wire) -> None:
    seen: dict[str, set[bool]] = {name: set() for name in NULLABLE}
    statuses: set[str] = set()
    classified: set[int] = set()
    automated: set[bool] = set()
    for label, known in drafts(wire):
        before = wire.control("GET", f"messages/{known['id']}")
        assert before["sent_at"] is before["delivered_at"] is before["error_message"] is None  # S9
        got = wire.send(known["id"])
        assert got.status == 200, label
        assert got.header("content-type") == "application/json"
        message = got.json
        check_message(message)
        assert message["id"] == known["id"]  # S5
        assert message["direction"] == "outbound"  # S6
        assert message["status"] != "draft"
        for name in ("body", "to_number", "from_number", "created_at", "sms_thread_id", "is_automated"):  # S7
            assert message[name] == before[name]
            assert message[name] == known.get(name, message[name])
        after = wire.control("GET", f"messages/{known['id']}")
        assert {name: after[name] for name in FIELDS - {"object", "classifications"}} == {
            name: message[name] for name in FIELDS - {"object", "classifications"}
        }
        assert after["texts"] == [{"to_number": message["to_number"], "body": message["body"]}]
        assert error(wire.send(known["id"]), 409)  # S14
        assert wire.control("GET", f"messages/{known['id']}") == after
        statuses.add(message["status"])
        classified.add(len(message["classifications"]))
        automated.add(message["is_automated"])
        for name in NULLABLE:
            seen[name].add(message[name] is None)
    assert statuses == STATUSES - {"draft"}
    assert all(kinds == {True, False} for kinds in seen.values()), seen
    assert classified == {0, 1, 2}
    assert automated == {True, False}


@pytest.mark.parametrize("number", sorted(numbers.OUTCOMES))
def test_the_number_decides_what_becomes_of_a_text(wire: Wire, number: str) -> None:
    message = wire.send(wire.draft(to_number=number)["id"]).json
    assert (message["status"], message["error_message"]) == (
        numbers.OUTCOMES[number].status,
        numbers.OUTCOMES[number].error_message,
    )


def test_any_other_number_gives_sent(wire: Wire) -> None:
    assert wire.send(wire.draft(to_number="+12025550149")["id"]).json["status"] == "sent"


def test_the_time_of_sending_is_now(wire: Wire) -> None:
    before = time.time()
    message = wire.send(wire.sms_ids["draft-delivered"][0]["id"]).json
    assert before - 1e-3 <= moment(message["sent_at"]).timestamp() <= time.time()
    assert moment(message["delivered_at"]) >= moment(message["sent_at"])


@pytest.mark.parametrize("label", ["inbound", "pending", "sent", "delivered", "failed", "undelivered"])
def test_what_is_no_draft_is_refused_and_not_changed(wire: Wire, label: str) -> None:
    for one in wire.sms_ids[label]:
        before = wire.control("GET", f"messages/{one['id']}")
        assert before["status"] == ("delivered" if label == "inbound" else label)
        assert before["direction"] == ("inbound" if label == "inbound" else "outbound")
        error(wire.send(one["id"]), 409)  # S14, S15
        assert wire.control("GET", f"messages/{one['id']}") == before
        assert before["texts"] == []


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_an_inbound_message_of_any_status_is_refused(wire: Wire, status: str) -> None:
    error(wire.send(wire.draft(status=status, direction="inbound")["id"]), 409)


def test_a_foreign_message_is_as_unknown_as_a_missing_one(wire: Wire) -> None:  # S16
    answers = {
        wire.send(one if isinstance(one, str) else one["id"]).raw
        for label in ("missing", "foreign", "foreign-sent")
        for one in wire.sms_ids[label]
    }
    assert answers == {b'{"detail":"SMS message not found"}'}
    assert error(wire.send(wire.sms_ids["foreign"][0]["id"]), 404)
    assert wire.control("GET", f"messages/{wire.sms_ids['foreign'][0]['id']}")["status"] == "draft"


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["Bearer wrong"],
        ["Bearer TOKENx"],
        ["Bearer TOKEN TOKEN"],
        ["TOKEN"],
        ["Basic TOKEN"],
        ["Token TOKEN"],
        ["Bearer\u00e9 TOKEN"],
        ["Bearer \u00e9"],
        ["Bearer TOKEN", "Bearer wrong"],
        ["Bearer TOKEN", "Bearer TOKEN"],
    ],
)
def test_without_the_token_nothing_is_sent_or_told(wire: Wire, sent: list[str]) -> None:  # S17
    draft = wire.sms_ids["draft"][0]["id"]
    for sms_id in (draft, wire.sms_ids["missing"][0]):
        got = wire.ask(
            "POST",
            f"/v2/sms-threads/messages/{sms_id}/send",
            [("Authorization", value.replace("TOKEN", wire.token)) for value in sent],
        )
        assert error(got, 401) in {"Not authenticated", "Invalid token"}
        assert got.header("www-authenticate") == "Bearer"
    assert wire.control("GET", f"messages/{draft}")["status"] == "draft"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_as_http_has_it(wire: Wire, scheme: str) -> None:
    target = f"/v2/sms-threads/messages/{wire.sms_ids['draft'][0]['id']}/send"
    assert wire.ask("POST", target, [("aUTHORIZATION", f"{scheme} {wire.token}")]).status == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{}", "application/json"),
        (b'{"object": "x", "status": "delivered", "id": "other"}', "application/json"),
        (b'{"broken', "application/json"),
        (b"\xff\xfe\x00", "application/octet-stream"),
        (b"status=delivered", "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"x" * 3_000_000, "text/plain"),
    ],
)
def test_a_request_body_changes_nothing(wire: Wire, body: bytes, content_type: str) -> None:  # S18
    got = wire.send(wire.sms_ids["draft"][0]["id"], body, [("content-type", content_type)])
    assert got.status == 200
    check_message(got.json)
    assert got.json["status"] == "sent"
    assert error(wire.send(wire.sms_ids["missing"][0], body, [("content-type", content_type)]), 404)


@pytest.mark.parametrize("sms_id", ["a/b", "a b", "é", "a%2Fb", "..", ".", "a?b#c", "ü/ö/", "\\xff", "x" * 5000, "\x00"])
def test_an_id_may_hold_anything_that_can_be_encoded(wire: Wire, sms_id: str) -> None:
    error(wire.send(sms_id), 404)
    wire.draft(id=sms_id)
    got = wire.send(sms_id)
    assert got.status == 200
    assert got.json["id"] == sms_id
    error(wire.send(sms_id), 409)


def test_bytes_that_are_no_utf8_are_an_unknown_id(wire: Wire) -> None:
    target = "/v2/sms-threads/messages/%FF%fe/send"
    assert error(wire.ask("POST", target, [("authorization", f"Bearer {wire.token}")]), 404) == "SMS message not found"


def test_a_query_is_ignored(wire: Wire) -> None:
    target = f"/v2/sms-threads/messages/{wire.sms_ids['draft'][0]['id']}/send?force=true&status=delivered"
    assert wire.ask("POST", target, [("authorization", f"Bearer {wire.token}")]).json["status"] == "sent"


def test_two_at_once_give_one_send(wire: Wire) -> None:
    for number in range(8):
        sms_id = wire.sms_ids["draft"][number]["id"]
        gate = threading.Barrier(4)
        statuses: list[int] = []

        def race(sms_id: str = sms_id, gate: threading.Barrier = gate, statuses: list[int] = statuses) -> None:
            rival = Wire(wire.host, wire.port)
            gate.wait()
            statuses.append(rival.send(sms_id).status)
            rival.close()

        rivals = [threading.Thread(target=race) for _ in range(4)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert sorted(statuses) == [200, 409, 409, 409]
        assert len(wire.control("GET", f"messages/{sms_id}")["texts"]) == 1
