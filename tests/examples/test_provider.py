"""A provider written with FastAPI, whose contract is tested clause by clause in its own process."""

from __future__ import annotations

import shutil
from pathlib import Path

import fastapi
import pytest

import smscontract.pytest_plugin._items
from smscontract import fuzz
from smscontract.catalogue import load_catalogue

pytest_plugins = ["pytester"]

PROVIDER = Path(__file__).parent / "provider"
CLAUSES = len(load_catalogue([str(PROVIDER / "pigeon.yaml")]).clauses)

#: What each inner run would import anew otherwise.
_LOADED = (fastapi, fuzz, smscontract.pytest_plugin._items)


@pytest.fixture
def provider(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copytree(PROVIDER, pytester.path, dirs_exist_ok=True)
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.syspathinsert()
    return pytester


def test_every_clause_is_kept(provider: pytest.Pytester) -> None:
    done = provider.runpytest_inprocess("-p", "no:randomly")
    done.assert_outcomes(passed=CLAUSES)
    assert done.ret == 0


def test_what_its_framework_does_by_itself_is_found(provider: pytest.Pytester) -> None:
    """FastAPI's own handler dies of a NaN: that the example has one of its own is no decoration."""
    code = (provider.path / "pigeon.py").read_text(encoding="utf-8")
    wrong = code.replace("    @app.exception_handler(RequestValidationError)\n", "")
    assert wrong != code
    (provider.path / "pigeon.py").write_text(wrong, encoding="utf-8")
    done = provider.runpytest_inprocess("-p", "no:randomly", "-k", "no-server-error or urgent-is-sent-at-once")
    done.assert_outcomes(passed=1, failed=1, deselected=CLAUSES - 2)
    done.stdout.fnmatch_lines(["*pigeon.send/protocol/no-server-error (must)*", "*expected no 5xx, got 500*", "  curl  *NaN*"])
    assert "pigeon-token" not in done.stdout.str()
