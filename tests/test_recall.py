"""What only a whole history tells is shown with the exchange that ends it, found again in the recording."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from smscontract import recall
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Finding, FindingGroup, Level
from smscontract.judge import Judge
from smscontract.recall import Recall
from smscontract.recordings.jsonl import dumps, header
from smscontract.validate import Request, validate
from tests.core import BLAND, made, shipped

READING: dict[str, Any] = {"operation": None, "side": None, "status": None, "format": None, "mappings": ()}


def recorded(path: Path, exchanges: list[Exchange]) -> Path:
    path.write_bytes(header("tests") + b"".join(dumps(one) for one in exchanges))
    return path


def finding(file: Path | str, line: int | None = None, entry: int | None = None) -> Finding:
    origin = Origin(kind=OriginKind.FILE, file=str(file), line=line, entry=entry)
    return Finding(clause="a.b", level=Level.MUST, says="", message="", pointer="", part="", expected="", got="", origin=origin)


def test_a_finding_on_a_history_has_its_exchange(tmp_path: Path) -> None:
    # The same conversation although a new one was wanted.
    some = [made(BLAND, step=step, sent={"new_conversation": True}) for step in range(3)]
    file = recorded(tmp_path / "some.jsonl", some)
    report = validate(Request(paths=[str(file)]), Judge(shipped()), now=time.time())
    (one,) = [group for group in report.findings if group.clause == f"{BLAND}/rule/new-is-new"]
    assert isinstance(one, FindingGroup)
    assert one.asked.startswith("POST ")
    assert '"conversation_id": ' in one.answered


@pytest.mark.parametrize("line", [2, 3, 40, 401])
def test_any_line_is_found_in_a_recording_of_many_pieces(tmp_path: Path, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_PIECE", 1000)
    file = recorded(tmp_path / "many.jsonl", [made(BLAND, step=step) for step in range(400)])
    found = Recall(READING)(finding(file, line))
    assert found is not None
    assert found.origin.line == line
    assert found.request == made(BLAND, step=line - 2).request


def test_an_entry_of_a_whole_file_is_found() -> None:
    file = Path(__file__).parent / "recordings" / "data" / "bland-documented.har"
    found = Recall(READING)(finding(file, entry=0))
    assert found is not None
    assert found.origin.entry == 0


def test_what_is_gone_too_large_or_another_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = recorded(tmp_path / "one.jsonl", [made(BLAND)])
    assert Recall(READING)(finding(file, 2)) is not None
    assert Recall(READING)(finding(file, 7)) is None
    assert Recall(READING)(finding(tmp_path / "gone.jsonl", 2)) is None
    assert Recall(READING)(finding("-", 2)) is None
    monkeypatch.setattr(recall, "LARGEST", 10)
    assert Recall(READING)(finding(file, 2)) is None
