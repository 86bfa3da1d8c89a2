"""Recordings through a gateway: prefixes of paths, and hosts that belong to one provider."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import cli, recordings
from smscontract.errors import ExitCode
from smscontract.exchange import Exchange
from smscontract.mapping import Routes
from tests.recordings.reading import line

ROUTES = Routes(hosts={"api.example.test": "bland"}, prefixes=("/proxy", "/proxy/v3"))
GOOD = '{"data": {"message": "m", "conversation_id": "c", "workflow_id": "w"}, "errors": null}'


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.example.test:81/proxy/v3/v1/sms/create?a=b", ("https://API.example.test:81/v1/sms/create?a=b", "bland")),
        ("/proxy/v1/sms/create", ("/v1/sms/create", None)),
        ("/proxy/v3", ("/", None)),
        ("/proxy/v33/x", ("/v33/x", None)),
        ("/proxyv3/x", ("/proxyv3/x", None)),
        ("https://other.example.test/v1", ("https://other.example.test/v1", None)),
        ("http://[", ("http://[", None)),
    ],
)
def test_of(url: str, expected: tuple[str, str | None]) -> None:
    assert ROUTES.of(url) == expected


@given(st.text())
def test_any_url_has_a_route(url: str) -> None:
    assert ROUTES.of(url)
    assert not Routes()


def read(tmp_path: Path, *urls: str) -> list[Exchange]:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(line(request={"method": "POST", "url": url, "body": "{}"}) for url in urls))
    found = list(recordings.read([str(path)], routes=ROUTES))
    assert all(isinstance(one, Exchange) for one in found)
    return [one for one in found if isinstance(one, Exchange)]


def test_exchanges_come_with_the_url_of_the_api(tmp_path: Path) -> None:
    first, second = read(tmp_path, "https://api.example.test/proxy/v1/sms/create", "/v1/sms/create")
    assert (first.request.url, first.operation) == ("https://api.example.test/v1/sms/create", "bland")
    assert (second.request.url, second.operation) == ("/v1/sms/create", None)


@pytest.mark.parametrize(
    ("section", "url", "code", "text"),
    [
        ("", "https://gw.example.test/proxy/v3/v1/sms/create", ExitCode.CANNOT_TELL, "FITS NO OPERATION"),
        (
            'prefixes = ["/proxy/v3"]',
            "https://gw.example.test/proxy/v3/v1/sms/create",
            ExitCode.KEPT,
            "bland.create-sms   1 exchange",
        ),
        (
            'hosts = {"gw.example.test" = "bland"}',
            "https://gw.example.test/v1/sms/create",
            ExitCode.KEPT,
            "bland.create-sms   1 exchange",
        ),
        (
            'hosts = {"gw.example.test" = "stuut"}',
            "https://gw.example.test/v1/sms/create",
            ExitCode.CANNOT_TELL,
            "FITS NO OPERATION",
        ),
        (
            'hosts = {"gw.example.test" = "stuut"}',
            "https://h.example.test/v1/sms/create",
            ExitCode.KEPT,
            "bland.create-sms   1 exchange",
        ),
    ],
)
def test_what_validate_makes_of_them(  # noqa: PLR0917 - one row of the table
    section: str,
    url: str,
    code: int,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smscontract.toml").write_text(f"[recordings]\n{section}\n", encoding="utf-8")
    answer = {"status": 200, "headers": {"content-type": "application/json"}, "body": GOOD}
    Path("x.jsonl").write_bytes(line(request={"method": "POST", "url": url}, response=answer))
    assert cli.run(["validate", "x.jsonl"]) == code
    assert text in capsys.readouterr().out


@pytest.mark.parametrize(("name", "noted"), [("blnd", True), ("bland", False), ("stuut", False)])
def test_a_host_of_nobody_is_noted(
    name: str, noted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smscontract.toml").write_text(f'[recordings]\nhosts = {{"gw.example.test" = "{name}"}}\n', encoding="utf-8")
    Path("x.jsonl").write_bytes(line())
    cli.run(["validate", "x.jsonl", "--contract", "bland"])
    out = " ".join(capsys.readouterr().out.split())
    assert ("`hosts` names `blnd`, and no contract of it is looked at: did you mean `bland`?" in out) == noted
