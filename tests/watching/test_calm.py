"""What the watcher leaves out where nothing can be broken, and that it leaves out nothing else."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.exchange import OriginKind
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.tap import Taken
from smscontract.watching import Watcher
from tests.core import BLAND, STUUT, judge, made
from tests.kernel.lines import ODD, PARCELS, parcels
from tests.watching.test_watcher import as_taken

#: One for all tests of each contract, as in a session.
WATCHERS = {
    "shipped": Watcher(judge()),
    **{contract: Watcher(Judge(load_catalogue([contract]), Masker(key=b"k" * 32))) for contract in (ODD, PARCELS)},
}
SEEDS = st.integers(0, 2**32 - 1)
REFUSED = b'{"data": null, "errors": [{"error": "no", "message": "no"}]}'
KINDS = [OriginKind.TEST] * 4 + [OriginKind.MOCK]


def bland(chance: random.Random) -> Taken:
    sent: dict[str, Any] = {"user_number": chance.choice(("+14155550123", "+14155550124", "+1 415 555 0123"))}
    if chance.random() < 0.3:
        sent["new_conversation"] = chance.choice((True, False))
    data = {"conversation_id": f"conv_{chance.randrange(3)}", "workflow_id": f"flow_{chance.randrange(2)}"}
    status = chance.choice((200,) * 8 + (400, 500))
    answer: dict[str, Any] = {"answer": {"data": data}} if status == 200 else {"body": REFUSED}
    return as_taken(made(BLAND, sent=sent, status=status, **answer), chance.choice(KINDS))


def stuut(chance: random.Random) -> Taken:
    answer: dict[str, Any] = {
        "status": chance.choice(("pending", "sent", "sent", "delivered", "failed")),
        "body": chance.choice(("Hi", "Hi", "Hello")),
    }
    if chance.random() < 0.05:
        answer["object"] = "another"
    return as_taken(made(STUUT, answer=answer, status=chance.choice((200,) * 8 + (409, 500))), chance.choice(KINDS))


def parcel(chance: random.Random) -> Taken:
    line = json.loads(chance.choice(parcels(chance.randrange(50), 12)))
    asked, answer = line["request"], line["response"]
    url = f"http://localhost{asked['url']}"
    taken = Taken(asked["method"], url, asked["headers"], b"", 0.0, kind=chance.choice(KINDS), status=answer["status"])
    taken.headers, taken.got, taken.whole = answer["headers"], answer["body"].encode(), True
    return taken


def history(seed: int, make: Any) -> list[Taken]:
    """A few exchanges of a few scopes, one after the other or at once, in any order."""
    chance = random.Random(seed)
    pool = [make(chance) for _ in range(chance.randrange(1, 5))]
    taken, at = [], 1_790_000_000.0
    for _ in range(chance.randrange(2, 9)):
        one = dataclasses.replace(chance.choice(pool))
        at += chance.choice((0.1, 1, 1, 200, 700))
        one.at, one.done = at, at + chance.choice((0.05, 0.05, 0.05, 2))
        taken.append(one)
    chance.shuffle(taken)
    return taken


def same(watcher: Watcher, taken: list[Taken], *, lost: bool = False) -> bool:
    fast = watcher.seen("a test", taken, lost=int(lost))
    full = watcher.judged([one.exchange() for one in taken], holes=lost)
    assert fast == dataclasses.replace(full, test="a test", lost=int(lost))
    return not full.broken


@given(SEEDS, st.sampled_from([bland, stuut]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_histories(seed: int, make: Any, lost: bool) -> None:
    same(WATCHERS["shipped"], history(seed, make), lost=lost)


@given(SEEDS, st.sampled_from([ODD, PARCELS]))
@settings(max_examples=150, deadline=None)
def test_histories_of_rules_of_all_kinds(seed: int, contract: str) -> None:
    same(WATCHERS[contract], history(seed, parcel))


@pytest.mark.campaign
@pytest.mark.parametrize(("contract", "make"), [("shipped", bland), ("shipped", stuut), (ODD, parcel), (PARCELS, parcel)])
def test_many_histories(contract: str, make: Any) -> None:
    told = [same(WATCHERS[contract], history(seed, make), lost=seed % 5 == 0) for seed in range(3000)]
    assert 0.02 < sum(told) / len(told) < 0.98


def test_nothing_is_reduced_where_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, asked, reduce = Watcher(judge()), [], Judge.reduce

    def counted(self: Judge, *args: Any, **more: Any) -> Any:
        asked.append(args)
        return reduce(self, *args, **more)

    monkeypatch.setattr(Judge, "reduce", counted)
    good = as_taken(made(BLAND), OriginKind.TEST)
    for number in range(20):
        at = good.at + 10 * number
        taken = [dataclasses.replace(good, at=at + step, done=at + step + 0.5) for step in range(4)]
        assert not watcher.seen("a test", taken).broken
    assert not asked
