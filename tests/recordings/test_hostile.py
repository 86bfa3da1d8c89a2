"""Laws over any bytes, and files that were made to hurt."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smscontract import recordings
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings._lines import Lines, TooLong
from tests.recordings.reading import CASSETTES, DATA, har_entry, line, outcomes, places

SEEDS = [path.read_bytes() for folder in (DATA, CASSETTES) for path in sorted(folder.iterdir()) if path.is_file()]
NAMES = st.sampled_from(["-", "x", "x.har", "x.json", "x.jsonl", "x.ndjson", "x.yaml", "x.yml", "x.bin"])
SAID: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"operation": "p.op", "status": 200}, {"operation": "p.op"}])
PIECES = st.binary(max_size=8) | st.sampled_from(
    [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\n",
        b"- ",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"&a ",
        b"*a",
        b"!!binary ",
        b"null",
        b"1e999",
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file with a few pieces taken out, put in, or moved."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        if draw(st.booleans()):
            end = min(end, start + draw(st.integers(0, 20)))
        data = data[:start] + draw(PIECES) + data[end:]
    return data


@given(data=damaged() | st.binary(), name=NAMES, said=SAID, limit=st.sampled_from([recordings.LIMIT, 700]))
def test_whatever_a_file_holds_nothing_is_raised_and_something_is_said(
    data: bytes, name: str, said: dict[str, Any], limit: int
) -> None:
    found = outcomes(data, name, limit=limit, **said)
    assert all(isinstance(one, Exchange | Problem) for one in found)
    if not found:  # the only files that hold nothing say so themselves
        assert b"entries" in data or b"interactions" in data or b"smscontract" in data or not data.strip()


def test_a_folder_that_is_no_list_is_not_passed_over() -> None:
    for text in (b'{"info": {"schema": "getpostman"}, "item": {}}', b'{"info": {"schema": "getpostman"}, "item":\x00 []}'):
        (found,) = outcomes(text, "x.json")
        assert isinstance(found, Problem)


@given(data=damaged(), name=NAMES)
def test_problems_never_repeat_what_the_file_holds(data: bytes, name: str) -> None:
    for one in outcomes(data, name):
        if isinstance(one, Problem):
            assert "4155550" not in one.message + one.hint
            assert "made-up" not in one.message + one.hint


RAW_LINES = st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"").replace(b"smscontract", b""))


@given(st.lists(st.sampled_from([line()[:-1], b"", b" \r"]) | RAW_LINES))
def test_every_line_is_accounted_for(lines: list[bytes]) -> None:
    lines = [line()[:-1], *lines]
    expected = [
        ("exchange" if one == line()[:-1] else "problem", number)
        for number, one in enumerate(lines, 1)
        if one.strip(b" \t\r\n")
    ]
    assert places(outcomes(b"\n".join(lines), "x.jsonl")) == expected


GOOD = json.dumps(har_entry())
RAW_ENTRIES = st.recursive(
    st.none() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
).map(json.dumps)


@given(
    st.lists(st.just(GOOD) | RAW_ENTRIES | st.sampled_from(["", "nul", "{1}", "[}", '{"a" "]"}'])),
    st.sampled_from(["", " ", "\n\t"]),
)
@example([""], " ")
def test_every_entry_is_accounted_for(raw: list[str], space: str) -> None:
    if raw == [""]:
        raw = []
    data = f'{{"log": {{"a": [], "entries": [{space}{f"{space},{space}".join(raw)}{space}], "b": 1}}}}'
    expected = [("exchange" if one == GOOD else "problem", number) for number, one in enumerate(raw)]
    assert places(outcomes(data.encode(), "x.har")) == expected


BLOCK = b"- request: {method: GET, uri: /a, headers: {}}\n  response: null\n"
RAW_BLOCKS = st.sampled_from(
    [b"-\n", b"- 1\n", b"- {\n", b"- a: b\n  c\n", b"- 'x\n", b"- *a\n", b"- !!x y\n", b"- \x00\n", b"- [\xff]\n"]
)


@given(st.lists(st.just(BLOCK) | RAW_BLOCKS))
def test_every_interaction_is_accounted_for(raw: list[bytes]) -> None:
    expected = [("exchange" if one == BLOCK else "problem", number) for number, one in enumerate(raw)]
    assert places(outcomes(b"interactions:\n" + b"".join(raw) + b"version: 1\n", "x.yaml")) == expected


# --- size ------------------------------------------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A stream that is made while it is read: a start, one part many times, and an end."""

    def __init__(self, start: bytes, part: bytes, times: int, end: bytes) -> None:
        self._parts = iter([start, *[part] * times, end])
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and (part := next(self._parts, b"")):
            self._rest += part
        result, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(result)] = result
        return len(result)


ENTRY = json.dumps(har_entry(content={"text": "x" * 20_000})).encode()
INTERACTION = BLOCK.replace(b"null", b"{status: {code: 200}, headers: {}, body: {string: '" + b"x" * 20_000 + b"'}}")


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(Endless(b'{"log": {"entries": [' + ENTRY, b"," + ENTRY, 1499, b"]}}"), id="har"),
        pytest.param(Endless(b'{"interactions": [1', b", 1" + b" " * 20_000, 1499, b"]}"), id="json"),
        pytest.param(Endless(b"interactions:\n", INTERACTION, 1500, b"version: 1\n"), id="yaml"),
        pytest.param(Endless(line(), line(response={"status": 200, "body": "x" * 20_000}), 1499, b""), id="jsonl"),
        pytest.param(Endless(line(), b"x" * 20_000, 1500, b"\n" + line() * 1498), id="one line"),
    ],
)
def test_thirty_megabytes_are_read_in_constant_memory(stream: Any) -> None:
    list(recordings.read(["-"], stdin=io.BytesIO(line())))  # so that imports and tables are not counted
    tracemalloc.start()
    try:
        count = sum(1 for _ in recordings.read(["-"], stdin=stream, limit=4_000_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count in {1500, 1501}
    assert peak < 16_000_000


def test_a_line_without_an_end_takes_little_more_memory_than_one_that_is_read() -> None:
    limit = 16 * 1024 * 1024
    part = b"x" * 1024 * 1024
    stream: Any = io.BufferedReader(Endless(b"x", part, 48, b"\n"), 128 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(TooLong):
            Lines(stream, limit).next()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * limit


def test_a_value_of_megabytes_is_walked_once() -> None:
    """A string, an escape or a bracket that the buffer cuts anywhere is still one value."""
    text = '"\\\\{[' * 400_000
    found = outcomes(json.dumps({"log": {"entries": [har_entry(content={"text": text})] * 2}}).encode(), "x.har")
    assert [one.response.body == text.encode() for one in found if isinstance(one, Exchange) and one.response] == [True, True]
