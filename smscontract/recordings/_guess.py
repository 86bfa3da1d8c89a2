"""Which mapping a log could be read through: guessed from the names and the values of its first records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from smscontract.mapping import LogMapping, Place
from smscontract.recordings._json import Broken, parse
from smscontract.recordings._parts import from_base64
from smscontract.recordings._record import ABSENT, Record
from smscontract.recordings._scrubbed import is_marker
from smscontract.rfc3339 import timestamp

__all__ = ["guessed"]

_DEEPEST, _WIDEST = 8, 2000
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
#: Seconds since 1970 of 2005 and 2100, between which numbers are times, in the unit in which they are.
_EPOCH = (1.1e9, 4.1e9)
_UNITS = {"epoch-s": 1, "epoch-ms": 1e3, "epoch-us": 1e6, "epoch-ns": 1e9}
_LINE = re.compile(r"[A-Z]+ \S+( HTTP/[0-9.]+)?")
_URL = re.compile(r"(https?://[^\s/]+)?/\S*")
_FIELDS = {"request": {"host", "user-agent", "accept", "authorization"}, "response": {"server", "date", "set-cookie", "etag"}}
_FIELDS_OF_BOTH = {"content-type", "content-length", "connection", "cache-control", *_FIELDS["request"], *_FIELDS["response"]}
_SIDES = {
    "request": re.compile(r"req|sent|\bin\b|inbound|input|client", re.IGNORECASE),
    "response": re.compile(r"res|answer|got|reply|\bout\b|outbound|output|upstream", re.IGNORECASE),
}
#: Markers that hold nothing of what they hide, as `+1415***` does.
_BLANK = re.compile(r"[*xX#_-]+|[\W_]*(redacted|filtered|masked|scrubbed|removed|hidden|omitted)[\W_]*", re.IGNORECASE)
_TOOK = re.compile(
    r"(duration|latency|elapsed|took|(response|request)_?time).*?(ms|millis|us|micros|ns|nanos|sec|seconds|_s)?", re.IGNORECASE
)
_TOOK_UNITS = {"ms": "ms", "millis": "ms", "us": "us", "micros": "us", "ns": "ns", "nanos": "ns"}

_Values = Mapping[str, list[Any]]


def guessed(name: str, records: str, sample: Sequence[Record]) -> LogMapping:
    """A mapping of that name.

    Args:
        records: where the records stand, as `LogMapping` has it.
        sample: some of them.
    """
    values: dict[str, list[Any]] = {}
    for record in sample:
        for pointer, value in _leaves(record.value, "", _DEEPEST):
            if len(values) < _WIDEST or pointer in values:
                values.setdefault(pointer, []).append(value)
    # What few records have is none of these; and a key that is somebody's number is no place.
    values = {at: some for at, some in values.items() if len(some) >= 0.3 * len(sample)}
    places: dict[str, Place] = {}
    for side in ("request", "response"):
        if found := _best(values, lambda at, some, side=side: _headers(at, some, side)):  # type: ignore[misc]
            places[f"{side}-headers"] = Place(at=found)
        if (found := _best(_outside(values, places), lambda at, some, side=side: _body(at, some, side))) is not None:  # type: ignore[misc]
            places[f"{side}-body"] = _body_place(found, values[found])
    rest = _outside(values, places)
    if at := _best(rest, _url):
        line = all(isinstance(one, str) and _LINE.fullmatch(one) for one in rest[at])
        places["url"] = Place(at=at, form="request-line" if line else "")
        if line:
            places["method"] = Place(at=at, form="request-line")
    for key, score in (("method", _method), ("status", _status), ("time", _time), ("took", _took)):
        if key not in places and (at := _best(rest, score)):
            places[key] = Place(at=at, form=_form(key, at, rest[at]))
    markers = sorted({text for some in values.values() for one in some for text in _texts(one) if _is_blank(text)})
    return LogMapping(name=name, places=places, records=records, scrubbed=tuple(markers[:5]))


def _leaves(value: Any, at: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every place, objects and texts that hold JSON both as themselves and with what is in them."""
    if at:
        yield at, value
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = _json(value)
    if isinstance(value, dict) and depth:
        for key, one in value.items():
            yield from _leaves(one, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}", depth - 1)


def _json(text: str) -> Any:
    try:
        return parse(text.encode("utf-8", "surrogatepass"))
    except Broken:
        return ABSENT


def _best(values: _Values, score: Callable[[str, list[Any]], float]) -> str | None:
    ranked = sorted((-score(at, some) + 0.3 * at.count("/"), at) for at, some in values.items())
    return ranked[0][1] if ranked and ranked[0][0] < 0 else None


def _outside(values: _Values, places: Mapping[str, Place]) -> _Values:
    """What is in none of the places that are taken."""
    taken = tuple(f"{one.at}/" for one in places.values())
    return {at: some for at, some in values.items() if not f"{at}/".startswith(taken)} if taken else values


def _share(values: Iterable[Any], fits: Callable[[Any], bool]) -> float:
    found = [bool(fits(one)) for one in values if one is not None]
    return sum(found) / len(found) if found else 0.0


