"""What the probe families promise: no stranger dialled, one mistake at a time, the same plan in every process, in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from smscontract.curl import curl_line
from smscontract.documents import Security
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request
from smscontract.numbers import may_dial_outside
from smscontract.plan import make_plan
from smscontract.probes._order import interleaved
from smscontract.probes.base import Case, Kit
from smscontract.resources import resources_from
from smscontract.runner._credentials import credential
from smscontract.sandbox.numbers import BLAND_FOREIGN, BLAND_OWNED, BLAND_USERS
from tests.faults.model import OPERATIONS, judge_of

RESOURCES = {
    "bland": {
        "agent_number": {"owned": list(BLAND_OWNED), "foreign": list(BLAND_FOREIGN)},
        "user_number": {"any": list(BLAND_USERS)},
    },
    "stuut": {"sms_id": {"draft": ["d1", "d2"], "inbound": ["i1"], "missing": ["m1"], "foreign": ["f1"]}},
}
TOKEN = "Token-of-nobody-63bec851384b"


def kit_of(provider: str) -> Kit:
    judge = judge_of(provider)
    operation = judge.catalogue.operations[OPERATIONS[provider]]
    return Kit(judge, operation, resources_from(RESOURCES[provider], "the test"))


def test_families_take_turns_and_keep_their_order() -> None:
    one, two = ([Case(name=f"{letter}{index}", aims=()) for index in range(6)] for letter in "ab")
    names = [case.name for case in interleaved([(2, 0, one), (1, 1, two)])]
    assert names == ["a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1", "b2", "b3", "b4", "b5"]
    assert interleaved([]) == []


def test_refusals_that_are_planned_have_one_cause() -> None:
    kit = kit_of("bland")
    plan = make_plan(kit)
    refused = [case for case in plan.cases if case.credential == "good" and any(aim.endswith(":refuses") for aim in case.aims)]
    assert len(refused) > 60
    for case in refused:
        assessment = kit.assess(case.body, headers=case.headers)
        assert assessment.validity == "invalid", case.name
        assert assessment.causes == 1 or case.body == b"{}", case.name


def test_no_planned_number_is_a_strangers() -> None:
    kit = kit_of("bland")
    granted = {entry.value for name in kit.phones for entry in kit.resources.entries(name)}
    for case in make_plan(kit).cases:
        try:
            body = json.loads(case.body)
        except ValueError:
            continue
        for name in kit.phones if isinstance(body, dict) else ():
            text = body.get(name)
            assert not isinstance(text, str) or text in granted or not may_dial_outside(text), case.name


@pytest.mark.parametrize("provider", OPERATIONS)
def test_plan_fits_the_budget(provider: str) -> None:
    plan = make_plan(kit_of(provider))
    assert len(plan.cases) <= 260
    assert len({case.name for case in plan.cases}) == len(plan.cases)


def test_plan_is_the_same_in_every_process() -> None:
    code = "from tests.probes.test_families import *; print([make_plan(kit_of(name)).digest() for name in OPERATIONS])"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert found == {f"{[make_plan(kit_of(name)).digest() for name in OPERATIONS]}\n"}


KINDS = ("absent", "garbage", "prefix", "case", "suffix", "empty", "scheme", "query", "other-scheme", "bare", "twice")


@pytest.mark.parametrize("provider", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_near_misses_are_no_good_credential(provider: str, kind: str) -> None:
    kit = kit_of(provider)
    chosen, good = credential(kit, kind, TOKEN), credential(kit, "good", TOKEN)
    assert chosen.value != good.value
    assert chosen.auth in (Auth.ABSENT, Auth.WRONG)


@pytest.mark.parametrize("kind", KINDS)
def test_curl_lines_of_near_misses_hold_no_token_and_send_it(kind: str) -> None:
    kit = kit_of("stuut")
    security = kit.operation.security
    assert isinstance(security, Security)
    value = credential(kit, kind, TOKEN).value
    headers = () if value is None else ((security.name, value),)
    query = f"?token={TOKEN}" if kind == "query" else ""
    request = Request(method="POST", url=f"http://127.0.0.1:1/x{query}", headers=headers, body=b"")
    line = curl_line(
        Exchange(request=request, response=None, origin=Origin(kind=OriginKind.LIVE), auth=Auth.WRONG), security, TOKEN
    )
    for secret in (TOKEN, TOKEN.swapcase(), TOKEN[:-8]):
        assert secret not in line
    shown = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {line}"], env={"TOKEN": TOKEN}, capture_output=True, text=True, check=True
    )
    words = shown.stdout.splitlines()
    assert request.url in words
    assert value is None or f"{security.name}: {value}" in words
