"""The judge at the speed of the parser: what is like an exchange that was judged is counted, and only the rest is judged."""

from __future__ import annotations

from smscontract.kernel.calm import Calm
from smscontract.kernel.carry import Carrier, stored, taken
from smscontract.kernel.rows import Rows
from smscontract.kernel.take import Kernel, Stopped

__all__ = ["Calm", "Carrier", "Kernel", "Rows", "Stopped", "stored", "taken"]
