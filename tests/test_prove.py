"""`prove`: what bites is told from what does not, on exchanges and in servers, for anybody's contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from smscontract.broken import broken_sandbox, load_app
from smscontract.cli import run
from smscontract.documents import Clause
from smscontract.errors import UsageError
from smscontract.examples import base_exchange, broken_by
from smscontract.gate import Target, handover
from smscontract.prove import false_alarms, needs_server, prove
from smscontract.resources import resources_from
from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running
from smscontract.variations import variations
from tests.core import BLAND, DATA, PARCEL, STUUT, judge, parcel_judge, shipped

#: One clause of each kind that is only proved in a server, of both providers.
SERVED = [
    f"{STUUT}/auth/absent",
    f"{STUUT}/state/sms_id/inbound",
    f"{STUUT}/protocol/content-type",
    f"{STUUT}/rule/object-names-the-type",
    f"{STUUT}/rule/send-keeps-draft",
    f"{BLAND}/request/sender:refuses",
    f"{BLAND}/request/request_data:accepts",
    f"{BLAND}/rule/timeout-order:code",
    f"{BLAND}/rule/new-is-new",
    f"{BLAND}/protocol/no-server-error",
]


def test_every_shipped_clause_bites_on_exchanges() -> None:
    survivors = [one for one in prove(["stuut", "bland"], servers=None) if one.verdict != "killed" or not one.neighbours[0]]
    assert survivors == []


def test_what_keeps_the_contract_is_found_no_fault_with() -> None:
    count, alarms = false_alarms(judge())
    assert alarms == []
    assert count > 150


def test_variations_do_vary() -> None:
    for operation in shipped().operations.values():
        base = base_exchange(operation)
        found = dict(variations(base, operation))
        bodies = {changed.response.body for changed in found.values() if changed.response is not None}
        assert len(found) >= 10
        assert len(bodies) >= 6
        assert all(broken_by(judge(), [changed]) == [] for changed in found.values())


@pytest.mark.parametrize("identity", SERVED)
def test_a_clause_broken_in_a_server_is_named_alone(identity: str) -> None:
    assert needs_server(shipped().clauses[identity])
    (result,) = prove([identity.partition(".")[0]], servers=broken_sandbox, clauses=[identity])
    assert (result.verdict, result.how, result.reason) == ("killed", "server", "")


@pytest.mark.campaign
def test_every_shipped_clause_bites_in_a_server() -> None:
    survivors = [one for one in prove(["stuut", "bland"], servers=broken_sandbox, workers=2) if one.verdict != "killed"]
    assert survivors == []


def sound_sandbox(_: object) -> object:
    """A server in which nothing is broken, whatever was asked for."""

    @contextmanager
    def live(clause: Clause) -> Iterator[list[Target]]:
        with running(create_app()) as server:
            base = urlsplit(server.url)
            entry = (handover(base) or {})[clause.provider]
            found = resources_from(entry["resources"], "the sandbox")
            yield [Target(provider=clause.provider, url=base, token=str(entry["token"]), resources=found, sandbox=True)]

    return live


def test_what_nobody_notices_survives() -> None:
    identity = f"{STUUT}/auth/wrong"
    (result,) = prove(["stuut"], servers=sound_sandbox, clauses=[identity])  # type: ignore[arg-type]  # the same shape
    assert result.verdict == "survived"
    assert "nothing was named" in result.reason


def test_a_clause_without_teeth_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = tmp_path / "mine.yaml"
    contract.write_text(
        f"extends: {PARCEL}\n"
        "parcel-status:\n"
        "  rules:\n"
        "    says-nothing: {says: an answer has a status, then: {got.status: {is: given}}}\n"
    )
    assert run(["prove", str(contract), "--pure"]) == 0
    out = capsys.readouterr().out
    assert "cannot    mine.parcel-status/rule/says-nothing" in out
    assert "1 clause cannot be broken" in out
    assert "76 of 77 clauses bite" in out


def test_ones_own_application_is_broken_in_front_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    resources = tmp_path / "resources.yaml"
    resources.write_text("parcel_id: {any: [par_7, par_8]}\n")
    words = ["prove", str(PARCEL), "--app", "tests.data.parcel_app:app", "--resources", str(resources), "--format", "json"]
    code = run([*words, "--workers", "1", "--select", "parcel.parcel-status/protocol/json"])
    report = json.loads(capsys.readouterr().out)
    assert {one["how"] for one in report["results"]} == {"server"}
    assert report["bite"] == report["clauses"]
    assert code == 0


@pytest.mark.parametrize("spec", ["nothing", "no.such.module:app", "tests.data.parcel_app:other"])
def test_an_application_that_is_not_there(spec: str) -> None:
    with pytest.raises(UsageError):
        load_app(spec)


def test_an_application_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "falls_over.py").write_text("raise ValueError('token-0123456789')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="ValueError") as told:
        load_app("falls_over:app")
    assert "token-0123456789" not in str(told.value)


def test_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", "--select", "nothing"]) == 2
    assert run(["prove", "--app", "tests.data.parcel_app:app"]) == 2
    assert run(["prove", str(PARCEL), "--app", "tests.data.parcel_app:app", "--token-env", "NOT_SET_ANYWHERE"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_third_provider_bites() -> None:
    results = list(prove([str(DATA / "parcel.yaml")], servers=None))
    assert {one.verdict for one in results} == {"killed"}
    assert false_alarms(parcel_judge())[1] == []
