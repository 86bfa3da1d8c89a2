"""Recordings behind a web server: what is known of them is told by what it says of their version, and not read again."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from smscontract import recordings
from smscontract.errors import UnusableInput
from tests.bench.corpus import corpus

pytest.importorskip("aiohttp")


class Store:
    """Files by their path, and how often each was asked for, by method."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.tells = True
        self.refused = 0
        self.url = ""


@pytest.fixture
def store() -> Iterator[Store]:
    mine = Store()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            mine.asked[f"{self.command} {self.path}"] += 1
            links = "".join(f'<a href="{name[1:]}">x</a>' for name in mine.files).encode()
            found = links if self.path == "/" else mine.files.get(self.path)
            self.send_response(mine.refused or (404 if found is None else 200))
            self.send_header("Content-Length", str(len(found or b"")))
            if mine.tells and found is not None:
                self.send_header("ETag", f'"{hashlib.sha256(found).hexdigest()[:16]}"')
            self.end_headers()
            if body:
                self.wfile.write(found or b"")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        mine.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield mine
        server.shutdown()
        thread.join()


def run(store: Store, folder: Path, *paths: str) -> tuple[str, set[str]]:
    """The last line of the report, and what was read for it."""
    store.asked.clear()
    words = [sys.executable, "-m", "smscontract", "validate", *(store.url + path for path in paths), "--resume", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"NO_PROXY": "*"}, timeout=60)
    assert not done.stderr
    return done.stdout.splitlines()[-1], {path.removeprefix("GET ") for path in store.asked if path.startswith("GET ")}


def test_the_next_month_reads_only_what_is_new(store: Store, tmp_path: Path) -> None:
    lines = [line for line, _ in corpus(60, bad=0)]
    store.files = {f"/{number}.jsonl": b"\n".join(lines[20 * number : 20 * number + 20]) for number in range(2)}
    paths = ["/0.jsonl", "/1.jsonl"]
    first, read = run(store, tmp_path, *paths)
    assert "40 exchanges" in first
    assert read == set(paths)
    assert run(store, tmp_path, *paths) == (first, set())
    store.files["/2.jsonl"] = b"\n".join(lines[40:])
    last, read = run(store, tmp_path, "/")
    assert "60 exchanges" in last
    assert read == {"/", "/2.jsonl"}


def test_other_bytes_of_the_same_length_are_read(store: Store, tmp_path: Path) -> None:
    raw = next(line for line, clause in corpus(99, bad=0) if b'"is_automated\\":true' in line or b'"is_automated":true' in line)
    store.files = {"/a.jsonl": raw}
    before, _ = run(store, tmp_path, "/a.jsonl")
    assert before.startswith("kept")
    store.files = {"/a.jsonl": raw.replace(b":true", b":null")}
    after, read = run(store, tmp_path, "/a.jsonl")
    assert after.startswith("broken")
    assert read == {"/a.jsonl"}


def test_of_whom_nobody_says_the_version_everything_is_read(store: Store, tmp_path: Path) -> None:
    store.tells = False
    store.files = {"/a.jsonl": b"\n".join(line for line, _ in corpus(20, bad=0))}
    for _ in range(2):
        assert run(store, tmp_path, "/*.jsonl")[1] >= {"/a.jsonl"}


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 503])
def test_a_server_that_refuses_is_called_so(status: int, store: Store) -> None:
    store.refused = status
    with pytest.raises(UnusableInput) as caught:
        list(recordings.read([f"{store.url}/x.jsonl"]))
    gone = "there is no such file or folder"
    expected = gone if status in {404, 410} else f"it cannot be reached: the server answers with {status}"
    assert caught.value.message == expected


def test_a_server_that_is_not_there_is_called_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnusableInput) as caught:
        list(recordings.read([f"http://127.0.0.1:{port}/x.jsonl"]))
    assert caught.value.message == "it cannot be reached: Connection refused"
