"""Nothing leaves the leash, whatever the target, a proxy or a resolver says: only the target is spoken to, and the credential
goes nowhere else. Listeners on loopback ports write down who comes; nothing leaves this machine."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from smscontract.cli import run as command
from smscontract.exchange import Failure
from smscontract.gate import Target
from smscontract.resources import resources_from
from smscontract.transport import Leash, Reach, Transport, connecting, target_url, tls_context
from tests.gate.run import BLAND, judge_of, run, run_on
from tests.gate.server import Reply, Seen, Server

TLS = Path(__file__).parent / "tls"
STRANGER = "+14155557345"
KEY = "the-key-that-goes-nowhere-else"


class Listener:
    """Takes every connection, reads what comes and does with it what it is told."""

    def __init__(self, talk: Callable[[socket.socket, bytes], None] | None = None) -> None:
        self.heard: list[bytes] = []
        self._talk = talk
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(10)
                raw = b""
                while b"\r\n\r\n" not in raw and (more := connection.recv(65536)):
                    raw += more
                self.heard.append(raw)
                if self._talk is not None:
                    self._talk(connection, raw)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(60)


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def staging(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str, url: str | None = None) -> None:
    server.offers = False
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATE_TEST_TOKEN", server.handed["bland"]["token"])
    Path("resources.json").write_text(json.dumps(server.handed["bland"]["resources"]))
    Path("smscontract.toml").write_text(
        "\n".join(
            [
                '[targets.staging]\nprovider = "bland"\ntoken = "${GATE_TEST_TOKEN}"\nresources = "resources.json"',
                f'url = "{url or server.url}"',
                *lines,
            ]
        )
    )


# -- what answers say


def hostile(port: int) -> list[Reply]:
    there = f"http://127.0.0.1:{port}/v1/sms/create"
    fields = [
        ("location", there),
        ("location", f"//127.0.0.1:{port}/"),
        ("location", f"http://127.0.0.1:{port}\\@localhost/"),
        ("refresh", f"0; url={there}"),
        ("link", f'<{there}>; rel="next", <{there}>; rel="preconnect"'),
        ("alt-svc", f'h2="127.0.0.1:{port}"; ma=9999; persist=1'),
        ("content-location", there),
        ("www-authenticate", f'Bearer realm="{there}", authorization_uri="{there}"'),
        ("proxy-authenticate", "Basic"),
        ("set-cookie", f"session=stolen; Domain=127.0.0.1:{port}; Path=/"),
    ]
    body = json.dumps(
        {
            "data": {"message": there, "conversation_id": there, "workflow_id": f"..//127.0.0.1:{port}/", "next": there},
            "errors": None,
            "callback": {"url": there, "phone": STRANGER, "user_number": STRANGER},
        }
    ).encode()
    return [
        Reply(status, body, (("content-type", "application/json"), *extra))
        for status in (200, 201, 300, 301, 302, 303, 307, 308, 305, 401, 407, 421)
        for extra in ([fields[0], *fields[3:]], [fields[1]], [fields[2]])
    ]


def test_no_answer_leads_elsewhere(
    server: Server, elsewhere: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    staging(server, monkeypatch, tmp_path, "max-requests = 120")
    replies = hostile(elsewhere.port)
    server.behave = lambda seen, _: replies[seen.number % len(replies)]
    command(["gate", "staging", "--fuzz", "30", "--fail-on", "new", "--report", "json:r.json"])
    assert elsewhere.heard == []
    assert len(server.arrived) > 100
    for seen in server.arrived:
        assert seen.target.startswith("/v1/sms/"), seen.target
        assert STRANGER.encode() not in seen.raw
        assert STRANGER[1:].encode() not in seen.raw
        assert b"cookie" not in seen.raw.lower()
        assert seen.header("host") == f"127.0.0.1:{server.port}"


def test_ids_of_an_answer_stay_in_their_segment_of_the_path(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ids = [
        "..",
        ".",
        "../../v1/sms/send",
        "x?user_number=%2B14155557345",
        "a#b",
        "a b\r\nx: 1",
        "%2e%2e",
        "\\..\\",
        "ü",
        "x" * 9,
    ]

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if seen.method != "POST" or reply.status != 200:
            return reply
        value = reply.json
        value["data"]["conversation_id"] = ids[seen.number % len(ids)]
        return reply.with_json(value)

    staging(server, monkeypatch, tmp_path, "max-requests = 60")
    server.behave = behave
    command(["gate", "staging", "--fuzz", "0"])
    beside = [seen.target for seen in server.arrived if seen.method in {"GET", "PATCH"} and "conversations" in seen.target]
    assert beside
    for target in beside:
        assert target.startswith("/v1/sms/conversations/")
        segment = target.removeprefix("/v1/sms/conversations/")
        assert segment not in {"", ".", ".."}
        assert not set(segment) & set("/?#\\ \r\n")


# -- resolvers


def resolver(answers: dict[str, list[str]]) -> Callable[..., Any]:
    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in answers:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers[host]
        ]

    return getaddrinfo


def transport(url: str, *, allowed: tuple[str, ...] = (), reach: Reach | None = None) -> Transport:
    return Transport(target_url(url, allowed), Leash(), run="x", reach=reach)


def failure(way: Transport) -> Failure | None:
    """How a request ends there."""
    return way._talk("POST", "/v1/sms/create", (("authorization", KEY),), b"{}")[1]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1%lo", "::ffff:127.0.0.1", "224.0.0.1"],
)
def test_a_name_is_not_this_machine_nor_its_clouds_secrets(
    elsewhere: Listener, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver({"staging.test": [address]}))
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: connected.append(where))
    way = transport(f"http://staging.test:{elsewhere.port}", allowed=("staging.test",))
    assert failure(way) is Failure.UNREACHABLE
    assert (connected, elsewhere.heard) == ([], [])


@pytest.mark.parametrize("address", ["203.0.113.5", "10.0.0.1", "2001:db8::1", "0.0.0.0"])
def test_localhost_is_this_machine_whatever_a_resolver_says(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver({"localhost": [address]}))
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: connected.append(where))
    assert failure(transport("http://localhost:8000")) is Failure.UNREACHABLE
    assert connected == []


def test_of_several_addresses_those_are_left_out_that_a_name_may_not_stand_for(
    elsewhere: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[Any] = []

    def connect(_: socket.socket, where: Any) -> None:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolver({"staging.test": ["127.0.0.1", "203.0.113.5", "::1", "203.0.113.6"]}))
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert failure(transport(f"http://staging.test:{elsewhere.port}", allowed=("staging.test",))) is Failure.UNREACHABLE
    assert [where[0] for where in connected] == ["203.0.113.5", "203.0.113.6"]


# -- proxies


def test_a_proxy_of_the_entry_is_used_and_none_of_the_environment(
    server: Server, elsewhere: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    staging(server, monkeypatch, tmp_path, "max-requests = 5")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    command(["gate", "staging", "--fuzz", "0"])
    assert elsewhere.heard == []
    assert server.arrived

    def relay(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")

    proxy = Listener(relay)
    monkeypatch.setenv("PROXY", f"http://me:p%40ss-word-of-proxy@127.0.0.1:{proxy.port}")
    staging(server, monkeypatch, tmp_path, 'proxy = "${PROXY}"', url="http://staging.test:8080/api")
    before = len(server.arrived)
    assert command(["gate", "staging", "--fuzz", "0", "--record", "run.jsonl"]) == 3
    proxy.close()
    assert len(server.arrived) == before
    assert proxy.heard
    for raw in proxy.heard:
        assert raw.startswith((b"POST http://staging.test:8080/api/v1/sms/create", b"GET http://staging.test:8080/api/"))
        assert raw.lower().count(b"proxy-authorization: basic bwu6cebzcy13b3jklw9mlxbyb3h5") == 1
    assert "p@ss-word-of-proxy" not in Path("run.jsonl").read_text()
    assert "proxy-authorization" not in Path("run.jsonl").read_text().lower()


def test_a_proxy_sees_nothing_of_what_goes_through_its_tunnel(server: Server) -> None:
    proxy = Listener(lambda connection, _: connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    from urllib.parse import urlsplit

    reach = Reach(proxy=urlsplit(f"http://127.0.0.1:{proxy.port}"), tls=tls_context())
    assert failure(transport("https://staging.test", allowed=("staging.test",), reach=reach)) is Failure.UNREACHABLE
    proxy.close()
    (raw,) = proxy.heard
    assert raw.startswith(b"CONNECT staging.test:443")
    assert KEY.encode() not in raw
    assert server.arrived == []


@pytest.mark.parametrize("proxy", ["https://127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:1", "http://", "http://x/path"])
def test_what_is_no_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    staging(server, monkeypatch, tmp_path, f'proxy = "{proxy}"')
    assert command(["gate", "staging"]) == 2
    assert "the proxy is no http URL" in capsys.readouterr().err
    assert server.arrived == []


# -- TLS


@contextmanager
def secure(*, client: bool = False) -> Iterator[tuple[int, list[Any]]]:
    """A server behind TLS that takes one request after the other, and whom its clients said they were."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(TLS / "ca.pem")
    seen: list[Any] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain, suppress(OSError):
                plain.settimeout(10)
                with context.wrap_socket(plain, server_side=True) as connection:
                    raw = b""
                    while not raw.endswith(b"\r\n\r\n{}") and (more := connection.recv(65536)):
                        raw += more
                    if raw:
                        seen.append((raw, connection.getpeercert()))
                        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}")

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)


