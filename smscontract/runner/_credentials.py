"""The credentials of cases: the good one, none, some that open nothing, and near misses of the good one."""

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
        kind: `good`, `absent`, `garbage`, `scheme` (garbage under another scheme), `empty`; of the good one `prefix` (all but
            its end), `suffix` (with more behind it), `case` (the other case), `other-scheme` (under another scheme),
            `bare` (without its scheme) and `query` (in the query, where nobody asked for it); two headers: `twice` (garbage
            in both), `second` (the good one behind garbage), `first` (before it).
        token: the good one.
    """
    security = kit.operation.security
    if security is None:
        return Credential(None, None)
    prefix = {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "")
    if kind == "good":
        return Credential(f"{prefix}{token}" if token is not None else None, Auth.GOOD if token is not None else None)
    if kind in ("absent", "query"):
        return Credential(None, Auth.ABSENT)
    garbage, good = f"{prefix}{GARBAGE}", f"{prefix}{token}" if token is not None else None
    if kind == "garbage":
        return Credential(garbage, Auth.WRONG)
    if kind == "twice":
        return Credential(garbage, Auth.WRONG, garbage)
    if kind in ("first", "second") and good is not None:
        # Which of two counts, nobody has said.
        return Credential(*((good, None, garbage) if kind == "first" else (garbage, None, good)))
    miss = _near_miss(kind, token or "")
    if miss is not None and miss != token:
        return Credential(f"{prefix}{miss}".strip(), Auth.WRONG)
    if kind == "bare" and prefix and token is not None:
        return Credential(token, Auth.WRONG)
    if kind == "other-scheme" and token is not None:
        return Credential(f"{'Token' if security.kind == 'basic' else 'Basic'} {token}", Auth.WRONG)
    other = f"Bearer {GARBAGE}" if security.kind == "key" else f"Basic {base64.b64encode(GARBAGE.encode()).decode()}"
    return Credential(other, Auth.WRONG)


def _near_miss(kind: str, token: str) -> str | None:
    """What is almost the token; `None` for other words, and for a token that has no such neighbour."""
    if kind == "empty":
        return ""
    if kind == "prefix" and len(token) > 1:
        return token[: -min(8, len(token) // 2)]
    if kind == "suffix" and token:
        return f"{token}0"
    return token.swapcase() if kind == "case" and token else None
