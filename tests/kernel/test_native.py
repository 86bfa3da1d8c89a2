"""What is compiled says what Python says, and where it could not be compiled nothing is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smscontract import __version__, native
from smscontract.cli import cli
from smscontract.kernel import leaves
from smscontract.kernel.leaves import Memo, unescaped
from smscontract.kernel.matchers import DOUBTS, Unsure
from smscontract.kernel.programs import elements
from smscontract.kernel.swift import swift
from smscontract.packed import Packed
from smscontract.rfc3339 import timestamp
from tests.conftest import IN_CI

_USUAL = [*leaves._USUAL]
_PATTERNS = [
    leaves._DATE_TIME,
    leaves._WORD,
    leaves._TEXTS[1],
    leaves._TEXTS[2],
    leaves._VISIBLE[1],
    leaves._VISIBLE[2],
    leaves._INTEGERS,
    *leaves._FRACTIONS.values(),
    r"(?>\+[1-9][0-9]{1,14}+)",
    r"(?>(?>ab|a)[c-e]?+|[^a\x7f]++)",
]


@pytest.fixture(scope="module", autouse=True)
def scan() -> Any:
    """The compiled module."""
    module = native.load("scan")
    if module is None and IN_CI:
        pytest.fail("nothing was compiled, and in CI it has to be")
    if module is None:
        pytest.skip("nothing is compiled: is there a compiler of C? Then `pip install -e .` again")
    return module


def _template(scan: Any, pieces: list[tuple[str, bool]], groups: int, **more: Any) -> Any:
    given = {"told": (), "escaped": (), "memos": (), "times": (None, None), "keeps": None} | more
    return scan.Template(elements(pieces), groups, **given, timestamp=timestamp, unescaped=unescaped)


def _pack() -> Any:
    return native.load("scan").Pack()


def _rows(pack: Any) -> list[tuple[Any, ...]]:
    return [*Packed(*pack.take())]


def _letters(pattern: str) -> st.SearchStrategy[str]:
    """Texts that the pattern takes, and such that differ in a letter."""
    right = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    other = st.sampled_from('0159azAZ-+:.TZ "\\ux\n\x7f\u00e9\u2028\U0001f600')
    wrong = st.builds(
        lambda text, at, one: text[: at % (len(text) + 1)] + one + text[at % (len(text) + 1) + 1 :],
        right,
        st.integers(0, 99),
        other,
    )
    return right | wrong


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_what_it_matches_is_what_python_matches(scan: Any, pattern: str) -> None:
    # Hypothesis knows no possessive patterns; what these take is among what the others take.
    plain = re.sub(r"(?<=[+*?}])\+", "", pattern.replace("(?>", "(?:"))
    plain = re.sub(r"\(\?![^()]*\)", "", plain)
    pieces = [('"', False), (f"({pattern})", True), ('"', False), (f'(?:(null)|"{pattern}")', True)]
    whole = re.compile("".join(piece if is_pattern else re.escape(piece) for piece, is_pattern in pieces))
    template = _template(scan, pieces, 2)
    scanner = scan.Scanner(DOUBTS)
    matched = []

    @given(_letters(plain), _letters(plain).map('"{}"'.format) | st.just("null"))
    def same(one: str, two: str) -> None:
        text = f'"{one}"{two}'
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            return
        found, expected = scanner.groups(template, raw), whole.fullmatch(text)
        matched.append(found is not None)
        assert found == (expected.groups() if expected is not None else None)

    same()
    assert any(matched)


def test_a_group_of_several_pieces(scan: Any) -> None:
    pieces = [("<", False), ("(", True), ("([0-9]++)", True), (",", False), ("([a-z]++)", True), (")", True), ("(x)", True)]
    assert scan.Scanner(DOUBTS).groups(_template(scan, pieces, 4), b"<12,abcx") is None
    assert scan.Scanner(DOUBTS).groups(_template(scan, [*pieces[:4], ("([a-c]++)", True), *pieces[5:]], 4), b"<12,abcx") == (
        "12,abc",
        "12",
        "abc",
        "x",
    )


@pytest.mark.parametrize("pattern", ["a*b", "a?", "(?:a|b){1,2}", r"\d", "[à-ü]", "a$", "(?=a)", "(?!a*+(?:b|bcd)d)", "(?i:a)"])
def test_patterns_that_may_go_back_are_none_of_its(pattern: str) -> None:
    with pytest.raises(Unsure):
        elements([(pattern, True)])


@given(st.lists(st.sampled_from(["a", "ab", "abc", "abd", "b", "xyab", "xy"]), min_size=1, max_size=7, unique=True), st.data())
def test_each_line_is_counted_as_that_of_its_own_pattern(texts: list[str], data: st.DataObject) -> None:
    module = native.load("scan")
    scanner = module.Scanner(DOUBTS)
    known = {text: _pack() for text in texts}
    for text in texts:
        template = _template(module, [(text, False), ("([0-9]++)", True), (text, False)], 1)
        scanner.add(template)
        template.learn(("1",), module.Way(known[text], (0,), (), (), None))
    lines = data.draw(st.lists(st.tuples(st.sampled_from(texts), st.integers(0, 999)), max_size=20))
    block = "".join(f"  {text}{number}{text}\r\n\n" for text, number in lines).encode()
    assert scanner.run(block, 0, 10, 1000) == (len(block), 10 + 2 * len(lines))
    assert scanner.hits == len(lines)
    inf = float("inf")
    for text in texts:
        expected = [(inf, inf, 11 + 2 * at, str(number)) for at, (one, number) in enumerate(lines) if one == text]
        assert _rows(known[text]) == expected


def test_it_stops_before_what_it_cannot_count(scan: Any) -> None:
    scanner, known = scan.Scanner(DOUBTS), _pack()
    template = _template(scan, [("a", False), ("([0-9]++)", True), ("(true|false)", True)], 2, told=(1,))
    scanner.add(template)
    template.learn(("1", "true"), scan.Way(known, (0,), (), (), None))
    block = b"a1true\na2true\na3false\na4true\na5"
    assert scanner.run(block, 0, 0, 1) == (7, 1)
    assert scanner.run(block, 7, 1, 9) == (14, 2)
    assert scanner.missed == 0
    assert scanner.run(block, 22, 3, 9) == (29, 4)  # the last line has no end
    template.learn(("1", "false"), None)
    assert scanner.run(block, 14, 2, 9) == (14, 2)
    assert scanner.missed == -1
    assert scanner.run(b"b\n", 0, 0, 9) == (0, 0)
    assert [row[2:] for row in _rows(known)] == [(1, "1"), (2, "2"), (4, "4")]
    for at in (-1, 99):
        with pytest.raises(ValueError, match="beyond"):
            scanner.run(block, at, 0, 9)


@given(st.binary(max_size=400))
@example(b"a" + b"1" * 70000 + b"true\n")
@example(b"a1\xfftrue\n")
def test_any_bytes_are_lines(raw: bytes) -> None:
    module = native.load("scan")
    scanner = module.Scanner(DOUBTS)
    template = _template(module, [("(" + leaves._TEXTS[2] + ")", True)], 1, escaped=((0, 2),))
    scanner.add(template)
    template.learn(("1",), module.Way(_pack(), (0,), (), (), None))
    at, number = scanner.run(raw, 0, 0, 999)
    assert 0 <= at <= len(raw)
    assert number == raw[:at].count(b"\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"told": (1,)},
        {"told": (-1,)},
        {"escaped": ((5, 1),)},
        {"memos": ((set(), (3,), None, 1, 1),)},
        {"times": ((7, True), None)},
        {"groups": 401},
        {"groups": 2},
        {"groups": 0},
    ],
)
def test_groups_that_are_not_there(scan: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no such group|too long"):
        _template(scan, [("(a)", True)], **{"groups": 1} | wrong)


@pytest.mark.parametrize("way", [((1,), (), None), ((), ((0, 0, 1),), None), ((), (), ([(0, 1)], [], 1.0, True, None, None))])
def test_ways_with_groups_that_are_not_there(scan: Any, way: tuple[Any, Any, Any]) -> None:
    row, relations, times = way
    template = _template(scan, [("(a)", True)], 1)
    with pytest.raises(ValueError, match="no such group"):
        template.learn(("a",), scan.Way(_pack(), row, relations, [None] * len(relations), times))


@given(st.datetimes(), st.sampled_from(["", ".5", ".123", ".1234567", ".123456"]), st.sampled_from(["Z", "+00:00"]))
def test_times_are_those_of_python(moment: Any, fraction: str, offset: str) -> None:
    module = native.load("scan")
    scanner, known = module.Scanner(DOUBTS), _pack()
    text = f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%S}{fraction}{offset}"
    number = f"{moment.microsecond + moment.second * 1000001}.{moment.microsecond:06d}{moment.minute}"
    template = _template(module, [("([^,]++)", True), (",", False), ("(.++)", True)], 2, times=((0, True), (1, False)))
    scanner.add(template)
    template.learn(("", ""), module.Way(known, (), (), (), None))
    block = f"{text},{number}\n".encode()
    assert scanner.run(block, 0, 0, 9) == ((len(block), 1) if timestamp(text) is not None else (0, 0))
    assert [row[:2] for row in _rows(known)] == [(timestamp(text), float(number))] * (timestamp(text) is not None)


@given(st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,10})?", fullmatch=True))
@settings(max_examples=300)
@example("0.000000001")
@example("9007199254740993")
@example("9007199254740993.000000001")
@example("18446744073709551615")
@example("4503599627370497.5")
@example("1790000000.123456789")
def test_numbers_are_those_of_python(text: str) -> None:
    module = native.load("scan")
    scanner, known = module.Scanner(DOUBTS), _pack()
    template = _template(module, [("(.++)", True)], 1, times=((0, False), None))
    scanner.add(template)
    template.learn(("",), module.Way(known, (), (), (), None))
    assert scanner.run(f"{text}\n".encode(), 0, 0, 9)[1] == 1
    assert [row[0] for row in _rows(known)] == [float(text)]


_ALMOST = st.text(st.sampled_from("*xX aenr[]\u00fc{($_1Z"), max_size=14)
_STARTS = [
    "",
    "redacted",
    "Redact",
    "FILTERED",
    "MASKED",
    "SCRUBBED",
    "SANITIZED",
    "null",
    "undefined",
    "RED",
    "x",
    "9",
    "A",
    "+1555",
]


@given(st.sampled_from(_STARTS), _ALMOST, _ALMOST, st.booleans(), st.integers(0, 3))
@example("A", " ", "b" * 401, False, 3)
@example("smscontract-probe", "", "", False, 1)
@example("12345678901", "", "", False, 2)
def test_what_is_sure_of_a_text_holds(start: str, one: str, two: str, escape: bool, kind: int) -> None:
    module = native.load("scan")
    parts: list[Any] = [
        {},
        {"not": {"enum": ["smscontract-probe"]}},
        {"not": {"pattern": "^[0-9]{7,15}$", "type": "string"}},
        {"not": {"not": {"maxLength": 400, "pattern": "\\S"}}},
    ]
    value = start + one + two
    for depth in (1, 2):
        memo = Memo([*([parts[kind]] if kind else []), *_USUAL], depth)
        assert memo.sure == (2 if kind else 1)
        raw = value.replace("\u00fc", "\\" * depth + "u00fc") if escape else value
        scanner, known = module.Scanner(DOUBTS), _pack()
        memos: Any = ((set(), (0,), lambda _: False, memo.sure, depth),)
        template = _template(module, [("((?:[^\\n])*+)", True)], 1, memos=memos, escaped=((0, depth),))
        scanner.add(template)
        template.learn(("",), module.Way(known, (0,), (), (), None))
        scanner.run(f"{raw}\n".encode(), 0, 0, 1)
        for row in _rows(known):  # it was sure
            assert row[3] == value.strip(" ")
            assert memo.holds((raw.strip(" "),))


def test_texts_that_are_not_sure_are_asked_about(scan: Any) -> None:
    assert Memo([{"not": {"enum": ["Thank you"]}}, *_USUAL], 1).sure == 0
    assert Memo([{"maxLength": 100}, *_USUAL], 1).sure == 0
    assert Memo([{"pattern": "^[A-Z]"}, *_USUAL], 1).sure == 0
    assert Memo([{"not": {"pattern": "^[0-9]*|[A-Z]"}}, *_USUAL], 1).sure == 0
    assert Memo([{"maxLength": 1600}], 1).sure == 0
    asked: list[str] = []

    def ask(some: tuple[str, ...]) -> bool:
        asked.extend(some)
        return True

    memos: Any = ((set(), (0,), ask, 1, 1),)
    scanner, known = scan.Scanner(DOUBTS), _pack()
    template = _template(scan, [("([^\\n]++)", True)], 1, memos=memos)
    scanner.add(template)
    template.learn(("",), scan.Way(known, (), (), (), None))
    block = b"short\nshort\nlong enough, no more\nshort\n"
    assert scanner.run(block, 0, 0, 9) == (len(block), 4)
    assert asked == ["short"]


def test_where_python_tells_nothing_of_its_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert swift() is not None
    monkeypatch.setitem(sys.modules, "smscontract.kernel.programs", None)
    assert swift() is None


def test_without_what_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMSCONTRACT_NATIVE", "0")
    assert native.load("scan") is None
    assert CliRunner().invoke(cli, ["--version"]).output == f"smscontract {__version__} (nothing compiled)\n"
    monkeypatch.delenv("SMSCONTRACT_NATIVE")
    assert CliRunner().invoke(cli, ["--version"]).output == f"smscontract {__version__} (compiled: lines, rows, scan)\n"
    assert native.load("nothing") is None
    source = (native._HERE / "scan.pyx").read_bytes()
    (tmp_path / "built.json").write_bytes((native._HERE / "built.json").read_bytes())
    (tmp_path / "scan.pyx").write_bytes(source)
    monkeypatch.setattr(native, "_HERE", tmp_path)
    assert native.load("scan") is not None
    (tmp_path / "scan.pyx").write_bytes(source + b"\n")
    assert native.load("scan") is None
    (tmp_path / "built.json").write_bytes(b"{")
    assert native.load("scan") is None
