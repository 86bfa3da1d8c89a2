"""Bland's neighbours of `POST /v1/sms/create`: a conversation read back by its id, and set active or not.

Only as much of them as a run needs to see what it made and to end it. Their pages tell the members; where they do not say what
a member holds, it is null, as their examples have it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smscontract.sandbox.bland import Bland, Problem
from smscontract.sandbox.calls import Answer, Ask, match
from smscontract.sandbox.clock import stamp
from smscontract.sandbox.records import Conversation, Entry
from smscontract.sandbox.strict_json import NotJsonError

__all__ = ["Conversations"]

_NULL = ("timed_out_at", "effective_channel", "summary", "citation_variables", "disposition_tag")


class Conversations:
    """Answers for one conversation.

    Args:
        bland: whose store, key and forms of refusal these are.
    """

    template = "/v1/sms/conversations/{id}"

    def __init__(self, bland: Bland) -> None:
        self.bland = bland

    def answer(self, ask: Ask) -> Answer | None:
        """The answer, or `None` on a path that is none of these."""
        parameters = match(self.template, ask.path)
        if parameters is None:
            return None
        if ask.method not in ("GET", "PATCH"):
            return replace(self.bland.no_such_method(), headers=(("allow", "GET, PATCH"),))
        stranger = self.bland.refuse_stranger(ask)
        if stranger is not None:
            return stranger
        return self.read(parameters["id"]) if ask.method == "GET" else self.change(parameters["id"], ask)

    def read(self, conversation_id: str) -> Answer:
        """The conversation with its messages."""
        with self.bland.store.transaction() as tx:
            found = tx.conversation(conversation_id)
            if found is None:
                return self.missing()
            return Answer(200, {"data": self.shown(found, tx.entries(found.id)), "errors": None})

    def shown(self, conversation: Conversation, entries: list[Entry]) -> dict[str, Any]:
        """What is told of a conversation. What came as `request_data` comes back as its variables."""
        settings = conversation.settings
        return {
            "id": conversation.id,
            "created_at": conversation.created_at,
            "updated_at": conversation.updated_at,
            "user_number": conversation.user_number,
            "agent_number": conversation.agent_number,
            "variables": settings.get("request_data"),
            **{name: settings.get(name) for name in ("current_node_id", "curr_pathway_id", "curr_pathway_version")},
            **dict.fromkeys(_NULL),
            "is_active": conversation.is_active,
            "messages": [self.message(conversation, number, entry) for number, entry in enumerate(entries, 1)],
            "disposition_logs": [],
        }

    def message(self, conversation: Conversation, number: int, entry: Entry) -> dict[str, Any]:
        """One message of it. Nothing was sent, so it has no status."""
        ends = (conversation.user_number, conversation.agent_number)
        sender, receiver = ends if entry.sender == "USER" else ends[::-1]
        return {
            "id": number,
            "created_at": entry.created_at,
            "message": entry.message,
            "from": sender,
            "to": receiver,
            "sender": entry.sender,
            "status": None,
            "error_code": None,
        }

    def change(self, conversation_id: str, ask: Ask) -> Answer:
        """Sets it active or not."""
        refused = self.bland.refuse_form(ask)
        if refused is not None:
            return refused
        try:
            active = self.bland.read(ask.body).get("is_active")
        except NotJsonError as error:
            return self.bland.refused(400, Problem("INVALID_REQUEST", f"Invalid request body: {error}"))
        if not isinstance(active, bool):
            return self.bland.refused(400, Problem("INVALID_REQUEST", "Invalid request body: is_active must be a boolean"))
        with self.bland.store.transaction() as tx:
            found = tx.conversation(conversation_id)
            if found is None:
                return self.missing()
            changed = replace(found, is_active=active, updated_at=stamp(self.bland.clock()))
            tx.replace_conversation(changed)
        told = {"id": changed.id, "is_active": changed.is_active, "updated_at": changed.updated_at}
        return Answer(200, {"message": "Conversation updated successfully", "conversation": told})

    def missing(self) -> Answer:
        """As the page has it."""
        return self.bland.refused(404, Problem("CONVERSATION_NOT_FOUND", "Conversation not found"))
