"""Dates and times as RFC 3339 writes them."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import lru_cache

__all__ = ["format_time", "is_date", "is_date_time", "is_local_date_time", "timestamp"]

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?")
#: The years 1 to 9999.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0
#: What most date-times look like; the calendar is left to Python.
_USUAL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}|\.[0-9]{6})?(?:Z|\+00:00)"
)
_OFFSET = re.compile(r"[Zz]|([+-])([0-9]{2}):([0-9]{2})")


def is_date(text: str) -> bool:
    """Whether a text is a `full-date` of the calendar."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(part) for part in match.groups())
    # Year 0 is in RFC 3339 though not in Python's calendar; it was a leap year.
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 4, month)[1]


def _local(text: str) -> tuple[int, int, int] | None:
    match = _LOCAL.fullmatch(text)
    if match is None or not is_date(match.group(1)):
        return None
    hour, minute, second = (int(match.group(index)) for index in (2, 3, 4))
    return (hour, minute, second) if hour <= 23 and minute <= 59 and second <= 60 else None


def is_local_date_time(text: str) -> bool:
    """Whether a text is a date-time in all but its missing offset. A leap second needs an offset to be recognised."""
    local = _local(text)
    return local is not None and local[2] <= 59


def is_date_time(text: str) -> bool:
    """Whether a text is a `date-time` (RFC 3339 section 5.6): the letters in either case, a leap second only where one can be
    (23:59:60 UTC), nothing before or behind."""
    for start in (19, *range(20, len(text))):
        if text[start : start + 1] in ("Z", "z", "+", "-"):
            break
    else:
        return False
    local, offset = _local(text[:start]), _OFFSET.fullmatch(text[start:])
    if local is None or offset is None:
        return False
    shift = 0
    if offset.group(1):
        hours, minutes = int(offset.group(2)), int(offset.group(3))
        if hours > 23 or minutes > 59:
            return False
        shift = (hours * 60 + minutes) * (1 if offset.group(1) == "+" else -1)
    if local[2] == 60:
        return (local[0] * 60 + local[1] - shift) % 1440 == 23 * 60 + 59
    return True


def timestamp(text: object) -> float | None:
    """Seconds since 1970 UTC of a `date-time`, or `None` for anything else. A leap second counts as the second after it."""
    if not isinstance(text, str):
        return None
    return _known(text) if len(text) <= _SHORT else _timestamp(text)


def _timestamp(text: str) -> float | None:
    if _USUAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return None
    if not is_date_time(text):
        return None
    upper = text.upper()
    leap = upper[17:19] == "60"
    if leap:
        upper = f"{upper[:17]}59{upper[19:]}"
    whole = re.sub(r"\.([0-9]{1,6})[0-9]*", lambda match: f".{match.group(1).ljust(6, '0')}", upper)
    try:
        moment = datetime.fromisoformat(whole) + timedelta(seconds=1 if leap else 0)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


#: The last times are at hand: of one exchange several clauses ask.
_SHORT = 40
_known = lru_cache(maxsize=256)(_timestamp)


def format_time(seconds: float) -> str:
    """A time in seconds since 1970 UTC as a `date-time` with milliseconds; the first or last one of the calendar beyond it."""
    moment = datetime.fromtimestamp(min(max(seconds, _FIRST), _LAST), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
