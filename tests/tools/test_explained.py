"""The files of reasons are read strictly, name only what there is, and are compared both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.data import shipped_contracts
from tests.tools import explained

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted((HERE / "prism").glob("*.txt")), ids=lambda path: path.stem)
def test_a_mock_can_break_only_clauses_that_there_are(path: Path) -> None:
    expected = explained.read(path)
    assert {*expected.always, *expected.sometimes} <= set(load_catalogue(()).clauses)
    assert expected.always


def test_what_the_page_leaves_open_is_open_in_the_contract() -> None:
    contract = shipped_contracts()["bland"].read_text(encoding="utf-8")
    reasons = [why for why in explained.read(HERE / "st_run" / "bland.txt").always.values() if "the page does not say" in why]
    assert len(reasons) == 11
    assert [why for why in reasons if f"\n    {why.rpartition(' ')[2]}: {{says:" not in contract] == []


def test_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("# words\n\nalways  a b  a good reason\nsometimes    c  another reason\n", encoding="utf-8")
    expected = explained.read(path)
    assert (expected.always, expected.sometimes) == ({"a b": "a good reason"}, {"c": "another reason"})
    assert expected.wrong(["a b", "a b"]) == []
    assert expected.wrong(["a b", "c"]) == []
    assert expected.wrong(["c", "d"]) == ["x.txt does not explain d", "x.txt expects a b, which was not found"]


@pytest.mark.parametrize(
    "line", ["a  because of this", "always a  because of this", "always  a", "always  a  because", "never  a  because of this"]
)
def test_a_line_without_a_reason_is_none(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"x\.txt:1: neither"):
        explained.read(path)


def test_nothing_is_explained_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("always  a  because of this\nsometimes  a  because of that\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="twice"):
        explained.read(path)
