"""Three opinions of raw bytes: ours, that of jsonschema_rs and that of jsonschema, each behind the parser it is used with.

Where they differ the reason is in the list of `smscontract.clauses.opinions`; here each of its classes is recognised, reached,
and held to what the list says.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from smscontract.clauses import families, opinions
from smscontract.clauses.compiled import compiled_schema
from smscontract.clauses.mutate import dumped
from smscontract.clauses.outcomes import Broken
from smscontract.documents import Node
from smscontract.documents.schemas import inlined
from smscontract.judge import Judge
from smscontract.rfc3339 import is_local_date_time
from tests.core import BLAND, STUUT, judge, made, parcel_judge

PARCEL = "parcel.parcel-status"
OPERATIONS = {STUUT: judge, BLAND: judge, PARCEL: parcel_judge}
SCHEMA_FAMILIES = ("presence", "null", "type", "enum", "format")
TEXT_FLAWS = ("json", "one-value", "utf-8", "no-bom", "unique-keys", "numbers", "unicode")

CLASSES = (
    "nullable enum",
    "1.0 as integer",
    "leap second",
    "missing offset",
    "trailing newline",
    "Arabic-Indic digit",
    "lone surrogate",
    "duplicate keys",
    "NaN",
    "big integer",
    "byte order mark",
    "depth",
    "no digit in a date",
    "null in words",
)
SEEN: Counter[str] = Counter()
_NO_DIGIT = re.compile(
    r"(?=.*[^0-9T:Zz.+-]).{4}-.{2}-.{2}(T.{2}:.{2}:.{2}(\.[^+-]*)?([Zz]|[+-].{2}:.{2}))?", re.IGNORECASE | re.DOTALL
)


def judge_of(operation: str) -> Judge:
    return OPERATIONS[operation]()


def node_of(operation: str) -> Node:
    document = judge_of(operation).catalogue.operations[operation].success
    assert document is not None
    assert document.node is not None
    return document.node


def document_schema(operation: str) -> Any:
    """The schema of the success as the document has it, without references."""
    contract = judge_of(operation).catalogue.contracts[operation.partition(".")[0]]
    return inlined(dict(node_of(operation).raw), contract.document, ())


RUST = {name: jsonschema_rs.validator_for(json.dumps(document_schema(name)), validate_formats=True) for name in OPERATIONS}
FAST = {name: jsonschema_rs.validator_for(compiled_schema(node_of(name)), validate_formats=True) for name in OPERATIONS}
PYTHON = {name: Draft202012Validator(document_schema(name), format_checker=FormatChecker()) for name in OPERATIONS}


def ours(operation: str, raw: bytes) -> set[str]:
    """The keywords (or flaws of the text) that we find broken, every family asked, without the short cut."""
    chosen = judge_of(operation)
    view = chosen.view(made(operation, judge_=chosen, body=raw, headers=(("content-type", "application/json"),)))
    assert view is not None
    found = set()
    for clause in chosen.catalogue.of_operation(operation):
        text = clause.family == "protocol" and clause.detail in TEXT_FLAWS
        if (text or clause.family in SCHEMA_FAMILIES) and isinstance(families()[clause.family].judge(clause, view), Broken):
            found.add(clause.detail if text else clause.id.rpartition(":")[2])
    return found


def rust(operation: str, raw: bytes) -> bool:
    try:
        return bool(RUST[operation].is_valid(orjson.loads(raw)))
    except (ValueError, RecursionError):
        return False


def python(operation: str, raw: bytes) -> bool:
    try:
        return bool(PYTHON[operation].is_valid(json.loads(raw)))
    except (ValueError, RecursionError):
        return False


def texts_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for key, one in value.items() for text in (key, *texts_of(one))}
    if isinstance(value, list):
        return {text for one in value for text in texts_of(one)}
    return {value} if isinstance(value, str) else set()


def numbers_of(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [number for one in (value.values() if isinstance(value, dict) else value) for number in numbers_of(one)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def classes_of(operation: str, raw: bytes) -> set[str]:
    """The classes of values that a body shows, found without any of the three opinions."""
    found: set[str] = set()
    if raw.startswith(b"\xef\xbb\xbf"):
        found.add("byte order mark")
        raw = raw[3:]
    pairs: list[list[str]] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append([key for key, _ in items])
        return dict(items)

    constants: list[str] = []
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=keep, parse_constant=constants.append)
    except RecursionError:
        return found | {"depth"}
    except ValueError:
        return found
    texts = texts_of(value)
    shown = {
        "duplicate keys": any(len(keys) != len(set(keys)) for keys in pairs),
        "NaN": bool(constants),
        "depth": raw.count(b"[") > 200 or raw.count(b"{") > 200,
        "nullable enum": operation == PARCEL and isinstance(value, dict) and value.get("carrier", 0) is None,
        "1.0 as integer": any(isinstance(number, float) and number.is_integer() for number in numbers_of(value)),
        "big integer": any(abs(number) >= 2**63 or number == float("inf") for number in numbers_of(value)),
        "null in words": bool(texts & {"null", "NULL", "Null", "None", "nil", "undefined"}),
    }
    found |= {name for name, one in shown.items() if one}
    if any("\ud800" <= char <= "\udfff" for text in texts for char in text):
        found.add("lone surrogate")
    if any(text.endswith("\n") for text in texts):
        found.add("trailing newline")
    if any("\u0660" <= char <= "\u0669" for text in texts for char in text):
        found.add("Arabic-Indic digit")
    if any(text[17:19] == "60" for text in texts):
        found.add("leap second")
    if any(_NO_DIGIT.fullmatch(text) for text in texts):
        found.add("no digit in a date")
    if any(is_local_date_time(text) for text in texts):
        found.add("missing offset")
    return found


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        "2026-03-02T09:15:00Z",
        "2026-03-02t09:15:00.5z",
        "2026-03-02T09:15:00+25:00",
        "2026-02-29T09:15:00Z",
        "2024-02-29T23:59:60Z",
        "2024-02-29T22:59:60Z",
        "2026-03-02T09:15:00Z\n",
        "2026-03-02T09:15:00",
        "2026-03-0\u0662T09:15:00Z",
        "par_\u0667",
        "par_7\n",
        "par_7",
        "null",
        "",
        "sent",
        "bike",
        "van ",
        None,
        True,
        0,
        1.0,
        -1,
        1.5,
        30000.0,
        30001,
        2**63,
        10**30,
        -(10**400),
        [],
        {},
        [None],
        "x" * 41,
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid body with values replaced and taken away, then with some bytes changed."""
    operation = draw(st.sampled_from(sorted(OPERATIONS)))
    document = judge_of(operation).catalogue.operations[operation].success
    assert document is not None
    value = json.loads(json.dumps(draw(st.sampled_from(list(document.examples.values())))))
    for _ in range(draw(st.integers(0, 2))):
        holder = value
        while True:
            name = draw(st.sampled_from(sorted(holder)))
            if isinstance(holder[name], dict) and holder[name] and draw(st.booleans()):
                holder = holder[name]
            elif isinstance(holder[name], list) and holder[name] and isinstance(holder[name][0], dict) and draw(st.booleans()):
                holder = holder[name][0]
            else:
                break
        if draw(st.integers(0, 5)):
            holder[name] = draw(VALUES)
        elif len(holder) > 1:
            del holder[name]
    raw = dumped(value)
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(raw)))
        piece = draw(
            st.sampled_from([b"", b"\xef\xbb\xbf", b"NaN", b'"id":1,', b"\\ud800", b"\xff", b" ", b"{", b"}", b",", b'"', b"0"])
            | st.binary(max_size=2)
        )
        raw = raw[:start] + piece + raw[start + draw(st.integers(0, 2)) :]
    return operation, raw


