"""Canaries: credentials, telephone numbers and texts, planted everywhere, that no output may show unless it is asked to."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli
from smscontract.recordings.jsonl import dumps, header
from smscontract.reports import formats
from tests.canary import LIVE, PHONE, TEXT, TOKEN, leaks, leaks_of, planted
from tests.core import BLAND, PARCEL, STUUT


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
    for packed in (gzip.compress, zlib.compress, base64.b64encode, bytes):
        assert leaks_of(b"x\n" + packed(f"it said {TEXT} at length".encode()), ["midnight"]) == ["midnight"]
    assert PARCEL.exists()
