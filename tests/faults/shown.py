"""A server of the one provider that stores what is right, and shows something else."""

from __future__ import annotations

from typing import Any

from smscontract.sandbox.records import Message
from smscontract.sandbox.stuut import Stuut

__all__ = ["Shown"]


class Shown(Stuut):
    """Only the answer is wrong, not what is stored."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        """What is shown instead of a body."""
        raise NotImplementedError

    def present(self, message: Message) -> dict[str, Any]:
        return self.changed(super().present(message))
