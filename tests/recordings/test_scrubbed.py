"""What a recorder took away is found, and nothing else."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Auth, Headers, Request, Response
from smscontract.recordings._scrubbed import is_marker, missing_parts

MARKERS = [
    "***", "********", "+1415*****00", "REDACTED", "redacted", "[REDACTED]", "<redacted>", "<REDACTED_PHONE>", "[FILTERED]",
    "[Filtered]", "**REDACTED**", "{{token}}", "{{ phone }}", "${TOKEN}", "XXXXXXXX", "+1415555xxxx", "<phone:1a2b3c4d>",
    "(hidden)", "[removed by proxy]", " *** ",
]  # fmt: skip
VALUES = [
    "", "sent", "+14155550100", "Hello *** world", "<Call Connected>", "<string>", "removed", "hidden", "filtered", "x", "xxx",
    "**", "{}", "conv_abc123", "2026-11-20T09:30:00Z", "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "It was redacted, she said",
    "a <redacted> b", "max", "*" * 300,
]  # fmt: skip


@pytest.mark.parametrize("text", MARKERS)
def test_markers(text: str) -> None:
    assert is_marker(text)


@pytest.mark.parametrize("text", VALUES)
def test_values_that_are_no_markers(text: str) -> None:
    assert not is_marker(text)


def missing(
    *,
    url: str = "/a",
    method: str = "POST",
    sent: Headers | None = (("authorization", "Bearer k"),),
    body: bytes | None = b"",
    got: Headers | None = (),
    answer: bytes | None = b"{}",
    status: int = 200,
    auth: Auth | None = None,
) -> dict[str, str]:
    request = Request(method=method, url=url, headers=sent, body=body)
    found = missing_parts(request, Response(status=status, headers=got, body=answer), auth)
    return {str(part): reason for part, reason in found.items()}


@pytest.mark.parametrize(
    ("sent", "gone"),
    [
        ((("authorization", "Bearer abc"),), False),
        ((("authorization", "abc"),), False),
        ((("x-api-key", "abc"),), False),
        ((), True),
        (None, True),
        ((("accept", "*/*"),), True),
        *(
            ((("authorization", value),), True)
            for value in ("", "***", "Bearer ***", "Bearer [REDACTED]", "Bearer", "Basic {{x}}")
        ),
    ],
)
def test_a_credential_that_is_absent_or_marked_is_scrubbed(sent: Headers | None, gone: bool) -> None:
    assert missing(sent=sent) == ({"credential": "scrubbed"} if gone else {})


def test_a_credential_that_is_known_otherwise_is_not_missed() -> None:
    assert missing(sent=(), auth=Auth.ABSENT) == {}


@pytest.mark.parametrize("marker", MARKERS)
def test_one_marker_anywhere_marks_its_part(marker: str) -> None:
    inside = json.dumps({"data": [{"id": marker}]}).encode()
    assert missing(answer=inside) == {"response-body": "scrubbed"}
    assert missing(body=inside) == {"request-body": "scrubbed"}
    assert missing(got=(("x-id", marker),)) == {"response-headers": "scrubbed"}
    assert missing(sent=(("authorization", "k"), ("cookie", marker))) == {"request-headers": "scrubbed"}


@pytest.mark.parametrize("body", [b"***", b"a=1&b=***", b"REDACTED"])
def test_bodies_that_are_no_json(body: bytes) -> None:
    assert missing(body=body) == {"request-body": "scrubbed"}


def test_keys_are_no_values() -> None:
    assert missing(answer=b'{"***": 1, "[REDACTED]": "x"}') == {}


@pytest.mark.parametrize("url", ["/a?key=***", "/messages/REDACTED/send", "/a/%5BREDACTED%5D", "/a?k=%7B%7Bx%7D%7D"])
def test_markers_in_urls(url: str) -> None:
    assert missing(url=url) == {"url": "scrubbed"}


@pytest.mark.parametrize("url", ["/a?b=c", "http://[%broken", "/a%20b", "", "/a/***x y"])
def test_urls_without_markers(url: str) -> None:
    assert missing(url=url) == {}


LATIN = ("content-type", "text/plain; charset=iso-8859-1")


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ((("content-length", "2"),), b"{}", None),
        ((("content-length", "9"),), b"{}", "truncated"),
        ((("content-length", "1"),), b"{}", "scrubbed"),
        ((("content-length", "9"),), b"", "truncated"),
        ((("content-length", "5"),), b"{}", None),  # a byte order mark went
        ((("content-length", "9"),), None, None),
        ((("content-length", "9"), ("content-encoding", "gzip")), b"{}", None),
        ((("content-length", "9"), ("content-encoding", "identity")), b"{}", "truncated"),
        ((("content-length", "9"), ("transfer-encoding", "chunked")), b"{}", None),
        ((("content-length", "9"), ("content-type", "text/plain")), b"{}", "truncated"),
        ((("content-length", "x"),), b"{}", None),
        ((("content-length", "1"), ("content-length", "2")), b"{}", None),
        ((("content-length", "9" * 5000),), b"{}", None),
        ((("content-length", "1"), LATIN), "ü".encode(), None),
        ((("content-length", "4"), LATIN), "ü".encode(), "truncated"),
        ((("content-length", "9"), ("content-type", "text/plain; charset=nonsense")), b"{}", "truncated"),
    ],
)
def test_lengths(headers: Headers, body: bytes | None, reason: str | None) -> None:
    assert missing(got=headers, answer=body) == ({"response-body": reason} if reason else {})
    assert missing(sent=(("authorization", "k"), *headers), body=body) == ({"request-body": reason} if reason else {})


@pytest.mark.parametrize("changes", [{"method": "HEAD"}, {"status": 304}])
def test_answers_that_carry_no_body(changes: dict[str, Any]) -> None:
    assert missing(got=(("content-length", "9"),), answer=b"", **changes) == {}


def test_compressed_bodies_hold_no_markers() -> None:
    assert missing(got=(("content-encoding", "gzip"),), answer=gzip.compress(b'{"a": 1}')) == {}


@given(st.binary(), st.text(), st.lists(st.tuples(st.sampled_from(("content-length", "content-type", "a")), st.text())))
def test_anything_can_be_looked_at(body: bytes, url: str, headers: list[tuple[str, str]]) -> None:
    assert set(missing(url=url, body=body, answer=body, sent=tuple(headers), got=tuple(headers)).values()) <= {
        "scrubbed",
        "truncated",
    }
