"""Exchanges that a reader has made already, as the short way looks at them: whatever their format, as the record of a line that
says itself what is missing in it."""

from __future__ import annotations

from typing import Any

from smscontract.exchange import Exchange, Headers, OriginKind, Part, Request, Response, Role, Wire
from smscontract.kernel.matchers import Unsure

__all__ = ["lost", "record_of"]

#: What may be missing: whatever rests on it is then told alike of all exchanges that miss it.
_SPARED = frozenset({Part.CREDENTIAL, Part.REQUEST_HEADERS, Part.RESPONSE_HEADERS})


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
        "request": {"method": request.method, "url": request.url, **_content(request)},
        "response": {"status": response.status, **_content(response)},
        "sent_at": exchange.sent_at,
        "received_at": exchange.received_at,
        "auth": exchange.auth,
        "missing": {str(part): reason for part, reason in missing.items()},
    }


def _content(message: Request | Response) -> dict[str, Any]:
    body = message.body
    return {"headers": _fields(message.headers), "body": body.decode() if body is not None else None}


def _fields(headers: Headers | None) -> dict[str, str] | None:
    if headers is None:
        return None
    fields = dict(headers)
    if len(fields) < len(headers):
        raise Unsure
    return fields


def lost(missing: Any) -> tuple[tuple[str, str], ...]:
    """What is missing, and why, as something that can be remembered.

    Raises:
        Unsure: without it an exchange is another one.
    """
    if not _SPARED.issuperset(missing) or not all(type(reason) is str for reason in missing.values()):
        raise Unsure
    return tuple(missing.items())  # in their order: what is told is the first
