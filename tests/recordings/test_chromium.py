"""What a real Chromium writes down of a page that calls the sandbox: kept (see `record_chromium.py`), and fresh."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smscontract.catalogue import load_catalogue
from smscontract.findings import Report
from smscontract.judge import Judge
from smscontract.numbers import is_reserved
from smscontract.policy import FailOn
from smscontract.terms import Terms
from smscontract.validate import Request, validate
from tests.conftest import IN_CI
from tests.recordings import record_chromium as script

STUUT, BLAND = "stuut.send-sms", "bland.create-sms"


def judged(path: Path) -> Report:
    request = Request(paths=[str(path)], terms=Terms(fail_on=FailOn.NEW))
    return validate(request, Judge(load_catalogue(())), now=time.time())


def assert_kept(report: Report) -> None:
    """Nothing is wrong or new, nothing is passed over, and much was judged."""
    assert (report.findings, report.new, report.problems) == ((), (), ())
    assert report.exit_code == 0
    assert {one.operation: one.exchanges for one in report.operations} == {STUUT: 6, BLAND: 8}
    assert {one.shape: one.count for one in report.unmatched} == {f"GET {path}": 1 for path in script.FILES}
    assert report.exchanges == 17


def assert_much_was_judged(report: Report) -> None:
    """From head, body, path and several answers. How many exactly is the sandbox's choice."""
    assert {
        f"{STUUT}/protocol/content-type",
        f"{STUUT}/200/status:enum",
        f"{STUUT}/rule/answers-for-the-asked-id",
        f"{BLAND}/2XX/data/workflow_id:required",
        f"{BLAND}/4XX/errors/items/error:type",
        f"{BLAND}/rule/one-pair-per-conversation",
    } <= set(report.kept)
    assert report.judged_clauses >= 100


def reasons(report: Report) -> Counter[str]:
    return Counter(one.reason.partition(":")[0] for one in report.not_judged)


@pytest.fixture
def chromium(need_tool: Callable[[str], str]) -> str:
    if not IN_CI:
        pytest.importorskip("playwright.sync_api", reason="`playwright` is not installed")
    return need_tool("chromium")


# --- kept ------------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_judged_and_kept() -> None:
    report = judged(script.KEPT)
    assert_kept(report)
    assert {f"{STUUT}/200/status:enum", f"{STUUT}/rule/answers-for-the-asked-id", f"{BLAND}/rule/new-is-new"} <= set(
        report.kept
    )
    assert report.judged_clauses >= 100


def test_what_is_kept_names_no_machine_and_nobody() -> None:
    text = script.KEPT.read_text(encoding="utf-8")
    assert re.search(r"127\.0\.0\.1|localhost|\[::1\]|file:", text) is None
    assert {number for number in re.findall(r"\+[0-9]{7,15}", text) if not is_reserved(number)} == set()
    har = json.loads(text)
    assert har["log"]["browser"]["name"] == "chromium"
    credentials = {
        header["value"]
        for one in entries(har)
        for header in one["request"]["headers"]
        if header["name"].lower() == "authorization"
    }
    assert len(credentials) == 4
    assert all("made-up-" in value for value in credentials)


