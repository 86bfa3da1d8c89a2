"""What is settled of rows: which scopes were touched, and how often what stands for others was there."""

from __future__ import annotations

import copy
import errno
import multiprocessing
import os
import pickle
import random
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import forks
from smscontract.clauses.outcomes import KEPT, Skipped
from smscontract.facts import FactStore
from smscontract.kernel import reread, rows, scopes, settling, touched
from smscontract.kernel.touched import Touched
from smscontract.plain import day
from smscontract.spill import Box
from tests.core import BLAND, judge, made
from tests.kernel.lines import ODD, PARCELS, RECORDS, told

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
        assert scopes.has(one) == (scopes.all or one in known)
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


def test_what_is_decided_needs_no_facts() -> None:
    [fact] = [one for one in judge().judge(made(BLAND)).facts if one.clause.endswith("workflow-belongs-to-one-pair")]
    store = FactStore()
    days: dict[int | None, int] = {0: 3, None: 2}
    store.add_decided(fact.clause, KEPT, days, holes=False)
    store.add_decided(fact.clause, KEPT, {0: 1}, holes=False)
    store.add_decided(fact.clause, Skipped("a reason", "a hint"), days, holes=True)
    assert store.clauses() == [fact.clause]
    whole = judge().reduce(store)
    assert (whole.kept, whole.not_judged) == ({fact.clause: 6}, ())
    assert whole.tally == {(fact.clause, "k", "recording", "1970-01-01"): 4, (fact.clause, "k", "recording", None): 2}
    for holes in (True, {fact.clause}):
        holed = judge().reduce(store, holes=holes)
        assert holed.kept == {}
        assert [(one.clause, one.reason, one.hint, one.count) for one in holed.not_judged] == [
            (fact.clause, "a reason", "a hint", 5)
        ]
        assert holed.tally == {(fact.clause, "s", "recording", "1970-01-01"): 3, (fact.clause, "s", "recording", None): 2}
    assert judge().reduce(store, holes={"another"}) == whole


def pairs() -> list[bytes]:
    """Pairs of numbers that get one conversation after the other, on two days; some get the one that they had, or that others
    have, and of some it is not known when."""
    sample = next(one for one in RECORDS if "sms/create" in one["request"]["url"] and "json" in one["request"])
    lines = []
    for number in range(60):
        for again in range(1 + number % 4):
            record = copy.deepcopy(sample)
            record["request"]["json"]["user_number"] = f"+1{300 + number}5550123"
            owner = number - (number % 9 == 8)
            ids = {name: f"{name}-{owner}-{again * (number % 5 > 0)}" for name in ("conversation_id", "workflow_id")}
            record["response"]["json"] = {"data": {"message": "as ever", **ids}, "errors": None}
            record["response"]["status"] = 200
            at = 1.79e9 + number % 2 * 86400 + number * 60 + again * 10
            record |= {"sent_at": at, "received_at": at + 1} if number % 10 != 9 else {"sent_at": None, "received_at": None}
            lines.append(orjson.dumps(record) + b"\n")
    random.Random(3).shuffle(lines)
    return lines


@pytest.mark.parametrize("held", [4000, 5])
@pytest.mark.parametrize("mask", [(1 << 64) - 1, 63, 7])
@pytest.mark.parametrize("histories", [20_000, 3])
@pytest.mark.parametrize("torn", [[], [b'{"request": ']])
def test_histories_alike_are_counted_as_often_as_they_are(
    torn: list[bytes], histories: int, mask: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a line cannot be read, so that no history is known to be whole."""
    lines = [*pairs(), *torn]
    everything = told(lines, short=False)
    monkeypatch.setattr(scopes, "_MASK", mask)
    monkeypatch.setattr(settling, "_HISTORIES", histories)
    monkeypatch.setattr(rows, "HELD", held)
    assert told(lines, short=True) == everything


def short_histories(seed: int) -> list[bytes]:
    """Many parcels that are asked for a few times each: what moves, stays and is new differs, and how soon it was."""
    chance, lines = random.Random(seed), []
    for number in range(150):
        name, at = f"par_{number}", 1_772_445_000 + number * 9_000
        for _ in range(chance.randrange(1, 4)):
            body: dict[str, Any] = {
                "id": name,
                "status": chance.choice(("waiting", "moving", "moving", "lost")),
                "carrier": chance.choice((None, "bike")),
                "weight": chance.choice((1200, 1200, 1200, 7)),
                "label": chance.choice((None, None, f"Box {chance.randrange(90)}")),
                "phone": chance.choice(("+14155550123", "+14155550123", "tel:+1-415-555-0123", "+14155550124")),
                "handed_over_at": "2026-03-02T09:15:00Z",
                "arrived_at": None,
                "stops": [],
            }
            at += chance.choice((30, 110, 130, 600, 40_000))
            answer = {"status": 200, "headers": {"content-type": "application/json"}, "json": body}
            asked = {"method": "GET", "url": f"/v1/parcels/{name}/status", "headers": {}, "body": ""}
            lines.append(orjson.dumps({"request": asked, "response": answer, "sent_at": at, "received_at": at + 0.3}))
    return lines


@pytest.mark.parametrize("contract", [PARCELS, ODD])
@pytest.mark.parametrize("seed", range(3))
def test_what_happened_tells_histories_apart(contract: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = short_histories(seed)
    everything = told(lines, short=False, contracts=(contract,))
    assert told(lines, short=True, contracts=(contract,)) == everything
    monkeypatch.setattr(rows, "HELD", 5)
    assert told(lines, short=True, contracts=(contract,)) == everything


def _ends(*_: Any) -> Iterator[bytes]:
    yield pickle.dumps((["no fact"], ()))
    os._exit(1)


def _fails(*_: Any) -> Iterator[bytes]:
    yield pickle.dumps((["no fact"], ()))
    raise OSError(errno.ENOSPC, "no room")


def _unread(*_: Any) -> Iterator[bytes]:
    yield from iter(lambda: os._exit(1), b"")


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
@pytest.mark.parametrize("there", [None, _unread, _fails])
@pytest.mark.parametrize("share", [None, _ends, _fails])
@pytest.mark.parametrize("histories", [20_000, 3])
def test_histories_are_settled_by_several_processes(
    histories: int, share: Any, there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one of them cannot do is done here, and nothing is said twice."""
    lines, begun = pairs(), []
    everything = told(lines, short=False)

    def beside(work: Callable[[Box], Iterable[bytes]]) -> forks.Beside:
        begun.append(forks.Beside(work))
        return begun[-1]

    by = reread.Reread.by
    monkeypatch.setattr(rows, "HELD", 5)
    monkeypatch.setattr(reread.Reread, "by", lambda self, _: by(self, 3))
    monkeypatch.setattr(
        rows, "settled", lambda store, settlings, histories, _: settling.settled(store, settlings, histories, 3)
    )
    monkeypatch.setattr(settling, "_HISTORIES", histories)
    monkeypatch.setattr(settling, "_TOLD", 2)
    for module in (reread, settling):
        monkeypatch.setattr(module, "alone", lambda: True)
        monkeypatch.setattr(module, "Beside", beside)
    if share is not None:
        monkeypatch.setattr(settling, "_share", share)
    if there is not None:
        monkeypatch.setattr(reread, "_there", there)
    assert told(lines, short=True) == everything
    assert len(begun) == 2 + 2
    assert not multiprocessing.active_children()
