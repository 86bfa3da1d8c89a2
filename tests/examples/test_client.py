"""A client library with a suite of its own: a cassette, a mock that lies, a provider that is down on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.inner import run

pytest_plugins = ["pytester"]

CLIENT = Path(__file__).parent / "client"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copytree(CLIENT, pytester.path, dirs_exist_ok=True)
    pytester.syspathinsert()
    return pytester


def test_the_suite_is_green_by_itself(suite: pytest.Pytester) -> None:
    run(suite, "suite").assert_outcomes(passed=3)


def test_watched_it_is_green_and_warns(suite: pytest.Pytester) -> None:
    done = run(suite, "suite", "--smscontract-watch")
    done.assert_outcomes(passed=3, warnings=1)
    done.stdout.fnmatch_lines(
        [
            "*BrokenPromise: stuut.send-sms/200/*",
            "*= smscontract =*",
            "1 test uses a mock that Stuut SMS never promised",
            "  stuut.send-sms/200/status:enum   must   1 test",
            "    response body   /status",
            '      got       "queued"',
            "    in    suite/test_notify.py::test_says_that_it_is_queued",
            "3 exchanges of 3 tests judged (1 played, 2 mocked), *",
        ]
    )
    shown = done.stdout.str() + done.stderr.str()
    assert "NeverShowThis" not in shown
    assert "Hopper" not in shown


def test_it_can_fail(suite: pytest.Pytester) -> None:
    done = run(suite, "suite", "--smscontract-watch", "-o", "smscontract_watch=fail")
    assert done.parseoutcomes()["failed"] >= 1
    done.stdout.fnmatch_lines(["*a clause of the provider's contract is broken*"])
