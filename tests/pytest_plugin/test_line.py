"""The line in a test file, and the applications that it and a conftest may name."""

from __future__ import annotations

import shutil

import pytest

import smscontract.pytest_plugin._items
from smscontract import fuzz
from smscontract.catalogue import load_catalogue
from tests.core import DATA, PARCEL

pytest_plugins = ["pytester"]

#: What each inner run would import anew otherwise, extensions in C among it.
_LOADED = (fuzz, smscontract.pytest_plugin._items)

CLAUSES = load_catalogue([str(PARCEL)]).clauses
STATUS = "parcel.parcel-status/200/status:enum"
LINE = """
import smscontract
from parcel_app import app, answer

KNOWN = {"parcel_id": {"any": ["par_7", "par_8"]}}
"""


@pytest.fixture
def parcel(pytester: pytest.Pytester) -> pytest.Pytester:
    for path in DATA.glob("parcel*"):
        shutil.copy(path, pytester.path)
    (pytester.path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\nsmscontract_fuzz = 0\n")
    pytester.syspathinsert()
    return pytester


def _line(pytester: pytest.Pytester, said: str, more: str = "") -> None:
    pytester.makepyfile(test_api=f"{LINE}\n{more}\ntest_contract = smscontract.clauses_of('parcel.yaml', {said})\n")


def _run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:randomly", *words)


def _all_is_well(done: pytest.RunResult) -> None:
    outcomes = done.parseoutcomes()
    assert outcomes["passed"] + outcomes["skipped"] == len(CLAUSES)
    assert outcomes["passed"] > outcomes["skipped"]
    assert done.ret == 0


def test_one_line_makes_one_test_of_each_clause(parcel: pytest.Pytester) -> None:
    _line(parcel, "app=app, resources=KNOWN", more="def test_of_mine(): pass")
    done = _run(parcel, "--collect-only", "-q")
    ids = [line for line in done.outlines if "::" in line]
    assert sorted(ids) == sorted(["test_api.py::test_of_mine", *(f"test_api.py::test_contract::{one}" for one in CLAUSES)])
    _all_is_well(_run(parcel, "test_api.py::test_contract"))
    _run(parcel, f"test_api.py::test_contract::{STATUS}", "-q").assert_outcomes(passed=1)


def test_no_name_makes_tests_get_lost(parcel: pytest.Pytester) -> None:
    parcel.makepyfile(test_api="import smscontract\ncontract = smscontract.clauses_of('parcel.yaml')\n")
    done = _run(parcel, "--collect-only", "-q")
    assert sum("::contract::" in line for line in done.outlines) == len(CLAUSES)


def test_files_are_found_beside_the_test_file(parcel: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (parcel.path / "resources.yaml").write_text("parcel_id: {any: [par_7, par_8]}\n")
    _line(parcel, "app=app, resources='resources.yaml'")
    monkeypatch.chdir(parcel.mkdir("elsewhere"))
    _all_is_well(_run(parcel, "--rootdir", str(parcel.path), "-c", str(parcel.path / "pytest.ini"), str(parcel.path)))


WSGI = """
import json
from urllib.parse import parse_qs

def wsgi(environ, start_response):
    status, body = answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"]))
    raw = json.dumps(body).encode()
    start_response(f"{status} OK", [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
    return [raw]
"""


def test_an_application_may_speak_wsgi(parcel: pytest.Pytester) -> None:
    _line(parcel, "app=wsgi, resources=KNOWN", more=WSGI)
    _all_is_well(_run(parcel))


WRONG = """
def wrong(environ, start_response):
    return [piece.replace(b"moving", b"MOVING") for piece in wsgi(environ, start_response)]

test_wrong = smscontract.clauses_of("parcel.yaml", app=wrong, resources=KNOWN)
"""


def test_each_line_has_its_own_application(parcel: pytest.Pytester) -> None:
    _line(parcel, "app=wsgi, resources=KNOWN", more=WSGI + WRONG)
    done = _run(parcel, "-k", "status:enum", "-v")
    done.assert_outcomes(passed=1, failed=1, deselected=2 * len(CLAUSES) - 2)
    done.stdout.fnmatch_lines(["test_api.py::test_wrong::*status:enum FAILED*"])


FIXTURE = """
import pytest

@pytest.fixture(scope="session")
def smscontract_app():
    from parcel_app import app
    yield app
    print("the fixture ended")
"""


@pytest.mark.parametrize(
    "conftest",
    [
        "from parcel_app import app as smscontract_app",
        "def smscontract_app():\n    from parcel_app import app\n    return app",
        FIXTURE,
    ],
    ids=["application", "function", "fixture"],
)
def test_the_application_of_a_conftest(parcel: pytest.Pytester, conftest: str) -> None:
    parcel.makeconftest(conftest)
    (parcel.path / "resources.yaml").write_text("parcel_id: {any: [par_7, par_8]}\n")
    done = _run(parcel, "--smscontract", "parcel.yaml", "--smscontract-resources", "resources.yaml", "-s")
    _all_is_well(done)
    assert ("the fixture ended" in done.stdout.str()) == ("fixture" in conftest)


NEEDS = """
import pytest

@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    yield {"folder": tmp_path_factory.mktemp("app")}
    print("the settings ended")

@pytest.fixture
def asked(request, tmp_path):
    return (request.node.nodeid, tmp_path)

@pytest.fixture(scope="session")
def smscontract_app(settings, request):
    from parcel_app import app
    assert settings["folder"].is_dir()
    assert request.getfixturevalue("settings") is settings
    yield app
    print("the fixture ended")
"""


EACH = NEEDS.replace('"session")\ndef sms', '"function")\ndef sms').replace("settings, ", "settings, asked, ")


@pytest.mark.parametrize("conftest", [NEEDS, EACH], ids=["session", "function"])
def test_the_application_may_need_fixtures(parcel: pytest.Pytester, conftest: str) -> None:
    """In a conftest of a folder, whether or not a test in that folder is run."""
    tests = parcel.mkdir("tests")
    (tests / "conftest.py").write_text(conftest)
    (tests / "test_mine.py").write_text("def test_mine(settings): pass\n")
    (parcel.path / "resources.yaml").write_text("parcel_id: {any: [par_7, par_8]}\n")
    asked = ("--smscontract", "parcel.yaml", "--smscontract-resources", "resources.yaml", "-s")
    done = _run(parcel, *asked, f"smscontract::{STATUS}")
    done.assert_outcomes(passed=1)
    done = _run(parcel, *asked, f"smscontract::{STATUS}", "tests")
    done.assert_outcomes(passed=2)
    said = done.stdout.str()
    assert [said.count(f"the {one} ended") for one in ("fixture", "settings")] == [1, 1], said


def test_the_line_may_name_a_fixture_of_its_file(parcel: pytest.Pytester) -> None:
    fixtures = "import pytest\n@pytest.fixture(scope='module')\ndef made(settings):\n    yield app"
    _line(parcel, "app=made, resources=KNOWN", more=fixtures)
    parcel.makeconftest("import pytest\n@pytest.fixture(scope='session')\ndef settings(): return 1")
    _all_is_well(_run(parcel))


@pytest.mark.parametrize(
    ("conftest", "says"),
    [
        ("smscontract_app = 7", "cannot tell: a `int` is no ASGI or WSGI application"),
        (
            "def smscontract_app():\n    raise ValueError('secret-0123')",
            "cannot tell: `smscontract_app` failed with ValueError",
        ),
        (
            "import pytest\n@pytest.fixture\ndef smscontract_app(database):\n    return None",
            "cannot tell: `smscontract_app` needs `database`, and there is no such fixture here",
        ),
        (
            "import pytest\n@pytest.fixture\ndef smscontract_app(tmp_path):\n    raise ValueError('secret-0123')",
            "cannot tell: `smscontract_app` failed with ValueError",
        ),
    ],
)
def test_what_is_no_application_is_told(parcel: pytest.Pytester, conftest: str, says: str) -> None:
    parcel.makeconftest(conftest)
    done = _run(parcel, "--smscontract", "parcel.yaml", f"smscontract::{STATUS}", "-q")
    assert done.parseoutcomes() == {"errors": 1}
    done.stdout.fnmatch_lines([says])
    assert "secret-0123" not in done.stdout.str()


def test_a_mistake_in_the_line_is_one_of_its_file(parcel: pytest.Pytester) -> None:
    parcel.makepyfile(test_api="import smscontract\ntest_contract = smscontract.clauses_of('nobody')\ndef test_mine(): pass\n")
    done = _run(parcel, "--continue-on-collection-errors")
    done.assert_outcomes(errors=1, passed=1)
    assert "nobody" in done.stdout.str()
    assert "Traceback" not in done.stdout.str()
