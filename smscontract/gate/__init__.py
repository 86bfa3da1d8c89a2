"""The gate: plans, sends and judges one or more targets, and says how it ended."""

from __future__ import annotations

from smscontract.gate._apps import app_targets
from smscontract.gate._run import Request, gate, planned
from smscontract.gate._targets import Target, handover, targets_of

__all__ = ["Request", "Target", "app_targets", "gate", "handover", "planned", "targets_of"]
