"""What consumers need: stated, kept, held against contracts, told by consumer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import smscontract
from smscontract import cli
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.errors import SmscontractError, UnusableInput, UsageError
from smscontract.findings import Level
from smscontract.judge import Judge
from smscontract.needed import declared, dumps, read_needs
from tests.core import BLAND, STUUT, made
from tests.inner import run

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _nothing_stated() -> Iterator[None]:
    declared.clear()
    yield
    declared.clear()


def kept(folder: Path, consumer: str, *stated: dict[str, Any]) -> str:
    path = folder / f"{consumer}.json"
    listed = [{"operation": STUUT, "place": "got.status", **one} for one in stated]
    path.write_text(json.dumps({"smscontract": "needs", "version": 1, "consumer": consumer, "needs": listed}), encoding="utf-8")
    return str(path)


def with_needs(*files: str) -> Catalogue:
    return load_catalogue([f"needs:{file}" for file in files])


def broken(catalogue: Catalogue, **changes: Any) -> set[str]:
    exchange = made(STUUT, **changes)
    findings = Judge(catalogue).judge(exchange).findings
    return {one.clause.removeprefix(f"{STUUT}/") for one in findings if one.level is Level.MUST}


# --- what is broken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need", "answer", "expected"),
    [
        ({"values": ["sent", "delivered"]}, {"status": "delivered"}, set()),
        ({"values": ["sent", "delivered"]}, {"status": "failed"}, {"rule/billing-needs-status"}),
        # what the contract itself forbids is told once, by the contract
        ({"values": ["sent", "delivered"]}, {"status": "queued"}, {"200/status:enum"}),
        ({"values": ["sent", "delivered"]}, {"status": ...}, {"200/status:required"}),
        ({"place": "got.modified_at"}, {"modified_at": None}, set()),
        ({"place": "got.modified_at", "null": False}, {"modified_at": None}, {"rule/billing-needs-modified_at"}),
        ({"place": "got.classifications[*].language", "values": ["en"]}, {}, set()),
        ({"place": "got.classifications[*].language", "values": ["de"]}, {}, {"rule/billing-needs-classifications-language"}),
        ({"place": "got.sent_at", "null": False, "present": False}, {"sent_at": ...}, {"200/sent_at:required"}),
    ],
)
def test_answers(tmp_path: Path, need: dict[str, Any], answer: dict[str, Any], expected: set[str]) -> None:
    catalogue = with_needs(kept(tmp_path, "billing", need))
    assert broken(catalogue, answer=answer) == expected


def test_what_a_consumer_relies_on_is_a_must(tmp_path: Path) -> None:
    need = {"operation": BLAND, "place": "got.data.workflow_id"}
    plain, needed = load_catalogue(), with_needs(kept(tmp_path, "billing", need))
    raised = {one.id for one in needed.clauses.values() if one.level is not plain.clauses.get(one.id, one).level}
    assert "bland.create-sms/2XX/data/workflow_id:required" in raised
    assert all(needed.clauses[one].level is Level.MUST for one in raised)
    assert "bland.create-sms/2XX/data/message:required" not in raised
    assert needed.contracts["bland"].digest != plain.contracts["bland"].digest
    assert needed.contracts["stuut"].digest == plain.contracts["stuut"].digest


def test_a_break_of_a_consumer_hides_nothing_of_the_contract(tmp_path: Path) -> None:
    """A delivered message without its time breaks the rule, whoever does not handle `delivered`."""
    catalogue = with_needs(kept(tmp_path, "billing", {"values": ["sent"]}))
    exchange = made(STUUT, answer={"status": "delivered", "delivered_at": None})
    found = {one.clause.rpartition("/")[2] for one in Judge(catalogue).judge(exchange).findings}
    assert found == {"billing-needs-status", "delivered-has-times"}


def test_two_consumers_two_names(tmp_path: Path) -> None:
    first = kept(tmp_path, "billing", {"values": ["sent"]}, {"values": ["sent", "failed"]})
    second = kept(tmp_path, "support", {"values": ["sent"]})
    assert broken(with_needs(first, second), answer={"status": "delivered"}) == {
        "rule/billing-needs-status",
        "rule/billing-needs-status-2",
        "rule/support-needs-status",
    }


def test_other_answers_than_successes(tmp_path: Path) -> None:
    need = {"operation": BLAND, "place": "got.errors[*].error", "values": ["NOT_FOUND"], "code": "4XX"}
    catalogue = with_needs(kept(tmp_path, "billing", need))
    refusal = made(BLAND, status=400, body=b'{"data": null, "errors": [{"error": "OTHER", "message": "no"}]}')
    found = [one.clause for one in Judge(catalogue).judge(refusal).findings if one.level is Level.MUST]
    assert found == ["bland.create-sms/rule/billing-needs-errors-error"]


# --- what cannot be meant ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"operation": "stuut"}, "is no operation"),
        ({"place": "sent.status"}, "is no place of an answer"),
        ({"place": "got"}, "is no place of an answer"),
        ({"place": "status"}, "is no place"),
        ({"place": "/status"}, "is no place of an answer"),
        ({"values": []}, "cannot be kept"),
        ({"values": ["Dear Ms Hopper"]}, "cannot be kept"),
        ({"values": ["+14155550187"]}, "cannot be kept"),
        ({"values": [{"a": 1}]}, "cannot be kept"),
        ({"values": [4155550187]}, "cannot be kept"),
        ({"values": ["sk_live_51NeverShowThis0000"]}, "cannot be kept"),
        ({"code": "200-299"}, "is no status code"),
        ({"present": False}, "nothing is needed"),
        ({"null": "no"}, "true or false"),
    ],
)
def test_needs_that_are_none(words: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        smscontract.needs(**{"operation": STUUT, "place": "got.status", **words})
    assert "Hopper" not in str(caught.value)
    assert declared == []


@pytest.mark.parametrize(
    ("need", "told"),
    [
        ({"operation": "stuut.send-smss"}, "there is no operation `stuut.send-smss`"),
        ({"place": "got.statuss"}, "promises no `got.statuss`"),
        ({"values": ["sent", "queued"]}, "never promised `queued`"),
        ({"place": "got.body", "values": ["Hello"]}, "are masked everywhere"),
        ({"colour": "red"}, "unknown key `colour`"),
        ({"place": 7}, "a place is a text"),
    ],
)
def test_files_that_cannot_be_meant(tmp_path: Path, need: dict[str, Any], told: str) -> None:
    file = kept(tmp_path, "billing", need)
    with pytest.raises(UnusableInput, match=re.escape(told)) as caught:
        with_needs(file)
    assert caught.value.place == f"{file}:1"
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"smscontract": "needs", "version": 2, "consumer": "a", "needs": []}',
        '{"smscontract": "needs", "version": 1, "consumer": "a b", "needs": []}',
        '{"smscontract": "needs", "version": 1, "consumer": "a", "needs": {}}',
        '{"smscontract": "needs", "version": 1, "consumer": "a", "needs": [1]}',
        '{"smscontract": ',
    ],
)
def test_other_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "needs.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SmscontractError):
        read_needs(str(path))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    smscontract.needs(STUUT, "got.status", values=["sent", None, 7, 1.5, True], null=True)
    smscontract.needs(STUUT, "got.sent_at", null=False, present=False)
    smscontract.needs(BLAND, "got.errors[*].error", code=404)
    smscontract.needs(BLAND, "got.errors[*].error", code=404)
    path = tmp_path / "needs.json"
    path.write_text(dumps("billing", declared), encoding="utf-8")
    read = read_needs(str(path))
    assert read.consumer == "billing"
    assert len(read.needs) == 3
    assert set(map(repr, read.needs)) == set(map(repr, declared))
    assert dumps("billing", reversed(read.needs)) == path.read_text(encoding="utf-8")


# --- the commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def asked(*words: str) -> tuple[int, str]:
        code = cli.run(list(words))
        return code, " ".join(capsys.readouterr().out.split())

    return asked


def test_validate_tells_by_consumer(tmp_path: Path, told: Callable[..., tuple[int, str]]) -> None:
    tape = str(Path(__file__).parents[1] / "recordings" / "data" / "stuut-hand-made-good.jsonl")
    fine = kept(tmp_path, "billing", {"values": ["sent", "delivered", "pending", "failed", "undelivered"]})
    assert told("validate", tape, "--needs", fine)[0] == 0
    poor = kept(tmp_path, "support", {"values": ["draft"]})
    code, text = told("validate", tape, "--needs", fine, "--needs", poor)
    assert code == 1
    assert "consumer `support` does not cope" in text
    assert "consumer `billing` does not cope" not in text
    assert "note breaks `support`" in text
    assert "stuut.send-sms/rule/support-needs-status" in text


def test_validate_in_several_processes(tmp_path: Path, told: Callable[..., tuple[int, str]]) -> None:
    tape = str(Path(__file__).parents[1] / "recordings" / "data" / "stuut-hand-made-good.jsonl")
    poor = kept(tmp_path, "support", {"values": ["draft"]})
    code, text = told("validate", tape, tape, "--needs", poor, "--workers", "2")
    assert code == 1
    assert "consumer `support` does not cope" in text


# --- in a suite --------------------------------------------------------------------------------------------------------

SUITE = """
    import smscontract

    smscontract.needs("stuut.send-sms", "got.status", values=["sent", "failed"])

    def test_it():
        smscontract.needs("bland.create-sms", "got.data.conversation_id", null=False)
