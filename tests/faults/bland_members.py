"""Wrong servers of the other provider: the other members, taken although wrong or refused although right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from smscontract.sandbox.bland import FIELDS, Problem
from smscontract.sandbox.calls import Answer, Ask
from tests.faults.model import Bland, Kind, logic

__all__: list[str] = []

USER = "request/user_number:refuses"
AGENT = "request/agent_number:refuses"
MESSAGE = "request/message:refuses"
BOTH = (USER, AGENT)
REUSED = "rule/active-reused"
ORDER = "rule/timeout-order"
Body = Mapping[str, Any]


# -- the other members


@logic(Kind.INPUT, USER, also=(AGENT, MESSAGE))
class NothingIsRequired(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        return (problem for problem in super().problems(body) if not problem.message.endswith("is required"))

    def understood(self, body: Body) -> dict[str, Any]:
        return {"user_number": "+14155550159", "agent_number": "+14155550104", "message": "", **super().understood(body)}


@logic(Kind.INPUT, MESSAGE)
class MessageMayBeNull(Bland):
    def is_given(self, body: Body, name: str) -> bool:
        return name in body if name == "message" else super().is_given(body, name)

    def is_text(self, value: Any) -> bool:
        return value is None or super().is_text(value)


@logic(Kind.INPUT, MESSAGE)
class MessageMayBeMissing(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        return {"message": "", **super().read(body)}


class _Coerces(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        return super().problems(
            {name: self.coerced(FIELDS[name].kind, value) if name in FIELDS else value for name, value in body.items()}
        )

    def coerced(self, kind: str, value: Any) -> Any:
        raise NotImplementedError

    def understood(self, body: Body) -> dict[str, Any]:
        return super().understood(
            {name: self.coerced(FIELDS[name].kind, value) if name in FIELDS else value for name, value in body.items()}
        )


@logic(Kind.INPUT, "request/new_conversation:refuses")
class FlagsFromText(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return {"true": True, "false": False}.get(value, value) if kind == "flag" and isinstance(value, str) else value


@logic(Kind.INPUT, "request/new_conversation:refuses")
class FlagsFromNumbers(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return bool(value) if kind == "flag" and isinstance(value, int) else value


@logic(
    Kind.INPUT,
    "request/time_out:refuses",
    "request/warning_time:refuses",
    also=("request/time_out:refuses", "request/warning_time:refuses"),
)
class NumbersFromText(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return float(value) if kind == "number" and isinstance(value, str) and value.isdecimal() else value


@logic(
    Kind.INPUT,
    "request/time_out:refuses",
    "request/warning_time:refuses",
    also=("request/time_out:refuses", "request/warning_time:refuses"),
)
class FlagsAreNumbers(Bland):
    """In Python a boolean is an integer."""

    def is_number(self, value: Any) -> bool:
        return isinstance(value, int | float)


TEXTS = tuple(
    f"request/{name}:refuses"
    for name in (
        "message",
        "message_sid",
        "curr_pathway_id",
        "curr_pathway_version",
        "current_node_id",
        "timeout_message",
        "warning_message",
    )
)


@logic(Kind.INPUT, *TEXTS, also=TEXTS)
class TextsFromNumbers(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return str(value) if kind == "text" and isinstance(value, int | float) else value


@logic(Kind.INPUT, "request/request_data:refuses")
class DataFromText(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return {} if kind == "object" and isinstance(value, str) else value


@logic(Kind.INPUT, "request/request_data:refuses")
class DataFromList(_Coerces):
    def coerced(self, kind: str, value: Any) -> Any:
        return {} if kind == "object" and isinstance(value, list) else value


@logic(Kind.INPUT, "request/curr_pathway_version:refuses")
class VersionAsNumber(Bland):
    """As the neighbouring endpoint takes it."""

    def wrong_members(self, body: Body) -> Iterator[Problem]:
        version = body.get("curr_pathway_version")
        rest = {name: value for name, value in body.items() if name != "curr_pathway_version" or not self.is_number(version)}
        return super().wrong_members(rest)


@logic(Kind.INPUT, "request/sender:refuses")
class AnySender(Bland):
    def is_sender(self, value: Any) -> bool:
        return isinstance(value, str)


@logic(Kind.INPUT, "request/sender:refuses")
class SenderStripped(Bland):
    def is_sender(self, value: Any) -> bool:
        return isinstance(value, str) and value.strip() in {"USER", "AGENT"}


@logic(Kind.INPUT, "request/sender:refuses")
class EmptySenderIsNone(Bland):
    def is_sender(self, value: Any) -> bool:
        return value == "" or super().is_sender(value)


@logic(Kind.INPUT, "request/sender:refuses")
class SystemMaySend(Bland):
    """The members of another API."""

    def is_sender(self, value: Any) -> bool:
        return isinstance(value, str) and value in {"USER", "AGENT", "SYSTEM", "ASSISTANT"}


@logic(Kind.INPUT, "request/sender:accepts")
class AgentMayNotSend(Bland):
    def is_sender(self, value: Any) -> bool:
        return bool(value == "USER")


class _Refuses(Bland):
    """Refuses what is described, or breaks on it."""

    status = 400

    def wrong(self, body: Body) -> bool:
        raise NotImplementedError

    def create(self, ask: Ask) -> Answer:
        try:
            body = json.loads(ask.body)
            wrong = isinstance(body, dict) and self.wrong(body)
        except (ValueError, TypeError, AttributeError, LookupError):
            wrong = False
        return self.refused(self.status, Problem("INVALID_REQUEST", "Invalid request body")) if wrong else super().create(ask)


@logic(Kind.INPUT, "request/message:accepts")
class RefusesOver160(_Refuses):
    def wrong(self, body: Body) -> bool:
        return len(body["message"]) > 160


@logic(Kind.INPUT, "request/message:accepts")
class RefusesOver1500(_Refuses):
    def wrong(self, body: Body) -> bool:
        return len(body["message"]) > 1500


@logic(Kind.INPUT, "request/message:accepts")
class RefusesEmoji(_Refuses):
    def wrong(self, body: Body) -> bool:
        return any(ord(letter) > 0xFFFF for letter in body["message"])


@logic(Kind.INPUT, "request/message:accepts")
class RefusesLineBreaks(_Refuses):
    def wrong(self, body: Body) -> bool:
        return "\n" in body["message"]


@logic(Kind.INPUT, "request/message:accepts")
class FirewallAgainstHtml(_Refuses):
    status = 403

    def wrong(self, body: Body) -> bool:
        return re.search(r"<script|' OR |--", body["message"]) is not None


@logic(Kind.INPUT, "request/message:accepts")
class ZeroCountsAsEmpty(_Refuses):
    def wrong(self, body: Body) -> bool:
        return body["message"] in {"0", "false", "null"}


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnBraces(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return re.search(r"\{\{?|%s|%\(", body["message"]) is not None


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnAccents(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return not body["message"].isascii()


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnLongTexts(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return len(body["message"]) > 1000


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnNestedData(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return (
            any(isinstance(value, dict | list) for value in body["request_data"].values()) if "request_data" in body else False
        )


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnOddNames(_Refuses):
    """A store that takes no names with dots or dollars."""

    status = 500

    def wrong(self, body: Body) -> bool:
        return "request_data" in body and any("." in name or "$" in name for name in body["request_data"])


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnANumberForText(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return isinstance(body.get("message"), int)


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashWithoutUser(_Refuses):
    status = 500

    def wrong(self, body: Body) -> bool:
        return "user_number" not in body


@logic(Kind.STATUS, "protocol/no-server-error")
class CrashOnForeignAgent(Bland):
    def owns(self, agent_number: str) -> bool:
        if not super().owns(agent_number):
            raise KeyError(agent_number)
        return True


@logic(Kind.INPUT, "request/request_data:accepts")
class EmptyDataRefused(_Refuses):
    def wrong(self, body: Body) -> bool:
        return bool(body.get("request_data") == {})


@logic(Kind.INPUT, "request/request_data:accepts")
class NestedDataRefused(_Refuses):
    def wrong(self, body: Body) -> bool:
        return any(isinstance(value, dict | list) for value in body["request_data"].values())


@logic(Kind.INPUT, "request/curr_pathway_version:accepts")
class OnlyLatestVersion(_Refuses):
    def wrong(self, body: Body) -> bool:
        return bool(body["curr_pathway_version"] != "latest")


@logic(Kind.INPUT, "request/time_out:accepts")
class OneHourAtMost(_Refuses):
    def wrong(self, body: Body) -> bool:
        return bool(body["time_out"] > 3600)


@logic(Kind.INPUT, "request/message_sid:accepts")
class OnlySmSids(_Refuses):
    def wrong(self, body: Body) -> bool:
        return bool(not body["message_sid"].startswith("SM"))


@logic(Kind.INPUT, "request/new_conversation:accepts")
class FalseIsRefused(_Refuses):
    def wrong(self, body: Body) -> bool:
        return body.get("new_conversation") is False


@logic(
    Kind.INPUT,
    "request:accepts",
    "request/warning_message:accepts",
    "request/warning_time:accepts",
    also=(ORDER, "request:accepts"),
)
class WarningNeedsItsText(_Refuses):
    def wrong(self, body: Body) -> bool:
        return "warning_time" in body and "warning_message" not in body


@logic(Kind.INPUT, "request:refuses")
class ListsAreTaken(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        try:
            value = json.loads(body or b"{}")
        except ValueError:
            value = None
        return (
            super().read(json.dumps(value[0] if value else self.example()).encode())
            if isinstance(value, list)
            else super().read(body)
        )

    @staticmethod
    def example() -> dict[str, str]:
        return {"user_number": "+14155550110", "agent_number": "+14155550100", "message": ""}


@logic(Kind.INPUT, "request:refuses")
class CutJsonIsMended(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        return super().read(body if body.endswith(b"}") else body + b"}")


@logic(Kind.INPUT, "request:refuses")
class TrailingCommaIsTaken(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        return super().read(re.sub(rb",\s*}", b"}", body))


@logic(Kind.INPUT, "request:refuses")
class TextBehindIsIgnored(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        try:
            value, _ = json.JSONDecoder().raw_decode(body.decode())
        except ValueError:
            return super().read(body)
        return super().read(json.dumps(value).encode())
