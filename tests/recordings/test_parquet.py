"""Parquet, as pyarrow writes it."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from smscontract import recordings
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.mapping import LogMapping, Place
from smscontract.recordings import _packed
from tests.recordings.reading import DATA, exchange, line, outcomes, trouble

TIME = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def packed(rows: list[dict[str, Any]], **said: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink, **said)
    return sink.getvalue()


def row(**changes: Any) -> dict[str, Any]:
    headers = [{"name": "Authorization", "value": "made-up"}, {"name": "Content-Type", "value": "application/json"}]
    return {
        "request": {"method": "POST", "url": "/v1/sms/create", "headers": headers, "body": "{}"},
        "response": {"status": 200, "headers": headers[1:], "body": '{"data": null}'},
        "sent_at": TIME,
    } | changes


def test_structs_are_read_as_the_line_that_they_would_be() -> None:
    found = exchange(packed([row()]))
    assert (found.request.method, found.request.url, found.request.body) == ("POST", "/v1/sms/create", b"{}")
    assert found.response is not None
    assert (found.response.status, found.response.body) == (200, b'{"data": null}')
    assert found.sent_at == TIME.timestamp()
    assert (found.origin.entry, found.origin.line) == (0, None)
    assert not found.missing


def test_flat_columns_bytes_and_times_without_a_zone() -> None:
    flat = {
        "request.method": "POST",
        "request.url": "/v1/sms/create",
        "response.status": 200,
        "response.body": b"\xff\x00",
        "sent_at": TIME.replace(tzinfo=None),
        "auth": "good",
    }
    found = exchange(packed([flat]))
    assert found.response is not None
    assert found.response.body == b"\xff\x00"
    assert (found.sent_at, found.auth) == (TIME.timestamp(), "good")


def test_what_jsonl_holds_parquet_holds() -> None:
    """Each of our lines as a row: the same exchange comes back."""
    for path in sorted(DATA.glob("*.jsonl")):
        for one in outcomes(path.read_bytes()):
            assert isinstance(one, Exchange)
            request: dict[str, Any] = {"method": one.request.method, "url": one.request.url, "body": one.request.body}
            request["headers"] = None if one.request.headers is None else [list(pair) for pair in one.request.headers]
            record: dict[str, Any] = {"request": request, "sent_at": one.sent_at, "received_at": one.received_at}
            record |= {"auth": one.auth and str(one.auth), "failure": one.failure and str(one.failure)}
            if one.response is not None:
                answer: dict[str, Any] = {"status": one.response.status, "body": one.response.body}
                answer["headers"] = None if one.response.headers is None else [list(pair) for pair in one.response.headers]
                record["response"] = answer
            found = exchange(packed([record]))
            assert replace(found, origin=one.origin, missing={}) == replace(
                one, missing={}, known={}, own_record=False, operation=None, path_parameters=None, wire=found.wire
            )


def test_row_groups_follow_each_other_and_a_bad_row_costs_itself() -> None:
    rows = [row() for _ in range(2500)]
    rows[7] = row(response={"status": 20})
    found = outcomes(packed(rows, row_group_size=600))
    assert len(found) == 2500
    problems = [one for one in found if isinstance(one, Problem)]
    assert [(one.entry, one.message) for one in problems] == [(7, "the row has no status code of three digits")]
    assert [one.origin.entry for one in found if isinstance(one, Exchange)] == [n for n in range(2500) if n != 7]


GOOD = packed([row() for _ in range(300)], row_group_size=50)


@given(at=st.integers(4, len(GOOD) - 1))
def test_a_cut_anywhere_is_one_problem(at: int) -> None:
    problem = trouble(GOOD[:at])
    assert problem.message.startswith("the file is no whole Parquet file")


@given(at=st.integers(4, len(GOOD) - 1), to=st.integers(0, 255))
def test_a_damaged_byte_is_never_more_than_a_problem(at: int, to: int) -> None:
    data = bytearray(GOOD)
    data[at] = to
    assert all(isinstance(one, Exchange | Problem) for one in outcomes(bytes(data)))


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


PACKED = {"pipe": GOOD, "gzip": gzip.compress(GOOD), "zstd": zstd.compress(GOOD)}


@pytest.mark.parametrize("name", PACKED)
def test_what_cannot_be_sought_is_read_all_the_same(name: str) -> None:
    assert list(recordings.read(["-"], stdin=Pipe(PACKED[name]))) == list(recordings.read(["-"], stdin=io.BytesIO(GOOD)))


@pytest.mark.parametrize("name", PACKED)
def test_what_cannot_be_sought_is_held_up_to_a_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_packed, "HELD", len(GOOD))
    assert len(list(recordings.read(["-"], stdin=Pipe(PACKED[name])))) == 300
    monkeypatch.setattr(_packed, "HELD", len(GOOD) - 1)
    (problem,) = recordings.read(["-"], stdin=Pipe(PACKED[name]))
    assert isinstance(problem, Problem)
    assert problem.hint == "name the unpacked file"


def test_a_packed_file_that_is_cut_says_so() -> None:
    found = outcomes(gzip.compress(GOOD)[:-20], "x.parquet.gz")
    assert all(isinstance(one, Problem) for one in found)
    assert any("in the middle of its compressed data" in one.message for one in found if isinstance(one, Problem))


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, [["content-type", "text/plain"]]])
def test_header_fields_may_be_json_in_a_text(headers: Any) -> None:
    found = exchange(packed([row(response={"status": 200, "headers": json.dumps(headers), "body": "{}"})]))
    assert found.response is not None
    assert found.response.headers == (("content-type", "text/plain"),)


@pytest.mark.parametrize("headers", ["", "{", "content-type: text/plain", '"x"'])
def test_a_text_that_holds_no_header_fields_is_a_problem_with_a_way_on(headers: str) -> None:
    problem = trouble(packed([row(response={"status": 200, "headers": headers, "body": "{}"})]))
    assert problem.message == "the row has `headers` in a form that we do not know"
    assert "list of pairs" in problem.hint


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert trouble(GOOD).hint == "pip install 'smscontract[parquet]'"


@pytest.fixture
def stored() -> Iterator[str]:
    store = fsspec.filesystem("memory")
    store.pipe_file("/p/x.parquet", GOOD)
    yield "memory://p/x.parquet"
    store.store.clear()


def test_from_a_file_a_folder_and_a_url(tmp_path: Path, stored: str) -> None:
    (tmp_path / "x.parquet").write_bytes(GOOD)
    for path in (str(tmp_path / "x.parquet"), str(tmp_path), stored):
        assert sum(isinstance(one, Exchange) for one in recordings.read([path])) == 300


def test_other_columns_are_read_through_a_mapping(tmp_path: Path) -> None:
    rows = [{"ts": TIME, "req": {"uri": "/v1/sms/create"}, "code": 200, "out": b'{"data": null}', "n": n} for n in range(3)]
    (tmp_path / "log.parquet").write_bytes(packed(rows))
    places = {"time": "/ts", "url": "/req/uri", "status": "/code", "response-body": "/out"}
    mapping = LogMapping(name="lake", places={key: Place(at=at) for key, at in places.items()}, files=("log.*",))
    found = list(recordings.read([str(tmp_path)], mappings=[mapping]))
    assert [one.origin.entry for one in found if isinstance(one, Exchange)] == [0, 1, 2]
    first = found[0]
    assert isinstance(first, Exchange)
    assert first.response is not None
    assert (first.sent_at, first.response.body) == (TIME.timestamp(), b'{"data": null}')
    assert isinstance(next(iter(recordings.read([str(tmp_path)]))), Problem)


def test_lines_named_parquet_are_still_lines() -> None:
    assert exchange(line(), "x.parquet").origin.line == 1
