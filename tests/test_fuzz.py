"""Fuzzing without a network: the sender is a function, so that every request and every verdict can be seen."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import configuration
from hypothesis.internal.conjecture import providers

from smscontract.catalogue import load_catalogue
from smscontract.documents import Operation, read_contract
from smscontract.examples import base_exchange
from smscontract.fuzz import FuzzRequest, FuzzResult, Verdict, fuzz
from smscontract.fuzz._compose import Composer
from smscontract.judge import Judge
from smscontract.numbers import is_reserved, readings

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = load_catalogue()
JUDGE = Judge(CATALOGUE)
BLAND = CATALOGUE.operations["bland.create-sms"]
STUUT = CATALOGUE.operations["stuut.send-sms"]
NUMBERS = {"agent_number": ["+14155550100"], "user_number": ["+14155550123", "+14155550124", "+17015550111"]}
IDS = {"sms_id": [f"sms_{number:02d}" for number in range(12)]}
#: A clause for each fault that a made-up target has.
Faults = dict[str, Callable[[FuzzRequest], bool]]


class Target:
    """Takes requests, and breaks a clause wherever a fault is there."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or {}
        self.log: list[tuple[str, FuzzRequest]] = []

    def __call__(self, request: FuzzRequest, role: str) -> Verdict:
        self.log.append((role, request))
        return Verdict(frozenset(name for name, broken in self.faults.items() if broken(request)))

    def cases(self, mode: str | None = None) -> list[FuzzRequest]:
        return [request for role, request in self.log if role == "case" and mode in (None, request.mode)]

    def roles(self) -> Counter[str]:
        return Counter(role for role, _ in self.log)


def run(operation: Operation, target: Callable[[FuzzRequest, str], Verdict], **options: Any) -> FuzzResult:
    given: dict[str, Any] = {"seed": 1, "cases": 30, "numbers": NUMBERS, "ids": IDS, "shrink": 0, **options}
    return fuzz(operation, operation.raw, target, **given)


def body(request: FuzzRequest) -> Any:
    return json.loads(request.body or b"null")


def positive(test: Callable[[Any], bool]) -> Callable[[FuzzRequest], bool]:
    return lambda request: request.mode == "positive" and test(body(request))


def nested(sent: Any) -> bool:
    return any(isinstance(value, dict | list) for value in sent.get("request_data", {}).values())


deep_fault = positive(lambda sent: sent.get("sender") == "AGENT" and len(sent["message"]) > 160 and nested(sent))


def assessed(operation: Operation, request: FuzzRequest) -> Any:
    """What the judge says of a request, its number and id looked up by us and not by the fuzzer."""
    exchange = base_exchange(operation)
    known: dict[str, dict[str, str]] = {}
    if operation is BLAND:
        sent = body(request) if request.body and request.body.startswith(b"{") else {}
        if sent.get("agent_number") == "+14155550100":
            known["agent_number"] = {"label": "owned", "state": "owned"}
    else:
        label = "draft" if request.path_parameters["sms_id"] in IDS["sms_id"] else "missing"
        known["sms_id"] = {"label": label, "state": label}
    credential = tuple(pair for pair in exchange.request.headers or () if pair[0] == "authorization")
    sent_request = dataclasses.replace(exchange.request, headers=request.headers + credential, body=request.body or b"")
    view = JUDGE.view(
        dataclasses.replace(exchange, request=sent_request, known=known, path_parameters=dict(request.path_parameters))
    )
    assert view is not None
    return view.assessment


# -- what is executed


@pytest.mark.parametrize("operation", [BLAND, STUUT], ids=lambda one: one.id)
def test_every_case_is_what_its_mode_says(operation: Operation) -> None:
    target = Target()
    result = run(operation, target, cases=24, seed=5)
    assert result.executed == {"positive": 12, "negative": 12} == dict(Counter(one.mode for one in target.cases()))
    assert result.complete
    assert result.note == ""
    for request in target.cases():
        found = assessed(operation, request)
        assert found.validity == ("valid" if request.mode == "positive" else "invalid"), request
        assert found.causes == (0 if request.mode == "positive" else 1), request
    assert [one.mode for one in target.cases()] == ["positive"] * 12 + ["negative"] * 12
    assert len({one.identity for one in target.cases()}) == 24


