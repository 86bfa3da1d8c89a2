"""One test for each clause: ids, selection, what each outcome prints, and how the whole run ends."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import smscontract.pytest_plugin._items
import smscontract.pytest_plugin._run
from smscontract import fuzz
from smscontract.catalogue import load_catalogue
from smscontract.findings import Level
from smscontract.plain import count_of
from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running
from tests.core import DATA, PARCEL
from tests.data.parcel_app import app as parcel_app

pytest_plugins = ["pytester"]

#: What each inner run would import anew otherwise, extensions in C among it.
_LOADED = (fuzz, smscontract.pytest_plugin._items)

CLAUSES = load_catalogue([str(PARCEL)]).clauses
STATUS = "parcel.parcel-status/200/status:enum"
IN_ORDER = "parcel.parcel-status/rule/in-order"
UNSEEN = "parcel.parcel-status/rule/moves-on"

#: The application of the tests, with a fault where `BODY` says so; it notes each request in a file.
APP = """
import json
from pathlib import Path
from urllib.parse import parse_qs
from parcel_app import answer

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    with Path(__file__).with_name("requests.txt").open("a") as log:
        log.write(scope["path"] + "\\n")
    status, body = answer(scope["method"], scope["path"], parse_qs(scope["query_string"].decode()))
    if status == 200:
        BODY
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
"""
#: What other processes need not load.
LIGHT = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:respx", "-p", "no:pytest_httpx")
ASK = ("--smscontract", "parcel.yaml")


@pytest.fixture
def parcel(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a contract, its provider as an application, and settings."""
    for path in DATA.glob("parcel*"):
        shutil.copy(path, pytester.path)
    (pytester.path / "resources.yaml").write_text("parcel_id: {any: [par_7, par_8]}\n")
    (pytester.path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\nsmscontract_resources = resources.yaml\nsmscontract_fuzz = 0\n"
    )
    pytester.syspathinsert()
    pytester.makeconftest("from my_app import app as smscontract_app")
    _fault(pytester, "pass")
    return pytester


def _fault(pytester: pytest.Pytester, body: str) -> None:
    (pytester.path / "my_app.py").write_text(APP.replace("BODY", body))


def _run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:randomly", *words)


def _sent(pytester: pytest.Pytester) -> int:
    log = pytester.path / "requests.txt"
    return len(log.read_text().splitlines()) if log.exists() else 0


def _ids(done: pytest.RunResult) -> list[str]:
    return [line.partition("::")[2] for line in done.outlines if "::" in line]


def test_there_is_one_test_for_each_clause_and_collecting_sends_nothing(parcel: pytest.Pytester) -> None:
    done = _run(parcel, *ASK, "--collect-only", "-q")
    assert _ids(done) == list(CLAUSES)
    _run(parcel, *ASK, "--setup-plan", "-k", "protocol/json")
    assert _sent(parcel) == 0


def test_what_is_kept_passes_and_what_was_not_judged_is_skipped_with_the_reason(parcel: pytest.Pytester) -> None:
    done = _run(parcel, *ASK, "-rs")
    outcomes = done.parseoutcomes()
    assert outcomes["passed"] + outcomes["skipped"] == len(CLAUSES)
    assert outcomes["passed"] > outcomes["skipped"] > 0
    assert done.ret == 0
    assert "not judged: " in done.stdout.str()
    assert _sent(parcel) > 0
    assert f"parcel.parcel-status: {count_of(_sent(parcel), 'request')} sent" in done.stdout.str()


def test_a_broken_clause_prints_the_finding_and_nothing_unmasked(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['status'] = 'teleported'; body['stops'][0]['at'] = '+14155550123 at noon'")
    done = _run(parcel, *ASK, "--junitxml=junit.xml", "--showlocals", "--full-trace")
    assert done.parseoutcomes()["failed"] == 2
    done.stdout.fnmatch_lines(
        [
            f"*{STATUS} (must)*",
            'the value is none of the listed ones: expected one of `waiting`, * got "teleported"',
            f"{STATUS} * must   request 1",
            "  response body   /status",
            "  says  `status` is one of `waiting`, `moving`, `arrived`, `lost`",
            '  words "Get parcel status"',
            "  curl  curl * http://localhost/v1/parcels/par_7/status",
            "  asked",
            "    GET http://localhost/v1/parcels/par_7/status",
            "  answered",
            "    200",
            '*"status": "teleported"',
            f"FAILED smscontract::{STATUS}*",
        ]
    )
    shown = done.stdout.str() + (parcel.path / "junit.xml").read_text()
    assert "Traceback" not in shown
    assert "5550123" not in shown
    assert "Box 7" not in shown


def test_junit_has_the_clause_as_name_and_its_level_and_family(parcel: pytest.Pytester) -> None:
    _run(parcel, *ASK, "--junitxml=junit.xml")
    cases = {case.get("name"): case for case in ET.parse(parcel.path / "junit.xml").iter("testcase")}
    assert list(cases) == list(CLAUSES)
    for name, clause in CLAUSES.items():
        found = {one.get("name"): one.get("value") for one in cases[name].iter("property")}
        assert (found["level"], found["family"]) == (str(clause.level), clause.family)
        assert cases[name].get("classname") == "smscontract"


def test_the_last_failures_alone_and_the_first_failure_alone(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['status'] = 'teleported'; body['weight'] = 'heavy'")
    first = _run(parcel, *ASK, "-x", "-q")
    assert first.parseoutcomes()["failed"] == 1
    _run(parcel, *ASK, "-q")
    again = _run(parcel, *ASK, "--lf", "-q")
    assert again.parseoutcomes() == {"failed": 2, "deselected": len(CLAUSES) - 2}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-k", STATUS], [STATUS]),
        (["-k", "relation and not asked"], [IN_ORDER]),
        (["-m", "smscontract(family='enum')"], [one.id for one in CLAUSES.values() if one.family == "enum"]),
        (["-m", "smscontract(level='should')"], [one.id for one in CLAUSES.values() if one.level is Level.SHOULD]),
        ([f"smscontract::{STATUS}", f"smscontract::{IN_ORDER}"], [one for one in CLAUSES if one in (STATUS, IN_ORDER)]),
    ],
    ids=["id", "words", "family", "level", "nodes"],
)
def test_clauses_are_chosen_as_tests_are(parcel: pytest.Pytester, words: list[str], expected: list[str]) -> None:
    assert expected
    assert _ids(_run(parcel, *ASK, "--collect-only", "-q", *words)) == expected


