"""A plain `st run` with our hooks judges our clauses: quiet on the sandbox, and by name where one is broken."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp

from smscontract.breaker import Breaker, parse_breaks
from smscontract.catalogue import load_catalogue
from smscontract.gate import handover
from smscontract.numbers import is_reserved, readings
from smscontract.sandbox.app import create_app
from smscontract.sandbox.knowledge import knowledge
from smscontract.sandbox.server import running
from tests.faults.catalogue import FAULTS
from tests.gate.server import Server, listening
from tests.tools.programs import TOP

CATALOGUE = load_catalogue()
CHECK = "smscontract_clauses"
_AUTH = {
    "stuut": '[auth.openapi.bearer]\nbearer = "${TARGET_TOKEN}"',
    "bland": '[auth.openapi.key]\napi_key = "${TARGET_TOKEN}"',
}
#: The checks of schemathesis have tests of their own; with fewer cases a run takes seconds.
_CONFIG = """
seed = 4
workers = 1
continue-on-failure = true
[generation]
database = "none"
max-examples = {examples}
[cache]
enabled = false
{auth}
"""

pytestmark = pytest.mark.tools


@dataclass
class Ran:
    """What a run left."""

    code: int
    output: str
    failures: set[str]
    bodies: list[bytes]
    accepted: int


def st_run(app: ASGIApp, provider: str, folder: Path, *, examples: int = 20, **environment: str) -> Ran:
    with running(app) as server:
        token = str((handover(urlsplit(server.url)) or {})[provider]["token"])
        return st_run_on(server.url, token, provider, folder, examples=examples, **environment)


def st_run_on(url: str, token: str, provider: str, folder: Path, *, examples: int = 20, **environment: str) -> Ran:
    folder.mkdir(exist_ok=True)
    (folder / "st.toml").write_text(_CONFIG.format(examples=examples, auth=_AUTH[provider]), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", folder / "st.toml", "run", TOP / "openapi" / f"{provider}.yaml", "--url", url),
            *("--no-color", "--report-ndjson-path", folder / "run.ndjson"),
        ],
        cwd=folder,
        env=os.environ
        | {"TARGET_TOKEN": token, "SCHEMATHESIS_HOOKS": "smscontract.st_hooks", "PYTHONPATH": str(TOP)}
        | {"SMSCONTRACT_FAIL_ON": "should"}
        | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout + done.stderr, set(), [], 0)
    if (folder / "run.ndjson").exists():
        for line in (folder / "run.ndjson").read_text(encoding="utf-8").splitlines():
            _take(json.loads(line), ran)
    return ran


def _take(line: dict[str, Any], ran: Ran) -> None:
    recorder = line.get("ScenarioFinished", {}).get("recorder", {})
    for checks in recorder.get("checks", {}).values():
        ran.failures |= {
            check["failure_info"]["failure"]["title"]
            for check in checks
            if check["status"] == "failure" and check["name"] == CHECK
        }
    for one in recorder.get("interactions", {}).values():
        sent = one["request"].get("body") or {}
        ran.bodies.append(base64.b64decode(sent.get("$base64", "")) if isinstance(sent, dict) else str(sent).encode())
        ran.accepted += (one["response"] or {}).get("status_code") in {200, 201}


def broken(*specs: str) -> ASGIApp:
    sandbox = create_app()
    return Breaker(
        sandbox,
        CATALOGUE,
        parse_breaks(specs, CATALOGUE),
        knowledge=lambda exchange: knowledge(sandbox, exchange),
        exact=True,
    )


@pytest.mark.parametrize(("provider", "accepted"), [("stuut", 10), ("bland", 20)])
def test_nothing_is_said_of_the_sandbox(provider: str, accepted: int, tmp_path: Path) -> None:
    ran = st_run(create_app(), provider, tmp_path, examples=40)
    assert ran.failures == set(), ran.output
    assert CHECK not in ran.output
    assert ran.code == 0, ran.output  # the checks of schemathesis have nothing to say either
    assert ran.accepted >= accepted
    for body in ran.bodies:
        if body.startswith(b"{"):
            sent = json.loads(body)
            numbers = {one for name in ("user_number", "agent_number") for one in readings(str(sent.get(name, "")))}
            assert all(is_reserved(one) for one in numbers), body


SEEN = ("stuut.send-sms/rule/delivered-has-times", "bland.create-sms/request/message:refuses")
MORE = (
    "stuut.send-sms/200/sent_at:format",
    "stuut.send-sms/rule/answers-for-the-asked-id",
    "bland.create-sms/2XX/data/conversation_id:type",
    "bland.create-sms/protocol/one-value",
)


@pytest.mark.parametrize("spec", [*SEEN, *(pytest.param(one, marks=pytest.mark.campaign) for one in MORE)])
def test_a_broken_clause_is_named_with_the_words_and_a_curl_line(spec: str, tmp_path: Path) -> None:
    ran = st_run(broken(spec), spec.partition(".")[0], tmp_path)
    assert ran.code == 1, ran.output
    assert ran.failures == {spec}, ran.output
    assert spec in ran.output
    assert "curl -sS -i" in ran.output
    assert f"says {CATALOGUE.clauses[spec].says}" in " ".join(ran.output.split())


@pytest.mark.campaign
def test_what_only_a_history_shows_is_named(tmp_path: Path) -> None:
    fault = FAULTS["bland-conversation-id-is-the-workflows"]
    ran = st_run(fault.build(), "bland", tmp_path)
    assert {f"bland.create-sms/{one}" for one in fault.expected} & ran.failures, ran.output


def test_a_variable_that_cannot_be_used_is_said_without_a_traceback(tmp_path: Path) -> None:
    ran = st_run(create_app(), "bland", tmp_path, SMSCONTRACT_FAIL_ON="sometimes")
    assert ran.code == 2
    assert "SMSCONTRACT_FAIL_ON is `sometimes`" in ran.output
    assert "Traceback" not in ran.output
    ran = st_run(create_app(), "bland", tmp_path, SMSCONTRACT_RESOURCES=str(tmp_path / "none.yaml"))
    assert ran.code == 2
    assert "none.yaml" in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(
    ("provider", "token", "environment", "says"),
    [
        ("bland", "wrong", {}, ("bland.create-sms", "and none had the good credential", '-H "authorization: $TOKEN"')),
        ("stuut", "good", {"ids": "sms_never"}, ("stuut.send-sms", "No request was accepted: 404", "SMSCONTRACT_RESOURCES")),
        ("bland", "good", {"SMSCONTRACT_CONTRACT": "stuut"}, ("no operation", "met none of stuut.send-sms")),
    ],
    ids=["wrong-credential", "nothing-exists", "another-contract"],
)
def test_a_run_in_which_nothing_was_accepted_fails(
    provider: str, token: str, environment: dict[str, str], says: tuple[str, ...], tmp_path: Path
) -> None:
    with listening(Server()) as server:
        if "ids" in environment:
            (tmp_path / "resources.yaml").write_text(f"sms_id: {{draft: [{environment['ids']}]}}", encoding="utf-8")
            environment = {"SMSCONTRACT_RESOURCES": str(tmp_path / "resources.yaml")}
        shown = str(server.handed[provider]["token"]) if token == "good" else token
        ran = st_run_on(server.url, shown, provider, tmp_path, examples=1, **environment)
    assert ran.code == 1, ran.output
    assert f"Cannot tell: {says[0]}" in ran.output
    assert all(one in " ".join(ran.output.split()) for one in says), ran.output


def test_a_run_that_may_text_nobody_it_knows_fails(tmp_path: Path) -> None:
    with listening(Server()) as server:
        token = str(server.handed["stuut"]["token"])
        server.offers = False
        ran = st_run_on(server.url, token, "stuut", tmp_path, examples=1)
        assert not [one for one in server.arrived if one.target.endswith("/send") and one.method == "POST"], ran.output
    assert ran.code == 1, ran.output
    assert "No existing sms_id is known that may be sent" in " ".join(ran.output.split())


def test_elsewhere_only_messages_to_reserved_numbers_are_sent(tmp_path: Path) -> None:
    """A target that is no sandbox of ours: what a message's recipient is only the resources say."""
    with listening(Server()) as server:
        first, *others = server.handed["stuut"]["resources"]["sms_id"]["draft"]
        safe = first["id"]
        known = {"sms_id": {"draft": [first, *(one["id"] for one in others[:20])]}}
        (tmp_path / "resources.yaml").write_text(json.dumps(known), encoding="utf-8")
        server.offers = False
        ran = st_run_on(
            server.url,
            str(server.handed["stuut"]["token"]),
            "stuut",
            tmp_path,
            SMSCONTRACT_RESOURCES=str(tmp_path / "resources.yaml"),
            SMSCONTRACT_TOKEN_ENV="TARGET_TOKEN",
        )
        named = {one.target.split("/")[4] for one in server.arrived if one.target.endswith("/send") and one.method == "POST"}
    assert ran.failures == set(), ran.output
    assert ran.accepted >= 1
    assert named == {safe}
