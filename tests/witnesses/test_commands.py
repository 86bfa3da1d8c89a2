"""The commands: what they print, how they end, and that no value gets out."""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from smscontract import ledger_file
from smscontract.cli import run
from smscontract.ledger import Ledger
from smscontract.recordings import jsonl
from smscontract.reports import json_report
from tests import core
from tests.witnesses import samples
from tests.witnesses.test_timeline import counted, dated

DATA = Path(__file__).parents[1] / "recordings" / "data"
GOOD = str(DATA / "stuut-hand-made-good.jsonl")
BROKEN = str(DATA / "stuut-hand-made-broken.jsonl")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs the command line in this process, in a folder of its own: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def call(*words: str) -> tuple[int, str, str]:
        code = run(list(words))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def run_of_the_gate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder with all that one run of the gate on the sandbox writes, and what it printed."""
    folder = tmp_path_factory.mktemp("gate")
    written = ("--ledger", f"{folder}/gate.json", "--record", f"{folder}/gate.jsonl", "--report", f"json:{folder}/r.json")
    before = signal.getsignal(signal.SIGTERM)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = run(["gate", "--fuzz", "0", "--witnesses", "full", *written])
    signal.signal(signal.SIGTERM, before)
    assert code == 0, out.getvalue()
    return folder, out.getvalue()


def test_the_gate_sees_and_writes(command: Command, run_of_the_gate: tuple[Path, str]) -> None:
    folder, out = run_of_the_gate
    assert re.search(r"^  witnesses \d+ of 60; never seen: ", out, re.MULTILINE)
    assert re.search(r"^  200/status  draft never, pending \d+, ", out, re.MULTILINE)
    assert re.search(r"^  200/body  \d+ to 1600 long$", out, re.MULTILINE)
    report = json.loads((folder / "r.json").read_text())
    jsonschema.validate(report, json_report.schema())
    assert {one["operation"] for one in report["witnesses"]} == {core.STUUT, core.BLAND}
    assert all(set(one["sources"]) == {"plan"} for one in report["witnesses"])
    jsonschema.validate(json.loads((folder / "gate.json").read_text()), ledger_file.schema())

    # The recording of the same run shows the same points.
    code, _, _ = command("validate", f"{folder}/gate.jsonl", "--ledger", "replay.json")
    assert code == 0
    code, out, _ = command("witnesses", f"{folder}/gate.json", "replay.json", "--format", "json")
    assert code == 0
    for one in json.loads(out)["witnesses"]:
        assert set(one["sources"]) == {"plan", "recording"}
        for point in one["points"]:
            assert point["sources"].get("plan") == point["sources"].get("recording"), point


def test_nothing_that_was_written_holds_a_value(run_of_the_gate: tuple[Path, str]) -> None:
    """Every text of every body of the run that the documents do not print is a canary."""
    folder, out = run_of_the_gate
    texts = set()
    for line in (folder / "gate.jsonl").read_text().splitlines()[1:]:
        record = json.loads(line)
        for side in ("request", "response"):
            with contextlib.suppress(ValueError):
                texts |= set(_texts(json.loads((record.get(side) or {}).get("body") or "null")))
    documents = "".join(path.read_text() for path in (core.DATA.parents[1] / "openapi").glob("*.yaml"))
    canaries = {text for text in texts if len(text) > 5 and text not in documents}
    assert len(canaries) > 30
    report = json.loads((folder / "r.json").read_text())
    written = (folder / "gate.json").read_text() + json.dumps(report["witnesses"]) + out
    assert not [text for text in canaries if text in written]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


# -- requirements


def test_unmet_witnesses_end_with_3_and_the_cause(command: Command) -> None:
    code, out, _ = command("validate", GOOD, "--require-witness", "90%")
    assert code == 3
    assert re.search(r"because stuut\.send-sms: \d+ of 60 witness points seen, 90% are required; never", " ".join(out.split()))
    point = f"{core.STUUT}/200/status=undelivered"
    code, out, _ = command("validate", GOOD, "--require-witness", point, "--report", "json:r.json")
    assert code == 3
    assert json.loads(Path("r.json").read_text())["causes"] == [f"1 required witness missing: `{point}` was never seen"]
    code, _, _ = command("validate", GOOD, "--require-witness", f"{core.STUUT}/200/status=sent", "--require-witness", "5%")
    assert code == 0
    code, _, _ = command("validate", GOOD, "--require-witness", f"{core.STUUT}/200/status:enum")
    assert code == 0


def test_what_is_broken_weighs_more(command: Command) -> None:
    code, out, _ = command("validate", BROKEN, "--require-witness", "90%")
    assert code == 1
    assert "90% are required" in out


def test_the_configuration_of_the_folder_counts(command: Command) -> None:
    Path("smscontract.toml").write_text(
        "[witnesses]\nrequire = '100%'\n"
        "[[witnesses.waive]]\npoint = 'stuut.send-sms/*'\nreason = 'only a taste'\nuntil = 9999-12-31\n"
        "[[witnesses.waive]]\npoint = 'stuut.send-sms/200/status=draft'\nreason = 'once'\nuntil = 2020-01-01\n"
    )
    code, out, _ = command("validate", GOOD)
    assert code == 0
    found = re.search(r"^  witnesses (\d+) of (\d+) \((\d+) waived\)$", out, re.MULTILINE)
    assert found
    assert int(found[1]) == int(found[2]) == 60 - int(found[3])
    Path("smscontract.toml").write_text(Path("smscontract.toml").read_text().replace("9999-12-31", "2020-01-01"))
    code, out, _ = command("validate", GOOD)
    assert code == 3
    assert "  note  the waiver of `stuut.send-sms/*` ended on 2020-01-01" in out
    code, _, _ = command("validate", GOOD, "--require-witness", "10%")
    assert code == 0, "the share of the command line wins"
    Path("mine.toml").write_text("[witnesses]\n")
    code, _, _ = command("validate", GOOD, "--config", "mine.toml")
    assert code == 0


@pytest.mark.parametrize("words", [("validate", GOOD), ("gate", "--fuzz", "0"), ("witnesses", "x.json")])
def test_a_misspelt_configuration_ends_every_command(command: Command, words: tuple[str, ...]) -> None:
    Path("smscontract.toml").write_text("\n[witnesses]\nrequird = '100%'\n")
    code, _, err = command(*words)
    assert code == 2
    assert err.startswith("error: smscontract.toml:3: `requird` is no key of `witnesses`\n  help  did you mean `require`?")


def test_usage_errors_come_before_anything_is_read(command: Command) -> None:
    for words in (("--ledger", "missing/x.json"), ("--require-witness", "stuut.nothing"), ("--require-witness", "150%")):
        code, out, err = command("validate", GOOD, *words)
        assert (code, out) == (2, "")
        assert "help" in err or "does not exist" in err


# -- witnesses


def ledger_file_of(path: str, *, source: str = "recording") -> str:
    whole = counted(dated())
    renamed = Ledger(rest=whole.rest)
    for (day, _, signature), number in whole.entries.items():
        renamed.entries[day, source, signature] += number
    ledger_file.write(path, renamed, core.shipped())
    return path


def test_the_table_of_several_ledgers(command: Command) -> None:
    one, two = ledger_file_of("one.json"), ledger_file_of("two.json", source="tests")
    code, out, _ = command("witnesses", one, two)
    assert code == 0
    assert command("witnesses", two, one) == (0, out, ""), "in any order"
    lines = out.splitlines()
    assert any(re.fullmatch(r"stuut\.send-sms   12 exchanges, witnesses \d+ of 60", line) for line in lines)
    assert [line.split() for line in lines if line.startswith("  200/status=")][2:5] == [
        ["200/status=sent", "3", "3", "2026-11-20", "2026-11-22"],
        ["200/status=delivered", "1", "1", "2026-11-21", "2026-11-21"],
        ["200/status=failed", "-", "-", "never"],
    ]
    assert max(map(len, lines)) <= 80
    assert not [canary for canary in samples.CANARIES if canary in out]
    code, out, _ = command("witnesses", one, "--clauses")
    assert [line.split() for line in out.splitlines() if line.startswith("  200/status:enum")] == [
        ["200/status:enum", "5", "2026-11-20", "2026-11-22", "1"]
    ]


def test_merged_into_one_ledger(command: Command) -> None:
    one, two = ledger_file_of("one.json"), ledger_file_of("two.json", source="tests")
    code, out, _ = command("witnesses", one, two, "--into", "all.json")
    assert code == 0
    assert command("witnesses", "all.json") == (0, out, "")
    assert command("witnesses", one, one)[1] == command("witnesses", one)[1], "a ledger that is named twice counts once"


def test_requirements_on_all_ledgers_together(command: Command) -> None:
    one = ledger_file_of("one.json")
    assert command("witnesses", one, "--require-witness", f"{core.STUUT}/200/status=sent")[0] == 0
    code, out, _ = command("witnesses", one, "--require-witness", f"{core.STUUT}/200/status=draft", "--format", "json")
    assert code == 3
    data = json.loads(out)
    assert (data["exit_code"], len(data["causes"])) == (3, 1)
    code, out, _ = command("witnesses", one, "--require-witness", "80%")
    assert code == 3
    assert re.search(r"^because stuut\.send-sms: \d+ of 60 witness points seen", out, re.MULTILINE)


@pytest.mark.parametrize("text", ["", "{}", "\x00"])
def test_what_is_no_ledger(command: Command, text: str) -> None:
    Path("x.json").write_text(text)
    code, out, err = command("witnesses", "x.json")
    assert (code, out) == (2, "")
    assert err.startswith("error: x.json: this is no ledger")


# -- timeline


def test_a_timeline_at_80_columns(command: Command) -> None:
    code, out, _ = command("timeline", core.STUUT, "got.status", BROKEN, GOOD)
    assert code == 0
    assert out.splitlines()[:6] == [
        f"{core.STUUT}  got.status",
        "",
        "  day (UTC)   answers  sent  delivered  other",
        "  2026-11-20        8     6          1      1",
        "",
        "  first",
    ]
    assert f"  sent       2026-11-20T09:50:01Z  {GOOD}:2\n" in out
    assert "\n  never seen: draft, pending, failed, undelivered\n" in out
    assert not any(len(line) > 80 for line in out.splitlines() if "jsonl" not in line)


def test_many_kinds_are_listed_below_each_other(command: Command, tmp_path: Path) -> None:
    statuses = range(200, 240)
    lines = [jsonl.dumps(core.made(core.STUUT, status=status)) for status in statuses]
    (tmp_path / "x.jsonl").write_bytes(b"".join(lines))
    code, out, _ = command("timeline", "stuut", "code", "x.jsonl")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("  239 ") == 2


def test_a_timeline_for_programs(command: Command) -> None:
    ledger_file_of("one.json")
    code, out, _ = command("timeline", "stuut", "got.modified_at", "one.json", "--format", "json", "--where", "got.status=sent")
    assert code == 0
    data = json.loads(out)
    assert data["periods"] == [
        {"period": "2026-11-20", "answers": 1, "shows": {"value": 1}},
        {"period": "2026-11-22", "answers": 1, "shows": {"absent": 1}},
        {"period": None, "answers": 1, "shows": {"null": 1}},
    ]
    assert data["first"][0] == {"shows": "value", "time": "2026-11-20", "file": "one.json", "line": None, "entry": None}
    assert data["where"] == ["got.status=sent"]


def test_how_a_timeline_ends(command: Command) -> None:
    code, out, _ = command("timeline", "stuut", "got.status", GOOD, "--where", "got.status=draft")
    assert code == 3
    assert "no answer shows it" in out
    Path("x.jsonl").write_text(Path(GOOD).read_text() + "{\n")
    code, out, _ = command("timeline", "stuut", "got.status", "x.jsonl")
    assert code == 2
    assert "  not read  x.jsonl:" in out
    code, _, err = command("timeline", "stuut", "got.status", "missing.jsonl")
    assert code == 2
    assert "missing.jsonl" in err
    assert command("timeline", "stuut", "got.status", GOOD, "--by", "week")[0] == 2


def test_a_timeline_shows_no_value(command: Command) -> None:
    places = [
        "got.body",
        "got.to_number",
        "got.id",
        "got.status",
        "path.sms_id",
        "header.authorization",
        "got",
        "took",
        "at.sent",
    ]
    for place in places:
        for form in ("text", "json"):
            _, out, _ = command("timeline", "stuut", place, BROKEN, GOOD, "--format", form)
            for value in ("made-up-token", "invoice", "4155550101", "msg-", "queued", "thread-1"):
                assert value not in out, (place, value)
