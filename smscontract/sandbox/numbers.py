"""The phone numbers that the sandbox knows. Each is reserved: no text to one can reach anybody.

`+1 AREA 555 0100` to `0199` are set aside for fiction by the North American Numbering Plan; `+1 500 555 000x` are Twilio's test
numbers (https://www.twilio.com/docs/iam/test-credentials), which stand here for the outcomes that Twilio gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "BLAND_FOREIGN",
    "BLAND_OWNED",
    "BLAND_USERS",
    "CUSTOMERS",
    "DELIVERED",
    "FAILING",
    "FOREIGN_SENDER",
    "OUTCOMES",
    "PENDING",
    "SENDER",
    "SENT",
    "UNDELIVERED",
    "Outcome",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a text: the status that the send answers with, and Twilio's words where it went wrong."""

    status: str
    error_message: str | None = None


SENDER = "+12025550100"
FOREIGN_SENDER = "+12125550100"
CUSTOMERS = tuple(f"+1202555{last:04}" for last in range(110, 150))

SENT = "+15005550006"
PENDING = "+15005550008"
DELIVERED = "+12025550161"

#: The number that a text goes to decides what becomes of it; any other number gives `sent`.
OUTCOMES: Mapping[str, Outcome] = {
    "+15005550001": Outcome("failed", "Invalid 'To' Phone Number"),  # 21211
    "+15005550002": Outcome(  # 21612
        "failed", "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"
    ),
    "+15005550003": Outcome(  # 21408
        "failed", "Permission to send an SMS or MMS has not been enabled for the region indicated by the 'To' number"
    ),
    "+15005550004": Outcome("failed", "Attempt to send to unsubscribed recipient"),  # 21610
    "+15005550009": Outcome("failed", "'To' number is not a valid mobile number"),  # 21614
    SENT: Outcome("sent"),
    PENDING: Outcome("pending"),  # as a sender this number's queue is full, so here the text waits
    DELIVERED: Outcome("delivered"),
    "+12025550162": Outcome("undelivered", "Unreachable destination handset"),  # 30003
    "+12025550163": Outcome("undelivered", "Landline or unreachable carrier"),  # 30006
}
FAILING = tuple(number for number, outcome in OUTCOMES.items() if outcome.status == "failed")
UNDELIVERED = tuple(number for number, outcome in OUTCOMES.items() if outcome.status == "undelivered")

#: Bland: the account's own numbers, another account's, and people.
BLAND_OWNED = tuple(f"+1415555{last:04}" for last in range(100, 105))
BLAND_FOREIGN = tuple(f"+1415555{last:04}" for last in range(195, 200))
BLAND_USERS = tuple(f"+1415555{last:04}" for last in range(110, 160))
