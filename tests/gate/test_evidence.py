"""What may be an outage is no break, and what only looks like one is: design, section 5."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.clauses.evidence import moments
from smscontract.exchange import Exchange
from smscontract.findings import Report, Verdict
from smscontract.recordings import read
from smscontract.transport import Manners
from tests.gate.run import BLAND, STUUT, broken, reasons, run
from tests.gate.server import HANG, RESET, Behave, Reply, Seen, Server

ERROR = Reply(500, b'{"detail": "Internal Server Error"}')
BUSY = Reply(503, b"<html>busy</html>", (("content-type", "text/html"),))
#: The right answer, which breaks off.
CUT = Reply(0)
PROVIDERS = [("stuut", STUUT), ("bland", BLAND)]


def always(reply: Reply) -> Behave:
    return lambda _, __: reply


def when(condition: Callable[[Seen], bool], reply: Reply) -> Behave:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if not condition(seen):
            return answer()
        if reply is not CUT:
            return reply
        right = answer()
        return replace(right, body=right.body[:-3], length=len(right.body))

    return behave


def causes(report: Report) -> str:
    return "\n".join(report.causes)


def test_the_correct_server_keeps_everything(server: Server) -> None:
    for provider, operation in PROVIDERS:
        report = run(provider, server.url)
        assert (report.verdict, report.exit_code, broken(report), report.new) == (Verdict.KEPT, 0, {}, ()), causes(report)
        assert report.operations[0].operation == operation


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize("reply", [BUSY, RESET, CUT, ERROR], ids=["503", "reset", "cut", "500"])
def test_gone_for_good_in_the_middle_is_an_outage(server: Server, provider: str, operation: str, reply: Reply) -> None:
    server.behave = when(lambda seen: seen.number > 10, reply)
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (3, {})
    assert f"{operation}: outage after" in causes(report)
    assert report.judged_clauses > 50
    assert "outage" in {one.reason for one in report.not_judged}
    assert len(server.arrived) < 20


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize("first", [4, 11, 60])
def test_an_outage_behind_a_door_that_works_is_one_too(server: Server, provider: str, operation: str, first: int) -> None:
    token = server.handed[provider]["token"]
    server.behave = when(lambda seen: seen.number >= first and token in seen.header("authorization"), ERROR)
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (3, {})
    assert f"{operation}: outage after" in causes(report)
    assert len(server.arrived) < first + 40


def test_a_control_that_fails_by_itself_is_no_outage(server: Server) -> None:
    missing = server.handed["stuut"]["resources"]["sms_id"]["missing"]
    server.behave = when(lambda seen: any(one in seen.target for one in missing), ERROR)
    report = run("stuut", server.url)
    assert (report.exit_code, set(broken(report))) == (1, {f"{STUUT}/protocol/no-server-error"})
    assert report.operations[0].kept > 100


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_an_outage_beside_a_break_is_broken_all_the_same(server: Server, provider: str, operation: str) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if seen.number > 10:
            return BUSY
        return reply.with_header("content-type", "text/plain") if reply.status == 200 else reply

    server.behave = behave
    report = run(provider, server.url, fail_on="should")
    assert report.exit_code == 1
    assert f"{operation}/protocol/content-type" in broken(report)
    assert f"{operation}: outage after" in causes(report)


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize("reply", [BUSY, RESET, CUT], ids=["503", "reset", "cut"])
def test_a_short_outage_is_waited_for(server: Server, provider: str, operation: str, reply: Reply) -> None:
    server.behave = when(lambda seen: seen.number in (5, 6, 7), reply)
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (0, {}), causes(report)
    clause = "no-server-error" if reply is BUSY else "complete-body" if reply is CUT else "answers"
    assert "outage: the control failed too" in reasons(report, f"{operation}/protocol/{clause}")
    assert report.operations[0].tiers["control"] == 3


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize(("reply", "clause"), [(ERROR, "no-server-error"), (RESET, "answers"), (CUT, "complete-body")])
def test_an_outage_that_begins_when_a_failure_is_tried_again(
    server: Server, provider: str, operation: str, reply: Reply, clause: str
) -> None:
    # A failure of its own kind, a control that passes, and then the target is gone for some time.
    server.behave = when(lambda seen: seen.number in {5, 7, 8, 9}, reply)
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (0, {}), causes(report)
    assert "outage: the control failed too" in reasons(report, f"{operation}/protocol/{clause}")


def test_the_last_request_of_a_budget_shows_no_break(server: Server) -> None:
    server.behave = when(lambda seen: b'"SOMEBODY"' in seen.body, ERROR)
    report = run("bland", server.url)
    (finding,) = report.findings
    failed = next(seen.number for seen in server.arrived if b'"SOMEBODY"' in seen.body)
    for more in (1, 2, 3):  # a control, the case again, a control
        server.reset()
        cut = run("bland", server.url, max_requests=failed + more)
        assert set(broken(cut)) == ({finding.clause} if more == 3 else set())
        assert more == 3 or reasons(cut, finding.clause) == {"it was not tried again"}
    assert len(server.arrived) == failed + 3


@pytest.mark.parametrize("reply", [ERROR, BUSY], ids=["500", "503"])
def test_an_error_that_only_one_kind_of_request_provokes_is_a_break(server: Server, reply: Reply) -> None:
    server.behave = when(lambda seen: b'"warning_time"' in seen.body, reply)
    report = run("bland", server.url)
    assert report.exit_code == 1
    assert set(broken(report)) == {f"{BLAND}/protocol/no-server-error"}
    finding = report.findings[0]
    assert (finding.part, finding.got) == ("status", str(reply.status))
    assert "every time" in finding.message


@pytest.mark.parametrize(("reply", "kind"), [(RESET, "reset"), (CUT, "cut"), (HANG, "timeout")])
def test_no_whole_answer_to_one_kind_of_request_is_a_break(server: Server, reply: Reply, kind: str) -> None:
    server.behave = when(lambda seen: b'"SOMEBODY"' in seen.body, reply)
    patience = 0.5 if reply is HANG else 60
    report = run("bland", server.url, max_requests=90, manners=Manners(sleep=lambda _: None, time_out=patience))
    assert set(broken(report)) == {f"{BLAND}/protocol/{'complete-body' if reply is CUT else 'answers'}"}
    assert (report.exit_code, report.findings[0].got) == (1, kind)


def test_an_error_for_every_draft_is_a_break_with_one_draft_too(server: Server, tmp_path: Path) -> None:
    ids = server.handed["stuut"]["resources"]["sms_id"]
    file = tmp_path / "resources.json"
    file.write_text(json.dumps({"sms_id": {"draft": ids["draft"][:1], "missing": ids["missing"][:1]}}), "utf-8")
    server.behave = when(lambda seen: ids["draft"][0]["id"] in seen.target and bool(seen.header("authorization")), ERROR)
    report = run("stuut", server.url, resources=str(file))
    assert report.exit_code == 1
    assert set(broken(report)) == {f"{STUUT}/protocol/no-server-error"}


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_once_is_flaky_and_not_judged(server: Server, provider: str, operation: str) -> None:
    server.behave = when(lambda seen: seen.number == 3, ERROR)
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (0, {})
    assert reasons(report, f"{operation}/protocol/no-server-error") == {"flaky: did not happen again"}


@pytest.mark.parametrize(("reply", "clause"), [(ERROR, "no-server-error"), (RESET, "answers"), (CUT, "complete-body")])
def test_three_alike_are_a_break_that_comes_and_goes(server: Server, reply: Reply, clause: str) -> None:
    server.behave = when(lambda seen: seen.number in (3, 13, 23), reply)
    report = run("bland", server.url)
    assert (report.exit_code, set(broken(report))) == (1, {f"{BLAND}/protocol/{clause}"})
    (finding,) = report.findings
    assert finding.count == 3
    assert "now and then" in finding.message
    sent = report.operations[0].tiers
    assert finding.note.startswith(f"now and then: 3 of {sent['plan'] + sent['repeat']} answers")


def test_two_alike_and_one_of_another_kind_are_flaky(server: Server) -> None:
    failures = {3: ERROR, 13: ERROR, 23: BUSY}
    server.behave = lambda seen, answer: failures.get(seen.number) or answer()
    assert broken(run("bland", server.url)) == {}


# -- limits of rate


@pytest.mark.parametrize("provider", ["stuut", "bland"])
@pytest.mark.parametrize("after", [None, "1", "2", "date"])
def test_a_429_is_waited_for_once(server: Server, provider: str, after: str | None) -> None:
    slept: list[float] = []
    headers = (
        () if after is None else (("retry-after", formatdate(time.time() + 2, usegmt=True) if after == "date" else after),)
    )
    server.behave = when(lambda seen: seen.number % 10 == 3, Reply(429, b'{"detail": "slow down"}', headers))
    report = run(provider, server.url, manners=Manners(sleep=slept.append))
    assert (report.exit_code, broken(report)) == (0, {}), causes(report)
    assert slept
    assert all(0 <= wait <= 2 for wait in slept)
    assert after != "2" or set(slept) == {2}
    assert report.operations[0].tiers["repeat"] == len(slept)


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize("headers", [(), (("retry-after", "1"),), (("retry-after", "3600"),), (("retry-after", "soon"),)])
@pytest.mark.parametrize("first", [1, 12])
def test_429_for_good_is_not_judged(
    server: Server, provider: str, operation: str, headers: tuple[tuple[str, str], ...], first: int
) -> None:
    server.behave = when(lambda seen: seen.number >= first, Reply(429, b'{"detail": "slow down"}', headers))
    report = run(provider, server.url)
    assert (report.exit_code, broken(report)) == (3, {})
    assert f"{operation}: rate limited after" in causes(report)
    assert "rate limited" in {one.reason for one in report.not_judged}
    assert len(server.arrived) < first + 8


def test_one_case_that_stays_limited_cannot_be_told(server: Server) -> None:
    server.behave = when(lambda seen: b'"SOMEBODY"' in seen.body, Reply(429, b"{}"))
    report = run("bland", server.url)
    assert (report.exit_code, broken(report)) == (3, {})
    assert f"{BLAND}: rate limited" in causes(report)


# -- time and size


class Clock:
    """A clock that the server moves on. By itself it goes a millisecond with each look: a machine that stands still for two
    seconds makes no answer slow by it."""

    def __init__(self) -> None:
        self.ahead = time.time()
        self._looks = itertools.count()

    def __call__(self) -> float:
        return self.ahead + next(self._looks) / 1000


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_five_slow_answers_are_a_break_and_shorten_the_plan(server: Server, provider: str, operation: str) -> None:
    clock = Clock()

    def behave(_: Seen, answer: Callable[[], Reply]) -> Reply:
        clock.ahead += 2.5
        return answer()

    server.behave = behave
    report = run(provider, server.url, manners=Manners(clock=clock), fail_on="should")
    assert (report.exit_code, set(broken(report))) == (1, {f"{operation}/protocol/in-time"})
    whole = run(provider, None).operations[0].tiers["plan"]
    assert report.operations[0].tiers["plan"] < whole
    assert run(provider, server.url, manners=Manners(clock=clock)).exit_code == 0  # nobody promised it


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_four_slow_answers_are_none(server: Server, provider: str, operation: str) -> None:
    clock = Clock()

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        clock.ahead += 2.5 if seen.number <= 4 else 0
        return answer()

    server.behave = behave
    report = run(provider, server.url, manners=Manners(clock=clock), fail_on="should")
    assert (report.exit_code, broken(report)) == (0, {})
    assert reasons(report, f"{operation}/protocol/in-time") == {"slow, but not at 5 moments"}


_SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)).map(lambda one: (one[0], one[0] + one[1])), max_size=7)


@given(_SPANS, st.integers(0, 3))
def test_moments_are_as_few_as_can_be(spans: list[tuple[int, int]], unknown: int) -> None:
    # Whatever is under way at one of some moments had its cause then: tried with all choices of whole seconds.
    few = next(
        count
        for count in range(len(spans) + 1)
        for chosen in itertools.combinations(range(14), count)
        if all(any(start <= at <= end for at in chosen) for start, end in spans)
    )
    lost: list[tuple[float | None, float | None]] = [(None, 1.0), (1.0, None), (None, None)]
    assert moments([*spans, *lost[:unknown]]) == few + unknown


@pytest.fixture
def pair(server: Server, tmp_path: Path, provider: str) -> int:
    """The number of the first of two requests that leave together."""
    record = tmp_path / "run.jsonl"
    run(provider, server.url, record=str(record))
    server.reset()
    sent = [one.sent_at for one in read([str(record)]) if isinstance(one, Exchange)]
    return next(number for number in range(1, len(sent)) if sent[number - 1] == sent[number])


@pytest.mark.parametrize("others", [3, 4])
@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_slow_answers_of_one_moment_are_one(server: Server, pair: int, provider: str, operation: str, others: int) -> None:
    # Both of the pair are under way while a machine stands still once.
    clock = Clock()

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        clock.ahead += 2.5 if seen.number <= others or seen.number in {pair, pair + 1} else 0
        return answer()

    server.behave = behave
    report = run(provider, server.url, manners=Manners(clock=clock), fail_on="should")
    clause = f"{operation}/protocol/in-time"
    assert (report.exit_code, broken(report)) == ((1, {clause: 6}) if others == 4 else (0, {}))
    assert others == 4 or [one.count for one in report.not_judged if one.clause == clause] == [5]


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize(("reply", "clause"), [(ERROR, "no-server-error"), (RESET, "answers"), (CUT, "complete-body")])
@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("clock", [time.time, lambda: 1.8e9], ids=["real", "stands"])
def test_failures_of_one_moment_are_one(
    server: Server,
    pair: int,
    *,
    provider: str,
    operation: str,
    reply: Reply,
    clause: str,
    others: int,
    clock: Callable[[], float],
) -> None:
    failing = {pair, pair + 1, pair + 20, pair + 20 * others}
    server.behave = when(lambda seen: seen.number in failing, reply)
    report = run(provider, server.url, manners=Manners(sleep=lambda _: None, time_out=60, clock=clock))
    identity = f"{operation}/protocol/{clause}"
    assert (report.exit_code, broken(report)) == ((1, {identity: 4}) if others == 2 else (0, {}))
    untold = {one.reason: one.count for one in report.not_judged if one.clause == identity}
    assert untold == ({"flaky: did not happen again": 3} if others == 1 else {})


@pytest.mark.parametrize("clock", [time.time, lambda: 1.8e9], ids=["real", "stands"])
@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_two_that_leave_together_are_tried_once(
    server: Server, pair: int, provider: str, operation: str, clock: Callable[[], float]
) -> None:
    server.behave = when(lambda seen: seen.number in {pair, pair + 1}, ERROR)
    manners = Manners(sleep=lambda _: None, time_out=60, clock=clock)
    report = run(provider, server.url, max_requests=pair + 2, manners=manners)  # they, and a control
    assert broken(report) == {}
    assert reasons(report, f"{operation}/protocol/no-server-error") == {"it was not tried again"}


@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_is_read_up_to_a_limit(server: Server, declared: bool) -> None:
    body = b'{"pad": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    large = Reply(400, body, length=None if declared else len(body) * 3)
    server.behave = when(lambda seen: b'"SOMEBODY"' in seen.body, large)
    report = run("bland", server.url)
    assert (report.exit_code, set(broken(report))) == (1, {f"{BLAND}/protocol/answers"})
    assert report.findings[0].got == "too-large"


def test_the_limit_itself_is_not_too_large(server: Server) -> None:
    small = Reply(400, b'{"errors": [{"error": "NO", "message": "' + b"x" * 100 + b'"}], "data": null}')
    server.behave = when(lambda seen: b'"SOMEBODY"' in seen.body, small)
    limit = len(small.body)
    assert broken(run("bland", server.url, manners=Manners(limit=limit + 400))) == {}


# -- nothing to judge by


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b'{"detail": "Not Found"}'),
        Reply(404, b"<html>Not Found</html>", (("content-type", "text/html"),)),
        Reply(404, b"", ()),
        Reply(302, b"", (("location", "http://example.invalid/"),)),
    ],
    ids=["json", "html", "empty", "redirect"],
)
def test_nothing_but_404_cannot_be_told(server: Server, provider: str, operation: str, reply: Reply) -> None:
    server.behave = always(reply)
    report = run(provider, server.url)
    assert (report.exit_code, {one.clause for one in report.findings if one.fails}) == (3, set())
    assert f"{operation}: no successful answer was seen" in causes(report)


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_nobody_listens(provider: str, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "a-token-for-nobody")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    report = run(provider, f"http://127.0.0.1:{port}", token_env="T")
    assert (report.exit_code, broken(report)) == (3, {})
    assert report.kept == (), "of no answer nothing can be said"
    if provider == "bland":
        assert f"{operation}: nobody answered at 127.0.0.1:{port} (unreachable)" in causes(report)


@pytest.mark.parametrize(("provider", "operation"), PROVIDERS)
def test_a_wrong_token_cannot_be_told(server: Server, provider: str, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "a-token-of-somebody-else")
    report = run(provider, server.url, token_env="T")
    assert (report.exit_code, broken(report)) == (3, {})
    assert f"{operation}: the credential is refused (401, as without one) after " in causes(report)
    assert f"`smscontract doctor {provider} --url {server.url}" in causes(report)
    # What has to do with credentials is asked all the same, and nothing else.
    assert len(server.arrived) <= 70
    assert sum(seen.header("authorization").endswith("a-token-of-somebody-else") for seen in server.arrived) <= 40


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_gateway_says_now_and_then_is_no_break(server: Server, status: int) -> None:
    server.behave = when(lambda seen: seen.number in {10, 40, 70, 100}, Reply(status, b"", (("content-type", "text/html"),)))
    report = run("bland", server.url)
    assert (report.exit_code, broken(report)) == (0, {})
    assert reasons(report, f"{BLAND}/protocol/no-server-error") == {"flaky: did not happen again, and it is a gateway's"}


def test_what_hits_controls_too_is_no_break_now_and_then(server: Server) -> None:
    # Three by themselves, and one whose control fails alike.
    server.behave = when(lambda seen: seen.number in {10, 40, 70, 100, 101}, RESET)
    report = run("bland", server.url)
    assert (report.exit_code, broken(report)) == (0, {})
    assert "outage: controls failed alike" in reasons(report, f"{BLAND}/protocol/answers")
