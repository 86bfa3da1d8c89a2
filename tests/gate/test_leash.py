"""No text to a stranger: only reserved numbers arrive at a server that listens, and no host is probed that nobody named."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.cli import run as command
from smscontract.errors import UsageError
from smscontract.numbers import is_reserved, may_dial_outside, readings
from smscontract.transport import Leash, LeashError, target_url
from tests.gate.run import BLAND, STUUT, TOKEN_ENV, judge_of, reasons, run
from tests.gate.server import Reply, Seen, Server

PHONES = {"user_number", "agent_number"}
STRANGER, GRANTED = "+14155557345", "+442071838750"


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def strangers(seen: Seen, granted: frozenset[str] = frozenset()) -> list[str]:
    """Every number in a request that could be dialled and that nobody reserved."""
    found = [one for one in re.findall(r"\+[1-9][0-9]{6,14}", seen.body.decode("utf-8", "replace")) if one not in granted]
    outside = [one for one in found if not is_reserved(one) and any(not is_reserved(two) for two in readings(one))]
    try:
        body = json.loads(seen.body)
    except ValueError:
        return outside
    for name in PHONES & set(body if isinstance(body, dict) else ()):
        for leaf in leaves(body[name]):
            if isinstance(leaf, str | int | float) and not isinstance(leaf, bool) and leaf not in granted:
                outside += [str(leaf)] if may_dial_outside(str(leaf)) else []
    return outside


@pytest.mark.parametrize("seed", range(5))
def test_only_reserved_numbers_arrive_in_the_plan(server: Server, seed: int) -> None:
    run("bland", server.url, seed=seed)
    assert len(server.arrived) > 80
    assert [strangers(seen) for seen in server.arrived if strangers(seen)] == []


@pytest.mark.parametrize("seed", range(3))
def test_only_reserved_numbers_arrive_in_any_tier(server: Server, seed: int) -> None:
    # A break that only fuzzing reaches, so that findings are made small too.
    server.behave = lambda seen, answer: answer().with_json({"odd": 1}) if b'"AGENT"' in seen.body else answer()
    report = run("bland", server.url, seed=seed, fuzz=None, max_requests=300)
    assert {"plan", "fuzz"} <= set(report.operations[0].tiers)
    assert len(server.arrived) > 200
    assert [strangers(seen) for seen in server.arrived if strangers(seen)] == []


@pytest.mark.parametrize("fuzz", [0, 60])
def test_numbers_that_the_resources_name_are_sent_at_their_place_alone(server: Server, tmp_path: Path, fuzz: int) -> None:
    file = tmp_path / "resources.yaml"
    owned, foreign = server.handed["bland"]["resources"]["agent_number"].values()
    file.write_text(
        f'agent_number: {{owned: ["{owned[0]}"], foreign: ["{foreign[0]}"]}}\nuser_number: {{any: ["{GRANTED}"]}}\n', "utf-8"
    )
    run("bland", server.url, resources=str(file), fuzz=fuzz)
    values = [seen.json.get("user_number") for seen in server.arrived if seen.body.startswith(b"{") and b"}" in seen.body[-1:]]
    assert GRANTED in values
    assert [strangers(seen, frozenset({GRANTED})) for seen in server.arrived if strangers(seen, frozenset({GRANTED}))] == []
    assert not any(GRANTED in str(seen.fields.get("agent_number")) for seen in server.arrived)


def check(body: bytes | Any, granted: dict[str, list[str]] | None = None) -> bool:
    """Whether the leash lets a body go."""
    leash = Leash(granted)
    operation = judge_of("bland").catalogue.operations[BLAND]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    says = ""
    try:
        leash.check(operation, "/v1/sms/create", {}, raw)
    except LeashError as error:
        says = str(error)
    assert leash.stopped == bool(says)
    assert not any(character.isdigit() for character in says)
    return not says


OK = {"user_number": "+14155550123", "agent_number": "+14155550100", "message": "Hi"}


@pytest.mark.parametrize(
    "body",
    [
        OK,
        {**OK, "message": "call +44 20 7183 8750", "request_data": {"phone": GRANTED, "list": [STRANGER]}},
        {**OK, "time_out": 1234567890, "extra": 123456, "flag": True},
        {**OK, "user_number": None},
        {**OK, "user_number": {"number": "+14155550123"}},
        [],
        "text",
        json.dumps(OK).encode()[:-1],
        json.dumps({**OK, "time_out": 600}).encode()[:-1],
        b"",
        b"\xff\xfe",
    ],
)
def test_the_leash_lets_go(body: Any) -> None:
    assert check(body)


@pytest.mark.parametrize(
    "body",
    [
        {**OK, "user_number": STRANGER},
        {**OK, "user_number": [STRANGER]},
        {**OK, "user_number": {"number": STRANGER}},
        {**OK, "user_number": {"a": {"b": ["12345"]}}},
        {**OK, "user_number": 14155557345},
        {**OK, "user_number": 14155557345.0},
        {**OK, "user_number": " (415) 555-7345 "},
        {**OK, "user_number": "\u0664\u0664\u0662\u0660\u0667\u0661\u0668\u0663\u0668\u0667\u0665\u0660"},
        {**OK, "to": STRANGER},
        {**OK, "to": {"deep": [STRANGER]}},
        {**OK, STRANGER: 1},
        [STRANGER],
        STRANGER,
        14155557345,
        b'{"user_number": "+14155550123", "user_number": "+14155557345"}',
        b'{"user_number": "\\u002b14155557345"',
        b'{"user_number": "+1415555734\\u0035"',
        b'{"user_number": "+14155557345", oops',
        b"user_number=%2B14155557345&agent_number=x",
        b"{'user_number': '+14155557345'}",
        '{"user_number": "+14155557345"}'.encode("utf-16"),
        b'{"user_number": +14155557345}',
        b'\xff{"user_number": "4155557345"}',
    ],
)
def test_the_leash_holds(body: Any) -> None:
    assert not check(body)


def test_a_granted_number_is_granted_at_its_own_place() -> None:
    granted = {"agent_number": [STRANGER]}
    assert check({**OK, "agent_number": STRANGER}, granted)
    assert not check({**OK, "user_number": STRANGER}, granted)
    assert not check({**OK, "agent_number": f"{STRANGER}0"}, granted)
    assert not check({**OK, "agent_number": f" {STRANGER}"}, granted)


@given(st.text(st.sampled_from('+0123456789 -()."\\u'), max_size=24))
def test_whatever_stands_at_a_number_is_read_in_every_way(text: str) -> None:
    assert check({**OK, "user_number": text}) == (not may_dial_outside(text))


# -- Stuut: nothing in the request says whom it texts


RECIPIENT = "+14155550123"


@pytest.fixture
def ids(target: Server) -> dict[str, str]:
    given = target.handed["stuut"]["resources"]["sms_id"]
    return {label: one[0] if isinstance(one[0], str) else one[0]["id"] for label, one in given.items()}


def sent(target: Server) -> set[str]:
    return {unquote(seen.target.rstrip("/").split("/")[-2]) for seen in target.arrived}


def resources(tmp_path: Path, sms_id: dict[str, list[Any]]) -> str:
    file = tmp_path / "resources.json"
    file.write_text(json.dumps({"sms_id": sms_id}), "utf-8")
    return str(file)


@pytest.mark.parametrize("fuzz", [0, 30])
@pytest.mark.parametrize("entry", [{}, {"to_number": STRANGER}, {"body": "x"}])
def test_a_draft_of_unknown_recipient_is_not_sent(
    target: Server, ids: dict[str, str], tmp_path: Path, entry: dict[str, str], fuzz: int
) -> None:
    file = resources(tmp_path, {"draft": [{"id": ids["draft"], **entry}], "missing": [ids["missing"]]})
    report = run("stuut", target.url, resources=file, token_env=TOKEN_ENV, fuzz=fuzz)
    assert sent(target) == {ids["missing"]}
    assert reasons(report, f"{STUUT}/state/sms_id/draft") == {"unknown recipient"}
    assert report.exit_code == 3


def test_a_draft_to_a_reserved_number_is_sent(target: Server, ids: dict[str, str], tmp_path: Path) -> None:
    file = resources(tmp_path, {"draft": [{"id": ids["draft"], "to_number": RECIPIENT}]})
    run("stuut", target.url, resources=file, token_env=TOKEN_ENV)
    assert sent(target) == {ids["draft"]}


def test_drafts_that_are_said_to_be_safe_are_sent(target: Server, ids: dict[str, str], tmp_path: Path) -> None:
    file = resources(tmp_path, {"draft": [ids["draft"]], "sent": [ids["sent"]]})
    report = run("stuut", target.url, resources=file, token_env=TOKEN_ENV, drafts_are_safe=True)
    assert sent(target) == {ids["draft"], ids["sent"]}
    assert report.exit_code == 0


def test_what_only_a_check_under_test_keeps_from_being_sent_needs_a_recipient_too(
    target: Server, ids: dict[str, str], tmp_path: Path
) -> None:
    labels = ["foreign", "sent", "failed", "inbound", "missing"]
    file = resources(tmp_path, {label: [ids[label]] for label in labels})
    report = run("stuut", target.url, resources=file, token_env=TOKEN_ENV)
    assert sent(target) == {ids["inbound"], ids["missing"]}
    assert reasons(report, f"{STUUT}/state/sms_id/foreign") == {"unknown recipient"}


def test_without_resources_no_message_is_named(target: Server) -> None:
    report = run("stuut", target.url, token_env=TOKEN_ENV, fuzz=20)
    assert (target.arrived, report.exit_code) == ([], 3)
    assert f"{STUUT}: no request was sent" in report.causes


# -- hosts


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.evil.test",
        "127.0.0.1.nip.io",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::ffff:7f00:1]",
        "128.0.0.1",
        "evil.test%00localhost",
        "localhost%2eevil.test",
        "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
        "127\u30020\u30020\u30021",
        "127.0.0.1%2f",
    ],
)
def test_a_host_that_nobody_allowed_is_refused(host: str) -> None:
    for url in (f"http://{host}", f"http://{host}:8000", f"https://{host}/v1"):
        with pytest.raises(UsageError):
            target_url(url, [])
        with pytest.raises(UsageError):
            target_url(url, ["allowed.test"])


@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1",
        "http://127.0.0.1@evil.test",
        "http://127.0.0.1:80@evil.test",
        "http://user:pass@localhost",
        "http://evil.test\\@127.0.0.1",
        "http://127.0.0.1#@evil.test",
        "http://127.0.0.1?@evil.test",
        "http://127.0.0.1:80\n.evil.test",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://:80",
        "http://",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:8000",
        "//127.0.0.1",
        "",
    ],
)
def test_a_url_that_could_be_read_otherwise_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        target_url(url, [])
    assert refused.value.hint


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "http://localhost:8000", "http://LOCALHOST/api", "https://[::1]:8443/x/y", "http://127.8.9.1"]
)
def test_this_machine_is_allowed(url: str) -> None:
    target_url(url, [])


@pytest.mark.parametrize("allowed", ["api.test", "API.test", "api.test:8000"])
def test_a_host_that_is_named_is_allowed_and_no_other(allowed: str) -> None:
    target_url("http://api.test:8000/v1", [allowed])
    for other in ("http://xapi.test:8000", "http://api.test.evil.test:8000", "http://api.test@evil.test:8000"):
        with pytest.raises(UsageError):
            target_url(other, [allowed])


def test_a_port_that_is_named_is_the_only_one() -> None:
    with pytest.raises(UsageError):
        target_url("http://api.test:8001", ["api.test:8000"])


@pytest.mark.parametrize("url", ["http://gate.invalid:8000", "http://127.0.0.1.nip.io", "http://evil@127.0.0.1:1"])
def test_nothing_is_sent_there_not_even_a_name_is_looked_up(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("T", "a-token-that-is-secret")
    opened: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **_: opened.append(a))
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: opened.append(a))
    record = tmp_path / "run.jsonl"
    assert command(["gate", "stuut", "--url", url, "--token-env", "T", "--record", str(record)]) == 2
    assert (opened, record.exists()) == ([], False)
    assert "a-token-that-is-secret" not in "".join(capsys.readouterr())


def test_redirects_are_not_followed_and_the_token_stays(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.2)
        location = f"http://127.0.0.1:{other.getsockname()[1]}/"
        server.behave = lambda _, __: Reply(307, b"", (("location", location), ("refresh", f"0; url={location}")))
        for provider in ("stuut", "bland"):
            run(provider, server.url)
        with pytest.raises(TimeoutError):
            other.accept()


def test_a_proxy_of_the_environment_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.2)
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        assert run("bland", server.url).exit_code == 0
        with pytest.raises(TimeoutError):
            proxy.accept()


@pytest.mark.parametrize(
    "token", ["line\nbreak", "carriage\rreturn", " leading-xyz", "trailing-xyz ", "nul\x01", "\u20ac", "x\r\nevil: 1"]
)
def test_a_token_that_no_header_can_carry_is_refused(
    server: Server, token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("T", token)
    assert command(["gate", "bland", "--url", server.url, "--token-env", "T"]) == 2
    assert server.arrived == []
    assert token.strip() not in "".join(capsys.readouterr())


def test_every_request_names_us_and_the_run(server: Server) -> None:
    run("bland", server.url, seed=7)
    agents = {seen.header("user-agent") for seen in server.arrived}
    assert len(agents) == 1
    assert re.fullmatch(r"smscontract/\S+ \S*7\S*", agents.pop())


def test_both_providers_are_covered() -> None:
    assert {STUUT, BLAND} == set(judge_of("stuut", "bland").catalogue.operations)
