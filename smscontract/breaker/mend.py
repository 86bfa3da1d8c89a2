"""Answers made to agree with what the contract says beside the clause that is to be broken.

A success that the document shows belongs to another request at another time: its id, its times and whatever must be new or the
same as before have to fit, or the break of one clause would be one of several.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses.mutate import body_of, with_response, with_response_body
from smscontract.clauses.rules import set_place, wanted
from smscontract.documents import Clause, Place, Rule
from smscontract.exchange import Exchange, header_values
from smscontract.json_text import UNKNOWN
from smscontract.rfc3339 import format_time, is_date_time, timestamp

__all__ = ["Mender", "sized", "value_at"]

_ROUNDS = 8
_OPTIONS = 24
#: Values of the same scope that are tried, latest first.
_EARLIER = 3
_TAIL = re.compile(r"[0-9A-Za-z]{1,12}$")


def sized(exchange: Exchange) -> Exchange:
    """The exchange with a `content-length` where its answer has none, as a server would send it."""
    response = exchange.response
    if response is None or response.headers is None or header_values(response.headers, "content-length"):
        return exchange
    headers = tuple(pair for pair in response.headers if pair[0] != "transfer-encoding")
    return with_response(exchange, headers=(*headers, ("content-length", str(len(response.body or b"")))))


class Mender:
    """Changes the answer of an exchange until it breaks nothing beside what it may.

    Args:
        named: the clauses that an exchange would break.
        latest: what went before, latest first.
    """

    def __init__(
        self, catalogue: Catalogue, named: Callable[[Exchange], set[str]], latest: Callable[[], Iterable[Exchange]]
    ) -> None:
        self._catalogue = catalogue
        self._named = named
        self._latest = latest

    def mended(self, exchange: Exchange, allowed: frozenset[str]) -> Exchange | None:
        """The exchange with another answer that breaks no clause but `allowed` ones, or `None` where we find none."""
        wrong = self._named(exchange) - allowed
        for _ in range(_ROUNDS):
            if not wrong:
                return exchange
            step = self._step(exchange, wrong, allowed)
            if step is None:
                return None
            exchange, wrong = step
        return None

    def _step(self, exchange: Exchange, wrong: set[str], allowed: frozenset[str]) -> tuple[Exchange, set[str]] | None:
        for identity in sorted(wrong):
            tried: set[bytes] = set()
            for option in self._options(self._catalogue.clauses[identity], exchange):
                body = option.response.body if option.response is not None else None
                if body is None or body in tried or option.request is not exchange.request:
                    continue
                if len(tried) >= _OPTIONS:
                    break
                tried.add(body)
                left = self._named(option) - allowed
                if identity not in left and len(left) <= len(wrong):
                    return option, left
        return None

    def _options(self, clause: Clause, exchange: Exchange) -> Iterator[Exchange]:
        rule = clause.detail
        if not isinstance(rule, Rule):
            return
        if rule.kind == "order":
            yield _shifted(exchange)
            return
        for place, value in self._values(rule, exchange):
            changed = set_place(exchange, place, value)
            if changed is not None:
                yield changed

    def _values(self, rule: Rule, exchange: Exchange) -> Iterator[tuple[Place, Any]]:
        places = [place for place in rule.places if place.root == "got"]
        if rule.kind == "then":
            yield from ((place, value) for place, expected in rule.then if place.root == "got" for value in wanted(expected))
        elif rule.kind == "equal":
            yield from self._equal(rule, exchange)
        elif rule.kind in ("fresh", "unique", "differ"):
            yield from ((place, _fresh_like(value_at(exchange, place), exchange)) for place in places)
        else:
            for place in places:
                yield from ((place, value) for value in self._earlier(rule, place, exchange))
            if not places:  # what stays the same is in the request, so the scope has to be another one
                scopes = [place for place in rule.per if place.root == "got"]
                yield from ((place, _fresh_like(value_at(exchange, place), exchange)) for place in scopes)

    def _equal(self, rule: Rule, exchange: Exchange) -> Iterator[tuple[Place, Any]]:
        for place, other in (rule.places, tuple(reversed(rule.places))):
            if place.root == "got":
                value = value_at(exchange, other)
                if value is not UNKNOWN:
                    yield place, value

    def _earlier(self, rule: Rule, place: Place, exchange: Exchange) -> Iterator[Any]:
        for entry in exchange.known.values():
            for name in (place.last, "state"):
                if name in entry:
                    yield entry[name]
        scope = [value_at(exchange, one) for one in rule.per]
        values: list[Any] = []
        for earlier in self._latest():
            if len(values) < _EARLIER and [value_at(earlier, one) for one in rule.per] == scope:
                value = value_at(earlier, place)
                if isinstance(value, str | int | float) and value not in values:
                    values.append(value)
        yield from values


def value_at(exchange: Exchange, place: Place) -> Any:
    """The value at a place of path or body, of the first item where there are several; `UNKNOWN` where there is none."""
    if place.root == "path":
        return (exchange.path_parameters or {}).get(place.steps[0], UNKNOWN)
    if place.root not in ("got", "sent"):
        return UNKNOWN
    value = body_of(exchange, request=place.root == "sent")
    for step in place.steps:
        if isinstance(value, list):
            value = value[0] if value else UNKNOWN
        else:
            value = value.get(step, UNKNOWN) if isinstance(value, dict) else UNKNOWN
    return value


def _fresh_like(value: Any, exchange: Exchange) -> str:
    """Another text of the same form, unlike that of any other exchange: its last letters and digits are other digits."""
    text = value if isinstance(value, str) and value else "fresh-000000000000"
    seed = f"{text}{exchange.origin.case}{exchange.origin.request}"
    digits = str(int(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest(), 16))
    tail = _TAIL.search(text)
    if tail is None or len(tail[0]) < 6:
        return f"{text}-{digits[:12]}"
    return text[: tail.start()] + digits[: len(tail[0])]


def _shifted(exchange: Exchange) -> Exchange:
    """The exchange with all times of its answer moved by the same amount, so that the last one is when the request came."""
    body = body_of(exchange)
    times = list(_times(body))
    if not times or exchange.sent_at is None:
        return exchange
    by = exchange.sent_at - max(times)
    return with_response_body(exchange, _moved(body, by))


def _times(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _times(inner)
    elif isinstance(value, str) and is_date_time(value):
        moment = timestamp(value)
        if moment is not None:
            yield moment


def _moved(value: Any, by: float) -> Any:
    if isinstance(value, dict):
        return {name: _moved(inner, by) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, by) for inner in value]
    moment = timestamp(value) if isinstance(value, str) and is_date_time(value) else None
    return value if moment is None else format_time(moment + by)