def test_what_was_reasoned_warns_unless_asked_otherwise(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['status'] = 'arrived'; body['arrived_at'] = '2026-03-02T09:00:00Z'")
    words = [*ASK, "-k", "in-order or protocol"]
    assert CLAUSES[IN_ORDER].level is Level.SHOULD
    warned = _run(parcel, *words, "-W", "default")
    assert warned.ret == 0
    assert warned.parseoutcomes()["warnings"] == 1
    warned.stdout.fnmatch_lines([f"smscontract::{IN_ORDER}", f"*parcel.yaml:*BrokenPromise: {IN_ORDER}: *"])
    as_error = _run(parcel, *words)
    assert as_error.parseoutcomes()["failed"] == 1
    as_error.stdout.fnmatch_lines([f"{IN_ORDER}: *: expected *"])
    should = _run(parcel, *words, "--smscontract-fail-on", "should")
    assert should.parseoutcomes()["failed"] == 1
    should.stdout.fnmatch_lines(["  says  a parcel arrives after it is handed over"])


def test_where_nothing_was_judged_the_session_fails(parcel: pytest.Pytester) -> None:
    done = _run(parcel, *ASK, f"smscontract::{UNSEEN}", "-q")
    assert done.parseoutcomes() == {"skipped": 1}
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["smscontract: no clause was judged, of 1 clause: that is no pass"])


def test_what_nobody_can_tell_is_an_error_and_no_failure(parcel: pytest.Pytester) -> None:
    with running(create_app()) as server:
        gone = server.url
    done = _run(parcel, *ASK, "--smscontract-url", gone, "-q", "-k", "200 and null")
    assert set(done.parseoutcomes()) == {"errors", "deselected"}
    assert "cannot tell: parcel.parcel-status: nobody answered at 127.0.0.1" in done.stdout.str()
    assert "Traceback" not in done.stdout.str()


