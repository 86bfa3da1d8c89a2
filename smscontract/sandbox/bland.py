"""Bland: `POST /v1/sms/create`.

Each method is one decision, so that a wrong server is this class with one method overridden. Where the provider's page is
silent, the method says what was decided.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from smscontract.sandbox.calls import BODY_KEPT, Answer, Ask
from smscontract.sandbox.clock import Clock, stamp
from smscontract.sandbox.numbers import BLAND_OWNED
from smscontract.sandbox.records import Conversation, Entry
from smscontract.sandbox.store import Store, Transaction
from smscontract.sandbox.strict_json import NotJsonError, parse

__all__ = ["FIELDS", "Bland", "Problem"]

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One member of `errors`: a code for programs and a text for people. It quotes nothing that was sent."""

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A member of the request body: the method `is_KIND` decides, `must` completes the sentence."""

    kind: str
    must: str
    required: bool = False


_TEXT, _NUMBER = _Field("text", "a string"), _Field("number", "a number")
_PHONE = _Field("phone", "a phone number in E.164 format", required=True)

#: The fourteen documented members. Others are ignored.
FIELDS: Mapping[str, _Field] = {
    "user_number": _PHONE,
    "agent_number": _PHONE,
    "message": _Field("text", "a string", required=True),
    "message_sid": _TEXT,
    "curr_pathway_id": _TEXT,
    "curr_pathway_version": _TEXT,
    "current_node_id": _TEXT,
    "request_data": _Field("object", "an object"),
    "new_conversation": _Field("flag", "a boolean"),
    "sender": _Field("sender", "USER or AGENT"),
    "time_out": _NUMBER,
    "timeout_message": _TEXT,
    "warning_time": _NUMBER,
    "warning_message": _TEXT,
}

_SETTINGS = (
    "curr_pathway_id",
    "curr_pathway_version",
    "current_node_id",
    "request_data",
    "time_out",
    "timeout_message",
    "warning_time",
    "warning_message",
)


class Bland:
    """The endpoint.

    Args:
        store: where conversations are.
        clock: what time it is.
        key: the API key that is accepted.
    """

    prefix = "v1"
    method = "POST"
    template = "/v1/sms/create"
    body_limit = BODY_KEPT

    def __init__(self, store: Store, clock: Clock, key: str) -> None:
        self.store = store
        self.clock = clock
        self.key = key

    def answer(self, ask: Ask) -> Answer:
        """Authentication, the form of the body, its content, and only then a change."""
        return self.refuse_stranger(ask) or self.refuse_form(ask) or self.create(ask)

    # who asks

    def refuse_stranger(self, ask: Ask) -> Answer | None:
        """`None` for the right key, else 401."""
        key = ask.only("authorization")
        return None if key is not None and self.accepts(key) else self.unauthorized()

    def accepts(self, key: str) -> bool:
        """Whether the key is the right one. The page shows the bare key; `Bearer KEY` is refused."""
        return hmac.compare_digest(key.strip().encode(), self.key.encode())

    # the form of the body

    def refuse_form(self, ask: Ask) -> Answer | None:
        """`None` for a body that can be read as JSON, else 413 or 415."""
        if ask.size > self.body_limit:
            return self.refused(413, Problem("PAYLOAD_TOO_LARGE", f"The body is longer than {self.body_limit} bytes"))
        if not self.is_json(ask):
            return self.refused(415, Problem("UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json"))
        return None

    def is_json(self, ask: Ask) -> bool:
        """Whether the body is declared as JSON; parameters such as a charset say nothing new (RFC 8259 section 11)."""
        media_type = (ask.only("content-type") or "").partition(";")[0]
        return media_type.strip().lower() == "application/json"

    # the content of the body

    def create(self, ask: Ask) -> Answer:
        """Stores the message in a conversation. The transaction ends before the answer leaves."""
        try:
            body = self.read(ask.body)
        except NotJsonError as error:
            return self.refused(400, Problem("INVALID_REQUEST", f"Invalid request body: {error}"))
        problems = list(self.problems(body))
        if problems:
            return self.refused(400, *problems)
        wish = self.understood(body)
        with self.store.transaction() as tx:
            conversation = self.conversation_for(tx, wish)
            self.remember(tx, conversation, wish)
        return self.created(conversation)

    def read(self, body: bytes) -> dict[str, Any]:
        """The body as an object.

        Raises:
            NotJsonError: it is none.
        """
        value = parse(body)
        if not isinstance(value, dict):
            raise NotJsonError("it must be an object")
        return value

    def problems(self, body: Mapping[str, Any]) -> Iterator[Problem]:
        """Everything that is wrong with a body, all of it at once: its members, then what they mean."""
        yield from self.wrong_members(body)
        agent_number = body.get("agent_number")
        if isinstance(agent_number, str) and self.is_phone(agent_number) and not self.owns(agent_number):
            yield Problem("AGENT_NUMBER_NOT_FOUND", "Agent number not found or not configured for SMS")
        if not self.timeouts_fit(body):
            yield Problem("INVALID_TIMEOUT_CONFIG", "warning_time must be less than time_out")

    def wrong_members(self, body: Mapping[str, Any]) -> Iterator[Problem]:
        """Members that are missing or of another kind."""
        for name, field in FIELDS.items():
            if not self.is_given(body, name):
                if field.required:
                    yield Problem("INVALID_REQUEST", f"Invalid request body: {name} is required")
            elif not self.fits(field.kind, body[name]):
                yield Problem("INVALID_REQUEST", f"Invalid request body: {name} must be {field.must}")

    def is_given(self, body: Mapping[str, Any], name: str) -> bool:
        """Whether a member says anything. `null` says nothing; the page does not tell."""
        return body.get(name) is not None

    def fits(self, kind: str, value: Any) -> bool:
        """Whether a value is of a kind of `FIELDS`. Nothing is converted: `"5"` is no number."""
        return bool(getattr(self, f"is_{kind}")(value))

    def is_text(self, value: Any) -> bool:
        """Any string, an empty one too: no length is documented."""
        return isinstance(value, str)

    def is_phone(self, value: Any) -> bool:
        """E.164: a plus, then 2 to 15 ASCII digits of which the first is not 0, and nothing after them."""
        return isinstance(value, str) and _E164.fullmatch(value) is not None

    def is_sender(self, value: Any) -> bool:
        """One of the two, in capitals."""
        return isinstance(value, str) and value in {"USER", "AGENT"}

    def is_object(self, value: Any) -> bool:
        """Any object."""
        return isinstance(value, dict)

    def is_flag(self, value: Any) -> bool:
        """True or false."""
        return isinstance(value, bool)

    def is_number(self, value: Any) -> bool:
        """Any number; in Python, not in JSON, a boolean is one. No bound is documented, so none is set."""
        return isinstance(value, int | float) and not isinstance(value, bool)

    def owns(self, agent_number: str) -> bool:
        """Whether the number belongs to the account."""
        return agent_number in BLAND_OWNED

    def timeouts_fit(self, body: Mapping[str, Any]) -> bool:
        """Whether the warning comes before the time-out. One of the two alone is compared with nothing: the page does not say
        whether what an earlier request left counts."""
        warning_time: Any = body.get("warning_time")
        time_out: Any = body.get("time_out")
        if not self.is_number(warning_time) or not self.is_number(time_out):
            return True
        return bool(warning_time < time_out)

    def understood(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The documented members that were given, and the defaults of those that have one."""
        given = {name: body[name] for name in FIELDS if self.is_given(body, name)}
        return {"new_conversation": False, "sender": self.default_sender(), **given}

    def default_sender(self) -> str:
        """Who sent a message of which nobody is said to have sent it."""
        return "USER"

    # the conversation

    def conversation_for(self, tx: Transaction, wish: Mapping[str, Any]) -> Conversation:
        """The conversation that the message belongs to, with what the request says of it."""
        active = tx.active_conversation(wish["user_number"], wish["agent_number"])
        if active is not None and self.starts_anew(wish):
            self.archive(tx, active)
            active = None
        if active is None:
            active = self.opened(tx, wish)
            tx.add_conversation(active)
        active = self.updated(tx, active, wish)
        tx.replace_conversation(active)
        return active

    def starts_anew(self, wish: Mapping[str, Any]) -> bool:
        """Whether a conversation that is active must make room."""
        return bool(wish["new_conversation"])

    def archive(self, tx: Transaction, conversation: Conversation) -> None:
        """Ends a conversation; it stays readable."""
        tx.replace_conversation(replace(conversation, is_active=False, updated_at=stamp(self.clock())))

    def opened(self, tx: Transaction, wish: Mapping[str, Any]) -> Conversation:
        """A new conversation."""
        now = stamp(self.clock())
        return Conversation(
            id=tx.fresh_id("conv"),
            user_number=wish["user_number"],
            agent_number=wish["agent_number"],
            created_at=now,
            updated_at=now,
            workflow_id="",
        )

    def updated(self, tx: Transaction, conversation: Conversation, wish: Mapping[str, Any]) -> Conversation:
        """The conversation after a request: what is given replaces, what is not persists. Each request triggers a workflow of
        its own."""
        return replace(
            conversation,
            settings={**conversation.settings, **self.settings(wish)},
            workflow_id=tx.fresh_id("workflow"),
            updated_at=stamp(self.clock()),
        )

    def settings(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """What a request says that outlives it."""
        return {name: wish[name] for name in _SETTINGS if name in wish}

    def remember(self, tx: Transaction, conversation: Conversation, wish: Mapping[str, Any]) -> None:
        """Stores the message in the history; nothing is sent."""
        entry = Entry(
            message=wish["message"],
            sender=wish["sender"],
            message_sid=wish.get("message_sid"),
            created_at=stamp(self.clock()),
        )
        tx.add_entry(conversation.id, entry)

    # the answers

    def created(self, conversation: Conversation) -> Answer:
        """The page's example answer; it is the same when an active conversation is used again."""
        data = {
            "message": "SMS conversation created successfully",
            "conversation_id": conversation.id,
            "workflow_id": conversation.workflow_id,
        }
        return Answer(200, {"data": data, "errors": None})

    def refused(self, status: int, *problems: Problem) -> Answer:
        """An error answer in the envelope that sibling pages show. 400 for whatever is wrong with a body."""
        errors = [{"error": problem.error, "message": problem.message} for problem in problems]
        return Answer(status, {"data": None, "errors": errors})

    def unauthorized(self) -> Answer:
        """As sibling pages have it; RFC 9110 section 15.5.2 asks for the header."""
        return replace(self.refused(401, Problem("AUTH_FAILURE", "Unauthorized")), headers=(("www-authenticate", "ApiKey"),))

    def no_such_path(self) -> Answer:
        """404 in the envelope."""
        return self.refused(404, Problem("NOT_FOUND", "Not found"))

    def no_such_method(self) -> Answer:
        """405 in the envelope."""
        return replace(
            self.refused(405, Problem("METHOD_NOT_ALLOWED", "Method not allowed")), headers=(("allow", self.method),)
        )

    def crashed(self) -> Answer:
        """A fault of ours."""
        return self.refused(500, Problem("INTERNAL_ERROR", "Internal server error"))
