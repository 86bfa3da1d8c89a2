"""Who is let in: no credential, a wrong one, the wrong scheme."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.probes.base import Case, Kit, Lack
from smscontract.probes.states import fresh

__all__ = ["ORDER", "cases"]

ORDER = 15

_KINDS = {"absent": "auth/absent", "garbage": "auth/wrong", "scheme": "auth/wrong"}


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Requests that are in order but for their credential."""
    if kit.operation.security is None:
        return
    entries, state = fresh(kit)
    for kind, clause in _KINDS.items():
        yield Case(
            name=f"credential {kind}",
            aims=(*kit.clause(clause), *kit.clause("auth/code")),
            body=kit.encoded(kit.least) if kit.operation.body is not None else b"",
            headers=(("content-type", "application/json"),) if kit.operation.body is not None else (),
            entries=entries,
            credential=kind,
            spends=state,
            rank=0,
        )
