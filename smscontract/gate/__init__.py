"""The gate: plans, sends and judges one or more targets, and says how it ended."""

from __future__ import annotations

from smscontract.gate._apps import app_targets
from smscontract.gate._journal import Past, read_journal
from smscontract.gate._needs import needed_by
from smscontract.gate._run import Request, gate, planned
from smscontract.gate._targets import Target, handover, targets_of
from smscontract.gate._way import is_harmless

__all__ = [
    "Past",
    "Request",
    "Target",
    "app_targets",
    "gate",
    "handover",
    "is_harmless",
    "needed_by",
    "planned",
    "read_journal",
    "targets_of",
]
