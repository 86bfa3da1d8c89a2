"""Files cut into pieces: whatever the cut, the pieces together are the file."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.mapping import LogMapping, Place
from smscontract.native import load
from smscontract.recordings import Piece, _pieces, pieces, read, read_piece
from smscontract.recordings._files import Slice, Source
from smscontract.recordings.jsonl import header
from tests.recordings.reading import DATA

LINE = b'{"request": {"method": "GET", "url": "/%d"}, "response": {"status": 200, "body": "%s"}}\n'
#: A header whose mark stands far from where its line begins.
LATE = b'{"pad": "' + b"p" * 6_000 + b'", ' + header("gate")[1:]
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


def cut(path: Path, size: int, **said: Any) -> list[Piece]:
    total, found = pieces([str(path)], size=size, **said)
    listed = [one for one in found if isinstance(one, Piece)]
    assert total == path.stat().st_size
    return listed


def together(path: Path, size: int, **said: Any) -> list[Exchange | Problem]:
    return [one for piece in cut(path, size, **said) for one in read_piece(piece, **said)]


@given(st.lists(LINES, max_size=30), st.integers(1, 400), st.booleans(), st.booleans())
def test_the_pieces_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, bom: bool, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "x.jsonl"
    raw = (b"\xef\xbb\xbf" if bom else b"") + b"".join([LINE % (0, b""), *lines])
    path.write_bytes(raw if ended else raw.rstrip(b"\n"))
    assert together(path, size) == list(read([str(path)]))


@pytest.mark.parametrize("block", [1, 7, 64, 5_000, None])
def test_blocks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int | None) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        (LINE % (1, b"a") + header("gate") + LINE % (2, b"b" * 9_000) + LATE + LINE % (3, b"c") + header("log") + ESCAPED) * 9
    )
    expected = list(read([str(path)]))
    for name in ("_BLOCK", "_ROOM"):
        monkeypatch.setattr(f"smscontract.recordings._pieces.{name}", block or getattr(_pieces, name))
    for size in (10, 100, 1000, 30_000):
        assert together(path, size) == expected


def test_a_header_whose_mark_is_blocks_behind_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.jsonl"
    first = LINE % (1, b"a" * 500)
    path.write_bytes(first + LATE + (LINE % (2, b"b" * 3_000)) * 9)
    monkeypatch.setattr("smscontract.recordings._pieces._ROOM", 5_000)
    found = cut(path, len(first + LATE))
    assert [piece.ours for piece in found[:3]] == [False, True, True]
    assert together(path, len(first + LATE)) == list(read([str(path)]))


def test_pieces_are_as_large_as_wanted_and_end_with_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(LINE % (number, b"y" * 50) for number in range(1000)))
    found = cut(path, 10_000)
    assert len(found) > 8
    raw = path.read_bytes()
    for piece in found[:-1]:  # the last ones are smaller, so that nobody is waited for long
        wanted = max(min(10_000, (len(raw) - piece.start) // 8), 10_000 // 8)
        assert wanted <= piece.size < wanted + 200
    assert found[-1].size < 10_000 // 8 + 200
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


def parquet_of(count: int, **said: object) -> bytes:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {"request": {"method": "GET", "url": f"/{number}"}, "response": {"status": 200 if number % 7 else 7, "body": "x" * 90}}
        for number in range(count)
    ]
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink, **{"row_group_size": 9, **said})
    return sink.getvalue()


GOOD = parquet_of(60)
MAPPED = LogMapping(
    name="mine", places={"url": Place(at="/request/url"), "status": Place(at="/response/status")}, files=("x.*",)
)


@settings(max_examples=40)
@given(at=st.integers(4, len(GOOD) - 1), to=st.binary(min_size=1, max_size=40), mapped=st.booleans())
def test_damaged_parquet_is_the_same_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, at: int, to: bytes, mapped: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "x.parquet"
    path.write_bytes(GOOD[:at] + to + GOOD[at + len(to) :])
    mappings = [MAPPED] if mapped else []
    assert together(path, 900, mappings=mappings) == list(read([str(path)], mappings=mappings))


def test_a_damaged_row_group_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    good = parquet_of(60, compression="none", use_dictionary=False)
    at = good.index(b"/20")  # the third group
    path.write_bytes(good[: at - 60] + b"\xff" * 70 + good[at + 10 :])
    found = list(read([str(path)]))
    (damage,) = [one for one in found if isinstance(one, Problem) and "damaged" in one.message]
    assert (damage.entry, damage.message.partition(":")[0]) == (18, "the file is damaged from row 18 on")
    left = [number for number in range(60) if number % 7 and not 18 <= number < 27]
    assert [one.origin.entry for one in found if isinstance(one, Exchange)] == left
    assert together(path, 900) == found


LOG = b'{"request": {"url": "/%d"}, "response": {"status": 200, "body": "%s"}, "smscontract": "exchanges", "version": 9}\n'
LOG_LINES = st.sampled_from(
    [*(LOG % (n, b"y" * n) for n in (1, 40, 300)), b"\n", b" \r\n", b"{\n", b"at noon {}\n", header("gate")]
)


@given(st.lists(LOG_LINES, max_size=20), st.integers(1, 400), st.sampled_from([b"", b"\xef\xbb\xbf"]), st.booleans())
def test_logs_of_any_shape_are_cut_between_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, bom: bytes, forced: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / ("y.log" if forced else "x.log")
    raw = bom + b"".join([LOG % (0, b""), *lines])
    path.write_bytes(raw.rstrip(b"\n") if size % 2 else raw)
    said: dict[str, Any] = {"mappings": [MAPPED], "format": "mine" if forced else None}
    found = together(path, size, **said)
    assert found == list(read([str(path)], **said))
    assert len(cut(path, size, **said)) > len(raw) // (size + 600) - 1


def test_other_shapes_of_logs_are_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"url,status\n" + b"/a,200\n" * 200)
    mapping = replace(MAPPED, records="csv", places={"url": Place(at="/url"), "status": Place(at="/status")})
    assert len(cut(path, 50, mappings=[mapping])) == 1
    assert len(together(path, 50, mappings=[mapping])) == 200


_LINES = st.lists(
    st.sampled_from(
        [b"\n", b"smsc", b"smsco", b'"smscontract"', rb"\u006", rb"\u007", rb"\u008", b"\\", b"s", b"x" * 31, b"y" * 300]
    ),
    max_size=60,
)


@given(_LINES)
def test_lines_are_counted_as_in_python(parts: list[bytes]) -> None:
    native = load("lines")
    if native is None:
        pytest.skip("nothing is compiled here")
    block = b"".join(parts)
    lines, marked = native.counted(block)
    assert lines == block.count(b"\n")
    assert marked == any(mark in block for mark in (b"smsco", rb"\u006", rb"\u007"))


class _Slow(io.RawIOBase):
    """Gives less than it is asked for, and knows `read` alone, as some streams do."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 3))


