"""How a target is reached: TLS, a proxy, header fields of the user's, and which addresses its name may stand for."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote

from smscontract.errors import UnusableInput
from smscontract.transport.app import Dial
from smscontract.transport.urls import is_loopback

__all__ = ["Reach", "connecting", "connection_to", "proxy_credential", "tls_context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the user says of the way to a target.

    Attributes:
        tls: for https; `None`: the system's authorities decide.
        proxy: checked URL of an HTTP proxy, `None`: none, whatever the environment says.
        headers: fields that go with every request, and that no request of ours may set by itself.
        dial: an application in this process, which is asked instead of anything on the network.
    """

    tls: ssl.SSLContext | None = None
    proxy: SplitResult | None = None
    headers: tuple[tuple[str, str], ...] = ()
    dial: Dial | None = None


def tls_context(
    *, ca: str | None = None, cert: str | None = None, key: str | None = None, verify: bool = True
) -> ssl.SSLContext:
    """How https is spoken.

    Args:
        ca: file of the authorities that are trusted instead of the system's.
        cert, key: files of our own certificate, and of its key if it is not in the same.
        verify: whether the target has to prove who it is.

    Raises:
        UnusableInput: a file cannot be read or holds something else.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError):
        raise UnusableInput("no certificates of authorities can be read", file=ca, hint="name a PEM file") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert is not None:
        try:
            context.load_cert_chain(cert, key, password=_no_password)
        except (OSError, ValueError):
            hint = "name a PEM file, and the key's without a password if it has one of its own"
            raise UnusableInput("the client certificate cannot be read", file=cert, hint=hint) from None
    return context


def _no_password() -> str:
    """Instead of asking at the terminal."""
    return ""


def connection_to(url: SplitResult, reach: Reach, time_out: float) -> http.client.HTTPConnection:
    """A connection, not yet open, on which requests for the URL's host go out."""
    secure = url.scheme == "https"
    host, port = url.hostname or "", url.port or (443 if secure else 80)
    proxy = reach.proxy
    if proxy is None:
        return _secure(host, port, reach, time_out) if secure else _Plain(host, port, timeout=time_out)
    near, door = proxy.hostname or "", proxy.port or 80
    if not secure:
        return http.client.HTTPConnection(near, door, timeout=time_out)
    tunnel = http.client.HTTPSConnection(near, door, timeout=time_out, context=reach.tls or tls_context())
    tunnel.set_tunnel(host, port, headers=dict(proxy_credential(proxy)))
    return tunnel


def connecting(url: SplitResult, reach: Reach, time_out: float) -> str:
    """Why no connection to a target can be opened, in a few words; empty if one can."""
    connection = connection_to(url, reach, time_out)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted: {error.verify_message}"
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    finally:
        connection.close()
    return ""


def proxy_credential(proxy: SplitResult) -> Iterable[tuple[str, str]]:
    """The header field that tells the proxy who we are, if its URL does."""
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        yield "proxy-authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"


class _Plain(http.client.HTTPConnection):
    """Connects only to an address that the host may stand for."""

    def connect(self) -> None:
        self.sock = _opened(self.host, self.port, self.timeout)


def _secure(host: str, port: int, reach: Reach, time_out: float) -> http.client.HTTPSConnection:
    context = reach.tls or tls_context()

    class Secure(http.client.HTTPSConnection):
        """The same under TLS."""

        def connect(self) -> None:
            self.sock = context.wrap_socket(_opened(self.host, self.port, self.timeout), server_hostname=self.host)

    return Secure(host, port, timeout=time_out, context=context)


def _opened(host: str, port: int, time_out: float | None) -> socket.socket:
    """A socket to the first address that answers.

    `localhost` is this machine, whatever a resolver says, and another name is not: who controls a name could otherwise have
    us speak to what listens here, or to a cloud's own address for its secrets.

    Raises:
        OSError: nobody answers, or no address may be spoken to.
    """
    wanted = is_loopback(host)
    refused = OSError(f"no address of `{host}` may be spoken to")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not _may_stand_for(str(address[0]), wanted):
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(time_out)
            sock.connect(address)
        except OSError as error:
            sock.close()
            refused = error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise refused


def _may_stand_for(address: str, this_machine: bool) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if this_machine:
        return found.is_loopback
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)
