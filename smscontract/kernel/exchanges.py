"""Exchanges that a reader has made already, as the short way looks at them: whatever their format, as the record of a line that
says itself what is missing in it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from smscontract.exchange import Exchange, Headers, OriginKind, Part, Request, Response, Role, Wire
from smscontract.kernel.matchers import Unsure

__all__ = ["BODIES", "lost", "record_of", "unread"]

BODIES = frozenset({Part.REQUEST_BODY, Part.RESPONSE_BODY})
#: What may be missing: whatever rests on it is then told alike of all exchanges that miss it.
_SPARED = BODIES | {Part.CREDENTIAL, Part.REQUEST_HEADERS, Part.RESPONSE_HEADERS}


def record_of(exchange: Exchange) -> dict[str, Any]:
    """The record of an exchange.

    Raises:
        Unsure: it is of a kind that is rare.
    """
    response, missing = exchange.response, exchange.missing
    if (
        response is None
        or exchange.failure is not None
        or exchange.known
        or exchange.role is not Role.CASE
        or exchange.wire is not Wire.DECODED
        or exchange.own_record
        or exchange.path_parameters is not None
        or exchange.origin.kind is not OriginKind.FILE
        or exchange.origin.case is not None
        or exchange.origin.request is not None
    ):
        raise Unsure
    request = exchange.request
    return {
        "request": {"method": request.method, "url": request.url, **_content(request, Part.REQUEST_BODY in missing)},
        "response": {"status": response.status, **_content(response, Part.RESPONSE_BODY in missing)},
        "sent_at": exchange.sent_at,
        "received_at": exchange.received_at,
        "auth": exchange.auth,
        "missing": {str(part): reason for part, reason in missing.items()},
    }


def _content(message: Request | Response, damaged: bool) -> dict[str, Any]:
    body = message.body
    text = None if body is None else body.decode("utf-8", "replace" if damaged else "strict")
    return {"headers": _fields(message.headers), "body": text}


def _fields(headers: Headers | None) -> dict[str, str] | None:
    if headers is None:
        return None
    fields = dict(headers)
    if len(fields) < len(headers):
        raise Unsure
    return fields


def lost(missing: Any) -> tuple[tuple[tuple[str, str], ...], bool, bool]:
    """What is missing, and why, as something that can be remembered; whether the body of the request, and of the answer is.

    Raises:
        Unsure: without it an exchange is another one.
    """
    if not _SPARED.issuperset(missing) or not all(type(reason) is str for reason in missing.values()):
        raise Unsure
    # In their order: what is told is the first.
    return tuple(missing.items()), Part.REQUEST_BODY in missing, Part.RESPONSE_BODY in missing


def unread(message: Any) -> tuple[str, Hashable]:
    """The text of a body of which something is missing, so that nobody reads it; and what can be told of it all the same.

    Raises:
        Unsure: it is no text.
    """
    text = message.get("body")
    if "json" in message or (text is not None and type(text) is not str):
        raise Unsure
    return text or "", ("unread", text is None, not text)