def test_more_cases_begin_with_the_same_ones_and_seeds_differ() -> None:
    few, many, other = Target(), Target(), Target()
    run(BLAND, few, cases=12)
    run(BLAND, many, cases=30)
    run(BLAND, other, cases=12, seed=2)
    assert many.cases("positive")[:6] == few.cases("positive")
    assert many.cases("negative")[:6] == few.cases("negative")
    assert not {one.identity for one in few.cases()} & {one.identity for one in other.cases()}


def test_valid_cases_reach_what_is_rare() -> None:
    target = Target()
    run(BLAND, target, cases=120)
    sent = [body(one) for one in target.cases("positive")]
    assert {len(one["message"]) > 160 for one in sent} == {True, False}
    assert max(len(one["message"]) for one in sent) > 1000
    assert any(ord(character) > 0xFFFF for one in sent for character in one["message"])
    assert any("€" in one["message"] for one in sent)
    assert {one.get("sender") for one in sent} == {None, "USER", "AGENT"}
    assert any(nested(one) for one in sent)
    assert any(one["warning_time"] < one["time_out"] for one in sent if "warning_time" in one)
    assert set().union(*sent) == set(BLAND.body.node.properties if BLAND.body else ())


def test_invalid_cases_break_every_member() -> None:
    target = Target()
    run(BLAND, target, cases=400, seed=3)
    places: Counter[str] = Counter()
    for request in target.cases("negative"):
        places.update(list(assessed(BLAND, request).violations))
    members = set(BLAND.body.node.properties) if BLAND.body else set()
    assert set(places) == members | {""}
    assert places[""] < 40, "most cases are about members"


# -- the same again, in any process


PROGRAM = """
import hashlib, sys
{imports}
from smscontract.catalogue import load_catalogue
from smscontract.fuzz import Verdict, fuzz

digest = hashlib.sha256()
def send(request, role):
    digest.update(role.encode() + request.mode.encode() + request.identity)
    return Verdict(frozenset({{"found"}} if request.body and len(request.body) > 900 else ()))

for key in ("bland.create-sms", "stuut.send-sms"):
    operation = load_catalogue().operations[key]
    fuzz(operation, operation.raw, send, seed=7, cases=20, numbers={numbers!r}, ids={ids!r}, shrink=15)
with open({out!r}, "w") as out:
    out.write(digest.hexdigest())
"""


