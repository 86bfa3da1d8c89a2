"""Files cut into pieces: whatever the cut, the pieces together are the file."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings import Piece, pieces, read, read_piece
from smscontract.recordings.jsonl import header
from tests.recordings.reading import DATA

LINE = b'{"request": {"method": "GET", "url": "/%d"}, "response": {"status": 200, "body": "%s"}}\n'
ESCAPED = header("gate").replace(b'"smscontract"', b'"\\u0073mscontract"')
LINES = st.sampled_from(
    [
        *(LINE % (number, b"x" * number) for number in (1, 9, 40, 200)),
        LINE % (5, b'smscontract\\": 1'),
        b"\n",
        b"  \r\n",
        b"{\n",
        header("gate"),
        header("log"),
        ESCAPED,
        header("gate").replace(b'"version":1', b'"version":2'),
        b'{"smscontract": "ledger"}\n',
    ]
)


def cut(path: Path, size: int) -> list[Piece]:
    total, found = pieces([str(path)], size=size)
    listed = [one for one in found if isinstance(one, Piece)]
    assert total == path.stat().st_size
    return listed


def together(path: Path, size: int) -> list[Exchange | Problem]:
    return [one for piece in cut(path, size) for one in read_piece(piece)]


@given(st.lists(LINES, max_size=30), st.integers(1, 400), st.booleans(), st.booleans())
def test_the_pieces_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, bom: bool, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "x.jsonl"
    raw = (b"\xef\xbb\xbf" if bom else b"") + b"".join([LINE % (0, b""), *lines])
    path.write_bytes(raw if ended else raw.rstrip(b"\n"))
    assert together(path, size) == list(read([str(path)]))


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        (LINE % (1, b"a") + header("gate") + LINE % (2, b"b" * 99) + ESCAPED + LINE % (3, b"c") + header("log")) * 9
    )
    expected = list(read([str(path)]))
    monkeypatch.setattr("smscontract.recordings._pieces._BLOCK", block)
    for size in (10, 100, 1000):
        assert together(path, size) == expected


def test_pieces_are_as_large_as_wanted_and_end_with_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(LINE % (number, b"y" * 50) for number in range(1000)))
    found = cut(path, 10_000)
    assert len(found) > 8
    assert all(10_000 <= piece.size < 10_200 for piece in found[:-1])
    raw = path.read_bytes()
    assert [raw[piece.start : piece.end].count(b"\n") for piece in found[:-1]] == [
        after.line - before.line for before, after in pairwise(found)
    ]


@pytest.mark.parametrize("name", ["bland-documented.har", "stuut-hand-made-good.jsonl"])
def test_what_is_short_or_cannot_be_cut_is_one_piece(name: str) -> None:
    path = DATA / name
    assert [(one.start, one.end) for one in cut(path, path.stat().st_size)] == [(0, None)]
    har = cut(DATA / "bland-documented.har", 10)
    assert [(one.start, one.end) for one in har] == [(0, None)]
    assert together(path, 10) == list(read([str(path)]))


def test_what_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xff\xfe" + json.dumps({"request": 1}).encode("utf-16-le") * 100)
    (problem,) = together(path, 10)
    assert isinstance(problem, Problem)
    path.unlink()
    (problem,) = read_piece(Piece(file=str(path)))
    assert isinstance(problem, Problem)
    (problem,) = read_piece(Piece(file=str(path), start=5, end=9, size=4))
    assert isinstance(problem, Problem)


def test_parquet_by_row_groups(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {"request": {"method": "GET", "url": f"/{number}"}, "response": {"status": 200 if number % 7 else 7, "body": "x" * 200}}
        for number in range(100)
    ]
    path = tmp_path / "x.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=9, compression="none", use_dictionary=False)
    found = cut(path, 5000)
    assert len(found) > 3
    assert [one.line for one in found] == sorted({one.line for one in found})
    assert together(path, 5000) == list(read([str(path)]))
    path.write_bytes(path.read_bytes()[:-9])
    assert together(path, 5000) == list(read([str(path)])), "one that is cut off is one piece"