@pytest.mark.parametrize(
    ("host", "options", "reached"),
    [
        ("localhost", {"ca": str(TLS / "ca.pem")}, True),
        ("localhost", {}, False),
        ("127.0.0.1", {"ca": str(TLS / "ca.pem")}, False),
        ("127.0.0.1", {"verify": False}, True),
    ],
)
def test_who_cannot_prove_who_it_is_gets_no_request(host: str, options: dict[str, Any], reached: bool) -> None:
    with secure() as (port, seen):
        reach = Reach(tls=tls_context(**options))
        way = transport(f"https://{host}:{port}", reach=reach)
        assert failure(way) is (None if reached else Failure.UNREACHABLE)
        why = connecting(way.url, reach, 5.0)
        assert ("not trusted" in why) is not reached
    assert bool(seen) is reached


def test_a_client_certificate_is_shown() -> None:
    with secure(client=True) as (port, seen):
        reach = Reach(tls=tls_context(ca=str(TLS / "ca.pem"), cert=str(TLS / "client.pem")))
        assert failure(transport(f"https://localhost:{port}", reach=reach)) is None
    ((_, certificate),) = seen
    assert "client of smscontract tests" in str(certificate["subject"])


@pytest.mark.parametrize(
    "line", ['ca = "none.pem"', 'ca = "resources.json"', 'client-cert = "none.pem"', 'client-cert = "resources.json"']
)
def test_certificates_that_cannot_be_read(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    staging(server, monkeypatch, tmp_path, line, url="https://staging.test")
    assert command(["gate", "staging"]) == 2
    assert "read" in capsys.readouterr().err


# -- what carries the credential


def test_the_credential_is_in_its_own_header_alone(server: Server) -> None:
    token = server.handed["bland"]["token"]
    target = Target(
        provider="bland",
        url=target_url(server.url, ()),
        token=token,
        resources=resources_from(server.handed["bland"]["resources"], "here"),
        sandbox=False,
        shared=True,
    )
    run_on([target], max_requests=60, no_effects=True)
    assert server.arrived
    for seen in server.arrived:
        lines = [line for line in seen.raw.split(b"\r\n") if token.encode() in line]
        assert all(line.lower().startswith(b"authorization:") or line == lines[0] for line in lines)
    assert BLAND in judge_of("bland").catalogue.operations
    assert run("bland", server.url, max_requests=3).requests == 3
