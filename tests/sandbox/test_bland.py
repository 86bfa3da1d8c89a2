"""Bland's endpoint over raw HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from smscontract.sandbox import numbers
from tests.sandbox.wire import JSON, Got, Wire

USER, OTHER_USER = numbers.BLAND_USERS[:2]
AGENT, OTHER_AGENT = numbers.BLAND_OWNED[:2]
BASE = {"user_number": USER, "agent_number": AGENT, "message": "Hello"}
FULL = {
    **BASE,
    "message_sid": "SM" + "a" * 32,
    "curr_pathway_id": "8a1f2c1e-6f5d-4a9c-9a5b-3f1d2c4b5a69",
    "curr_pathway_version": "latest",
    "current_node_id": "node_intro",
    "request_data": {"campaign": "May", "nested": {"list": [1, 2.5, None, True, "x"]}},
    "new_conversation": False,
    "sender": "AGENT",
    "time_out": 120,
    "timeout_message": "Are you there?",
    "warning_time": 60,
    "warning_message": "We will close this soon.",
}
OPTIONAL = sorted(set(FULL) - set(BASE))
TEXTS = [name for name in OPTIONAL if name not in {"request_data", "new_conversation", "sender", "time_out", "warning_time"}]


def check_success(got: Got) -> str:
    assert got.status == 200, got
    assert got.header("content-type") == "application/json"
    assert set(got.json) == {"data", "errors"}
    assert got.json["errors"] is None  # B1
    assert set(got.json["data"]) == {"message", "conversation_id", "workflow_id"}
    assert got.json["data"]["message"] == "SMS conversation created successfully"
    assert all(isinstance(value, str) and value for value in got.json["data"].values())
    return str(got.json["data"]["conversation_id"])


def codes(got: Got, status: int = 400) -> list[str]:
    assert got.status == status, got
    assert got.header("content-type") == "application/json"
    assert set(got.json) == {"data", "errors"}
    assert got.json["data"] is None
    assert got.json["errors"]
    for one in got.json["errors"]:
        assert set(one) == {"error", "message"}
        assert one["message"].strip()
    return [one["error"] for one in got.json["errors"]]


def stored(wire: Wire, conversation: str) -> Any:
    return wire.control("GET", f"conversations/{conversation}")


def refused(wire: Wire, body: Any, expected: list[str], status: int = 400) -> None:
    before = wire.control("GET", "conversations")
    assert codes(wire.create(body), status) == expected
    assert wire.control("GET", "conversations") == before


def test_the_smallest_request(wire: Wire) -> None:
    got = stored(wire, check_success(wire.create(BASE)))
    assert (got["user_number"], got["agent_number"], got["is_active"], got["settings"]) == (USER, AGENT, True, {})
    (entry,) = got["messages"]
    assert (entry["message"], entry["sender"], entry["message_sid"]) == ("Hello", "USER", None)  # B5


def test_the_whole_request(wire: Wire) -> None:
    got = stored(wire, check_success(wire.create(FULL)))
    kept = set(OPTIONAL) - {"message_sid", "new_conversation", "sender"}
    assert got["settings"] == {name: FULL[name] for name in kept}  # B10, B11, B13
    (entry,) = got["messages"]
    assert (entry["message"], entry["sender"], entry["message_sid"]) == ("Hello", "AGENT", FULL["message_sid"])


@pytest.mark.parametrize("name", OPTIONAL)
def test_each_optional_member_alone_absent_and_null(wire: Wire, name: str) -> None:
    check_success(wire.create({**BASE, name: FULL[name]}))
    check_success(wire.create({key: value for key, value in FULL.items() if key != name}))
    check_success(wire.create({**FULL, name: None}))


@pytest.mark.parametrize("name", sorted(BASE))
def test_each_required_member(wire: Wire, name: str) -> None:  # B6
    refused(wire, {key: value for key, value in BASE.items() if key != name}, ["INVALID_REQUEST"])
    refused(wire, {**BASE, name: None}, ["INVALID_REQUEST"])


def each(names: list[str], *values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name in names for value in values]


WRONG: list[tuple[str, Any]] = [
    *each([*BASE, *TEXTS, "sender"], 5, 1.5, True, [], {}, ["x"]),
    *each(["request_data"], "x", "{}", 5, True, [], [{}]),
    *each(["new_conversation"], "true", "", 0, 1, [], {}),
    *each(["time_out", "warning_time"], "5", "", True, False, [], {}),
    *each(["sender"], "user", "agent", "User", "USER ", " USER", "USER\n", "", "SYSTEM", "ＵＳＥＲ"),  # B4
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_nothing_is_converted(wire: Wire, name: str, value: Any) -> None:
    refused(wire, {**BASE, name: value}, ["INVALID_REQUEST"])


@pytest.mark.parametrize("name", ["user_number", "agent_number"])
@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "+1",
        "4155550100",
        "14155550100",
        "+04155550100",
        "+1 415 555 0100",
        "+1-415-555-0100",
        "+1(415)5550100",
        "tel:+14155550100",
        "+14155550100\n",
        "\n+14155550100",
        " +14155550100",
        "+14155550100 ",
        "++14155550100",
        "0014155550100",
        "+1415555010٠",
        "+１4155550100",
        "+1415555O100",
        "+1234567890123456",
        "+14155550100;ext=1",
        "\ufeff+14155550100",
    ],
)
def test_a_number_that_is_not_e164(wire: Wire, name: str, number: str) -> None:
    refused(wire, {**BASE, name: number}, ["INVALID_REQUEST"])


@pytest.mark.parametrize("number", ["+12", "+999123", "+123456789012345", "+447700900123"])
def test_any_e164_number_can_be_a_user(wire: Wire, number: str) -> None:
    check_success(wire.create({**BASE, "user_number": number}))


@pytest.mark.parametrize("number", [*numbers.BLAND_FOREIGN, "+12025550150", USER])
def test_an_agent_number_must_be_the_accounts(wire: Wire, number: str) -> None:  # B7
    refused(wire, {**BASE, "agent_number": number}, ["AGENT_NUMBER_NOT_FOUND"])


@pytest.mark.parametrize("number", numbers.BLAND_OWNED)
def test_every_number_of_the_account_can_be_used(wire: Wire, number: str) -> None:
    check_success(wire.create({**BASE, "agent_number": number}))


TIMES: list[tuple[Any, Any, bool]] = [
    (60, 120, True),
    (119, 120, True),
    (119.5, 120, True),
    (0, 1, True),
    (-2, -1, True),
    (10**30, 10**31, True),
    (120, 120, False),  # "must be less than": equality is no less
    (120.0, 120, False),
    (121, 120, False),
    (120, 119.5, False),
    (0, 0, False),
    (1, 0, False),
    (10**700, 5, False),
]


@pytest.mark.parametrize(("warning_time", "time_out", "fits"), TIMES)
def test_the_warning_comes_before_the_time_out(wire: Wire, warning_time: Any, time_out: Any, fits: bool) -> None:  # B2
    body = {**BASE, "warning_time": warning_time, "time_out": time_out}
    if fits:
        check_success(wire.create(body))
    else:
        refused(wire, body, ["INVALID_TIMEOUT_CONFIG"])


def test_one_of_the_two_times_alone_is_compared_with_nothing(wire: Wire) -> None:  # B3
    first = check_success(wire.create({**BASE, "time_out": 10}))
    assert check_success(wire.create({**BASE, "warning_time": 20})) == first
    assert check_success(wire.create({**BASE, "warning_time": 30, "time_out": None})) == first


def test_numbers_past_a_double_are_no_fault_of_the_server(wire: Wire) -> None:
    raw = json.dumps({**BASE, "time_out": 1}).encode()
    check_success(wire.create(raw.replace(b"1}", b"1e400}")))
    check_success(wire.create(raw.replace(b"1}", b"-1e400}")))
    check_success(wire.create(raw.replace(b"1}", b"9" * 10_000 + b"}")))
    assert wire.control("GET", "conversations")["conversations"][0]["settings"]["time_out"] == 1.7976931348623157e308


def test_everything_wrong_is_said_at_once(wire: Wire) -> None:
    body = {"agent_number": numbers.BLAND_FOREIGN[0], "message": 5, "warning_time": 2, "time_out": 1}
    refused(wire, body, ["INVALID_REQUEST", "INVALID_REQUEST", "AGENT_NUMBER_NOT_FOUND", "INVALID_TIMEOUT_CONFIG"])


def test_errors_quote_nothing_of_the_request(wire: Wire) -> None:
    raw = wire.create({**BASE, "sender": "canary-1", "user_number": "canary-2", "message": ["canary-3"]}).raw
    assert b"canary" not in raw


@pytest.mark.parametrize("body", [b"", b" ", b"null", b"[]", b'"text"', b"5", b"{", b"{}x", b"\xef\xbb\xbf{}"])
def test_what_is_no_json_object_is_refused(wire: Wire, body: bytes) -> None:
    refused(wire, body, ["INVALID_REQUEST"])


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        b"{}x",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 01}',
        b'{"a": .5}',
        b"{'a': 1}",
        b'{"a": "\x01"}',
        b'{"a": 1,}',
        b'{"a": "\\x"}',
        b'{"x": [{"y": 1, "y": 1}]}',
        b'{"x": 1, "\\u0078": 1}',
        b'{}, "message": "again"',
        b'{}, "request_data": {}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": "ü"}'.encode("latin-1"),
        b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_anywhere_in_the_body_is_refused(wire: Wire, value: bytes) -> None:
    whole = json.dumps({**BASE, "request_data": "HERE"}).encode()
    check_success(wire.create(whole.replace(b'"HERE"', b"{}")))
    refused(wire, whole.replace(b'"HERE"', value), ["INVALID_REQUEST"])
    refused(wire, whole.decode().encode("utf-16"), ["INVALID_REQUEST"])


def test_depth_within_the_limit_is_stored(wire: Wire) -> None:
    deep: Any = "bottom"
    for _ in range(390):
        deep = [deep]
    conversation = check_success(wire.create({**BASE, "request_data": {"deep": deep}}))
    assert stored(wire, conversation)["settings"]["request_data"] == {"deep": deep}


@pytest.mark.parametrize(
    "text", ["", "x" * 10_000, "Grüße 👩‍💻", "\x00\x1f\x7f", "\ud83d", "a\nb", "'; DROP TABLE messages; --"]
)
def test_any_text_is_stored_as_it_is(wire: Wire, text: str) -> None:
    conversation = check_success(wire.create({**BASE, "message": text, "request_data": {text: text}}))
    got = stored(wire, conversation)
    assert got["messages"][0]["message"] == text
    assert got["settings"]["request_data"] == {text: text}


def test_unknown_members_are_ignored(wire: Wire) -> None:
    assert stored(wire, check_success(wire.create({**BASE, "extra": 1, "is_active": False, "": None})))["settings"] == {}


@pytest.mark.parametrize(
    "content_type",
    [
        [],
        ["text/plain"],
        ["application/x-www-form-urlencoded"],
        ["application/jsonx"],
        ["application/merge-patch+json"],
        ["json"],
        [""],
        ["application/json", "text/plain"],
    ],
)
def test_the_content_type_must_be_json(wire: Wire, content_type: list[str]) -> None:
    headers = [("content-type", one) for one in content_type]
    assert codes(wire.create(BASE, headers), 415) == ["UNSUPPORTED_MEDIA_TYPE"]


@pytest.mark.parametrize("content_type", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"])
def test_ways_to_say_json(wire: Wire, content_type: str) -> None:
    check_success(wire.create(BASE, [("content-type", content_type)]))


def test_a_body_of_more_than_a_mebibyte_is_too_large(wire: Wire) -> None:
    whole = len(json.dumps({**BASE, "message": ""}).encode())
    check_success(wire.create({**BASE, "message": "x" * (1_048_576 - whole)}))
    refused(wire, {**BASE, "message": "x" * (1_048_577 - whole)}, ["PAYLOAD_TOO_LARGE"], 413)
    refused(wire, b"x" * 5_000_000, ["PAYLOAD_TOO_LARGE"], 413)


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [""],
        ["wrong"],
        ["KEYx"],
        ["Bearer KEY"],
        ["bearer KEY"],
        ["Basic KEY"],
        ["KEY", "wrong"],
        ["KEY", "KEY"],
        ["\u00e9"],
    ],
)
def test_without_the_bare_key_nothing_happens(wire: Wire, sent: list[str]) -> None:  # B19
    headers = [JSON, *[("authorization", value.replace("KEY", wire.key)) for value in sent]]
    for body in (json.dumps(BASE).encode(), b"{broken", json.dumps({**BASE, "sender": "x"}).encode()):
        got = wire.ask("POST", "/v1/sms/create", headers, body)
        assert codes(got, 401) == ["AUTH_FAILURE"]
        assert got.header("www-authenticate") == "ApiKey"
    assert wire.control("GET", "conversations") == {"conversations": []}


def test_one_providers_credential_is_nothing_to_the_other(wire: Wire) -> None:
    assert codes(wire.ask("POST", "/v1/sms/create", [JSON, ("authorization", wire.token)], b"{}"), 401)


def test_an_active_conversation_is_used_again(wire: Wire) -> None:  # B9
    first = wire.create({**BASE, "time_out": 100, "warning_time": 50, "current_node_id": "a"})
    second = wire.create({**BASE, "message": "Again", "time_out": 30, "new_conversation": False})
    conversation = check_success(first)
    assert check_success(second) == conversation
    assert first.json["data"]["workflow_id"] != second.json["data"]["workflow_id"]
    got = stored(wire, conversation)
    assert [one["message"] for one in got["messages"]] == ["Hello", "Again"]
    assert got["settings"] == {"time_out": 30, "warning_time": 50, "current_node_id": "a"}
    assert got["updated_at"] > got["created_at"]  # B15
    assert got["workflow_id"] == second.json["data"]["workflow_id"]


def test_a_new_conversation_archives_the_active_one(wire: Wire) -> None:  # B8
    ids = [check_success(wire.create({**BASE, "time_out": 9}))]
    ids += [check_success(wire.create({**BASE, "new_conversation": True, "message": str(n)})) for n in range(3)]
    assert len(set(ids)) == 4
    assert check_success(wire.create(BASE)) == ids[-1]
    all_of = wire.control("GET", "conversations")["conversations"]
    assert [(one["id"], one["is_active"]) for one in all_of] == [(one, one == ids[-1]) for one in ids]
    assert [len(one["messages"]) for one in all_of] == [1, 1, 1, 2]
    assert [one["settings"] for one in all_of] == [{"time_out": 9}, {}, {}, {}]


def test_a_conversation_belongs_to_its_two_numbers(wire: Wire) -> None:
    pairs = [(user, agent) for user in (USER, OTHER_USER) for agent in (AGENT, OTHER_AGENT)]
    ids = [check_success(wire.create({**BASE, "user_number": user, "agent_number": agent})) for user, agent in pairs]
    assert len(set(ids)) == 4
    changed = check_success(wire.create({**BASE, "new_conversation": True}))
    again = [check_success(wire.create({**BASE, "user_number": user, "agent_number": agent})) for user, agent in pairs]
    assert again == [changed, *ids[1:]]


def test_a_refused_request_changes_nothing(wire: Wire) -> None:
    conversation = check_success(wire.create({**BASE, "time_out": 5}))
    before = stored(wire, conversation)
    for wrong in (
        {"warning_time": 5, "time_out": 5},
        {"sender": "x"},
        {"agent_number": numbers.BLAND_FOREIGN[0]},
        {"message": 1},
    ):
        refused(
            wire, {**BASE, "new_conversation": True, **wrong}, codes(wire.create({**BASE, "new_conversation": True, **wrong}))
        )
    assert stored(wire, conversation) == before
    assert check_success(wire.create(BASE)) == conversation


def test_identifiers_are_unique_and_opaque(wire: Wire) -> None:
    answers = [wire.create({**BASE, "new_conversation": True}).json["data"] for _ in range(20)]
    for name in ("conversation_id", "workflow_id"):
        values = {one[name] for one in answers}
        assert len(values) == 20
        assert all(re.fullmatch(r"[a-z]+_[0-9a-f]{24}", value) for value in values)