"""


def test_a_suite_keeps_what_it_needs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=SUITE, test_b="def test_it(): pass")
    pytester.makepyprojecttoml('[project]\nname = "billing"\n')
    done = run(pytester)
    done.stdout.fnmatch_lines(["smscontract: 2 needs of `billing` in smscontract-needs.json, which changed"])
    read = read_needs(str(pytester.path / "smscontract-needs.json"))
    assert (read.consumer, [one.place for one in read.needs]) == ("billing", ["got.data.conversation_id", "got.status"])
    run(pytester).stdout.fnmatch_lines(["smscontract: 2 needs of `billing` in smscontract-needs.json"])


def test_a_run_of_a_part_takes_nothing_away(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=SUITE)
    settings = ("-o", "smscontract_needs_file=kept.json", "-o", "smscontract_consumer=us")
    run(pytester, *settings)
    pytester.makepyfile(test_a="import smscontract\nsmscontract.needs('stuut.send-sms', 'got.id')\ndef test_it(): pass")
    run(pytester, "test_a.py", *settings)
    assert len(read_needs(str(pytester.path / "kept.json")).needs) == 3
    run(pytester, *settings)
    assert len(read_needs(str(pytester.path / "kept.json")).needs) == 1


def test_a_suite_that_needs_what_nobody_promised(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import smscontract\nsmscontract.needs('stuut.send-sms', 'got.state')\ndef test_it(): pass")
    done = run(pytester)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["smscontract: what this suite needs cannot be kept: *promises no `got.state`*"])
    assert not (pytester.path / "smscontract-needs.json").exists()


def test_over_workers_of_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_a=SUITE, test_b="def test_it(): pass")
    run(pytester, "-p", "xdist", "-p", "smscontract.pytest_plugin", "-n", "2")
    assert len(read_needs(str(pytester.path / "smscontract-needs.json")).needs) == 2
