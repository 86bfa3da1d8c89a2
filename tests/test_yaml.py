"""What the YAML loader reads, which line it names, and what it refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from smscontract import yaml
from smscontract.errors import UnusableInput
from smscontract.yaml import load, loads


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test of this file holds with libyaml's parser and with the one in Python."""
    if request.param == "python":
        monkeypatch.delattr(pyyaml, "CSafeLoader", raising=False)
    elif not pyyaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")


def refused(text: str, file: str = "x.yaml") -> UnusableInput:
    with pytest.raises(UnusableInput) as caught:
        loads(text, file)
    assert caught.value.file == file
    assert caught.value.line is not None
    assert caught.value.hint
    assert "Error" not in caught.value.message
    return caught.value


# --- what a plain scalar is ------------------------------------------------------------------------------------------

TEXTS = """
    +14155550100 NO no yes on off y n 0123 -012 +1 007 0x1F 0o17 0b1 1_000 1,000 2026-05-13 2026-05-13T20:50:59Z 12:30:45
    +1.5 +.inf 01.5 1e 1e+ .e1 . nan inf NaN Infinity tRUE nULL None <= == string<date-time> draft-unicode 2XX a:b \u0663 \uff13
"""


@pytest.mark.parametrize("text", TEXTS.split())
def test_what_is_no_number_of_the_narrow_form_stays_the_text_it_is(text: str) -> None:
    assert loads(f"a: {text}", "x.yaml").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("0", 0),
        ("-0", 0),
        ("200", 200),
        ("-17", -17),
        ("14155550100", 14155550100),
        ("1.0", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("-1.5e3", -1500.0),
        ("1e5", 100000.0),
        ("1E-2", 0.01),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("'200'", "200"),
        ('"true"', "true"),
        ("''", ""),
    ],
)
def test_what_the_core_schema_resolves(text: str, value: Any) -> None:
    read = loads(f"a: {text}", "x.yaml").data["a"]
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_one() -> None:
    assert all(math.isnan(item) for item in loads("[.nan, .NaN, .NAN]", "x.yaml").data)


def test_a_block_is_a_text_even_if_it_looks_like_a_number() -> None:
    assert loads("a: |-\n  200\nb: >-\n  null\n", "x.yaml").data == {"a": "200", "b": "null"}


def test_keys_are_text() -> None:
    text = "200: a\ntrue: b\n~: c\n1.50: d\n2026-01-01: e\n'': f\n"
    assert list(loads(text, "x.yaml").data) == ["200", "true", "~", "1.50", "2026-01-01", ""]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_null(text: str) -> None:
    assert loads(text, "x.yaml").data is None
    assert loads(text, "x.yaml").line(("a",)) == max(1, text.count("---") * 2)


# --- lines -----------------------------------------------------------------------------------------------------------

