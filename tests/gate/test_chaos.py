"""On a bad day no outage is called a break, and no break is lost that showed in an answer which nothing disturbed."""

from __future__ import annotations

import pytest

from tests.bench.chaos import Day, Outcome, one_run


@pytest.mark.parametrize("seed", range(20))
def test_a_bad_day(seed: int) -> None:
    sound(one_run(seed, requests=60))


def test_a_control_that_has_no_body_shows_nothing_of_bodies() -> None:
    sound(one_run(188))  # the latest request that was refused was one with HEAD, and answers are cut


def sound(one: Outcome) -> None:
    assert one.false == ()
    assert not one.lost


def test_days_are_bad_and_alike_for_a_seed() -> None:
    hours = [Day(seed, None)._hours for seed in range(20)]
    assert all(hours)
    assert {kind for day in hours for kind, _ in day.values()} == {"outage", "storm", "slow"}
    assert all(sum(kind == "slow" for kind, _ in day.values()) <= 4 for day in hours)
    assert Day(3, None)._hours == hours[3]
    assert not Day(3, None, calm=True)._hours


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(200))
def test_many_bad_days(seed: int) -> None:
    sound(one_run(seed))
