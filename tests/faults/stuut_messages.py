"""Wrong servers of the one provider: which message it is, its text and its numbers."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

from smscontract.sandbox.records import Message
from smscontract.sandbox.store import Transaction
from tests.faults.model import Kind, Stuut, logic
from tests.faults.shown import Shown

__all__: list[str] = []

KEEPS = "rule/send-keeps-draft"
DRAFT = "state/sms_id/draft"


# -- which message it is


@logic(Kind.MEANING, "rule/answers-for-the-asked-id")
class NeighbouringId(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "id": body["id"][:-1] + ("0" if body["id"][-1] != "0" else "1")}


@logic(Kind.MEANING, "rule/answers-for-the-asked-id", also=(KEEPS, DRAFT, "rule/second-send", "rule/moves-on"))
class SendsTheNextDraft(Stuut):
    def find(self, tx: Transaction, sms_id: str) -> Message | None:
        message = super().find(tx, sms_id)
        if message is None or message.status != "draft":
            return message
        return next((one for one in reversed(tx.messages()) if self.is_ours(one) and self.may_be_sent(one)), message)


@logic(Kind.MEANING, "rule/answers-for-the-asked-id")
class IdInCapitals(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "id": body["id"].upper()}


@logic(
    Kind.MEANING, "rule/answers-for-the-asked-id", "rule/ids-differ", also=("rule/answers-for-the-asked-id", "rule/ids-differ")
)
class ThreadIdAsId(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "id": body["sms_thread_id"] or body["id"]}


@logic(Kind.MEANING, "rule/ids-differ", also=(KEEPS,))
class IdAsThreadId(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sms_thread_id": body["id"]}


@logic(Kind.MEANING, KEEPS)
class NewThreadForEachSend(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "sms_thread_id": f"thread_{body['id'][4:]}"}


@logic(Kind.MEANING, "rule/object-names-the-type")
class ObjectVariesWithAutomation(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "object": "automated_sms_message" if body["is_automated"] else body["object"]}


@logic(Kind.MEANING, "rule/object-names-the-type")
class ObjectVariesWithStatus(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "object": "failed_sms_message" if body["status"] == "failed" else body["object"]}


@logic(Kind.MEANING, "rule/classification-object-names-the-type")
class ClassificationObjectVaries(Stuut):
    def present_classification(self, classification: dict[str, Any]) -> dict[str, Any]:
        name = "interaction_classification" if classification["is_action_required"] else "classification"
        return {**classification, "object": name}


# -- its text and numbers


@logic(Kind.MEANING, KEEPS)
class BodyCutAt160(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"][:160]}


@logic(Kind.MEANING, KEEPS)
class BodyCutAt1599(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"][:1599]}


@logic(Kind.MEANING, KEEPS)
class BodyMojibake(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"].encode().decode("latin-1")}


@logic(Kind.MEANING, KEEPS)
class BodyEscapedForHtml(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": html.escape(body["body"])}


@logic(Kind.MEANING, KEEPS)
class BodyStripped(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"].strip()}


@logic(Kind.MEANING, KEEPS)
class BodyWithoutEmoji(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": "".join(letter for letter in body["body"] if ord(letter) < 0x10000)}


@logic(Kind.MEANING, KEEPS)
class BodyComposed(Shown):
    """Unicode NFC: looks the same and is another text."""

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": unicodedata.normalize("NFC", body["body"])}


@logic(Kind.MEANING, KEEPS)
class BodyWithOtherLineEnds(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"].replace("\r\n", "\n")}


@logic(Kind.MEANING, KEEPS)
class BodyInAscii(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"].encode("ascii", "replace").decode()}


@logic(Kind.MEANING, KEEPS)
class BodyWithFooterForAutomated(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "body": body["body"] + (" Reply STOP to end." if body["is_automated"] else "")}


@logic(Kind.MEANING, KEEPS)
class NumbersSwapped(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "from_number": body["to_number"], "to_number": body["from_number"]}


@logic(Kind.MEANING, "rule/numbers-differ", also=(KEEPS,))
class FromIsTo(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "from_number": body["to_number"]}


@logic(Kind.MEANING, "rule/numbers-can-be-read")
class SenderMasked(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "from_number": f"***{body['from_number'][-4:]}"}


@logic(Kind.MEANING, "rule/numbers-can-be-read", also=(KEEPS,))
class NationalNumbers(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        number = body["to_number"]
        return {**body, "to_number": f"({number[2:5]}) {number[5:8]}-{number[8:]}"}


@logic(Kind.MEANING, KEEPS)
class ConstantRecipient(Shown):
    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "to_number": "+12025550199"}
