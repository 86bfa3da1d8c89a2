"""Rows are counted as their facts are judged one by one: in C and in Python, with hashes that tell little, beyond memory, and
on the way between processes."""

from __future__ import annotations

import random
import struct
from array import array
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smscontract import spans, spill
from smscontract.catalogue import load_catalogue
from smscontract.clauses.outcomes import Fact
from smscontract.clauses.values import comparable, phone_number
from smscontract.exchange import Exchange
from smscontract.facts import FactStore
from smscontract.judge import Judge
from smscontract.kernel import Kernel, records, rows, scopes, templates, touched
from smscontract.kernel.carry import Carrier, taken
from smscontract.kernel.recipes import Item
from smscontract.mask import Masker
from smscontract.native import load
from smscontract.packed import Packed
from smscontract.recordings import jsonl
from smscontract.recordings._parts import Options
from smscontract.summary import Summary
from tests.kernel.lines import PARCELS, changed, parcels, written
from tests.kernel.test_same import SEEDS

_NEVER = float("inf")
_MODULES = (spans, scopes)

native = pytest.mark.skipif(load("rows") is None, reason="nothing is compiled here")


@pytest.fixture(params=[pytest.param(True, marks=native), False], ids=["native", "python"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With what is compiled, and without."""
    if not request.param:
        for module in _MODULES:
            monkeypatch.setattr(module, "_native", None)
    return bool(request.param)


_TIMES = st.one_of(st.floats(-1e11, 1e11), st.integers(-3, 3).map(lambda day: day * 86400.0), st.just(_NEVER))
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(["+14155550100", "tel:+1-415-555-0100", "+1415555010\u0660", "+", "\udc80", "\x00", "1"]),
    st.sampled_from(["2026-09-21T14:13:20Z", "2026-09-21T16:13:20+02:00", "2026-09-21T14:13:20", 1, 1.0, True, "true", "[1]"]),
    st.lists(st.integers(0, 1), max_size=2),
)
_ROWS = st.lists(st.tuples(_TIMES, _TIMES, st.integers(1, 2**40), _VALUES, _VALUES), min_size=1, max_size=30)


@native
@given(_ROWS, st.lists(st.floats(0, 1e6), max_size=12).map(sorted))
@settings(max_examples=150, deadline=None)
def test_times_in_c_are_those_in_python(some: list[Any], edges: list[float]) -> None:
    here = load("rows").times(some, len(some), edges)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "_native", None)
        told = spans.spans_of(some, edges)
    if here is None:
        assert any(row[0] == row[1] == _NEVER for row in some)
        return
    found = spans.Spans(*here)
    assert found[:3] == told[:3]
    assert [some[number][:3] for number in found[3:]] == [some[number][:3] for number in told[3:]]


@native
def test_times_that_are_not_as_expected() -> None:
    times = load("rows").times
    good = (1.0, 2.0, 3)
    far = [(float("nan"), 2.0, 3), (1.0, 1e15, 3), (1.0, 2.0, 2**70)]
    for bad in [(1, 2.0, 3), (1.0, None, 3), (1.0, 2.0), [1.0, 2.0, 3], *far]:
        assert times([good, bad], 2, ()) is None
    assert times([], 0, ()) is None
    assert times([good], 1, [1.0] * 65) is None
    assert times([good], 2, ()) is None
    assert times((good,), 1, ()) is None


_KINDS = st.sampled_from([frozenset(), frozenset({"phone"}), frozenset({"time"}), frozenset({"phone", "time"})])


@given(_ROWS, _KINDS, _KINDS, st.integers(1, 2), st.booleans())
@settings(max_examples=150, deadline=None)
def test_equal_scopes_have_equal_hashes(some: list[Any], one: Any, two: Any, many: int, compiled: bool) -> None:
    items = [Item(3, one), Item(4, two)][:many]
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(scopes, "_native", None)
        keys = scopes.keys_of(items, some)
        raw = scopes.records(items, some, b"k" * 16, 7)
        assert len(raw) == 16 * len(some)
        assert array("Q", raw)[1::2].tolist() == list(range(7, 7 + len(some)))
        found = [raw[at : at + 8] for at in range(0, len(raw), 16)]
        # As one scope after the other is looked at, and as the judge makes it of an exchange.
        assert b"".join(found) == scopes.hashes(keys, b"k" * 16)
        values = [[comparable(row[item.slot], item.kinds) for item in items] for row in some]
        assert keys == [scopes.key_of(mine) for mine in values]
        for index, key in enumerate(keys):
            for other, that in enumerate(keys):
                assert (key == that) == (found[index] == found[other])
        size = 7 + len(some)
        for known in ([], keys[:1]):
            bits = bytearray(size // 8 + 1)
            old = scopes.hashes(known, b"k" * 16)
            for part in [*scopes.parted(raw), b""]:
                scopes.again(part, old, bits)
            marked = {number for number in range(size) if bits[number >> 3] >> (number & 7) & 1}
            assert marked == {7 + at for at, key in enumerate(keys) if keys.count(key) > 1 or key in known}
        assert scopes.moved(raw, 5) == scopes.records(items, some, b"k" * 16, 12)


def test_a_number_written_as_most_are_is_itself() -> None:
    for text in ("+14155550100", "+1", "+", "", "+1415555010\u0660", "+1 415", "1415", "tel:+1", "\udc80"):
        item = Item(3, frozenset({"phone"}))
        assert scopes.keys_of([item], [(0.0, 0.0, 1, text)]) == [phone_number(text)]


@native
def test_what_is_no_row_is_told() -> None:
    compiled = load("rows")
    key, plain = b"k" * 16, [(3, 0, str)]
    wrong_ones: list[tuple[list[Any], list[Any], type[Exception]]] = [
        ([(1.0, 2.0, 3)], plain, ValueError),
        ([[1.0, 2.0, 3, "a"]], plain, TypeError),
        ([(1.0, 2.0, 3, "a")], [(-1, 0, str)], ValueError),
        ([(1.0, 2.0, 3, "a")], plain * 17, ValueError),
        ([(1.0, 2.0, 3, 4)], [(3, 0, lambda value: value)], TypeError),
    ]
    for some, items, wrong in wrong_ones:
        with pytest.raises(wrong):
            compiled.records(some, len(some), items, key, 0, 1)
    with pytest.raises(ValueError, match="16 bytes"):
        compiled.hashed(["a"], b"short")
    shrinking: list[Any] = [(1.0, 2.0, 3, 4)] * 3

    def shrink(_: Any) -> str:
        shrinking.clear()
        return "a"

    with pytest.raises(ValueError, match="changed"):
        compiled.records(shrinking, len(shrinking), [(3, 2, shrink)], key, 0, 1)
    bits = bytearray(1)
    compiled.again(compiled.moved(compiled.records([(0.0, 0.0, 1, "a")] * 2, 2, plain, key, 0, 1), 2**63), b"", bits)
    assert bits == bytearray(1)


@native
def test_hashes_differ() -> None:
    compiled = load("rows")
    assert compiled.hashed(["a"], bytes(16)) != compiled.hashed([("a",)], bytes(16)) != compiled.hashed(["a"], b"k" * 16)
    assert len({compiled.hashed(["a" * size], bytes(16)) for size in range(70)}) == 70
    assert len({compiled.hashed(pair, bytes(16)) for pair in (("a", "b"), ("b", "a"), ("ab", ""), ("", "ab"), ("ab",))}) == 5


# --- all of it -------------------------------------------------------------------------------------------------------


def _store(lines: list[bytes], judge: Judge, *, short: bool = True, file: str = "one") -> FactStore:
    summary = Summary(judge)
    kernel = Kernel(summary) if short else None
    for one in jsonl.read(written(lines), file, Options(taker=kernel)):
        assert isinstance(one, Exchange)
        summary.add(one)
    if kernel is not None:
        kernel.close()
    return summary.facts


def _all(store: FactStore) -> list[Fact]:
    return [fact for clause in store.clauses() for fact in store.of_clause(clause)]


def _said(judge: Judge, store: FactStore) -> Any:
    reduced = judge.reduce(store)
    store.close()
    findings = sorted((finding.clause, str(finding.origin), finding.pointer, finding.count) for finding in reduced.findings)
    return findings, reduced.not_judged, reduced.kept, reduced.tally


def _repeating(seed: int, contracts: bool) -> list[bytes]:
    """Lines of which some are there again, a little later or at once."""
    chance = random.Random(seed)
    lines = parcels(seed, 60) if contracts else [line for line in changed(seed, 60) if b'"request": null' not in line]
    lines = [line for line in lines if _is_whole(line)]
    return [*lines, *(chance.choice(lines) for _ in range(20))]


def _is_whole(line: bytes) -> bool:
    return all(isinstance(one, Exchange) for one in jsonl.read(written([line]), "one", Options()))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("mask", [(1 << 64) - 1, 7, 0])
@pytest.mark.parametrize("held", [None, 5])
@given(seed=SEEDS, contracts=st.booleans())
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_say_what_their_facts_say(mask: int, held: int | None, seed: int, contracts: bool) -> None:
    lines = _repeating(seed, contracts)
    judge = Judge(load_catalogue((PARCELS,) if contracts else ()), Masker(key=b"k" * 32))
    told = _said(judge, _store(lines, judge, short=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scopes, "_MASK", mask)
        patch.setattr(templates, "_EACH", 1)
        if held is not None:
            patch.setattr(rows, "HELD", held)
            patch.setattr(touched, "_MOST", seed % 3 * 30)
            patch.setattr(records, "_HELD", 200)
            patch.setattr(spill, "WAITING", 500)
        made = _store(lines, judge)  # all facts are made
        assert _said(judge, made) == told
        settled = _store(lines, judge)
        settled.settle()
        assert _said(judge, settled) == told


@pytest.mark.usefixtures("way")
@given(seed=SEEDS, held=st.sampled_from([5, 4000]))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_travel_are_the_same(seed: int, held: int) -> None:
    lines = _repeating(seed, contracts=False)
    judge = Judge(load_catalogue(), Masker(key=b"k" * 32))
    store = FactStore()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_EACH", 1)
        patch.setattr(rows, "HELD", held)
        whole = FactStore()
        carrier = Carrier(store, judge)
        for number, mine in enumerate((lines[:30], lines[30:50], lines[50:])):
            whole.add(_all(_store(mine, judge, short=False, file=str(number))))
            with pytest.MonkeyPatch.context() as elsewhere:
                if number == 1:  # a process whose hashes are others
                    elsewhere.setattr(scopes, "_MASK", 255)
                part = _store(mine, judge, file=str(number))
                raw = taken(part)
            carrier.put(raw)
            store.add(_all(part))
        store.settle()
        assert _said(judge, store) == _said(judge, whole)


_TEXTS = st.none() | st.sampled_from(["+14155550100", "tel:+1-415-555-0100", "", "\u00fc", "+"]) | st.text(max_size=9)


def _side_by_side(some: list[Any]) -> Packed:
    data = b""
    for start, end, line, *values in some:
        row = struct.pack("<ddq", start, end, line)
        for raw in (None if one is None else one.encode() for one in values):
            row += b"\xff" * 4 if raw is None else struct.pack("<I", len(raw)) + raw
        data += struct.pack("<I", len(row)) + row
    return Packed(data, len(some))


@native
@given(
    st.lists(st.tuples(_TIMES, _TIMES, st.integers(1, 2**40), _TEXTS, _TEXTS), min_size=1, max_size=30).filter(
        lambda rows: not any("\ud800" <= letter <= "\udfff" for row in rows for one in row[3:] if one for letter in one)
    ),
    _KINDS,
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_rows_side_by_side_are_rows(some: list[Any], kinds: Any, data: st.DataObject) -> None:
    packed = _side_by_side(some)
    assert [*packed] == some
    first = data.draw(st.integers(0, len(some) - 1))
    last = data.draw(st.integers(first, len(some)))
    assert [*packed[first:last]] == some[first:last]
    assert packed[first] == some[first]
    assert spans.spans_of(packed, (0.5, 1.0)) == spans.spans_of(some, (0.5, 1.0))
    for items in ([Item(3, kinds)], [Item(4, kinds), Item(3, frozenset())]):
        assert scopes.records(items, packed, b"k" * 16, 3) == scopes.records(items, some, b"k" * 16, 3)
    cut = Packed(packed.data[: data.draw(st.integers(0, len(packed.data) - 1))], len(some))
    looks: list[Any] = [
        list,
        lambda rows: scopes.records([Item(4, kinds)], rows, b"k" * 16, 0),
        lambda rows: rows[len(some) - 1],
    ]
    for look in looks:
        with pytest.raises(ValueError, match=r"rows|missing"):
            look(cut)


@native
def test_rows_side_by_side_that_are_none() -> None:
    compiled = load("rows")
    [whole] = [_side_by_side([(1.0, 2.0, 3, "a")]).data]
    for wrong in (whole[:-1], whole[:20], b"\xff" * 40, whole[:28] + b"\x09" + whole[29:], whole + b"\x00"):
        with pytest.raises(ValueError, match="no rows"):
            compiled.unpacked(wrong)
        assert compiled.times(wrong, 2, ()) is None
        with pytest.raises(ValueError, match="no rows"):
            compiled.behind(wrong, 0, 2)
    with pytest.raises(ValueError, match="missing"):
        compiled.records(whole, 1, [(4, 0, str)], b"k" * 16, 0, 1)
    with pytest.raises(ValueError, match="fewer"):
        compiled.records(whole, 2, [(3, 0, str)], b"k" * 16, 0, 1)
    with pytest.raises(ValueError, match="follow"):
        Packed(whole, 1)[::2]
    with pytest.raises(IndexError):
        Packed(whole, 1)[1]
