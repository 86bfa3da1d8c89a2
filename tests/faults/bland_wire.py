"""Wrong servers of the other provider: the form of its answers, and how they travel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.faults.model import Kind, Reply, Seen, wire

__all__: list[str] = []

Edit = Callable[[dict[str, Any]], object]
DATA = ("2XX/data/message:required", "2XX/data/conversation_id:required", "2XX/data/workflow_id:required")
Change = Callable[[Seen, Reply], Reply]


def shape(kind: Kind, *expected: str, also: tuple[str, ...] = (), good: bool = True) -> Callable[[Edit], Edit]:
    """A fault in the value of a success, or of a refusal: a function that changes it in place."""

    def register(edit: Edit) -> Edit:
        def change(_: Seen, reply: Reply) -> Reply:
            if (reply.status == 200) != good:
                return reply
            value = reply.json
            edit(value)
            return reply.with_json(value)

        change.__name__ = edit.__name__
        wire("bland", kind, *expected, also=also)(change)
        return edit

    return register


@shape(Kind.SCHEMA, "2XX/errors:type")
def empty_errors_on_success(body: dict[str, Any]) -> None:
    body["errors"] = []


@shape(Kind.SCHEMA, "2XX/errors:required")
def no_errors_on_success(body: dict[str, Any]) -> None:
    del body["errors"]


@shape(Kind.SCHEMA, "2XX/data/workflow_id:required")
def message_id_for_workflow_id(body: dict[str, Any]) -> None:
    body["data"]["message_id"] = body["data"].pop("workflow_id")


@shape(Kind.SCHEMA, "2XX/data/conversation_id:required")
def camel_case(body: dict[str, Any]) -> None:
    body["data"]["conversationId"] = body["data"].pop("conversation_id")


@shape(Kind.SCHEMA, "2XX/data:type")
def data_as_list(body: dict[str, Any]) -> None:
    body["data"] = [body["data"]]


@shape(Kind.SCHEMA, "2XX/data/conversation_id:type")
def conversation_id_as_number(body: dict[str, Any]) -> None:
    body["data"]["conversation_id"] = int(body["data"]["conversation_id"][5:], 16) % 100_000


@shape(Kind.SCHEMA, "2XX/data:required", also=("2XX/errors:required",))
def not_wrapped(body: dict[str, Any]) -> None:
    inner = body.pop("data")
    body.pop("errors")
    body.update(inner)


@shape(Kind.SCHEMA, "rule/failure-lists-errors", good=False)
def empty_errors_on_failure(body: dict[str, Any]) -> None:
    body["errors"] = []


@shape(Kind.SCHEMA, "rule/failure-lists-errors", good=False)
def null_errors_on_failure(body: dict[str, Any]) -> None:
    body["errors"] = None


@shape(Kind.SCHEMA, "rule/failure-lists-errors", good=False)
def errors_by_member(body: dict[str, Any]) -> None:
    body["errors"] = {one["error"]: one["message"] for one in body["errors"]}


@shape(Kind.SCHEMA, "4XX/errors/items/error:type", also=("rule/timeout-order",), good=False)
def codes_as_numbers(body: dict[str, Any]) -> None:
    for one in body["errors"]:
        one["error"] = 4000 + len(one["error"])


@shape(Kind.SCHEMA, "4XX/errors/items/message:null", "rule/error-text-not-blank", good=False)
def no_words_in_errors(body: dict[str, Any]) -> None:
    for one in body["errors"]:
        one["message"] = None


@shape(Kind.CONDITION, "rule/error-text-not-blank", good=False)
def blank_words_for_several(body: dict[str, Any]) -> None:
    for one in body["errors"][1:]:
        one["message"] = ""


@shape(Kind.SCHEMA, "rule/error-text-not-blank", good=False)
def blank_codes(body: dict[str, Any]) -> None:
    for one in body["errors"]:
        one["error"] = " " if one["error"] != "INVALID_TIMEOUT_CONFIG" else one["error"]


@shape(Kind.MEANING, "rule/refusal-carries-no-data", good=False)
def data_in_refusals(body: dict[str, Any]) -> None:
    body["data"] = {"message": "failed", "conversation_id": "conv_1", "workflow_id": None}


def _answers(kind: Kind, *expected: str, also: tuple[str, ...] = ()) -> Callable[[Change], Change]:
    return wire("bland", kind, *expected, also=also)


def _given(seen: Seen, name: str) -> Any:
    return seen.json.get(name) if isinstance(seen.json, dict) else None


@_answers(Kind.CONDITION, "2XX/data/workflow_id:null")
def no_workflow_for_agents(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or _given(seen, "sender") != "AGENT":
        return reply
    return reply.with_json({**reply.json, "data": {**reply.json["data"], "workflow_id": None}})


@_answers(Kind.CONDITION, "2XX/data/conversation_id:null")
def no_conversation_id_when_new(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or _given(seen, "new_conversation") is not True:
        return reply
    return reply.with_json({**reply.json, "data": {**reply.json["data"], "conversation_id": None}})


@_answers(Kind.CONDITION, "2XX/data:null")
def null_data_with_timeouts(seen: Seen, reply: Reply) -> Reply:
    return reply.with_json({**reply.json, "data": None}) if reply.status == 200 and _given(seen, "time_out") else reply


@_answers(Kind.CONDITION, "2XX/data/message:type")
def message_translated_with_metadata(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or not _given(seen, "request_data"):
        return reply
    return reply.with_json({**reply.json, "data": {**reply.json["data"], "message": {"en": "created"}}})


@_answers(Kind.CONDITION, "2XX/errors:type")
def warnings_as_errors(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or not _given(seen, "warning_time"):
        return reply
    return reply.with_json({**reply.json, "errors": [{"error": "DEPRECATED", "message": "warning_time is deprecated"}]})


@_answers(Kind.CONDITION, "2XX/data/workflow_id:null")
def no_workflow_in_every_fifth(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or seen.number % 5:
        return reply
    return reply.with_json({**reply.json, "data": {**reply.json["data"], "workflow_id": None}})


REFUSED_BY_200 = ("2XX/data:null", "2XX/errors:type")


@_answers(
    Kind.STATUS,
    *REFUSED_BY_200,
    also=(
        *REFUSED_BY_200,
        "auth/absent",
        "auth/wrong",
        "rule/timeout-order",
        "rule/timeout-order:code",
        "rule/owned-number",
        "request:refuses",
        *(
            f"request/{name}:refuses"
            for name in (
                "user_number",
                "agent_number",
                "message",
                "message_sid",
                "curr_pathway_id",
                "curr_pathway_version",
                "current_node_id",
                "request_data",
                "new_conversation",
                "sender",
                "time_out",
                "timeout_message",
                "warning_time",
                "warning_message",
            )
        ),
    ),
)
def refusals_are_200(_: Seen, reply: Reply) -> Reply:
    reply.status = 200
    return reply


@_answers(Kind.STATUS, "protocol/status")
def see_other(_: Seen, reply: Reply) -> Reply:
    if reply.status == 200:
        reply.status = 303
        reply.headers.append(("location", "/v1/sms/conversations/1"))
    return reply


@_answers(Kind.STATUS, "protocol/no-server-error")
def refusals_are_500(_: Seen, reply: Reply) -> Reply:
    reply.status = 500 if reply.status == 400 else reply.status
    return reply


@_answers(Kind.STATUS, "protocol/no-server-error")
def not_implemented_for_versions(seen: Seen, reply: Reply) -> Reply:
    reply.status = 501 if _given(seen, "curr_pathway_version") else reply.status
    return reply


@_answers(Kind.STATUS, "protocol/content-type")
def plain_text(_: Seen, reply: Reply) -> Reply:
    return reply.with_header("content-type", "text/plain; charset=utf-8") if reply.status == 200 else reply


@_answers(Kind.STATUS, "protocol/content-type-of-refusals")
def refusals_as_pages(_: Seen, reply: Reply) -> Reply:
    return reply if reply.status == 200 else Reply(reply.status, [("content-type", "text/html")], b"<html>Bad Request</html>")


@_answers(Kind.STATUS, "protocol/content-type-of-refusals")
def page_for_malformed(seen: Seen, reply: Reply) -> Reply:
    if seen.json is not None or reply.status == 401:
        return reply
    return Reply(400, [("content-type", "text/html")], b"<pre>SyntaxError: Unexpected end of JSON input</pre>")


@_answers(Kind.PROTOCOL, "protocol/one-value")
def two_answers(_: Seen, reply: Reply) -> Reply:
    reply.body = reply.body * 2 if reply.status == 200 else reply.body
    return reply


@_answers(Kind.PROTOCOL, "protocol/unique-keys")
def errors_twice(_: Seen, reply: Reply) -> Reply:
    reply.body = reply.body[:-1] + b',"errors":null}' if reply.status == 200 else reply.body
    return reply


@_answers(Kind.PROTOCOL, "protocol/utf-8")
def message_in_latin_1(_: Seen, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    reply.body = reply.body.replace(b"successfully", b"succ\xe8s")
    return reply


@_answers(Kind.PROTOCOL, "protocol/no-bom")
def byte_order_mark(_: Seen, reply: Reply) -> Reply:
    reply.body = b"\xef\xbb\xbf" + reply.body
    return reply


@_answers(Kind.PROTOCOL, "protocol/numbers")
def infinite_latency(_: Seen, reply: Reply) -> Reply:
    return reply.with_json({**reply.json, "latency": float("inf")}) if reply.status == 200 else reply


@_answers(Kind.PROTOCOL, "protocol/answers", "protocol/complete-body")
def cut_for_long_answers(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200 or not _given(seen, "request_data"):
        return reply
    reply.cut, reply.chunks = 30, 2
    return reply


@_answers(Kind.PROTOCOL, "protocol/answers", "protocol/complete-body")
def closes_on_long_bodies(seen: Seen, reply: Reply) -> Reply:
    if len(seen.body) > 1200:
        reply.cut = 0
    return reply


@_answers(Kind.PROTOCOL, "protocol/json")
def callback_around(_: Seen, reply: Reply) -> Reply:
    reply.body = b"callback(" + reply.body + b");"
    return reply


@_answers(Kind.PROTOCOL, "protocol/json")
def empty_refusals_called_json(_: Seen, reply: Reply) -> Reply:
    reply.body = b"{" if reply.status == 400 else reply.body
    return reply


@_answers(Kind.PROTOCOL, "2XX:type")
def json_in_a_text(_: Seen, reply: Reply) -> Reply:
    return reply.with_json(json.dumps(reply.json)) if reply.status == 200 else reply
