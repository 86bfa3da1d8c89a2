"""The wire is wrong when it is broken and right when it is not, seen by the standard library's client and no judge of ours."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from smscontract.breaker import Breaker, parse_breaks
from smscontract.catalogue import load_catalogue
from smscontract.sandbox import numbers
from smscontract.sandbox.app import create_app
from smscontract.sandbox.knowledge import knowledge
from smscontract.sandbox.server import Running, running
from tests.sandbox.wire import JSON, Got, Wire

CATALOGUE = load_catalogue()
PLAIN = {"user_number": numbers.BLAND_USERS[0], "agent_number": numbers.BLAND_OWNED[0], "message": "Hello"}
OTHER = {**PLAIN, "user_number": numbers.BLAND_USERS[1]}
#: Whether something is wrong with what comes over a connection.
Look = Callable[[Wire], bool]


@contextmanager
def served(*breaks: str) -> Iterator[Running]:
    sandbox = create_app()
    front = Breaker(sandbox, CATALOGUE, parse_breaks(breaks, CATALOGUE), knowledge=lambda asked: knowledge(sandbox, asked))
    with running(front) as where:
        yield where
    sandbox.store.close()


@contextmanager
def connected(where: Running) -> Iterator[Wire]:
    wire = Wire(where.host, where.port)
    try:
        yield wire
    finally:
        wire.close()


@pytest.fixture(scope="module")
def whole() -> Iterator[Running]:
    with served() as where:
        yield where


def draft(wire: Wire, label: str = "draft", *, at: int = 0) -> dict[str, Any]:
    entry: dict[str, Any] = wire.sms_ids[label][at]
    return entry


def sent(wire: Wire, label: str = "draft", *, at: int = 0) -> Got:
    return wire.send(draft(wire, label, at=at)["id"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def stuut(check: Callable[[Any], bool], label: str = "draft") -> Look:
    """The JSON body of a successful send."""

    def look(wire: Wire) -> bool:
        got = sent(wire, label)
        assert got.status == 200
        return check(got.json)

    return look


def bland(check: Callable[[Any], bool], body: Any = PLAIN, *, status: int = 200) -> Look:
    """The JSON body of an answer with this status."""

    def look(wire: Wire) -> bool:
        got = wire.create(body)
        assert got.status == status
        return check(got.json)

    return look


def status_of(body: Any, wrong: Callable[[int], bool]) -> Look:
    return lambda wire: wrong(wire.create(body).status)


def state(label: str, wrong: Callable[[int], bool]) -> Look:
    def look(wire: Wire) -> bool:
        entry = wire.sms_ids[label][0]
        return wrong(wire.send(entry if isinstance(entry, str) else entry["id"]).status)

    return look


def accepted(status: int) -> bool:
    return status // 100 == 2


def refused(status: int) -> bool:
    return status // 100 == 4


def with_token(token: str | None, wrong: Callable[[int], bool]) -> Look:
    def look(wire: Wire) -> bool:
        headers = [] if token is None else [("authorization", token)]
        target = f"/v2/sms-threads/messages/{draft(wire)['id']}/send"
        first = wire.ask("POST", target, headers).status
        second = wire.ask("POST", "/v1/sms/create", [*headers, JSON], json.dumps(PLAIN).encode()).status
        return wrong(first) or wrong(second)

    return look


def out_of_order(got: Any) -> bool:
    times = [moment(got[name]) for name in ("created_at", "sent_at", "delivered_at")]
    return any(later < earlier - timedelta(seconds=5) for earlier, later in pairwise(times))


def keeps(name: str) -> Look:
    """Whether a member of the draft is another one after sending."""

    def look(wire: Wire) -> bool:
        entry = draft(wire)
        return bool(wire.send(entry["id"]).json[name] != entry[name])

    return look


def second_send(wire: Wire) -> bool:
    first, second = sent(wire), sent(wire)
    assert first.status == 200
    if second.status == 409:
        return False
    return bool(second.status == 200 and moment(first.json["sent_at"]) != moment(second.json["sent_at"]))


def moves_back(wire: Wire) -> bool:
    answers = [sent(wire, "draft-delivered"), sent(wire, "draft-delivered")]
    seen = [one.json["status"] for one in answers if one.status == 200]
    assert seen[0] == "delivered"
    return seen[1:] not in ([], ["delivered"])


def conversation(wire: Wire, **more: Any) -> str:
    return str(wire.create({**PLAIN, **more}).json["data"]["conversation_id"])


def not_new(wire: Wire) -> bool:
    return conversation(wire, new_conversation=True) == conversation(wire, new_conversation=True)


def not_taken_up(wire: Wire) -> bool:
    return conversation(wire) != conversation(wire)


def lost_by_a_refusal(wire: Wire) -> bool:
    first = conversation(wire)
    assert refused(wire.create({**PLAIN, "message": 7}).status)
    return first != conversation(wire)


def shared(name: str) -> Look:
    def look(wire: Wire) -> bool:
        first, second = wire.create(PLAIN).json["data"], wire.create(OTHER).json["data"]
        return bool(first[name] == second[name])

    return look


def raw(check: Callable[[Got], bool], ask: Callable[[Wire], Got] = sent) -> Look:
    return lambda wire: check(ask(wire))


def created(wire: Wire) -> Got:
    return wire.create(PLAIN)


def is_no_json(got: Got) -> bool:
    try:
        json.loads(got.raw)
    except ValueError:
        return True
    return False


def is_no_utf8(got: Got) -> bool:
    try:
        got.raw.decode()
    except UnicodeDecodeError:
        return True
    return False


def has_twins(got: Got) -> bool:
    found: list[bool] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(items)) < len(items))
        return dict(items)

    json.loads(got.raw, object_pairs_hook=pairs)
    return any(found)


def cut(wire: Wire) -> bool:
    try:
        wire.create({**PLAIN, "sender": "USER"})
    except http.client.IncompleteRead as error:
        return (error.expected or 0) > 0
    return False


def unanswered(wire: Wire) -> bool:
    try:
        wire.create({**PLAIN, "sender": "USER"})
    except ConnectionResetError:
        return True
    return False


def slow(wire: Wire) -> bool:
    started = time.monotonic()
    created(wire)
    return time.monotonic() - started > 2


LOOKS: dict[str, Look] = {
    # presence
    "stuut.send-sms/200/body:required": stuut(lambda got: "body" not in got),
    "stuut.send-sms/200/sent_at:required": stuut(lambda got: "sent_at" not in got),
    "stuut.send-sms/200/classifications/items/object:required": stuut(
        lambda got: "object" not in got["classifications"][0], "draft-classified"
    ),
    "bland.create-sms/2XX/data/workflow_id:required": bland(lambda got: "workflow_id" not in got["data"]),
    "bland.create-sms/2XX/errors:required": bland(lambda got: "errors" not in got),
    # null
    "stuut.send-sms/200/is_automated:null": stuut(lambda got: got["is_automated"] is None),
    "stuut.send-sms/200/modified_at:null": stuut(lambda got: got["modified_at"] in ("null", "None")),
    "stuut.send-sms/200:null": stuut(lambda got: got is None),
    "bland.create-sms/2XX/data:null": bland(lambda got: got["data"] is None),
    # type
    "stuut.send-sms/200/created_at:type": stuut(lambda got: not isinstance(got["created_at"], str)),
    "stuut.send-sms/200/is_automated:type": stuut(lambda got: not isinstance(got["is_automated"], bool)),
    "stuut.send-sms/200:type": stuut(lambda got: not isinstance(got, dict)),
    "bland.create-sms/2XX/data/message:type": bland(lambda got: not isinstance(got["data"]["message"], str)),
    "bland.create-sms/4XX/errors/items/error:type": bland(
        lambda got: not isinstance(got["errors"][0]["error"], str), {**PLAIN, "message": 7}, status=400
    ),
    # enum
    "stuut.send-sms/200/status:enum": stuut(
        lambda got: got["status"] not in ("draft", "pending", "sent", "delivered", "failed", "undelivered")
    ),
    "stuut.send-sms/200/direction:enum": stuut(lambda got: got["direction"] not in ("inbound", "outbound")),
    # format
    "stuut.send-sms/200/created_at:format": stuut(
        lambda got: (
            not re.fullmatch(r"\d{4}-(0\d|1[0-2])-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)", got["created_at"])
        )
    ),
    "stuut.send-sms/200/sent_at:offset": stuut(lambda got: moment(got["sent_at"]).tzinfo is None),
    # constant
    "stuut.send-sms/rule/object-names-the-type": lambda wire: len({sent(wire, at=at).json["object"] for at in range(3)}) > 1,
    # condition
    "stuut.send-sms/rule/sent-is-outbound": stuut(lambda got: got["direction"] == "inbound"),
    "stuut.send-sms/rule/sent-is-no-draft": stuut(lambda got: got["status"] == "draft"),
    "stuut.send-sms/rule/delivered-has-times": stuut(
        lambda got: got["status"] == "delivered" and None in (got["sent_at"], got["delivered_at"]), "draft-delivered"
    ),
    "stuut.send-sms/rule/failed-says-why": stuut(
        lambda got: got["status"] == "failed" and got["error_message"] is None, "draft-failed"
    ),
    "bland.create-sms/rule/failure-lists-errors": bland(lambda got: not got["errors"], {**PLAIN, "message": 7}, status=400),
    # relation
    "stuut.send-sms/rule/answers-for-the-asked-id": lambda wire: sent(wire).json["id"] != draft(wire)["id"],
    "stuut.send-sms/rule/numbers-differ": stuut(lambda got: got["from_number"] == got["to_number"]),
    "stuut.send-sms/rule/times-in-order": stuut(out_of_order, "draft-delivered"),
    # request
    "bland.create-sms/request:accepts": lambda wire: [wire.create(PLAIN).status for _ in range(2)] == [200, 400],
    "bland.create-sms/request:refuses": status_of(b"[]", accepted),
    "bland.create-sms/request/message_sid:accepts": status_of({**PLAIN, "message_sid": "SM" + "0a" * 16}, refused),
    "bland.create-sms/request/user_number:refuses": status_of({**PLAIN, "user_number": "nobody"}, accepted),
    "bland.create-sms/request/sender:refuses": status_of({**PLAIN, "sender": "NOBODY"}, accepted),
    "bland.create-sms/rule/timeout-order": bland(
        lambda got: all(one["error"] != "INVALID_TIMEOUT_CONFIG" for one in got["errors"]),
        {**PLAIN, "time_out": 60, "warning_time": 600},
        status=400,
    ),
    "bland.create-sms/rule/timeout-order:code": status_of({**PLAIN, "time_out": 60, "warning_time": 600}, accepted),
    "bland.create-sms/rule/owned-number": status_of({**PLAIN, "agent_number": numbers.BLAND_FOREIGN[0]}, accepted),
    # state
    "stuut.send-sms/state/sms_id/draft": state("draft-long", refused),
    "stuut.send-sms/state/sms_id/inbound": state("inbound", accepted),
    "stuut.send-sms/state/sms_id/missing": state("missing", lambda status: status != 404),
    "stuut.send-sms/state/sms_id/foreign": state("foreign", lambda status: status not in (403, 404)),
    # auth
    "stuut.send-sms/auth/absent": with_token(None, accepted),
    "bland.create-sms/auth/wrong": with_token("Bearer no-token-of-ours", accepted),
    "stuut.send-sms/auth/good": state("draft-long", lambda status: status == 401),
    "stuut.send-sms/auth/code": with_token(None, lambda status: status not in (401, 403)),
    # history
    "stuut.send-sms/rule/send-keeps-draft": keeps("body"),
    "stuut.send-sms/rule/second-send": second_send,
    "stuut.send-sms/rule/moves-on": moves_back,
    "bland.create-sms/rule/new-is-new": not_new,
    "bland.create-sms/rule/active-reused": not_taken_up,
    "bland.create-sms/rule/refused-changes-nothing": lost_by_a_refusal,
    "bland.create-sms/rule/one-pair-per-conversation": shared("conversation_id"),
    # hygiene
    "stuut.send-sms/rule/sent-before-answer": stuut(lambda got: moment(got["sent_at"]).timestamp() > time.time() + 60),
    "stuut.send-sms/rule/error-message-not-blank": stuut(lambda got: not got["error_message"].strip(), "draft-failed"),
    "bland.create-sms/rule/workflow-belongs-to-one-pair": shared("workflow_id"),
    "bland.create-sms/rule/ids-differ": bland(lambda got: got["data"]["conversation_id"] == got["data"]["workflow_id"]),
    "bland.create-sms/rule/refusal-carries-no-data": bland(
        lambda got: got["data"] is not None, {**PLAIN, "message": 7}, status=400
    ),
    # protocol
    "stuut.send-sms/protocol/status": raw(lambda got: got.status not in (200, 404, 409)),
    "stuut.send-sms/protocol/content-type": raw(lambda got: got.header("content-type") != "application/json"),
    "bland.create-sms/protocol/complete-body": cut,
    "bland.create-sms/protocol/json": raw(is_no_json, created),
    "stuut.send-sms/protocol/one-value": raw(is_no_json),
    "stuut.send-sms/protocol/utf-8": raw(is_no_utf8),
    "bland.create-sms/protocol/no-bom": raw(lambda got: got.raw.startswith(b"\xef\xbb\xbf"), created),
    "bland.create-sms/protocol/unique-keys": raw(has_twins, created),
    "stuut.send-sms/protocol/numbers": raw(lambda got: b"NaN" in got.raw),
    "stuut.send-sms/protocol/unicode": raw(lambda got: rb"\ud800" in got.raw),
    "stuut.send-sms/protocol/no-secrets": lambda wire: wire.token.encode() in sent(wire).raw,
    "stuut.send-sms/protocol/no-server-error": raw(lambda got: got.status >= 500, lambda wire: sent(wire, "draft-long")),
    "bland.create-sms/protocol/answers": unanswered,
    "bland.create-sms/protocol/in-time": slow,
}


def test_the_looks_are_many_and_of_every_family() -> None:
    clauses = [CATALOGUE.clauses[identity] for identity in LOOKS]
    assert len(clauses) >= 40
    assert {clause.family for clause in clauses} == {clause.family for clause in CATALOGUE.clauses.values()}
    assert {clause.provider for clause in clauses} == set(CATALOGUE.contracts)


@pytest.mark.parametrize("identity", LOOKS)
def test_right_where_nothing_is_broken(identity: str, whole: Running) -> None:
    with connected(whole) as wire:
        wire.control("POST", "reset", {"seed": 0})
        wire.learn()
        assert not LOOKS[identity](wire)


@pytest.mark.parametrize("identity", LOOKS)
def test_wrong_where_it_is_broken(identity: str) -> None:
    with served(identity) as where, connected(where) as wire:
        assert LOOKS[identity](wire)


def test_a_body_cut_short_ends_with_its_connection() -> None:
    """Read to the end by hand: the head promises more than comes, and then nothing comes any more."""
    body = json.dumps({**PLAIN, "sender": "USER"}).encode()
    with served("bland.create-sms/protocol/complete-body") as where, connected(where) as wire:
        head = f"POST /v1/sms/create HTTP/1.1\r\nhost: x\r\nauthorization: {wire.key}\r\ncontent-type: application/json\r\n"
        with socket.create_connection((where.host, where.port), timeout=120) as connection:
            connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
    start, _, rest = answer.partition(b"\r\n\r\n")
    declared = re.search(rb"content-length: (\d+)", start)
    assert declared is not None
    assert len(rest) == int(declared[1]) - 7
    assert json.loads(rest)["data"]


def test_a_plain_request_passes_where_others_are_not_answered() -> None:
    """So that a control request tells a broken case from an outage."""
    with served("bland.create-sms/protocol/answers") as where, connected(where) as wire:
        for _ in range(3):
            assert unanswered(wire)
            wire.close()
            assert created(wire).status == 200


def test_the_connection_is_kept_after_an_answer_that_is_whole() -> None:
    with served("bland.create-sms/2XX/data:null") as where, connected(where) as wire:
        connection = wire.connection.sock
        assert [created(wire).json["data"] for _ in range(3)] == [None] * 3
        assert wire.connection.sock is connection
