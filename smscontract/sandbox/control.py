"""The control plane under `/_sandbox/`: what a test or the gate must know and set up. No endpoint of a provider knows of it.

| request | does |
|---|---|
| `GET /_sandbox/` | tokens, header fields and resources of both providers; plants again what was used up |
| `POST /_sandbox/drafts` | makes a message in any state; every member of the body is optional |
| `GET /_sandbox/messages[/ID]` | messages, with the texts that went out for each |
| `GET /_sandbox/conversations[/ID]` | conversations, with their histories |
| `GET /_sandbox/arrived` | every request that arrived, credentials replaced |
| `POST /_sandbox/reset` | everything as on the first day; `{"seed": 7}` for another first day |

Errors are `{"error": TEXT}`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from smscontract import __version__
from smscontract.sandbox import numbers, seed
from smscontract.sandbox.arrivals import Arrivals
from smscontract.sandbox.bland import Bland
from smscontract.sandbox.calls import Answer, Ask, segments
from smscontract.sandbox.clock import Clock, stamp
from smscontract.sandbox.records import Conversation, Message
from smscontract.sandbox.store import Store, Transaction
from smscontract.sandbox.strict_json import NotJsonError, parse
from smscontract.sandbox.stuut import Stuut

__all__ = ["PREFIX", "Control"]

PREFIX = "_sandbox"
_OFFERED = 100
_STATUSES = ("draft", "pending", "sent", "delivered", "failed", "undelivered")
_DIRECTIONS = ("inbound", "outbound")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


class _Refused(Exception):
    """The control request makes no sense; the text says why."""


class Control:
    """The control plane of one sandbox."""

    def __init__(self, store: Store, clock: Clock, arrivals: Arrivals, stuut: Stuut, bland: Bland) -> None:
        self.store = store
        self.clock = clock
        self.arrivals = arrivals
        self.stuut = stuut
        self.bland = bland

    def answer(self, ask: Ask) -> Answer:
        """What the control plane says; it may not be cached."""
        try:
            answer = self._routed(ask)
        except (_Refused, NotJsonError) as error:
            answer = Answer(400, {"error": str(error)})
        return replace(answer, headers=(*answer.headers, ("cache-control", "no-store")))

    def _routed(self, ask: Ask) -> Answer:
        match segments(ask.path)[1:]:
            case [] | [""]:
                return self._only("GET", ask, self.index)
            case ["drafts"]:
                return self._only("POST", ask, lambda: self.draft(self._body(ask)))
            case ["messages"]:
                return self._only("GET", ask, self.messages)
            case ["messages", message_id]:
                return self._only("GET", ask, lambda: self.message(message_id))
            case ["conversations"]:
                return self._only("GET", ask, self.conversations)
            case ["conversations", conversation_id]:
                return self._only("GET", ask, lambda: self.conversation(conversation_id))
            case ["arrived"]:
                return self._only("GET", ask, lambda: Answer(200, self.arrivals.as_json()))
            case ["reset"]:
                return self._only("POST", ask, lambda: self.reset(self._body(ask)))
            case _:
                return self.nothing()

    @staticmethod
    def _only(method: str, ask: Ask, handler: Callable[[], Answer]) -> Answer:
        if ask.method != method:
            return Answer(405, {"error": f"only {method} is allowed"}, (("allow", method),))
        return handler()

    @staticmethod
    def _body(ask: Ask) -> dict[str, Any]:
        value = parse(ask.body) if ask.body else {}
        if not isinstance(value, dict):
            raise _Refused("the body must be a JSON object")
        return value

    @staticmethod
    def nothing() -> Answer:
        """404."""
        return Answer(404, {"error": "there is nothing at this path"})

    # reading

    def index(self) -> Answer:
        """Who may ask, and about what."""
        with self.store.transaction() as tx:
            seed.top_up(tx, self.clock())
            providers = {
                "stuut": {
                    "token": self.stuut.token,
                    "header": {"Authorization": f"Bearer {self.stuut.token}"},
                    "resources": {"sms_id": self._sms_ids(tx)},
                },
                "bland": {
                    "token": self.bland.key,
                    "header": {"authorization": self.bland.key},
                    "resources": {
                        "agent_number": {"owned": list(numbers.BLAND_OWNED), "foreign": list(numbers.BLAND_FOREIGN)},
                        "user_number": {"any": list(numbers.BLAND_USERS)},
                    },
                },
            }
        return Answer(200, {"sandbox": "smscontract", "version": __version__, "providers": providers})

    @staticmethod
    def _sms_ids(tx: Transaction) -> dict[str, list[Any]]:
        known: dict[str, list[Any]] = {
            label: [_known(message) for message in tx.offered(label, _OFFERED)] for label in tx.labels()
        }
        return {**known, "missing": list(seed.missing_ids(tx.seed))}

    def messages(self) -> Answer:
        """All messages, oldest first."""
        with self.store.transaction() as tx:
            return Answer(200, {"messages": [self._message(tx, message) for message in tx.messages()]})

    def message(self, message_id: str) -> Answer:
        """One message."""
        with self.store.transaction() as tx:
            message = tx.message(message_id)
            return self.nothing() if message is None else Answer(200, self._message(tx, message))

    @staticmethod
    def _message(tx: Transaction, message: Message) -> dict[str, Any]:
        return {**message.as_json(), "texts": tx.texts(message.id)}

    def conversations(self) -> Answer:
        """All conversations, oldest first."""
        with self.store.transaction() as tx:
            return Answer(200, {"conversations": [self._conversation(tx, one) for one in tx.conversations()]})

    def conversation(self, conversation_id: str) -> Answer:
        """One conversation."""
        with self.store.transaction() as tx:
            conversation = tx.conversation(conversation_id)
            return self.nothing() if conversation is None else Answer(200, self._conversation(tx, conversation))

    @staticmethod
    def _conversation(tx: Transaction, conversation: Conversation) -> dict[str, Any]:
        return {**conversation.as_json(), "messages": [entry.as_json() for entry in tx.entries(conversation.id)]}

    # changing

    def reset(self, body: Mapping[str, Any]) -> Answer:
        """Everything as on the first day."""
        unknown = sorted(set(body) - {"seed"})
        number = body.get("seed")
        if unknown or isinstance(number, bool) or not isinstance(number, int | None):
            raise _Refused("the body may hold `seed`, an integer, and nothing else")
        with self.store.transaction() as tx:
            first_day = tx.seed if number is None else number
            tx.forget_everything()
            seed.plant(tx, self.clock(), first_day)
        self.stuut.token, self.bland.key = seed.stuut_token(first_day), seed.bland_key(first_day)
        self.arrivals.secrets = (self.stuut.token, self.bland.key)
        self.arrivals.clear()
        return Answer(200, {"seed": first_day})

    def draft(self, body: Mapping[str, Any]) -> Answer:
        """A message as the body has it; what it leaves out is filled in to agree with its status."""
        with self.store.transaction() as tx:
            message = self._made(tx, body)
            try:
                tx.add_message(message)
            except sqlite3.IntegrityError:
                raise _Refused("there is a message with this `id`") from None
            return Answer(201, self._message(tx, message))

    def _made(self, tx: Transaction, body: Mapping[str, Any]) -> Message:
        for name, value in body.items():
            check = _MEMBERS.get(name)
            if check is None:
                raise _Refused(f"there is no `{name}` in a message; there are {', '.join(sorted(_MEMBERS))}")
            if not check(value):
                raise _Refused(f"`{name}` cannot be that")
        created = datetime.fromisoformat(body["created_at"]) if "created_at" in body else self.clock() - timedelta(minutes=1)
        number = body.get("classifications", 0)
        plain = Message(
            id=body["id"] if "id" in body else tx.fresh_id("sms"),
            organisation=body.get("organisation", seed.OWN),
            body=body.get("body", "Hello"),
            from_number=numbers.SENDER,
            to_number=numbers.CUSTOMERS[0],
            created_at=stamp(created),
            classifications=[seed.classification(tx, created, one) for one in range(number)],
            status=body.get("status", "draft"),
            direction=body.get("direction", "outbound"),
        )
        given = {name: value for name, value in body.items() if name not in {"classifications", "created_at"}}
        if plain.direction == "outbound" and "to_number" in body:
            plain = replace(plain, to_number=body["to_number"])  # the error text goes by the number
        return replace(seed.happened(plain, created), **given)


def _known(message: Message) -> dict[str, Any]:
    """What `--resources` may say of a message: what a send must keep."""
    return {
        "id": message.id,
        "body": message.body,
        "to_number": message.to_number,
        "created_at": message.created_at,
        "sms_thread_id": message.sms_thread_id,
    }


def _is_text(value: Any) -> bool:
    # An answer is UTF-8, which has no form for a lone surrogate.
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and _E164.fullmatch(value) is not None


def _or_null(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


_MEMBERS: Mapping[str, Callable[[Any], bool]] = {
    "id": lambda value: _is_text(value) and value != "",
    "organisation": lambda value: value in (seed.OWN, seed.FOREIGN),
    "body": _is_text,
    "from_number": _is_number,
    "to_number": _is_number,
    "created_at": _is_moment,
    "modified_at": _or_null(_is_moment),
    "sent_at": _or_null(_is_moment),
    "delivered_at": _or_null(_is_moment),
    "error_message": _or_null(_is_text),
    "sms_thread_id": _or_null(_is_text),
    "status": lambda value: value in _STATUSES,
    "direction": lambda value: value in _DIRECTIONS,
    "is_automated": lambda value: isinstance(value, bool),
    "classifications": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100,
    "label": _or_null(_is_text),
}
assert set(_MEMBERS) == {field.name for field in fields(Message)}
