"""Wrong servers of the other provider: which conversation two numbers get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.records import Conversation
from smscontract.sandbox.store import Transaction
from tests.faults.model import Bland, Kind, logic, read

__all__: list[str] = []

USER = "request/user_number:refuses"
AGENT = "request/agent_number:refuses"
MESSAGE = "request/message:refuses"
BOTH = (USER, AGENT)
REUSED = "rule/active-reused"
ORDER = "rule/timeout-order"
Body = Mapping[str, Any]


# -- which conversation


@logic(Kind.MEANING, "rule/new-is-new")
class NewIsIgnored(Bland):
    def starts_anew(self, wish: Body) -> bool:  # noqa: ARG002 - that is the fault
        return False


@logic(Kind.MEANING, REUSED, also=("rule/refused-changes-nothing",))
class AlwaysNew(Bland):
    def starts_anew(self, wish: Body) -> bool:  # noqa: ARG002 - that is the fault
        return True


@logic(Kind.MEANING, REUSED)
class FalseCountsAsTrue(Bland):
    def understood(self, body: Body) -> dict[str, Any]:
        return {**super().understood(body), "new_conversation": "new_conversation" in body}


@logic(Kind.MEANING, REUSED)
class NewWithEachPathway(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) or "curr_pathway_id" in wish


@logic(Kind.MEANING, REUSED)
class NewForAgentsMessages(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) or wish["sender"] == "AGENT"


@logic(Kind.MEANING, REUSED, also=("rule/refused-changes-nothing",))
class NewWithTimeouts(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) or "time_out" in wish


@logic(Kind.MEANING, REUSED)
class NewWithMetadata(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) or "request_data" in wish


@logic(Kind.MEANING, "rule/new-is-new", note="needs two facts: new, and a message of the agent's")
class NewIsIgnoredForAgents(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) and wish["sender"] == "USER"


@logic(Kind.MEANING, "rule/new-is-new", note="needs two facts: new, and a pathway")
class NewIsIgnoredWithAPathway(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) and "curr_pathway_id" not in wish


@logic(Kind.MEANING, "rule/new-is-new", note="needs two facts: new, and a time-out")
class NewIsIgnoredWithATimeout(Bland):
    def starts_anew(self, wish: Body) -> bool:
        return bool(wish["new_conversation"]) and "time_out" not in wish


class _Keyed(Bland):
    """Conversations found by something else than both numbers."""

    def scope_of(self, conversation: Conversation) -> Any:
        raise NotImplementedError

    def conversation_for(self, tx: Transaction, wish: Body) -> Conversation:
        probe = Conversation(
            id="",
            user_number=wish["user_number"],
            agent_number=wish["agent_number"],
            created_at="",
            updated_at="",
            workflow_id="",
        )
        found = [one for one in tx.conversations() if one.is_active and self.scope_of(one) == self.scope_of(probe)]
        if not found or self.starts_anew(wish):
            for one in found:
                self.archive(tx, one)
            return super().conversation_for(tx, wish)
        updated = self.updated(tx, found[-1], wish)
        tx.replace_conversation(updated)
        return updated


@logic(
    Kind.MEANING,
    "rule/one-pair-per-conversation",
    also=(REUSED, "rule/refused-changes-nothing", "rule/workflow-belongs-to-one-pair"),
)
class KeyedByUserAlone(_Keyed):
    def scope_of(self, conversation: Conversation) -> Any:
        return conversation.user_number


@logic(
    Kind.MEANING,
    "rule/one-pair-per-conversation",
    also=(REUSED, "rule/refused-changes-nothing", "rule/workflow-belongs-to-one-pair"),
)
class KeyedByAgentAlone(_Keyed):
    def scope_of(self, conversation: Conversation) -> Any:
        return conversation.agent_number


@logic(
    Kind.MEANING,
    REUSED,
    "rule/one-pair-per-conversation",
    also=("rule/one-pair-per-conversation", "rule/refused-changes-nothing"),
)
class ArchivesTheUsersOthers(Bland):
    """New with one agent ends the user's conversations with all others."""

    def archive(self, tx: Transaction, conversation: Conversation) -> None:
        for one in tx.conversations():
            if one.is_active and one.user_number == conversation.user_number:
                super().archive(tx, one)