def entries(har: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from har["log"]["entries"]


def test_an_archive_with_the_bodies_beside_is_judged_and_kept() -> None:
    report = judged(script.ZIPPED)
    assert_kept(report)
    assert_much_was_judged(report)
    with zipfile.ZipFile(script.ZIPPED) as archive:
        assert len(archive.namelist()) > 10
        text = archive.read("har.har").decode()
        bodies = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8")
    assert '"_file"' in text
    assert re.search(r"127\.0\.0\.1|localhost|\[::1\]|file:", bodies) is None
    assert {number for number in re.findall(r"\+[0-9]{7,15}", bodies) if not is_reserved(number)} == set()
    assert all("made-up-" in value for value in re.findall(r'"authorization",\s*"value": "([^"]+)', text, re.IGNORECASE))


# --- fresh -----------------------------------------------------------------------------------------------------------


@pytest.mark.tools
def test_a_fresh_recording_is_judged_and_kept(tmp_path: Path, chromium: str) -> None:
    path = tmp_path / "chromium.har"
    answers = script.record(path, chromium)
    assert [status for status, _ in answers] == [200, 409, 401, 401, 409, 404, 200, 200, 200, 400, 400, 400, 401, 401]
    report = judged(path)
    assert_kept(report)
    assert_much_was_judged(report)
    # What the page saw is what the reader gives back.
    har = json.loads(path.read_text(encoding="utf-8"))
    seen = [
        (one["response"]["status"], one["response"]["content"]["text"])
        for one in entries(har)
        if one["request"]["method"] == "POST"
    ]
    assert seen == answers
    assert "OPTIONS" not in {one["request"]["method"] for one in entries(har)}


@pytest.mark.tools
def test_a_recording_with_its_bodies_in_files(tmp_path: Path, chromium: str) -> None:
    path = tmp_path / "attached.har"
    script.record(path, chromium, content="attach")
    assert len(list(tmp_path.iterdir())) > 10
    report = judged(tmp_path)
    assert_kept(report)
    assert_much_was_judged(report)
    alone = tmp_path / "alone" / "attached.har"
    alone.parent.mkdir()
    path.rename(alone)
    report = judged(alone)
    assert_kept(report)  # as it stands it has no bodies, and says so
    assert not any(one.startswith(f"{STUUT}/200/") for one in report.kept)
    assert reasons(report)["scrubbed"] > reasons(judged(script.KEPT))["scrubbed"]
    alone.rename(path)
    whole = tmp_path / "whole.har"
    whole.write_text(script.embedded(path), encoding="utf-8")
    report = judged(whole)
    assert_kept(report)
    assert_much_was_judged(report)


@pytest.mark.tools
def test_a_fresh_archive_is_judged_and_kept(tmp_path: Path, chromium: str) -> None:
    path = tmp_path / "chromium.har.zip"
    script.record(path, chromium, content="attach")
    report = judged(tmp_path)
    assert_kept(report)
    assert_much_was_judged(report)


def rewriting(change: Callable[[bytes], bytes]) -> script.Wrapper:
    """Changes the bodies of an application's answers."""

    def wrapper(app: ASGIApp) -> ASGIApp:
        async def changed(scope: Scope, receive: Receive, send: Send) -> None:
            start: Message = {}

            async def late(message: Message) -> None:
                nonlocal start
                if message["type"] == "http.response.start":
                    start = message
                    return
                body = change(message["body"])
                others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                await send({**start, "headers": [*others, (b"content-length", str(len(body)).encode())]})
                await send({**message, "body": body})

            await app(scope, receive, late)

        return changed

    return wrapper


@pytest.mark.tools
@pytest.mark.parametrize(
    ("change", "clause", "pointer"),
    [
        ((rb'"status":"\w+"', b'"status":"queued"'), f"{STUUT}/200/status:enum", "/status"),
        ((rb'"modified_at":[^,]+,', b""), f"{STUUT}/200/modified_at:required", "/modified_at"),
        ((rb',"workflow_id":"\w+"', b""), f"{BLAND}/2XX/data/workflow_id:required", "/data/workflow_id"),
        ((rb'"id":"sms_\w+"', b'"id":"sms_other"'), f"{STUUT}/rule/answers-for-the-asked-id", "/id"),
    ],
    ids=["enum", "presence", "nested", "rule"],
)
def test_what_breaks_on_the_wire_is_found_in_the_recording(
    tmp_path: Path, chromium: str, change: tuple[bytes, bytes], clause: str, pointer: str
) -> None:
    path = tmp_path / "chromium.har"
    before, after = change
    answers = script.record(path, chromium, wrapper=rewriting(lambda body: re.sub(before, after, body)))
    assert any(after.decode() in text for _, text in answers)
    report = judged(path)
    assert [(one.clause, one.pointer) for one in report.findings] == [(clause, pointer)]
    assert report.exit_code == 1
