from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.plain import count_of, printable, utc


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Grüße 😀", "Grüße 😀"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202e\u200b", r"\u202e\u200b"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_would_act_is_seen(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_every_character_can_be_seen_and_once_is_enough(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(one)[0] for one in shown} & {"C"}
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown
    shown.encode("utf-8")


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("x" * 11, 10) == "x" * 10 + "... (11 characters)"


def test_counts() -> None:
    assert [count_of(number, "clause") for number in (0, 1, 2)] == ["0 clauses", "1 clause", "2 clauses"]
    assert count_of(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_777_809_600.999, "2026-05-03T12:00:00Z"),
        (-60_000_000_000.0, "0068-09-03T13:20:00Z"),
        (None, None),
        (float("inf"), None),
        (float("nan"), None),
        (1e18, None),
    ],
)
def test_times(seconds: float | None, text: str | None) -> None:
    assert utc(seconds) == text
