"""Members of a line, as far as the short way has to look into them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from smscontract.kernel.matchers import Unsure
from smscontract.kernel.shape import empties
from smscontract.rfc3339 import timestamp

__all__ = ["NEVER", "empty_texts", "fields_of", "is_long", "repeats", "time_of"]

NEVER = float("inf")


def time_of(value: Any) -> float:
    """A time in seconds; infinite if it is unknown."""
    if type(value) is float or type(value) is int:
        if -1e11 < value < 1e11:
            return float(value)
    elif value is None:
        return NEVER
    else:
        moment = timestamp(value)
        if moment is not None:
            return moment
    raise Unsure


def repeats(secrets: Iterable[str], text: str, values: Iterable[str]) -> bool:
    """Whether a secret is in a text or in a value."""
    return any(secret in text or any(secret in one for one in values) for secret in secrets)


def fields_of(fields: Any) -> Any:
    """Header fields by name, if each is there once."""
    if type(fields) is not list:
        return fields
    pairs = [(name, value) for name, value in fields if type(name) is str]
    found = dict(pairs)
    if len(found) < len(fields) or not all(type(one) is list for one in fields):
        raise Unsure
    return found


def empty_texts(text: str | None, value: Any) -> Any:
    """Where empty texts are."""
    if (b'""' in orjson.dumps(value)) if text is None else ('""' in text):
        return empties(value)
    return None


def is_long(length: Any, text: str | None) -> bool:
    """Whether a body is as long as a header field says."""
    return type(length) is str and text is not None and length == str(len(text) if text.isascii() else len(text.encode()))
