"""The one way out: every request of every tier goes through `Transport.exchange`, and past its leash."""

from __future__ import annotations

from smscontract.transport._send import LIMIT_BYTES, TIME_OUT, Manners, Outgoing, Transport, UnsendableError
from smscontract.transport.leash import Leash, LeashError
from smscontract.transport.urls import is_loopback, target_url

__all__ = [
    "LIMIT_BYTES",
    "TIME_OUT",
    "Leash",
    "LeashError",
    "Manners",
    "Outgoing",
    "Transport",
    "UnsendableError",
    "is_loopback",
    "target_url",
]
