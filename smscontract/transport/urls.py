"""Which hosts may be probed: this machine, and what the user named."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from smscontract.errors import UsageError

__all__ = ["is_loopback", "target_url"]

_NETLOC = re.compile(r"[!-~]+")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: `localhost` or a loopback address. Other names could point anywhere."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    # Python's versions disagree on `::ffff:127.0.0.1`, and nobody needs to write it so.
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


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
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not _NETLOC.fullmatch(parts.netloc):
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
