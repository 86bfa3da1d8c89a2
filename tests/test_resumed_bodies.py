"""What lies beside a HAR belongs to it: a result is found again only where that is the same too."""

from __future__ import annotations

import json
from pathlib import Path

from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.validate import Request, validate
from smscontract.workers import here
from tests.core import shipped

NAME = "0123456789abcdef0123456789abcdef01234567.json"


def broken(folder: Path, results: Path) -> set[str]:
    """Clauses that are broken, by a run that keeps its results."""
    judge = Judge(shipped(), Masker(b"key of the tests"))
    report = validate(Request(paths=[str(folder / "one.har")], resume=str(results), doing=here), judge, now=2e9)
    assert report.exchanges == 1
    return {one.clause for one in report.findings}


def test_a_body_that_changed_beside_a_har_is_judged_again(tmp_path: Path) -> None:
    folder, results = tmp_path / "recorded", tmp_path / "results"
    folder.mkdir()
    request = {"method": "POST", "url": "https://api.example.test/v1/sms/create", "headers": []}
    response = {"status": 200, "headers": [], "content": {"mimeType": "application/json", "_file": NAME}}
    entry = {"startedDateTime": "2026-09-21T14:13:20Z", "request": request, "response": response}
    (folder / "one.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}), encoding="utf-8")
    (folder / NAME).write_text('{"data": {"conversation_id": "c1"}}', encoding="utf-8")
    before = broken(folder, results)
    assert broken(folder, results) == before
    (folder / NAME).write_text('{"data": {"conversation_id": 5, "more": 1}}', encoding="utf-8")
    assert broken(folder, results) != before
    assert broken(folder, results) == broken(folder, tmp_path / "other")
