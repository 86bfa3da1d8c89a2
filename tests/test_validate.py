"""`smscontract validate` as a user meets it: what it prints, what it leaves out, how it ends."""

from __future__ import annotations

import gc
import json
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from smscontract import cli
from smscontract.clauses.view import View
from smscontract.exchange import Exchange, Failure
from smscontract.garbage import collected_rarely
from smscontract.judge import Judge
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports.json_report import schema
from tests.core import BLAND, PARCEL, STUUT, made, parcel_judge, refused
from tests.waiting import wait_until_read

ROOT = Path(__file__).resolve().parents[1]


def recording(folder: Path, exchanges: Iterable[Exchange], *, origin: str = "gate", name: str = "run.jsonl") -> str:
    path = folder / name
    path.write_bytes(header(origin) + b"".join(dumps(one) for one in exchanges))
    return str(path)


def run(*words: str, code: int | None = None, input: bytes | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = subprocess.run(
        [sys.executable, "-c", "from smscontract.cli import main; main()", *words],
        input=input, capture_output=True, check=False, cwd=ROOT, timeout=120,
    )  # fmt: skip
    if code is not None:
        assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def report_of(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """The JSON report of a run in this process."""
    code = cli.run(["validate", *words, "--report", "json:-"])
    data = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema()).validate(data)
    assert data["exit_code"] == code
    return data


def broken_in(report: Any) -> list[tuple[str, str, int]]:
    return [(one["clause"].partition("/")[2], one["pointer"], one["count"]) for one in report["findings"]]


GOOD = [made(STUUT), made(BLAND, step=1)]
HISTORY = [
    made(BLAND, step=0, answer={"data": {"conversation_id": "a"}}),
    refused(BLAND, 400, sent={"sender": 5}, step=1),
    made(BLAND, step=2, answer={"data": {"conversation_id": "b"}}),
    made(BLAND, step=3, answer={"data": {"conversation_id": "b", "workflow_id": 7}}),
    made(STUUT, step=4, answer={"status": "queued"}),
    made(STUUT, step=5, answer={"status": "queued", "from_number": "+14155550187"}, known={}),
]


def test_good_exchanges_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(capsys, recording(tmp_path, GOOD))
    assert (report["verdict"], report["exit_code"], report["exchanges"], report["requests"]) == ("kept", 0, 2, None)
    assert report["findings"] == []
    assert report["causes"] == []


def test_a_break_says_what_where_and_how_to_see_it_again(tmp_path: Path) -> None:
    file = recording(tmp_path, HISTORY)
    code, out, err = run("validate", file, "--fail-on", "should")
    assert (code, err) == (1, "")
    text = " ".join(out.split())
    assert "stuut.send-sms/200/status:enum must" in text
    assert f"{file}:6" in text
    assert 'words "status enum<string> required Available options: draft,' in text
    assert "bland.create-sms/rule/refused-changes-nothing" in text
    again = next(line for line in out.splitlines() if line.strip().startswith("again smscontract") and "status:enum" in line)
    words = again.split("smscontract ", 1)[1].split()
    code, out, _ = run(*words, code=1)
    assert "status:enum" in out
    assert "refused-changes-nothing" not in out


def test_a_break_of_what_was_reasoned_fails_again_too(tmp_path: Path) -> None:
    _, out, _ = run("validate", recording(tmp_path, HISTORY), "--fail-on", "should", code=1)
    again = next(line for line in out.splitlines() if line.strip().startswith("again") and "numbers-differ" in line)
    _, out, _ = run(*again.split("smscontract ", 1)[1].split(), code=1)
    assert "numbers-differ" in out


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shuffled_lines_give_the_same_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    expected = broken_in(report_of(capsys, recording(tmp_path, HISTORY)))
    assert len(expected) >= 3
    shuffled = list(HISTORY)
    random.Random(seed).shuffle(shuffled)
    assert broken_in(report_of(capsys, recording(tmp_path, shuffled))) == expected


def test_selecting_a_clause_changes_nothing_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASK_KEY", "equal tokens for equal values")
    file = recording(tmp_path, HISTORY)
    keyed = ("--mask-key-env", "MASK_KEY")
    whole = report_of(capsys, file, *keyed)
    for clause in {one["clause"] for one in whole["findings"]} | {f"{BLAND}/rule/active-reused"}:
        part = report_of(capsys, file, "--select", clause, *keyed)
        assert part["findings"] == [one for one in whole["findings"] if one["clause"].startswith(clause)]
        rest = report_of(capsys, file, "--ignore", clause, *keyed)
        assert rest["findings"] == [one for one in whole["findings"] if not one["clause"].startswith(clause)]


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_selection_that_meets_nothing_is_a_mistake(tmp_path: Path, option: str) -> None:
    _, out, err = run("validate", recording(tmp_path, GOOD), option, "stuut.send-sms/200/statos", code=2)
    assert out == ""
    assert "is the beginning of no clause" in err
    assert "did you mean" in err


def test_a_broken_line_is_named_and_the_rest_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(recording(tmp_path, HISTORY))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b'{"request": \n', *lines[3:]])[:-40])
    report = report_of(capsys, str(path))
    assert [(one["line"], one["file"]) for one in report["problems"]] == [(4, str(path)), (8, str(path))]
    assert ("200/status:enum", "/status", 1) in broken_in(report)
    assert report["exit_code"] == 1, "broken weighs more than unreadable"
    assert len(report["causes"]) == 2
    reasons = {one["reason"] for one in report["not_judged"]}
    assert "the history may have holes" in reasons
    assert "rule/refused-changes-nothing" not in [name for name, _, _ in broken_in(report)]


