"""The neighbours of Bland's endpoint: a conversation is read back as it was made, and ended."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.wire import JSON, Wire

PAIR = {"user_number": "+14155550123", "agent_number": "+14155550100"}
NULL = {"timed_out_at", "effective_channel", "summary", "citation_variables", "disposition_tag"}


def made(wire: Wire, **more: object) -> str:
    return str(wire.create({**PAIR, "message": "Hi", **more}).json["data"]["conversation_id"])


def asked(wire: Wire, method: str, conversation_id: str, body: object = None, **changed: str) -> tuple[int, object]:
    headers = [("authorization", changed.get("key", wire.key))]
    raw = None
    if body is not None:
        headers.append(("content-type", "application/json"))
        raw = json.dumps(body).encode()
    got = wire.ask(method, f"/v1/sms/conversations/{conversation_id}", headers, raw)
    return got.status, got.json


def test_a_conversation_is_read_back_as_it_was_made(wire: Wire) -> None:
    data = {"plan": "x", "smscontract_run": "run-1"}
    one = made(wire, request_data=data, current_node_id="node", time_out=600)
    made(wire, sender="AGENT", message="Hello")
    status, body = asked(wire, "GET", one)
    assert status == 200
    assert isinstance(body, dict)
    assert body["errors"] is None
    told = body["data"]
    assert (told["id"], told["variables"], told["current_node_id"], told["is_active"]) == (one, data, "node", True)
    assert {name: told[name] for name in PAIR} == PAIR
    assert {name for name in told if told[name] is None} == NULL | {"curr_pathway_id", "curr_pathway_version"}
    assert "time_out" not in told
    first, second = told["messages"]
    assert (first["id"], first["message"], first["sender"], first["from"]) == (1, "Hi", "USER", PAIR["user_number"])
    assert (second["message"], second["sender"], second["from"]) == ("Hello", "AGENT", PAIR["agent_number"])
    assert told["created_at"] <= told["updated_at"]


def test_one_that_was_ended_is_not_taken_up_again(wire: Wire) -> None:
    one = made(wire)
    status, body = asked(wire, "PATCH", one, {"is_active": False})
    assert status == 200
    assert isinstance(body, dict)
    assert (body["conversation"]["id"], body["conversation"]["is_active"]) == (one, False)
    read = asked(wire, "GET", one)[1]
    assert isinstance(read, dict)
    assert read["data"]["is_active"] is False
    assert read["data"]["updated_at"] == body["conversation"]["updated_at"]
    assert made(wire) != one
    assert asked(wire, "PATCH", one, {"is_active": True})[0] == 200


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"is_active": False})])
def test_what_is_refused(wire: Wire, method: str, body: object) -> None:
    one = made(wire)
    missing = asked(wire, method, "conv_none", body)
    assert missing == (
        404,
        {"data": None, "errors": [{"error": "CONVERSATION_NOT_FOUND", "message": "Conversation not found"}]},
    )
    assert asked(wire, method, one, body, key="wrong")[0] == 401
    assert asked(wire, "DELETE", one)[0] == 405
    read = asked(wire, "GET", one)[1]
    assert isinstance(read, dict)
    assert read["data"]["is_active"] is True


@pytest.mark.parametrize("body", [{}, {"is_active": "false"}, {"is_active": None}, [], "x", 0])
def test_a_change_that_is_none(wire: Wire, body: object) -> None:
    one = made(wire)
    assert asked(wire, "PATCH", one, body)[0] == 400
    assert wire.ask("PATCH", f"/v1/sms/conversations/{one}", [("authorization", wire.key)], b"{}").status == 415
    assert wire.ask("PATCH", f"/v1/sms/conversations/{one}", [("authorization", wire.key), JSON], b"{").status == 400
