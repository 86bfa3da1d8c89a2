"""The one way out: every request of every tier goes through `Transport.send`, and past its leash.

Requests are written by hand on the standard library's connection: the path goes out as it was made, nothing is retried,
redirected, decompressed or proxied, and the body that is judged is the body that came.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from smscontract import __version__
from smscontract.documents import Node, Operation
from smscontract.errors import UsageError
from smscontract.exchange import Auth, Exchange, Failure, Headers, Origin, OriginKind, Request, Response, Role, Wire
from smscontract.json_text import parse
from smscontract.numbers import may_dial_outside

__all__ = ["LIMIT_BYTES", "TIME_OUT", "Leash", "LeashError", "Outgoing", "Transport", "is_loopback", "target_url"]

#: An answer that is not whole after this many seconds is a time-out.
TIME_OUT = 10.0
#: Bytes of an answer that are read at most.
LIMIT_BYTES = 4 * 1024 * 1024


class LeashError(Exception):
    """A request that could dial outside the reserved ranges. It was not sent. The text names the place, never the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request, ready but for host and credential.

    Attributes:
        target: path and query exactly as they go out.
        credential: value of the credential's header (or query parameter), `None` to leave it away.
        known: what the resources say of the ids and numbers in it.
    """

    operation: Operation
    method: str
    target: str
    headers: Headers
    body: bytes
    credential: str | None
    auth: Auth | None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    role: Role = Role.CASE
    case: str = ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: `localhost` or a loopback address. Other names could point anywhere."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def target_url(url: str, allowed_hosts: Iterable[str]) -> SplitResult:
    """A target's base URL, checked.

    Raises:
        UsageError: no http(s) URL, a credential, query or fragment in it, or a host that nobody allowed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("the URL of the target cannot be read", hint="write http://host:port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError("the URL of the target is no http or https URL", hint="write http://host:port")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the URL of the target holds a credential", hint="pass it by --token-env NAME")
    if parts.query or parts.fragment:
        raise UsageError(
            "the URL of the target has a query or a fragment", hint="give host, port and the path before the API's own"
        )
    allowed = {host.lower() for host in allowed_hosts}
    names = {parts.hostname.lower(), f"{parts.hostname.lower()}:{port}" if port else parts.hostname.lower()}
    if not is_loopback(parts.hostname) and not names & allowed:
        raise UsageError(
            f"`{parts.hostname}` is not this machine, and nobody allowed it",
            hint=f"add --allowed-hosts {parts.hostname} if it may be probed",
        )
    return parts


class Leash:
    """Refuses requests that could dial a number outside the ranges reserved for fiction and tests.

    Args:
        granted: numbers that the user's own resources name; sending them is what the user asked for.
    """

    def __init__(self, granted: Iterable[str] = ()) -> None:
        self._granted = frozenset(granted)
        self.stopped = 0

    def check(self, outgoing: Outgoing) -> None:
        """Lets a request pass or not.

        Raises:
            LeashError: it could text a stranger.
        """
        for place, text in self._texts(outgoing):
            if text not in self._granted and may_dial_outside(text):
                self.stopped += 1
                raise LeashError(f"`{place}` could dial outside the reserved ranges")

    def _texts(self, outgoing: Outgoing) -> Iterator[tuple[str, str]]:
        operation = outgoing.operation
        for parameter in operation.parameters:
            if parameter.node.mask == "phone" and parameter.where == "path":
                yield parameter.name, outgoing.path_parameters.get(parameter.name, "")
        if "?" in outgoing.target:
            yield "query", outgoing.target.partition("?")[2]
        if not outgoing.body:
            return
        parsed = parse(outgoing.body)
        if parsed.flaws or operation.body is None:
            # Whoever reads this body leniently may find anything in it.
            yield "body", _decoded(outgoing.body)
            return
        yield from _leaves(operation.body.node, parsed.value)


def _decoded(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return text.encode("utf-8", "replace").decode("unicode_escape", "replace") if "\\u" in text else text
    except UnicodeError:
        return text


def _leaves(node: Node | None, value: Any, place: str = "body") -> Iterator[tuple[str, str]]:
    """Every text and number of a body that could be taken for a telephone number: those at places that are not declared, and
    those at places that are declared to be one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            child = node.properties.get(name) if node is not None else None
            declared = child is not None or (node is not None and node.mask == "text" and not node.properties)
            yield from _leaves(child if child is not None else node if declared else None, inner, name)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(node.items if node is not None and node.items is not None else node, item, place)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        if node is not None and node.mask != "phone":
            return
        text = value if isinstance(value, str) else json.dumps(value)
        # Undeclared members are nobody's numbers unless they look like one.
        if node is not None or sum(character.isdigit() for character in text) >= 7:
            yield place, text


class Transport:
    """Sends requests to one target and gives back what happened, never raising for it.

    Args:
        url: checked base URL of the target.
        leash: what every request has to pass.
        run: identity of the run, in the `User-Agent`.
        clock: seconds since 1970 UTC.
    """

    def __init__(
        self,
        url: SplitResult,
        leash: Leash,
        *,
        run: str,
        time_out: float = TIME_OUT,
        limit: int = LIMIT_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self.leash = leash
        self.sent = 0
        #: requests of the run that other transports sent before
        self.offset = 0
        self._agent = f"smscontract/{__version__} {run}"
        self._time_out = time_out
        self._limit = limit
        self._clock = clock
        self._last = 0.0

    def exchange(self, outgoing: Outgoing) -> Exchange:
        """Sends one request.

        Raises:
            LeashError: it was not sent.
        """
        self.leash.check(outgoing)
        self.sent += 1
        headers = self._headers(outgoing)
        target = f"{self.url.path.rstrip('/')}{outgoing.target}"
        security = outgoing.operation.security
        if security is not None and security.where == "query" and outgoing.credential is not None:
            target += f"{'&' if '?' in target else '?'}{security.name}={outgoing.credential}"
        # Strictly after the answer before, or the two would count as overlapping.
        started = max(self._clock(), self._last + 1e-6)
        response, failure = self._talk(outgoing.method, target, headers, outgoing.body)
        ended = max(self._clock(), started)
        self._last = ended
        return Exchange(
            request=Request(
                method=outgoing.method,
                url=f"{self.url.scheme}://{self.url.netloc}{target}",
                headers=headers,
                body=outgoing.body,
            ),
            response=response,
            failure=failure,
            origin=Origin(kind=OriginKind.LIVE, case=outgoing.case, request=self.offset + self.sent),
            sent_at=started,
            received_at=ended,
            auth=outgoing.auth,
            known=outgoing.known,
            role=outgoing.role,
            wire=Wire.EXACT,
            own_record=True,
            operation=outgoing.operation.key,
            path_parameters=dict(outgoing.path_parameters),
        )

    def _headers(self, outgoing: Outgoing) -> Headers:
        headers = [
            ("host", self.url.netloc),
            ("user-agent", self._agent),
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("connection", "close"),
            *outgoing.headers,
        ]
        security = outgoing.operation.security
        if security is not None and security.where == "header" and outgoing.credential is not None:
            headers.append((security.name, outgoing.credential))
        if outgoing.body or outgoing.method in ("POST", "PUT", "PATCH"):
            headers.append(("content-length", str(len(outgoing.body))))
        return tuple(headers)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._time_out, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=self._time_out)

    def _talk(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[Response | None, Failure | None]:
        deadline = time.monotonic() + self._time_out
        connection = self._connection()
        try:
            try:
                connection.connect()
            except TimeoutError:
                return None, Failure.TIMEOUT
            except OSError:
                return None, Failure.UNREACHABLE
            try:
                connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in headers:
                    connection.putheader(name, value.encode("latin-1", "replace"))
                connection.endheaders(body or None)
                return self._answer(connection, deadline)
            except TimeoutError:
                return None, Failure.TIMEOUT
            except (OSError, http.client.HTTPException):
                return None, Failure.RESET
        finally:
            connection.close()

    def _answer(self, connection: http.client.HTTPConnection, deadline: float) -> tuple[Response, Failure | None]:
        sock = connection.sock
        self._patience(sock, deadline)
        answer = connection.getresponse()
        headers = tuple((name.lower(), value) for name, value in answer.getheaders())
        body = bytearray()
        failure: Failure | None = None
        try:
            while True:
                self._patience(sock, deadline)
                piece = answer.read1(65536)
                if not piece:
                    break
                body += piece
                if len(body) > self._limit:
                    failure = Failure.TOO_LARGE
                    break
            declared = answer.headers.get("content-length", "")
            if failure is None and declared.isdecimal() and len(body) < int(declared):
                failure = Failure.CUT
        except TimeoutError:
            failure = Failure.TIMEOUT
        except (OSError, http.client.HTTPException):
            failure = Failure.CUT
        return Response(status=answer.status, headers=headers, body=bytes(body)), failure

    @staticmethod
    def _patience(sock: socket.socket | None, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if sock is not None:
            sock.settimeout(left)
