"""Logs of any shape, through a mapping."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import recordings
from smscontract.config import load_config
from smscontract.errors import UsageError
from smscontract.exchange import Exchange, Part
from smscontract.findings import Problem
from smscontract.mapping import LogMapping
from tests.recordings.reading import line

#: That of the README.
GATEWAY = """
[recordings.gateway]
files = "gateway-*.log"
time = { at = "/ts", as = "epoch-ms" }
url = "/req/uri"
status = "/resp/code"
response-body = { at = "/resp/body", as = "json-string", cut-at = 65536 }
scrubbed = ["***"]
"""
ANSWER = '{"data": null, "n": 1.50}'


def mapping(toml: str, tmp_path: Path) -> LogMapping:
    path = tmp_path / "smscontract.toml"
    path.write_text(toml, encoding="utf-8")
    (one,) = load_config(str(path)).recordings.mappings
    return one


def read(data: bytes, toml: str, tmp_path: Path, limit: int = recordings.LIMIT) -> list[Exchange | Problem]:
    file = tmp_path / "log"
    file.write_bytes(data)
    one = mapping(toml, tmp_path)
    return list(recordings.read([str(file)], format=one.name, mappings=[one], limit=limit))


def only(data: bytes, toml: str, tmp_path: Path) -> Exchange:
    (one,) = read(data, toml, tmp_path)
    assert isinstance(one, Exchange), one
    return one


def gateway(**changes: Any) -> bytes:
    record = {"ts": 1795167000250, "req": {"uri": "/v1/sms/create"}, "resp": {"code": 200, "body": ANSWER}} | changes
    return json.dumps(record).encode() + b"\n"


def test_the_example(tmp_path: Path) -> None:
    found = only(gateway(), GATEWAY, tmp_path)
    assert (found.request.method, found.request.url, found.request.headers, found.request.body) == (
        "",
        "/v1/sms/create",
        None,
        None,
    )
    assert found.response is not None
    assert (found.response.status, found.response.headers, found.response.body) == (200, None, ANSWER.encode())
    assert found.sent_at == 1795167000.25
    assert found.missing == {Part.CREDENTIAL: "scrubbed"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x" * 65535, "truncated"),  # it does not leave half a character
        ("x" * 65536, "truncated"),
        ("x" * 65536 + "... (cut)", "truncated"),
        ("é" * 65536, "truncated"),  # characters, not bytes
        ("x" * 65532, None),
        ('{"data": "***"}', "scrubbed"),
    ],
)
def test_what_the_logger_cut_or_blanked_is_not_judged(body: str, reason: str | None, tmp_path: Path) -> None:
    found = only(gateway(resp={"code": 200, "body": body}), GATEWAY, tmp_path)
    assert found.missing.get(Part.RESPONSE_BODY) == reason


def test_a_mapping_claims_files_by_name_and_in_folders(tmp_path: Path) -> None:
    one = mapping(GATEWAY, tmp_path)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "gateway-1.log").write_bytes(gateway())
    (logs / "gateway-2.log.gz").write_bytes(gzip.compress(gateway()))
    (logs / "other.log").write_bytes(gateway())
    (logs / "x.jsonl").write_bytes(line())
    found = list(recordings.read([str(logs)], mappings=[one]))
    names = [Path(one.origin.file or "").name for one in found if isinstance(one, Exchange)]
    assert names == ["gateway-1.log", "gateway-2.log.gz", "x.jsonl"]
    assert len(found) == 3


def test_an_unknown_format_names_mappings_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        recordings.read(["-"], format="gatewy", mappings=[mapping(GATEWAY, tmp_path)])
    assert "`gateway`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ('"/t"', "2026-11-20T09:30:00Z", 1795167000.0),
        ('"/t"', 1795167000, 1795167000.0),
        ('{ at = "/t", as = "epoch-s" }', "1795167000.5", 1795167000.5),
        ('{ at = "/t", as = "epoch-us" }', 1795167000250000, 1795167000.25),
        ('{ at = "/t", as = "epoch-ns" }', 1795167000250000000, 1795167000.25),
        ('{ at = "/t", as = "rfc3339" }', 1795167000, "the line has no time at `/t`"),
        ('"/t"', 1795167000250, "the line has a time beyond the year 5000 at `/t`"),
        ('"/t"', "yesterday", "the line has no time at `/t`"),
        ('"/t"', None, None),
    ],
)
def test_times(place: str, value: Any, expected: Any, tmp_path: Path) -> None:
    (found,) = read(json.dumps({"t": value, "u": "/x"}).encode(), f'[recordings.g]\nurl = "/u"\ntime = {place}\n', tmp_path)
    assert (found.message if isinstance(found, Problem) else found.sent_at) == expected


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        ("", '"{\\"a\\": 1}"', b'{"a": 1}'),
        ("", '{"a": 1.50,  "a": 1e2}', b'{"a": 1.50,  "a": 1e2}'),
        ("json", '"text"', b'"text"'),
        ("json", "[1, 2 ]", b"[1, 2 ]"),
        ("text", '"not json"', b"not json"),
        ("base64", json.dumps(base64.b64encode(b"\xff{").decode()), b"\xff{"),
        ("base64", '"*"', "the line has a body that is not base64"),
        ("json-string", "{}", "the line has no text at `/b`"),
        ("", "null", None),
        ("", '""', b""),
        ("", r'"\ud800"', b"\xed\xa0\x80"),
    ],
)
def test_bodies(form: str, raw: str, expected: Any, tmp_path: Path) -> None:
    place = f'{{ at = "/b", as = "{form}" }}' if form else '"/b"'
    toml = f'[recordings.g]\nurl = "/u"\nstatus = "/s"\nresponse-body = {place}\n'
    (found,) = read(f'{{"u": "/x", "s": "200", "b": {raw}}}'.encode(), toml, tmp_path)
    if isinstance(found, Problem):
        assert found.message == expected
    else:
        assert found.response is not None
        assert found.response.body == expected


def test_json_in_texts_is_stepped_into(tmp_path: Path) -> None:
    inner = '{"u": "/x", "s": 200, "b": {"n": 1.0}, "a/b": "POST"}'
    toml = '[recordings.g]\nurl = "/log/u"\nstatus = "/log/s"\nresponse-body = "/log/b"\nmethod = "/log/a~1b"\n'
    found = only(b"2026-11-20T09:30:00Z stdout F " + json.dumps({"log": inner}).encode(), toml, tmp_path)
    assert found.response is not None
    assert (found.request.method, found.request.url, found.response.body) == ("POST", "/x", b'{"n": 1.0}')


def test_request_lines_constants_headers_and_lengths_of_time(tmp_path: Path) -> None:
    toml = """
