"""HARs in zip archives: as Playwright writes them, by the documented form of the archive, and as they were made to hurt."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract import recordings
from smscontract.exchange import Exchange, Part
from smscontract.findings import Problem
from smscontract.recordings import _beside
from tests.recordings.reading import DATA, exchange, har, har_entry, outcomes, places, trouble

BODY = b'{"data": null}'
KEPT = (DATA / "chromium.har.zip").read_bytes()


def attached(name: str = "a.json", **changes: Any) -> dict[str, Any]:
    return har_entry(content={"text": ..., "_file": name}, **changes)


def archive(
    *entries: Any, files: Mapping[str, bytes] | None = None, name: str = "har.har", method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as target:
        target.writestr(name, har(*entries))
        for file, data in (files or {}).items():
            target.writestr(file, data)
    return sink.getvalue()


@pytest.mark.parametrize("name", ["x.har.zip", "x.zip", "x", "-"])
@pytest.mark.parametrize("format", [None, "har"])
def test_bodies_beside_are_read_as_if_they_were_inside(name: str, format: str | None) -> None:
    plain = exchange(har(har_entry()), name)
    sent = {"postData": {"mimeType": "application/json", "_file": "b.json"}}
    assert exchange(archive(attached(request=sent), files={"a.json": BODY, "b.json": b"{}"}), name, format=format) == plain
    assert exchange(archive(har_entry()), name, format=format) == plain
    assert exchange(archive(attached(), files={"a.json": BODY}, method=zipfile.ZIP_STORED), name, format=format) == plain


def test_a_folder_in_the_archive_and_what_a_mac_adds() -> None:
    data = archive(attached(), name="run/har.har", files={"run/a.json": BODY, "__MACOSX/._har.har": b"\x00"})
    assert exchange(data) == exchange(har(har_entry()))


def test_bytes_that_are_no_text_stay_what_they_are() -> None:
    found = exchange(archive(attached(), files={"a.json": b"\xff\x00"}))
    assert found.response is not None
    assert found.response.body == b"\xff\x00"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive(har_entry(), name="x.txt"), "the file is a zip archive without a HAR"),
        (archive(har_entry(), files={"b.har": b"{}"}), "the file is a zip archive of several HARs"),
        (archive(har_entry())[:-30], "the file is no whole zip archive: its end is missing"),
        (archive(har_entry(), method=zipfile.ZIP_BZIP2), "the file is packed in a way that we do not read"),
        (
            KEPT.replace(b"PK\x05\x06", b"PK\x06\x07" + bytes(16) + b"PK\x05\x06"),
            "the file is a zip archive for more than 4 GB",
        ),
        (KEPT[:-10] + b"\xff\xff\xff\x7f" + KEPT[-6:], "the file is a zip archive with more contents than a recording has"),
        (KEPT.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "the file is no whole zip archive"),
        (KEPT.replace(b"PK\x03\x04", b"PK\x03\x05", 1), None),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, message: str | None) -> None:
    if message is None:  # the archive begins as no archive does
        assert "is no recording but binary data" in trouble(data).message
    else:
        problem = trouble(data)
        assert problem.message == message


def encrypted(data: bytes, which: int) -> bytes:
    """The archive with the mark of encryption at one of its files."""
    at = -1
    for _ in range(which + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return data[: at + 8] + bytes([data[at + 8] | 1]) + data[at + 9 :]


def test_encrypted_is_said() -> None:
    data = archive(attached(), har_entry(), files={"a.json": BODY})
    assert trouble(encrypted(data, 0)).message == "the file is encrypted"
    found = outcomes(encrypted(data, 1))
    assert places(found) == [("problem", 0), ("exchange", 1)]
    assert isinstance(found[0], Problem)
    assert found[0].message == "the entry names an encrypted body"


STORED = archive(
    attached(), attached("b.json"), har_entry(), files={"a.json": BODY * 200, "b.json": BODY}, method=zipfile.ZIP_STORED
)


@pytest.mark.parametrize(
    ("data", "limit", "message"),
    [
        (
            archive(attached(), attached("b.json"), har_entry(), files={"b.json": BODY}),
            9999,
            "names a body that is not in the archive",
        ),
        (STORED.replace(BODY * 200, BODY * 199 + b'{"data": nuLl}'), 9999, "names a damaged body"),
        (STORED, 2000, "names a body larger than 2000 bytes"),
    ],
)
def test_a_body_that_is_missing_damaged_or_too_large_costs_its_entry(data: bytes, limit: int, message: str) -> None:
    found = outcomes(data, limit=limit)
    assert places(found) == [("problem", 0), ("exchange", 1), ("exchange", 2)]
    assert isinstance(found[0], Problem)
    assert found[0].message == f"the entry {message}"


def test_a_name_that_leads_out_of_the_archive_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_bytes(b'"secret"')
    path = tmp_path / "in" / "x.har.zip"
    path.parent.mkdir()
    path.write_bytes(archive(attached("../secret.json"), attached(str(tmp_path / "secret.json"))))
    assert all(isinstance(one, Problem) for one in recordings.read([str(path)]))


HASH = "0" * 38 + "ab.json"


def test_bodies_in_the_folder_of_a_plain_har(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_bytes(har(attached(HASH), attached(HASH[:-1]), attached("0" * 40)))
    (tmp_path / HASH).write_bytes(BODY)
    (tmp_path / ("0" * 40)).write_bytes(b"x" * 1500)
    found = list(recordings.read([str(tmp_path)], limit=1400))
    assert places(found) == [("exchange", 0), ("exchange", 1), ("problem", 2)], "and bodies are no recordings of their own"
    assert isinstance(found[0], Exchange)
    assert isinstance(found[1], Exchange)
    assert found[0].response == exchange(har(har_entry())).response
    assert found[1].missing[Part.RESPONSE_BODY] == "truncated"
    assert [place for one in recordings.read([str(tmp_path / HASH)]) for place in places([one])] == [("problem", None)]


@pytest.mark.parametrize("name", ["secret.json", f"../{HASH}", f"sub/{HASH}", "link", "a" * 40, "b" * 40])
def test_a_plain_har_can_name_nothing_but_bodies(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for file in (tmp_path / HASH, folder / "secret.json", folder / "sub" / HASH):
        file.write_bytes(BODY)
    (folder / ("a" * 40)).symlink_to(tmp_path / HASH)
    (folder / ("b" * 40)).mkdir()
    (folder / "x.har").write_bytes(har(attached(name)))
    (one,) = recordings.read([str(folder / "x.har")])
    assert isinstance(one, Exchange)
    assert one.missing[Part.RESPONSE_BODY] == "truncated"


def test_a_pipe_is_read_and_so_is_an_archive_that_is_packed_again() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    whole = list(recordings.read(["-"], stdin=io.BytesIO(KEPT)))
    assert list(recordings.read(["-"], stdin=Pipe(KEPT))) == whole
    assert list(recordings.read(["-"], stdin=Pipe(gzip.compress(KEPT)))) == whole


# --- bombs -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _beside.Archive.__init__
    monkeypatch.setattr(
        _beside.Archive, "__init__", lambda self, stream, limit: made(self, stream, limit, always=2_000_000, ratio=300)
    )


@pytest.mark.usefixtures("_small_limits")
def test_bodies_that_unpack_to_too_much_are_not_unpacked() -> None:
    big = {f"b{number}.json": b" " * 2_000_000 for number in range(20)}
    data = archive(har_entry(), *[attached(name) for name in big] * 5, files=big)
    tracemalloc.start()
    try:
        found = outcomes(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 20 < len(found) <= 102
    read = [one for one in found if isinstance(one, Exchange)]
    assert len(read) > 2
    assert isinstance(found[-1], Problem)
    assert "unpacks to far more than its size" in found[-1].message
    assert peak < 60_000_000


@pytest.mark.usefixtures("_small_limits")
def test_a_har_that_unpacks_to_too_much_is_read_no_further() -> None:
    found = outcomes(archive(har_entry(), har_entry(comment=" " * 9_000_000), har_entry()))
    assert places(found)[0] == ("exchange", 0)
    assert isinstance(found[-1], Problem)
    assert "unpacks to far more than its size" in found[-1].message


def test_the_same_body_in_many_answers_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = _beside.Archive._opened

    def counted(self: _beside.Archive, name: str) -> IO[bytes]:
        opened.append(name)
        return original(self, name)

    monkeypatch.setattr(_beside.Archive, "_opened", counted)
    assert len(outcomes(archive(*[attached()] * 50, files={"a.json": BODY}))) == 50
    assert opened == ["har.har", "a.json"]


# --- any bytes -------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(at=st.integers(0, len(KEPT) - 1), to=st.binary(max_size=4), cut=st.integers(0, 4))
def test_damage_anywhere_is_a_problem_and_no_more(at: int, to: bytes, cut: int) -> None:
    found = outcomes(KEPT[:at] + to + KEPT[at + cut :], "x.har.zip")
    assert found
    assert all(isinstance(one, Exchange | Problem) for one in found)


@settings(max_examples=20)
@given(at=st.integers(4, len(KEPT) - 1))
def test_a_cut_anywhere_is_one_problem(at: int) -> None:
    assert "zip archive" in trouble(KEPT[:at], "x.har.zip").message


def test_what_is_kept_has_as_many_exchanges_as_entries() -> None:
    with zipfile.ZipFile(io.BytesIO(KEPT)) as opened:
        count = len(json.loads(opened.read("har.har"))["log"]["entries"])
    assert places(outcomes(KEPT)) == [("exchange", number) for number in range(count)]


def test_standard_input_has_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / HASH).write_bytes(BODY)
    assert exchange(har(attached(HASH)), "-").missing[Part.RESPONSE_BODY] == "truncated"
