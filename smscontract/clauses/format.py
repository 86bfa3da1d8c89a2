"""Formats, patterns and the remaining keywords of a schema; and the offset of a date-time, which is a clause of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smscontract.clauses import schema
from smscontract.clauses.enum import is_member
from smscontract.clauses.mutate import body_of, edited, value_at
from smscontract.clauses.opinions import in_words
from smscontract.clauses.outcomes import Outcome
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Exchange
from smscontract.json_text import ABSENT
from smscontract.rfc3339 import is_date, is_date_time, is_local_date_time

__all__ = ["FAMILY", "FORMATS", "break_", "clauses_of", "judge", "keeps_format", "keyword_problem"]

FAMILY = "format"

#: Formats that are asserted, with the words for them. Others are annotations, as the specification has it.
FORMATS = {
    "date-time": "a date-time as RFC 3339 writes it",
    "date": "a date as RFC 3339 writes it",
    "time": "a time as RFC 3339 writes it",
    "email": "an e-mail address",
    "uuid": "a UUID",
    "uri": "a URI",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
}


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each asserted format, each pattern and each other keyword; one more for the offset of each date-time."""
    for document, node in schema.nodes_of(operation):
        where = schema.place_words(node)
        kind = node.raw.get("format")
        if kind in FORMATS:
            says = f"{where} is {FORMATS[kind]}"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="format", says=says)
        if kind == "date-time":
            says = f"{where} says which offset from UTC it is in"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="offset", says=says)
        if "pattern" in node.raw:
            says = f"{where} matches `{node.raw['pattern']}`"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword="pattern", says=says)
        for keyword in node.other:
            says = f"{where} keeps `{keyword}`"
            yield schema.schema_clause(operation, document, node, family=FAMILY, keyword=keyword, says=says)


def keeps_format(kind: str, value: str) -> bool:
    """Whether a text keeps an asserted format. A date-time may lack its offset here."""
    if kind == "date-time":
        return is_date_time(value) or is_local_date_time(value)
    if kind == "date":
        return is_date(value)
    return schema.matches(value, json.dumps({"format": kind}))


def keyword_problem(node: Node, keyword: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a value of the right type by one keyword: `(message, expected)`, or `None`."""
    if keyword == "format":
        kind = str(node.raw["format"])
        if isinstance(value, str) and not keeps_format(kind, value):
            return f"the text is not {FORMATS[kind]}", FORMATS[kind]
        return None
    if keyword == "offset":
        if isinstance(value, str) and is_local_date_time(value):
            return "the date-time does not say its offset", "an offset such as `Z` or `+02:00`"
        return None
    if keyword == "pattern":
        pattern = node.raw["pattern"]
        if isinstance(value, str) and not schema.matches(value, json.dumps({"pattern": pattern})):
            return "the text does not match the pattern", f"a text that matches `{pattern}`"
        return None
    words = {keyword: node.other[keyword]}
    if keyword == "if":
        words |= {name: node.raw[name] for name in ("then", "else") if name in node.raw}
    elif keyword == "additionalProperties":
        words["properties"] = dict.fromkeys(node.properties, True)
    text = json.dumps(words)
    if schema.matches(value, text):
        return None
    return in_words(
        value, text, keyword
    ) or f"the value does not keep `{keyword}`", f"`{keyword}: {json.dumps(node.other[keyword])[:80]}`"


def judge(clause: Clause, view: View) -> Outcome:
    """Broken by a value of the right type, listed if there is a list, that has another form."""

    def check(node: Node, value: Any) -> tuple[str, str] | None:
        if value is ABSENT or value is None or not schema.is_type(value, node) or schema.null_stand_in(value, node):
            return None
        if node.enum is not None and not is_member(value, node.enum):
            return None
        return keyword_problem(node, clause.detail.keyword, value)

    return schema.judge_places(clause, view, check)


_BROKEN_TEXTS = {
    "date-time": [
        "2026-13-45T99:99:99Z",
        "2026-02-30T10:00:00Z",
        "yesterday",
        "2026-05-13 10:00:00Z",
        "Wed, 13 May 2026 10:00:00 GMT",
    ],
    "date": ["2026-02-30", "13.05.2026"],
}


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Near misses of the format; the local time for the offset; values around a bound."""
    detail = clause.detail
    node: Node = detail.node
    keyword: str = detail.keyword
    candidates: list[Any] = []
    if keyword == "offset":
        current = value_at(body_of(last), node.path)
        local = current[:19] if isinstance(current, str) and is_date_time(current) else "2026-05-13T10:00:00"
        candidates = [local, "2026-05-13T10:00:00"]
    elif keyword == "format":
        candidates = [*_BROKEN_TEXTS.get(str(node.raw["format"]), []), "not at all", "", "x y"]
    else:
        found = value_at(body_of(last), node.path)
        longer = [found * 2, found * 300] if isinstance(found, list) else []
        candidates = [*longer, "", "x", "x" * 5000, " ", -1, 10**9, 0.5, [], [1, 1], {}, {"unexpected": 1}, [None] * 200]
    for value in candidates:
        if schema.is_type(value, node) and (node.enum is None or is_member(value, node.enum)):
            yield from edited(last, node, detail.document, value)