def test_what_is_new_fails_the_session_where_it_is_asked_to(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['colour'] = 'brown'")
    assert _run(parcel, *ASK, "-q").ret == 0
    done = _run(parcel, *ASK, "-q", "--smscontract-fail-on", "new")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["smscontract: 1 place not in the contract: parcel.parcel-status/200/colour"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--smscontract", "nobody"], "ERROR: *`nobody`*"),
        ([*ASK, "smscontract::parcel.parcel-status/200/statos:enum"], "ERROR: there is no clause *"),
        ([*ASK, "--smscontract-max-requests", "many"], "ERROR: --smscontract-max-requests: `many` is no such number"),
        ([*ASK, "--smscontract", "./parcel.yaml"], "ERROR: two targets have the same clauses, and their tests the same ids"),
        ([*ASK, "--smscontract-fail-on", "maybe"], "ERROR: --smscontract-fail-on: `maybe` is no level"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(parcel: pytest.Pytester, words: list[str], says: str) -> None:
    done = _run(parcel, *words)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([says])
    assert _sent(parcel) == 0


def test_what_the_gate_refuses_is_an_error_of_each_test(parcel: pytest.Pytester) -> None:
    done = _run(parcel, *ASK, "--smscontract-token-env", "NOT_SET_ANYWHERE", "-k", "protocol/json")
    assert done.parseoutcomes()["errors"] == 1
    done.stdout.fnmatch_lines(["cannot tell: the variable `NOT_SET_ANYWHERE` is not set"])


def test_a_bug_of_ours_is_told_without_values(parcel: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("+14155550123")

    monkeypatch.setattr(smscontract.pytest_plugin._run, "gate", fail)
    done = _run(parcel, *ASK, "--showlocals", "-k", "protocol/json")
    assert done.parseoutcomes()["errors"] == 1
    done.stdout.fnmatch_lines(["cannot tell: internal error: ZeroDivisionError at *"])
    assert "5550123" not in done.stdout.str()


def test_settings_add_clauses_to_whole_runs_alone(parcel: pytest.Pytester) -> None:
    with (parcel.path / "pytest.ini").open("a") as stream:
        stream.write("smscontract = parcel.yaml\n")
    parcel.makepyfile(test_mine="def test_mine(): pass\n")
    assert len(_ids(_run(parcel, "--collect-only", "-q"))) == len(CLAUSES) + 1
    assert _ids(_run(parcel, "--collect-only", "-q", "test_mine.py")) == ["test_mine"]
    assert _ids(_run(parcel, "--collect-only", "-q", f"smscontract::{STATUS}")) == [STATUS]
    assert _ids(_run(parcel, "--collect-only", "-q", "test_mine.py", "smscontract")) == ["test_mine", *CLAUSES]
    absolute = f"{parcel.path / 'smscontract'}::{STATUS}"  # as editors name what they found
    assert _ids(_run(parcel, "--collect-only", "-q", absolute)) == [STATUS]


def test_workers_share_the_requests(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['status'] = 'teleported'")
    alone = _run(parcel, *ASK, "-q").parseoutcomes()
    sent = _sent(parcel)
    done = _run(parcel, *ASK, "-n", "2", "-p", "no:cacheprovider", *LIGHT)
    assert done.parseoutcomes() == alone
    assert _sent(parcel) == 2 * sent
    done.stdout.fnmatch_lines([f"FAILED smscontract::{STATUS}*"])
    assert done.stdout.str().count(f"{count_of(sent, 'request')} sent") == 1


def test_any_order_will_do(parcel: pytest.Pytester) -> None:
    pytest.importorskip("pytest_randomly")
    expected = _run(parcel, *ASK, "-q").parseoutcomes()
    done = parcel.runpytest_inprocess(*ASK, "-p", "randomly", "-p", "no:xdist", "-v", "-p", "no:cacheprovider")
    assert done.parseoutcomes() == expected
    order = [found[1] for line in done.outlines if (found := re.match(r"smscontract::(\S+) (?:PASSED|SKIPPED)", line))]
    assert sorted(order) == sorted(CLAUSES)


def test_a_sandbox_hands_over_token_and_resources(pytester: pytest.Pytester) -> None:
    with running(create_app()) as server:
        words = ["--smscontract", "stuut", "--smscontract-url", server.url, "--smscontract-max-requests", "20"]
        done = _run(pytester, *words, "-q")
    outcomes = done.parseoutcomes()
    assert outcomes["passed"] > 50
    assert set(outcomes) <= {"passed", "skipped"}


def test_a_target_of_the_configuration(parcel: pytest.Pytester) -> None:
    (parcel.path / "pytest.ini").write_text("[pytest]\nsmscontract_fuzz = 0\nsmscontract = staging\n")
    with running(parcel_app) as server:  # type: ignore[arg-type]  # an application as people write them
        (parcel.path / "smscontract.toml").write_text(
            "[targets.staging]\n"
            f'provider = "parcel.yaml"\nurl = "{server.url}"\nresources = "resources.yaml"\n'
            'ignore = ["parcel.parcel-status/4XX"]\n'
            "[witnesses]\nrequire = 'parcel.parcel-status/200/status=lost'\n"
        )
        done = _run(parcel)
    outcomes = done.parseoutcomes()
    assert outcomes["passed"] + outcomes["skipped"] == sum("/4XX" not in one for one in CLAUSES)
    done.stdout.fnmatch_lines(["smscontract: 1 required witness missing: `parcel.parcel-status/200/status=lost` *"])
    assert done.ret == pytest.ExitCode.TESTS_FAILED


def test_what_is_known_to_be_broken_is_an_expected_failure(parcel: pytest.Pytester) -> None:
    _fault(parcel, "body['status'] = 'teleported'; body['weight'] = 'heavy'; body['colour'] = 'brown'")
    (parcel.path / "known.toml").write_text(
        f'version = 1\n[[known]]\nclause = "{STATUS}"\nplace = "/status"\nreason = "the van is slow"\n'
    )
    done = _run(parcel, *ASK, "--smscontract-baseline", "known.toml", "-rx")
    outcomes = done.parseoutcomes()
    assert (outcomes["failed"], outcomes["xfailed"]) == (1, 1)
    done.stdout.fnmatch_lines([f"XFAIL smscontract::{STATUS} - *known: the van is slow"])


def test_without_the_plugin_a_suite_runs_as_ever(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_mine(): pass\n")
    done = _run(pytester, "-p", "no:smscontract", "-W", "error")
    done.assert_outcomes(passed=1)
    assert done.ret == 0


def test_a_suite_that_does_not_ask_loads_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import sys\n"
        "def test_mine():\n"
        "    ours = sorted(name for name in sys.modules if name.partition('.')[0] == 'smscontract')\n"
        "    assert ours == ['smscontract', 'smscontract.pytest_plugin']\n"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *LIGHT, str(tmp_path)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stdout
