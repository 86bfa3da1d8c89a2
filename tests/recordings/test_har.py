"""HAR 1.2 as different programs write it."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from smscontract.exchange import Exchange, Failure, OriginKind, Part, Wire
from tests.recordings.reading import DATA, encoded, exchange, har, har_entry, outcomes, places, trouble


def body_of(**changes: Any) -> bytes | None:
    found = exchange(har(har_entry(**changes)))
    assert found.response is not None
    return found.response.body


def test_an_entry_becomes_an_exchange() -> None:
    found = exchange(har(har_entry()), "x.har")
    assert found.response is not None
    assert (found.request.method, found.request.url) == ("POST", "https://api.example.test/v1/sms/create")
    assert found.request.headers == (("authorization", "made-up-key"),)
    assert (found.request.body, found.response.status, found.response.body) == (b"{}", 200, b'{"data": null}')
    assert (found.sent_at, found.received_at) == (1795167000.0, 1795167000.25)
    assert (found.origin.kind, found.origin.where()) == (OriginKind.FILE, {"file": "x.har", "entry": 0})
    assert (found.wire, found.own_record, found.auth, found.missing) == (Wire.DECODED, False, None, {})


def test_the_documented_answers_are_whole() -> None:
    found = outcomes((DATA / "bland-documented.har").read_bytes())
    assert [one.response.status for one in found if isinstance(one, Exchange) and one.response] == [
        200, 401, 400, 404, 400, 400, 404,
    ]  # fmt: skip
    assert [one.missing for one in found if isinstance(one, Exchange)] == [{}] * 7


def test_keys_may_stand_before_and_behind_the_entries_in_any_shape() -> None:
    log = {"comment": 'a "quoted" ]} text', "pages": [[{"entries": [1]}]], "entries": [har_entry()], "browser": {"a": "\\"}}
    data = json.dumps({"x": [{"log": 1}], "log": log, "y": None}, indent=3).encode()
    assert places(outcomes(data, "x.har")) == [("exchange", 0)]


@pytest.mark.parametrize("status", [0, -1, None])
def test_a_blocked_request_has_no_answer(status: int | None) -> None:
    found = exchange(har(har_entry(response={"status": status, "_error": "net::ERR_BLOCKED_BY_CLIENT"})))
    assert (found.response, found.failure) == (None, Failure.UNKNOWN)


def test_a_request_still_under_way_has_no_answer() -> None:
    entry = har_entry()
    del entry["response"]
    assert exchange(har(entry)).failure is Failure.UNKNOWN


def test_preflights_come_through() -> None:
    entry = har_entry(request={"method": "OPTIONS", "postData": ...}, response={"status": 204, "content": {"size": 0}})
    assert exchange(har(entry)).request.method == "OPTIONS"


def test_headers_keep_order_and_repeats_and_lose_pseudo_fields() -> None:
    headers = [{"name": ":status", "value": "200"}, {"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}]
    found = exchange(har(har_entry(response={"headers": headers})))
    assert found.response is not None
    assert found.response.headers == (("x-a", "1"), ("x-a", "2"))


def test_an_empty_list_of_headers_means_that_they_were_not_seen() -> None:
    found = exchange(har(har_entry(request={"headers": []}, response={"headers": []})))
    assert found.response is not None
    assert (found.request.headers, found.response.headers) == (None, None)


def test_times_that_are_not_known() -> None:
    assert exchange(har(har_entry(startedDateTime="20.11.2026"))).sent_at is None
    found = exchange(har(har_entry(time=-1)))
    assert (found.sent_at, found.received_at) == (1795167000.0, None)
    assert exchange(har(har_entry(startedDateTime="2026-11-20T10:30:00.0000000+01:00"))).sent_at == 1795167000.0


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_base64_is_decoded() -> None:
    assert body_of(content={"text": encoded(b"\xff\x00"), "encoding": "base64", "size": 2}) == b"\xff\x00"


def test_what_is_not_base64_breaks_its_entry_alone() -> None:
    bad = har_entry(content={"text": "%%%", "encoding": "base64"})
    assert places(outcomes(har(har_entry(), bad, har_entry()))) == [("exchange", 0), ("problem", 1), ("exchange", 2)]


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("x-gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
        ("gzip", b'{"a": 1}'),
        ("deflate", b'{"a": 1}'),
        ("br", b'{"a": 1}'),
        ("deflate, gzip", gzip.compress(zlib.compress(b'{"a": 1}'), mtime=0)),
    ],
)
def test_compressed_content_is_unpacked_and_unpacked_content_left_alone(coding: str, data: bytes) -> None:
    headers = [{"name": "Content-Encoding", "value": coding}, {"name": "Content-Length", "value": "999"}]
    entry = har_entry(response={"headers": headers}, content={"text": encoded(data), "encoding": "base64", "size": 8})
    found = exchange(har(entry))
    assert found.response is not None
    assert (found.response.body, found.missing) == (b'{"a": 1}', {})


def test_content_that_we_cannot_unpack_is_missing() -> None:
    entry = har_entry(
        response={"headers": [{"name": "content-encoding", "value": "br"}]},
        content={"text": encoded(b"\x8b\x03\x80"), "encoding": "base64"},
    )
    found = exchange(har(entry))
    assert found.response is not None
    assert (found.response.body, found.missing) == (None, {Part.RESPONSE_BODY: "scrubbed"})


@pytest.mark.parametrize("coding", ["identity", "", "gzip, identity"])
def test_request_bodies_are_unpacked_too(coding: str) -> None:
    headers = [{"name": "Authorization", "value": "k"}, {"name": "Content-Encoding", "value": coding}]
    packed = gzip.compress(b"{}")[:-1] if "gzip" in coding else b"{}"
    data = {"mimeType": "x", "text": encoded(packed), "encoding": "base64"}
    found = exchange(har(har_entry(request={"headers": headers, "postData": data})))
    assert found.request.body == b"{}"
    assert found.missing == ({Part.REQUEST_BODY: "truncated"} if "gzip" in coding else {})


def test_a_zip_bomb_is_cut_at_the_limit() -> None:
    entry = har_entry(
        response={"headers": [{"name": "content-encoding", "value": "gzip"}]},
        content={"text": encoded(gzip.compress(bytes(5_000_000))), "encoding": "base64"},
    )
    found = exchange(har(entry), limit=100_000)
    assert found.response is not None
    assert found.missing == {Part.RESPONSE_BODY: "truncated"}
    assert len(found.response.body or b"") == 100_000


def test_content_that_was_not_kept_is_missing_and_not_empty() -> None:
    found = exchange(har(har_entry(content={"text": ..., "size": 0})))
    assert found.response is not None
    assert (found.response.body, found.missing) == (None, {Part.RESPONSE_BODY: "truncated"})


def test_content_that_there_is_not_is_empty() -> None:
    assert body_of(response={"status": 204}, content={"text": ..., "size": 0}) == b""
    assert body_of(content={"text": "", "size": 0}) == b""
    assert body_of(response={"headers": [{"name": "content-length", "value": "0"}]}, content={"text": ..., "size": 0}) == b""
    assert body_of(request={"method": "HEAD"}, content={"text": ..., "size": 14}) == b""


UTF_16 = [{"name": "content-type", "value": "application/json; charset=utf-16le"}]
GZIP = [{"name": "content-encoding", "value": "gzip"}]


@pytest.mark.parametrize(
    ("size", "headers", "reason"),
    [
        (14, [], None),
        (15, [], "truncated"),
        (17, [], None),  # a byte order mark of three bytes
        (18, [], "truncated"),
        (3, [], None),  # some programs count what went over the wire
        (-1, [], None),
        (28, UTF_16, None),
        (29, UTF_16, "truncated"),
        (99, GZIP, None),
    ],
)
def test_a_size_is_believed_only_where_nothing_else_explains_it(size: int, headers: list[Any], reason: str | None) -> None:
    found = exchange(har(har_entry(content={"size": size}, response={"headers": headers})))
    assert found.missing.get(Part.RESPONSE_BODY) == reason


def test_a_form_is_put_together_from_its_params() -> None:
    params = [{"name": "a b", "value": "1&2"}, {"name": "c"}]
    form = {"mimeType": "application/x-www-form-urlencoded; charset=UTF-8", "params": params}
    assert exchange(har(har_entry(request={"postData": form}))).request.body == b"a+b=1%262&c="


@pytest.mark.parametrize(
    ("request_", "body", "reason"),
    [
        ({"postData": ..., "bodySize": 0}, b"", None),
        ({"postData": ..., "bodySize": -1}, None, None),
        ({"postData": ..., "bodySize": 7}, None, "truncated"),
        ({"postData": {"mimeType": "multipart/form-data", "params": [{"name": "a"}]}}, None, "truncated"),
        ({"postData": {"mimeType": "x", "text": ""}, "bodySize": 0}, b"", None),
    ],
)
def test_request_bodies_that_are_not_there(request_: dict[str, Any], body: bytes | None, reason: str | None) -> None:
    found = exchange(har(har_entry(request=request_)))
    assert (found.request.body, found.missing.get(Part.REQUEST_BODY)) == (body, reason)


# --- what is broken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"1", "the entry is not an object"),
        (b"{}", "the entry has no `request` that is an object"),
        (b"", "the entry is not JSON at character 1"),
        (b'{"request": tru}', "the entry is not JSON at character 13"),
        (b'{"request": "\xff"}', "the entry is not UTF-8 at byte 14"),
        (b"[" * 5000 + b"]" * 5000, "the entry is nested too deeply"),
        (json.dumps(har_entry(response={"status": "OK"})).encode(), "the entry has no status code of three digits"),
        (json.dumps(har_entry(response={"status": [0]})).encode(), "the entry has no status code of three digits"),
        (json.dumps(har_entry(request={"headers": "x"})).encode(), "the entry has `headers` in a form that we do not know"),
        (
            json.dumps(har_entry(request={"headers": [{"name": "a", "value": {}}]})).encode(),
            "the entry has a header that is no text",
        ),
    ],
)
def test_a_broken_entry_costs_itself_and_says_why(raw: bytes, message: str) -> None:
    good = json.dumps(har_entry()).encode()
    found = outcomes(b'{"log": {"entries": [' + b",".join([good, raw, good]) + b"]}}", "x.har")
    assert places(found) == [("exchange", 0), ("problem", 1), ("exchange", 2)]
    assert getattr(found[1], "message", "") == message


def test_an_entry_over_the_limit_costs_itself() -> None:
    big = har_entry(content={"text": "x" * 300_000})
    found = outcomes(har(har_entry(), big, har_entry()), "x.har", limit=100_000)
    assert places(found) == [("exchange", 0), ("problem", 1), ("exchange", 2)]


def test_a_file_cut_anywhere_gives_what_stands_before() -> None:
    entry = har_entry(comment=']}"\\' * 3)
    data = har(*[entry] * 3)
    ends = [len(har(*[entry] * count)) - len(b'], "pages": []}}') for count in (1, 2, 3)]
    for cut in range(1, len(data)):
        *entries, problem = outcomes(data[:cut], "x.har")
        assert places(entries) == [("exchange", number) for number, end in enumerate(ends) if cut > end]
        assert getattr(problem, "message", "") == "the file ends in the middle"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"log": {}}', "the file has no list `log.entries`"),
        (b'{"log": 1}', "the file is not as expected: an object is missing"),
        (b'{"log": {"entries": {}}}', "the file is not as expected: a list is missing"),
        (b'{"log": {"entries": []}} {}', "the file goes on behind its end"),
        (b'{"log": {"entries" []}}', "the file is not as expected: a colon is missing"),
        (b'{"log": {entries: []}}', "the file is not JSON: a key is missing"),
        (b'{"log": {"entries": [}}', "the file is not JSON: a comma or bracket is missing"),
    ],
)
def test_a_file_that_is_no_har_says_why(data: bytes, message: str) -> None:
    found = outcomes(data, "x.har")
    assert getattr(found[-1], "message", "") == message


def test_an_empty_har_holds_nothing() -> None:
    assert outcomes(har(), "x.har") == []


def test_a_key_without_end_is_refused() -> None:
    assert trouble(b'{"log": {"' + b"x" * 1_000_000, "x.har").message == "the file has an endless key"


def test_a_file_that_is_a_har_by_its_name_alone_says_what_else_it_may_be() -> None:
    assert "--format" in trouble(b"<html></html>", "x.har").hint
    assert "--format" in trouble(b'{"log": {"pages": []}}', "x.har").hint
    assert not trouble(har(har_entry())[:12], "x.har").hint