def test_a_fresh_process_sends_the_same_bytes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither hashes, nor a module that happens to be loaded, nor what Hypothesis kept on disk changes a request."""
    digests = set()
    for name, hashes in (("plain", "0"), ("crowded", "4242")):
        folder = tmp_path / name
        folder.mkdir()
        imports, watching = "", {}
        if name == "crowded":
            (folder / "local_words.py").write_text("WORDS = ['zebra-crossing', 77777, 3.25, b'bytes']\n" * 50)
            imports, watching = "import local_words", {"HYPOTHESIS_EXPERIMENTAL_OBSERVABILITY": "1"}
            poisoned = folder / ".hypothesis" / "unicode_data"
            poisoned.mkdir(parents=True)
            (poisoned / "charmap.json.gz").write_bytes(b"no gzip")
        before = sorted(folder.rglob("*"))
        out = tmp_path / f"{name}.digest"
        code = PROGRAM.format(imports=imports, numbers=NUMBERS, ids=IDS, out=str(out))
        done = subprocess.run(
            [sys.executable, "-B", "-W", "error", "-c", f"import sys; sys.path[:0] = ['', {str(ROOT)!r}]\n{code}"],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": hashes, **watching},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
        assert sorted(folder.rglob("*")) == before
        digests.add(out.read_text())
    assert len(digests) == 1


def test_nothing_is_printed_and_hypothesis_is_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    home = getattr(configuration, "__hypothesis_home_directory")
    draw = providers.HypothesisProvider._maybe_draw_constant
    run(BLAND, Target({"x": deep_fault}), cases=60, shrink=20)
    assert getattr(configuration, "__hypothesis_home_directory") == home
    assert providers.HypothesisProvider._maybe_draw_constant is draw
    assert capfd.readouterr() == ("", "")


@hypothesis.settings(max_examples=2)
@hypothesis.given(hypothesis.strategies.integers(0, 9))
def test_it_runs_inside_of_somebody_elses_property(seed: int) -> None:
    assert run(BLAND, Target(), cases=4, seed=seed).complete


# -- the leash


def texts_at_numbers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from texts_at_numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_at_numbers(one)
    elif isinstance(value, str):
        yield value
    elif not isinstance(value, bool) and value is not None:
        yield json.dumps(value)


def test_no_number_of_anybody_is_ever_made() -> None:
    target = Target({"x": lambda request: len(request.body or b"") > 300})
    run(BLAND, target, cases=300, seed=11, shrink=60)
    seen = 0
    for _, request in target.log:
        if not (request.body or b"").startswith(b"{"):
            continue
        for name in ("user_number", "agent_number"):
            for text in texts_at_numbers(body(request).get(name)):
                assert all(is_reserved(number) for number in readings(text)), text
                seen += bool(re.search(r"\d{7}", text))
    assert seen > 400


def test_what_is_below_an_undeclared_member_is_tame_too(tmp_path: Path) -> None:
    document = tmp_path / "other.yaml"
    document.write_text(OTHER)
    (operation,) = (one for one in read_contract(str(document)).operations if one.id == "add-note")
    target = Target()
    run(operation, target, cases=80, ids={"thread": ["7", "8"]}, numbers={})
    assert target.cases("negative")
    for request in target.cases():
        for text in texts_at_numbers(body(request).get("to")):
            assert all(is_reserved(number) for number in readings(text)), text


def test_a_stopped_case_is_counted_and_replaced() -> None:
    target = Target()
    stopped = 0

    def leash(request: FuzzRequest, role: str) -> Verdict:
        nonlocal stopped
        if len(request.identity) % 3 == 0:
            stopped += 1
            return Verdict(sent=False)
        return target(request, role)

    result = run(BLAND, leash)
    assert result.complete
    assert sum(result.stopped_by_leash.values()) == stopped > 0
    assert len(target.cases()) == 30 == sum(result.executed.values())


# -- findings made small


@pytest.mark.parametrize("seed", range(3))
def test_a_fault_that_only_fuzzing_reaches_is_found_and_made_small(seed: int) -> None:
    target = Target({"x": deep_fault})
    result = run(BLAND, target, seed=seed, cases=160, shrink=80)
    sent = body(result.findings["x"])
    assert sent.pop("request_data") in ({"a": {}}, {"a": []})
    assert sent == {
        "user_number": "+14155550123",
        "agent_number": "+14155550100",
        "message": "a" * 161,
        "sender": "AGENT",
    }
    assert 0 < result.shrink_requests == target.roles()["shrink"] <= 80


@pytest.mark.campaign
def test_it_is_found_within_a_hundred_valid_cases_for_nine_seeds_of_ten() -> None:
    found = sum("x" in run(BLAND, Target({"x": deep_fault}), seed=seed, cases=200).findings for seed in range(30))
    assert found >= 27


FAULTS: Faults = {
    "long": positive(lambda sent: len(sent["message"]) > 300),
    "agent": positive(lambda sent: sent.get("sender") == "AGENT"),
    "always": lambda _: True,
    "null": lambda request: (
        request.mode == "negative" and b":null" in (request.body or b"") and assessed(BLAND, request).causes == 1
    ),
}


def test_each_of_several_findings_is_made_small_by_itself() -> None:
    target = Target(FAULTS)
    result = run(BLAND, target, cases=160, shrink=300)
    least = {"user_number": "+14155550123", "agent_number": "+14155550100"}
    assert set(result.findings) == set(FAULTS)
    assert body(result.findings["long"]) == {**least, "message": "a" * 301}
    assert body(result.findings["agent"]) == {**least, "message": "a", "sender": "AGENT"}
    assert len(result.findings["null"].body or b"") < 90
    for name, request in result.findings.items():
        assert FAULTS[name](request)
    identities = [request.identity for _, request in target.log]
    assert len(set(identities)) == len(identities), "nothing is asked twice"


@pytest.mark.parametrize("budget", [0, 1, 7])
def test_the_budget_for_shrinking_is_kept(budget: int) -> None:
    target = Target(FAULTS)
    result = run(BLAND, target, cases=60, shrink=budget)
    assert target.roles()["shrink"] == result.shrink_requests == budget
    assert result.complete
    for name, request in result.findings.items():
        broken = [one for _, one in target.log if FAULTS[name](one)]
        assert len(request.identity) == min(len(one.identity) for one in broken), "the smallest that was seen"


def test_a_target_that_changes_its_mind_confuses_nobody() -> None:
    target = Target()

    def fickle(request: FuzzRequest, role: str) -> Verdict:
        target(request, role)
        return Verdict(frozenset({"x"} if len(target.log) % 3 == 0 else ()))

    result = run(BLAND, fickle, shrink=40)
    assert set(result.findings) == {"x"}
    assert result.complete
    assert result.shrink_requests <= 40


# -- ends


def test_it_stops_when_nothing_more_may_be_sent() -> None:
    target = Target(FAULTS)

    def until(request: FuzzRequest, role: str) -> Verdict:
        return Verdict(sent=False, over=True) if len(target.log) == 9 else target(request, role)

    result = run(BLAND, until, cases=30, shrink=30)
    assert result.executed == {"positive": 9, "negative": 0}
    assert not result.complete
    assert result.note == (
        "the sender took no more requests; 9 of 15 positive cases were executed; 0 of 15 negative cases were executed"
    )
    assert sum(result.stopped_by_leash.values()) == 0 == result.shrink_requests
    assert "always" in result.findings


def test_it_stops_when_the_sender_says_so_with_its_last_verdict_or_refuses_everything() -> None:
    result = run(BLAND, lambda *_: Verdict(over=True))
    assert sum(result.executed.values()) == 1
    result = run(BLAND, lambda *_: Verdict(sent=False), cases=1000)
    assert sum(result.executed.values()) == 0
    assert sum(result.stopped_by_leash.values()) < 50
    assert "the sender took no more requests" in result.note


@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt()])
@pytest.mark.parametrize("when", ["case", "shrink"])
def test_what_the_sender_raises_is_raised(error: BaseException, when: str) -> None:
    def send(_: FuzzRequest, role: str) -> Verdict:
        if role == when:
            raise error
        return Verdict(frozenset({"x"}))

    with pytest.raises(type(error)):
        run(BLAND, send, cases=4, shrink=20)


def test_without_a_number_of_the_account_there_is_no_valid_case() -> None:
    target = Target()
    result = run(BLAND, target, cases=10, numbers={})
    assert result.executed == {"positive": 0, "negative": 5}
    assert result.note == "no value is known that is valid for `agent_number`; 0 of 5 positive cases were executed"


def test_an_id_is_used_once_and_ids_that_nobody_gave_are_nobodys() -> None:
    target = Target({"all": lambda _: True})
    result = run(STUUT, target, cases=60, shrink=20)
    assert result.executed == {"positive": 12, "negative": 30}
    assert [one.path_parameters["sms_id"] for one in target.cases("positive")] == IDS["sms_id"]
    assert "no unused id is left for valid cases" in result.note
    assert "12 of 30 positive cases were executed" in result.note
    odd = [one.path_parameters["sms_id"] for one in target.cases("negative")]
    assert all(re.match("nobody-[a-z]{8}", one) for one in odd)
    assert len(set(odd)) == 30
    assert {one.body for one in target.cases()} == {None}
    used = [one for _, one in target.log if one.mode == "positive"]
    assert len(used) == 12, "an id is not spent to make a finding small"


def test_an_invalid_id_is_made_small() -> None:
    target = Target({"percent": lambda request: "%" in request.path_parameters["sms_id"]})
    result = run(STUUT, target, cases=60, shrink=20)
    assert re.fullmatch("nobody-[a-z]{8}%", result.findings["percent"].path_parameters["sms_id"])


def test_a_generator_that_fails_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Composer, __: str) -> Any:
        raise RecursionError

    monkeypatch.setattr(Composer, "_case", broken)
    result = run(BLAND, Target(), cases=10)
    assert result.complete
    assert "schemathesis has no negative cases (RecursionError)" in result.note
    result = run(STUUT, Target(), cases=10)
    assert result.executed["positive"] == 5


# -- any other API

OTHER = r"""
openapi: 3.1.0
info: {title: Other, version: "1"}
security: [{key: []}]
paths:
  /threads/{thread}/notes:
    post:
      operationId: add-note
      parameters:
        - {name: thread, in: path, required: true, schema: {type: integer, minimum: 1}, example: 7}
        - {name: dry, in: query, schema: {type: boolean}}
        - {name: x-trace, in: header, schema: {type: string, pattern: '^[a-f]{4}$'}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [to, parts]
              properties:
                to:
                  type: object
                  required: [number]
                  properties:
                    number: {type: string, pattern: '^\+[1-9][0-9]{1,14}$', x-mask: phone}
                    name: {type: [string, "null"]}
                parts:
                  type: array
                  minItems: 1
                  maxItems: 2
                  items:
                    type: object
                    required: [text]
                    properties: {text: {type: string, maxLength: 20, x-mask: text}, kind: {enum: [plain, rich]}}
                code: {type: string, pattern: '^[A-Z]{3}$'}
                when: {type: string, format: date-time}
                level: {type: integer, minimum: 1, maximum: 5}
                any: {}
      responses: {"200": {description: done}}
  /notes:
    get:
      operationId: list-notes
      parameters:
        - {name: limit, in: query, required: true, schema: {type: integer, minimum: 1, maximum: 50}}
        - {name: tag, in: query, schema: {type: string, enum: [a, b]}}
      responses: {"200": {description: done}}
  /ping:
    get:
      operationId: ping
      responses: {"200": {description: done}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: x-key}}
