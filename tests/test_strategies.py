"""Strategies for users: what is drawn is what it says, and nobody could ever be texted by it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import find as hypothesis_find
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import smscontract
from smscontract.catalogue import load_catalogue
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request, Response, Wire
from smscontract.judge import Judge
from smscontract.numbers import may_dial_outside
from smscontract.strategies import TOKEN, SampleAnswer, SampleRequest, answers, requests
from smscontract.transport import Leash

PARCELS = "tests/data/parcel.yaml"
OPERATIONS = ("bland.create-sms", "stuut.send-sms", PARCELS)
JUDGES = {name: Judge(load_catalogue((name.partition(".")[0] if name != PARCELS else name,))) for name in OPERATIONS}
FEW = settings(max_examples=25, database=None, phases=[Phase.generate])


def find(strategy: Any, wanted: Callable[[Any], bool]) -> Any:
    """The smallest, without the phase that explains it: that one traces every line."""
    phases = [Phase.generate, Phase.shrink]
    return hypothesis_find(strategy, wanted, settings=settings(database=None, phases=phases, max_examples=5000))


def exchange(sample: SampleRequest, response: Response | None = None) -> Exchange:
    """The request put together as our own transport would, from nothing but what the user is given."""
    return Exchange(
        request=Request(
            method=sample.method,
            url=f"https://api.example.test{sample.path}",
            headers=sample.headers,
            body=sample.body or b"",
        ),
        response=response,
        origin=Origin(kind=OriginKind.TEST),
        sent_at=1772445600.0,
        received_at=1772445600.1,
        auth=Auth(sample.auth),
        known={name: {"label": label, "state": label} for name, label in sample.known.items()},
        wire=Wire.EXACT,
        own_record=True,
    )


def assert_is_what_it_says(name: str, sample: SampleRequest) -> None:
    judge = JUDGES[name]
    view = judge.view(exchange(sample))
    assert view is not None
    assert view.exchange.operation == sample.operation
    assert view.exchange.path_parameters == sample.path_parameters
    found = view.assessment
    assert found.validity == sample.validity
    assert found.causes + (sample.auth != "good") == (1 if sample.validity == "invalid" else found.causes)
    assert (sample.clause in judge.catalogue.clauses) == (sample.validity == "invalid")
    # Accepted all the same, it breaks the clause that it names.
    if sample.validity == "invalid":
        accepted = Response(status=200, headers=(("content-type", "application/json"),), body=b"{}")
        broken = {finding.clause for finding in judge.judge(exchange(sample, accepted)).findings}
        assert sample.clause in broken
    operation = judge.catalogue.operations[sample.operation]
    Leash().check(operation, sample.path, sample.path_parameters, sample.body or b"")
    if sample.body is not None and sample.validity != "invalid":
        members = {one for one, node in operation.body.node.properties.items() if node.mask == "phone"}  # type: ignore[union-attr]
        assert not any(may_dial_outside(str(sample.json[one])) for one in members & set(sample.json))


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
def test_valid_requests_are_valid(name: str, data: Any) -> None:
    sample = data.draw(requests(name))
    assert sample.validity == "valid"
    assert_is_what_it_says(name, sample)


@pytest.mark.parametrize("name", OPERATIONS[:2])
@FEW
@given(data=st.data())
def test_invalid_requests_are_wrong_in_the_one_thing_that_they_name(name: str, data: Any) -> None:
    sample = data.draw(requests(name, valid=False))
    assert sample.validity == "invalid"
    assert_is_what_it_says(name, sample)


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
def test_any_requests_are_what_they_say(name: str, data: Any) -> None:
    assert_is_what_it_says(name, data.draw(requests(name, valid=None)))


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
def test_nothing_is_wrong_with_an_answer(name: str, data: Any) -> None:
    sample = data.draw(answers(name))
    assert_is_what_it_says(name, sample.request)
    judgement = JUDGES[name].judge(
        exchange(sample.request, Response(status=sample.status, headers=sample.headers, body=sample.body))
    )
    assert judgement.findings == ()
    assert judgement.new == ()


def test_every_clause_that_has_a_request_refused_is_drawn() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=700, database=None, phases=[Phase.generate], derandomize=True)
    @given(requests("bland.create-sms", valid=False))
    def draw(sample: SampleRequest) -> None:
        seen[sample.clause.partition("/")[2]] += 1

    draw()
    clauses = {one.partition("/")[2] for one in JUDGES["bland.create-sms"].catalogue.clauses}
    refusing = {one for one in clauses if one.endswith(":refuses")}
    assert set(seen) == refusing | {"rule/timeout-order", "rule/owned-number", "auth/absent", "auth/wrong"}


def test_answers_show_every_member_that_a_sent_message_can_have() -> None:
    seen: set[Any] = set()

    @settings(max_examples=150, database=None, phases=[Phase.generate], derandomize=True)
    @given(answers("stuut.send-sms", status=200))
    def draw(sample: SampleAnswer) -> None:
        seen.add(sample.json["status"])
        seen.update((name, sample.json[name] is None) for name in ("modified_at", "sent_at", "delivered_at", "error_message"))

    draw()
    assert {one for one in seen if isinstance(one, str)} == {"pending", "sent", "delivered", "failed", "undelivered"}
    assert len(seen) == 5 + 8


@pytest.mark.parametrize("status", ["pending", "sent", "delivered", "failed", "undelivered"])
def test_answers_have_what_is_asked_for(status: str) -> None:
    sample = find(answers("stuut.send-sms", having={"/status": status, "is_automated": True}), lambda _: True)
    assert (sample.status, sample.json["status"], sample.json["is_automated"]) == (200, status, True)
    assert sample.json["id"] == sample.request.path_parameters["sms_id"]


@pytest.mark.parametrize(
    ("status", "clauses"),
    [(401, {"auth/absent", "auth/wrong"}), (404, {"state/sms_id/missing", "state/sms_id/foreign", "state/sms_id/inbound"})],
)
def test_a_refusal_fits_what_was_asked(status: int, clauses: set[str]) -> None:
    seen = set()

    @settings(max_examples=60, database=None, phases=[Phase.generate], derandomize=True)
    @given(answers("stuut.send-sms", status=status))
    def draw(sample: SampleAnswer) -> None:
        assert sample.status == status
        seen.add(sample.request.clause.partition("/")[2])

    draw()
    assert seen == clauses


def test_ids_numbers_and_token_are_taken_from_the_user() -> None:
    sample = find(requests("stuut.send-sms", ids={"sms_id": ["a/b"]}, token="mine"), lambda _: True)
    assert (sample.path, unquote(sample.path).count("a/b")) == ("/v2/sms-threads/messages/a%2Fb/send", 1)
    assert ("authorization", "Bearer mine") in sample.headers
    sample = find(requests("bland", numbers={"agent_number": ["+14155550177"]}), lambda _: True)
    assert sample.json["agent_number"] == "+14155550177"
    assert sample.known == {"agent_number": "owned"}
    assert ("authorization", TOKEN) in sample.headers


def test_what_fails_shrinks_to_little() -> None:
    sample = find(requests("bland"), lambda one: len(one.json["message"]) > 160 and "sender" in one.json)
    assert (sample.json["message"], sample.json["sender"]) == ("a" * 161, "USER")
    assert set(sample.json) == {"user_number", "agent_number", "message", "sender"}
    sample = find(requests("bland", valid=False), lambda one: one.clause.endswith("/sender:refuses"))
    assert len(sample.json) == 4
    answer = find(answers("stuut.send-sms"), lambda one: one.status == 200 and one.json["delivered_at"] is not None)
    assert (answer.json["classifications"], answer.json["error_message"]) == ([], None)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: requests("nobody.at-all"), "nobody.at-all"),
        (lambda: requests("stuut.send-smss"), "send-sms"),
        (lambda: requests(PARCELS, valid=False), "nothing that would be refused"),
        (lambda: requests("bland", numbers={"user_number": ["+14155551234"]}), "not reserved"),
        (lambda: answers("bland", status=500), "no answer with status 500"),
        (lambda: answers("stuut.send-sms", having={"status": "draft"}), '"draft"'),
        (lambda: answers("stuut.send-sms", having={"status": "queued"}), '"queued"'),
    ],
)
def test_what_cannot_be_drawn_is_said_at_once(ask: Any, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        ask()


def test_a_sample_is_a_frozen_value() -> None:
    sample = find(requests("bland"), lambda _: True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.body = b""
    assert sample == dataclasses.replace(sample)
    assert dataclasses.replace(sample, body=None).json is None


_DRAWN = """
from hypothesis import Phase, given, settings
import smscontract
out = []
for strategy in (
    smscontract.strategies.requests("bland.create-sms", valid=None),
    smscontract.strategies.answers("stuut.send-sms"),
):
    @settings(max_examples=25, database=None, phases=[Phase.generate], derandomize=True)
    @given(strategy)
    def draw(one):
        out.append(repr(one))
    draw()
import hashlib
print(hashlib.sha256("".join(out).encode()).hexdigest())
"""


def test_the_same_is_drawn_in_every_process() -> None:
    """Or what Hypothesis keeps of a failure would stand for something else the next time."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DRAWN],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
            cwd=Path(__file__).parents[1],
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert all(len(one.strip()) == hashlib.sha256().digest_size * 2 for one in digests)


_USERS_TEST = """
import json
from hypothesis import given, settings
from smscontract import strategies

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")


@given(strategies.requests("bland.create-sms", valid=None))
def test_request(request):
    assert json.dumps(request.path)


@given(strategies.answers("stuut.send-sms"))
def test_answer(answer):
    assert answer.status in {200, 400, 401, 403, 404, 409, 422}
"""


def test_a_users_tests_pass_hypothesis_own_health_checks(tmp_path: Path) -> None:
    (tmp_path / "test_user.py").write_text(_USERS_TEST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_package_has_them_and_nothing_else() -> None:
    assert smscontract.strategies.requests is requests
    with pytest.raises(AttributeError, match="no_such"):
        smscontract.no_such  # noqa: B018
    assert json.loads(json.dumps(smscontract.__version__))
