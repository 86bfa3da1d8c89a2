"""The event log of schemathesis, beside the HAR that it wrote of the same run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Exchange, Part
from smscontract.findings import Problem
from tests.recordings.reading import DATA, outcomes, places

LOG = (DATA / "schemathesis.ndjson").read_bytes()
HAR = (DATA / "schemathesis.har").read_bytes()


def exchanges(data: bytes, name: str) -> list[Exchange]:
    found = outcomes(data, name)
    assert all(isinstance(one, Exchange) for one in found), found
    return [one for one in found if isinstance(one, Exchange)]


@pytest.mark.parametrize("name", ["-", "run.ndjson", "x.json"])
def test_it_holds_what_the_har_of_the_same_run_holds(name: str) -> None:
    log, har = exchanges(LOG, name), exchanges(HAR, "run.har")
    assert len(log) == len(har) == 14
    for one, other in zip(log, har, strict=True):
        assert (one.request.method, one.request.url) == (other.request.method, other.request.url)
        # The HAR has lost the bytes that were no text.
        assert (one.request.body or b"").decode("utf-8", "replace").encode() == (other.request.body or b"")
        assert one.response is not None
        assert other.response is not None
        assert (one.response.status, one.response.body) == (other.response.status, other.response.body)
        assert one.missing[Part.CREDENTIAL] == "scrubbed"


def test_times_are_those_of_the_answer() -> None:
    for one in exchanges(LOG, "x"):
        assert one.received_at is not None
        assert one.took is not None
        assert 0 < one.took < 5


def test_an_exchange_is_found_again_by_its_line() -> None:
    one = exchanges(LOG, "run.ndjson")[0]
    assert one.origin.line is not None
    line = LOG.splitlines()[one.origin.line - 1]
    assert b'"ScenarioFinished"' in line[:30]


def changed(**changes: object) -> bytes:
    for line in LOG.splitlines():
        event = json.loads(line)
        if found := event.get("ScenarioFinished", {}).get("recorder", {}).get("interactions"):
            key = next(iter(found))
            event["ScenarioFinished"]["recorder"]["interactions"] = {key: found[key] | changes}
            return json.dumps(event).encode()
    raise AssertionError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"request": None}, "the exchange has no `request` that is an object"),
        ({"response": {"status_code": 20}}, "the exchange has no status code of three digits"),
        ({"response": 1}, "the exchange has no `response` that is an object"),
        ({"response": {"status_code": 200, "content": {"$base64": "*"}}}, "the exchange has a body that is not base64"),
        ({"response": {"status_code": 200, "content": "x"}}, "the exchange has no `content` that is an object"),
    ],
)
def test_a_broken_exchange_costs_itself(changes: dict[str, object], message: str) -> None:
    (problem,) = outcomes(changed(**changes), "x")
    assert isinstance(problem, Problem)
    assert (problem.message, problem.line) == (message, 1)


def test_what_was_never_answered_is_a_failure() -> None:
    (one,) = exchanges(changed(response=None), "x")
    assert one.response is None
    assert one.failure is not None


@given(st.integers(0, len(LOG)))
def test_a_cut_anywhere_leaves_the_scenarios_before_it(at: int) -> None:
    found = outcomes(LOG[:at], "run.ndjson")
    whole = [line for line in LOG[:at].splitlines(keepends=True) if line.endswith(b"\n")]
    good = [one for one in exchanges(LOG, "x") if (one.origin.line or 0) <= len(whole)]
    assert sum(isinstance(one, Exchange) for one in found) >= len(good)
    assert sum(isinstance(one, Problem) for one in found) <= 1


def test_lines_that_are_no_events_are_problems() -> None:
    data = LOG + b'["x"]\n\n{"a": 1, "b": 2}\n{"ScenarioFinished": 1}\n{cut'
    count = LOG.count(b"\n")
    assert places(outcomes(data, "x"))[-4:] == [("problem", count + n) for n in (1, 3, 4, 5)]
