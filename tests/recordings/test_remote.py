"""Recordings behind URLs, in the stores that fsspec has without a network."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from smscontract import recordings
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from tests.recordings.reading import line


@pytest.fixture
def memory() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    store.store.clear()
    for name in ("b.jsonl", "a.jsonl.gz", "below/c.jsonl", ".hidden.jsonl", ".git/d.jsonl", "notes.txt"):
        store.pipe_file(f"/logs/{name}", gzip.compress(line()) if name.endswith(".gz") else line())
    yield store
    store.store.clear()


def names(*paths: str) -> list[str]:
    return [one.origin.file or "" for one in recordings.read(paths) if isinstance(one, Exchange)]


@pytest.mark.usefixtures("memory")
def test_a_url_is_a_file_a_folder_or_a_glob() -> None:
    assert names("memory://logs/b.jsonl") == ["memory://logs/b.jsonl"]
    inside = ["memory:///logs/a.jsonl.gz", "memory:///logs/b.jsonl", "memory:///logs/below/c.jsonl"]
    assert [name.replace("memory://l", "memory:///l") for name in names("memory://logs")] == inside
    assert [name[-7:] for name in names("memory://logs/**/*.jsonl")] == ["b.jsonl", "c.jsonl"]


def test_local_files_are_read_by_url_too(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(line())
    assert names(f"file://{tmp_path}/x.jsonl") == [f"file://{tmp_path}/x.jsonl"]
    assert names(f"file://{tmp_path}") == [f"file://{tmp_path}/x.jsonl"]


@pytest.mark.usefixtures("memory")
def test_progress_knows_the_size() -> None:
    told: list[tuple[int, int]] = []
    list(recordings.read(["memory://logs/b.jsonl"], progress=lambda *both: told.append(both)))
    assert told[-1] == (len(line()), len(line()))


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://nowhere.jsonl", "there is no such file or folder"),
        ("memory://logs/*.nothing", "nothing there is a recording"),
        ("nosuch://x/y", "this is no URL that fsspec opens: ValueError"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_read(url: str, message: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        recordings.read([url])
    assert (caught.value.message, caught.value.file) == (message, url)


def test_a_store_without_its_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UnusableInput) as caught:
        recordings.read(["s3://bucket/x.jsonl"])
    assert "s3fs" in caught.value.message
    assert "bucket" not in caught.value.message


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UnusableInput) as caught:
        recordings.read(["s3://bucket/x.jsonl"])
    assert caught.value.hint == "pip install 'smscontract[remote]'"


def test_a_store_that_fails_while_it_is_read_is_a_problem_of_that_file(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            raise RuntimeError("credential abc")

    opened = type(memory).open

    def failing(self: Any, path: str, *args: Any, **more: Any) -> Any:
        return Failing() if path.endswith("b.jsonl") else opened(self, path, *args, **more)

    monkeypatch.setattr(type(memory), "open", failing)
    found = list(recordings.read(["memory://logs"]))
    assert [type(one) for one in found] == [Exchange, Problem, Exchange]
    assert isinstance(found[1], Problem)
    assert "credential" not in found[1].message


def test_a_file_whose_name_looks_like_a_url_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "x.jsonl").write_bytes(line())
    monkeypatch.chdir(tmp_path)
    assert names("s3://x.jsonl") == ["s3://x.jsonl"]
