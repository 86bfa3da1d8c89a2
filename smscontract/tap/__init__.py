"""Takes every exchange that HTTP clients of this process make with known operations. One file per client.

A client never notices: it gets the very objects, bytes and errors that it would get without us, in the same order, and what it
reads piece by piece is read piece by piece. Nothing is patched before `Tap.install` and nothing after `Tap.remove`; a client
that is never imported is never touched.
"""

from __future__ import annotations

from smscontract.tap._taken import Taken
from smscontract.tap._tap import Tap
from smscontract.tap._where import Operations

__all__ = ["Operations", "Taken", "Tap"]
