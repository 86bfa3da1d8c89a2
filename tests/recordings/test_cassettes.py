"""Cassettes that vcrpy recorded from a real server (see `record_cassettes.py`), and ones that it never would."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from smscontract.exchange import Exchange, Failure, Part
from tests.recordings import record_cassettes as script
from tests.recordings.reading import CASSETTES, exchange, outcomes, places, trouble

CREDENTIAL = {Part.CREDENTIAL: "scrubbed"}
TRUNCATED = {Part.REQUEST_HEADERS: "truncated"}


def exchanges(path: Path) -> list[Exchange]:
    found = outcomes(path.read_bytes(), path.name)
    assert all(isinstance(one, Exchange) for one in found), found
    return [one for one in found if isinstance(one, Exchange)]


def test_there_are_cassettes_of_every_shape() -> None:
    names = {path.name for path in CASSETTES.iterdir()}
    assert {
        "httpx-plain-vcrpy5.yaml",
        "httpx-plain-vcrpy9.yaml",
        "httpx-plain-json-vcrpy5.json",
        "aiohttp-plain-vcrpy9.yaml",
    } <= names
    assert b"status_code: 200" in (CASSETTES / "httpx-plain-vcrpy5.yaml").read_bytes()
    assert b"!!binary" in (CASSETTES / "http.client-gzip-vcrpy9.yaml").read_bytes()


@pytest.mark.parametrize("path", sorted(CASSETTES.iterdir()), ids=lambda path: path.name)
def test_a_recorded_cassette_gives_what_went_over_the_wire(path: Path) -> None:
    client, word = path.name.split("-")[0], path.name.split("-")[1]
    found = exchanges(path)
    assert [one.request.method + " " + one.request.url for one in found] == [
        f"POST https://{script.HOST}{step}"
        for step in (script.SEND.format("msg-1"), script.SEND.format("msg-2"), script.CREATE, script.CREATE)
    ]
    answers = [(one.response.status, json.loads(one.response.body or b"")) for one in found if one.response]
    assert answers == [
        (200, script.SENT),
        (401, {"detail": "Not authenticated"}),
        (200, script.CREATED),
        (400, script.REFUSED),
    ]
    for one, (_, _, headers, body) in zip(found, script.calls("identity"), strict=True):
        assert (json.loads(one.request.body) if one.request.body else None) == body
        expected: dict[Part, str] = {}
        if word in {"filtered", "marked"} or "authorization" not in headers:
            expected |= CREDENTIAL
        if client == "aiohttp" and body:
            expected |= TRUNCATED
        assert one.missing == expected
        assert (one.sent_at, one.received_at, one.auth, one.own_record) == (None, None, None, False)


def told(path: Path) -> list[Any]:
    """What a cassette says; vcrpy does not keep header fields in order."""
    return [
        (one.request.body, one.response.status, sorted(one.response.headers or ()), one.response.body, one.missing)
        for one in exchanges(path)
        if one.response
    ]


def test_the_script_still_records_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With whichever clients and vcrpy are installed; versions of clients stand in their user agent alone."""
    monkeypatch.setattr(script, "DATA", tmp_path)
    monkeypatch.setattr(sys, "argv", ["record_cassettes.py"])
    script.main()
    recorded = sorted(tmp_path.iterdir())
    assert {"requests", "httpx", "http.client"} <= {path.name.split("-")[0] for path in recorded}
    for path in recorded:
        kept = CASSETTES / re.sub(r"vcrpy\d+", "vcrpy9", path.name)
        assert told(path) == told(kept)


# --- shapes of single interactions -----------------------------------------------------------------------------------

REQUEST: dict[str, Any] = {"method": "POST", "uri": "/a", "body": None, "headers": {}}
RESPONSE: dict[str, Any] = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}}


def interaction(request: Any = None, response: Any = None) -> dict[str, Any]:
    return {"request": REQUEST | (request or {}), "response": RESPONSE | (response or {})}


def both(value: Any) -> list[bytes]:
    """The cassette in YAML and in JSON, which must say the same."""
    cassette = {"interactions": [value], "version": 1}
    return [yaml.safe_dump(cassette, allow_unicode=True).encode(), json.dumps(cassette).encode()]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, b""),
        ("", b""),
        ("a=1&b", b"a=1&b"),
        ({"string": None}, b""),
        ({"string": "123"}, b"123"),
        ({"encoding": "UTF-8", "base64_string": base64.b64encode(b"\xff\x00").decode()}, b"\xff\x00"),
        ({"encoding": "UTF-8", "string": "ü"}, "ü".encode()),
        (["a", "b"], b"ab"),
        (
            {"a": 1, "b": [True, None, 1.5, "1", "no", "2026-11-20"]},
            b'{"a": 1, "b": [true, null, 1.5, "1", "no", "2026-11-20"]}',
        ),
        ([1], b"[1]"),
    ],
)
def test_bodies(body: Any, expected: bytes) -> None:
    for data in both(interaction({"body": body})):
        assert exchange(data).request.body == expected


