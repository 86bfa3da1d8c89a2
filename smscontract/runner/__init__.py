"""The loop of a live run: send, judge, confirm what could be an outage, spend resources, then fuzz with what is left."""

from __future__ import annotations

from smscontract.runner._credentials import GARBAGE, credential
from smscontract.runner._loop import REFUSED, Runner
from smscontract.runner._progress import Limits, Progress

__all__ = ["GARBAGE", "REFUSED", "Limits", "Progress", "Runner", "credential"]
