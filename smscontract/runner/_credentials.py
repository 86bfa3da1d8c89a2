"""The credentials of cases: the good one, none, and some that open nothing."""

from __future__ import annotations

import base64

from smscontract.exchange import Auth
from smscontract.probes.base import Credential, Kit

__all__ = ["GARBAGE", "credential"]

#: A credential that opens nothing anywhere.
GARBAGE = "smscontract-no-such-credential"


def credential(kit: Kit, kind: str, token: str | None) -> Credential:
    """The credential of a case by its word.

    Args:
        kind: `good`, `absent`, `garbage` or `scheme`.
        token: the good one.
    """
    security = kit.operation.security
    if security is None:
        return Credential(None, None)
    prefix = {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "")
    if kind == "good":
        return Credential(f"{prefix}{token}" if token is not None else None, Auth.GOOD if token is not None else None)
    if kind == "absent":
        return Credential(None, Auth.ABSENT)
    if kind == "garbage":
        return Credential(f"{prefix}{GARBAGE}", Auth.WRONG)
    other = f"Bearer {GARBAGE}" if security.kind == "key" else f"Basic {base64.b64encode(GARBAGE.encode()).decode()}"
    return Credential(other, Auth.WRONG)
