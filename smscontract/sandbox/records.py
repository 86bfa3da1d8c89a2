"""What the sandbox remembers, as frozen values that turn into JSON objects and back. Times are texts, see `clock.stamp`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

__all__ = ["Conversation", "Entry", "Message", "Record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Base: a dataclass of JSON values."""

    def as_json(self) -> dict[str, Any]:
        """All fields by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The record that `as_json` wrote."""
        return cls(**value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """An SMS message of Stuut's: the fields that its API shows but for `object`, and whose it is.

    Attributes:
        label: what it was made for, or `None` (then the control plane never offers it).
    """

    id: str
    organisation: str
    body: str
    from_number: str
    to_number: str
    created_at: str
    status: str = "draft"
    direction: str = "outbound"
    modified_at: str | None = None
    sms_thread_id: str | None = None
    classifications: list[dict[str, Any]] = field(default_factory=list)
    is_automated: bool = False
    sent_at: str | None = None
    delivered_at: str | None = None
    error_message: str | None = None
    label: str | None = None

    @property
    def offered_as(self) -> str | None:
        """The label under which it can be offered now: a draft that was sent is no draft any more."""
        if self.label is not None and self.label.partition("-")[0] == "draft" and self.status != "draft":
            return self.status
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(Record):
    """A conversation of Bland's between two numbers.

    Attributes:
        settings: what requests said of its place in a pathway, its metadata and its time-outs, by their own names.
    """

    id: str
    user_number: str
    agent_number: str
    created_at: str
    updated_at: str
    workflow_id: str
    is_active: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Record):
    """One message in a conversation's history."""

    message: str
    sender: str
    created_at: str
    message_sid: str | None = None
