"""`--smscontract-watch` on suites that know nothing of us."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.inner import run

pytest_plugins = ["pytester"]

#: What must never be printed or kept.
SECRETS = ("sk_live_51NeverShowThis0000", "+14155550187", "Hopper")
HEAD = """
import asyncio, json, threading
import aiohttp, httpx, pytest, requests, responses, respx, urllib3, vcr

BLAND = "https://api.bland.ai/v1/sms/create"
STUUT = "https://api.stuut.ai/v2/sms-threads/messages/sms_1/send"
KEY = {"authorization": "sk_live_51NeverShowThis0000"}
SENT = {"user_number": "+14155550187", "agent_number": "+14155550100", "message": "Dear Ms Hopper"}
LIE = {"data": {"conversation_id": 7, "message": "Dear Ms Hopper, +14155550187", "workflow_id": "w_1"}, "errors": None}
GOOD = {"data": {"conversation_id": "c_1", "message": "Dear Ms Hopper, +14155550187", "workflow_id": "w_1"}, "errors": None}
"""
CLAUSE = "bland.create-sms/2XX/data/conversation_id:type"

Suite = Callable[[str], pytest.Pytester]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    def made(text: str) -> pytest.Pytester:
        pytester.makepyfile(test_it=HEAD + textwrap.dedent(text))
        return pytester

    return made


def said(done: pytest.RunResult) -> str:
    text = done.stdout.str() + done.stderr.str()
    assert [secret for secret in SECRETS if secret in text] == []
    return text


MOCKS = """
    @respx.mock
    def test_respx():
        respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
        assert httpx.post(BLAND, json=SENT, headers=KEY).status_code == 200

    @respx.mock
    def test_respx_async():
        async def ask():
            async with httpx.AsyncClient() as client:
                await client.post(BLAND, json=SENT, headers=KEY)
        respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
        asyncio.run(ask())

    @responses.activate
    def test_responses():
        responses.post(BLAND, json=LIE)
        requests.post(BLAND, json=SENT, headers=KEY)

    def test_pytest_httpx(httpx_mock):
        httpx_mock.add_response(url=BLAND, json=LIE)
        httpx.post(BLAND, json=SENT, headers=KEY)

    def test_unittest(monkeypatch):
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: httpx.Response(200, json=LIE))
        httpx.post(BLAND, json=SENT, headers=KEY)

    def test_in_a_thread():
        with responses.RequestsMock() as mock:
            mock.post(BLAND, json=LIE)
            thread = threading.Thread(target=requests.post, args=(BLAND,), kwargs={"json": SENT, "headers": KEY})
            thread.start()
            thread.join()

    def test_nothing():
        pass
