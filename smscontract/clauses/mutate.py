"""Changing one exchange in one place: how families break their clauses, and how examples are built."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.documents import Node, Operation, ResponseDocument
from smscontract.exchange import Exchange, Headers, Response
from smscontract.json_text import ABSENT, UNKNOWN, parse

__all__ = [
    "DELETE",
    "body_of",
    "dumped",
    "edited",
    "first_example",
    "instances",
    "refusal_of",
    "refusals_of",
    "success_of",
    "value_at",
    "with_request_body",
    "with_response",
    "with_response_body",
    "with_value",
]

#: Given as a value: take the member away.
DELETE = ABSENT


def _sized(headers: Headers | None, body: bytes) -> Headers | None:
    if headers is None:
        return None
    return tuple((name, str(len(body)) if name == "content-length" else value) for name, value in headers)


def with_response(
    exchange: Exchange, *, status: int | None = None, body: bytes | None = None, headers: Headers | None = None
) -> Exchange:
    """The exchange with another answer; a `content-length` follows the body."""
    old = exchange.response or Response(status=200, headers=(("content-type", "application/json"),), body=b"")
    new_body = old.body if body is None else body
    new_headers = headers if headers is not None else _sized(old.headers, new_body or b"")
    response = Response(status=old.status if status is None else status, headers=new_headers, body=new_body)
    return dataclasses.replace(exchange, response=response, failure=None)


def dumped(value: Any) -> bytes:
    """JSON text of a value, as a server would write it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def with_response_body(exchange: Exchange, value: Any) -> Exchange:
    """The exchange with another JSON body in its answer."""
    return with_response(exchange, body=dumped(value))


def with_request_body(exchange: Exchange, value: Any) -> Exchange:
    """The exchange with another JSON body in its request."""
    body = dumped(value)
    request = dataclasses.replace(exchange.request, body=body, headers=_sized(exchange.request.headers, body))
    return dataclasses.replace(exchange, request=request)


def body_of(exchange: Exchange, *, request: bool = False) -> Any:
    """The JSON value of a body, or `UNKNOWN`."""
    answer = exchange.response.body if exchange.response is not None else None
    raw = exchange.request.body if request else answer
    return parse(raw).value if raw else UNKNOWN


def value_at(body: Any, path: Sequence[str]) -> Any:
    """What a body has at a declared place: the first item of each array on the way; null where it has nothing."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else body[0] if isinstance(body, list) and body else None
    return body


def with_value(body: Any, steps: Sequence[str | int], value: Any) -> Any:
    """A copy of a JSON value with one place set, or taken away with `DELETE`; missing objects on the way are made."""
    if not steps:
        return value
    result = copy.deepcopy(body)
    holder: Any = result
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if following is None:
            if value is DELETE:
                if isinstance(holder, dict):
                    holder.pop(step, None)
            elif isinstance(holder, dict | list):
                holder[step] = value  # type: ignore[index]  # a list is only entered by its own index
            break
        if isinstance(holder, dict) and not isinstance(holder.get(step), dict | list):
            holder[step] = {}
        holder = holder[step]
    return result


def instances(body: Any, node_path: Sequence[str], example: Any, node: Node) -> tuple[Any, list[tuple[str | int, ...]]]:
    """A body in which a declared place exists, and the steps to each of its instances (in the last one it may be missing).

    Arrays that are empty and objects that are missing or null are filled from `example`, so that a clause on an item can be
    broken in an answer that has no items.
    """
    result = copy.deepcopy(body)
    found: list[tuple[str | int, ...]] = []

    def visit(value: Any, sample: Any, node: Node, rest: Sequence[str], steps: tuple[str | int, ...]) -> Any:
        if not rest:
            found.append(steps)
            return value
        name = rest[0]
        if node.items is not None and name == "items" and (*node.path, "items") == node.items.path:
            samples = sample if isinstance(sample, list) else []
            items = value if isinstance(value, list) and value else copy.deepcopy(samples[:1])
            return [
                visit(item, samples[0] if samples else None, node.items, rest[1:], (*steps, index))
                for index, item in enumerate(items)
            ]
        child = node.properties.get(name)
        if child is None:
            return value
        inner = sample.get(name) if isinstance(sample, dict) else None
        if not isinstance(value, dict):
            value = copy.deepcopy(sample) if isinstance(sample, dict) else {}
        if len(rest) > 1 or name in value:
            value[name] = visit(value.get(name), inner, child, rest[1:], (*steps, name))
        else:
            found.append((*steps, name))
        return value

    result = visit(result, example, node, list(node_path), ())
    return result, found


def first_example(document: ResponseDocument | None) -> Any:
    """The richest example of a documented answer: the one with the most text."""
    if document is None or not document.examples:
        return {}
    return max(document.examples.values(), key=lambda value: len(json.dumps(value, default=str)))


def edited(exchange: Exchange, node: Node, document: ResponseDocument | None, value: Any) -> Iterator[Exchange]:
    """The exchange with `value` (or `DELETE`) at the first instance of a declared place of the answer."""
    root = document.node if document is not None else None
    body = body_of(exchange)
    if root is None or body is UNKNOWN:
        return
    filled, found = instances(body, node.path, first_example(document), root)
    if found:
        yield with_response_body(exchange, with_value(filled, found[0], value))


def success_of(exchange: Exchange, operation: Operation) -> Exchange:
    """The exchange answered with the document's example of a success."""
    document = operation.success
    status = 200 if document is None or not document.key.isdecimal() else int(document.key)
    return with_response(
        exchange, status=status, body=dumped(first_example(document)), headers=(("content-type", "application/json"),)
    )


def refusals_of(exchange: Exchange, operation: Operation, status: int) -> Iterator[Exchange]:
    """The exchange answered with each of the document's examples of a refusal, the richest first."""
    document = operation.refusal
    samples = (
        sorted(document.examples.values(), key=lambda one: -len(json.dumps(one, default=str))) if document is not None else []
    )
    for sample in samples or [{}]:
        yield with_response(exchange, status=status, body=dumped(sample), headers=(("content-type", "application/json"),))


def refusal_of(exchange: Exchange, operation: Operation, status: int = 400) -> Exchange:
    """The exchange answered with the document's richest example of a refusal."""
    return next(refusals_of(exchange, operation, status))
