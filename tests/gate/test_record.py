"""`--record`: what is written says the same as the run did, is readable by its user alone, and holds no credential."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.catalogue import load_catalogue
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response
from smscontract.findings import Report
from smscontract.gate._recording import recording
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings import read
from smscontract.validate import Request as Validation
from smscontract.validate import validate
from tests.gate.faults import FAULTS, Fault
from tests.gate.run import TOKEN_ENV, broken, run
from tests.gate.server import Reply, Seen, Server


def said(report: Report) -> dict[str, object]:
    """What a report says of the exchanges, not of the plan."""
    return {
        "findings": sorted((one.clause, one.pointer, one.count, str(one.level), one.expected) for one in report.findings),
        "new": sorted((one.place, str(one.kind), one.count) for one in report.new),
        "not judged": sorted((one.clause, one.reason, one.count) for one in report.not_judged if one.count),
        "exchanges": report.exchanges,
        "kept": sorted(report.kept),
    }


def again(provider: str, file: Path) -> Report:
    judge = Judge(load_catalogue([provider]), Masker(b"another key"))
    return validate(Validation(paths=[str(file)]), judge, now=0.0)


@pytest.mark.parametrize("name", FAULTS)
def test_the_recording_says_what_the_run_did(server: Server, tmp_path: Path, name: str) -> None:
    fault = FAULTS[name]
    server.behave = fault.make()
    file = tmp_path / "run.jsonl"
    report = run(fault.provider, server.url, record=str(file))
    assert set(broken(report)) == fault.clauses
    assert said(again(fault.provider, file)) == said(report)


@pytest.mark.parametrize("provider", ["stuut", "bland"])
@pytest.mark.parametrize("seed", [0, 1])
def test_also_with_fuzzing(server: Server, tmp_path: Path, provider: str, seed: int) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        return Reply(500, b"{}") if seen.number % 50 == 1 else answer()

    server.behave = behave
    file = tmp_path / "run.jsonl"
    report = run(provider, server.url, record=str(file), fuzz=40, seed=seed)
    assert said(again(provider, file)) == said(report)


def test_what_the_readers_need_is_noted(server: Server, tmp_path: Path) -> None:
    fault = Fault("stuut", frozenset(), FAULTS["an outage"].make)
    server.behave = fault.make()
    file = tmp_path / "run.jsonl"
    report = run("stuut", server.url, record=str(file))
    first, *lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert first == {"smscontract": "exchanges", "version": 1, "origin": "gate"}
    assert len(lines) == report.requests == len(server.arrived)
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["auth"] for line in lines} >= {"good"}
    assert {line.get("role") for line in lines} == {None, "control"}
    assert all(line["known"]["sms_id"] for line in lines)
    assert all(line["case"].startswith("send-sms: ") for line in lines)


def test_failed_attempts_are_there(server: Server, tmp_path: Path) -> None:
    server.behave = FAULTS["a reset for one kind"].make()
    file = tmp_path / "run.jsonl"
    run("bland", server.url, record=str(file))
    lines = [json.loads(line) for line in file.read_bytes().splitlines()[1:]]
    failed = [line for line in lines if "failure" in line]
    assert {line["failure"] for line in failed} == {"reset"}
    assert {line.get("role") for line in failed} == {None, "repeat"}
    assert len(lines) == len(server.arrived)


@pytest.mark.parametrize("before", [None, 0o644, 0o777, 0o400])
def test_it_is_readable_by_its_user_alone(server: Server, tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "run.jsonl"
    if before is not None:
        file.write_text("something of before")
        file.chmod(before)
    run("bland", server.url, record=str(file), max_requests=2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"before" not in file.read_bytes()


def test_what_is_no_file_keeps_its_rights(server: Server) -> None:
    before = stat.S_IMODE(Path("/dev/null").stat().st_mode)
    run("bland", server.url, record="/dev/null", max_requests=2)
    assert stat.S_IMODE(Path("/dev/null").stat().st_mode) == before


@pytest.mark.parametrize("path", ["no/such/folder/run.jsonl", ".", "", "nul\0.jsonl"])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(
    server: Server, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableInput, match="cannot be written"):
        run("bland", server.url, record=path)
    assert server.arrived == []


def test_a_full_disk_is_told(server: Server) -> None:
    with pytest.raises(UnusableInput, match="cannot be written"):
        run("bland", server.url, record="/dev/full", max_requests=2)


TOKENS = ["sk-live/4+zz==&%7e 'q'\"\\x", "0123456789abcdef0123456789abcdef", "sandbox-stuut-63bec851384baf1488029bca"]
SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in a URL": lambda token: quote(token, safe="").encode(),
    "in a URL, lower case": lambda token: quote(token, safe="").lower().encode() if token.islower() else quote(token).encode(),
    "base64": lambda token: base64.b64encode(token.encode()),
    "base64 behind one": lambda token: base64.b64encode(b":" + token.encode()),
    "base64 behind two": lambda token: base64.b64encode(b"u:" + token.encode() + b":p"),
    "base64 for URLs": lambda token: base64.urlsafe_b64encode(b"user:" + token.encode()),
    "hexadecimal": lambda token: token.encode().hex().encode(),
    "in JSON": lambda token: json.dumps(token).encode(),
    "in JSON in JSON": lambda token: json.dumps(json.dumps(token)).encode(),
    "most of it": lambda token: token[: max(12, len(token) * 2 // 3)].encode(),
    "the end of it": lambda token: token[-12:].encode(),
    "UTF-16": lambda token: token.encode("utf-16-le"),
}


def recorded(tmp_path: Path, exchange: Exchange, token: str) -> tuple[bytes, Exchange]:
    file = tmp_path / "run.jsonl"
    with recording(str(file), {token}) as write:
        write(exchange)
    (one,) = read([str(file)])
    assert isinstance(one, Exchange)
    return file.read_bytes(), one


def an_exchange(where: str, text: bytes) -> Exchange:
    places = {"body": b'{"a": "%b"}' % text, "binary body": b"\xff\xfe" + text + b"\0"}
    header = text.decode("latin-1") if where == "header" else "x"
    url = f"http://127.0.0.1/x?y={text.decode('latin-1')}" if where == "url" else "http://127.0.0.1/x"
    return Exchange(
        request=Request(method="POST", url=url, headers=(("x-a", header),), body=places.get(where, b"{}")),
        response=Response(status=200, headers=(("location", f"/{header}"),), body=places.get(where, b"{}")),
        origin=Origin(kind=OriginKind.LIVE),
        own_record=True,
    )


@pytest.mark.parametrize("where", ["body", "binary body", "header", "url"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("token", TOKENS)
def test_no_spelling_of_a_token_is_written(tmp_path: Path, token: str, spelling: str, where: str) -> None:
    text = SPELLINGS[spelling](token)
    raw, one = recorded(tmp_path, an_exchange(where, text), token)
    assert one.response is not None
    everything = [raw, one.request.url.encode("latin-1"), one.request.body or b"", one.response.body or b""]
    everything += [value.encode("latin-1") for _, value in (*(one.request.headers or ()), *(one.response.headers or ()))]
    inner = text.strip(b'"\\=')[3:-3] if "base64" in spelling else text.strip(b'"\\')
    for data in everything:
        assert token.encode() not in data
        assert inner not in data
    assert len(one.response.body or b"") == len(an_exchange(where, text).response.body or b"")  # type: ignore[union-attr]


@given(st.binary(max_size=60), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
def test_a_recording_never_gets_longer_and_never_holds_the_token(data: bytes, token: str) -> None:
    from smscontract.gate._recording import _Hiding

    hide = _Hiding({token})
    changed = hide.raw(data + token.encode() + data)
    assert len(changed) == len(data) * 2 + len(token)
    if len(token) >= 8 and token not in "smscontract-credential-" * 3:
        assert token.encode() not in changed


def test_a_short_token_is_no_word_of_everybody(tmp_path: Path) -> None:
    exchange = an_exchange("body", b"draft drafted")
    _, one = recorded(tmp_path, exchange, "draft")
    assert one.request.body == b'{"a": "smsco drafted"}'


@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_the_token_of_a_run_is_nowhere(target: Server, tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = target.handed[provider]["token"]
    monkeypatch.setenv(TOKEN_ENV, token)

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        echo = seen.header("authorization")
        coded = base64.b64encode(f"u:{echo}".encode()).decode()
        reply = answer().with_header("location", f"http://127.0.0.1/{quote(echo)}").with_header("x-coded", coded)
        return reply.with_json({**reply.json, "echo": [echo, quote(echo, safe=""), coded, echo.encode().hex()]})

    target.behave = behave
    file, report = tmp_path / "run.jsonl", tmp_path / "resources.json"
    report.write_text(json.dumps(target.handed[provider]["resources"]), "utf-8")
    run(provider, target.url, token_env=TOKEN_ENV, resources=str(report), record=str(file), drafts_are_safe=True)
    raw = file.read_bytes()
    core = base64.b64encode(token.encode())[4:-4]
    assert raw.count(b"\n") > 20
    for form in (token.encode(), token.encode().hex().encode(), core, token[-12:].encode()):
        assert form not in raw
    assert b"smscontract-credential-" in raw
