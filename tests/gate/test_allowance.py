"""What a run may do to a target that others use: how fast, how many texts, nothing at all; whose is what it leaves."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response
from smscontract.findings import Report
from smscontract.gate import Target
from smscontract.gate._lease import leased
from smscontract.rates import Rate, rate
from smscontract.resources import resources_from
from smscontract.transport import Pace, target_url
from tests.gate.run import BLAND, STUUT, broken, judge_of, reasons, run_on
from tests.gate.server import Reply, Seen, Server


def staging(server: Server, provider: str, *, shared: bool = True, speed: Rate | None = None) -> Target:
    server.offers = False
    handed = server.handed[provider]
    return Target(
        provider=provider,
        url=target_url(server.url, ()),
        token=handed["token"],
        resources=resources_from(handed["resources"], "here"),
        sandbox=False,
        shared=shared,
        rate=speed or Rate(),
    )


def notes(report: Report) -> str:
    return "\n".join(note for one in report.operations for note in one.notes)


def bodies(server: Server) -> list[dict[str, Any]]:
    return [seen.fields for seen in server.arrived if seen.method == "POST"]


# -- how fast


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def answered(status: int, *headers: tuple[str, str]) -> Exchange:
    return Exchange(
        request=Request(method="POST", url="http://localhost/"),
        response=Response(status=status, headers=headers),
        origin=Origin(kind=OriginKind.LIVE),
        received_at=1_800_000_000.0,
    )


@pytest.mark.parametrize(("text", "apart"), [("60/m", 1.0), ("2/s", 0.5), ("1800/h", 2.0)])
def test_never_more_than_the_rate(text: str, apart: float) -> None:
    clock = Clock()
    pace = Pace(rate(text), clock)
    sent: list[float] = []
    for _ in range(40):
        clock.now += pace.wait()
        assert pace.wait() < 1e-6
        pace.take()
        sent.append(clock.now)
    at_once = max(1, int(1 / apart))
    assert all(later - earlier >= apart * 0.999 for earlier, later in zip(sent, sent[at_once:], strict=False))
    assert sent[-1] - sent[0] <= apart * 39
    clock.now += 3600  # what was not used is not saved up
    first = clock.now
    for _ in range(3 * at_once):
        clock.now += pace.wait()
        pace.take()
    assert clock.now - first >= apart * at_once


@pytest.mark.parametrize(
    ("status", "headers", "learned", "always"),
    [
        (429, [("retry-after", "7")], 7, True),
        (503, [("retry-after", "7")], 7, True),
        (200, [("retry-after", "7")], 0, True),
        (429, [("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT")], 30, True),
        (200, [("ratelimit-remaining", "0"), ("ratelimit-reset", "9")], 9, False),
        (200, [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000009")], 9, False),
        (200, [("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "9")], 9, False),
        (200, [("ratelimit", "limit=10, remaining=0, reset=9")], 9, False),
        (200, [("ratelimit", '"default";r=0;t=9')], 9, False),
        (200, [("ratelimit", '"default";r=3;t=9')], 0, False),
        (200, [("x-ratelimit-remaining", "soon"), ("x-ratelimit-reset", "9")], 0, False),
        (200, [], 0, False),
    ],
)
def test_what_answers_say_of_limits(status: int, headers: list[tuple[str, str]], learned: float, always: bool) -> None:
    for auto in (True, False):
        clock = Clock()
        pace = Pace(Rate(auto=auto), clock)
        pace.learn(answered(status, *headers))
        assert pace.wait() == pytest.approx(learned if auto or always else 0, abs=0.3)
        clock.now += learned + 1
        assert pace.wait() == 0


def test_after_429s_it_goes_slower_and_then_faster_again() -> None:
    clock = Clock()
    pace = Pace(Rate(auto=True), clock)

    def distance() -> float:
        pace.take()
        return pace.wait()

    distances = []
    for _ in range(12):
        pace.learn(answered(429))
        distances.append(distance())
    assert distances == sorted(distances)
    assert 0 < distances[0] < distances[-1] <= 60
    for _ in range(200):
        pace.learn(answered(200))
    assert distance() == 0


def test_what_does_not_fit_into_the_time_is_not_judged(server: Server) -> None:
    report = run_on([staging(server, "bland", speed=rate("30/m"))], max_time=3.0)
    assert 0 < len(bodies(server)) <= 3
    assert "time" in {one.reason for one in report.not_judged}
    assert broken(report) == {}


# -- how many texts


@pytest.mark.parametrize("most", [0, 1, 5])
def test_no_more_texts_now_than_allowed(server: Server, most: int) -> None:
    report = run_on([staging(server, "stuut")], max_sends=most, drafts_are_safe=True, fuzz=5)
    texts = [message for message in server.app.control.messages().body["messages"] if message["texts"]]
    assert len(texts) <= most
    assert "sends" in {one.reason for one in report.not_judged}
    # The last one of several is kept for a target that accepts what it must refuse.
    assert (f"at most {min(most, max(1, most - 1))} texts were sent" in notes(report)) == bool(most)
    assert broken(report) == {}
    assert len(server.arrived) > 15  # what has to be refused is judged all the same


@pytest.mark.parametrize("most", [0, 3])
def test_no_more_texts_later_than_allowed(server: Server, most: int) -> None:
    report = run_on([staging(server, "bland")], max_sends=most, fuzz=0)
    timers = [name for body in accepted(server) for name in ("time_out", "warning_time") if name in body]
    assert len(timers) <= most
    assert broken(report) == {}


def accepted(server: Server) -> list[dict[str, Any]]:
    """What the sandbox took, as its conversations tell."""
    return [one["settings"] for one in server.app.control.conversations().body["conversations"]]


def test_who_accepts_what_has_to_be_refused_is_not_asked_for_long(server: Server) -> None:
    good: list[Reply] = []

    def behave(_: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if reply.status == 200:
            good.append(reply)
        return good[0] if reply.status in {404, 409, 422, 400, 403} and good else reply

    target = staging(server, "stuut")
    server.behave = behave
    report = run_on([target], max_sends=2, drafts_are_safe=True, fail_on="should")
    assert report.exit_code == 1
    sent = [seen for seen in server.arrived if seen.header("authorization") == f"Bearer {target.token}"]
    assert len(sent) <= 8
    assert "sends" in {one.reason for one in report.not_judged}


@pytest.mark.parametrize(("provider", "operation"), [("stuut", STUUT), ("bland", BLAND)])
def test_nothing_changes_where_nothing_may(server: Server, provider: str, operation: str) -> None:
    before = server.app.control.messages().body
    report = run_on([staging(server, provider)], no_effects=True, drafts_are_safe=True, fuzz=10, max_requests=120)
    assert server.app.control.messages().body == before
    assert server.app.control.conversations().body == {"conversations": []}
    assert report.exit_code == 0
    assert broken(report) == {}
    assert "it changes something" in {one.reason for one in report.not_judged}
    assert len(server.arrived) > 20
    assert report.operations[0].operation == operation


# -- timers, markers, and what is left behind


def test_no_timer_ends_during_the_run(server: Server) -> None:
    report = run_on([staging(server, "bland")], max_time=300.0, fuzz=5, max_requests=130)
    lengths = [one[name] for one in accepted(server) for name in ("time_out", "warning_time") if name in one]
    assert lengths
    assert min(lengths) >= 300 + 120
    assert broken(report) == {}
    assert report.exit_code == 0


def test_in_a_sandbox_timers_stay_as_they_are_and_nothing_is_marked(server: Server) -> None:
    from tests.gate.run import run

    run("bland", server.url)
    assert any(
        body.get("time_out", 10**6) < 100 for body in bodies(server) if isinstance(body.get("time_out", 10**6), int | float)
    )
    assert b"smscontract_run" not in bytes(server.raw)


def test_what_the_run_made_carries_its_name_and_is_ended(server: Server) -> None:
    report = run_on([staging(server, "bland")])
    made = server.app.control.conversations().body["conversations"]
    names = {one["settings"].get("request_data", {}).get("smscontract_run") for one in made}
    assert len(names) == 1
    assert next(iter(names)) in server.arrived[0].header("user-agent")
    assert not any(one["is_active"] for one in made)
    assert f"{len(made)} conversations of this run read back, {len(made)} ended" in notes(report)
    assert "may follow" not in notes(report)
    assert broken(report) == {}


@pytest.mark.parametrize("theirs", ["another-run", None])
def test_what_is_not_the_runs_is_left_alone(server: Server, theirs: str | None) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if seen.method == "GET" and "/conversations/" in seen.target and reply.status == 200:
            value = reply.json
            value["data"]["variables"] = None if theirs is None else {"smscontract_run": theirs}
            return reply.with_json(value)
        return reply

    server.behave = behave
    report = run_on([staging(server, "bland")], max_requests=60)
    assert not any(seen.method == "PATCH" and "/conversations/" in seen.target for seen in server.arrived)
    assert any(one["is_active"] for one in server.app.control.conversations().body["conversations"])
    assert "left alone" in notes(report)


# -- others at the same target


def faulty(only: set[str] | None) -> Callable[[Seen, Callable[[], Reply]], Reply]:
    """A provider that forgets conversations: each request gets a new one; for all pairs, or those of these users only."""

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        user = str(seen.fields.get("user_number"))
        if seen.method != "POST" or "new_conversation" in seen.fields or (only is not None and user not in only):
            return answer()
        return seen.serve(json.dumps({**seen.fields, "new_conversation": True}).encode(), "")

    return behave


def test_a_history_that_is_broken_on_a_fresh_pair_too_is_a_finding(server: Server) -> None:
    server.behave = faulty(None)
    report = run_on([staging(server, "bland")], fail_on="should")
    assert f"{BLAND}/rule/active-reused" in broken(report)
    assert report.operations[0].tiers["confirm"] > 0
    assert report.exit_code == 1


def test_a_history_that_somebody_else_had_a_hand_in_is_not_judged(server: Server) -> None:
    target = staging(server, "bland")
    listed = {entry.value for entry in target.resources.entries("user_number")}
    server.behave = faulty(listed)
    report = run_on([target], fail_on="should")
    assert broken(report) == {}
    assert "not repeated on a fresh pair" in reasons(report, f"{BLAND}/rule/active-reused")
    alone = run_on([staging(server, "bland", shared=False)], fail_on="should")
    assert f"{BLAND}/rule/active-reused" in broken(alone)


def test_two_runs_have_no_number_in_common(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    operations = judge_of("bland").catalogue.contracts["bland"].operations
    target = staging(server, "bland")

    def users(one: Target) -> set[str]:
        return {entry.value for entry in one.resources.entries("user_number")}

    with (
        leased(target, operations) as (first, said),
        leased(target, operations) as (second, told),
        leased(target, operations) as (third, _),
    ):
        assert users(first) == users(target)
        assert not said
        assert "left out" in told[0]
        for one, other in ((first, second), (first, third), (second, third)):
            assert users(one)
            assert not users(one) & users(other)
        owned = [entry.value for entry in second.resources.entries("agent_number")]
        assert owned == [entry.value for entry in target.resources.entries("agent_number")]
    with leased(target, operations) as (again, said):
        assert users(again) == users(target)
        assert not said
    drafts = staging(server, "stuut")
    with leased(drafts, judge_of("stuut").catalogue.contracts["stuut"].operations) as (first, _):
        assert first.resources.entries("sms_id", "draft")
        with leased(drafts, judge_of("stuut").catalogue.contracts["stuut"].operations) as (second, _):
            assert second.resources.entries("sms_id", "draft") == []
            assert second.resources.entries("sms_id", "missing") != []


def test_an_interrupted_run_ends_what_it_made(server: Server) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 20:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return answer()

    server.behave = behave
    report = run_on([staging(server, "bland")])
    assert report.exit_code == 130
    assert "nobody knows" in notes(report)
