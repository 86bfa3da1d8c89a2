"""The whole gate against the sandbox: silent where it is correct, exact where a clause is broken, small where fuzzing finds."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from smscontract.broken import broken_sandbox
from smscontract.gate import Target, handover
from smscontract.policy import FailOn
from smscontract.resources import resources_from
from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running
from smscontract.transport import Manners
from tests.core import shipped
from tests.gate.run import BLAND, STUUT, broken, run, run_on

#: Every family of clauses, both providers.
THIRTY = [
    f"{STUUT}/200/modified_at:required",
    f"{STUUT}/200/classifications/items/reason:required",
    f"{STUUT}/200/direction:null",
    f"{STUUT}/200/sms_thread_id:null",
    f"{STUUT}/200/is_automated:type",
    f"{STUUT}/200/status:enum",
    f"{STUUT}/200/created_at:format",
    f"{STUUT}/200/created_at:offset",
    f"{STUUT}/rule/object-names-the-type",
    f"{STUUT}/rule/delivered-has-times",
    f"{STUUT}/rule/answers-for-the-asked-id",
    f"{STUUT}/rule/send-keeps-draft",
    f"{STUUT}/rule/refusal-carries-no-message",
    f"{STUUT}/state/sms_id/inbound",
    f"{STUUT}/auth/wrong",
    f"{STUUT}/protocol/unique-keys",
    f"{BLAND}/2XX/data:required",
    f"{BLAND}/2XX/data/conversation_id:null",
    f"{BLAND}/2XX/data/workflow_id:type",
    f"{BLAND}/4XX/errors/items/error:type",
    f"{BLAND}/request/user_number:refuses",
    f"{BLAND}/request/sender:accepts",
    f"{BLAND}/rule/timeout-order",
    f"{BLAND}/rule/failure-lists-errors",
    f"{BLAND}/rule/new-is-new",
    f"{BLAND}/rule/active-reused",
    f"{BLAND}/rule/ids-differ",
    f"{BLAND}/auth/absent",
    f"{BLAND}/protocol/content-type",
    f"{BLAND}/protocol/no-server-error",
]


def asked_each_time() -> set[str]:
    """One of each family, some of both providers; all thirty by hand."""
    first = {shipped().clauses[one].family: one for one in reversed(THIRTY)}
    return {*first.values(), *[one for one in THIRTY if one.startswith(BLAND)][::4]}


CASES = [one if one in asked_each_time() else pytest.param(one, marks=pytest.mark.campaign) for one in THIRTY]


@pytest.mark.parametrize("identity", CASES)
def test_the_gate_names_exactly_the_clause_that_is_broken(identity: str) -> None:
    clause = shipped().clauses[identity]
    with broken_sandbox(shipped())(clause) as targets:
        assert targets is not None
        report = run_on(targets, fail_on=FailOn.SHOULD, manners=Manners())
    assert list(broken(report)) == [identity]
    assert report.exit_code == 1


def test_thirty_clauses_are_of_all_families() -> None:
    clauses = [shipped().clauses[identity] for identity in THIRTY]
    assert len(set(THIRTY)) == 30
    assert {clause.family for clause in clauses} == {clause.family for clause in shipped().clauses.values()}


def silent(provider: str, seed: int) -> None:
    report = run(provider, None, seed=seed, fuzz=100, max_requests=1000, max_time=600.0, fail_on=FailOn.NEW)
    assert broken(report) == {}
    assert report.new == ()
    (operation,) = report.operations
    assert sum(operation.fuzzed.values()) >= 100, operation.notes
    assert report.exit_code == 0


@pytest.mark.parametrize("provider", ["stuut", "bland"])
@pytest.mark.parametrize("seed", range(3))
def test_a_correct_server_gives_no_finding(provider: str, seed: int) -> None:
    silent(provider, seed)


@pytest.mark.campaign
@pytest.mark.parametrize("provider", ["stuut", "bland"])
@pytest.mark.parametrize("seed", range(3, 23))
def test_a_correct_server_gives_no_finding_whatever_the_seed(provider: str, seed: int) -> None:
    silent(provider, seed)


def met(body: bytes) -> bool:
    """Three facts together, which no case of the plan has."""
    try:
        sent = json.loads(body)
    except ValueError:
        return False
    if not isinstance(sent, dict) or sent.get("sender") != "USER":
        return False
    data, message = sent.get("request_data"), sent.get("message")
    nested = isinstance(data, dict) and any(isinstance(value, dict | list) for value in data.values())
    return nested and isinstance(message, str) and len(message) > 160


def faulty(app: Any) -> Callable[..., Awaitable[None]]:
    """The application, but for requests that meet `met`: their workflow is a number."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        message = await receive()

        async def again() -> Any:
            return message

        async def changed(out: Any) -> None:
            if out["type"] == "http.response.body" and met(message.get("body", b"")) and b'"workflow_id"' in out["body"]:
                answer = json.loads(out["body"])
                length = len(out["body"])
                answer["data"]["workflow_id"] = 7
                out = {**out, "body": json.dumps(answer).encode().ljust(length)}
            await send(out)

        await app(scope, again, changed)

    return wrapped


def test_what_only_fuzzing_reaches_is_found_and_made_small(tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    with running(faulty(create_app())) as server:
        base = urlsplit(server.url)
        entry = (handover(base) or {})["bland"]
        found = resources_from(entry["resources"], "the sandbox")
        target = Target(provider="bland", url=base, token=str(entry["token"]), resources=found, sandbox=True)
        settings: dict[str, Any] = {"fuzz": 160, "max_requests": 600, "max_time": 600.0, "record": str(record)}
        report = run_on([target], seed=1, fail_on=FailOn.SHOULD, **settings)
    identity = f"{BLAND}/2XX/data/workflow_id:type"
    assert list(broken(report)) == [identity]
    (one,) = report.findings
    assert one.first.origin.source == "fuzz"
    smallest = int(one.note.rpartition("smallest in request ")[2].split(";")[0])
    lines = [json.loads(line) for line in record.read_bytes().split(b"\n")[1:] if line]
    (shrunk,) = [json.loads(line["request"]["body"]) for line in lines if line["number"] == smallest]
    assert set(shrunk) == {"user_number", "agent_number", "message", "sender", "request_data"}
    assert shrunk["sender"] == "USER"
    assert len(shrunk["message"]) == 161
    assert len(set(shrunk["message"])) == 1
    assert len(json.dumps(shrunk["request_data"])) <= len('{"a": {}}')
    assert "'" + shrunk["message"][:20] in one.curl or shrunk["message"][:20] in one.curl
