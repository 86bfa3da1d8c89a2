"""Wrong servers of the one provider: what may be sent, who may ask, what a refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from smscontract.sandbox.calls import Answer, Ask
from smscontract.sandbox.records import Message
from smscontract.sandbox.store import Transaction
from tests.faults.model import Kind, Stuut, logic

__all__: list[str] = []

KEEPS = "rule/send-keeps-draft"
DRAFT = "state/sms_id/draft"


# -- what may be sent


@logic(Kind.INPUT, "state/sms_id/foreign")
class ForeignIdsReadable(Stuut):
    def is_ours(self, message: Message) -> bool:
        return bool(message.organisation)


@logic(Kind.INPUT, "state/sms_id/inbound", also=("rule/sent-is-outbound", KEEPS, "rule/moves-on"))
class InboundCanBeSent(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return message.status == "draft" or message.direction == "inbound"


@logic(Kind.INPUT, "state/sms_id/missing", also=("state/sms_id/foreign",))
class MissingIs400(Stuut):
    def unknown(self) -> Answer:
        return self.refused(400, "Unknown SMS message")


@logic(Kind.INPUT, "state/sms_id/foreign")
class ForeignIsConflict(Stuut):
    def find(self, tx: Transaction, sms_id: str) -> Message | None:
        return tx.message(sms_id)

    def may_be_sent(self, message: Message) -> bool:
        return super().may_be_sent(message) and self.is_ours(message)


@logic(Kind.INPUT, "rule/request-body-is-ignored", also=("rule/object-names-the-type",))
class BodyOverridesMessage(Stuut):
    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        if answer.status == 200 and b"{" in ask.body:
            import json

            answer = replace(answer, body={**answer.body, **json.loads(ask.body)})
        return answer


@logic(Kind.INPUT, "rule/request-body-is-ignored")
class BodyOverridesText(Stuut):
    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        if answer.status == 200 and b'"body"' in ask.body:
            import json

            answer = replace(answer, body={**answer.body, "body": json.loads(ask.body)["body"]})
        return answer


@logic(Kind.INPUT, DRAFT)
class RefusesLongTexts(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return super().may_be_sent(message) and len(message.body) <= 160


@logic(Kind.INPUT, DRAFT)
class RefusesThreadless(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return super().may_be_sent(message) and message.sms_thread_id is not None


@logic(Kind.INPUT, DRAFT)
class RefusesAutomated(Stuut):
    def may_be_sent(self, message: Message) -> bool:
        return super().may_be_sent(message) and not message.is_automated


# -- who asks


@logic(Kind.AUTH, "auth/absent", also=("auth/wrong", "auth/code"))
class NobodyIsChecked(Stuut):
    def refuse_stranger(self, ask: Ask) -> Answer | None:  # noqa: ARG002 - that is the fault
        return None


@logic(Kind.AUTH, "auth/wrong")
class GarbageIsLetIn(Stuut):
    def accepts(self, token: str) -> bool:
        return bool(token)


@logic(Kind.AUTH, "auth/absent", also=("auth/code",))
class AbsentIsLetIn(Stuut):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        return super().refuse_stranger(ask) if ask.all("authorization") else None


@logic(Kind.AUTH, "auth/wrong")
class PrefixIsLetIn(Stuut):
    def accepts(self, token: str) -> bool:
        return len(token) >= 8 and self.token.startswith(token)


@logic(Kind.AUTH, "auth/wrong")
class TokenWithMoreBehindIt(Stuut):
    def accepts(self, token: str) -> bool:
        return token.startswith(self.token)


@logic(Kind.AUTH, "auth/wrong")
class TokenInAnyCase(Stuut):
    def accepts(self, token: str) -> bool:
        return token.lower() == self.token.lower()


@logic(Kind.AUTH, "auth/wrong")
class EmptyTokenIsLetIn(Stuut):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        return None if (ask.only("authorization") or "x").strip() == "Bearer" else super().refuse_stranger(ask)


@logic(Kind.AUTH, "auth/wrong")
class AnySchemeWithTheToken(Stuut):
    def bearer_token(self, ask: Ask) -> str | None:
        return (ask.only("authorization") or "").rpartition(" ")[2] or None


@logic(Kind.AUTH, "auth/wrong")
class TokenWithoutScheme(Stuut):
    def bearer_token(self, ask: Ask) -> str | None:
        given = ask.only("authorization") or ""
        return given if " " not in given else super().bearer_token(ask)


@logic(Kind.AUTH, "auth/absent", "auth/wrong")
class TokenInTheQuery(Stuut):
    def bearer_token(self, ask: Ask) -> str | None:
        given = parse_qs(ask.query)
        return next((value[0] for name, value in given.items() if "token" in name), None) or super().bearer_token(ask)


@logic(Kind.AUTH, "auth/code")
class StrangersGet400(Stuut):
    def unauthorized(self, detail: str) -> Answer:
        return self.refused(400, detail)


@logic(Kind.AUTH, "auth/code")
class StrangersGet404(Stuut):
    def unauthorized(self, detail: str) -> Answer:  # noqa: ARG002 - that is the fault
        return self.unknown()


@logic(Kind.AUTH, "auth/code")
class StateBeforeCredential(Stuut):
    """Who has no credential learns which ids exist."""

    def answer(self, ask: Ask) -> Answer:
        with self.store.transaction() as tx:
            if self.find(tx, ask.parameters["sms_id"]) is None:
                return self.unknown()
        return super().answer(ask)


@logic(Kind.AUTH, DRAFT)
class SendsBeforeItChecks(Stuut):
    """The refusal comes too late: the text is out."""

    def answer(self, ask: Ask) -> Answer:
        answer = self.send(ask.parameters["sms_id"])
        return self.refuse_stranger(ask) or answer


@logic(Kind.AUTH, "auth/good", also=(DRAFT,))
class GoodTokenRefusedForForeign(Stuut):
    def answer(self, ask: Ask) -> Answer:
        with self.store.transaction() as tx:
            message = tx.message(ask.parameters["sms_id"])
        return self.unauthorized("No") if message is not None and not self.is_ours(message) else super().answer(ask)


@logic(Kind.AUTH, "protocol/no-secrets")
class RefusalEchoesToken(Stuut):
    def refuse_stranger(self, ask: Ask) -> Answer | None:
        refusal = super().refuse_stranger(ask)
        return refusal and replace(refusal, body={"detail": f"Invalid token: {ask.only('authorization')}"})


@logic(Kind.AUTH, "protocol/no-secrets")
class AnswerEchoesRequestHeaders(Stuut):
    def answer(self, ask: Ask) -> Answer:
        answer = super().answer(ask)
        return replace(answer, headers=(*answer.headers, ("x-request-authorization", ask.only("authorization") or "none")))


# -- refusals


@logic(Kind.MEANING, "rule/refusal-carries-no-message")
class ConflictShowsTheMessage(Stuut):
    def wrong_state(self, message: Message) -> Answer:
        return Answer(409, {"detail": "already sent", **self.present(message)})


@logic(Kind.MEANING, "rule/refusal-carries-no-message")
class ForeignRefusalShowsTheMessage(Stuut):
    def send(self, sms_id: str) -> Answer:
        with self.store.transaction() as tx:
            message = tx.message(sms_id)
        if message is not None and not self.is_ours(message):
            return Answer(403, {"detail": "not yours", "from_number": message.from_number, "to_number": message.to_number})
        return super().send(sms_id)


@logic(Kind.MEANING, "rule/refusal-quotes-no-message")
class StackTraceWithTheMessage(Stuut):
    def wrong_state(self, message: Message) -> Answer:
        return Answer(409, {"detail": "AssertionError", "context": {"message": self.present(message)}})


@logic(Kind.STATUS, "protocol/no-server-error")
class EmojiCrash(Stuut):
    def present(self, message: Message) -> dict[str, Any]:
        message.body.encode("utf-16-be").decode("ascii") if any(ord(letter) > 0xFFFF for letter in message.body) else None
        return super().present(message)


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnSecondSend(Stuut):
    def wrong_state(self, message: Message) -> Answer:
        raise RuntimeError(message.id)


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnMissing(Stuut):
    def unknown(self) -> Answer:
        return self.crashed()
