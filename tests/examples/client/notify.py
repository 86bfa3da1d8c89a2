"""A small client library, as anybody would write one: it texts customers about their invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Notifier:
    """Sends what was drafted, and starts conversations."""

    base: str
    token: str
    client: httpx.Client

    def send(self, message_id: str) -> str:
        """Sends a drafted message and says how it stands."""
        answer = self.client.post(
            f"{self.base}/v2/sms-threads/messages/{message_id}/send", headers={"authorization": f"Bearer {self.token}"}
        )
        answer.raise_for_status()
        return str(answer.json()["status"])

    def ask(self, user: str, agent: str, message: str) -> Any:
        """Starts a conversation and gives its id."""
        answer = self.client.post(
            f"{self.base}/v1/sms/create",
            headers={"authorization": self.token},
            json={"user_number": user, "agent_number": agent, "message": message},
        )
        answer.raise_for_status()
        return answer.json()["data"]["conversation_id"]
