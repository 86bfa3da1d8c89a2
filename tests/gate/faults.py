"""Servers that are wrong in one way each, as changes to the sandbox's answers. Each is made afresh for a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from smscontract.sandbox import seed
from tests.gate.run import BLAND, STUUT
from tests.gate.server import RESET, Behave, Reply, Seen

Change = Callable[[Seen, Reply], Reply]


@dataclass(frozen=True)
class Fault:
    """`clauses` are all that are broken, `make` a new server's behaviour."""

    provider: str
    clauses: frozenset[str]
    make: Callable[[], Behave]


FAULTS: dict[str, Fault] = {}


def behaving(change: Change) -> Behave:
    return lambda seen, answer: change(seen, answer())


def fault(operation: str, *clauses: str) -> Callable[[Callable[[], Change]], None]:
    def add(make: Callable[[], Change]) -> None:
        provider = operation.partition(".")[0]
        named = frozenset(f"{operation}/{clause}" for clause in clauses)
        FAULTS[make.__name__.replace("_", " ")] = Fault(provider, named, lambda: behaving(make()))

    return add


def member(name: str, value: Any, status: int = 200) -> Callable[[], Change]:
    def change(_: Seen, reply: Reply) -> Reply:
        return reply.with_json({**reply.json, name: value}) if reply.status == status else reply

    return lambda: change


# -- one answer

for _name, _value, _clause in [
    ("status", "queued", "200/status:enum"),
    ("is_automated", "yes", "200/is_automated:type"),
    ("direction", None, "200/direction:null"),
    ("created_at", "yesterday", "200/created_at:format"),
    ("sent_at", "2020-01-01T00:00:00Z", "rule/times-in-order"),
]:
    FAULTS[f"{_name} is {_value}"] = Fault(
        "stuut",
        frozenset({f"{STUUT}/{_clause}"}),
        lambda _n=_name, _v=_value: behaving(member(_n, _v)()),  # type: ignore[misc]
    )


@fault(STUUT, "200/sms_thread_id:required")
def a_member_is_missing() -> Change:
    def change(_: Seen, reply: Reply) -> Reply:
        return reply.with_json({k: v for k, v in reply.json.items() if k != "sms_thread_id"}) if reply.status == 200 else reply

    return change


@fault(STUUT, "rule/answers-for-the-asked-id")
def another_id() -> Change:
    return member("id", "sms_other")()


@fault(STUUT, "protocol/content-type", "protocol/content-type-of-refusals")
def html() -> Change:
    return lambda _, reply: reply.with_header("content-type", "text/html")


@fault(STUUT, "protocol/one-value")
def two_values() -> Change:
    return lambda _, reply: replace(reply, body=reply.body + b"\n{}") if reply.status == 200 else reply


@fault(STUUT, "protocol/unique-keys")
def a_key_twice() -> Change:
    return lambda _, reply: replace(reply, body=b'{"id": "x",' + reply.body[1:]) if reply.status == 200 else reply


@fault(BLAND, "protocol/utf-8")
def no_utf_8() -> Change:
    return lambda _, reply: replace(reply, body=b'{"note": "\xe9",' + reply.body[1:]) if reply.status == 200 else reply


@fault(BLAND, "protocol/no-bom")
def a_byte_order_mark() -> Change:
    return lambda _, reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body)


@fault(BLAND, "protocol/status")
def a_teapot() -> Change:
    return lambda _, reply: replace(reply, status=302) if reply.status == 400 else reply


