"""From what the user names to the files that are read."""

from __future__ import annotations

import importlib.util
import io
import os
import threading
from pathlib import Path

import pytest

from smscontract import recordings
from smscontract.errors import UnusableInput, UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from tests.recordings.reading import DATA, har, har_entry, line


def read_names(*paths: str | Path) -> list[str]:
    """The files in the order in which they were read, below the folder of the test."""
    found = list(recordings.read(map(str, paths)))
    assert all(isinstance(one, Exchange) for one in found), found
    return [Path(one.origin.file or "").name for one in found if isinstance(one, Exchange)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.jsonl", "below/c.jsonl", "below/deeper/d.ndjson", ".hidden.jsonl", ".git/e.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line())
    (tmp_path / "README.md").write_text("no recording", encoding="utf-8")
    return tmp_path


def test_a_folder_gives_all_below_it_in_order_of_name_and_nothing_hidden(folder: Path) -> None:
    assert read_names(folder) == ["a.jsonl", "b.jsonl", "c.jsonl", "d.ndjson"]


def test_files_are_called_what_the_user_called_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    origins = [one.origin for one in recordings.read(["./a.jsonl", "below"]) if isinstance(one, Exchange)]
    assert [str(one) for one in origins] == ["./a.jsonl:1", "below/c.jsonl:1", "below/deeper/d.ndjson:1"]


def test_a_file_that_is_named_twice_is_read_once(folder: Path) -> None:
    (folder / "link.jsonl").symlink_to(folder / "a.jsonl")
    again = folder / "below" / ".." / "a.jsonl"
    assert read_names(folder / "a.jsonl", again, folder / "link.jsonl", folder, folder / "*.jsonl").count("a.jsonl") == 1


def test_globs_are_expanded_if_the_shell_did_not(folder: Path) -> None:
    assert read_names(folder / "*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert sorted(read_names(folder / "**" / "*.ndjson")) == ["d.ndjson"]
    assert read_names(folder / "bel*") == ["c.jsonl", "d.ndjson"]


def test_a_name_that_exists_is_no_glob(tmp_path: Path) -> None:
    for name in ("a[1].jsonl", "a1.jsonl"):
        (tmp_path / name).write_bytes(line())
    assert read_names(tmp_path / "a[1].jsonl") == ["a[1].jsonl"]


def test_a_folder_that_links_lead_back_to_is_entered_once(folder: Path) -> None:
    (folder / "below" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "below" / "self").symlink_to("self")
    assert read_names(folder) == ["a.jsonl", "b.jsonl", "c.jsonl", "d.ndjson"]


def test_what_cannot_be_opened_in_a_folder_is_a_problem_and_the_rest_is_read(folder: Path) -> None:
    (folder / "gone.har").symlink_to(folder / "nowhere.har")
    os.mkfifo(folder / "pipe.har")  # reading it would never end
    found = list(recordings.read([str(folder)]))
    assert [Path(one.file).name for one in found if isinstance(one, Problem)] == ["gone.har", "pipe.har"]
    assert len(found) == 6


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="there is no device without an end")
@pytest.mark.parametrize("format", [None, "jsonl", "vcr"])
def test_a_device_is_never_read(format: str | None) -> None:
    (problem,) = recordings.read(["/dev/zero"], format=format)
    assert isinstance(problem, Problem)
    assert problem.message == "the file cannot be read: it is a device, which may never end"


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(line(),))
    writer.start()
    (one,) = recordings.read([str(path)])
    writer.join()
    assert isinstance(one, Exchange)


