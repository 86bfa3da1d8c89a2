"""JSON Lines of exchanges: what is written is what is read, and what others write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smscontract.exchange import Auth, Exchange, Failure, Origin, OriginKind, Part, Request, Response, Role, Wire
from smscontract.recordings import jsonl
from tests.recordings.reading import exchange, line, outcomes, places, trouble

HEAD = jsonl.header("gate")

# --- the law ---------------------------------------------------------------------------------------------------------

# Any text, lone surrogates too: header fields of live answers hold whatever bytes came.
TEXT = st.text(st.characters(exclude_categories=()))
NAME = st.text(min_size=1)
TIME = st.none() | st.floats(-9e10, 9e10)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
# Names come in lower case and without spaces around them, as `headers_from` makes them.
HEADERS = st.none() | st.lists(st.tuples(TEXT.map(lambda name: name.strip().lower().strip()), TEXT), max_size=3).map(tuple)
BODY = st.none() | st.binary() | TEXT.map(lambda text: text.encode("utf-8", "replace"))
REQUESTS = st.builds(Request, method=NAME, url=NAME, headers=HEADERS, body=BODY)
RESPONSES = st.builds(Response, status=st.integers(100, 999), headers=HEADERS, body=BODY)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    response = draw(st.none() | RESPONSES)
    failures = st.sampled_from(Failure)
    return Exchange(
        request=draw(REQUESTS),
        response=response,
        failure=draw(failures if response is None else st.none() | failures),
        origin=Origin(kind=OriginKind.LIVE, case=draw(st.none() | TEXT), request=draw(st.none() | st.integers(0, 2**60))),
        sent_at=draw(TIME),
        received_at=draw(TIME),
        auth=draw(st.none() | st.sampled_from(Auth)),
        known=draw(st.dictionaries(NAME, st.dictionaries(NAME, JSON_VALUES, max_size=3), max_size=2)),
        role=draw(st.sampled_from(Role)),
        wire=draw(st.sampled_from(Wire)),
        missing=draw(st.dictionaries(st.sampled_from(Part), st.sampled_from(("scrubbed", "truncated")))),
        own_record=draw(st.booleans()),
        operation=draw(st.none() | NAME),
        path_parameters=draw(st.none() | st.dictionaries(NAME, NAME, max_size=2)),
    )


PLAIN = Exchange(
    request=Request(method="GET", url="/"), response=None, failure=Failure.CUT, origin=Origin(kind=OriginKind.LIVE)
)


@given(exchanges())
@example(replace(PLAIN, known={"id": {"digits": 2**64, "more": 10**3000, "state": "\ud800"}}))
@example(replace(PLAIN, request=Request(method="POST", url="/***", body=b"\xef\xbb\xbf***")))
@example(replace(PLAIN, request=Request(method="POST", url="/", headers=(("a", "\r\n\u2028"),), body=b'{"a": "***"}\r\n')))
def test_what_is_written_is_read(written: Exchange) -> None:
    head = jsonl.header("gate" if written.own_record else "elsewhere", run="a1")
    found = exchange(head + jsonl.dumps(written), "x.jsonl")
    assert found.origin == replace(written.origin, kind=OriginKind.FILE, file="x.jsonl", line=2)
    assert replace(found, origin=written.origin) == written


@given(st.lists(exchanges(), max_size=4))
def test_each_exchange_is_one_line(written: list[Exchange]) -> None:
    data = b"".join(map(jsonl.dumps, written))
    assert data.count(b"\n") == len(written)
    assert places(outcomes(data, "x.jsonl")) == [("exchange", number + 1) for number in range(len(written))] or not written


# --- the header line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("head", "ours"), [(HEAD, True), (jsonl.header("log"), False), (b"", False)])
def test_only_below_the_gates_header_a_record_is_our_own(head: bytes, ours: bool) -> None:
    assert exchange(head + line(), "x.jsonl").own_record is ours


def test_a_header_counts_for_the_lines_below_it() -> None:
    found = outcomes(HEAD + line() + jsonl.header("log") + line(), "x.jsonl")
    assert [one.own_record for one in found if isinstance(one, Exchange)] == [True, False]


@pytest.mark.parametrize(
    ("head", "message", "hint"),
    [
        (b'{"smscontract": "exchanges", "version": 2}', "is in version 2 of the form, and we read 1", "install a newer"),
        (b'{"smscontract": "exchanges"}', "is in version unknown of the form, and we read 1", '"version": 1'),
        (b'{"smscontract": "exchanges", "version": "1"}', "is in version unknown of the form, and we read 1", '"version": 1'),
        (b'{"smscontract": "ledger", "version": 1}', "is none of exchanges", '"smscontract": "exchanges"'),
    ],
)
def test_a_header_that_we_do_not_know_ends_the_file(head: bytes, message: str, hint: str) -> None:
    problem = trouble(head + b"\n" + line(), "x.jsonl")
    assert (problem.message, problem.line) == (f"the file {message}", 1)
    assert hint in problem.hint


# --- what others write -----------------------------------------------------------------------------------------------


def test_the_least_that_a_line_needs() -> None:
    found = exchange(b'{"request": {"method": "GET", "url": "/a"}, "failure": "timeout"}')
    assert (found.request, found.response) == (Request(method="GET", url="/a"), None)
    assert (found.failure, found.sent_at, found.known, found.role) == (Failure.TIMEOUT, None, {}, Role.CASE)


def test_an_answer_that_never_came() -> None:
    assert exchange(line(response=None)).failure is Failure.UNKNOWN


def test_members_that_we_do_not_know_are_ignored() -> None:
    assert exchange(line(env="staging", trace=[1])) == exchange(line())


@pytest.mark.parametrize(
    "headers",
    [
        {"A": "1", "b": ["2", "3"]},
        [["A", "1"], ["b", "2"], ["b", 3]],
        [{"name": "A", "value": "1"}, {"name": "B", "value": ["2", "3"]}],
    ],
)
def test_headers_in_three_shapes(headers: Any) -> None:
    request = {"method": "GET", "url": "/", "headers": headers}
    assert exchange(line(request=request)).request.headers == (("a", "1"), ("b", "2"), ("b", "3"))


@pytest.mark.parametrize(
    "inline", ['{"a":1,"a": 1.0}', " [1e400, 123456789012345678901]", '"\\ud800"', "null", '{"json": {"a": "}"}}']
)
def test_an_inline_body_keeps_its_bytes(inline: str) -> None:
    request = f'"request": {{"method": "POST", "url": "/", "json": {inline}}}'
    response = f'"response": {{"x": {{"json": 0}}, "status": 200, "json": {inline} }}'
    found = exchange(f'{{"json": 1, {request}, {response}}}\n'.encode())
    assert found.response is not None
    assert found.request.body == found.response.body == inline.strip().encode()


def test_times_as_text_and_as_seconds() -> None:
    found = exchange(line(sent_at="2026-11-20T10:30:00.25+01:00", received_at=1795167001))
    assert (found.sent_at, found.received_at, found.took) == (1795167000.25, 1795167001.0, 0.75)


def test_parts_are_looked_at_unless_the_line_tells() -> None:
    request = {"method": "POST", "url": "/", "headers": {"content-length": "9"}, "body": '{"a": "***"}'}
    scrubbed = {Part.CREDENTIAL: "scrubbed", Part.REQUEST_BODY: "scrubbed"}
    assert exchange(line(request=request)).missing == scrubbed
    assert exchange(line(request=request, missing={})).missing == {}
    assert exchange(line(request=request, auth="good")).missing == {Part.REQUEST_BODY: "scrubbed"}
    assert exchange(HEAD + line(request=request), "x.jsonl").missing == {}


def test_the_wire_is_exact_only_where_the_line_says_so() -> None:
    assert exchange(line()).wire is Wire.DECODED
    assert exchange(HEAD + line(), "x.jsonl").wire is Wire.DECODED
    assert exchange(line(wire="exact")).wire is Wire.EXACT


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "the line is not JSON at character 2"),
        (b'{"request": {}} x', "the line is not JSON at character 17"),
        (b"[1]", "the line is not an object"),
        (b"{}", "the line has no `request` that is an object"),
        (b'{"request": "\xff"}', "the line is not UTF-8 at byte 14"),
        (b'{"request": "\x00"}', "the line is not JSON at character 14"),
        (b'{"request": {"url": "/"}}', "the line has no `method` that is a text"),
        (b'{"request": {"method": "", "url": "/"}}', "the line has an empty `method`"),
        (b'{"request": {"method": "GET", "url": "/"}}', "the line has neither `response` nor `failure`"),
        (line(response=[]), "the line has no `response` that is an object"),
        (line(response={}), "the line has no status code of three digits"),
        (line(response={"status": True}), "the line has no status code of three digits"),
        (line(response={"status": 200, "body": {}}), "the line has no `body` that is a text"),
        (line(response={"status": 200, "body_base64": "%"}), "the line has a body that is not base64"),
        (line(response={"status": 200, "headers": [1]}), "the line has `headers` in a form that we do not know"),
        (line(response={"status": 200, "headers": 1}), "the line has `headers` in a form that we do not know"),
        (line(failure="tired"), "the line has an unknown `failure`"),
        (line(auth=[]), "the line has an unknown `auth`"),
        (line(sent_at="2026-11-20T09:30:00"), "the line has a `sent_at` that is no time"),
        (line(sent_at=True), "the line has a `sent_at` that is no time"),
        (line(sent_at=1795167000000), "the line has a `sent_at` beyond the year 5000"),
        (line(missing={"body": "scrubbed"}), "the line names an unknown part in `missing`"),
        (line(known={"id": 1}), "the line has a `known` that is not an object of objects"),
        (line(path_parameters={"id": 1}), "the line has no `id` that is a text"),
        (line(operation=1), "the line has no `operation` that is a text"),
        (b"[" * 100_000 + b"]" * 100_000, "the line is nested too deeply"),
    ],
)
def test_a_bad_line_costs_itself_and_says_why(raw: bytes, message: str) -> None:
    found = outcomes(line() + raw.strip() + b"\r\n" + b"\n" + line(), "x.jsonl")
    assert places(found) == [("exchange", 1), ("problem", 2), ("exchange", 4)]
    assert getattr(found[1], "message", "") == message


def test_a_line_over_the_limit_costs_itself() -> None:
    size = len(line())
    for count in (1, 2, 10 * size, 3_000_000):
        found = outcomes(line() + b"x" * (size + count) + b"\n" + line()[:-1], "x.jsonl", limit=size)
        assert places(found) == [("exchange", 1), ("problem", 2), ("exchange", 3)]
        assert getattr(found[1], "message", "") == f"the line is longer than {size} bytes"
    assert places(outcomes(line().strip() + b"   ", "x.jsonl", limit=size)) == [("problem", 1)]
    assert places(outcomes(line(), "x.jsonl", limit=size - 1)) == [("exchange", 1)]


def test_line_ends_of_other_systems_and_a_last_line_without_one() -> None:
    data = b"\xef\xbb\xbf" + HEAD.strip() + b"\r\n\r\n" + line().strip() + b"\r\n" + line().strip()
    assert places(outcomes(data, "x.jsonl")) == [("exchange", 3), ("exchange", 4)]


def test_the_documented_form_is_the_form_that_is_written() -> None:
    """What a reader of the documentation types, and what `dumps` makes of it."""
    written = json.loads(jsonl.dumps(exchange(line(sent_at=1, case="c1", number=3))))
    assert written == {
        "request": {
            "method": "POST",
            "url": "https://api.example.test/v1/sms/create",
            "headers": [["authorization", "k"]],
            "body": "{}",
        },
        "response": {"status": 200, "headers": [["content-type", "application/json"]], "body": '{"data": null}'},
        "sent_at": 1.0,
        "case": "c1",
        "number": 3,
        "missing": {},
    }
