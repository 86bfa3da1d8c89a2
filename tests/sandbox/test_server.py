"""Uvicorn around the sandbox: starting, stopping, and silence."""

from __future__ import annotations

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from smscontract.errors import UsageError
from smscontract.sandbox import server
from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import Running, running
from smscontract.sandbox.store import Store
from tests.sandbox.wire import Wire

SERVE = """
import sys
from smscontract.sandbox.server import serve
caught = serve(port=0, db=sys.argv[1], ready=lambda where: print(where.port, flush=True))
print(caught.name)
"""


def start(db: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", SERVE, db], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_a_signal_and_says_which(number: signal.Signals, tmp_path: Path) -> None:
    process, port = start(str(tmp_path / "sandbox.db"))
    wire = Wire("127.0.0.1", port)
    assert wire.send(wire.sms_ids["draft"][0]["id"]).status == 200
    process.send_signal(number)  # while a keep-alive connection is open
    out, err = process.communicate(timeout=120)
    wire.close()
    assert (process.returncode, out, err) == (0, f"{number.name}\n", "")


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
def test_serve_gives_signals_back_to_whom_they_belonged(
    numbers: list[signal.Signals], capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def stop(_: Running) -> None:
        for number in numbers:
            signal.raise_signal(number)

    assert server.serve(port=0, ready=stop) is numbers[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert capfd.readouterr() == ("", "")


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    startup = server._Server.startup

    async def late(self: Any, sockets: Any = None) -> None:
        while not self.should_exit:  # noqa: ASYNC110 - the server has a flag and no event
            await asyncio.sleep(0.01)
        await startup(self, sockets)

    monkeypatch.setattr(server._Server, "startup", late)
    monkeypatch.setattr(server, "_START_SECONDS", 0.01)
    with pytest.raises(UsageError, match="did not start"), running(nobody):
        pass  # pragma: no cover


def test_serve_puts_the_wrapper_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def until_signal(instance: Any, _: Any) -> signal.Signals:
        seen.append(instance.config.app)
        return signal.SIGTERM

    monkeypatch.setattr(server, "_until_signal", until_signal)
    assert server.serve(port=0, app_wrapper=lambda app: ("wrapped", app)) is signal.SIGTERM  # type: ignore[arg-type,return-value]
    ((word, app),) = seen
    assert word == "wrapped"
    assert app.store.db == ":memory:"


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """An application that is never asked."""


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}"), running(nobody, port=port):
            pass  # pragma: no cover


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("no.such.host.invalid", 0)])
def test_an_address_that_is_none(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="cannot listen"), running(nobody, host, port):
        pass  # pragma: no cover


def test_the_url_of_an_ipv6_address_has_brackets() -> None:
    assert Running("::1", 8000).url == "http://[::1]:8000"
    assert Running("127.0.0.1", 8000).url == "http://127.0.0.1:8000"


def test_a_request_under_way_is_answered_before_the_server_ends() -> None:
    entered, statuses = threading.Event(), []
    store = Store()
    app = create_app(store)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        await asyncio.sleep(0.4)
        await app(scope, receive, send)

    with running(slow) as where:

        def ask() -> None:
            connection = http.client.HTTPConnection(where.host, where.port, timeout=120)
            connection.request("POST", "/v1/sms/create")
            statuses.append(connection.getresponse().status)
            connection.close()

        client = threading.Thread(target=ask)
        client.start()
        assert entered.wait(120)
    client.join()
    assert statuses == [401]
    store.close()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    store = Store()
    with running(create_app(store)) as where:
        wire = Wire(where.host, where.port)
        wire.send("x")
        wire.ask("GET", "/nothing")
        wire.close()
        with socket.create_connection((where.host, where.port)) as broken:
            broken.sendall(b"this is no HTTP\r\n\r\n")
            assert b"400" in broken.recv(1000)
        with socket.create_connection((where.host, where.port)) as upgrade:
            upgrade.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
            assert b"404" in upgrade.recv(1000)
        with socket.create_connection((where.host, where.port)) as gone:
            gone.sendall(b"POST /v1/sms/create HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
    store.close()
    assert capfd.readouterr() == ("", "")


def test_many_sandboxes_at_once() -> None:
    with (
        Store() as store,
        Store() as other_store,
        running(create_app(store)) as one,
        running(create_app(other_store, seed_number=1)) as other,
    ):
        first, second = Wire(one.host, one.port), Wire(other.host, other.port)
        assert first.token != second.token
        first.close()
        second.close()