@settings(max_examples=1500)
@given(mutated())
def test_where_opinions_differ_the_reason_is_listed(case: tuple[str, bytes]) -> None:
    operation, raw = case
    verdict, second, third = not ours(operation, raw), rust(operation, raw), python(operation, raw)
    if not verdict == second == third:
        classes = classes_of(operation, raw)
        SEEN.update(classes)
        assert classes, (verdict, second, third, ours(operation, raw), raw)


@settings(max_examples=700)
@given(mutated())
def test_what_the_short_cut_accepts_no_family_refuses(case: tuple[str, bytes]) -> None:
    operation, raw = case
    chosen = judge_of(operation)
    view = chosen.view(made(operation, judge_=chosen, body=raw))
    assert view is not None
    if chosen.quick.schema_kept(view):
        assert ours(operation, raw) & {"required", "null", "type", "enum", "format", "offset", "pattern"} == set()
        assert not [name for name in ours(operation, raw) if name not in TEXT_FLAWS]


def body(operation: str, **changes: Any) -> bytes:
    document = judge_of(operation).catalogue.operations[operation].success
    assert document is not None
    return dumped({**list(document.examples.values())[-1], **changes})


def deep(depth: int) -> bytes:
    return body(PARCEL)[:-1] + b', "more": ' + b"[" * depth + b"]" * depth + b"}"