def test_a_file_cut_in_the_middle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(recording(tmp_path, GOOD))
    path.write_bytes(path.read_bytes()[:-30])
    report = report_of(capsys, str(path))
    assert (report["verdict"], report["exit_code"]) == ("unusable", 2)
    assert [one["line"] for one in report["problems"]] == [3]


def test_nothing_judged_is_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.jsonl").write_text(
        '{"request": {"method": "GET", "url": "https://x.test/v1/sms/conversations/conv_9"}, "response": {"status": 200}}\n'
    )
    report = report_of(capsys, str(tmp_path / "other.jsonl"))
    assert (report["verdict"], report["exit_code"]) == ("cannot-tell", 3)
    assert report["unmatched"] == [{"shape": "GET /v1/sms/conversations/{}", "count": 1}]


def test_the_age_of_the_newest_answer_is_shown(tmp_path: Path) -> None:
    _, out, _ = run("validate", recording(tmp_path, GOOD), code=0)
    assert re.search(r"newest answer \d+ \w+ old", out)


def test_what_was_not_seen_is_listed_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = report_of(capsys, recording(tmp_path, [made(STUUT)], origin="somebody"))
    reasons = {one["clause"].partition("/")[2]: one["reason"] for one in report["not_judged"]}
    assert reasons["4XX:type"] == "not seen" if "4XX:type" in reasons else True
    assert reasons["rule/moves-on"] == "not seen"
    assert {one["clause"].partition(".")[0] for one in report["not_judged"]} == {"stuut"}, "the other operation was not asked"


def test_fail_on_is_a_ladder(tmp_path: Path) -> None:
    warned = recording(tmp_path, [made(STUUT, answer={"direction": "inbound"})], name="warned.jsonl")
    new = recording(tmp_path, [made(STUUT, answer={"carrier": "x"})], name="new.jsonl")
    for file, codes in ((warned, (0, 1, 1)), (new, (0, 0, 1))):
        assert tuple(run("validate", file, "--fail-on", step)[0] for step in ("must", "should", "new")) == codes


def test_failures_of_others_recordings_are_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = [
        refused(BLAND, 500, step=1),
        made(BLAND, step=2, response=None, failure=Failure.TIMEOUT),
        refused(BLAND, 400, step=3),
        *(made(BLAND, step=step, received_at=2e9, sent_at=2e9 - 60) for step in range(4, 10)),
    ]
    report = report_of(capsys, recording(tmp_path, [made(BLAND), *odd], origin="somebody"))
    assert report["findings"] == []
    assert {"no control request", "state of the account unknown", "the time is the recorder's"} <= {
        one["reason"] for one in report["not_judged"]
    }


# -- a provider of one's own


def test_a_third_provider_goes_through_all_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge_ = parcel_judge()
    key = "parcel.parcel-status"
    history = [made(key, judge_=judge_), made(key, judge_=judge_, step=1, answer={"status": "waiting", "weight": 5})]
    file = recording(tmp_path, history)
    report = report_of(capsys, file, "--contract", str(PARCEL), "--fail-on", "should")
    assert [name for name, _, _ in broken_in(report)] == ["rule/moves-on", "rule/same-parcel"]
    code = cli.run(["clauses", str(PARCEL), "--format", "json"])
    listed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert {tuple(one) for one in listed} == {("id", "provider", "level", "family", "says", "source", "file", "line")}
    assert [one["id"] for one in listed] == list(judge_.catalogue.clauses)
    for clause in (f"{key}/rule/moves-on", f"{key}/200/carrier:null", f"{key}/200/label:maxLength"):
        assert cli.run(["explain", clause, "--contract", str(PARCEL)]) == 0
        assert "broken by" in capsys.readouterr().out


def test_a_bare_document_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = PARCEL.with_name("parcel.openapi.yaml")
    one = made("parcel.parcel-status", judge_=parcel_judge(), answer={"status": "flying"})
    report = report_of(capsys, recording(tmp_path, [one]), "--contract", str(document))
    assert broken_in(report) == [("200/status:enum", "/status", 1)]


