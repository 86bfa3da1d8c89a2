"""What is settled of rows: which scopes were touched, and how often what stands for others was there."""

from __future__ import annotations

import copy
import random
from array import array
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.facts import FactStore
from smscontract.kernel import touched
from smscontract.kernel.touched import Touched
from smscontract.plain import day
from tests.core import BLAND, judge, made
from tests.kernel.lines import RECORDS, told

_HASHES = st.integers(0, 2**64 - 1) | st.integers(0, 20)


@given(st.lists(st.lists(_HASHES, max_size=9), max_size=9), st.lists(_HASHES), st.integers(0, 9), st.integers(0, 60))
def test_hashes_that_were_touched(some: list[list[int]], others: list[int], latest: int, most: int) -> None:
    scopes = Touched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(touched, "_LATEST", latest)
        patch.setattr(touched, "_MOST", most)
        for mine in some:
            scopes.add(array("Q", mine).tobytes())
    known = {one for mine in some for one in mine}
    assert scopes.all == (len(known) > most)
    for one in (*known, *others):
        assert scopes.has(array("Q", [one]).tobytes()) == (scopes.all or one in known)
    if not scopes.all:
        assert array("Q", scopes.raw()).tolist() == sorted(known)


def test_a_fact_stands_for_many_at_several_times() -> None:
    [fact] = [one for one in judge().judge(made(BLAND)).facts if one.clause.endswith("workflow-belongs-to-one-pair")]
    store = FactStore()
    many = replace(fact, weight=9, days={0: 3, 1: 4, None: 2})
    store.add([fact])
    store.add_each(many)  # is of other scopes, which nobody knows
    assert list(store.scopes(fact.clause)) == [[many], [fact]]
    reduced = judge().reduce(store)
    assert reduced.kept == {fact.clause: 10}
    tally = {when: number for (_, _, _, when), number in reduced.tally.items()}
    assert tally == {"1970-01-01": 3, "1970-01-02": 4, None: 2, day(fact.end): 1}


def test_histories_alike_are_counted_as_often_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs of numbers that get one conversation after the other, on two days; some begin with what is judged alone."""
    sample = next(one for one in RECORDS if "sms/create" in one["request"]["url"] and "json" in one["request"])
    lines = []
    for number in range(60):
        for again in range(1 + number % 4):
            record = copy.deepcopy(sample)
            record["request"]["json"]["user_number"] = f"+1{300 + number}5550123"
            ids = {name: f"{name}-{number}-{again}" for name in ("conversation_id", "workflow_id")}
            record["response"]["json"] = {"data": {"message": "as ever", **ids}, "errors": None}
            record["response"]["status"] = 200
            at = 1.79e9 + number % 2 * 86400 + number * 60 + again * 10
            record |= {"sent_at": at, "received_at": at + 1}
            lines.append(orjson.dumps(record) + b"\n")
    random.Random(3).shuffle(lines)
    assert told(lines, short=True) == told(lines, short=False)
    monkeypatch.setattr("smscontract.kernel.rows._HISTORIES", 3)
    assert told(lines, short=True) == told(lines, short=False)