@pytest.mark.parametrize("kind", ["file", "bytes", "read alone"])
@pytest.mark.parametrize("head", [0, 2, 5, 9])
def test_a_slice_gives_its_bytes_whatever_it_is_of(tmp_path: Path, kind: str, head: int) -> None:
    data = b"0123456789" * 3
    (tmp_path / "data").write_bytes(data)
    given: list[int] = []
    with (tmp_path / "data").open("rb", buffering=0) as file:
        stream: Any = {"file": file, "bytes": io.BytesIO(data), "read alone": _Slow(data)}[kind]
        stream.read(2)
        source = Source(cast("BinaryIO", Slice(stream, 17)), given.append)
        assert source.head(head) == data[2 : 2 + head]
        assert io.BufferedReader(source, 4).read() == data[2:19]
    assert sum(given) == 17


def test_a_file_that_is_cut_between_two_lines_has_lost_something(tmp_path: Path) -> None:
    """Since it was cut into pieces: whoever reads the last one sees where it ends."""
    path = tmp_path / "a.jsonl"
    lines = [LINE % (number, b"x" * 40) for number in range(20)]
    path.write_bytes(b"".join(lines))
    cuts = cut(path, len(lines[0]) * 4)
    path.write_bytes(b"".join(lines[:-1]))
    found = [one for piece in cuts for one in read_piece(piece)]
    assert len([one for one in found if isinstance(one, Exchange)]) == 19
    [problem] = [one for one in found if isinstance(one, Problem)]
    assert problem.message == "the file cannot be read: it has become shorter since it was first looked at"
