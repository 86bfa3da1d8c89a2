"""Bare bodies: one file, one body of the operation that the user names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Failure, Part
from smscontract.recordings._packed import is_packed
from tests.recordings.reading import DATA, exchange, trouble

BODY = (DATA / "bland-documented-create-200.json").read_bytes()


def test_the_body_of_an_answer() -> None:
    found = exchange(BODY, "x.json", operation="p.op", status=200)
    assert found.response is not None
    assert (found.response.status, found.response.headers, found.response.body) == (200, None, BODY)
    assert (found.request.method, found.request.url, found.request.body) == ("", "", None)
    assert (found.operation, found.failure, found.own_record) == ("p.op", None, False)


def test_the_body_of_a_request() -> None:
    found = exchange(b'{"message": "hi"}', "x.json", operation="p.op", side="request")
    assert (found.request.body, found.response, found.failure) == (b'{"message": "hi"}', None, Failure.UNKNOWN)


def test_what_the_file_cannot_tell_is_missing() -> None:
    found = exchange(BODY, "x.json", operation="p.op", status=200)
    assert found.missing == {Part.URL: "scrubbed", Part.CREDENTIAL: "scrubbed"}
    assert exchange(b'{"id": "***"}', operation="p.op", status=200).missing[Part.RESPONSE_BODY] == "scrubbed"


@pytest.mark.parametrize(
    ("said", "hint"), [({}, "--operation"), ({"operation": "p.op"}, "--status"), ({"side": "response"}, "--op")]
)
def test_what_is_not_said_is_asked_for(said: dict[str, str], hint: str) -> None:
    assert hint in trouble(BODY, "x.json", format="bare", **said).hint


@given(st.binary().filter(lambda data: not is_packed(data)))
def test_any_bytes_are_a_body(data: bytes) -> None:
    found = exchange(data, "body.bin", operation="p.op", status=200, format="bare")
    assert found.response is not None
    assert found.response.body == data.removeprefix(b"\xef\xbb\xbf")


def test_even_bytes_that_no_text_has() -> None:
    for data in (b"", b"\xff\xfe{\x00", b"\x1f\x8c\x08"):
        found = exchange(data, "body.json", operation="p.op", status=200)
        assert found.response is not None
        assert found.response.body == data


def test_a_body_over_the_limit_is_refused() -> None:
    assert exchange(b"x" * 100, "b", operation="p.op", status=200, limit=100).response is not None
    assert trouble(b"x" * 101, "b", operation="p.op", status=200, limit=100).message == "the file is larger than 100 bytes"
