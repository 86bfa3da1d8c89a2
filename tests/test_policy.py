from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.errors import ExitCode, UsageError
from smscontract.findings import Level, Report, Unmatched, Verdict
from smscontract.policy import Cause, FailOn, Selection, combine, fails, settle, verdict_of
from tests.reports import samples

CODES = tuple(ExitCode)
CLAUSES = ["stuut.send-sms/200/status:enum", "stuut.send-sms/200/id:required", "bland.create-sms/rule/owned-number"]


def test_the_heavier_of_two_codes_wins() -> None:
    order = [4, 130, 1, 2, 3, 0]
    for first, second in itertools.product(order, repeat=2):
        assert combine([first, second]) == order[min(order.index(first), order.index(second))]


@given(st.lists(st.sampled_from(CODES)), st.lists(st.sampled_from(CODES)))
def test_combining_is_associative_and_commutative(first: list[ExitCode], second: list[ExitCode]) -> None:
    assert combine([combine(first), combine(second)]) == combine(second + first)


def test_of_nothing_comes_0() -> None:
    assert combine([]) is ExitCode.KEPT


def test_a_code_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="5"):
        combine([5])


def test_each_code_has_a_verdict_of_its_own() -> None:
    assert {verdict_of(code) for code in CODES} == set(Verdict)
    assert verdict_of(130) is Verdict.INTERRUPTED


def test_the_ladder() -> None:
    table = {(level, step): fails(level, step) for level in Level for step in FailOn}
    assert {key for key, fail in table.items() if not fail} == {(Level.SHOULD, FailOn.MUST)}


@pytest.mark.parametrize(
    ("select", "ignore", "taken"),
    [
        ((), (), [0, 1, 2]),
        (("stuut",), (), [0, 1]),
        (("stuut.send-sms/200/id", "bland"), (), [1, 2]),
        ((), ("stuut.send-sms/200",), [2]),
        (("stuut",), ("stuut.send-sms/200/status",), [1]),
        (("stuut",), ("stuut",), []),
    ],
)
def test_selection(select: tuple[str, ...], ignore: tuple[str, ...], taken: list[int]) -> None:
    selection = Selection(select, ignore)
    selection.check(CLAUSES)
    assert [number for number, clause in enumerate(CLAUSES) if selection.takes(clause)] == taken


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (Selection(select=("stuut.send-sms/200/statsu:enum",)), "did you mean `stuut.send-sms/200/status:enum`"),
        (Selection(ignore=("bland.create-sms/rule/owned-numbers",)), "--ignore `bland.create-sms/rule/owned-numbers`"),
        (Selection(select=("zzz",)), "`smscontract clauses` lists them"),
        (Selection(select=("stuut", "")), "--select ``"),
    ],
)
def test_a_prefix_that_meets_nothing_is_a_usage_error(selection: Selection, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        selection.check(CLAUSES)
    assert says in str(caught.value)


def report(*, must: int = 0, should: int = 0, new: bool = False, problem: bool = False, judged: int = 9) -> Report:
    return replace(
        samples.FULL,
        findings=tuple(
            replace(samples.STATUS, clause=f"a.b/{level}-{number}", level=level, fails=False)
            for level, count in ((Level.MUST, must), (Level.SHOULD, should))
            for number in range(count)
        ),
        new=samples.FULL.new if new else (),
        problems=samples.FULL.problems if problem else (),
        judged_clauses=judged,
    )


@pytest.mark.parametrize(
    ("given_report", "fail_on", "code", "causes"),
    [
        (report(), FailOn.NEW, 0, ()),
        (report(must=1), FailOn.MUST, 1, ("1 clause broken: `a.b/must-0`",)),
        (report(should=1), FailOn.MUST, 0, ()),
        (report(should=1), FailOn.SHOULD, 1, ("1 clause broken: `a.b/should-0`",)),
        (report(must=5), FailOn.MUST, 1, ("5 clauses broken: `a.b/must-0`, `a.b/must-1`, `a.b/must-2` and 2 more",)),
        (report(new=True), FailOn.SHOULD, 0, ()),
        (
            report(new=True),
            FailOn.NEW,
            1,
            ("2 places not in the contract: `stuut.send-sms/200/segments`, `bland.create-sms/201`",),
        ),
        (report(problem=True), FailOn.MUST, 2, ("1 part of the input could not be read",)),
        (
            report(problem=True, must=1),
            FailOn.MUST,
            1,
            ("1 clause broken: `a.b/must-0`", "1 part of the input could not be read"),
        ),
        (report(judged=0), FailOn.MUST, 3, ("nothing was judged in 57 exchanges",)),
    ],
)
def test_settling_a_report(given_report: Report, fail_on: FailOn, code: int, causes: tuple[str, ...]) -> None:
    settled = settle(given_report, fail_on=fail_on)
    assert (settled.exit_code, settled.verdict, settled.causes) == (code, verdict_of(code), causes)
    assert [one.fails for one in settled.findings] == [fails(one.level, fail_on) for one in settled.findings]


def test_why_nothing_was_judged_is_said() -> None:
    assert settle(samples.EMPTY).causes == ("nothing was judged: there was no exchange",)
    unmatched = replace(samples.EMPTY, exchanges=3, unmatched=(Unmatched(shape="GET /a/{}", count=3),))
    assert settle(unmatched).causes == ("nothing was judged: no operation fits 3 exchanges",)
    assert settle(unmatched).exit_code == 3


def test_no_success_seen_is_no_pass() -> None:
    assert settle(report(), successes=0).causes == ("no successful answer was seen",)
    assert settle(report(), successes=0).verdict is Verdict.CANNOT_TELL
    assert settle(report(), successes=1).exit_code == 0
    assert settle(report(judged=0), successes=0).causes == ("nothing was judged in 57 exchanges",)


def test_what_the_driver_knows_takes_its_rank() -> None:
    interrupted = Cause(ExitCode.INTERRUPTED, "interrupted after 41 exchanges")
    settled = settle(report(must=1), more=[Cause(ExitCode.CANNOT_TELL, "the target is down"), interrupted])
    assert settled.exit_code == 130
    assert settled.causes == ("interrupted after 41 exchanges", "1 clause broken: `a.b/must-0`", "the target is down")


def test_one_clause_at_many_places_is_one_broken_clause() -> None:
    finding = replace(samples.STATUS, pointer="/items/1")
    settled = settle(replace(report(), findings=(samples.STATUS, finding)))
    assert settled.causes == ("1 clause broken: `stuut.send-sms/200/status:enum`",)


def test_settling_again_changes_nothing() -> None:
    settled = settle(report(must=2, should=1, problem=True), fail_on=FailOn.SHOULD)
    assert settle(settled, fail_on=FailOn.SHOULD) == settled
