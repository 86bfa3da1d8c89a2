"""What every client sends and gets is taken, and the client gets the very same as without us."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from smscontract.exchange import Exchange, Failure, OriginKind, Part
from smscontract.tap import Operations, Tap
from tests.core import shipped
from tests.tap.serving import ANSWER, BODY, PATH, SENT, serving


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Any]]:
    with serving() as one:
        yield one


@pytest.fixture
def url(server: tuple[str, Any]) -> str:
    return server[0] + PATH


@pytest.fixture
def tap() -> Iterator[Tap]:
    with Tap(Operations(shipped())) as one:
        yield one
        assert one.lost == 0


def taken(tap: Tap) -> list[Exchange]:
    return [one.exchange("a test") for one in tap.drain()]


def with_httpx(url: str) -> bytes:
    return httpx.post(url, json=SENT, follow_redirects=True).content


def with_httpx_stream(url: str) -> bytes:
    with httpx.Client() as client, client.stream("POST", url, json=SENT, follow_redirects=True) as answer:
        return b"".join(answer.iter_bytes(7))


def with_async_httpx(url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            return (await client.post(url, json=SENT)).content

    return asyncio.run(ask())


def with_async_httpx_stream(url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx.AsyncClient() as client, client.stream("POST", url, json=SENT, follow_redirects=True) as answer:
            return b"".join([piece async for piece in answer.aiter_bytes()])

    return asyncio.run(ask())


def with_requests(url: str) -> bytes:
    with requests.post(url, json=SENT, timeout=60) as answer:
        return answer.content


def with_requests_stream(url: str) -> bytes:
    with requests.post(url, json=SENT, stream=True, timeout=60) as answer:
        return b"".join(answer.iter_content(7))


def with_urllib3(url: str) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, json=SENT).data


def with_urllib3_stream(url: str) -> bytes:
    with urllib3.PoolManager() as pool:
        answer = pool.request("POST", url, json=SENT, preload_content=False)
        read = b"".join(answer.stream(7))
        answer.release_conn()
        return read


def with_urllib3_read1(url: str) -> bytes:
    with urllib3.PoolManager() as pool:
        answer = pool.request("POST", url, json=SENT, preload_content=False)
        read = b""
        while piece := answer.read(5):
            read += piece
        return read


def with_aiohttp(url: str) -> bytes:
    async def ask() -> bytes:
        async with aiohttp.ClientSession() as session, session.post(url, json=SENT) as answer:
            return await answer.read()

    return asyncio.run(ask())


CLIENTS = [one for name, one in sorted(globals().items()) if name.startswith("with_")]


@pytest.mark.parametrize("kind", ["plain", "gzip", "chunked"])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_is_seen(client: Callable[[str], bytes], kind: str, url: str, tap: Tap) -> None:
    assert client(f"{url}?as={kind}") == BODY
    (one,) = taken(tap)
    assert one.request.method == "POST"
    assert one.request.url == f"{url}?as={kind}"
    assert json.loads(one.request.body or b"") == SENT
    assert one.response is not None
    assert (one.response.status, one.response.body) == (200, BODY)
    assert ("content-type", "application/json") in (one.response.headers or ())
    assert (one.origin.kind, one.origin.case, dict(one.missing), one.failure) == (OriginKind.TEST, "a test", {}, None)
    assert one.took is not None
    assert one.took > 0


@pytest.mark.parametrize("client", CLIENTS)
def test_each_hop_is_an_exchange(client: Callable[[str], bytes], url: str, tap: Tap) -> None:
    assert client(f"{url}?as=redirect") == BODY
    found = taken(tap)
    assert [one.response.status for one in found if one.response is not None] == [307, 200]
    assert [one.request.url for one in found] == [f"{url}?as=redirect", f"{url}?as=plain"]
    assert [json.loads(one.request.body or b"null") for one in found] == [SENT, SENT]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_fits_no_operation_is_left_alone(client: Callable[[str], bytes], url: str, tap: Tap) -> None:
    assert client(url.replace(PATH, "/elsewhere")) == BODY
    assert taken(tap) == []
    assert not tap.fits.elsewhere  # type: ignore[attr-defined]  # they are Operations


@pytest.mark.parametrize("client", CLIENTS)
def test_it_is_gone_afterwards(client: Callable[[str], bytes], url: str) -> None:
    places = (
        (httpx.Client, "_send_single_request"),
        (httpx.AsyncClient, "_send_single_request"),
        (requests.Session, "send"),
        (urllib3.connectionpool.HTTPConnectionPool, "_make_request"),
        (aiohttp.ClientSession, "__init__"),
    )
    before = [vars(owner)[name] for owner, name in places]
    with Tap(Operations(shipped())) as tap:
        assert [vars(owner)[name] for owner, name in places] != before
    assert [vars(owner)[name] for owner, name in places] == before
    assert client(url) == BODY
    assert taken(tap) == []


def test_two_taps_see_the_same(url: str) -> None:
    with Tap(Operations(shipped())) as one, Tap(Operations(shipped())) as other:
        with_httpx(url)
    assert len(taken(one)) == 1
    assert len(taken(other)) <= 1


def test_a_tap_that_was_patched_over_lets_everything_through(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tap = Tap(Operations(shipped()))
    tap.install()
    ours = httpx.Client._send_single_request

    def over(self: httpx.Client, request: httpx.Request) -> httpx.Response:
        return ours(self, request)

    monkeypatch.setattr(httpx.Client, "_send_single_request", over)
    tap.remove()
    assert with_httpx(url) == BODY
    assert taken(tap) == []


def test_attempts_are_exchanges(url: str, tap: Tap) -> None:
    with requests.Session() as session:
        retry = Retry(total=3, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
        session.mount("http://", HTTPAdapter(max_retries=retry))
        assert session.post(f"{url}?as=busy", json=SENT, timeout=60).status_code == 200
    found = taken(tap)
    assert [one.response.status for one in found if one.response is not None][-2:] == [503, 200]
    assert all(one.response is not None and one.response.body == b"{}" for one in found)


def test_a_generator_is_read_once_and_known(server: tuple[str, Any], url: str, tap: Tap) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"message": '
        yield b'"Hi"}'

    headers = {"content-type": "application/json"}
    assert httpx.post(url, content=pieces(), headers=headers).content == BODY
    assert requests.post(url, data=pieces(), headers=headers, timeout=60).content == BODY
    with urllib3.PoolManager() as pool:
        assert pool.request("POST", url, body=pieces(), headers=headers).data == BODY
    assert [one.request.body for one in taken(tap)] == [b'{"message": "Hi"}'] * 3
    assert server[1].bodies[-3:] == [b'{"message": "Hi"}'] * 3


def test_a_stream_is_not_read_ahead_of_its_client(url: str, tap: Tap) -> None:
    with httpx.Client() as client, client.stream("POST", f"{url}?as=chunked", json=SENT) as answer:
        assert not answer.is_stream_consumed
        assert next(answer.iter_raw(5)) == BODY[:5]
    with requests.post(f"{url}?as=chunked", json=SENT, stream=True, timeout=60) as other:
        assert not getattr(other, "_content_consumed")  # noqa: B009 - the types do not know it
        next(other.iter_content(10))
    found = taken(tap)
    assert [dict(one.missing) for one in found] == [{Part.RESPONSE_BODY: "truncated"}] * 2
    assert all(one.response is not None and len(one.response.body or b"") < len(BODY) for one in found)


def test_threads(url: str, tap: Tap) -> None:
    threads = [threading.Thread(target=client, args=(url,)) for client in CLIENTS * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(taken(tap)) == len(threads)


def test_errors_pass_through_as_they_are(tap: Tap) -> None:
    nobody = f"http://127.0.0.1:1{PATH}"
    with pytest.raises(httpx.ConnectError):
        httpx.post(nobody, json=SENT)
    with pytest.raises(requests.ConnectionError):
        requests.post(nobody, json=SENT, timeout=60)
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.NewConnectionError):
        pool.request("POST", nobody, json=SENT)

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(nobody, json=SENT)

    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(ask())
    assert [(one.response, one.failure) for one in taken(tap)] == [(None, Failure.UNREACHABLE)] * 4


def test_an_answer_that_is_let_go_is_gone(url: str, tap: Tap) -> None:
    with urllib3.PoolManager() as pool:
        answer = pool.request("POST", url, json=SENT, preload_content=False)
        assert type(answer).__name__ == "HTTPResponse"
        assert isinstance(answer, urllib3.HTTPResponse)
        gone = weakref.ref(answer)
        answer.read()
        gc.disable()
        try:
            del answer
            assert gone() is None
        finally:
            gc.enable()
    assert len(taken(tap)) == 1


def test_an_application_in_this_process_is_no_mock(tap: Tap) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await receive()
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
        await send(head)
        await send({"type": "http.response.body", "body": BODY})

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            assert (await client.post(PATH, json=SENT)).json() == ANSWER

    asyncio.run(ask())
    (one,) = taken(tap)
    assert one.origin.kind is OriginKind.TEST