"""


def test_other_apis_with_parameters_and_nested_bodies(tmp_path: Path) -> None:
    document = tmp_path / "other.yaml"
    document.write_text(OTHER)
    operations = {one.id: one for one in read_contract(str(document)).operations}

    target = Target({"two": positive(lambda sent: len(sent["parts"]) == 2)})
    result = run(operations["add-note"], target, cases=60, numbers={}, ids={"thread": ["7", "8"]}, shrink=60)
    assert result.complete
    sent = body(result.findings["two"])
    assert is_reserved(sent.pop("to")["number"])
    assert [len(one["text"]) <= 1 for one in sent["parts"]] == [True, True]
    assert "x-key" not in {name for one in target.cases() for name, _ in one.headers}

    target = Target()
    assert run(operations["list-notes"], target, cases=20, numbers={}, ids={}).complete
    assert all(1 <= int(dict(one.query)["limit"]) <= 50 for one in target.cases("positive"))
    assert {one.body for one in target.cases("positive")} == {None}

    result = run(operations["ping"], Target(), cases=20, numbers={}, ids={})
    assert result.executed == {"positive": 1, "negative": 0}
    assert "no more positive cases could be made; no more negative cases could be made" in result.note


def test_the_identity_tells_requests_apart() -> None:
    one = FuzzRequest("positive", {"a": "1"}, (("q", "1"),), (), b"{}")
    others = [
        FuzzRequest("positive", {"a": "2"}, (("q", "1"),), (), b"{}"),
        FuzzRequest("positive", {"a": "1"}, (), (), b"{}"),
        FuzzRequest("positive", {"a": "1"}, (("q", "1"),), (("h", "1"),), b"{}"),
        FuzzRequest("positive", {"a": "1"}, (("q", "1"),), (), b""),
        FuzzRequest("positive", {"a": "1"}, (("q", "1"),), (), None),
    ]
    assert len({hashlib.sha256(each.identity).digest() for each in [one, *others]}) == 6
    assert FuzzRequest("negative", {"a": "1"}, (("q", "1"),), (), b"{}").identity == one.identity
