"""Requests and answers as reports show them: whole, readable, and nobody's."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.exchange import Exchange, Failure, Origin, OriginKind, Request, Response
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.shown import shown
from tests.core import BLAND, STUUT, made

JUDGE = Judge(load_catalogue(()))
TEXT = "Canary sings at midnight"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(TEXT) | st.just("+14155550177"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([TEXT, "body", "a", "+14155550177"]), inner),
    max_leaves=8,
)


def test_a_request_and_its_answer() -> None:
    asked, answered = shown(JUDGE, made(STUUT, answer={"status": "queued"}))
    assert asked.splitlines()[0].startswith("POST https://api.example.test/v2/sms-threads/messages/")
    assert answered.splitlines()[0] == "200"
    assert '  "status": "queued"' in answered.splitlines()
    assert '  "body": <text:' in answered
    assert '  "to_number": <phone:' in answered


def test_without_an_answer_it_is_said_why() -> None:
    exchange = dataclasses.replace(made(BLAND), response=None, failure=Failure.TIMEOUT)
    assert shown(JUDGE, exchange)[1] == "no answer: timeout"


def test_what_fits_no_operation_is_not_shown() -> None:
    exchange = Exchange(request=Request(method="GET", url="/nowhere"), response=None, origin=Origin(kind=OriginKind.TEST))
    assert shown(JUDGE, exchange) == ("", "")


def test_what_is_no_json_is_counted() -> None:
    assert shown(JUDGE, made(STUUT, body=b"<html>"))[1].endswith("6 bytes that are no JSON")


def test_what_is_long_is_cut() -> None:
    rows = json.dumps({"rows": [[1, 2]] * 500, **{f"m{number}": 1 for number in range(500)}})
    answered = shown(JUDGE, made(STUUT, body=rows.encode()))[1]
    assert len(answered.splitlines()) < 180
    assert "... 480 more" in answered


def test_only_reveal_shows_texts() -> None:
    exchange = made(STUUT, answer={"body": TEXT})
    assert TEXT not in "".join(shown(JUDGE, exchange))
    assert TEXT in shown(Judge(JUDGE.catalogue, Masker(reveal=True)), exchange)[1]


@pytest.mark.parametrize("name", ["x-note", "location", "server", "content-type"])
def test_headers_tell_no_text(name: str) -> None:
    exchange = made(STUUT)
    headers = ((name, f"{TEXT} +14155550177"), (TEXT, "1"))
    response = Response(status=200, headers=headers, body=b"{}")
    text = shown(JUDGE, dataclasses.replace(exchange, response=response))[1]
    assert "sings" not in text
    assert "4155550177" not in text


@given(value=json_values)
def test_no_body_shows_a_text_or_a_number(value: object) -> None:
    for exchange in (made(STUUT, body=json.dumps(value).encode()), made(BLAND, body=json.dumps(value).encode())):
        text = "".join(shown(JUDGE, exchange))
        assert "sings" not in text
        assert "4155550177" not in text