@logic(Kind.MEANING, REUSED, also=("rule/refused-changes-nothing",))
class OldOneStaysActive(Bland):
    """New does not archive: afterwards the older one is found again."""

    def conversation_for(self, tx: Transaction, wish: Body) -> Conversation:
        found = [
            one
            for one in tx.conversations()
            if (one.user_number, one.agent_number) == (wish["user_number"], wish["agent_number"])
        ]
        if not found or self.starts_anew(wish):
            opened = self.updated(tx, self.opened(tx, wish), wish)
            tx.add_conversation(opened)
            return opened
        return self.updated(tx, found[0], wish)


@logic(Kind.MEANING, "rule/new-is-new", note="the same body twice within a minute is taken for a retry")
class SameBodyIsARetry(Bland):
    def answer(self, ask: Ask) -> Answer:
        kept: dict[bytes, Answer] = self.__dict__.setdefault("kept", {})
        if b'"new_conversation": true' not in ask.body:
            return super().answer(ask)
        known = kept.get(ask.body)
        if known is not None and self.refuse_stranger(ask) is None:
            return known
        answer = super().answer(ask)
        if answer.status == 200:
            kept[ask.body] = answer
        return answer


@logic(Kind.MEANING, "rule/refused-changes-nothing", also=("rule/active-reused",))
class RefusedArchives(Bland):
    def create(self, ask: Ask) -> Answer:
        answer = super().create(ask)
        if answer.status == 400:
            body = read(ask)
            with self.store.transaction() as tx:
                active = tx.active_conversation(str(body.get("user_number")), str(body.get("agent_number")))
                if active is not None:
                    self.archive(tx, active)
        return answer


@logic(Kind.MEANING, "rule/refused-changes-nothing", note="only the refusal that comes after the change")
class RefusedTimeoutsArchive(Bland):
    def create(self, ask: Ask) -> Answer:
        answer = super().create(ask)
        if answer.status == 400 and "INVALID_TIMEOUT_CONFIG" in json.dumps(answer.body):
            body = read(ask)
            with self.store.transaction() as tx:
                active = tx.active_conversation(str(body.get("user_number")), str(body.get("agent_number")))
                if active is not None:
                    self.archive(tx, active)
        return answer


@logic(Kind.MEANING, "rule/one-pair-per-conversation", also=("rule/new-is-new", "rule/workflow-belongs-to-one-pair"))
class OneIdForAll(Bland):
    def created(self, conversation: Conversation) -> Answer:
        return super().created(replace(conversation, id="conv_1"))


@logic(Kind.MEANING, "rule/workflow-belongs-to-one-pair")
class OneWorkflowForAll(Bland):
    def created(self, conversation: Conversation) -> Answer:
        return super().created(replace(conversation, workflow_id="workflow_1"))


@logic(Kind.MEANING, "rule/workflow-belongs-to-one-pair")
class WorkflowOfTheAgent(Bland):
    def created(self, conversation: Conversation) -> Answer:
        return super().created(replace(conversation, workflow_id=f"workflow{conversation.agent_number[-4:]}"))


@logic(Kind.MEANING, "rule/ids-differ", also=("rule/new-is-new",))
class WorkflowIdForConversation(Bland):
    def created(self, conversation: Conversation) -> Answer:
        return super().created(replace(conversation, workflow_id=conversation.id))


@logic(Kind.MEANING, REUSED, "rule/ids-differ", also=(REUSED, "rule/refused-changes-nothing", "rule/ids-differ"))
class ConversationIdIsTheWorkflows(Bland):
    def created(self, conversation: Conversation) -> Answer:
        return super().created(replace(conversation, id=conversation.workflow_id))


@logic(Kind.MEANING, "rule/ids-not-blank")
class WorkflowIdBlankWhenReused(Bland):
    def created(self, conversation: Conversation) -> Answer:
        reused = conversation.created_at != conversation.updated_at
        return super().created(replace(conversation, workflow_id=" " if reused else conversation.workflow_id))
