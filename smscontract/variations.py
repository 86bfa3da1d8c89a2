"""Variations of an exchange that keep the contract: the same answer written otherwise. None of them may give a finding."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from smscontract.clauses.mutate import body_of, with_response
from smscontract.documents import Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import UNKNOWN
from smscontract.rfc3339 import is_date_time

__all__ = ["variations"]


def variations(exchange: Exchange, operation: Operation) -> Iterator[tuple[str, Exchange]]:
    """Each variation with its name.

    Args:
        exchange: one that keeps every clause, with its answer.
    """
    response = exchange.response
    value = body_of(exchange)
    if response is None or value is UNKNOWN:
        return

    def answered(body: Any, **options: Any) -> Exchange:
        text = json.dumps(body, **{"ensure_ascii": False, **options})
        return with_response(exchange, body=text.encode())

    yield "members in another order", answered(_mapped(value, _reversed))
    yield "without blanks", answered(value, separators=(",", ":"))
    yield "with line feeds", answered(value, indent=2)
    yield "escaped", answered(value, ensure_ascii=True)
    yield "with blanks around", with_response(exchange, body=b" \r\n" + (response.body or b"") + b"\n\t ")
    yield (
        "members that nobody declared",
        answered(_mapped(value, lambda one: {**one, "x_new": {"a": [1, None]}, "another": "text"})),
    )
    kind = tuple(pair for pair in response.headers or () if pair[0] != "content-type")
    for text in ("application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'):
        yield f"content type {text}", with_response(exchange, headers=(*kind, ("content-type", text)))
    yield (
        "more header fields",
        with_response(exchange, headers=(*(response.headers or ()), ("x-request-id", "7"), ("cache-control", "no-store"))),
    )
    for name, change in (
        ("other spellings of the instant", _instant),
        ("lower-case date-times", str.lower),
        ("microseconds", _finer),
    ):
        changed = _times(value, change)
        if changed != value:
            yield name, answered(changed)
    document = operation.response_for(response.status)
    if document is not None and document.node is not None:
        for name, changed in _open_members(document.node, value):
            yield name, answered(changed)
        # What a refusal has to say depends on what it refuses.
        for name, changed in _without_optional(document.node, value) if response.status < 400 else ():
            yield name, answered(changed)
    if response.status == 401:
        yield "status 403", with_response(exchange, status=403)
    if response.status // 100 == 2 and "2XX" in operation.responses:
        for status in (200, 201, 202):
            yield f"status {status}", with_response(exchange, status=status)


def _mapped(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        return change({name: _mapped(inner, change) for name, inner in value.items()})
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value


def _reversed(value: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(value.items()))


def _times(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _times(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_times(inner, change) for inner in value]
    return change(value) if isinstance(value, str) and is_date_time(value) else value


def _instant(text: str) -> str:
    """The same instant in another offset."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()


def _finer(text: str) -> str:
    """The same instant with more digits."""
    return (
        f"{text[:19]}{text[19:].rstrip('Zz').ljust(4, '0') if text[19:20] == '.' else '.000'}000Z"
        if text[-1:] in "Zz"
        else text
    )


def _open_members(node: Node, value: Any) -> Iterator[tuple[str, Any]]:
    """Other members where the enum stays open."""
    for one in node.walk():
        if one.known_values is None:
            continue
        changed = copy.deepcopy(value)
        if any(_set(changed, one.path, "something_new")):
            yield f"a new member of {one.text}", changed


def _without_optional(node: Node, value: Any) -> Iterator[tuple[str, Any]]:
    """Members that may be missing, missing; members that may be null in lists of objects, null."""
    for one in node.walk():
        if not one.path or one.path[-1] == "items":
            continue
        if not one.required:
            changed = copy.deepcopy(value)
            if any(_set(changed, one.path, UNKNOWN)):
                yield f"without {one.text}", changed
        if one.nullable and "items" in one.path:
            changed = copy.deepcopy(value)
            if any(_set(changed, one.path, None)):
                yield f"{one.text} null", changed


def _set(value: Any, path: tuple[str, ...], new: Any) -> Iterator[bool]:
    """Sets (or with `UNKNOWN` takes away) a declared place wherever it is; says of each place that it did."""
    name, rest = path[0], path[1:]
    if isinstance(value, list) and name == "items":
        for inner in value:
            if rest:
                yield from _set(inner, rest, new)
    elif isinstance(value, dict) and name in value:
        if rest:
            yield from _set(value[name], rest, new)
        elif new is UNKNOWN:
            del value[name]
            yield True
        else:
            value[name] = new
            yield True
