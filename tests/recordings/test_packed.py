"""Compressed files: unpacked while they are read, whatever their name, and never trusted."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from smscontract import recordings
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings._json import Broken
from smscontract.recordings._packed import Unpacked
from smscontract.recordings._parts import decoded
from tests.recordings.reading import CASSETTES, har, har_entry, line, outcomes, places

PACKERS = [pytest.param(gzip.compress, id="gzip"), pytest.param(zstd.compress, id="zstd")]
LINES = b"".join(line() for _ in range(200))


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("name", ["-", "x", "x.gz", "x.json.gz", "x.jsonl", "x.har.zst"])
@pytest.mark.parametrize(
    "data", [har(har_entry()), line(), b"\xef\xbb\xbf" + line(), (CASSETTES / "requests-plain-vcrpy9.yaml").read_bytes()]
)
def test_what_is_packed_is_read_as_if_it_were_not(pack: type, name: str, data: bytes) -> None:
    plain = outcomes(data, name)
    assert plain
    assert outcomes(pack(data), name) == plain


def test_a_name_tells_the_format_without_its_packed_ending() -> None:
    (problem,) = outcomes(gzip.compress(b'{"log": 1}'), "x.ndjson.gz")
    assert isinstance(problem, Problem)
    assert problem.file == "x.ndjson.gz"


@pytest.mark.parametrize("pack", PACKERS)
def test_files_that_were_appended_to_are_read_to_the_end(pack: type) -> None:
    assert places(outcomes(pack(line()) + pack(line()) + pack(b"") + pack(line()))) == [("exchange", n) for n in (1, 2, 3)]


def test_zeros_behind_a_gzip_file_are_padding_and_anything_else_is_damage() -> None:
    packed = gzip.compress(line())
    assert places(outcomes(packed + b"\x00" * 500)) == [("exchange", 1)]
    found = outcomes(packed + b"garbage")
    assert [type(one) for one in found] == [Exchange, Problem]
    assert "damaged" in str(found[1])


def test_packed_twice_is_not_unpacked_twice() -> None:
    (problem,) = outcomes(gzip.compress(gzip.compress(line())), "x.jsonl.gz.gz")
    assert isinstance(problem, Problem)
    assert (problem.message, problem.hint) == ("the file is compressed", "unpack it first")


@given(pack=st.sampled_from([gzip.compress, zstd.compress]), data=st.data())
def test_a_cut_anywhere_leaves_what_came_before_it_and_says_so(pack: type, data: st.DataObject) -> None:
    packed = pack(LINES)
    cut = packed[: data.draw(st.integers(4, len(packed) - 1))]
    found = outcomes(cut, "x.jsonl.gz")
    assert isinstance(found[-1], Problem)
    assert "breaks off" in found[-1].message or "is empty" in found[-1].message
    good = [one for one in found if isinstance(one, Exchange)]
    assert [one.origin.line for one in good] == list(range(1, len(good) + 1))


@given(pack=st.sampled_from([gzip.compress, zstd.compress]), data=st.data())
def test_a_damaged_byte_is_never_more_than_a_problem(pack: type, data: st.DataObject) -> None:
    packed = bytearray(pack(LINES))
    packed[data.draw(st.integers(4, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    assert all(isinstance(one, Exchange | Problem) for one in outcomes(bytes(packed), "x.jsonl.gz"))


def test_the_exchanges_before_a_cut_in_a_long_file_are_all_there() -> None:
    lines = b"".join(line(number=number) for number in range(20_000))
    packed = gzip.compress(lines)
    found = outcomes(packed[: len(packed) // 2], "x.jsonl.gz")
    good = sum(isinstance(one, Exchange) for one in found)
    assert 9_000 < good < 11_000
    assert [one.message for one in found if isinstance(one, Problem)][-1] == (
        "the file breaks off in the middle of its compressed data"
    )


# --- bombs -----------------------------------------------------------------------------------------------------------


def unpacked(packed: bytes, **limits: int) -> tuple[int, Broken | None]:
    stream = Unpacked(io.BytesIO(packed), **limits)
    size = 0
    while part := stream.read(1_000_000):
        size += len(part)
    return size, stream.fault


@pytest.mark.parametrize("pack", PACKERS)
def test_a_bomb_is_left_where_it_outgrows_all_reason(pack: type) -> None:
    bomb = pack(b" " * 50_000_000)
    assert unpacked(bomb)[0] == 50_000_000
    size, fault = unpacked(bomb, always=1_000_000)
    assert 1_000_000 <= size <= 20_000_000
    assert fault is not None
    assert fault.message == "unpacks to more than 300 times its size, as no recording does"
    size, fault = unpacked(bomb, size=3_000_000)
    assert size <= 3_000_000
    assert fault is not None
    assert "3000000 bytes" in fault.message


@pytest.mark.parametrize("pack", PACKERS)
def test_unpacking_needs_no_memory_for_the_whole(pack: type) -> None:
    packed = pack(b"x" * 60_000_000)
    tracemalloc.start()
    try:
        assert unpacked(packed)[0] == 60_000_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("cut", "limit", "body", "reason"),
    [(0, 1000, b"x" * 900, None), (5, 1000, None, "truncated"), (0, 100, b"x" * 100, "truncated")],
)
def test_bodies_of_exchanges_in_zstandard(cut: int, limit: int, body: bytes | None, reason: str | None) -> None:
    packed = zstd.compress(b"x" * 900)
    headers = (("content-encoding", "zstd"),)
    found, why = decoded(headers, packed[: len(packed) - cut], limit)
    assert why == (reason or "")
    assert body is None or found == body
    assert decoded(headers, b"plain", limit) == (b"plain", "")


def test_folders_give_packed_recordings_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line()))
    (tmp_path / "b.har.ZST").write_bytes(zstd.compress(har(har_entry())))
    (tmp_path / "notes.txt.gz").write_bytes(gzip.compress(b"no recording"))
    told: list[tuple[int, int]] = []
    found = list(recordings.read([str(tmp_path)], progress=lambda *both: told.append(both)))
    assert [Path(one.origin.file or "").name for one in found if isinstance(one, Exchange)] == ["a.jsonl.gz", "b.har.ZST"]
    assert len(found) == 2
    assert told[-1][0] == told[-1][1]  # progress is of the bytes of the files
