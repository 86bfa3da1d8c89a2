"""A credential that is refused ends a run early; a target that refuses for other reasons, or lets others in, is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from smscontract.resources import Entry, Resources
from tests.gate.faults import FAULTS
from tests.gate.run import BLAND, broken, run, run_on
from tests.gate.server import Reply, Seen, Server
from tests.gate.test_allowance import staging

Answer = Callable[[], Reply]
NO = b'{"data": null, "errors": [{"error": "NO", "message": "no"}]}'


def has(seen: Seen, token: str) -> bool:
    return seen.header("authorization").removeprefix("Bearer ") == token


def test_who_lets_others_in_is_broken_all_the_same(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The credential is wrong, and one that holds nothing opens the door."""
    monkeypatch.setenv("T", "a-token-of-somebody-else")
    inner = FAULTS["everybody is let in"].make()
    server.behave = lambda seen, answer: inner(seen, answer) if seen.header("authorization") == "" else answer()
    report = run("bland", server.url, token_env="T")
    assert f"{BLAND}/auth/absent" in broken(report)
    assert report.exit_code == 1


def test_what_is_not_asked_says_why(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "a-token-of-somebody-else")
    report = run("bland", server.url, token_env="T")
    assert "the credential is refused" in {one.reason for one in report.not_judged}
    assert len(server.arrived) < 60


@pytest.mark.parametrize(("good", "others"), [(403, 401), (401, 403)])
def test_another_answer_than_without_one_is_no_reason_to_stop(server: Server, good: int, others: int) -> None:
    token = server.handed["bland"]["token"]
    server.behave = lambda seen, _: Reply(good if has(seen, token) else others, NO)
    run("bland", server.url)
    assert len(server.arrived) > 200


def test_nor_is_a_refusal_of_the_first_requests_alone(server: Server) -> None:
    server.behave = lambda seen, answer: Reply(401, NO) if seen.number <= 20 else answer()
    run("bland", server.url)
    assert len(server.arrived) > 200


@pytest.mark.parametrize("status", [401, 403])
def test_nor_what_the_contract_has_refused(server: Server, status: int) -> None:
    """Only drafts of others are known: each of them is refused as somebody else's, which says nothing of the credential."""
    target = staging(server, "stuut")
    foreign = [Entry("sms_id", f"foreign-{number}", f"sms_of_others_{number}") for number in range(5)]
    known = Resources({"sms_id": {one.label: [one] for one in foreign}})

    def behave(seen: Seen, answer: Answer) -> Reply:
        return Reply(status, b'{"detail": "no"}') if "sms_of_others" in seen.target else answer()

    server.behave = behave
    report = run_on([replace(target, resources=known)], drafts_are_safe=True)
    assert "the credential is refused" not in {one.reason for one in report.not_judged}
    assert "the credential is refused" not in " ".join(map(str, report.causes))
