"""Answers that were made up are known as such, whoever made them up; answers from cassettes as recordings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import aiohttp
import httpx
import pytest
import requests
import responses
import respx
import urllib3
import vcr
from aioresponses import aioresponses

from smscontract.exchange import Exchange, OriginKind, Part
from smscontract.tap import Operations, Tap
from tests.core import shipped
from tests.tap.serving import ANSWER, BODY, PATH, SENT, serving

URL = f"https://api.bland.ai{PATH}"


@pytest.fixture
def tap() -> Iterator[Tap]:
    with Tap(Operations(shipped())) as one:
        yield one
        assert one.lost == 0


def taken(tap: Tap) -> list[Exchange]:
    return [one.exchange() for one in tap.drain()]


def by_respx() -> None:
    with respx.mock:
        respx.post(URL).mock(return_value=httpx.Response(200, json=ANSWER))
        assert httpx.post(URL, json=SENT).json() == ANSWER


def by_respx_on_httpx() -> None:
    with respx.mock(using="httpx") as router:
        router.post(URL).mock(return_value=httpx.Response(200, json=ANSWER))
        assert httpx.post(URL, json=SENT).json() == ANSWER


def by_respx_async() -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.post(URL, json=SENT)).json() == ANSWER

    with respx.mock:
        respx.post(URL).mock(return_value=httpx.Response(200, json=ANSWER))
        asyncio.run(ask())


def by_a_transport() -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER))) as client:
        assert client.post(URL, json=SENT).json() == ANSWER


def by_unittest_on_httpx() -> None:
    answer = httpx.Response(200, json=ANSWER)
    with mock.patch.object(httpx.HTTPTransport, "handle_request", return_value=answer):
        assert httpx.post(URL, json=SENT).json() == ANSWER


def by_responses() -> None:
    with responses.RequestsMock() as answers:
        answers.post(URL, json=ANSWER)
        assert requests.post(URL, json=SENT, timeout=60).json() == ANSWER


def by_responses_stream() -> None:
    with responses.RequestsMock() as answers:
        answers.post(URL, json=ANSWER)
        with requests.post(URL, json=SENT, timeout=60, stream=True) as answer:
            assert answer.json() == ANSWER


def by_unittest_on_requests() -> None:
    answer = requests.Response()
    answer.status_code, answer._content = 200, BODY
    answer.headers["content-type"] = "application/json"
    with mock.patch("requests.adapters.HTTPAdapter.send", return_value=answer):
        assert requests.post(URL, json=SENT, timeout=60).json() == ANSWER


def by_aioresponses() -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session, session.post(URL, json=SENT) as answer:
            assert await answer.json() == ANSWER

    with aioresponses() as answers:
        # Newer versions of aiohttp ask for one argument that aioresponses does not know.
        answers.post(
            URL, payload=ANSWER, response_class=partial(aiohttp.ClientResponse, stream_writer=mock.Mock(output_size=0))
        )
        asyncio.run(ask())


@pytest.mark.parametrize("made_up", [one for name, one in sorted(globals().items()) if name.startswith("by_")])
def test_mocks(made_up: Callable[[], None], tap: Tap) -> None:
    made_up()
    (one,) = taken(tap)
    assert one.origin.kind is OriginKind.MOCK
    assert one.request.url == URL
    assert json.loads(one.request.body or b"") == SENT
    assert one.response is not None
    assert json.loads(one.response.body or b"") == ANSWER
    assert (one.sent_at, one.received_at, dict(one.missing)) == (None, None, {})


def test_a_redirect_that_was_made_up(tap: Tap) -> None:
    with responses.RequestsMock() as answers:
        answers.post(URL, status=307, headers={"location": f"{URL}?two"})
        answers.post(f"{URL}?two", json=ANSWER)
        requests.post(URL, json=SENT, timeout=60)
    assert sorted(one.response.status for one in taken(tap) if one.response is not None) == [200, 307]


def test_what_is_no_answer_is_not_taken() -> None:
    odd = requests.Response()
    odd.status_code = "fine"  # type: ignore[assignment]  # mocks are like that
    odd._content = b"{}"
    with Tap(Operations(shipped())) as tap, mock.patch("requests.adapters.HTTPAdapter.send", return_value=odd):
        assert requests.post(URL, json=SENT, timeout=60) is odd
    assert taken(tap) == []
    assert tap.lost == 1


def test_errors_of_the_test_itself_are_no_exchanges(tap: Tap) -> None:
    with respx.mock, pytest.raises(AssertionError):
        httpx.post(URL, json=SENT)
    with mock.patch.object(httpx.HTTPTransport, "handle_request", side_effect=ValueError), pytest.raises(ValueError):
        httpx.post(URL, json=SENT)
    assert taken(tap) == []


def test_hosts_that_nobody_knows_are_left_alone(tap: Tap) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER))) as client:
        client.post(f"https://sms.other-provider.io{PATH}", json=SENT)
    assert taken(tap) == []
    assert tap.fits.elsewhere == {"sms.other-provider.io": 1}  # type: ignore[attr-defined]  # they are Operations


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("api.bland.ai", True),
        ("API.BLAND.AI:443", True),
        ("localhost:8000", True),
        ("127.0.0.1:1", True),
        ("[::1]:80", True),
        ("testserver", True),
        ("sms.example.com", True),
        ("bland.test", True),
        ("sms.corp.internal", True),
        ("evil-bland.ai", False),
        ("api.bland.ai.evil.io", False),
        ("api.other.io", False),
    ],
)
def test_which_hosts_are_known(host: str, known: bool) -> None:
    assert Operations(shipped(), ["*.corp.internal"])("POST", f"https://{host}{PATH}") is known


@pytest.mark.parametrize("url", [PATH, f"http://x{PATH}?a=b", f"http://u:p@x{PATH}#f", f"http://x{PATH}?as=%0A\n"])
def test_which_paths_are_known(url: str) -> None:
    wanted = Operations(shipped())
    assert wanted.path("POST", url)
    assert not wanted.path("GET", url)
    assert not wanted.path("POST", url.replace("create", "creates"))


# --- cassettes -------------------------------------------------------------------------------------------------------


def playing_httpx(url: str) -> Any:
    return httpx.post(url, json=SENT).json()


def playing_requests(url: str) -> Any:
    return requests.post(url, json=SENT, timeout=60).json()


def playing_urllib3(url: str) -> Any:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, json=SENT).json()


def playing_async_httpx(url: str) -> Any:
    async def ask() -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.post(url, json=SENT)).json()

    return asyncio.run(ask())


def playing_aiohttp(url: str) -> Any:
    async def ask() -> Any:
        async with aiohttp.ClientSession() as session, session.post(url, json=SENT) as answer:
            return await answer.json()

    return asyncio.run(ask())


@pytest.mark.parametrize("client", [one for name, one in sorted(globals().items()) if name.startswith("playing_")])
def test_cassettes(client: Callable[[str], Any], tap: Tap, tmp_path: Path) -> None:
    cassette = tmp_path / "one.yaml"
    with serving() as (base, kinds):
        url = base + PATH
        with vcr.use_cassette(str(cassette)):
            assert client(url) == ANSWER
        (live,) = taken(tap)
        assert live.origin.kind is OriginKind.TEST
        with vcr.use_cassette(str(cassette)):
            assert client(url) == ANSWER
        assert kinds.asked == 1
    (one,) = taken(tap)
    assert (one.origin.kind, one.origin.file, one.origin.entry) == (OriginKind.FILE, str(cassette), 0)
    assert one.response is not None
    assert json.loads(one.response.body or b"") == ANSWER
    assert json.loads(one.request.body or b"") == SENT
    assert one.sent_at is None
    assert set(one.missing) == ({Part.REQUEST_HEADERS} if client is playing_aiohttp else set())


def test_what_was_scrubbed_from_a_cassette_is_not_judged(tap: Tap, tmp_path: Path) -> None:
    cassette = tmp_path / "one.yaml"
    with serving() as (base, _):
        with vcr.use_cassette(str(cassette)):
            requests.post(base + PATH, json=SENT, timeout=60)
        cassette.write_text(cassette.read_text().replace('"c-1"', '"[REDACTED]"').replace('\\"c-1\\"', '\\"[REDACTED]\\"'))
        assert "[REDACTED]" in cassette.read_text()
        tap.drain()
        with vcr.use_cassette(str(cassette)):
            requests.post(base + PATH, json=SENT, timeout=60)
    (one,) = taken(tap)
    assert Part.RESPONSE_BODY in one.missing
    assert Part.REQUEST_BODY not in one.missing
