"""What is counted unread is what the judge says of it, however near to something else it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.kernel import Kernel
from smscontract.kernel.folded import folded, is_never
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.scan import Leaf, escaped, scan
from tests.bench.corpus import corpus
from tests.kernel.borders import altered
from tests.kernel.lines import told

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=12, deadline=None)
def test_of_lines_that_are_almost_like_others(seed: int) -> None:
    lines = altered(seed, 80)
    expected = told(lines, short=False)
    assert told(lines, short=True) == expected
    assert told(lines, short=True, native=False) == expected


@pytest.mark.parametrize("seed", [5435])
def test_lines_that_were_once_told_otherwise(seed: int) -> None:
    lines = altered(seed, 80)
    assert told(lines, short=True) == told(lines, short=False)


@pytest.mark.campaign
@given(SEEDS)
@settings(max_examples=400, deadline=None)
def test_of_many_such_lines(seed: int) -> None:
    lines = altered(seed, 80)
    expected = told(lines, short=False)
    assert told(lines, short=True) == expected
    assert told(lines, short=True, native=False) == expected


@pytest.mark.parametrize("native", [True, False])
def test_most_exchanges_are_not_read(monkeypatch: pytest.MonkeyPatch, native: bool) -> None:
    read = []
    take = Kernel.take

    def counted(self: Kernel, record: Any, line: bytes, file: str, number: int) -> bool:
        read.append(number)
        return take(self, record, line, file, number)

    monkeypatch.setattr(Kernel, "take", counted)
    told([line for line, _ in corpus(4000, bad=0)], short=True, native=native)
    assert len(read) < 1500


@pytest.mark.parametrize(
    ("pattern", "kept", "others"),
    [
        ("^(SM|MM)[0-9a-f]{4}$", ["SM12ab", "MM0000"], ["SM12a", "SM12abc", "sM12ab", "SM12a\u0663", "SM12ab\n"]),
        (r"^(\+[1-9][0-9]{1,3}|tel:.*)$", ["+12", "+1234"], ["tel:1", "+12345", "+02"]),
        (r"^[a-f]+(-[0-9]{2}){2}\.?$", ["ab-12-34", "a-12-34."], ["ab-12", "-12-34", "ab-12-34.."]),
        ("^(a+)+$", ["aaaa"], ["aab"]),
    ],
)
def test_patterns_that_never_try_again(pattern: str, kept: list[str], others: list[str]) -> None:
    found = folded(pattern)
    assert found is not None
    assert all(re.fullmatch(found.source, one) for one in kept)
    assert not any(re.fullmatch(found.source, one) for one in others)
    assert all(set(one) <= found.letters for one in kept)
    assert not re.search(r"(?<![\\+?*}])[+*?}](?![+?])|[*?}]$", re.sub(r"\[[^]]*\]|\(\?>|\\.", "a", found.source))


@pytest.mark.parametrize(
    "pattern", ["a", "^a", "^a|b$", r"^\w$", "^[^a]$", "^.$", "^(?:a)$", "^a++$", "^(a$", "^a{1,2}{3}$", r"^a\$"]
)
def test_patterns_that_are_none(pattern: str) -> None:
    assert folded(pattern) is None


def test_no_pattern_of_texts_takes_long() -> None:
    # Linear, or this would not end.
    found = folded("^((a+)+b?)+$")
    assert found is not None
    assert not re.fullmatch(found.source, "a" * 100_000 + "!")


def test_letters_that_are_nowhere() -> None:
    assert is_never(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]")
    assert not any(map(is_never, ["[a]", "[^a]", r"[\u00e9]", r"[\n]", "a", r"[\u0000]+", r"[\s]"]))


def test_the_pieces_of_a_text() -> None:
    text = ' { "a" : [1.50,null] ,"b":{"c\\n":"d\\"e"}, "f":[],"g":{} } '
    pieces = scan(text)
    leaves = [piece for piece in pieces if isinstance(piece, Leaf)]
    assert [(leaf.steps, leaf.value, leaf.raw) for leaf in leaves] == [
        (("a", 0), 1.5, "1.50"),
        (("a", 1), None, "null"),
        (("b", "c\n"), 'd"e', 'd\\"e'),
    ]
    assert "".join(piece if isinstance(piece, str) else f'"{piece.raw}"' * (piece.raw != "null") for piece in pieces)
    with pytest.raises(Unsure):
        scan('{"a":1,"\\u0061":2}')
    assert escaped('{"a\n":"\u00e9"}', "\\u00e9") == '{\\"a\\n\\":\\"\\u00e9\\"}'