def test_what_goes_away_before_it_is_read_is_a_problem(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    found = recordings.read([str(folder / "*.jsonl")], progress=lambda *both: told.append(both))
    (folder / "a.jsonl").unlink()
    problem, one = found
    assert isinstance(problem, Problem)
    assert problem.message == "the file cannot be read: No such file or directory"
    assert isinstance(one, Exchange)
    assert told[-1] == (len(line()), len(line()))


def test_a_folder_below_that_cannot_be_read_is_a_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listdir = os.listdir

    def denied(path: str) -> list[str]:
        if path.endswith("below"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", denied)
    problems = [one for one in recordings.read([str(folder)]) if isinstance(one, Problem)]
    assert [(one.file, one.message) for one in problems] == [
        (str(folder / "below"), "the folder cannot be read: Permission denied")
    ]


def test_a_mixed_folder_gives_the_recordings_and_a_problem_for_each_file_that_only_looks_like_one(folder: Path) -> None:
    (folder / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    (folder / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    (folder / "real.har").write_bytes(har(har_entry()))
    found = list(recordings.read([str(folder)]))
    problems = {Path(one.file).name: one.message for one in found if isinstance(one, Problem)}
    assert problems == {
        "compose.yaml": "the file has no list of interactions, which makes a cassette",
        "package.json": "the file is in no format that we know",
    }
    assert sum(isinstance(one, Exchange) for one in found) == 5


def test_a_named_format_takes_every_file_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(line())
    assert [type(one) for one in recordings.read([str(tmp_path)], format="jsonl")] == [Exchange]


@pytest.mark.parametrize("name", ["nowhere.har", "nowhere/*.har", "", "a\0b"])
def test_what_does_not_exist_is_said_before_anything_is_read(folder: Path, name: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        recordings.read([str(folder / "a.jsonl"), name])
    assert caught.value.file == name
    assert caught.value.hint


def test_a_folder_without_recordings_is_unusable_and_says_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UnusableInput, match="the folder holds no recordings") as caught:
        recordings.read([str(tmp_path)])
    assert ".har, .har.zip, .json, .jsonl" in (caught.value.hint or "")


def test_a_dash_is_standard_input_and_stays_open() -> None:
    stdin = io.BytesIO(line() + line())
    found = list(recordings.read(["-", "-"], stdin=stdin))
    assert [str(one.origin) for one in found if isinstance(one, Exchange)] == ["-:1", "-:2"]
    assert not stdin.closed


def test_standard_input_may_come_in_drops() -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    found = list(recordings.read(["-"], stdin=Drops(har(har_entry(), har_entry()))))
    assert [type(one) for one in found] == [Exchange, Exchange]


def test_what_cannot_be_meant_is_a_usage_error() -> None:
    for said in ({"format": "word"}, {"side": "both"}, {"status": 20}):
        with pytest.raises(UsageError):
            recordings.read([str(DATA)], **said)
    with pytest.raises(UsageError):
        recordings.read(["-"])


def test_formats_are_told_in_one_order() -> None:
    assert list(recordings.format_names()) == sorted(recordings.format_names())
    assert {"bare", "har", "jsonl", "schemathesis", "vcr"} <= {*recordings.format_names()}


def test_progress_ends_at_the_size_of_all_files(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    list(recordings.read([str(folder)], progress=lambda done, total: told.append((done, total))))
    size = 4 * len(line())
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_folder_of_everything_cut_gives_what_is_before_the_cuts_and_a_problem_for_each(part: int, tmp_path: Path) -> None:
    files = [path for path in sorted(DATA.iterdir()) if path.is_file() and path.suffix not in {".flows", ".jsonl"}]
    for path in files:
        data = path.read_bytes().rstrip()
        (tmp_path / path.name).write_bytes(data[: len(data) * part // 4])
    found = list(recordings.read([str(tmp_path)]))
    assert {Path(one.file).name for one in found if isinstance(one, Problem)} == {path.name for path in files}
    good = {Path(one.origin.file or "").name for one in found if isinstance(one, Exchange)}
    assert good <= {path.name for path in files}
    assert part == 1 or {"chromium.har", "postman.json", "mitmproxy.har", "schemathesis.har"} <= good


def test_all_our_data_is_read_without_a_problem_but_the_bare_body() -> None:
    found = list(recordings.read([str(DATA)]))
    assert [Path(one.file).name for one in found if isinstance(one, Problem)] == [
        "bland-documented-create-200.json",
        *([] if importlib.util.find_spec("mitmproxy") else ["mitmproxy.flows"]),
    ]
    assert len(found) > 80
