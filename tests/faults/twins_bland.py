"""Right servers of the other provider that decide otherwise where its page is silent: any finding is a false alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from smscontract.sandbox.bland import FIELDS, Problem
from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.numbers import BLAND_OWNED
from smscontract.sandbox.records import Conversation
from tests.faults.model import Bland, twin

__all__: list[str] = []

Body = Mapping[str, Any]

twin(type("Sandbox", (Bland,), {}))


@twin
class Forbids(Bland):
    def unauthorized(self) -> Answer:
        return self.refused(403, Problem("FORBIDDEN", "Forbidden"))


class _Created(Bland):
    status = 201

    def created(self, conversation: Conversation) -> Answer:
        return replace(super().created(conversation), status=self.status)


@twin
class CreatedIs201(_Created):
    pass


@twin
class AcceptedIs202(_Created):
    status = 202


@twin
class RefusalsAre422(Bland):
    def refused(self, status: int, *problems: Problem) -> Answer:
        return super().refused(422 if status == 400 else status, *problems)


@twin
class ForeignNumberIs404(Bland):
    def refused(self, status: int, *problems: Problem) -> Answer:
        foreign = any(problem.error == "AGENT_NUMBER_NOT_FOUND" for problem in problems)
        return Answer(404, {"error": "Phone number not found"}) if foreign else super().refused(status, *problems)


@twin
class OlderShape(Bland):
    """As older endpoints refuse, but where the page names a code."""

    def refused(self, status: int, *problems: Problem) -> Answer:
        if any(problem.error == "INVALID_TIMEOUT_CONFIG" for problem in problems):
            return super().refused(status, *problems)
        return Answer(
            status, {"status": "error", "message": "Invalid request", "errors": [problem.message for problem in problems]}
        )


@twin
class FirstProblemOnly(Bland):
    def refused(self, status: int, *problems: Problem) -> Answer:
        return super().refused(status, *problems[:1])


@twin
class NoDataInRefusals(Bland):
    def refused(self, status: int, *problems: Problem) -> Answer:
        answer = super().refused(status, *problems)
        return replace(answer, body={"errors": answer.body["errors"]})


@twin
class MoreInAnswers(Bland):
    def created(self, conversation: Conversation) -> Answer:
        answer = super().created(conversation)
        return replace(answer, body={**answer.body, "data": {**answer.body["data"], "message_id": "m1"}, "meta": {"took": 3}})


@twin
class OtherWords(Bland):
    def created(self, conversation: Conversation) -> Answer:
        answer = super().created(conversation)
        return replace(answer, body={**answer.body, "data": {**answer.body["data"], "message": "Conversation resumed ✓"}})


@twin
class UnknownMembersRefused(Bland):
    def wrong_members(self, body: Body) -> Iterator[Problem]:
        yield from super().wrong_members(body)
        for _ in set(body) - set(FIELDS):
            yield Problem("INVALID_REQUEST", "Additional properties are not allowed")


@twin
class UnknownMembersQuoted(Bland):
    """As frameworks do by default: what reads NaN and quotes the members that it refuses cannot write that down."""

    def read(self, body: bytes) -> dict[str, Any]:
        value = json.loads(body) if b"NaN" in body else super().read(body)
        assert isinstance(value, dict)
        return value

    def wrong_members(self, body: Body) -> Iterator[Problem]:
        yield from super().wrong_members(body)
        for name in set(body) - set(FIELDS):
            yield Problem("INVALID_REQUEST", json.dumps(body[name], allow_nan=False))


@twin
class NullsRefused(Bland):
    def is_given(self, body: Body, name: str) -> bool:
        return name in body


@twin
class BearerToo(Bland):
    def accepts(self, key: str) -> bool:
        return super().accepts(key.removeprefix("Bearer ").removeprefix("bearer "))


@twin
class StrictOptionals(Bland):
    """Looks at what the page describes in words: ids of their form, bounded times, texts neither blank nor too long."""

    def wrong_members(self, body: Body) -> Iterator[Problem]:
        yield from super().wrong_members(body)
        texts = [body.get(name, "x") for name in ("message", "timeout_message", "warning_message", "current_node_id")]
        if any(isinstance(text, str) and not 1 <= len(text.strip() and text) <= 1600 for text in texts):
            yield Problem("INVALID_REQUEST", "a text is blank or too long")
        times = [body.get(name, 1) for name in ("time_out", "warning_time")]
        if any(self.is_number(time) and not (1 <= time <= 86400 and time == int(time)) for time in times):
            yield Problem("INVALID_REQUEST", "a time is out of range")
        if isinstance(body.get("message_sid"), str) and len(body["message_sid"]) != 34:
            yield Problem("INVALID_REQUEST", "message_sid is no Twilio SID")
        if isinstance(body.get("curr_pathway_id"), str) and len(body["curr_pathway_id"]) != 36:
            yield Problem("INVALID_REQUEST", "curr_pathway_id is no UUID")


@twin
class WarningNeedsTimeOut(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        yield from super().problems(body)
        if "warning_time" in body and "time_out" not in body:
            yield Problem("INVALID_REQUEST", "warning_time without time_out")


@twin
class WarningAgainstTheNumbersOwnTimeOut(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        return super().timeouts_fit({"time_out": 600, **body})


@twin
class BareNumbersToo(Bland):
    def is_phone(self, value: Any) -> bool:
        return super().is_phone(value) or (
            isinstance(value, str) and value.isascii() and value.isdecimal() and 7 <= len(value) <= 15
        )

    def owns(self, agent_number: str) -> bool:
        return super().owns(f"+{agent_number.removeprefix('+')}")


@twin
class OwnNumbersAreNoUsers(Bland):
    """The person at the other end is not one of the account's own numbers, and its number could exist."""

    def problems(self, body: Body) -> Iterator[Problem]:
        yield from super().problems(body)
        user = body.get("user_number")
        if isinstance(user, str) and self.is_phone(user) and (user in BLAND_OWNED or len(user) < 9 or user.startswith("+999")):
            yield Problem("INVALID_REQUEST", "user_number cannot be reached")


@twin
class SenderInAnyCase(Bland):
    def is_sender(self, value: Any) -> bool:
        return isinstance(value, str) and super().is_sender(value.upper())


@twin
class ContentTypeIgnored(Bland):
    def is_json(self, ask: Ask) -> bool:  # noqa: ARG002 - whatever it says
        return True


@twin
class DuplicateMembersTaken(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        try:
            value = json.loads(body.decode("utf-8-sig"))
        except ValueError:
            return super().read(body)
        return super().read(json.dumps(value).encode())
