"""Whether a request is one of a known operation, told at next to no cost, for every request of a whole test suite."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.documents import Operation

__all__ = ["Operations"]

#: Names that nobody can own (RFC 2606, RFC 6761) and addresses of this machine: a test that uses one means a stand-in.
_STAND_IN = re.compile(
    r"localhost|[a-z0-9_-]+|(?:.+\.)?(?:test|example|invalid|localhost|local)|(?:.+\.)?example\.(?:com|net|org)"
    r"|127(?:\.[0-9]{1,3}){3}|0\.0\.0\.0|\[::1?\]"
)
_REMEMBERED = 1024  # a test sends to the same few addresses again and again, and each client asks at each of its layers
_NEW = ("", False)
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)


class Operations:
    """The operations of a catalogue as a quick question: may this request be one of them?

    A host is known if a document lists it under `servers`, if it can only stand for another one (this machine, a name of one
    label, the names reserved for examples and tests), or if the user names it.

    Args:
        hosts: further hosts, with `*` as a wildcard.
    """

    def __init__(self, catalogue: Catalogue, hosts: Iterable[str] = ()) -> None:
        self._paths = {
            method: re.compile(rf"(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?(?:{paths})(?:[?#].*)?", re.DOTALL)
            for method, paths in _by_method(catalogue.operations.values()).items()
        }
        listed = {host for one in catalogue.operations.values() for host in _servers(one.raw)}
        self._hosts = tuple(sorted({*listed, *(host.lower() for host in hosts if host)}))
        self._known: dict[str, bool] = {}
        #: For requests that were asked about before the host, and whether it is known; `None` where method or path do not fit.
        self._told: dict[tuple[str, str], tuple[str, bool] | None] = {}
        #: Hosts that are not known, although path and method fit, and how often.
        self.elsewhere: Counter[str] = Counter()

    def path(self, method: str, url: str) -> bool:
        """Whether method and path are those of an operation, on whatever host."""
        pattern = self._paths.get(method)
        return pattern is not None and pattern.fullmatch(url) is not None

    def __call__(self, method: str, url: str) -> bool:
        """Whether a request belongs to an operation: method, path and host."""
        key = (method, url)
        told = self._told.get(key, _NEW)
        if told is _NEW:
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            told = self._told[key] = self._tell(method, url)
        if told is None:
            return False
        if not told[1]:
            self.elsewhere[told[0]] += 1
        return told[1]

    def _tell(self, method: str, url: str) -> tuple[str, bool] | None:
        if not self.path(method, url):
            return None
        found = _HOST.match(url)
        host = found[1].lower() if found else ""
        if host not in self._known:
            self._known[host] = self._is_known(host)
        return host, self._known[host]

    def _is_known(self, host: str) -> bool:
        return not host or _STAND_IN.fullmatch(host) is not None or any(fnmatchcase(host, one) for one in self._hosts)


def _by_method(operations: Iterable[Operation]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for operation in operations:
        found.setdefault(operation.method, []).append(re.sub(r"\?P<\w+>", "?:", operation.pattern.pattern))
    return {method: "|".join(paths) for method, paths in found.items()}


def _servers(document: Mapping[str, Any]) -> Iterable[str]:
    """The hosts that a document lists: its `servers` with the defaults and members of their variables."""
    for server in document.get("servers") or ():
        urls = [str(server.get("url", ""))]
        for name, variable in (server.get("variables") or {}).items():
            values = [variable.get("default"), *(variable.get("enum") or ())]
            urls = [url.replace(f"{{{name}}}", str(value)) for url in urls for value in values if value is not None]
        for url in urls:
            if found := _HOST.match(url):
                yield found[1].lower()
