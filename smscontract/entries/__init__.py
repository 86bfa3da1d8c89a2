"""Entries of targets in the configuration: `[targets.NAME]`. Reading one runs no command and asks for no variable; that is
done when the target is used, so that a run that does not use it needs neither.
"""

from __future__ import annotations

from smscontract.entries._entry import Needed, Refuse, TargetEntry, Value, output_of
from smscontract.entries._read import KEYS, read_entry

__all__ = ["KEYS", "Needed", "Refuse", "TargetEntry", "Value", "output_of", "read_entry"]
