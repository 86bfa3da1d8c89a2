"""Canaries: credentials, telephone numbers and texts, planted everywhere, that no output may show unless it is asked to."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli
from smscontract.exchange import Exchange
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports import formats
from tests.core import BLAND, PARCEL, STUUT, made, refused

TOKEN = "canary-token-9f8e7d6c5b4a"  # opens nothing
#: One that looks like a credential wherever it stands; the other is known as the credential of its request alone.
LIVE = f"sk_{TOKEN}"
PHONE = "+14155550177"
SPELLED = "tel:+1-415-555-0177"
TEXT = "Canary sings at midnight"
#: What must not be found, in whatever spelling a report could give it.
PIECES = (TOKEN, "9f8e7d6c5b4a", "4155550177", "415-555-0177", "555-0177", "sings", "midnight")


def with_request(exchange: Exchange, **changes: Any) -> Exchange:
    return dataclasses.replace(exchange, request=dataclasses.replace(exchange.request, **changes))


def planted() -> list[Exchange]:
    """Exchanges that are broken where a canary sits."""
    places: list[dict[str, Any]] = [
        {"body": TEXT, "to_number": SPELLED, "from_number": PHONE},
        {"body": None, "error_message": TEXT},
        {"status": TEXT},
        {"status": PHONE},
        {"status": TOKEN},
        {"direction": f"Bearer {TOKEN}"},
        {"created_at": PHONE},
        {"sent_at": TEXT},
        {"id": PHONE},
        {"id": TEXT},
        {"object": TEXT},
        {"to_number": f"{PHONE} {TEXT}"},
        {"from_number": PHONE, "to_number": SPELLED},
        {TEXT: 1, PHONE: 2, TOKEN: 3},
        {"classifications": [{"reason": TEXT, TEXT: PHONE, "classification": TEXT}]},
        {"classifications": [{"agent_metrics": {"error_code": PHONE}}]},
        {"is_automated": {TEXT: PHONE}},
        {"sms_thread_id": 14155550177},
        {"error_message": f"failed for {PHONE} with {TOKEN}", "status": "sent"},
    ]
    found = [made(STUUT, step=step, answer=one) for step, one in enumerate(places)]
    raw: list[bytes] = [
        f'{{"body": "{TEXT}", "to": "{PHONE}"'.encode(),
        f"<html>{TEXT} {PHONE} {TOKEN}</html>".encode(),
        f'{{"{TEXT}": 1, "{TEXT}": 2}}'.encode(),
        f'{{"{PHONE}": NaN}}'.encode(),
        f'{{"a": "{TEXT}"}} {{"b": "{PHONE}"}}'.encode(),
        f'{{"a": "{TEXT} \\ud800"}}'.encode(),
        f'["{TEXT}", "{PHONE}"]'.encode(),
        f'"{TEXT}"'.encode(),
    ]
    found += [made(STUUT, step=30 + step, body=body) for step, body in enumerate(raw)]
    kind = (("content-type", f"text/{TOKEN}; charset={TEXT}"), ("x-note", f"{PHONE} {TEXT}"))
    found.append(made(STUUT, step=50, headers=kind))
    found.append(made(STUUT, step=51, headers=(("content-type", f"application/json; charset={PHONE}"),)))
    found.append(made(STUUT, step=52, headers=(("content-type", "application/json"), ("content-length", PHONE))))
    sent: list[dict[str, Any]] = [
        {"message": TEXT, "user_number": SPELLED},
        {"sender": TEXT},
        {"sender": PHONE},
        {"request_data": TEXT},
        {"request_data": {TEXT: PHONE}, "time_out": TEXT},
        {"time_out": 60, "warning_time": 60, "message": TEXT},
        {TEXT: PHONE, TOKEN: TEXT},
        {"user_number": PHONE, "agent_number": PHONE, "message": TEXT},
    ]
    found += [made(BLAND, step=60 + step, sent=one, answer={"data": {"message": TEXT}}) for step, one in enumerate(sent)]
    found.append(refused(BLAND, 400, {"data": None, "errors": [{"error": TEXT, "message": PHONE}]}, step=80))
    found.append(refused(BLAND, 400, {"data": {"message": TEXT}, "errors": [{"error": " ", "message": TOKEN}]}, step=81))
    found.append(made(BLAND, step=82, answer={"data": {"conversation_id": PHONE, "workflow_id": PHONE}}))
    found.append(made(BLAND, step=83, answer={"data": {"conversation_id": PHONE, "workflow_id": TEXT}}))
    for step, path in enumerate([f"/v1/{TOKEN}", f"/users/{PHONE}/{TEXT.replace(' ', '%20')}", f"/a?to={PHONE}&key={TOKEN}"]):
        found.append(
            with_request(dataclasses.replace(made(STUUT, step=90 + step), operation=None), url=f"https://x.test{path}")
        )
    odd = f"https://x.test/v2/sms-threads/messages/{PHONE}/send?token={TOKEN}&text={TEXT.replace(' ', '+')}"
    found.append(with_request(dataclasses.replace(made(STUUT, step=95), path_parameters=None), url=odd))
    credentials = (("authorization", f"Bearer {TOKEN}"), ("x-note", TEXT))
    return [with_request(one, headers=(*credentials, ("content-type", "application/json"))) for one in found] + [
        with_request(made(STUUT, step=96, answer={"body": f"you sent {TOKEN}"}), headers=credentials)
    ]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of ours, a run of somebody, a file that breaks off, a HAR, and files that are none."""
    folder = tmp_path_factory.mktemp("canaries")
    lines = b"".join(dumps(one) for one in planted())
    (folder / "ours.jsonl").write_bytes(header("gate") + lines)
    (folder / "theirs.jsonl").write_bytes(lines + f'{{"request": "{TEXT} {PHONE} {TOKEN}"\n'.encode() + lines[:200])
    entry = {
        "startedDateTime": TEXT,
        "time": PHONE,
        "request": {"method": TEXT, "url": f"https://x.test/{PHONE}", "headers": [{"name": TEXT, "value": TOKEN}]},
        "response": {
            "status": PHONE,
            "content": {"text": base64.b64encode(TEXT.encode()).decode() + "!", "encoding": "base64"},
        },
    }
    (folder / "a.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry, TEXT]}}))
    (folder / "b.yaml").write_text(f"interactions:\n- request: {{uri: '{PHONE}', body: '{TEXT}\n  {TOKEN}: [\n")
    (folder / "c.json").write_text(f'{{"{TEXT}": "{PHONE}", "{TOKEN}')
    return folder


def leaks(text: str) -> list[str]:
    with warnings.catch_warnings(action="ignore"):  # not every backslash is an escape
        plain = text.encode().decode("unicode_escape", "replace")
    bare = html.unescape(text.replace("\\", ""))
    return [piece for piece in PIECES if any(piece in one for one in (text, plain, bare))]


@pytest.mark.parametrize("fail_on", ["must", "new"])
def test_no_output_of_validate_shows_a_canary(
    recordings: Path, capsys: pytest.CaptureFixture[str], fail_on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    wanted = [word for form in formats() for word in ("--report", f"{form}:{tmp_path / form}")]
    assert cli.run(["validate", str(recordings), "--fail-on", fail_on, *wanted]) == 1
    out, err = capsys.readouterr()
    assert leaks(err) == []
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} | {"": out}
    assert set(written) == {"", "summary", *formats()}
    for name, text in written.items():
        assert len(text) > 4000, "there is a lot to say"  # the annotations are ten of each kind
        assert leaks(text) == [], name
        # Requests and answers are there, and masked; these have no room for them.
        if name not in {"", "terminal", "github"}:
            assert "POST " in text
            assert re.search("(?:<|&lt;|u003c)phone:[0-9a-f]{8}", text)


def test_bare_bodies_do_not_either(recordings: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text(json.dumps({"id": PHONE, "body": TEXT, TEXT: TOKEN, "status": TEXT}))
    for side in ("request", "response"):
        for operation in (STUUT, BLAND):
            cli.run(["validate", str(tmp_path), "--operation", operation, "--side", side, "--fail-on", "new"])
            assert leaks("".join(capsys.readouterr())) == []
    assert recordings.exists()


def test_reveal_shows_numbers_and_texts_and_never_a_credential(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["validate", str(recordings / "ours.jsonl"), "--reveal", "--fail-on", "new", "--report", "json:-"])
    out = capsys.readouterr().out
    assert "4155550177" in out
    assert "sings" in out
    by_credential = [one for one in json.loads(out)["findings"] if one["clause"].endswith("/no-secrets")]
    assert by_credential
    assert TOKEN not in json.dumps(by_credential)


def test_tokens_are_equal_over_runs_with_a_key_and_differ_without(
    recordings: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASK_KEY", "a long random text")

    def report(*words: str) -> Any:
        cli.run(["validate", str(recordings), *words, "--fail-on", "new", "--report", "json:-"])
        return json.loads(capsys.readouterr().out)["findings"]

    keyed = report("--mask-key-env", "MASK_KEY")
    assert keyed == report("--mask-key-env", "MASK_KEY")
    assert keyed != report()
    assert report() != report()


@pytest.mark.parametrize(
    "words",
    [
        ["validate", f"/no/where/{PHONE}/{LIVE}.jsonl"],
        ["validate", "x", "--select", PHONE],
        ["validate", "x", "--mask-key-env", LIVE],
        ["explain", f"{STUUT}/{PHONE}"],
        ["clauses", f"./{PHONE}.yaml"],
        ["validate", "--operation", PHONE, "x"],
        [PHONE],
    ],
)
def test_errors_show_no_number_and_no_credential(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert err.startswith("error: ")
    assert leaks(out + err) == []


@pytest.mark.parametrize(
    "text",
    [
        f"openapi: [\n# {TEXT}\n{PHONE}: {TOKEN}\n",
        f"openapi: '{PHONE}'\n",
        f"extends: '{PHONE}'\n",
        f"{PHONE}: {{}}\nextends: bland\n",
        f"extends: bland\ncreate-sms:\n  rules:\n    one: {{says: x, then: {{{PHONE}: 1}}}}\n",
        f"extends: bland\ncreate-sms:\n  rules:\n    one: {{says: x, then: {{got.data: {{schema: {{type: '{PHONE}'}}}}}}}}\n",
    ],
)
def test_mistakes_in_a_contract_show_no_number(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text(text)
    assert cli.run(["clauses", str(tmp_path / "c.yaml")]) == 2
    out, err = capsys.readouterr()
    assert [piece for piece in leaks(out + err) if piece not in {"sings", "midnight"}] == []


def test_a_canary_would_be_noticed() -> None:
    assert leaks(f"it said {TEXT}") == ["sings", "midnight"]
    assert leaks(json.dumps("4155550177")) == ["4155550177"]
    assert leaks("\\u0073ings") == ["sings"]
    assert PARCEL.exists()
