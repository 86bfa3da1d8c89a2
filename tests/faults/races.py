"""Wrong servers of both providers: two requests at the same moment, other methods, other spellings of the path."""

from __future__ import annotations

import json
from dataclasses import replace

from smscontract.rfc3339 import format_time, timestamp
from tests.faults.model import Kind, Reply, Seen, twin, wire

__all__: list[str] = []

#: Seconds for which a request is held, so that one sent at the same moment arrives meanwhile.
_HOLD = 0.02


@wire("bland", Kind.MEANING, "rule/active-reused", hold=_HOLD)
def two_at_once_open_two(seen: Seen) -> Seen:
    key = seen.body.decode("utf-8", "replace")
    if seen.memory.pop(key, False) and isinstance(seen.json, dict):
        return replace(seen, body=json.dumps({**seen.json, "new_conversation": True}).encode())
    seen.memory[key] = (seen.path, seen.body) in seen.beside
    return seen


@wire("bland", Kind.MEANING, "rule/new-is-new", hold=_HOLD)
def two_new_at_once_share_one(seen: Seen, reply: Reply) -> Reply:
    body = seen.json
    if reply.status == 200 and isinstance(body, dict) and body.get("new_conversation"):
        key = seen.body.decode()
        if (seen.path, seen.body) in seen.beside:
            seen.memory[key] = reply.body
        elif key in seen.memory:
            return replace(reply, body=seen.memory.pop(key))
    return reply


@wire("stuut", Kind.MEANING, "rule/second-send", hold=_HOLD)
def two_at_once_send_two(seen: Seen, reply: Reply) -> Reply:
    if (seen.path, seen.body) in seen.beside and reply.status == 200:
        seen.memory[seen.path] = reply
    elif reply.status == 409 and seen.path in seen.memory:
        first: Reply = seen.memory.pop(seen.path)
        value = first.json
        for name in ("sent_at", "delivered_at"):
            moment = timestamp(value.get(name) or "")
            if moment is not None:
                value[name] = format_time(moment + 0.25)
        return first.with_json(value)
    return reply


def _two_at_once_are_a_crash(seen: Seen, reply: Reply) -> Reply:
    """As where the second writer finds the database locked."""
    return replace(reply, status=500) if (seen.path, seen.body) in seen.beside else reply


_two_at_once_are_a_crash.__name__ = "two_at_once_are_a_crash"
for _provider in ("stuut", "bland"):
    wire(_provider, Kind.MEANING, "protocol/no-server-error", hold=_HOLD)(_two_at_once_are_a_crash)


@wire("bland", Kind.PROTOCOL, "protocol/no-server-error")
def another_method_is_a_crash(seen: Seen, reply: Reply) -> Reply:
    return reply if seen.method == "POST" else replace(reply, status=500)


@wire("stuut", Kind.PROTOCOL, "protocol/answers", "protocol/complete-body")
def another_method_is_cut(seen: Seen, reply: Reply) -> Reply:
    if seen.method == "GET":
        reply.cut = 0
    return reply


@wire("stuut", Kind.PROTOCOL, "protocol/json")
def another_method_answers_no_json(seen: Seen, reply: Reply) -> Reply:
    if seen.method != "PUT":
        return reply
    return replace(reply, body=b"no such method", headers=[("content-type", "application/json")])


@wire("bland", Kind.AUTH, "auth/absent")
def a_slash_more_lets_in(seen: Seen) -> Seen:
    if seen.path.endswith("/"):
        key = seen.memory.get("key", "")
        return replace(seen, path=seen.path.rstrip("/"), headers=(*seen.headers, ("authorization", key)))
    seen.memory.setdefault("key", seen.header("authorization"))
    return seen


@wire("stuut", Kind.PROTOCOL, "protocol/no-server-error")
def an_escaped_id_is_a_crash(seen: Seen, reply: Reply) -> Reply:
    return replace(reply, status=500) if "%" in seen.path else reply


@wire("bland", Kind.PROTOCOL, "protocol/no-server-error")
def a_member_twice_is_a_crash(seen: Seen, reply: Reply) -> Reply:
    return replace(reply, status=500) if seen.body.count(b'"user_number"') > 1 else reply


@wire("stuut", Kind.AUTH, "auth/wrong")
def two_credentials_are_one_too_many_to_check(seen: Seen) -> Seen:
    shown = [value for name, value in seen.headers if name == "authorization"]
    good: str = seen.memory.setdefault("token", shown[0]) if shown else ""
    if len(shown) < 2:
        return seen
    kept = tuple((name, value) for name, value in seen.headers if name != "authorization")
    return replace(seen, headers=(*kept, ("authorization", good)))


def other_methods_are_not_implemented(seen: Seen, reply: Reply) -> Reply:
    return reply if seen.method == "POST" else replace(reply, status=501)


def other_methods_are_pages(seen: Seen, reply: Reply) -> Reply:
    page = b"" if seen.method == "HEAD" else b"<html>nothing here</html>"
    return reply if seen.method == "POST" else Reply(200, [("content-type", "text/html")], page)


def a_slash_more_changes_nothing(seen: Seen) -> Seen:
    return replace(seen, path=seen.path.rstrip("/"))


def two_at_once_take_their_time(seen: Seen) -> Seen:
    return seen


for _provider in ("stuut", "bland"):
    twin(other_methods_are_not_implemented, provider=_provider)
    twin(other_methods_are_pages, provider=_provider)
    twin(a_slash_more_changes_nothing, provider=_provider)
    twin(two_at_once_take_their_time, provider=_provider, hold=_HOLD)


@wire("stuut", Kind.STATUS, "protocol/json")
def called_gzip_and_plain(_: Seen, reply: Reply) -> Reply:
    return reply.with_header("content-encoding", "gzip")
