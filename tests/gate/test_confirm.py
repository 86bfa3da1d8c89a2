"""What only fuzzing finds in a history is asked again on numbers that nobody else uses, with the requests that broke it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smscontract.findings import Report
from smscontract.numbers import is_reserved
from tests.gate.faults import FAULTS
from tests.gate.run import BLAND, STUUT, broken, reasons, run_on
from tests.gate.server import Reply, Seen, Server
from tests.gate.test_allowance import notes, staging

REUSED = f"{BLAND}/rule/active-reused"


def is_odd(fields: dict[str, Any]) -> bool:
    """What only fuzzing sends."""
    data = fields.get("request_data")
    return isinstance(data, dict) and bool({"a", "$a", "ключ"} & data.keys())


def forgetting(when: Callable[[Seen], bool]) -> Callable[[Seen, Callable[[], Reply]], Reply]:
    """A provider that forgets the conversation of two numbers for some requests."""

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.method != "POST" or seen.fields.get("new_conversation", False) is not False or not when(seen):
            return answer()
        return seen.serve(json.dumps({**seen.fields, "new_conversation": True}).encode(), "")

    return behave


def fuzzed(server: Server, **settings: Any) -> Report:
    return run_on([staging(server, "bland")], **{"fuzz": 60, "max_requests": 400, "fail_on": "should", **settings})


def test_what_fuzzing_broke_is_a_finding_where_fresh_numbers_show_it(server: Server) -> None:
    server.behave = forgetting(lambda seen: is_odd(seen.fields))
    report = fuzzed(server)
    assert broken(report).keys() == {REUSED}
    (found,) = [one for one in report.findings if one.clause == REUSED]
    assert found.first.origin.source == "fuzz"
    assert "again on a fresh pair: request" in found.note
    confirming = report.operations[0].tiers["confirm"]
    assert 0 < confirming <= 12
    # Numbers of their own, reserved, and as many requests as it takes.
    posts = [seen for seen in server.arrived if seen.method == "POST"]
    asked, before = posts[-confirming:], posts[:-confirming]
    users = {str(seen.fields["user_number"]) for seen in asked}
    assert all(map(is_reserved, users))
    assert not users & {str(seen.fields.get("user_number")) for seen in before}
    assert any(is_odd(seen.fields) for seen in asked)


def test_what_went_before_may_be_the_cause(server: Server) -> None:
    """A refusal wipes the conversation: the successes that show it do not show it without the refusal."""
    wiped: set[str] = set()

    def when(seen: Seen) -> bool:
        user = str(seen.fields.get("user_number"))
        if is_odd(seen.fields) and isinstance(seen.fields.get("message"), str):
            wiped.add(user)
            return False
        found = user in wiped
        wiped.discard(user)
        return found

    server.behave = forgetting(when)
    report = fuzzed(server)
    assert broken(report).keys() == {REUSED}


def test_what_somebody_else_did_once_while_fuzzing_is_not_judged(server: Server) -> None:
    once: list[Seen] = []

    def when(seen: Seen) -> bool:
        if is_odd(seen.fields) and len(once) < 6:
            once.append(seen)
            return True
        return False

    server.behave = forgetting(when)
    report = fuzzed(server)
    assert len(once) == 6
    assert broken(report) == {}
    assert reasons(report, REUSED) == {"not repeated on a fresh pair"}
    assert report.operations[0].tiers["confirm"] > 0
    assert report.operations[0].broken == 0


def test_without_a_fresh_pair_nothing_is_confirmed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscontract.gate._lease._EACH", 0)
    server.behave = forgetting(lambda seen: is_odd(seen.fields))
    report = fuzzed(server)
    assert broken(report) == {}
    assert reasons(report, REUSED) == {"not confirmed: no fresh pair or draft is left"}


def test_what_the_budget_does_not_allow_is_not_confirmed(server: Server) -> None:
    server.behave = forgetting(lambda _: True)
    whole = fuzzed(server, fuzz=0)
    used = whole.operations[0].tiers["plan"]
    server.reset()
    report = fuzzed(server, fuzz=0, max_requests=used)
    assert report.operations[0].tiers == {"plan": used}
    assert broken(report).keys().isdisjoint({REUSED})
    assert "not confirmed: budget" in reasons(report, REUSED)
    assert "conversation" in notes(report)


def test_without_texts_to_spare_nothing_is_confirmed(server: Server) -> None:
    server.behave = FAULTS["every send sends"].make()
    again = f"{STUUT}/rule/second-send"
    assert again in broken(run_on([staging(server, "stuut")], drafts_are_safe=True))
    server.reset()
    server.behave = FAULTS["every send sends"].make()
    report = run_on([staging(server, "stuut")], drafts_are_safe=True, max_sends=20)
    assert broken(report) == {}
    assert "not confirmed: sends" in reasons(report, again)
