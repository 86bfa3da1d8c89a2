"""Runs the gate in this process and says what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from smscontract.catalogue import load_catalogue
from smscontract.findings import Report
from smscontract.gate import Request, Target, gate, targets_of
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.policy import FailOn
from smscontract.terms import Terms
from smscontract.transport import Manners

STUUT, BLAND = "stuut.send-sms", "bland.create-sms"
TOKEN_ENV = "GATE_TEST_TOKEN"

#: Nobody waits in tests.
HASTY = Manners(sleep=lambda _: None, time_out=60)


@cache
def judge_of(*providers: str) -> Judge:
    return Judge(load_catalogue(providers))


def run(
    provider: str,
    url: str | None,
    *,
    token_env: str | None = None,
    resources: str | None = None,
    allowed_hosts: Sequence[str] = (),
    reveal: bool = False,
    **settings: Any,
) -> Report:
    catalogue = load_catalogue([provider])
    with targets_of(catalogue, url=url, token_env=token_env, resources=resources, allowed_hosts=allowed_hosts) as targets:
        return run_on(targets, reveal=reveal, **settings)


def run_on(targets: Sequence[Target], *, reveal: bool = False, **settings: Any) -> Report:
    catalogue = load_catalogue([target.provider for target in targets])
    masker = Masker(b"key", reveal=reveal, secrets=[target.token for target in targets if target.token])
    terms = Terms(fail_on=FailOn(settings.pop("fail_on", FailOn.MUST)))
    return gate(
        Request(**{"fuzz": 0, "max_time": 600.0, "manners": HASTY, "terms": terms, **settings}),
        Judge(catalogue, masker),
        targets,
    )


def broken(report: Report) -> dict[str, int]:
    return {one.clause: one.count for one in report.findings}


def reasons(report: Report, clause: str) -> set[str]:
    return {one.reason for one in report.not_judged if one.clause == clause}
