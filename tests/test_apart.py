"""Values by key, beyond memory: the same are together, in the order in which they came, and memory holds a few of them."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import apart, facts, spill
from smscontract.apart import Apart
from smscontract.clauses.outcomes import Fact
from smscontract.findings import Report
from smscontract.policy import Selection
from smscontract.reported import reported
from smscontract.reports.json_report import as_data
from smscontract.summary import Summary
from tests.core import BLAND, judge, made

PAIR = {"user_number": "+14155550101", "agent_number": "+14155550187"}
_OWNED, _NEW, _REUSED = (f"{BLAND}/rule/{name}" for name in ("workflow-belongs-to-one-pair", "new-is-new", "active-reused"))


@given(st.lists(st.tuples(st.integers(0, 9) | st.text(max_size=1), st.integers())), st.integers(0, 12), st.integers(1, 80))
def test_values_of_a_key_are_together_and_in_order(some: list[tuple[int | str, int]], limit: int, waiting: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "WAITING", waiting)
        values: Apart[tuple[int | str, int]] = Apart(limit)
        for key, value in some:
            values.add(key, (key, value))
        found = list(values)
        assert list(values) == []
    assert sorted(map(repr, (one for mine in found for one in mine))) == sorted(map(repr, some))
    keys = [{repr(key) for key, _ in mine} for mine in found]
    assert sum(map(len, keys)) == len(set().union(*keys)), "a key is in two of them"
    for mine in found:
        for key in {key for key, _ in mine}:
            assert [one for one in mine if one[0] == key] == [one for one in some if one[0] == key]


def test_as_many_as_there_are_stay_beyond_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "WAITING", 1000)
    values: Apart[int] = Apart(20)
    for number in range(5000):
        values.add(number, number)
        assert len(values._held) <= 20
    found = list(values)
    assert sorted(one for mine in found for one in mine) == list(range(5000))
    assert max(map(len, found)) <= 20


def test_many_of_one_key_come_to_an_end() -> None:
    values: Apart[int] = Apart(2)
    for number in range(50):
        values.add("one", number)
    assert list(values) == [list(range(50))]


def broken(number: int) -> Iterator[Fact]:
    """Facts of conversations: the workflow of ten is the same, and two ids take turns in five, which two rules forbid."""
    first = made(BLAND, sent={**PAIR, "new_conversation": True}, answer={"data": {"conversation_id": "c", "workflow_id": "w"}})
    sample = judge().judge(first).facts
    for index in range(number):
        times: dict[str, Any] = {"start": 1e9 + index * 100, "end": 1e9 + index * 100 + 1}
        for fact in sample:
            made_then = dataclasses.replace(fact, origin=dataclasses.replace(first.origin, request=index + 1), **times)
            if fact.clause == _OWNED:
                yield dataclasses.replace(made_then, scope=(f"w{index // 10}",), values={"owner": (f"pair {index}",)})
            elif fact.clause == _NEW:
                values = {**fact.values, "values": {"got.data.conversation_id": f"c{index % 2}"}}
                for clause in (_NEW, _REUSED):
                    yield dataclasses.replace(made_then, clause=clause, scope=(f"s{index // 5}",), values=values)


def told(some: Iterator[Fact], select: tuple[str, ...] = ()) -> Report:
    summary = Summary(judge(), Selection(select=select))
    summary.facts.add(some)
    report = reported(summary, now=2e9)
    summary.facts.close()
    return report


@pytest.mark.parametrize("select", [(), (_OWNED,)])
def test_a_report_of_histories_is_the_same_beyond_memory(select: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = as_data(told(broken(1000), select))
    monkeypatch.setattr(apart, "HELD", 9)
    monkeypatch.setattr(spill, "WAITING", 500)
    monkeypatch.setattr(facts, "IN_MEMORY", 50)
    assert as_data(told(broken(1000), select)) == whole
    counts = {_NEW: 600, _REUSED: 200, _OWNED: 900}  # at one place of one exchange the surer rule alone is told
    found = {one["clause"]: one["count"] for one in whole["findings"]}
    assert found == {clause: count for clause, count in counts.items() if clause in (select or counts)}


def test_broken_histories_are_not_kept_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "HELD", 100)
    monkeypatch.setattr(apart, "_PARTS", 8)
    monkeypatch.setattr(spill, "WAITING", 10_000)
    monkeypatch.setattr(facts, "IN_MEMORY", 100)

    summary = Summary(judge())
    for fact in broken(2500):
        summary.facts.add([fact])
    told(broken(50))  # what is made once
    tracemalloc.start()
    try:
        reported(summary, now=2e9)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        summary.facts.close()
    assert peak < 2_000_000, "each of them takes 2 kB"
