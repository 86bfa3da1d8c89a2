from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smscontract.baseline import Baseline
from smscontract.cli import run
from smscontract.errors import UnusableInput

STUUT = "stuut.send-sms"
ENUM, OBJECT = f"{STUUT}/200/status:enum /status", f"{STUUT}/200/object:const /object"
GOOD: dict[str, object] = {
    "created_at": "2026-03-02T09:15:00Z",
    "modified_at": None,
    "id": "sms_1",
    "sms_thread_id": "thread_1",
    "body": "Hello",
    "classifications": [],
    "direction": "outbound",
    "from_number": "+14155550100",
    "to_number": "+14155550101",
    "status": "sent",
    "is_automated": False,
    "sent_at": "2026-03-02T09:16:00Z",
    "delivered_at": None,
    "error_message": None,
    "object": "sms_message",
}


def recorded(tmp_path: Path, **changed: object) -> str:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({**GOOD, **changed}), "utf-8")
    return str(file)


def validated(file: str, *more: str) -> int:
    return run(["validate", file, "--operation", STUUT, "--status", "200", *more])


def fingerprints(file: Path) -> list[str]:
    return [entry.fingerprint for entry in Baseline(file=str(file)).entries()]


def test_what_is_listed_does_not_fail_and_what_is_not_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "baseline.toml"
    wrong = recorded(tmp_path, status="odd")
    assert validated(wrong) == 1
    assert validated(wrong, "--baseline", str(baseline), "--baseline-update", "--reason", "ticket 7", "--owner", "ana") == 0
    assert fingerprints(baseline) == [ENUM]
    assert validated(wrong, "--baseline", str(baseline)) == 0
    capsys.readouterr()
    assert validated(recorded(tmp_path, status="odd", sent_at=7), "--baseline", str(baseline)) == 1
    out = capsys.readouterr().out
    assert "KNOWN" in out
    assert "known (ana): ticket 7" in out
    assert f"{STUUT}/200/sent_at:type" in out.partition("KNOWN")[0]


def test_what_has_expired_fails_again_until_it_is_renewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "baseline.toml"
    wrong = recorded(tmp_path, status="odd")
    yesterday, tomorrow = (datetime.now(UTC).date() + timedelta(days=days) for days in (-2, 2))
    baseline.write_text(
        f'version = 1\n# why\n[[known]]\nclause = "{STUUT}/200/status:enum"\nplace = "/status"\nexpires = {yesterday}\n'
    )
    assert validated(wrong, "--baseline", str(baseline)) == 1
    assert f"expired on {yesterday}" in capsys.readouterr().out
    update = ["--baseline", str(baseline), "--baseline-update", "--expires", str(tomorrow)]
    assert validated(wrong, *update) == 0
    assert "# why" in baseline.read_text("utf-8")
    assert f"expires = {tomorrow}" in baseline.read_text("utf-8")


def test_what_is_gone_is_told_and_pruned_with_its_table_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = tmp_path / "baseline.toml"
    both = recorded(tmp_path, status="odd", sent_at=7)
    assert validated(both, "--baseline", str(baseline), "--baseline-update") == 0
    text = baseline.read_text("utf-8")
    baseline.write_text(f'# at the top\n{text}\n[[known]]\nclause = "bland.create-sms/auth/good" # not seen here\n', "utf-8")
    assert len(fingerprints(baseline)) == 3
    capsys.readouterr()
    one = recorded(tmp_path, sent_at=7)
    assert validated(one, "--baseline", str(baseline)) == 0
    out = capsys.readouterr().out
    assert "GONE" in out
    assert ENUM in out
    assert validated(one, "--baseline", str(baseline), "--baseline-prune") == 0
    assert fingerprints(baseline) == [f"{STUUT}/200/sent_at:type /sent_at", "bland.create-sms/auth/good"]
    kept = baseline.read_text("utf-8")
    assert "# at the top" in kept
    assert "# not seen here" in kept


