"""`smscontract map`: what is proposed for logs of many shapes; what it prints can be used, and holds nobody's values."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import cli, recordings
from smscontract.config import load_config
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange
from smscontract.recordings import propose
from tests.recordings.reading import DATA

ANSWER = '{"data": {"conversation_id": "c"}, "errors": null}'
SENT = '{"user_number": "+14155550177", "message": "Canary sings"}'


def logs(make: Callable[[int], dict[str, Any]], count: int = 20) -> bytes:
    return b"".join(json.dumps(make(number)).encode() + b"\n" for number in range(count))


def gateway(n: int) -> dict[str, Any]:
    return {
        "ts": 1795167000250 + n,
        "level": "info",
        "req": {"uri": "/v1/sms/create", "method": "POST", "headers": {"Host": "h", "Authorization": "***"}, "body": SENT},
        "resp": {"code": 200, "body": ANSWER, "headers": {"Content-Type": "application/json"}},
        "latency_ms": 12 + n,
    }


def nginx(n: int) -> dict[str, Any]:
    return {"time_local": f"2026-11-20T09:30:{n:02}+00:00", "request": "POST /v1/sms/create HTTP/1.1", "status": "200"}


def nested(n: int) -> dict[str, Any]:
    inner = {"request": {"path": "/v1/sms/create", "verb": "POST"}, "response": {"status": 200, "body": json.loads(ANSWER)}}
    return {"log": json.dumps(inner), "@timestamp": 1795167000 + n}


def binary(n: int) -> dict[str, Any]:
    body = base64.b64encode(ANSWER.encode()).decode()
    return {"started": 1795167000000000 + n, "url": "https://h/v1/sms/create", "statusCode": 200, "responseBody": body}


PLAIN = gateway(0)
CUTS = [ANSWER, *[f'{{"data": "{"x" * 500}'[:256]] * 3]


def cut(n: int) -> dict[str, Any]:
    return {**gateway(n), "resp": {"code": 200, "body": CUTS[n % 4]}}


def table() -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["date", "path", "http_status", "response_body"])
    rows.writerows([f"2026-11-20T09:30:{n:02}Z", "/v1/sms/create", 200, ANSWER] for n in range(9))
    return text.getvalue().encode()


CASES = {
    "gateway": (
        logs(gateway),
        {
            "time": "/ts epoch-ms",
            "took": "/latency_ms ms",
            "method": "/req/method",
            "url": "/req/uri",
            "status": "/resp/code",
            "request-headers": "/req/headers",
            "request-body": "/req/body json-string",
            "response-headers": "/resp/headers",
            "response-body": "/resp/body json-string",
        },
    ),
    "nginx": (
        logs(nginx),
        {"time": "/time_local rfc3339", "method": "/request request-line", "url": "/request request-line", "status": "/status"},
    ),
    "prefixed": (
        b"".join(b"2026-11-20T09:30:00Z stdout F " + one + b"\n" for one in logs(nested).splitlines()),
        {
            "time": "/@timestamp epoch-s",
            "method": "/log/request/verb",
            "url": "/log/request/path",
            "status": "/log/response/status",
            "response-body": "/log/response/body json",
        },
    ),
    "binary": (
        gzip.compress(logs(binary), mtime=0),
        {"time": "/started epoch-us", "url": "/url", "status": "/statusCode", "response-body": "/responseBody base64"},
    ),
    "cut": (logs(cut), {"response-body": "/resp/body json-string 256", "status": "/resp/code"}),
    "csv": (
        table(),
        {"time": "/date rfc3339", "url": "/path", "status": "/http_status", "response-body": "/response_body json-string"},
    ),
    "list": (json.dumps([gateway(n) for n in range(5)]).encode(), {"url": "/req/uri", "status": "/resp/code"}),
    "search": (
        json.dumps(
            {"took": 1, "hits": {"total": 2, "hits": [{"_id": str(n), "_source": gateway(n)} for n in range(5)]}}
        ).encode(),
        {"url": "/_source/req/uri", "status": "/_source/resp/code", "time": "/_source/ts epoch-ms"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found(name: str, tmp_path: Path) -> None:
    data, expected = CASES[name]
    path = tmp_path / "log"
    path.write_bytes(data)
    found = propose(str(path), "x")
    said = {
        key: " ".join(map(str, filter(None, (place.at, place.form, place.cut_at))))
        for key, place in found.mapping.places.items()
    }
    assert {key: said.get(key) for key in expected} == expected
    assert len(found.shown) == 3
    if name == "gateway":
        assert said == expected
        assert found.mapping.scrubbed == ("***",)


@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_is_a_configuration_that_reads_the_log(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    path.write_bytes(CASES[name][0])
    assert cli.run(["map", str(path), "--name", "mine"]) == 0
    config = tmp_path / "smscontract.toml"
    config.write_text(capsys.readouterr().out, encoding="utf-8")
    (mapping,) = load_config(str(config)).recordings.mappings
    found = list(recordings.read([str(path)], format="mine", mappings=[mapping]))
    assert found
    for one in found:
        assert isinstance(one, Exchange), one
        assert one.request.url.endswith("/v1/sms/create")
        assert one.response is not None


@pytest.mark.parametrize("path", ["log", "two words.log", "-dash", "it's"])
@pytest.mark.parametrize("name", CASES)
def test_the_command_that_is_printed_judges_the_file(
    name: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(path).write_bytes(CASES[name][0])
    assert cli.run(["map", "--name", "mine", "--", path]) == 0
    out = capsys.readouterr().out
    Path("smscontract.toml").write_text(out, encoding="utf-8")
    program, *words = shlex.split(out.splitlines()[-1].removeprefix("#"))
    assert program == "smscontract"
    assert cli.run([*words, "--report", "json:r.json"]) in (0, 1, 3)
    told = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert told["exchanges"] >= 5
    assert not told["problems"]
    assert [one["operation"] for one in told["operations"]] == ["bland.create-sms"]


def test_nothing_of_what_is_in_the_log_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(
        logs(lambda n: {**gateway(n), "req": {"uri": "/v1/sms/14155550177?text=Canary", "body": SENT}, "+14155550177": 1})
    )
    assert cli.run(["map", str(path)]) == 0
    out = capsys.readouterr().out
    assert "through it they read" in out
    for canary in ("4155550177", "Canary", "sings"):
        assert canary not in out


def test_ids_in_paths_are_values_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    uri = "https://api.example.test/v2/sms-threads/messages/sms_1818e811892f902b/send?q=abc"
    path.write_bytes(logs(lambda n: {**gateway(n), "req": {"uri": uri, "method": "POST"}}))
    assert cli.run(["map", str(path)]) == 0
    out = capsys.readouterr().out
    assert "POST https://api.example.test/v2/sms-threads/messages/{}/send?q=<text:" in out
    assert "sms_1818" not in out
    assert cli.run(["map", str(path), "--reveal"]) == 0
    assert f"POST {uri} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "form", "proposed"),
    [
        ("bland-documented.har", "har", True),
        ("stuut-hand-made-good.jsonl", "jsonl", True),
        ("cassettes/requests-plain-json-vcrpy9.json", "vcr", True),
        ("cassettes/requests-plain-vcrpy9.yaml", "vcr", False),
    ],
)
def test_what_needs_no_mapping_says_so(name: str, form: str, proposed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["map", str(DATA / name)]) == (0 if proposed else 2)
    told = capsys.readouterr()
    assert f"{'it is read' if proposed else 'without a mapping,'} as {form}" in told.out + told.err


def test_a_log_with_a_request_of_its_own_is_not_called_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(logs(nginx))
    assert cli.run(["map", str(path)]) == 0
    assert "Without this block" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "message"),
    [("{}".encode("utf-16"), "UTF-16"), (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "is compressed")],
)
def test_what_nobody_can_read_is_called_so(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(UnusableInput, match=message):
        propose(str(path), "x")


@pytest.mark.parametrize("data", [b"", b"\n", b"nothing here\n", b'{"a": 1}\n', b"[]", b"{", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_what_is_no_log_is_said_so(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(UnusableInput) as caught:
        propose(str(path), "x")
    assert caught.value.hint
    assert cli.run(["map", str(path)]) == 2
    assert cli.run(["map", str(tmp_path / "nowhere")]) == 2
    assert cli.run(["map", str(path), "--name", "hosts"]) == 2


LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
KEYS = st.sampled_from(["url", "ts", "resp", "body", "status", "headers"]) | st.text()
JSON = st.recursive(
    LEAVES | st.sampled_from(["/a", "POST", 200, 1795167000, ANSWER]),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=15,
)


@given(st.lists(JSON.map(json.dumps).map(str.encode) | st.binary(max_size=30), max_size=4), st.sampled_from([b"\n", b","]))
def test_any_file_gives_a_proposal_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], between: bytes
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_bytes(between.join(lines))
    try:
        found = propose(str(path), "x")
    except UnusableInput:
        return
    assert "url" in found.mapping.places
