"""Wrong servers of the other provider: who may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from smscontract.sandbox.bland import Problem
from smscontract.sandbox.calls import Answer, Ask
from tests.faults.model import Bland, Kind, logic, read

__all__: list[str] = []

USER = "request/user_number:refuses"
AGENT = "request/agent_number:refuses"
MESSAGE = "request/message:refuses"
BOTH = (USER, AGENT)
REUSED = "rule/active-reused"
ORDER = "rule/timeout-order"
Body = Mapping[str, Any]


# -- who asks


@logic(Kind.AUTH, "auth/absent", also=("auth/wrong",))
class NobodyIsChecked(Bland):
    def refuse_stranger(self, ask: Ask) -> Answer | None:  # noqa: ARG002 - that is the fault
        return None


@logic(Kind.AUTH, "auth/wrong")
class GarbageIsLetIn(Bland):
    def accepts(self, key: str) -> bool:
        return bool(key)


@logic(Kind.AUTH, "auth/absent")
class AbsentIsLetIn(Bland):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        return super().refuse_stranger(ask) if ask.all("authorization") else None


@logic(Kind.AUTH, "auth/wrong")
class PrefixIsLetIn(Bland):
    def accepts(self, key: str) -> bool:
        return len(key) >= 8 and self.key.startswith(key)


@logic(Kind.AUTH, "auth/wrong")
class KeyWithMoreBehindIt(Bland):
    def accepts(self, key: str) -> bool:
        return key.startswith(self.key)


@logic(Kind.AUTH, "auth/wrong")
class KeyInAnyCase(Bland):
    def accepts(self, key: str) -> bool:
        return key.lower() == self.key.lower()


@logic(Kind.AUTH, "auth/absent", "auth/wrong")
class KeyInTheQuery(Bland):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        given = [value for name, value in parse_qs(ask.query).items() if "key" in name]
        return None if given and self.accepts(given[0][0]) else super().refuse_stranger(ask)


@logic(Kind.AUTH, "auth/wrong")
class EmptyKeyIsLetIn(Bland):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        return None if ask.only("authorization") == "" else super().refuse_stranger(ask)


@logic(Kind.AUTH, "auth/code")
class StrangersGet400(Bland):
    def unauthorized(self) -> Answer:
        return self.refused(400, Problem("AUTH_FAILURE", "Unauthorized"))


@logic(Kind.AUTH, "auth/code", shown=False, note="which of two reasons to refuse comes first, nobody promises")
class BodyBeforeKey(Bland):
    """Who has no key learns what is wrong with a body, and which numbers exist."""

    def answer(self, ask: Ask) -> Answer:
        try:
            problems = list(self.problems(self.read(ask.body)))
        except ValueError:
            problems = []
        return self.refused(400, *problems) if problems else super().answer(ask)


@logic(Kind.AUTH, "rule/refused-changes-nothing", REUSED)
class StrangersArchive(Bland):
    """The refusal comes after the change."""

    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        if answer.status == 401:
            body = read(ask)
            with self.store.transaction() as tx:
                active = tx.active_conversation(str(body.get("user_number")), str(body.get("agent_number")))
                if active is not None:
                    self.archive(tx, active)
        return answer


@logic(Kind.AUTH, "protocol/no-secrets")
class RefusalEchoesKey(Bland):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        refusal = super().refuse_stranger(ask)
        return refusal and self.refused(401, Problem("AUTH_FAILURE", f"Unknown key {ask.only('authorization')}"))


@logic(Kind.AUTH, "protocol/no-secrets")
class InvalidBodyEchoesHeaders(Bland):
    def create(self, ask: Ask) -> Answer:
        answer = super().create(ask)
        if answer.status == 200:
            return answer
        return replace(answer, body={**answer.body, "request": {"headers": dict(ask.headers)}})
