"""What another process finds before it is asked for."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract import forks
from smscontract.forks import ahead

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")


@pytest.fixture(autouse=True, params=[True, False], ids=["forked", "not forked"])
def forked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Both where this process can be forked and where it cannot; nobody is left behind."""
    monkeypatch.setattr(forks, "alone", lambda: request.param)
    yield bool(request.param)
    assert not multiprocessing.active_children()


@given(some=st.lists(st.none() | st.integers() | st.binary(max_size=300_000), max_size=9), most=st.integers(1, 9))
@settings(max_examples=9, deadline=None)
def test_all_is_given_in_order(some: list[object], most: int) -> None:
    assert list(ahead(iter(some), most)) == some


def test_it_is_found_elsewhere_and_no_more_than_is_said(forked: bool) -> None:
    found = multiprocessing.get_context("fork").RawValue("i", 0)

    def numbers() -> Iterator[tuple[int, int]]:
        for number in range(20):
            found.value += 1
            yield number, os.getpid()

    here = ahead(numbers(), 3)
    number, process = next(here)
    assert number == 0
    assert (process != os.getpid()) is forked
    until = time.monotonic() + 30
    most = 5 if forked else 1  # one is there already when it is asked whether it may be given
    while found.value < most and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert found.value == most
    assert [one for one, _ in here] == [*range(1, 20)]


@pytest.mark.parametrize("most", [1, 2, 7, 10_000])
def test_any_number_of_them(most: int) -> None:
    """What is said about room fills no pipe."""
    assert list(ahead(iter(range(5_000)), most)) == [*range(5_000)]


@pytest.mark.parametrize("at", [0, 1, 4, 5])
@pytest.mark.parametrize("ended", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0)])
def test_whoever_dies_is_done_without(at: int, ended: Callable[[], object]) -> None:
    first = os.getpid()

    def numbers() -> Iterator[int]:
        for number in range(5):
            if number == at and os.getpid() != first:
                ended()
            yield number
        if at == 5 and os.getpid() != first:
            ended()

    assert list(ahead(numbers(), 2)) == [0, 1, 2, 3, 4]


def test_an_error_is_raised_here_and_after_all_else() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    here = ahead(numbers(), 2)
    assert next(here) == 1
    with pytest.raises(ValueError, match="no more"):
        next(here)


def test_whoever_wants_no_more_ends_it() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        time.sleep(0 if os.getpid() == first else 600)
        yield 2

    first = os.getpid()
    here = ahead(numbers(), 2)
    assert next(here) == 1
    here.close()  # type: ignore[attr-defined]  # it is a generator
