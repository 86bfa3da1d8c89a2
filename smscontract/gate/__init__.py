"""The gate: plans, sends and judges one or more targets, and says how it ended."""

from __future__ import annotations

from smscontract.gate._apps import app_targets
from smscontract.gate._forecast import Forecast, forecast
from smscontract.gate._journal import Past, read_journal
from smscontract.gate._needs import needed_by, pretended
from smscontract.gate._run import Request, gate, planned
from smscontract.gate._targets import Target, handover, targets_of
from smscontract.gate._way import Costs, Way, is_harmless

__all__ = [
    "Costs",
    "Forecast",
    "Past",
    "Request",
    "Target",
    "Way",
    "app_targets",
    "forecast",
    "gate",
    "handover",
    "is_harmless",
    "needed_by",
    "planned",
    "pretended",
    "read_journal",
    "targets_of",
]
