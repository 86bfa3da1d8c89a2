"""Requests that go astray on purpose: by another method, or to another spelling of the path. Nobody has said what they are
answered with, but answered they have to be, in whole and without a server error; and nobody is let in by a spelling."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.probes.base import JSON_HEADERS, Case, Kit, Lack
from smscontract.probes.states import fresh
from smscontract.resources import Entry

__all__ = ["ORDER", "START", "cases"]

ORDER = 40
#: The round of the plan in which they begin: first comes what most servers are asked.
START = 4

#: Methods that change nothing (RFC 9110, section 9.2.1).
_SAFE = ("GET", "HEAD", "OPTIONS")
#: Methods that may: only on what does not exist, or with a body that has to be refused.
_UNSAFE = ("PUT", "PATCH", "DELETE")


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Each other method, a path with one slash more, and an id with escapes that it does not need."""
    aims = (*kit.clause("protocol/no-server-error"), *kit.clause("protocol/answers"))
    missing = _missing(kit)
    if missing is None:
        return
    harmless = b"{}" if kit.operation.body is not None and kit.assess(b"{}").violations else b""
    for method in (*_SAFE, *_UNSAFE):
        if method == kit.operation.method or (method in _UNSAFE and not missing and not harmless):
            continue
        body = harmless if method in _UNSAFE else b""
        yield Case(
            name=f"method {method}",
            aims=aims,
            method=method,
            body=body,
            headers=JSON_HEADERS if body else (),
            entries=missing,
        )
    body, headers = _accepted(kit)
    entries, spends = fresh(kit)
    yield Case(
        name="a slash more",
        aims=aims,
        spelling="slash",
        body=harmless,
        headers=JSON_HEADERS if harmless else (),
        entries=missing,
    )
    if kit.operation.security is not None:
        aims = (*kit.clause("auth/absent"), *aims)
        yield Case(
            name="a slash more, credential absent",
            aims=aims,
            spelling="slash",
            body=body,
            headers=headers,
            entries=entries,
            credential="absent",
            spends=spends,
        )
    for name, entry in missing.items():
        yield Case(
            name=f"{name} escaped",
            aims=kit.clause(f"state/{name}/{entry.state}"),
            spelling="escaped",
            body=body,
            headers=headers,
            entries=missing,
        )


def _missing(kit: Kit) -> dict[str, Entry] | None:
    """What does not exist for each path parameter; `None` where the resources name nothing that is missing."""
    found = {}
    for parameter in kit.operation.parameters:
        if parameter.where == "path":
            entries = kit.resources.entries(parameter.name, "missing")
            if not entries:
                return None
            found[parameter.name] = entries[0]
    return found


def _accepted(kit: Kit) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    return (kit.encoded(kit.least), JSON_HEADERS) if kit.operation.body is not None else (b"", ())