# -- explain


def test_explain_prints_words_line_and_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", f"{STUUT}/200/status:enum"]) == 0
    out = capsys.readouterr().out
    assert '  words   "status enum<string> required Available options: draft, pending,' in out
    assert re.search(r"^  stated  openapi/stuut\.yaml:\d+$", out, re.MULTILINE)
    assert out.index("kept by") < out.index("broken by") < out.index("because the value is none of the listed ones")


def test_explain_prints_the_shortest_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", f"{BLAND}/rule/refused-changes-nothing"]) == 0
    kept, _, broken = capsys.readouterr().out.partition("broken by")
    assert kept.count("POST ") == broken.count("POST ") == 3
    assert "because `got.data.conversation_id` is not the same as before (request 1)" in broken


def test_an_unknown_clause_gets_the_nearest_ones() -> None:
    _, out, err = run("explain", "stuut.send-sms/200/status:enm", code=2)
    assert out == ""
    assert "there is no clause" in err
    assert "did you mean `stuut.send-sms/200/status:enum`" in err
    run("explain", "nobody.knows/200", code=2)


# -- how a run ends


def test_our_own_bug_is_told_without_values_and_with_what_was_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0

    def judged(self: Judge, view: View) -> Any:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise RuntimeError("+14155550123 said hello")
        return original(self, view)

    original = Judge.judged
    monkeypatch.setattr(Judge, "judged", judged)
    report = report_of(capsys, recording(tmp_path, [made(STUUT, answer={"status": "queued"}), made(STUUT, step=1)]))
    assert (report["verdict"], report["exit_code"]) == ("internal-error", 4)
    assert report["causes"][0].startswith("internal error: RuntimeError at ")
    assert "4155550123" not in json.dumps(report)
    assert broken_in(report) == [("200/status:enum", "/status", 1)], "what was judged is told"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_what_was_judged(tmp_path: Path, number: signal.Signals) -> None:
    """The recording comes through a pipe that stays open: the run cannot end by itself."""
    report_file = tmp_path / "r.json"
    with subprocess.Popen(
        [sys.executable, "-c", "from smscontract.cli import main; main()", "validate", "-", "--report", f"json:{report_file}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        line = dumps(made(STUUT, answer={"status": "queued"}))
        process.stdin.write(header("gate") + line * 3000)
        process.stdin.flush()
        wait_until_read(process.pid)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"because interrupted after" in out
    report = json.loads(report_file.read_text())
    assert (report["verdict"], report["exit_code"]) == ("interrupted", 130)
    assert broken_in(report)[0][:2] == ("200/status:enum", "/status")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interruption_before_histories_are_known_tells_what_was_judged(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs more than one exchange is neither kept nor called not seen."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    some = [made(BLAND, step=step, answer={"data": {"conversation_id": f"c{step}"}}) for step in range(9)]
    path = recording(tmp_path, [*some, made(STUUT, answer={"status": "queued"})])
    monkeypatch.setattr("smscontract.facts.FactStore.settle", interrupted)
    report = tmp_path / "r.json"
    assert cli.run(["validate", path, "--workers", str(workers), "--report", f"json:{report}"]) == 130
    data = json.loads(report.read_text())
    assert (data["verdict"], data["exchanges"]) == ("interrupted", 10)
    assert "before it was known what histories say" in " ".join(data["causes"])
    assert [one["clause"] for one in data["findings"]] == [f"{STUUT}/200/status:enum"]
    untold = {one["clause"] for one in data["not_judged"] if one["reason"] == "interrupted before it was known"}
    assert f"{BLAND}/rule/new-is-new" in untold
    assert f"{BLAND}/rule/error-text-not-blank" not in untold


@pytest.mark.parametrize("threshold", [0, 700])
def test_the_garbage_collector_is_left_as_it_was(threshold: int) -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(threshold, 5, 7)
        with collected_rarely():
            assert gc.get_threshold()[0] == 0 if threshold == 0 else gc.get_threshold()[0] > threshold
        assert gc.get_threshold() == (threshold, 5, 7)
    finally:
        gc.set_threshold(*before)


def test_usage_errors_come_first(tmp_path: Path) -> None:
    file = recording(tmp_path, HISTORY)
    for words in (
        ["nowhere.jsonl"],
        [file, "--report", "jsn:x"],
        [file, "--side", "request"],
        [file, "--mask-key-env", "NOT_SET_AT_ALL"],
    ):
        _, out, err = run("validate", *words, code=2)
        assert out == ""
        assert err.startswith("error: ")


def test_the_command_line_by_click_itself() -> None:
    result: Result = CliRunner().invoke(cli.cli, ["--help"])
    assert result.exit_code == 0
    assert "validate" in result.output
