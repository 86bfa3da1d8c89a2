"""`--max-sends` is a promise: whatever the target does, no more texts go out or may follow, as the target counts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gate.faults import FAULTS
from tests.gate.run import run_on
from tests.gate.server import RESET, Behave, Reply, Seen, Server
from tests.gate.test_allowance import staging
from tests.gate.test_journal import killed, prepared, resumed

Answer = Callable[[], Reply]


class Counted:
    """Counts what a target accepts, whatever becomes of its answer: texts at once, or timers that are set."""

    def __init__(self, inner: Behave = lambda _, answer: answer()) -> None:
        self.inner = inner
        self.texts = 0

    def __call__(self, seen: Seen, answer: Answer) -> Reply:
        accepted: list[Reply] = []

        def watched() -> Reply:
            accepted[:] = [answer()]
            return accepted[0]

        reply = self.inner(seen, watched)
        if seen.method == "POST" and any(one.status == 200 and one.end == "close" for one in (*accepted, reply)):
            timers = sum(seen.fields.get(name) is not None for name in ("time_out", "warning_time"))
            self.texts += 1 if seen.target.endswith("/send") else timers
        return reply


def lost(every: int) -> Behave:
    """Does what is asked, and now and then nobody hears of it."""

    def behave(seen: Seen, answer: Answer) -> Reply:
        reply = answer()
        return (RESET, Reply(500, b"{}"), Reply(429, b"{}"))[seen.number % 3] if seen.number % every == 0 else reply

    return behave


def careless(_: Seen, answer: Answer) -> Reply:
    """Takes all that it must refuse, from whomever."""
    reply = answer()
    return Reply(200, b'{"data": {"conversation_id": "conv"}, "errors": null}') if 400 <= reply.status < 500 else reply


@pytest.mark.parametrize("most", [0, 2, 5, 12])
@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_never_more_texts_than_allowed(server: Server, provider: str, most: int) -> None:
    server.behave = counted = Counted()
    settings: dict[str, Any] = {"drafts_are_safe": True, "seed": most, "max_requests": 130, "fuzz": 8 if most == 5 else 0}
    report = run_on([staging(server, provider)], max_sends=most, **settings)
    assert counted.texts <= most
    assert counted.texts or not most
    assert provider == "bland" or "sends" in {one.reason for one in report.not_judged}


@pytest.mark.parametrize("most", [2, 5])
@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_nor_where_answers_are_lost(server: Server, provider: str, most: int) -> None:
    inner = lost(4 + most)
    # A 429 says that nothing was done.
    server.behave = counted = Counted(lambda seen, answer: inner(seen, answer) if seen.number % 3 != 2 else answer())
    run_on([staging(server, provider)], max_sends=most, drafts_are_safe=True, seed=most, max_requests=150)
    assert counted.texts <= most


@pytest.mark.parametrize("most", [0, 3, 4])
@pytest.mark.parametrize(
    ("provider", "behave"), [("stuut", careless), ("bland", careless), ("bland", FAULTS["everybody is let in"].make())]
)
def test_nor_of_who_accepts_what_it_must_refuse(server: Server, provider: str, behave: Behave, most: int) -> None:
    server.behave = counted = Counted(behave)
    run_on([staging(server, provider)], max_sends=most, drafts_are_safe=True, max_requests=120)
    largest = 1 if provider == "stuut" else 2
    # Where nothing can be kept for it, the first that was accepted goes beyond.
    assert counted.texts <= (most if most > largest else most + largest)


@pytest.mark.parametrize("body", [b'{"time_out": 5, "time_out": null}', b"time_out=5", b'{"x": {"time_out": 5}}'])
def test_what_a_lenient_target_may_read(body: bytes) -> None:
    from smscontract.gate._effects import texts_of
    from tests.gate.run import BLAND, judge_of

    assert texts_of(judge_of("bland").catalogue.operations[BLAND], body) == 1


def test_a_run_that_is_resumed_counts_what_it_sent_before(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request that nobody saw the answer of counts, too."""
    server.offers = False
    monkeypatch.chdir(tmp_path)
    prepared(server, "stuut", monkeypatch)
    killed(server, 1, "--fuzz", "0", "--max-requests", "60", "--max-sends", "3")
    said = [json.loads(line) for line in Path("run.journal").read_bytes().splitlines()]
    assert [one["texts"] for one in said if "sending" in one] == [[1, 0]]
    server.behave = counted = Counted()
    code, report = resumed()
    assert code == 0
    assert 0 < counted.texts <= 2
    assert "texts were sent" in "\n".join(note for one in report["operations"] for note in one["notes"])