@fault(BLAND, "2XX/data/conversation_id:type")
def an_id_that_is_a_number() -> Change:
    def change(_: Seen, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        data = reply.json["data"]
        number = int.from_bytes(data["conversation_id"].encode()) % 10**9
        return reply.with_json({**reply.json, "data": {**data, "conversation_id": number}})

    return change


@fault(BLAND, "rule/failure-lists-errors")
def no_errors() -> Change:
    return member("errors", [], 400)()


@fault(BLAND)
def something_new() -> Change:
    return member("trace", {"id": 5})()


# -- secrets in the answer


@fault(STUUT, "protocol/no-secrets")
def the_token_in_the_body() -> Change:
    return lambda seen, reply: reply.with_json({**reply.json, "debug": seen.header("authorization")})


@fault(BLAND, "protocol/no-secrets")
def the_token_in_a_header() -> Change:
    return lambda seen, reply: reply.with_header("x-debug", f"key={seen.header('authorization')}")


# -- who is let in, what is accepted


@fault(BLAND, "auth/absent", "auth/wrong")
def everybody_is_let_in() -> Change:
    return lambda seen, reply: seen.serve(seen.body, seed.bland_key(0)) if reply.status == 401 else reply


@fault(STUUT, "auth/code")
def strangers_get_a_400() -> Change:
    return lambda _, reply: replace(reply, status=400) if reply.status == 401 else reply


def mended(wrong: Callable[[Seen, Reply], bool], **members: Any) -> Change:
    """Takes what is wrong as if it had been something else."""

    def change(seen: Seen, reply: Reply) -> Reply:
        if reply.status != 400 or not seen.fields or not wrong(seen, reply):
            return reply
        kept = {name: value for name, value in {**seen.fields, **members}.items() if value is not None}
        return seen.serve(json.dumps(kept).encode(), "")

    return change


@fault(BLAND, "request/message:refuses")
def no_message_needed() -> Change:
    return mended(lambda seen, _: "message" not in seen.fields, message="Hi")


@fault(BLAND, "rule/timeout-order")
def any_warning_will_do() -> Change:
    return mended(lambda _, reply: b"INVALID_TIMEOUT_CONFIG" in reply.body, warning_time=None)


@fault(STUUT, "state/sms_id/missing", "state/sms_id/foreign")
def gone_instead_of_not_found() -> Change:
    return lambda _, reply: replace(reply, status=410) if b"not found" in reply.body else reply


# -- histories


@fault(STUUT, "rule/second-send")
def every_send_sends() -> Change:
    kept: dict[str, Reply] = {}

    def change(seen: Seen, reply: Reply) -> Reply:
        if reply.status == 200:
            kept[seen.target] = reply
        elif b"already" in reply.body and seen.target in kept and reply.status == 409:
            before = kept[seen.target].json
            if before["sent_at"] and before["status"] == "sent":
                later = before["sent_at"][:-2] + ("8Z" if before["sent_at"][-2] == "9" else "9Z")
                return kept[seen.target].with_json({**before, "sent_at": later})
        return reply

    return change


@fault(STUUT, "rule/object-names-the-type")
def the_object_changes() -> Change:
    seen_ids: list[str] = []

    def change(seen: Seen, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        seen_ids.append(seen.target)
        return reply.with_json({**reply.json, "object": "sms_message" if len(seen_ids) % 2 else "message"})

    return change


@fault(BLAND, "rule/active-reused", "rule/refused-changes-nothing")
def always_a_new_conversation() -> Change:
    def change(seen: Seen, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        return reply.with_json({**reply.json, "data": {**reply.json["data"], "conversation_id": f"conv-{seen.number}"}})

    return change


@fault(BLAND, "rule/new-is-new")
def never_a_new_conversation() -> Change:
    kept: dict[str, str] = {}

    def change(seen: Seen, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        data = reply.json["data"]
        mine = kept.setdefault(f"{seen.json['user_number']} {seen.json['agent_number']}", data["conversation_id"])
        return reply.with_json({**reply.json, "data": {**data, "conversation_id": mine}})

    return change


# -- no answer, or one of the server's own


def failing(reply: Reply, condition: Callable[[Seen], bool]) -> Callable[[], Behave]:
    return lambda: lambda seen, answer: reply if condition(seen) else answer()


def _is_agent(seen: Seen) -> bool:
    warning, end = seen.fields.get("warning_time"), seen.fields.get("time_out")
    wrong = isinstance(warning, int | float) and isinstance(end, int | float) and warning >= end
    return seen.fields.get("sender") == "AGENT" and not wrong


REFUSAL = Reply(400, b'{"data":null,"errors":[{"error":"NO","message":"no agents"}]}')
FAULTS["agents are refused"] = Fault("bland", frozenset({f"{BLAND}/request/sender:accepts"}), failing(REFUSAL, _is_agent))
ERROR = Reply(500, b'{"data":null,"errors":[{"error":"OOPS","message":"oops"}]}')
FAULTS["an error for one kind"] = Fault(
    "bland", frozenset({f"{BLAND}/protocol/no-server-error"}), failing(ERROR, lambda seen: b'"warning_time"' in seen.body)
)
FAULTS["a reset for one kind"] = Fault(
    "bland", frozenset({f"{BLAND}/protocol/answers"}), failing(RESET, lambda seen: b'"SOMEBODY"' in seen.body)
)
FAULTS["an outage"] = Fault("stuut", frozenset(), failing(ERROR, lambda seen: seen.number > 20))
FAULTS["once in a while"] = Fault("bland", frozenset(), failing(RESET, lambda seen: seen.number in (5, 6, 30)))
