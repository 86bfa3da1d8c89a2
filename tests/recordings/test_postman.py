"""Collections of Postman, as its own library writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Exchange, Part
from smscontract.findings import Problem
from tests.recordings.reading import DATA, exchange, outcomes, trouble

KEPT = (DATA / "postman.json").read_bytes()
URL = "https://sandbox.example.test"


def saved(request: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    original = {"method": "POST", "url": f"{URL}/v1/sms/create", "header": []} | (request or {})
    return {"name": "x", "originalRequest": original, "code": 200, "header": [], "body": '{"data": null}'} | changes


def collection(*responses: Any, variable: Any = ()) -> bytes:
    info = {"name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}
    item = [{"name": "folder", "item": [{"name": "r", "request": {}, "response": [*responses]}]}]
    return json.dumps({"info": info, "item": item, "variable": [*variable]}).encode()


@pytest.mark.parametrize("name", ["-", "x.json", "x.postman_collection.json"])
def test_the_saved_responses_of_a_real_collection(name: str) -> None:
    found = [one for one in outcomes(KEPT, name) if isinstance(one, Exchange)]
    assert [(one.request.method, one.request.url.removeprefix(URL), one.response and one.response.status) for one in found] == [
        ("POST", "/v1/sms/create", 200),
        ("POST", "/v1/sms/create", 400),
        ("POST", "/v1/sms/create", 401),
        ("POST", "/v2/sms-threads/messages/sms_x1/send", 200),
        ("POST", "/v2/sms-threads/messages/no-such-id/send", 404),
    ]
    assert json.loads(found[0].request.body or b"") == {
        "user_number": "+14155550123",
        "agent_number": "+14155550100",
        "message": "Grüße 👍",
    }
    assert [one.origin.entry for one in found] == [0, 1, 2, 3, 4]
    assert all(one.missing == {Part.CREDENTIAL: "scrubbed"} for one in found)


def test_the_export_of_its_web_service_holds_the_same() -> None:
    wrapped = b'{"collection": ' + KEPT + b"}"
    assert outcomes(wrapped, "x") == outcomes(KEPT, "x")


def test_nothing_saved_is_nothing_read() -> None:
    assert outcomes(collection(), "x") == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/a?b={{v}}", "http://h/a?b=1"),
        ("{{unknown}}/v1/sms/create", "/v1/sms/create"),
        ({"raw": "{{base}}/:id/x?q=:id", "variable": [{"key": "id", "value": "a b/{{v}}"}]}, "http://h/a%20b%2F1/x?q=:id"),
        ({"protocol": "https", "host": ["api", "h"], "port": "81", "path": ["a", {"value": "b"}]}, "https://api.h:81/a/b"),
        ({"host": "h", "path": "/a", "query": [{"key": "x", "value": "1"}, {"key": "y", "disabled": True}]}, "http://h/a?x=1"),
    ],
)
def test_urls(url: Any, expected: str) -> None:
    variables = [{"key": "v", "value": "1"}, {"key": "base", "value": "http://h"}]
    assert exchange(collection(saved({"url": url}), variable=variables)).request.url == expected


@pytest.mark.parametrize(
    ("body", "expected", "reason"),
    [
        (None, b"", None),
        ({"mode": "raw", "raw": "a"}, b"a", None),
        ({"mode": "raw", "raw": "a", "disabled": True}, b"", None),
        ({"mode": "raw", "raw": '{"a": "x {{$guid}}"}'}, b'{"a": "x {{$guid}}"}', "scrubbed"),
        (
            {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "{{v}} é"}, {"key": "b", "disabled": True}]},
            b"a=1+%C3%A9",
            None,
        ),
        ({"mode": "formdata", "formdata": []}, None, "truncated"),
        ({"mode": "file", "file": {"src": "x"}}, None, "truncated"),
    ],
)
def test_bodies_that_were_sent(body: Any, expected: bytes | None, reason: str | None) -> None:
    header = [{"key": "Content-Type", "value": "x"}]
    found = exchange(collection(saved({"body": body, "header": header}), variable=[{"key": "v", "value": "1"}]))
    assert (found.request.body, found.missing.get(Part.REQUEST_BODY)) == (expected, reason)
    assert Part.REQUEST_HEADERS not in found.missing


def test_a_content_type_that_the_application_adds_is_missing() -> None:
    found = exchange(collection(saved({"body": {"mode": "raw", "raw": "{}"}})))
    assert found.missing[Part.REQUEST_HEADERS] == "truncated"


def test_headers_as_text_disabled_ones_and_answers_without_a_body() -> None:
    header = [{"key": "A", "value": "1"}, {"key": "B", "value": "2", "disabled": True}]
    found = exchange(collection(saved({"header": header}, header="Content-Type: x\nY: z", body=None)))
    assert found.request.headers == (("a", "1"),)
    assert found.response is not None
    assert (found.response.headers, found.response.body) == ((("content-type", "x"), ("y", "z")), None)
    assert found.missing[Part.RESPONSE_BODY] == "truncated"
    assert exchange(collection(saved(code=204, body=None))).response.body == b""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (7, "the response is not an object"),
        ({}, "the response has no `originalRequest` that is an object"),
        (saved({"url": None}), "the response has no URL"),
        (saved(code=None), "the response has no status code of three digits"),
        (saved({"header": 3}), "the response has a `header` in a form that we do not know"),
    ],
)
def test_a_broken_response_costs_itself(one: Any, message: str) -> None:
    found = outcomes(collection(saved(), one, saved()), "x")
    assert [type(each) for each in found] == [Exchange, Problem, Exchange]
    assert isinstance(found[1], Problem)
    assert (found[1].message, found[1].entry) == (message, 1)


def test_variables_that_grow_are_stopped() -> None:
    variables = [
        {"key": "a", "value": "{{b}}" * 1000},
        {"key": "b", "value": "{{c}}" * 1000},
        {"key": "c", "value": "x" * 1000},
    ]
    problem = trouble(collection(saved({"url": "{{a}}"}), variable=variables), limit=100_000)
    assert "when its variables are filled in" in problem.message


def test_folders_in_folders_without_end_are_a_problem() -> None:
    data = b'{"info": {"schema": "postman"}, "item": [' + b'{"item": [' * 100_000
    problem = trouble(data)
    assert problem.message == "the file is nested too deeply"


def test_a_collection_over_the_limit_says_what_to_do() -> None:
    assert "folders" in trouble(KEPT, limit=1000).hint


@given(st.integers(20, len(KEPT)))
def test_a_cut_anywhere_leaves_the_responses_before_it(at: int) -> None:
    whole = [one for one in outcomes(KEPT, "x") if isinstance(one, Exchange)]
    found = outcomes(KEPT[:at], "x", format="postman")
    good = [one for one in found if isinstance(one, Exchange)]
    assert [one.response for one in good] == [one.response for one in whole[: len(good)]]
    assert len(found) - len(good) == (at < len(KEPT.rstrip()))
