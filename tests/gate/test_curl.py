"""Each printed curl line, run by bash against a target that has just been reset, shows the same clause broken."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smscontract.curl import Histories, curl_line
from smscontract.exchange import Auth, Exchange, Failure, Origin, OriginKind, Request, Response, headers_from
from smscontract.judge import Judge
from smscontract.recordings import read
from tests.gate.faults import FAULTS
from tests.gate.run import BLAND, STUUT, judge_of, run
from tests.gate.server import Reply, Seen, Server, listening

FAILURES = {18: Failure.CUT, 52: Failure.RESET, 56: Failure.RESET}


def shell(line: str, token: str) -> tuple[int, bytes]:
    done = subprocess.run(
        ["bash", "-c", line],
        check=False,
        env={"PATH": "/usr/bin:/bin", "TOKEN": token, "LC_ALL": "C"},
        capture_output=True,
        timeout=120,
    )
    assert b"bash:" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def answered(code: int, out: bytes) -> tuple[Response | None, Failure | None]:
    if not out:
        return None, FAILURES[code]
    head, _, body = out.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = headers_from((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Response(status=int(first.split(" ")[1]), headers=headers, body=body), FAILURES.get(code)


def shown(judge: Judge, exchanges: list[Exchange]) -> set[str]:
    judged = [judge.judge(one) for one in exchanges]
    reduced = judge.reduce([fact for one in judged for fact in one.facts])
    return {finding.clause for one in judged for finding in one.findings} | {finding.clause for finding in reduced.findings}


def commands(lines: str) -> list[str]:
    """The curl lines one by one, those for the same moment too: these servers are wrong one after the other as well."""
    return [command for line in lines.split("\n") for command in line.removesuffix(" & wait").split(" & ")]


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.clauses])
def test_the_lines_show_the_clause_broken(server: Server, tmp_path: Path, name: str) -> None:
    fault, file = FAULTS[name], tmp_path / "run.jsonl"
    server.behave = fault.make()
    report = run(fault.provider, server.url, record=str(file))
    assert {one.clause for one in report.findings} == fault.clauses
    judge, token = judge_of(fault.provider), server.handed[fault.provider]["token"]
    recorded = [one for one in read([str(file)]) if isinstance(one, Exchange)]
    for finding in report.findings:
        assert token not in finding.curl
        last = next(one for one in recorded if one.origin.request == finding.first.origin.request)
        history = Histories(judge, recorded).shortest(last, finding.clause)
        lines = commands(finding.curl)
        assert len(lines) == len(history) <= 12
        server.reset()
        server.behave = fault.make()
        seen = []
        for line, one in zip(lines, history, strict=True):
            started = time.time()
            response, failure = answered(*shell(line, token))
            sent = server.arrived[-1]
            assert (sent.method, sent.body) == (one.request.method, one.request.body or b"")
            request = Request(method=sent.method, url=server.url + sent.target, headers=sent.headers, body=sent.body)
            one = replace(one, sent_at=started, received_at=time.time())  # noqa: PLW2901 - the same, a moment later
            seen.append(replace(one, request=request, response=response, failure=failure))
        assert finding.clause in shown(judge, seen), (finding.clause, finding.curl)


def test_histories_and_failures_take_several_lines(server: Server) -> None:
    for name, lines in {
        "never a new conversation": 2,
        "an error for one kind": 4,  # the control before it is tried again, and the one after it
        "a teapot": 1,
        "every send sends": 2,
    }.items():
        server.reset()
        server.behave = FAULTS[name].make()
        report = run(FAULTS[name].provider, server.url)
        assert {len(commands(one.curl)) for one in report.findings} == {lines}


@pytest.mark.parametrize("pairs", [0, 12])
def test_a_refusal_takes_no_more_lines_than_show_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: int
) -> None:
    """Also where what it takes beside it is none of the requests that are looked at first."""
    monkeypatch.setattr("smscontract.curl._PAIRS", pairs)
    server.behave = FAULTS["agents are refused"].make()
    file = tmp_path / "run.jsonl"
    report = run("bland", server.url, record=str(file))
    judge, (found,) = judge_of("bland"), report.findings
    assert found.clause == f"{BLAND}/request/sender:accepts"
    assert len(commands(found.curl)) <= 3
    recorded = [one for one in read([str(file)]) if isinstance(one, Exchange)]
    last = next(one for one in recorded if one.origin.request == found.first.origin.request)
    history = Histories(judge, recorded).shortest(last, found.clause)
    assert found.clause in shown(judge, history)
    for index in range(len(history)):
        fewer = history[:index] + history[index + 1 :]
        assert found.clause not in shown(judge, fewer), "each of them is needed"


def test_a_finding_of_fuzzing_is_shown_too(server: Server) -> None:
    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        long = len(str(seen.fields.get("message"))) > 160
        reply = answer()
        return reply.with_json({**reply.json, "errors": 5}) if long and reply.status == 200 else reply

    server.behave = behave
    report = run("bland", server.url, fuzz=80)
    token = server.handed["bland"]["token"]
    for finding in report.findings:
        server.reset()
        code, out = shell(finding.curl, token)
        response, _ = answered(code, out)
        assert response is not None
        assert b'"errors": 5' in (response.body or b"")


# -- what a body can hold


def exchange(body: bytes, *, url: str = "http://127.0.0.1:9/v1/sms/create", auth: Auth = Auth.GOOD) -> Exchange:
    headers = (("content-type", "application/json"), ("authorization", "secret-of-the-run"), ("content-length", "1"))
    return Exchange(
        request=Request(method="POST", url=url, headers=headers, body=body),
        response=None,
        origin=Origin(kind=OriginKind.LIVE),
        auth=auth,
        operation=BLAND,
    )


@pytest.fixture(scope="module")
def mirror() -> object:
    with listening(Server(behave=lambda _, __: Reply(200, b"{}"))) as server:
        yield server


@settings(max_examples=25)
@given(
    st.binary(min_size=1, max_size=40) | st.text("'\"\\$`!@%\n\r\t\0 ;&|<>(){}[]*?~#x\u00e9\u202e", min_size=1).map(str.encode)
)
@example(b"@/etc/passwd")
@example(b"@-")
@example(b"'; touch x.txt; '")
@example(b"$(id) `id` $TOKEN \\$TOKEN")
@example(b"%s %d %% \\n \\x41 \0 %")
@example(b"\0")
@example(b"line\nline\r\n")
@example(b"\xff\xfe'\\")
@example(b"--data")
@example(b"-")
@example(b"\\")
@example("\u00fc\u4e2d\U0001f600'".encode())
@example(b"\x01f")
def test_a_body_arrives_as_it_was(mirror: Server, body: bytes) -> None:
    security = judge_of("bland").catalogue.operations[BLAND].security
    line = curl_line(exchange(body, url=f"{mirror.url}/v1/sms/create"), security)
    assert "secret-of-the-run" not in line
    assert "\n" not in line
    code, _ = shell(line, "the token")
    sent = mirror.arrived[-1]
    assert (code, sent.body) == (0, body)
    assert (sent.header("authorization"), sent.header("content-type")) == ("the token", "application/json")


@pytest.mark.parametrize("path", ["/a/../b/./c", "/[1-3]/{a,b}", "/%2e%2e/%27;id", "/x?y=[1]&z='$(id)'", "/*"])
def test_a_path_arrives_as_it_was(mirror: Server, path: str) -> None:
    shell(curl_line(exchange(b"", url=mirror.url + path), None), "t")
    assert mirror.arrived[-1].target == path


def test_no_header_is_made_up(mirror: Server) -> None:
    bare = replace(
        exchange(b"{}", url=f"{mirror.url}/x"), request=Request(method="PUT", url=f"{mirror.url}/x", headers=(), body=b"{}")
    )
    shell(curl_line(bare, None), "t")
    assert (mirror.arrived[-1].method, mirror.arrived[-1].header("content-type")) == ("PUT", "")
    empty = replace(bare, request=replace(bare.request, headers=(("x-empty", ""), ("x-odd", "a'b\"c$d"))))
    shell(curl_line(empty, None), "t")
    assert ("x-empty", "") in mirror.arrived[-1].headers
    assert mirror.arrived[-1].header("x-odd") == "a'b\"c$d"


def test_a_wrong_credential_is_shown_as_it_was(mirror: Server) -> None:
    security = judge_of("bland").catalogue.operations[BLAND].security
    shell(curl_line(exchange(b"{}", url=f"{mirror.url}/x", auth=Auth.WRONG), security), "t")
    assert mirror.arrived[-1].header("authorization") == "secret-of-the-run"


def test_a_credential_in_the_query_is_a_variable_too(mirror: Server) -> None:
    security = judge_of("stuut").catalogue.operations[STUUT].security
    assert security is not None
    in_query = replace(security, where="query", name="key")
    line = curl_line(exchange(b"", url=f"{mirror.url}/x?a='1'&key=secret-of-the-run&b=2"), in_query)
    assert "secret-of-the-run" not in line.partition("-H")[0]
    shell(line, "T0KEN")
    assert mirror.arrived[-1].target == "/x?a='1'&key=T0KEN&b=2"