def test_a_fingerprint_moves_with_nothing(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    items = [{"reason": 7, "category": "x"}]
    wrong = recorded(tmp_path, classifications=items)
    assert validated(wrong, "--fail-on", "should") == 1
    code = validated(wrong, "--fail-on", "should", "--baseline", str(baseline), "--baseline-update")
    listed = fingerprints(baseline)
    assert code == 0
    assert listed
    turned = dict(reversed({**GOOD, "classifications": [*items, *items]}.items()))
    Path(wrong).write_text(json.dumps(turned, indent=3), "utf-8")
    assert validated(wrong, "--fail-on", "should", "--baseline", str(baseline)) == 0


def test_what_is_new_can_be_listed_too(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    wrong = recorded(tmp_path, colour="red")
    assert validated(wrong, "--fail-on", "new") == 1
    assert validated(wrong, "--fail-on", "new", "--baseline", str(baseline), "--baseline-update") == 0
    assert fingerprints(baseline) == [f"new {STUUT}/200/colour"]
    assert validated(recorded(tmp_path, size=1, colour="red"), "--fail-on", "new", "--baseline", str(baseline)) == 1


def test_json_says_what_became_of_each_entry(tmp_path: Path) -> None:
    baseline, report = tmp_path / "baseline.toml", tmp_path / "report.json"
    wrong = recorded(tmp_path, status="odd")
    assert validated(wrong, "--baseline", str(baseline), "--baseline-update") == 0
    assert validated(wrong, "--baseline", str(baseline), "--report", f"json:{report}") == 0
    found = json.loads(report.read_text("utf-8"))
    assert [(one["fingerprint"], one["status"]) for one in found["baseline"]] == [(ENUM, "known")]
    assert [(one["fails"], one["known"]) for one in found["findings"]] == [(False, "known")]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("version = 1\n[[known]]\nclause = 7\n", 2, "`clause` is a text"),
        ("version = 1\n[[known]]\nreason = 'x'\n", 2, "an entry has a `clause`"),
        ("version = 1\n\n[[known]]\nclause = 'a'\nexpired = 2027-01-01\n", 3, "`expired` is no key"),
        ("version = 1\n[[known]]\nclause = 'a'\nexpires = '2027-01-01'\n", 2, "`expires` is a date"),
        ("version = 1\n[[known]]\nclause = 'a'\n[[known]]\nclause = 'a'\n", 4, "the same as in line 2"),
        ("version = 2\n", 1, "another version"),
        ("version = 1\nknown = 3\n", 1, "array of tables"),
        ("version = \n", 1, "no TOML"),
        ("\xff", None, "not UTF-8"),
    ],
)
def test_mistakes_have_a_line(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    file = tmp_path / "baseline.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UnusableInput) as caught:
        Baseline(file=str(file)).entries()
    assert says in caught.value.message
    assert caught.value.line == line
    assert caught.value.file == str(file)
    assert file.read_bytes() == text.encode("latin-1")


def test_a_baseline_that_is_not_there_is_no_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = recorded(tmp_path)
    assert validated(good, "--baseline", str(tmp_path / "none.toml")) == 2
    assert "--baseline-update" in capsys.readouterr().err
    assert validated(good, "--baseline-update") == 2
    assert validated(good, "--reason", "x", "--baseline", str(tmp_path / "none.toml")) == 2


def test_a_baseline_of_which_all_is_gone_is_an_empty_one(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    assert validated(recorded(tmp_path, status="odd"), "--baseline", str(baseline), "--baseline-update") == 0
    good = recorded(tmp_path)
    assert validated(good, "--baseline", str(baseline), "--baseline-prune") == 0
    assert fingerprints(baseline) == []
    assert validated(good, "--baseline", str(baseline)) == 0
    assert baseline.read_text("utf-8").startswith("#")


def test_what_is_no_toml_is_told_with_its_line_and_the_next_step(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    for text, line in (("version = 1\n[[known]\n", 2), ("version = 1\n\nx = [1,\n", 3)):
        file.write_text(text)
        with pytest.raises(UnusableInput, match="no TOML") as caught:
            Baseline(file=str(file)).entries()
        assert caught.value.line == line
        assert "--baseline-update" in (caught.value.hint or "")
