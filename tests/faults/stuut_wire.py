"""Wrong servers of the one provider: the form of the answer, always or only now and then, and how it travels."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.faults.model import Kind, Reply, Seen, wire

__all__: list[str] = []

OFFSETS = tuple(f"200/{name}:offset" for name in ("modified_at", "sent_at", "delivered_at"))
REQUIRED = tuple(
    f"200/{name}:required"
    for name in (
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
    )
)
Edit = Callable[[dict[str, Any]], object]


def shape(kind: Kind, *expected: str, also: tuple[str, ...] = ()) -> Callable[[Edit], Edit]:
    """A fault in the value of a success: a function that changes it in place."""

    def register(edit: Edit) -> Edit:
        def change(_: Seen, reply: Reply) -> Reply:
            if reply.status != 200:
                return reply
            value = reply.json
            edit(value)
            return reply.with_json(value)

        change.__name__ = edit.__name__
        wire("stuut", kind, *expected, also=also)(change)
        return edit

    return register


@shape(
    Kind.SCHEMA,
    "200/modified_at:required",
    also=tuple(f"200/{n}:required" for n in ("sms_thread_id", "sent_at", "delivered_at", "error_message")),
)
def nulls_left_out(body: dict[str, Any]) -> None:
    for name in [name for name, value in body.items() if value is None]:
        del body[name]


@shape(Kind.CONDITION, "200/classifications:required")
def empty_lists_left_out(body: dict[str, Any]) -> None:
    if not body["classifications"]:
        del body["classifications"]


@shape(Kind.CONDITION, "200/classifications:null")
def null_for_no_classifications(body: dict[str, Any]) -> None:
    body["classifications"] = body["classifications"] or None


@shape(Kind.CONDITION, "200/classifications:type")
def single_classification_unwrapped(body: dict[str, Any]) -> None:
    if len(body["classifications"]) == 1:
        body["classifications"] = body["classifications"][0]


@shape(Kind.CONDITION, "200/classifications/items/reason:null")
def reason_null_in_the_second(body: dict[str, Any]) -> None:
    for one in body["classifications"][1:]:
        one["reason"] = None


@shape(Kind.CONDITION, "200/classifications/items/is_reply_required:type")
def flag_as_text_when_true(body: dict[str, Any]) -> None:
    for one in body["classifications"]:
        one["is_reply_required"] = "true" if one["is_reply_required"] else False


@shape(Kind.CONDITION, "200/classifications/items/agent_confidence_score:type")
def score_as_percent_text(body: dict[str, Any]) -> None:
    for one in body["classifications"]:
        if one["agent_confidence_score"] is not None:
            one["agent_confidence_score"] = f"{one['agent_confidence_score']:.0%}"


@shape(Kind.CONDITION, "200/classifications/items/agent_metrics/uncertainties:type")
def single_uncertainty_as_text(body: dict[str, Any]) -> None:
    for one in body["classifications"]:
        found = one["agent_metrics"]["uncertainties"]
        one["agent_metrics"]["uncertainties"] = found[0] if len(found) == 1 else found


@shape(Kind.CONDITION, "200/classifications/items/evidence:type")
def evidence_as_json_text(body: dict[str, Any]) -> None:
    for one in body["classifications"]:
        one["evidence"] = json.dumps(one["evidence"])


@shape(Kind.CONDITION, "200/status:enum")
def undelivered_in_capitals(body: dict[str, Any]) -> None:
    body["status"] = "UNDELIVERED" if body["status"] == "undelivered" else body["status"]


@shape(Kind.SCHEMA, "200/status:enum")
def the_carriers_queued(body: dict[str, Any]) -> None:
    body["status"] = "queued" if body["status"] == "pending" else body["status"]


@shape(Kind.SCHEMA, "200/direction:enum")
def the_carriers_direction(body: dict[str, Any]) -> None:
    body["direction"] = "outbound-api"


@shape(Kind.SCHEMA, "200/created_at:offset", also=OFFSETS)
def times_without_offset(body: dict[str, Any]) -> None:
    for name in ("created_at", "modified_at", "sent_at", "delivered_at"):
        body[name] = body[name] and body[name].removesuffix("Z")


@shape(Kind.CONDITION, "200/delivered_at:offset")
def delivery_time_without_offset(body: dict[str, Any]) -> None:
    body["delivered_at"] = body["delivered_at"] and body["delivered_at"].removesuffix("Z")


@shape(Kind.SCHEMA, "200/created_at:format")
def created_with_a_blank(body: dict[str, Any]) -> None:
    body["created_at"] = body["created_at"].replace("T", " ").replace("Z", " UTC")


@shape(Kind.SCHEMA, "200/created_at:type")
def created_in_seconds(body: dict[str, Any]) -> None:
    body["created_at"] = 1_760_000_000


@shape(Kind.CONDITION, "200/sent_at:null", "200/sent_at:format")
def sent_at_empty_text(body: dict[str, Any]) -> None:
    body["sent_at"] = body["sent_at"] or ""


@shape(Kind.CONDITION, "200/delivered_at:null")
def delivered_at_spelled_null(body: dict[str, Any]) -> None:
    body["delivered_at"] = body["delivered_at"] or "null"


@shape(Kind.CONDITION, "200/error_message:null", also=("rule/error-means-failed",))
def error_spelled_none(body: dict[str, Any]) -> None:
    body["error_message"] = body["error_message"] or "None"


@shape(Kind.CONDITION, "200/error_message:type")
def error_as_object(body: dict[str, Any]) -> None:
    body["error_message"] = body["error_message"] and {"code": 30003, "message": body["error_message"]}


@shape(Kind.SCHEMA, "200/is_automated:type")
def automated_as_number(body: dict[str, Any]) -> None:
    body["is_automated"] = int(body["is_automated"])


@shape(Kind.CONDITION, "200/is_automated:null")
def automated_null_when_false(body: dict[str, Any]) -> None:
    body["is_automated"] = body["is_automated"] or None


@shape(Kind.CONDITION, "200/from_number:null")
def no_sender_while_pending(body: dict[str, Any]) -> None:
    body["from_number"] = None if body["status"] == "pending" else body["from_number"]


@shape(Kind.SCHEMA, "200/id:type")
def id_as_number(body: dict[str, Any]) -> None:
    body["id"] = int(body["id"][4:], 16)


@wire("stuut", Kind.CONDITION, "200/body:null")
def body_null_in_the_fifth_answer(seen: Seen, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    seen.memory["successes"] = seen.memory.get("successes", 0) + 1
    return reply.with_json({**reply.json, "body": None}) if seen.memory["successes"] % 5 == 0 else reply


@wire("stuut", Kind.SCHEMA, "200/created_at:required", also=REQUIRED)
def wrapped_in_data(_: Seen, reply: Reply) -> Reply:
    return reply.with_json({"data": reply.json}) if reply.status == 200 else reply


@wire("stuut", Kind.SCHEMA, "200:type")
def a_list_of_one(_: Seen, reply: Reply) -> Reply:
    return reply.with_json([reply.json]) if reply.status == 200 else reply


# -- on the wire


def _success(change: Callable[[Reply], Reply]) -> Callable[[Seen, Reply], Reply]:
    def function(_: Seen, reply: Reply) -> Reply:
        return change(reply) if reply.status == 200 else reply

    return function


def _raw(name: str, kind: Kind, *expected: str, change: Callable[[Reply], Reply], also: tuple[str, ...] = ()) -> None:
    function = _success(change)
    function.__name__ = name
    wire("stuut", kind, *expected, also=also)(function)


def _body(edit: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        reply.body = edit(reply.body)
        return reply

    return change


def _status(code: int, **headers: str) -> Callable[[Reply], Reply]:
    def change(reply: Reply) -> Reply:
        reply.status = code
        reply.headers += list(headers.items())
        return reply

    return change


def _cut(reply: Reply) -> Reply:
    reply.cut = len(reply.body) - 20
    return reply


def _cut_chunk(reply: Reply) -> Reply:
    reply.cut, reply.chunks = len(reply.body) - 20, 3
    return reply


_raw("nan_score", Kind.PROTOCOL, "protocol/numbers", change=_body(lambda raw: raw.replace(b'score":0.92', b'score":NaN')))
_raw("member_twice", Kind.PROTOCOL, "protocol/unique-keys", change=_body(lambda raw: raw[:-1] + b',"object":"sms_message"}'))
_raw("byte_order_mark", Kind.PROTOCOL, "protocol/no-bom", change=_body(lambda raw: b"\xef\xbb\xbf" + raw))
_raw(
    "latin_1",
    Kind.PROTOCOL,
    "protocol/utf-8",
    also=("rule/send-keeps-draft",),
    change=_body(lambda raw: raw.decode().encode("latin-1", "replace")),
)
_raw("debug_output_behind", Kind.PROTOCOL, "protocol/one-value", change=_body(lambda raw: raw + b'\n{"took": 12}'))
_raw("notice_before", Kind.PROTOCOL, "protocol/json", change=_body(lambda raw: b"Notice: undefined index\n" + raw))
_raw("python_spelling", Kind.PROTOCOL, "protocol/json", change=lambda reply: _body(lambda _: repr(reply.json).encode())(reply))
_raw("length_cut", Kind.PROTOCOL, "protocol/answers", "protocol/complete-body", change=_cut)
_raw("chunk_cut", Kind.PROTOCOL, "protocol/answers", "protocol/complete-body", change=_cut_chunk)
_raw("plain_text", Kind.STATUS, "protocol/content-type", change=lambda reply: reply.with_header("content-type", "text/plain"))
_raw("no_content_type", Kind.STATUS, "protocol/content-type", change=lambda reply: reply.with_header("content-type", None))
_raw("sent_elsewhere", Kind.STATUS, "protocol/status", change=_status(307, location="/v3/send"), also=("state/sms_id/draft",))
_raw("half_a_pair", Kind.PROTOCOL, "protocol/unicode", change=_body(lambda raw: raw.replace("📄".encode(), b"\\ud83d")))
_raw("empty_success", Kind.PROTOCOL, "protocol/json", change=_body(lambda _: b""))
_raw("json_in_a_text", Kind.SCHEMA, "200:type", change=_body(lambda raw: json.dumps(raw.decode()).encode()))


@wire(
    "stuut",
    Kind.STATUS,
    "state/sms_id/inbound",
    also=(
        *REQUIRED,
        "state/sms_id/missing",
        "state/sms_id/foreign",
        "auth/absent",
        "auth/wrong",
        "rule/refusal-carries-no-message",
    ),
)
def refusals_are_200(_: Seen, reply: Reply) -> Reply:
    reply.status = 200
    return reply


@wire("stuut", Kind.STATUS, "protocol/content-type-of-refusals")
def refusals_as_pages(_: Seen, reply: Reply) -> Reply:
    if reply.status < 400:
        return reply
    return Reply(reply.status, [("content-type", "text/html")], b"<html><body>Not Found</body></html>")


@wire("stuut", Kind.PROTOCOL, "protocol/answers", "protocol/complete-body")
def no_answer_for_missing(_: Seen, reply: Reply) -> Reply:
    if reply.status == 404:
        reply.cut = 0
    return reply
