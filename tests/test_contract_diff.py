from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.cli import run
from smscontract.contract_diff import compare

ROOT = Path(__file__).parent.parent
STUUT, BLAND = "stuut.send-sms", "bland.create-sms"

#: An edit of a shipped file, and what it has to be called: kind, clause, whom it breaks.
EDITS = [
    ("openapi/stuut.yaml", "failed, undelivered]", "failed]", "tightened", f"{STUUT}/200/status:enum", ("provider",)),
    (
        "openapi/stuut.yaml",
        "failed, undelivered]",
        "failed, undelivered, queued]",
        "loosened",
        f"{STUUT}/200/status:enum",
        ("readers",),
    ),
    ("openapi/stuut.yaml", "        - status\n", "", "loosened", f"{STUUT}/200/status:required", ("readers",)),
    ("openapi/bland.yaml", "enum: [USER, AGENT]", "enum: [USER]", "tightened", f"{BLAND}/request/sender:refuses", ("senders",)),
    (
        "openapi/bland.yaml",
        "enum: [USER, AGENT]",
        "enum: [USER, AGENT, BOT]",
        "loosened",
        f"{BLAND}/request/sender:accepts",
        ("provider",),
    ),
    (
        "contracts/stuut.yaml",
        "inbound: 4XX",
        "inbound: 409",
        "changed",
        f"{STUUT}/state/sms_id/inbound",
        ("senders", "provider"),
    ),
    ("contracts/stuut.yaml", "texts: now", "texts: never", "changed", f"{STUUT}/effect", ("senders",)),
    (
        "contracts/stuut.yaml",
        "      then: {got.direction: outbound}\n",
        "      then: {got.direction: inbound}\n",
        "changed",
        f"{STUUT}/rule/sent-is-outbound",
        ("readers", "provider"),
    ),
]


def edited(tmp_path: Path, file: str, old: str, new: str) -> Catalogue:
    for folder in ("openapi", "contracts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return load_catalogue((str(tmp_path / "contracts" / Path(file).name),))


def shipped(file: str) -> Catalogue:
    return load_catalogue((Path(file).stem,))


@pytest.mark.parametrize(("edit", "expected"), [(one[:3], one[3:]) for one in EDITS])
def test_an_edit_is_one_change(tmp_path: Path, edit: tuple[str, str, str], expected: tuple[str, str, tuple[str, ...]]) -> None:
    (found,) = compare(shipped(edit[0]), edited(tmp_path, *edit))
    assert (found.kind, found.clause, found.breaks) == expected


@pytest.mark.parametrize(("file", "old", "new"), [one[:3] for one in EDITS])
def test_backwards_it_is_the_opposite(tmp_path: Path, file: str, old: str, new: str) -> None:
    other = edited(tmp_path, file, old, new)
    (there,), (back,) = compare(shipped(file), other), compare(other, shipped(file))
    opposite = {"tightened": "loosened", "loosened": "tightened", "changed": "changed"}
    assert back.kind == opposite[there.kind]


@pytest.mark.parametrize("provider", ["stuut", "bland", str(ROOT / "tests/data/parcel.yaml")])
def test_a_contract_does_not_differ_from_itself(provider: str) -> None:
    assert compare(load_catalogue((provider,)), load_catalogue((provider,))) == []


def test_whole_operations() -> None:
    stuut, bland = load_catalogue(("stuut",)), load_catalogue(("bland",))
    assert [(one.clause, one.kind) for one in compare(stuut, bland)] == [(STUUT, "removed"), (BLAND, "added")]


def test_rules_come_and_go(tmp_path: Path) -> None:
    rule = "    timeout-order:"
    other = edited(tmp_path, "contracts/bland.yaml", rule, "    times-ordered:")
    found = {one.clause: (one.kind, one.breaks) for one in compare(shipped("contracts/bland.yaml"), other)}
    assert found[f"{BLAND}/rule/timeout-order"] == ("removed", ("provider",))
    assert found[f"{BLAND}/rule/times-ordered"] == ("added", ("senders",))


def test_the_command_shows_what_was_seen_and_ends_by_whom_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"status": "undelivered"}), "utf-8")
    ledger = tmp_path / "ledger.json"
    run(["validate", str(answer), "--operation", STUUT, "--status", "200", "--ledger", str(ledger)])
    capsys.readouterr()
    edited(tmp_path / "new", *EDITS[0][:3])
    new = str(tmp_path / "new/contracts/stuut.yaml")
    assert run(["diff", "stuut", new, "--ledger", str(ledger)]) == 0
    out = capsys.readouterr().out
    assert "`status` is no more `undelivered`" in out
    assert "1 of 1 recorded answer showed it" in out
    assert run(["diff", "stuut", new, "--fail-for", "provider"]) == 1
    assert run(["diff", new, "stuut"]) == 1
    assert run(["diff", "stuut", new, "--format", "json"]) == 0
    assert run(["diff", "stuut", str(tmp_path / "none.yaml")]) == 2


def test_two_providers_are_no_versions_of_one_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "stuut", "bland"]) == 2
    assert "they share no operation" in capsys.readouterr().err