[recordings.g]
method = { at = "/request", as = "request-line" }
url = { at = "/request", as = "request-line" }
status = { value = 200 }
time = "/t"
took = { at = "/ms", as = "ms" }
request-headers = { at = "/in", as = "lines" }
response-headers = "/out"
"""
    record = {"request": "POST /v1/x?y=1 HTTP/1.1", "t": 10, "ms": 250, "in": "Authorization: k\r\nX: y: z\r\n"}
    found = only(json.dumps(record | {"out": {"Content-Type": "application/json"}}).encode(), toml, tmp_path)
    assert (found.request.method, found.request.url) == ("POST", "/v1/x?y=1")
    assert found.request.headers == (("authorization", "k"), ("x", "y: z"))
    assert found.response is not None
    assert found.response.headers == (("content-type", "application/json"),)
    assert (found.sent_at, found.received_at) == (10.0, 10.25)
    assert found.missing == {}


def test_custom_markers_are_found_everywhere(tmp_path: Path) -> None:
    toml = """
[recordings.g]
url = "/u"
status = "/s"
request-headers = "/h"
response-headers = "/h"
request-body = "/b"
scrubbed = ["~gone~"]
"""
    record = {"u": "/x/~gone~", "s": 200, "h": {"authorization": "~gone~", "x": "a ~gone~"}, "b": {"a": "~gone~"}}
    found = only(json.dumps(record).encode(), toml, tmp_path)
    assert {*found.missing} == {*Part} - {Part.RESPONSE_BODY}


def test_csv(tmp_path: Path) -> None:
    toml = '[recordings.g]\nrecords = "csv"\nurl = "/path"\nstatus = "/code"\nresponse-body = "/body"\n'
    data = b'path,code,body\r\n/x,200,"{""a"": 1,\n ""b"": 2}"\r\n/y,,\r\n/z,20,x\r\n'
    first, second, third = read(data, toml, tmp_path)
    assert isinstance(first, Exchange)
    assert first.response is not None
    assert (first.response.status, first.response.body) == (200, b'{"a": 1,\n "b": 2}')
    assert isinstance(second, Exchange)
    assert second.response is None
    assert isinstance(third, Problem)
    assert third.line == 5


@pytest.mark.parametrize(("pointer", "wrap"), [("", "{}"), ("/hits/hits", '{{"took": 1, "hits": {{"n": 2, "hits": {}}}}}')])
def test_lists_in_one_document(pointer: str, wrap: str, tmp_path: Path) -> None:
    toml = f'[recordings.g]\nrecords = "{pointer}"\nurl = "/u"\nstatus = "/s"\n'
    found = read(wrap.format('[{"u": "/a", "s": 200}, 7, {"u": "/b", "s": 201}]').encode(), toml, tmp_path)
    assert [one.entry if isinstance(one, Problem) else one.origin.entry for one in found] == [0, 1, 2]
    assert [type(one) for one in found] == [Exchange, Problem, Exchange]
    whole = wrap.format('[{"u": "/a", "s": 200}, {"u": "/b"}]').encode()
    cut = read(whole[: whole.index(b'"/b"')], toml, tmp_path)
    assert [type(one) for one in cut] == [Exchange, Problem]


def test_a_line_over_the_limit_costs_itself(tmp_path: Path) -> None:
    data = gateway() + b'{"ts": "' + b"x" * 5000 + b'"}\n' + gateway() + b"no json\n[1]\n"
    found = read(data, GATEWAY, tmp_path, limit=1000)
    assert [type(one) for one in found] == [Exchange, Problem, Exchange, Problem, Problem]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["ts", "req", "uri", "resp", "code", "body"]) | st.text(), inner)
    ),
    max_leaves=12,
)


@given(st.lists(JSON.map(json.dumps).map(str.encode) | st.binary(max_size=40), max_size=5))
def test_whatever_a_log_holds_nothing_is_raised(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("log")
    data = b"\n".join(lines)
    for records in ("lines", "csv", "/resp"):
        found = read(data, GATEWAY + f'records = "{records}"\n', folder)
        assert all(isinstance(one, Exchange | Problem) for one in found)