#: class, operation, body; then what we find, and what the two libraries say behind their parsers.
FORCED: list[tuple[str, str, bytes, set[str], bool, bool]] = [
    ("nullable enum", PARCEL, body(PARCEL, carrier=None), set(), False, False),
    ("1.0 as integer", PARCEL, body(PARCEL, weight=12.0), set(), True, True),
    ("leap second", STUUT, body(STUUT, created_at="2016-12-31T23:59:60Z"), set(), True, False),
    ("leap second", STUUT, body(STUUT, created_at="2016-12-31T22:59:60Z"), {"format"}, False, False),
    ("missing offset", STUUT, body(STUUT, created_at="2016-12-31T23:59:59"), {"offset"}, False, False),
    ("trailing newline", PARCEL, body(PARCEL, id="par_7\n"), {"pattern"}, False, True),
    ("trailing newline", STUUT, body(STUUT, created_at="2016-12-31T23:59:59Z\n"), {"format"}, False, True),
    ("Arabic-Indic digit", STUUT, body(STUUT, created_at="201\u0666-12-31T23:59:59Z"), {"format"}, False, False),
    ("Arabic-Indic digit", PARCEL, body(PARCEL, id="par_\u0667"), {"pattern"}, False, False),
    ("lone surrogate", PARCEL, body(PARCEL)[:-1] + b', "more": "\\ud800"}', {"unicode"}, False, True),
    ("duplicate keys", PARCEL, b'{"weight": "heavy", ' + body(PARCEL)[1:], {"unique-keys"}, True, True),
    ("NaN", STUUT, body(STUUT)[:-1] + b', "more": NaN}', {"numbers"}, False, True),
    ("big integer", PARCEL, body(PARCEL, weight=10**30), {"maximum"}, False, False),
    ("big integer", PARCEL, body(PARCEL, more=10**400), set(), False, True),
    ("byte order mark", PARCEL, b"\xef\xbb\xbf" + body(PARCEL), {"no-bom"}, False, True),
    ("depth", PARCEL, deep(1500), set(), False, False),
    ("no digit in a date", STUUT, body(STUUT, created_at="*026-03-02T09:15:00Z"), {"format"}, True, False),
    ("null in words", STUUT, body(STUUT, error_message="null"), {"null"}, True, True),
]


@pytest.mark.parametrize("case", FORCED, ids=lambda case: case[0])
def test_each_class_is_reached_and_is_as_the_list_says(case: tuple[str, str, bytes, set[str], bool, bool]) -> None:
    name, operation, raw, found, second, third = case
    SEEN.update(classes_of(operation, raw))
    assert ours(operation, raw) == found
    assert rust(operation, raw) is second
    assert python(operation, raw) is third
    assert name in classes_of(operation, raw)


def test_no_class_of_the_list_is_left_out() -> None:
    for _, operation, raw, *_ in FORCED:
        SEEN.update(classes_of(operation, raw))
    assert set(SEEN) == set(CLASSES)
    listed = [line[2:].partition(":")[0] for line in (opinions.__doc__ or "").splitlines() if line.startswith("- ")]
    assert sorted(listed) == sorted(CLASSES)


# -- the words of keywords without a family of their own


@pytest.mark.parametrize(
    ("changes", "clause", "message"),
    [
        ({"label": ""}, "label:minLength", "the value should be non-empty"),
        ({"label": "secret words " * 9}, "label:maxLength", "the value is too long"),
        ({"weight": -1}, "weight:minimum", "the value is less than the minimum of 0"),
        ({"weight": 30001}, "weight:maximum", "the value is greater than the maximum of 30000"),
        ({"stops": [{"at": "2026-03-02T09:15:00Z", "place": "secret"}] * 21}, "stops:maxItems", "the value is too long"),
        ({"stops": [{"at": "2026-03-02T09:15:00Z", "kind": 7}]}, "stops/items/kind:oneOf", "the value does not keep `oneOf`"),
    ],
)
def test_other_keywords_are_told_without_the_value(changes: dict[str, Any], clause: str, message: str) -> None:
    (finding,) = parcel_judge().judge(made(PARCEL, judge_=parcel_judge(), answer=changes)).findings
    assert finding.clause == f"{PARCEL}/200/{clause}"
    assert finding.message.startswith(message)
    assert "secret" not in f"{finding.message} {finding.got} {finding.expected}"