@pytest.mark.parametrize("deep", ["[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000])
def test_a_body_that_is_nested_too_deeply_costs_its_interaction(deep: str) -> None:
    data = json.dumps({"interactions": [interaction(), interaction({"body": "DEEP"})]}).replace('"DEEP"', deep).encode()
    assert places(outcomes(data)) == [("exchange", 0), ("problem", 1)]


def test_headers_as_lists_and_as_texts() -> None:
    for data in both(interaction(response={"headers": {"X-A": ["1", "2"], "b": "3", "c": None, "d": 4}})):
        found = exchange(data)
        assert found.response is not None
        assert found.response.headers == (("x-a", "1"), ("x-a", "2"), ("b", "3"), ("d", "4"))


def test_an_answer_that_never_came() -> None:
    for data in both({"request": REQUEST, "response": None}):
        assert (exchange(data).response, exchange(data).failure) == (None, Failure.UNKNOWN)


def test_a_compressed_body_is_unpacked_and_its_length_not_compared() -> None:
    headers = {"content-encoding": ["gzip"], "content-length": ["1"]}
    response = RESPONSE | {"headers": headers, "body": {"string": gzip.compress(b'{"a": 1}')}}
    found = exchange(yaml.safe_dump({"interactions": [interaction(response=response)]}).encode())
    assert found.response is not None
    assert (found.response.body, found.missing) == (b'{"a": 1}', CREDENTIAL)


# --- YAML ------------------------------------------------------------------------------------------------------------

BLOCK = b"""\
- request: {method: POST, uri: /a, body: BODY, headers: {}}
  response: {status: {code: 200}, headers: {}, body: {string: '{}'}}
"""


def cassette(*bodies: bytes, indent: bytes = b"", behind: bytes = b"version: 1\n") -> bytes:
    text = b"".join(BLOCK.replace(b"BODY", body) for body in bodies)
    return b"interactions:\n" + indent + text.strip().replace(b"\n", b"\n" + indent) + b"\n" + behind


def bodies(data: bytes) -> list[bytes | str | None]:
    return [one.request.body if isinstance(one, Exchange) else one.message for one in outcomes(data, "x.yaml")]


@pytest.mark.parametrize("data", [cassette(b"a", b"b"), cassette(b"a", b"b", indent=b"    "), cassette(b"a", b"b", behind=b"")])
def test_layouts(data: bytes) -> None:
    assert bodies(data) == [b"a", b"b"]
    assert bodies(data.replace(b"\n", b"\r\n")) == [b"a", b"b"]
    assert bodies(b"# note\n---\nrecorded_with: x\n" + data.replace(b"interactions:", b"'http_interactions' : # list")) == [
        b"a",
        b"b",
    ]
    assert bodies(data.replace(b"interactions:\n", b"interactions:\n\n# note\n")) == [b"a", b"b"]


@pytest.mark.parametrize("data", [b"interactions: []\n", b"interactions:\nversion: 1\n", b"interactions: # none\n"])
def test_an_empty_cassette_holds_nothing(data: bytes) -> None:
    assert outcomes(data, "x.yaml") == []


@pytest.mark.parametrize("data", [b"interactions: [{}]\n", b"interactions: {}\n", b"interactions:\n  a: 1\n"])
def test_a_layout_that_we_cannot_follow_says_so(data: bytes) -> None:
    assert trouble(data, "x.yaml").message == "the file has interactions in a layout that we cannot follow"


@pytest.mark.parametrize(
    ("written", "body"),
    [
        (b"123", b"123"),
        (b"1.10", b"1.10"),
        (b"NO", b"NO"),
        (b"~", b""),
        (b"''", b""),
        (b"!!binary /wA=", b"\xff\x00"),
        (b"!!python/unicode 'x'", b"x"),
        (b"!!str 1", b"1"),
        (b"!!null x", b""),
        (b"{a: 2026-13-45, b: 2026-11-20, c: 0x1F, d: [yes]}", b'{"a": "2026-13-45", "b": "2026-11-20", "c": 31, "d": [true]}'),
        (b"!!python/tuple [a, b]", b"ab"),
        (b"!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary YWI=, 0, null]}", b"ab"),
        (b"!!python/object/apply:builtins.iter {args: [[!!binary YQ==, b], null]}", b"ab"),
    ],
)
def test_values_stay_the_texts_that_they_are(written: bytes, body: bytes) -> None:
    assert bodies(cassette(written)) == [body]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"!!python/object/apply:os.system [date]", "is tagged as something that we do not build"),
        (b"!!python/name:os.system ''", "is tagged as something that we do not build"),
        (b"!mine x", "is tagged as something that we do not build"),
        (b"{a: !!binary YQ==}", "has a body that is neither text nor JSON"),
        (b"!!binary '%'", "has a body that is not base64"),
        (b"*nobody", "uses an alias that nothing before it defines"),
        (b"&a [*a]", "uses an alias that nothing before it defines"),
        (b"{[a]: b}", "has a key that is no text"),
        (b"[" * 200 + b"]" * 200, "is nested too deeply"),
        (b"[" * 5000, "is nested too deeply"),  # libyaml 0.2.6 says so itself, before we can
        (b"'open", "is not YAML in its line 2"),
        (b"\x00", "is not YAML, or holds characters that YAML does not allow"),
        (b"\xff", "is not YAML, or holds characters that YAML does not allow"),
        (b"a\n--- b", "is not YAML in its line 2"),
    ],
)
def test_a_broken_interaction_costs_itself_and_says_why(written: bytes, message: str) -> None:
    assert bodies(cassette(b"a", written, b"c")) == [b"a", f"the interaction {message}", b"c"]


