"""What only a whole history tells is shown with the exchange that ends it, found again in the recording."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import recall, recordings
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Finding, FindingGroup, Level, Problem
from smscontract.judge import Judge
from smscontract.recall import Recall
from smscontract.recordings import Piece
from smscontract.recordings.jsonl import dumps, header
from smscontract.validate import Request, validate
from tests.core import BLAND, made, shipped

READING: dict[str, Any] = {"operation": None, "side": None, "status": None, "format": None, "mappings": ()}

MANY = [made(BLAND, step=step) for step in range(400)]


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
    (found,) = Recall(READING)([finding(file, line)])
    assert found is not None
    assert found.origin.line == line
    assert found.request == made(BLAND, step=line - 2).request


def test_an_entry_of_a_whole_file_is_found() -> None:
    file = Path(__file__).parent / "recordings" / "data" / "bland-documented.har"
    (found,) = Recall(READING)([finding(file, entry=0)])
    assert found is not None
    assert found.origin.entry == 0


def test_what_is_gone_too_large_or_another_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = recorded(tmp_path / "one.jsonl", [made(BLAND)])
    assert Recall(READING)([finding(file, 2)])[0] is not None
    assert Recall(READING)([finding(file, 7)])[0] is None
    assert Recall(READING)([finding(tmp_path / "gone.jsonl", 2)])[0] is None
    assert Recall(READING)([finding("-", 2)])[0] is None
    monkeypatch.setattr(recall, "LARGEST", 10)
    assert Recall(READING)([finding(file, 2)])[0] is None


@given(lines=st.lists(st.integers(-1, 430), max_size=12), size=st.sampled_from([300, 5000, 10**6]))
def test_many_places_are_found_in_one_pass(tmp_path_factory: pytest.TempPathFactory, lines: list[int], size: int) -> None:
    file = recorded(tmp_path_factory.getbasetemp() / "pass.jsonl", MANY)
    opened: list[str] = []

    def counted(piece: Piece, **said: Any) -> Iterator[Exchange | Problem]:
        opened.append(repr(piece))
        return recordings.read_piece(piece, **said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recall, "_PIECE", size)
        patch.setattr(recall, "read_piece", counted)
        found = Recall(READING)([finding(file, one) for one in lines])
    assert [one and one.request for one in found] == [
        MANY[one - 2].request if 2 <= one <= len(MANY) + 1 else None for one in lines
    ]
    assert len(opened) == len(set(opened)) <= len(set(lines))


def test_rows_of_parquet_are_found_by_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    rows = [
        {"request": {"method": "GET", "url": f"/{row}"}, "response": {"status": 200, "body": "x" * 99}} for row in range(90)
    ]
    file = tmp_path / "x.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), file, row_group_size=9, compression="none", use_dictionary=False)
    monkeypatch.setattr(recall, "_PIECE", 900)
    found = Recall(READING)([finding(file, entry=row) for row in (0, 8, 9, 44, 89, 90)])
    assert [one and one.request.url for one in found] == ["/0", "/8", "/9", "/44", "/89", None]
