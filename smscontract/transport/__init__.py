"""The one way out: every request of every tier goes through `Transport.exchange`, and past its leash."""

from __future__ import annotations

from smscontract.transport._send import LIMIT_BYTES, TIME_OUT, Manners, NotSentError, Outgoing, Transport, UnsendableError
from smscontract.transport.leash import Leash, LeashError
from smscontract.transport.pace import Pace, retry_after
from smscontract.transport.reach import Reach, connecting, tls_context
from smscontract.transport.urls import is_loopback, target_url

__all__ = [
    "LIMIT_BYTES",
    "TIME_OUT",
    "Leash",
    "LeashError",
    "Manners",
    "NotSentError",
    "Outgoing",
    "Pace",
    "Reach",
    "Transport",
    "UnsendableError",
    "connecting",
    "is_loopback",
    "retry_after",
    "target_url",
    "tls_context",
]