"""


def test_mocks_are_judged_as_mocks(suite: Suite) -> None:
    done = run(suite(MOCKS), "--smscontract-watch")
    done.assert_outcomes(passed=7, warnings=6)
    done.stdout.fnmatch_lines(
        [
            "6 tests use a mock that Bland SMS never promised",
            f"  {CLAUSE}   must   6 tests",
            "    response body   /data/conversation_id",
            "      expected  a string",
            "      got       7",
            "    in    test_it.py::test_in_a_thread, test_it.py::test_pytest_httpx, test_it.py::test_responses and 3 more",
            "6 exchanges of 6 tests judged (6 mocked), 1 clause broken",
        ]
    )
    assert said(done).count("BrokenPromise") == 6


def test_idle_unless_asked(suite: Suite) -> None:
    done = run(suite(MOCKS))
    done.assert_outcomes(passed=7)
    assert "= smscontract =" not in said(done)
    assert "BrokenPromise" not in said(done)


def test_without_the_plugin(suite: Suite) -> None:
    done = run(suite("def test_it(): pass"), "-p", "no:smscontract")
    done.assert_outcomes(passed=1)


@pytest.mark.parametrize("how", [("-o", "smscontract_watch=fail"), ("--smscontract-watch", "-o", "smscontract_watch=fail")])
def test_it_can_fail(suite: Suite, how: tuple[str, ...]) -> None:
    done = run(suite(MOCKS), *how)
    done.assert_outcomes(passed=1, failed=6)
    done.stdout.fnmatch_lines([f"{CLAUSE}  must", "  response body   /data/conversation_id   of a mock", "    got       7"])
    said(done)


def test_what_is_only_reasoned_warns_until_it_is_asked_for(suite: Suite) -> None:
    text = """
        @respx.mock
        def test_it():
            half = {"data": {"conversation_id": "c_1"}, "errors": None}
            respx.post(BLAND).mock(return_value=httpx.Response(200, json=half))
            httpx.post(BLAND, json=SENT)
        """
    run(suite(text), "-o", "smscontract_watch=fail").assert_outcomes(passed=1, warnings=1)
    run(suite(text), "-o", "smscontract_watch=fail", "--smscontract-fail-on=should").assert_outcomes(failed=1)


def test_a_fake_that_is_meant_is_excused(suite: Suite) -> None:
    text = """
        pytestmark = pytest.mark.smscontract(ignore="bland.create-sms/2XX/data/message")

        @respx.mock
        @pytest.mark.smscontract(ignore=["bland.create-sms/2XX/data/conversation_id"])
        def test_it():
            respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
            httpx.post(BLAND, json=SENT)
        """
    done = run(suite(text), "-o", "smscontract_watch=fail", "--strict-markers")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["1 exchange of 1 test judged (1 mocked), 0 clauses broken, 1 excused"])


def test_an_excuse_that_excuses_nothing_is_refused(suite: Suite) -> None:
    text = "@pytest.mark.smscontract(ignore=['bland.create-sms/2XX/dta'])\ndef test_it(): pass"
    done = run(suite(text), "--smscontract-watch")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*ignore=`bland.create-sms/2XX/dta` is the beginning of no clause*", "*did you mean*"])


def test_a_test_that_fails_shows_what_was_broken(suite: Suite) -> None:
    text = """
        @respx.mock
        def test_it():
            respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
            assert httpx.post(BLAND, json=SENT).json()["data"]["conversation_id"] == "seven"
        """
    done = run(suite(text), "--smscontract-watch", "--tb=short")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*- Captured smscontract call -*", f"{CLAUSE}  must"])


def test_fixtures_count_for_their_test(suite: Suite) -> None:
    text = """
        @pytest.fixture
        def conversation():
            with respx.mock:
                respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
                httpx.post(BLAND, json=SENT)
                yield
                httpx.post(BLAND, json=SENT)

        def test_it(conversation): pass
        def test_other(): pass
        """
    done = run(suite(text), "-o", "smscontract_watch=fail")
    done.assert_outcomes(failed=1, passed=1, errors=1)
    done.stdout.fnmatch_lines(["2 exchanges of 1 test judged (2 mocked), 1 clause broken"])


def test_what_no_test_sent_is_told_apart(suite: Suite) -> None:
    text = """
        with respx.mock:
            respx.post(BLAND).mock(return_value=httpx.Response(200, json=LIE))
            httpx.post(BLAND, json=SENT)

        def test_it(): pass
        """
    done = run(suite(text), "-o", "smscontract_watch=fail")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        ["    in    what was sent before a test", "1 exchange of 1 test judged (1 mocked), 1 clause broken"]
    )


def test_beside_tests_of_clauses(suite: Suite) -> None:
    """What a gate sends is judged by the gate, broken or not."""
    text = """
        def test_before(smscontract_server):
            smscontract_server.make_draft()
        """
    options = ("--smscontract", "stuut", "--smscontract-max-requests", "40", "--smscontract-fuzz", "0")
    done = run(suite(text), "--smscontract-watch", *options, "-q", ".", "-k", "test_before or status:enum")
    assert "exchange" not in said(done).partition("= smscontract =")[2]


def test_what_the_contract_does_not_list_is_told(suite: Suite) -> None:
    text = """
        @respx.mock
        def test_it():
            respx.post(BLAND).mock(return_value=httpx.Response(200, json={**GOOD, "trace": "Hopper"}))
            httpx.post(BLAND, json=SENT)
        """
    done = run(suite(text), "-o", "smscontract_watch=fail")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["NEW: *", "  field   bland.create-sms/2XX/trace   test_it.py::test_it"])
    said(done)


def test_hosts_that_nobody_knows(suite: Suite) -> None:
    text = """
        URL = "https://sms.our-proxy.io/v1/sms/create"

        @respx.mock
        def test_it():
            respx.post(URL).mock(return_value=httpx.Response(200, json=LIE))
            httpx.post(URL, json=SENT)
        """
    done = run(suite(text), "-o", "smscontract_watch=fail")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["1 request to sms.our-proxy.io looked like a provider's, and were left alone*"])
    run(suite(text), "-o", "smscontract_watch=fail", "-o", "smscontract_watch_hosts=*.our-proxy.io").assert_outcomes(failed=1)


def test_histories_end_with_their_test(suite: Suite) -> None:
    """The same message answered twice in one way is a history of one test; of two tests it says nothing."""
    text = """
        @pytest.mark.parametrize("number", ["1", "2"])
        @respx.mock
        def test_it(number):
            respx.post(BLAND).mock(return_value=httpx.Response(200, json=GOOD))
            httpx.post(BLAND, json={**SENT, "user_number": f"+1415555018{number}"})
        """
    done = run(suite(text), "-o", "smscontract_watch=fail", "--smscontract-fail-on=should")
    done.assert_outcomes(passed=2)


def test_over_workers_of_xdist(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # workers start sooner
    plugins = ("xdist", "respx.plugin", "pytest_httpx", "smscontract.pytest_plugin")
    done = run(suite(MOCKS), *(word for name in plugins for word in ("-p", name)), "--smscontract-watch", "-n", "2")
    assert done.parseoutcomes()["passed"] == 7
    done.stdout.fnmatch_lines(
        ["6 tests use a mock that Bland SMS never promised", "6 exchanges of 6 tests judged (6 mocked), 1 clause broken"]
    )
    said(done)


def test_beside_pytest_randomly(suite: Suite) -> None:
    pytester = suite(MOCKS)
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "default", "--smscontract-watch", "-p", "randomly")
    done.assert_outcomes(passed=7, warnings=6)
    done.stdout.fnmatch_lines(["6 exchanges of 6 tests judged (6 mocked), 1 clause broken"])


def test_cassettes_of_pytest_recording(suite: Suite) -> None:
    cassette = """
        interactions:
        - request: {method: POST, uri: "https://api.bland.ai/v1/sms/create", body: '{}', headers: {}}
          response:
            status: {code: 200, message: OK}
            headers: {content-type: [application/json]}
            body: {string: '{"data": {"conversation_id": 7, "message": "Hopper", "workflow_id": "w_1"}, "errors": null}'}
        version: 1
        """
    text = """
        @pytest.mark.vcr
        def test_it():
            assert requests.post(BLAND, json=SENT, headers=KEY).status_code == 200
        """
    pytester = suite(text)
    path = pytester.path / "cassettes" / "test_it" / "test_it.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(textwrap.dedent(cassette), encoding="utf-8")
    done = run(pytester, "--smscontract-watch", "--record-mode=none")
    done.assert_outcomes(passed=1, warnings=1)
    done.stdout.fnmatch_lines(
        [
            "1 test plays a recording that breaks what Bland SMS promises",
            "      got       7",
            "    in    *cassettes/test_it/test_it.yaml entry 0",
            "1 exchange of 1 test judged (1 played), 1 clause broken",
        ]
    )
    said(done)


def test_reports_for_programs_hold_nothing_in_the_clear(suite: Suite, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    run(suite(MOCKS), "-o", "smscontract_watch=fail", f"--junitxml={junit}")
    text = junit.read_text(encoding="utf-8")
    assert CLAUSE in text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("smscontract_watch=loud", "smscontract_watch is one of off, warn, fail, not `loud`"),
        ("smscontract_fail_on=sometimes", "smscontract_fail_on is one of must, should, new"),
        ("smscontract_watch_contracts=nobody", "there is no provider `nobody`"),
    ],
)
def test_settings_that_cannot_be_meant(suite: Suite, setting: str, told: str) -> None:
    done = run(suite("def test_it(): pass"), "--smscontract-watch", "-o", setting)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"*{told}*"])


def test_clients_that_are_imported_late_are_watched(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
        def test_it():
            import httpx
            with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={}))) as client:
                client.post("https://api.bland.ai/v1/sms/create", json={})
        """
    pytester.makepyfile(test_it=textwrap.dedent(text))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = ("-p", "no:cacheprovider", "-p", "smscontract.pytest_plugin", "--smscontract-watch")
    done = pytester.run(sys.executable, "-m", "pytest", *options, "test_it.py")
    done.assert_outcomes(passed=1, warnings=1)
    done.stdout.fnmatch_lines(["1 exchange of 1 test judged (1 mocked), *"])