MARKED = """\
# a comment
openapi: 3.1.0
paths:
  /a/{id}:
    get: {responses: {200: ok,
      404: &lost
        {text: no}}}
list:
  - one
  -
    two: 2
  - [x,
     y]
again: *lost
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("openapi",), 2),
        (("paths", "/a/{id}"), 4),
        (("paths", "/a/{id}", "get", "responses", "200"), 5),
        (("paths", "/a/{id}", "get", "responses", "404"), 6),
        (("paths", "/a/{id}", "get", "responses", "404", "text"), 7),
        (("list", 0), 9),
        (("list", 1, "two"), 11),
        (("list", 2), 12),
        (("list", 2, 1), 13),
        (("again",), 14),
        (("again", "text"), 7),
        (("list", 9), 8),
        (("paths", "/b", "get"), 3),
        (("openapi", "deeper", 0), 2),
        (("nothing",), 2),
    ],
)
def test_a_path_has_the_line_of_its_key_or_of_its_nearest_ancestor(path: tuple[str | int, ...], line: int) -> None:
    assert loads(MARKED, "x.yaml").line(path) == line


def test_json_has_lines_too() -> None:
    text = '{\n\t"a\\u0041": [1,\n  {"b":\n 2}],\n"c": {"d": null, "a": "[{\\"\\n,"}\n}'
    marked = loads(text, "x.json")
    assert marked.data == {"aA": [1, {"b": 2}], "c": {"d": None, "a": '[{"\n,'}}
    paths: list[tuple[str | int, ...]] = [(), ("aA",), ("aA", 0), ("aA", 1), ("aA", 1, "b"), ("c", "a"), ("z",)]
    assert [marked.line(path) for path in paths] == [1, 2, 2, 3, 3, 5, 1]


def test_who_changes_an_aliased_value_changes_one_place() -> None:
    data = loads("a: &x {list: [1]}\nb: *x\n", "x.yaml").data
    data["a"]["list"].append(2)
    assert data == {"a": {"list": [1, 2]}, "b": {"list": [1]}}


# --- refusals --------------------------------------------------------------------------------------------------------


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(lines)


def tower(levels: int) -> str:
    """Every line is shallow, but its alias brings the line before it: 2 levels more each."""
    lines = ["a0: &a0 [[x]]"] + [f"a{i}: &a{i} [[*a{i - 1}]]" for i in range(1, levels // 2)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is there twice, first in line 1"),
        ("200: x\n'200': y\n", 2, "`200` is there twice, first in line 1"),
        ("- {a: 1,\n   a: 2}\n", 2, "`a` is there twice, first in line 1"),
        ("a: 1\nb: !!str 2\n", 2, "tag"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "tag"),
        ("!a {b: 1}", 1, "tag"),
        ("a: ! b", 1, "tag"),
        ("a: &x [*x]", 1, "inside its own anchor"),
        ("a: *x", 1, "no anchor"),
        (bomb(), 6, "aliases add more than 1000000"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("---\n---\n", 2, "second document"),
        ("%YAML 1.1\n---\na: NO\n", 1, "YAML 1.1"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merge key"),
        ("[a]: b", 1, "key that is no text"),
        ("? {a: b}\n: c", 1, "key that is no text"),
        ("a: &x b\n*x : c", 2, "key that is no text"),
        ("&x a: b", 1, "anchor"),
        ("a: x\nb: \x07", 2, "U+0007"),
        ("a: \x00", 1, "U+0000"),
        ("a: \u2028", 1, "U+2028"),
        ("a: \x85", 1, "U+0085"),
        ("a: \ud83d", 1, "U+D83D"),
        ('a: b\nc: "never closed\nd: e\n', 2, "quoted scalar"),
        ("a: b\nc: 'never closed\nd: e\n", 2, "quoted scalar"),
        ("a: b\nc: [1, 2\nd: 3\n", 2, "flow"),
        ("a:\n\tb: 1\n", 2, "cannot start any token"),
        ("a: @b", 1, "cannot start any token"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: 1\n  b: 2\n", 2, "mapping values are not allowed"),
        ("a: '\\d' x", 1, ""),
        ('a: "\\d"', 1, "escape"),
        ("- a\nb: c\n", 2, ""),
        (": x", 1, ""),
        ("[" * 201 + "]" * 201, 1, "nested deeper than 200"),
        ("[" * 100_000, 1, "nested deeper than 200"),
        ("a: 1\nb: " + "[" * 100_000, 2, "nested deeper than 200"),
        ("{a: " * 201 + "1" + "}" * 201, 1, "nested deeper than 200"),
        ("- " * 201 + "1", 1, "nested deeper than 200"),
        (tower(202), 100, "nested deeper than 200"),
        ("a: " + "1" * 5000, 1, "too many digits"),
    ],
)
def test_what_is_refused_names_its_line(text: str, line: int, words: str) -> None:
    error = refused(text)
    assert words in error.message
    assert error.line == line


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1,\n"b": {"a": 1},\n"\\u0061": 2}', 3, "`a` is there twice, first in line 1"),
        ('{"a": \nNaN}', 2, "`NaN` is no JSON"),
        ("[-Infinity]", 1, "`-Infinity` is no JSON"),
        ('["a",\n"\\ud83d"]', 2, "surrogate"),
        ('{"\ud83d": 1}', 1, "surrogate"),
        ("[1,\n]", 2, "not valid JSON"),
        ("", 1, "not valid JSON"),
        ('["a\n"]', 1, "not valid JSON"),
        ("a: b", 1, "not valid JSON"),
        ("[1]\n[2]", 2, "not valid JSON"),
        ("[" * 201 + "]" * 201, 1, "nested deeper than 200"),
        ("[" * 100_000 + "]" * 100_000, 1, "nested deeper than 200"),
        ("[" + "1" * 5000 + "]", 1, "too many digits"),
    ],
)
def test_what_is_refused_in_json_names_its_line(text: str, line: int, words: str) -> None:
    error = refused(text, "x.json")
    assert words in error.message
    assert error.line == line


def test_200_levels_are_read() -> None:
    flow = "[" * 200 + "]" * 200
    assert loads(flow, "x.yaml").data == loads(flow, "x.json").data
    assert loads(tower(198), "x.yaml").line(("a98",)) == 99


def test_the_hint_for_a_tab_is_about_the_tab() -> None:
    assert "spaces" in str(refused("a:\n\tb: 1\n").hint)


def test_quoting_is_the_way_out() -> None:
    text = "'<<': 1\n\"a\": '!!str'\n'b': '*x'\n"
    assert loads(text, "x.yaml").data == {"<<": 1, "a": "!!str", "b": "*x"}


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: né\r\nb: 2\r\n".encode())
    marked = load(path)
    assert marked.data == {"a": "né", "b": 2}
    assert marked.file == str(path)
    assert marked.line(("b",)) == 2


def test_a_json_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.JSON"
    path.write_bytes('\ufeff{"a": "\\ud83d\\ude00\\/"}'.encode())
    assert load(str(path)).data == {"a": "\U0001f600/"}


def unusable_files(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "nothing.yaml", "no such file"
    yield folder, "directory"
    yield folder / "a\0b", "cannot be read"
    (folder / "latin.yaml").write_bytes(b"a: 1\nb: n\xe9\n")
    yield folder / "latin.yaml", "not UTF-8 at byte 9 (0xe9)"
    (folder / "wide.yaml").write_bytes("a: 1".encode("utf-16"))
    yield folder / "wide.yaml", "not UTF-8 at byte 0"
    with (folder / "huge.yaml").open("wb") as huge:
        huge.truncate(yaml.MAX_BYTES + 1)
    yield folder / "huge.yaml", "larger than 64 MiB"


def test_a_file_that_cannot_be_read_is_said_with_a_way_out(tmp_path: Path) -> None:
    for path, words in unusable_files(tmp_path):
        with pytest.raises(UnusableInput) as caught:
            load(path)
        assert words in caught.value.message
        assert caught.value.file == str(path)
        assert caught.value.hint
    assert caught.value.exit_code == 2


# --- laws ------------------------------------------------------------------------------------------------------------


def json_values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=20,
    )


JSON_VALUES = json_values(st.text())
PRINTABLE = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))


@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_what_json_writes_is_read_back(value: Any, indent: int | None) -> None:
    for ascii_only in (True, False):
        marked = loads(json.dumps(value, indent=indent, ensure_ascii=ascii_only), "x.json")
        assert marked.data == value
        assert marked.line() == 1


@given(json_values(st.text(PRINTABLE)))
def test_json_of_printable_text_is_yaml(value: Any) -> None:
    assert loads(json.dumps(value, ensure_ascii=False), "x.yaml").data == value


@given(
    st.text("ab01 \n\t-:{}[]&*!|>%@'\"\\#,?~<.\r\ufeff\ue000\u00e9", max_size=40) | st.text(max_size=20),
    st.sampled_from(["x.yaml", "x.json"]),
)
def test_whatever_is_read_the_only_error_is_a_refusal(text: str, file: str) -> None:
    line = 1
    try:
        line = loads(text, file).line(("a", 0))
    except UnusableInput as error:
        line = error.line or 0
    assert 1 <= line <= len(text) + 2
