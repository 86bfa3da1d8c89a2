"""Wrong servers of the other provider: time-outs and telephone numbers that are let pass or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from smscontract.sandbox.bland import Problem
from smscontract.sandbox.calls import Answer
from tests.faults.model import Bland, Kind, logic

__all__: list[str] = []

USER = "request/user_number:refuses"
AGENT = "request/agent_number:refuses"
MESSAGE = "request/message:refuses"
BOTH = (USER, AGENT)
REUSED = "rule/active-reused"
ORDER = "rule/timeout-order"
Body = Mapping[str, Any]


# -- the time-outs


@logic(Kind.INPUT, ORDER)
class EqualTimesPass(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        return super().timeouts_fit(body) or body.get("warning_time") == body.get("time_out")


@logic(Kind.INPUT, ORDER)
class TimesAreNotCompared(Bland):
    def timeouts_fit(self, body: Body) -> bool:  # noqa: ARG002 - that is the fault
        return True


@logic(
    Kind.INPUT,
    ORDER,
    "request/warning_time:accepts",
    "request/time_out:accepts",
    also=("request/warning_time:accepts", "request/time_out:accepts", ORDER),
)
class TimesComparedAsText(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        one, other = body.get("warning_time"), body.get("time_out")
        return one is None or other is None or str(one) < str(other)


@logic(Kind.INPUT, ORDER)
class TimesComparedInMinutes(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        one: Any = body.get("warning_time")
        other: Any = body.get("time_out")
        return not self.is_number(one) or not self.is_number(other) or int(one) // 60 <= int(other) // 60


@logic(Kind.INPUT, ORDER, note="needs two facts: times, and the texts that go with them")
class TimesComparedOnlyWithTexts(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        return "warning_message" not in body or super().timeouts_fit(body)


@logic(Kind.INPUT, ORDER, note="needs two facts: times, and a new conversation")
class TimesNotComparedForNew(Bland):
    def timeouts_fit(self, body: Body) -> bool:
        return body.get("new_conversation") is True or super().timeouts_fit(body)


@logic(Kind.INPUT, ORDER)
class TimeoutCodeMissing(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        for problem in super().problems(body):
            yield replace(problem, error="INVALID_REQUEST")


@logic(Kind.INPUT, ORDER)
class TimeoutCodeInLowerCase(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        for problem in super().problems(body):
            yield replace(problem, error=problem.error.lower())


@logic(Kind.INPUT, ORDER, also=(f"{ORDER}:code",))
class TimeoutCodeForEverything(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        for problem in super().problems(body):
            yield replace(problem, error="INVALID_TIMEOUT_CONFIG")


@logic(Kind.STATUS, "protocol/no-server-error")
class TimeoutsAre500(Bland):
    def refused(self, status: int, *problems: Problem) -> Answer:
        wrong = any(problem.error == "INVALID_TIMEOUT_CONFIG" for problem in problems)
        return super().refused(500 if wrong else status, *problems)


# -- numbers


@logic(Kind.INPUT, "rule/owned-number")
class AnyAgentNumber(Bland):
    def owns(self, agent_number: str) -> bool:
        return bool(agent_number)


@logic(Kind.INPUT, "rule/owned-number", note="needs two facts: a number of somebody else's, and a new conversation")
class AnyAgentNumberForNew(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        for problem in super().problems(body):
            if problem.error != "AGENT_NUMBER_NOT_FOUND" or body.get("new_conversation") is not True:
                yield problem


class _Phones(Bland):
    """Takes more than E.164; what is stored is what was understood."""

    pattern = r"\+[1-9][0-9]{1,14}"

    def meant(self, value: str) -> str:
        return value

    def is_phone(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, self.meant(value)) is not None

    def owns(self, agent_number: str) -> bool:
        return super().owns(self.meant(agent_number))


@logic(Kind.INPUT, *BOTH, also=BOTH)
class SeparatorsRemoved(_Phones):
    def meant(self, value: str) -> str:
        return re.sub(r"[ ().-]", "", value)


@logic(Kind.INPUT, *BOTH, also=BOTH)
class BlanksAround(_Phones):
    def meant(self, value: str) -> str:
        return value.strip(" ")


@logic(Kind.INPUT, *BOTH, also=BOTH)
class LineFeedBehind(_Phones):
    def is_phone(self, value: Any) -> bool:
        return isinstance(value, str) and re.match(r"^\+[1-9][0-9]{1,14}$", value) is not None

    def meant(self, value: str) -> str:
        return value.strip()


@logic(Kind.INPUT, *BOTH, also=BOTH)
class TelUris(_Phones):
    def meant(self, value: str) -> str:
        return value.removeprefix("tel:")


@logic(Kind.INPUT, *BOTH, also=BOTH)
class TwoPluses(_Phones):
    def meant(self, value: str) -> str:
        return "+" + value.lstrip("+")


@logic(Kind.INPUT, *BOTH, also=BOTH, shown=False, note="of digits alone nobody can tell whether they are taken")
class DoubleZeroForPlus(_Phones):
    def meant(self, value: str) -> str:
        return "+" + value.removeprefix("00") if value.startswith("00") else value


@logic(Kind.INPUT, USER)
class AnyDigits(Bland):
    r"""`\d` without more takes the digits of all scripts."""

    def is_phone(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(r"\+\d{2,15}", value) is not None


@logic(Kind.INPUT, USER)
class AnyDigitsAfterTheFirst(_Phones):
    r"""The pattern that everybody writes: its `\d` takes the digits of all scripts."""

    pattern = r"\+[1-9]\d{1,14}"


@logic(Kind.INPUT, USER)
class CapitalsInNumbers(_Phones):
    pattern = r"\+[1-9][0-9A-Z]{1,14}"


@logic(Kind.INPUT, USER)
class ZeroAfterPlus(_Phones):
    pattern = r"\+[0-9]{2,15}"


@logic(Kind.INPUT, USER)
class SixteenDigits(_Phones):
    pattern = r"\+[1-9][0-9]{1,15}"


@logic(Kind.INPUT, USER)
class LettersInNumbers(_Phones):
    pattern = r"\+[0-9A-Z]{2,15}"


@logic(Kind.INPUT, USER)
class ExtensionBehindNumber(_Phones):
    pattern = r"\+[1-9][0-9]{1,14}(x[0-9]+|;ext=[0-9]+)?"


@logic(Kind.INPUT, USER)
class AnythingIsAUserNumber(Bland):
    def is_phone(self, value: Any) -> bool:
        return isinstance(value, str)


@logic(Kind.INPUT, USER)
class PlusAlone(_Phones):
    pattern = r"\+([1-9][0-9]{0,14})?"


@logic(Kind.INPUT, USER)
class ListOfOneNumber(Bland):
    def read(self, body: bytes) -> dict[str, Any]:
        value = super().read(body)
        number = value.get("user_number")
        return {**value, "user_number": number[0]} if isinstance(number, list) and number else value


@logic(Kind.INPUT, "request/user_number:accepts")
class OnlyNorthAmerica(Bland):
    def problems(self, body: Body) -> Iterator[Problem]:
        yield from super().problems(body)
        if isinstance(body.get("user_number"), str) and not body["user_number"].startswith("+1"):
            yield Problem("INVALID_REQUEST", "user_number is not supported")