def _named(at: str, *words: str) -> float:
    """3 if the last step is one of the words or ends with one, as `response_body` and `responseBody` do; 1 if it holds one."""
    last = at.rpartition("/")[2]
    end = re.split(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])", last)[-1].lower()
    return 3.0 if last.lower() in words or end in words else 1.0 if any(word in last.lower() for word in words) else 0.0


def _side(at: str) -> str:
    """Which side a place is of, by its nearest name that tells."""
    for step in reversed(at.split("/")[1:]):
        for side, pattern in _SIDES.items():
            if pattern.search(step):
                return side
    return ""


def _headers(at: str, values: list[Any], side: str) -> float:
    known = _FIELDS_OF_BOTH - _FIELDS["response" if side == "request" else "request"]

    def fits(value: Any) -> bool:
        value = _json(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
        if isinstance(value, list):
            value = {
                str(one.get("name")) if isinstance(one, dict) else str(one[:1]): 1
                for one in value
                if isinstance(one, dict | list)
            }
        names = {str(key).lower() for key in value} if isinstance(value, dict) else set()
        return bool(names & known)

    other = _side(at) not in ("", side)
    return 0.0 if other or _share(values, fits) < 0.6 else 1.0 + _named(at, "headers", "header", "hdrs") + (_side(at) == side)


def _body(at: str, values: list[Any], side: str) -> float:
    def fits(value: Any) -> bool:
        if isinstance(value, str):
            return value[:1] in ("", "{", "[") or _decoded(value) is not None
        return isinstance(value, dict)

    name = _named(at, "body", "payload", "content", "data", "entity", "text")
    filled = [one for one in values if one not in (None, "")]
    if not name or _side(at) != side or not filled or _share(values, fits) < 0.5:
        return 0.0
    return name + (1.0 if any(isinstance(one, str) for one in filled) else 0.5)


def _decoded(text: str) -> Any:
    try:
        value = parse(from_base64(text)) if len(text) > 3 and text[0].isalnum() else None
    except Broken:
        return None
    return value if isinstance(value, dict | list) else None


def _body_place(at: str, values: list[Any]) -> Place:
    texts = [one for one in values if isinstance(one, str) and one]
    if not texts:
        return Place(at=at, form="json")
    form = "base64" if _share(texts, lambda one: _decoded(one) is not None) >= 0.5 else "json-string"
    # Several texts of one greatest length, none of them whole, were cut there; one may be, at a round length.
    longest = max(map(len, texts))
    ends = [one for one in texts if len(one) == longest and _json(one) is ABSENT and _decoded(one) is None]
    cut = len(ends) > 1 or (len(ends) == 1 and longest >= 256 and longest & (longest - 1) == 0)
    return Place(at=at, form=form, cut_at=longest if cut else None)


def _url(at: str, values: list[Any]) -> float:
    fits = _share(values, lambda one: isinstance(one, str) and (_URL.fullmatch(one) or _LINE.fullmatch(one)) is not None)
    if fits < 0.9 or _named(at, "referer", "referrer", "origin", "route", "template", "file", "agent"):
        return 0.0
    slashes = _share(values, lambda one: one.count("/") > 1)
    return 0.5 + slashes + _named(at, "url", "uri", "path", "target", "request", "endpoint") - (_side(at) == "response")


def _method(at: str, values: list[Any]) -> float:
    return 1.0 + _named(at, "method", "verb") if _share(values, lambda one: str(one).upper() in _METHODS) == 1 else 0.0


def _status(at: str, values: list[Any]) -> float:
    def fits(value: Any) -> bool:
        return (
            not isinstance(value, bool)
            and str(value).isascii()
            and str(value).isdecimal()
            and 100 <= int(str(value)[:9]) <= 599
        )

    return _named(at, "status", "code", "status_code") + (_side(at) == "response") if _share(values, fits) >= 0.9 else 0.0


def _time(at: str, values: list[Any]) -> float:
    if _form("time", at, values) == "?":
        return 0.0
    return 0.5 + _named(at, "ts", "time", "timestamp", "date", "datetime", "started", "start") + 0.5 * (_side(at) == "request")


def _took(at: str, values: list[Any]) -> float:
    numbers = _share(values, lambda one: isinstance(one, int | float) and not isinstance(one, bool) and one >= 0) == 1
    return 2.0 if numbers and _form("took", at, values) else 0.0


def _form(key: str, at: str, values: list[Any]) -> str:
    """`as` of a place; empty where it needs none, or where there is none."""
    if key == "took":
        found = _TOOK.fullmatch(at.rpartition("/")[2])
        return "" if found is None or not found[3] else _TOOK_UNITS.get(found[3].lower(), "s")
    if key != "time":
        return ""
    if _share(values, lambda one: isinstance(one, str) and timestamp(one) is not None) >= 0.9:
        return "rfc3339"
    for unit, factor in _UNITS.items():
        if _share(values, lambda one, factor=factor: _EPOCH[0] < _float(one) / factor < _EPOCH[1]) >= 0.9:  # type: ignore[misc]
            return unit
    return "?"


def _float(value: Any) -> float:
    try:
        return -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return -1.0


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _is_blank(text: str) -> bool:
    return len(text) <= 20 and is_marker(text) and _BLANK.fullmatch(text) is not None
