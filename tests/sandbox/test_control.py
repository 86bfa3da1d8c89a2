"""The control plane: what the gate reads there, and that nothing of it reaches the endpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smscontract import __version__
from smscontract.sandbox import numbers
from smscontract.sandbox.app import create_app
from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.store import Store
from tests.sandbox.test_stuut import RESERVED, STATUSES
from tests.sandbox.wire import JSON, Wire

KNOWN = {"id", "body", "to_number", "created_at", "sms_thread_id"}


def test_the_index_has_the_shape_of_a_resources_file(wire: Wire) -> None:
    index = wire.control("GET", "")
    assert (index["sandbox"], index["version"]) == ("smscontract", __version__)
    stuut, bland = index["providers"]["stuut"], index["providers"]["bland"]
    assert set(index["providers"]) == {"stuut", "bland"}
    assert stuut["header"] == {"Authorization": f"Bearer {stuut['token']}"}
    assert bland["header"] == {"authorization": bland["token"]}
    assert set(stuut["resources"]) == {"sms_id"}
    for label, entries in stuut["resources"]["sms_id"].items():
        assert entries
        assert label.partition("-")[0] in {*STATUSES, "inbound", "missing", "foreign"}
        for entry in entries:
            assert isinstance(entry, str) if label == "missing" else set(entry) == KNOWN
    assert bland["resources"]["agent_number"].keys() == {"owned", "foreign"}
    assert bland["resources"]["user_number"].keys() == {"any"}


def test_every_status_and_direction_is_there(wire: Wire) -> None:
    everything = wire.control("GET", "messages")["messages"]
    assert {one["status"] for one in everything} == STATUSES
    assert {one["direction"] for one in everything} == {"inbound", "outbound"}
    assert {label.partition("-")[0] for label in wire.sms_ids} >= STATUSES
    assert any(len(one["body"]) > 160 for one in everything)
    assert any(len(one["body"]) == 1600 for one in everything)
    assert any(not one["body"].isascii() for one in everything)


def test_only_reserved_numbers_are_known(wire: Wire) -> None:
    text = json.dumps([wire.control("GET", ""), wire.control("GET", "messages")])
    found = re.findall(r"\+[0-9]{6,}", text)
    assert found
    assert {one for one in found if not RESERVED.fullmatch(one)} == set()


def test_a_reset_is_the_first_day_again(wire: Wire) -> None:
    def identities() -> Any:
        index = wire.control("GET", "")["providers"]
        messages = wire.control("GET", "messages")["messages"]
        return (
            index["stuut"]["token"],
            index["bland"],
            [{**one, "classifications": 0} | dict.fromkeys(TIMES) for one in messages],
        )

    first = identities()
    wire.send(wire.sms_ids["draft"][0]["id"])
    wire.draft(id="mine")
    wire.create({"user_number": numbers.BLAND_USERS[0], "agent_number": numbers.BLAND_OWNED[0], "message": "x"})
    assert identities() != first
    assert wire.control("POST", "reset") == {"seed": 0}
    assert identities() == first
    assert wire.control("GET", "conversations") == {"conversations": []}
    assert wire.control("GET", "arrived") == {"total": 0, "requests": []}


TIMES = ("created_at", "modified_at", "sent_at", "delivered_at")


def test_another_seed_is_another_first_day(wire: Wire) -> None:
    assert wire.control("POST", "reset", {"seed": 7}) == {"seed": 7}
    old, old_token, old_key = wire.sms_ids["draft"][0]["id"], wire.token, wire.key
    assert wire.send(old).status == 401
    assert wire.create({}).status == 401
    wire.learn()
    assert wire.token != old_token
    assert wire.key != old_key
    assert wire.send(old).status == 404
    assert wire.send(wire.sms_ids["draft"][0]["id"]).status == 200
    assert wire.control("POST", "reset", {}) == {"seed": 7}
    assert old_token not in json.dumps(wire.control("GET", "arrived"))


def test_what_was_used_up_is_planted_again(wire: Wire) -> None:
    before = {label: len(entries) for label, entries in wire.sms_ids.items()}
    spent = {label: [one["id"] for one in wire.sms_ids[label]] for label in ("draft", "draft-failed")}
    for sms_id in [*spent["draft"], *spent["draft-failed"]]:
        assert wire.send(sms_id).status == 200
    wire.learn()
    after = {label: len(entries) for label, entries in wire.sms_ids.items()}
    used = {"sent": before["sent"] + len(spent["draft"]), "failed": before["failed"] + len(spent["draft-failed"])}
    assert after == {**before, **used}
    assert not {one["id"] for one in wire.sms_ids["draft"]} & set(spent["draft"])
    assert len({one["to_number"] for one in wire.sms_ids["draft-failed"]}) == len(numbers.FAILING)


def test_an_unlabelled_message_is_never_offered(wire: Wire) -> None:
    mine = wire.draft()["id"]
    labelled = wire.draft(label="draft-mine")["id"]
    wire.learn()
    offered = {label: [one["id"] for one in entries] for label, entries in wire.sms_ids.items() if label != "missing"}
    assert offered["draft-mine"] == [labelled]
    assert mine not in [one for entries in offered.values() for one in entries]
    assert wire.send(mine).status == wire.send(labelled).status == 200


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_message_can_be_made_in_any_state(wire: Wire, status: str, direction: str) -> None:
    made = wire.draft(status=status, direction=direction, classifications=2)
    assert (made["status"], made["direction"], len(made["classifications"])) == (status, direction, 2)
    assert (made["sent_at"] is not None) == (status in {"sent", "delivered", "undelivered"})
    assert (made["delivered_at"] is not None) == (status == "delivered")
    assert (made["error_message"] is not None) == (status in {"failed", "undelivered"})
    now = datetime.now(UTC)
    assert all(datetime.fromisoformat(made[name]) < now for name in TIMES if made[name])
    assert made["from_number"] != made["to_number"]
    assert wire.control("GET", f"messages/{made['id']}") == made
    assert (wire.send(made["id"]).status == 200) == (status == "draft" and direction == "outbound")


def test_every_member_of_a_message_can_be_given(wire: Wire) -> None:
    fields = {
        "id": "sms/ü",
        "organisation": "organisation-foreign",
        "body": "Grüße",
        "from_number": "+12025550101",
        "to_number": "+15005550001",
        "created_at": "2026-01-02T03:04:05+01:00",
        "modified_at": None,
        "sent_at": "2026-01-02T03:04:05Z",
        "delivered_at": None,
        "error_message": "odd",
        "sms_thread_id": "thread_1",
        "status": "failed",
        "direction": "inbound",
        "is_automated": True,
        "label": None,
    }
    made = wire.draft(**fields, classifications=1)
    assert {name: made[name] for name in fields} == {**fields, "created_at": "2026-01-02T02:04:05.000000Z"}


@pytest.mark.parametrize(
    "body",
    [
        {"statsu": "draft"},
        {"status": "queued"},
        {"status": ["draft"]},
        {"direction": None},
        {"organisation": ["x"]},
        {"to_number": "12025550110"},
        {"to_number": 5},
        {"body": "\ud800"},
        {"body": None},
        {"id": ""},
        {"created_at": "yesterday"},
        {"created_at": "2026-01-02T03:04:05"},
        {"created_at": None},
        {"is_automated": 1},
        {"classifications": -1},
        {"classifications": True},
        {"classifications": []},
        [],
        "x",
    ],
)
def test_a_message_that_makes_no_sense_is_refused(wire: Wire, body: Any) -> None:
    before = wire.control("GET", "messages")
    got = wire.ask("POST", "/_sandbox/drafts", [JSON], json.dumps(body).encode())
    assert got.status == 400
    assert set(got.json) == {"error"}
    assert wire.control("GET", "messages") == before


def test_an_id_is_taken_once(wire: Wire) -> None:
    made = wire.draft(id="mine", body="first")
    got = wire.ask("POST", "/_sandbox/drafts", [JSON], b'{"id": "mine"}')
    assert (got.status, set(got.json)) == (400, {"error"})
    assert wire.control("GET", "messages/mine") == made


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "messages/nothing", None, 404),
        ("GET", "conversations/nothing", None, 404),
        ("GET", "messages/a/b", None, 404),
        ("POST", "", None, 405),
        ("GET", "drafts", None, 405),
        ("GET", "reset", None, 405),
        ("DELETE", "messages", None, 405),
        ("POST", "messages/x", None, 405),
        ("POST", "reset", b"{", 400),
        ("POST", "reset", b'{"seed": "7"}', 400),
        ("POST", "reset", b'{"seed": true}', 400),
        ("POST", "reset", b'{"sede": 7}', 400),
        ("POST", "drafts", b'{"id": "a", "id": "b"}', 400),
    ],
)
def test_what_the_control_plane_refuses(wire: Wire, method: str, path: str, body: bytes | None, status: int) -> None:
    got = wire.ask(method, f"/_sandbox/{path}", [JSON], body)
    assert (got.status, set(got.json), got.header("content-type")) == (status, {"error"}, "application/json")
    assert got.header("cache-control") == "no-store"
    assert (got.header("allow") is not None) == (status == 405)


def test_the_index_with_and_without_its_slash(wire: Wire) -> None:
    assert wire.ask("GET", "/_sandbox").json == wire.ask("GET", "/_sandbox/").json


def test_what_arrived_is_told_without_credentials(wire: Wire) -> None:
    wire.send("sms/\u00fc", b"body " + wire.token.encode(), [("x-test", f"a {wire.key}"), ("cookie", "secret=1")])
    wire.create(b"\xff{")
    wire.ask("GET", f"/nowhere?token={wire.token}", [("authorization", "something-else")])
    wire.ask("GET", "/v1/sms/create", [], b"x" * 10_000)
    arrived = wire.control("GET", "arrived")
    assert arrived["total"] == 4
    first, second, third, fourth = arrived["requests"]
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v2/sms-threads/messages/sms%2F%C3%BC/send", 404)
    assert first["body"] == "body <credential>"
    assert ["authorization", "Bearer <credential>"] in first["headers"]
    assert ["x-test", "a <credential>"] in first["headers"]
    assert ["cookie", "<credential>"] in first["headers"]
    assert (second["body"], second["size"], second["status"]) == ("\\xff{", 2, 400)
    assert ["authorization", "<credential>"] in second["headers"]
    assert (third["path"], third["query"], third["status"]) == ("/nowhere", "token=<credential>", 404)
    assert ["authorization", "<credential>"] in third["headers"]
    assert (len(fourth["body"]), fourth["size"], fourth["status"]) == (8192, 10_000, 405)
    assert [one["number"] for one in arrived["requests"]] == [1, 2, 3, 4]
    assert wire.token not in json.dumps(arrived)
    assert wire.key not in json.dumps(arrived)


def test_the_endpoints_do_not_know_the_control_plane(wire: Wire) -> None:
    """Reading and making messages there changes nothing of what is not named, and is no arrival."""
    draft = wire.sms_ids["draft"][0]
    before = wire.control("GET", f"messages/{draft['id']}")
    for path in ("", "messages", "conversations", "arrived"):
        wire.control("GET", path)
    wire.draft()
    assert wire.control("GET", f"messages/{draft['id']}") == before
    assert wire.control("GET", "arrived")["total"] == 0
    for target in ("/v1/_sandbox/reset", "/v2/_sandbox/", "/v1/sms/create/../../_sandbox/reset", "/_sandboxx/"):
        assert wire.ask("POST", target).status == 404


# with a clock of our own


@pytest.fixture
def ticking() -> Iterator[Any]:
    """A sandbox whose clock stands still until it is moved."""
    now = [datetime(2026, 5, 1, 12, tzinfo=UTC)]
    store = Store()
    app = create_app(store, lambda: now[0], seed_number=3)

    def ask(method: str, path: str, body: Any = None) -> Answer:
        headers = (("authorization", f"Bearer {app.stuut.token}"),)
        return app.answer(Ask(method=method, path=path, headers=headers, body=json.dumps(body).encode() if body else b""))

    ask.now = now  # type: ignore[attr-defined]
    yield ask
    store.close()


def test_time_comes_from_the_clock(ticking: Any) -> None:
    index = ticking("GET", "/_sandbox/").body["providers"]["stuut"]["resources"]["sms_id"]
    assert index["draft"][0]["created_at"] == "2026-05-01T10:00:00.000000Z"
    assert all(one["created_at"] < "2026-05-01T12" for label, entries in index.items() if label != "missing" for one in entries)
    ticking.now[0] += timedelta(days=1, microseconds=5)
    sent = ticking("POST", f"/v2/sms-threads/messages/{index['draft'][0]['id']}/send").body
    assert sent["sent_at"] == "2026-05-02T12:00:00.000005Z"
    assert ticking("POST", "/_sandbox/drafts").body["created_at"] == "2026-05-02T11:59:00.000005Z"


def test_the_same_seed_gives_the_same_sandbox() -> None:
    def everything(number: int) -> Any:
        store = Store()
        app = create_app(store, lambda: datetime(2026, 5, 1, tzinfo=UTC), seed_number=number)
        answers = [app.answer(Ask(method="GET", path=f"/_sandbox/{path}")).encoded() for path in ("", "messages")]
        store.close()
        return answers

    assert everything(5) == everything(5)
    assert everything(5) != everything(6)