def test_a_line_end_that_only_yaml_knows_makes_no_interaction() -> None:
    assert bodies(b"interactions:\n- 1\xc2\x85- 2\n" + BLOCK) == ["the interaction is not one interaction", b"BODY"]


def test_a_second_document_costs_the_interaction_before_it() -> None:
    data = cassette(b"a", b"b", behind=b"---\ninteractions:\n") + BLOCK.replace(b"BODY", b"c")
    assert bodies(data) == [b"a", "the interaction is not one interaction", b"c"]


def test_a_line_that_lost_its_indent_costs_its_interaction() -> None:
    data = cassette(b"a", b"b", b"c").replace(b"\n  response", b"\nresponse", 2).replace(b"\nresponse", b"\n  response", 1)
    assert bodies(data) == [b"a", "the interaction is not YAML in its line 2", b"c"]


def test_what_stands_behind_the_list_is_not_lost_in_silence() -> None:
    data = cassette(b"a", b"b").replace(b"- request", b"version: 1\n- request", 2).replace(b"version: 1\n", b"", 1)
    assert bodies(data) == [b"a", "the file goes on with interactions behind the end of their list"]
    assert bodies(cassette(b"a", b"b").replace(b"\n- ", b"\n---\n- ")[:-11]) == [
        "the file has interactions in a layout that we cannot follow"
    ]


def test_aliases_reach_back_over_interactions() -> None:
    assert bodies(cassette(b"&id001 [x, y]", b"*id001")) == [b"xy", b"xy"]


def test_a_yaml_bomb_is_refused() -> None:
    levels = [b"&a0 [" + b"x, " * 10 + b"x]"]
    levels += [f"&a{level} [{', '.join([f'*a{level - 1}'] * 10)}]".encode() for level in range(1, 10)]
    found = bodies(cassette(*levels, b"last"))
    assert "the interaction holds more than 100000 values when its aliases are expanded" in found
    assert found[-1] == b"last"


def test_an_interaction_over_the_limit_costs_itself() -> None:
    data = cassette(b"a", b"'" + b"x" * 5000 + b"'", b"c")
    for limit in (300, 4000):
        assert places(outcomes(data, "x.yaml", limit=limit)) == [("exchange", 0), ("problem", 1), ("exchange", 2)]


def test_a_cassette_cut_anywhere_gives_what_stands_before() -> None:
    data = (CASSETTES / "requests-plain-vcrpy9.yaml").read_bytes()
    whole = outcomes(data, "x.yaml")
    for cut in range(len(data) // 2, len(data), 7):
        found = outcomes(data[:cut], "x.yaml")
        assert found[:2] == whole[:2]
        assert len(found) in {3, 4}


@pytest.mark.parametrize("key", ["method", "uri"])
def test_a_member_that_is_missing_is_named(key: str) -> None:
    for data in both({"request": {**REQUEST, key: None}, "response": RESPONSE}):
        assert trouble(data).message == f"the interaction has no `{key}` that is a text"


def test_an_interaction_without_a_response_is_broken() -> None:
    for data in both({"request": REQUEST}):
        assert trouble(data).message == "the interaction has no `response`"


def test_a_json_cassette_cut_in_the_middle_gives_what_stands_before() -> None:
    data = (CASSETTES / "requests-plain-json-vcrpy9.json").read_bytes()
    found = outcomes(data[: len(data) * 3 // 4], "x.json")
    assert places(found) == [("exchange", 0), ("exchange", 1), ("exchange", 2), ("problem", 3)] or len(found) == 4
    assert getattr(found[-1], "message", "") == "the file ends in the middle"
