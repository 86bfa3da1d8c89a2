"""`smscontract.record`: what production did, sampled and masked, and production never notices."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

import smscontract
from smscontract import cli
from smscontract.errors import UsageError
from smscontract.exchange import Exchange, Part
from smscontract.recordings import read
from tests.tap.serving import ANSWER, BODY, PATH, SENT, serving

HEADERS = {"authorization": "sk_live_51NeverShowThis0000"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as (base, _):
        yield base + PATH


def exchanges(path: Path) -> list[Exchange]:
    found = list(read([str(path)]))
    assert all(isinstance(one, Exchange) for one in found), found
    return [one for one in found if isinstance(one, Exchange)]


def with_httpx(url: str, hooks: Any) -> bytes:
    with httpx.Client(event_hooks=hooks) as client:
        return client.post(url, json=SENT, headers=HEADERS).content


def with_httpx_stream(url: str, hooks: Any) -> bytes:
    with httpx.Client(event_hooks=hooks) as client, client.stream("POST", url, json=SENT, headers=HEADERS) as answer:
        return b"".join(answer.iter_bytes(7))


def with_async_httpx(url: str, hooks: Any) -> bytes:
    async def ask() -> bytes:
        async with httpx.AsyncClient(event_hooks=hooks) as client:
            return (await client.post(url, json=SENT, headers=HEADERS)).content

    return asyncio.run(ask())


def with_requests(url: str, hooks: Any) -> bytes:
    with requests.Session() as session:
        session.hooks = hooks
        return session.post(url, json=SENT, headers=HEADERS, timeout=60).content


def with_requests_stream(url: str, hooks: Any) -> bytes:
    with requests.Session() as session:
        session.hooks = hooks
        with session.post(url, json=SENT, headers=HEADERS, timeout=60, stream=True) as answer:
            return b"".join(answer.iter_content(7))


CLIENTS = [one for name, one in sorted(globals().items()) if name.startswith("with_")]


@pytest.mark.parametrize("kind", ["plain", "gzip", "chunked"])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_client(client: Any, kind: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder = smscontract.record(path, sample=1)
        assert client(f"{url}?as={kind}", recorder) == BODY
    assert (recorder.written, recorder.lost) == (1, 0)
    (one,) = exchanges(path)
    assert one.response is not None
    got = json.loads(one.response.body or b"")
    assert got["data"]["conversation_id"] == ANSWER["data"]["conversation_id"]  # type: ignore[index]
    assert json.loads(one.request.body or b"").keys() == SENT.keys()
    assert one.missing == {Part.CREDENTIAL: "scrubbed"}
    assert one.took is not None
    assert 0 < one.took < 30
    text = path.read_text(encoding="utf-8")
    for secret in ("sk_live", "4155550123", "4155550100", "127.0.0.1"):
        assert secret not in text


def test_validate_reads_it(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "traffic.jsonl"
    recorder = smscontract.record(str(path), sample=1)
    for client in CLIENTS:
        client(url, recorder)
    assert cli.run(["validate", str(path)]) == 1  # the server that we asked says null where it may not
    shown = capsys.readouterr().out
    assert "bland.create-sms/2XX/data/workflow_id:null" in shown
    assert "bland.create-sms   5 exchanges" in shown
    assert shown.count("2XX/data/message") == 0


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    smscontract.record(path, sample=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_sample_is_a_share(tmp_path: Path) -> None:
    recorder = smscontract.record(tmp_path / "traffic.jsonl", sample=0.25, most=1000)
    shares = iter([0.1, 0.3, 0.9, 0.24] * 5)
    recorder._random = lambda: next(shares)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER))
    with httpx.Client(event_hooks=recorder, transport=transport) as client:
        for _ in range(20):
            client.post(f"https://api.bland.ai{PATH}", json=SENT)
    assert recorder.written == 10


def test_its_cost_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    few = smscontract.record(path, sample=1, most=2)
    small = smscontract.record(path, sample=1, max_bytes=900)
    for recorder in (few, small):
        with httpx.Client(
            event_hooks=recorder, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER))
        ) as client:
            for _ in range(12):
                client.post(f"https://api.bland.ai{PATH}", json=SENT)
    assert few.written <= 2 * 3
    assert path.stat().st_size <= max(900, few.written * 800)


def test_what_belongs_to_nobody_costs_next_to_nothing(url: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    recorder = smscontract.record(path, sample=1)
    with_httpx(url.replace(PATH, "/elsewhere"), recorder)
    assert (recorder.written, recorder.lost, path.read_bytes()) == (0, 0, b"")


def test_an_answer_that_is_not_read_is_not_written(url: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    recorder = smscontract.record(path, sample=1)
    with httpx.Client(event_hooks=recorder) as client, client.stream("POST", url, json=SENT):
        pass
    assert path.read_bytes() == b""


def test_production_never_notices(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    recorder = smscontract.record(folder / "traffic.jsonl", sample=1)
    (folder / "traffic.jsonl").unlink()
    folder.rmdir()
    for client in CLIENTS:
        assert client(url, recorder) == BODY
    assert (recorder.written, recorder.lost) == (0, len(CLIENTS))
    monkeypatch.setattr(recorder, "_take", lambda *_, **__: 1 / 0)
    for client in CLIENTS:
        assert client(url, recorder) == BODY
    assert recorder.lost == 2 * len(CLIENTS)


def test_a_file_that_is_taken_away_is_made_again(url: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    recorder = smscontract.record(path, sample=1)
    with_httpx(url, recorder)
    path.rename(tmp_path / "traffic.1.jsonl")
    with_httpx(url, recorder)
    assert len(exchanges(path)) == len(exchanges(tmp_path / "traffic.1.jsonl")) == 1


def _write(path: str, number: int) -> None:
    recorder = smscontract.record(path, sample=1, most=1000, mask_key_env="SMSCONTRACT_TEST_KEY")
    long = {**ANSWER, "new": "x" * 5000 * number}
    with httpx.Client(event_hooks=recorder, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=long))) as client:
        threads = [
            threading.Thread(target=lambda: [client.post(f"https://api.bland.ai{PATH}", json=SENT) for _ in range(10)])
            for _ in range(2)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()


def test_threads_and_processes_write_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCONTRACT_TEST_KEY", "a key that all of them share")
    path = tmp_path / "traffic.jsonl"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(str(path), number)) for number in (1, 2)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    found = exchanges(path)
    assert len(found) == 40
    assert len({one.request.body for one in found}) == 1, "equal values have equal stand-ins in all of them"


@pytest.mark.parametrize(
    "words", [{"sample": 0}, {"sample": 2}, {"most": 0}, {"max_bytes": 0}, {"mask_key_env": "SMSCONTRACT_NOT_SET"}]
)
def test_what_cannot_be_meant(tmp_path: Path, words: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        smscontract.record(tmp_path / "traffic.jsonl", **words)


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        smscontract.record(tmp_path / "nowhere" / "traffic.jsonl")
    with pytest.raises(UsageError, match="cannot be written"):
        smscontract.record("a\0b")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are enough
