"""One request, one answer, as they are on the wire.

Requests are written by hand on the standard library's connection: the path goes out as it was made, nothing is retried,
redirected or decompressed, no proxy is used that the user did not name, and the body that is judged is the body that came.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote

from smscontract import __version__
from smscontract.documents import Operation
from smscontract.exchange import Auth, Exchange, Failure, Headers, Origin, OriginKind, Request, Response, Role, Wire
from smscontract.transport.app import Call
from smscontract.transport.coding import unpacked
from smscontract.transport.leash import Leash
from smscontract.transport.reach import Reach, connection_to, proxy_credential

__all__ = ["LIMIT_BYTES", "TIME_OUT", "Manners", "NotSentError", "Outgoing", "Transport", "UnsendableError"]

_TARGET = re.compile(r"/[!-~]*")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t -~\x80-\xff]*")

#: An answer that is not whole after this many seconds is a time-out.
TIME_OUT = 10.0
#: Bytes of an answer that are read at most.
LIMIT_BYTES = 4 * 1024 * 1024


#: Query parameters that servers take a credential from.
_ASTRAY = ("access_token", "token", "api_key", "apikey", "key", "authorization")


class UnsendableError(Exception):
    """A request that HTTP cannot carry: a line break in a header, a blank in the path. It was not sent."""


class NotSentError(Exception):
    """A request that could leave but may not now: it would go beyond what the user allows, or it may have been sent before.

    Args:
        reason: in a word or two, as reports list it.
        hint: what would help.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request, ready but for host and credential.

    Attributes:
        target: path and query exactly as they go out.
        credential: value of the credential's header (or query parameter), `None` to leave it away.
        beside: value of a second header of that name.
        astray: a credential that goes into the query, under every name that servers read one from.
        known: what the resources say of the ids and numbers in it.
    """

    operation: Operation
    method: str
    target: str
    headers: Headers
    body: bytes
    credential: str | None
    auth: Auth | None
    beside: str | None = None
    astray: str | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    role: Role = Role.CASE
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How long the transport waits, how much it reads, and whose clock it keeps.

    Attributes:
        time_out: seconds after which an answer that is not whole is a time-out.
        limit: bytes of an answer's body that are read at most.
        clock: seconds since 1970 UTC.
        sleep: waits some seconds.
    """

    time_out: float = TIME_OUT
    limit: int = LIMIT_BYTES
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Transport:
    """Sends requests to one target and gives back what happened, never raising for it.

    Args:
        url: checked base URL of the target.
        leash: what every request has to pass.
        run: identity of the run, in the `User-Agent`.
        offset: requests of the run that other transports sent before.
        reach: how the target is reached.
    """

    def __init__(
        self,
        url: SplitResult,
        leash: Leash,
        *,
        run: str,
        offset: int = 0,
        manners: Manners | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.url = url
        self.leash = leash
        self.manners = manners or Manners()
        self.reach = reach or Reach()
        self.sent = 0
        self._offset = offset
        self._agent = f"smscontract/{__version__} {run}"
        self._last = 0.0

    @property
    def last_number(self) -> int:
        """The number of the latest request of the run."""
        return self._offset + self.sent

    def exchange(self, outgoing: Outgoing) -> Exchange:
        """Sends one request.

        Raises:
            LeashError, UnsendableError: it was not sent.
        """
        return self.exchanges([outgoing])[0]

    def exchanges(self, together: Sequence[Outgoing]) -> list[Exchange]:
        """Sends some requests at the same moment, each on a connection of its own.

        Raises:
            LeashError, UnsendableError: none of them was sent.
        """
        ready = [(outgoing, *self._ready(outgoing)) for outgoing in together]
        self.sent += len(ready)
        # Strictly after the answer before, or the two would count as overlapping.
        started = max(self.manners.clock(), self._last + 1e-6)

        def talk(outgoing: Outgoing, target: str, headers: Headers) -> tuple[Response | None, Failure | None, float]:
            response, failure = self._talk(outgoing.method, target, headers, outgoing.body)
            if response is not None and failure is None:
                response = unpacked(response, self.manners.limit)
            return response, failure, max(self.manners.clock(), started)

        if len(ready) == 1:
            answers = [talk(*ready[0])]
        else:
            with ThreadPoolExecutor(len(ready)) as pool:
                answers = list(pool.map(lambda one: talk(*one), ready))
        self._last = max(ended for _, _, ended in answers)
        return [
            Exchange(
                request=Request(
                    method=outgoing.method,
                    url=f"{self.url.scheme}://{self.url.netloc}{target}",
                    headers=headers,
                    body=outgoing.body,
                ),
                response=response,
                failure=failure,
                origin=Origin(kind=OriginKind.LIVE, case=outgoing.case, request=self._offset + self.sent - len(ready) + index),
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
            for index, ((outgoing, target, headers), (response, failure, ended)) in enumerate(
                zip(ready, answers, strict=True), start=1
            )
        ]

    def _ready(self, outgoing: Outgoing) -> tuple[str, Headers]:
        """Target and headers as they go out, if they may and can."""
        self.leash.check(outgoing.operation, outgoing.target, outgoing.path_parameters, outgoing.body)
        headers = self._headers(outgoing)
        target = f"{self.url.path.rstrip('/')}{outgoing.target}"
        security = outgoing.operation.security
        if security is not None and security.where == "query" and outgoing.credential is not None:
            target += f"{'&' if '?' in target else '?'}{security.name}={quote(outgoing.credential, safe='')}"
        if outgoing.astray is not None:
            names = (name for name in _ASTRAY if security is None or name != security.name or security.where != "query")
            target += ("&" if "?" in target else "?") + "&".join(f"{name}={quote(outgoing.astray, safe='')}" for name in names)
        _check_sendable(outgoing.method, target, headers)
        return target, headers

    def _headers(self, outgoing: Outgoing) -> Headers:
        headers = [
            ("host", self.url.netloc),
            ("user-agent", self._agent),
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("connection", "close"),
            *self.reach.headers,
            *outgoing.headers,
        ]
        security = outgoing.operation.security
        if security is not None and security.where == "header" and outgoing.credential is not None:
            headers += [(security.name, value) for value in (outgoing.credential, outgoing.beside) if value is not None]
        if outgoing.body or outgoing.method in ("POST", "PUT", "PATCH"):
            headers.append(("content-length", str(len(outgoing.body))))
        return tuple(headers)

    def _talk(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[Response | None, Failure | None]:
        if self.reach.dial is not None:
            manners = self.manners
            call = Call(method=method, target=target, headers=headers, body=body, seconds=manners.time_out, limit=manners.limit)
            return self.reach.dial(call)
        deadline = time.monotonic() + self.manners.time_out
        connection = connection_to(self.url, self.reach, self.manners.time_out)
        try:
            try:
                connection.connect()
            except TimeoutError:
                return None, Failure.TIMEOUT
            except OSError:
                return None, Failure.UNREACHABLE
            try:
                proxied = self.reach.proxy if self.url.scheme == "http" else None
                if proxied is not None:  # RFC 9112 section 3.2.2; under TLS the proxy was asked for a tunnel instead
                    target = f"http://{self.url.netloc}{target}"
                connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in (*headers, *(proxy_credential(proxied) if proxied is not None else ())):
                    connection.putheader(name, value.encode("latin-1", "replace"))
                self._patience(connection.sock, deadline)
                # Whoever refuses a long body may answer and hang up before the end of it: the answer is there all the same.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.endheaders(body or None)
                return self._answer(connection, method, deadline)
            except TimeoutError:
                return None, Failure.TIMEOUT
            except (OSError, http.client.HTTPException):
                return None, Failure.RESET
        finally:
            connection.close()

    def _answer(self, connection: http.client.HTTPConnection, method: str, deadline: float) -> tuple[Response, Failure | None]:
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
                if len(body) > self.manners.limit:
                    failure = Failure.TOO_LARGE
                    break
            declared = answer.headers.get("content-length", "")
            bodiless = method == "HEAD" or answer.status in (204, 304)  # RFC 9110, section 8.6: the length is that of another
            if failure is None and not bodiless and declared.isdecimal() and len(body) < int(declared):
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


def _check_sendable(method: str, target: str, headers: Headers) -> None:
    """Only what RFC 9112 has room for: anything else would arrive as another request than the one that is judged."""
    if not _FIELD_NAME.fullmatch(method) or not _TARGET.fullmatch(target) or "#" in target:
        raise UnsendableError("the path or the query holds characters that no URL can carry")
    for name, value in headers:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value) or value != value.strip(" \t"):
            raise UnsendableError(f"the header field `{name}` holds characters that no header can carry")
