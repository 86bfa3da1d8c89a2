"""`smscontract drift`: what was put into the recordings is found, nothing else is, and the suggestion mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli
from smscontract.drift import drift
from smscontract.exchange import Exchange
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings.jsonl import dumps, header
from tests.core import BLAND, PARCEL, STUUT, made, parcel_judge, refused, shipped

#: What nobody may read in any output: a number, a sentence, a map whose keys are people's.
CANARIES = ("4155550142", "quokka likes", "Wilhelmina")

HISTORY = [
    made(STUUT, step=0, answer={"carrier": "att", "segments": 1}),
    made(STUUT, step=1, answer={"carrier": "tmobile", "segments": 2.5, "route": {"via": "a", "hops": [{"ip": None}]}}),
    made(STUUT, step=2, answer={"carrier": None, "note": "quokka likes leaves", "callback": "+14155550142"}),
    made(STUUT, step=3, answer={"carrier": "att", "status": "queued", "body": None}),
    made(STUUT, step=4, answer={"carrier": "tmobile", "+14155550142": 1, "people": {"Wilhelmina S.": 1}}),
    made(STUUT, step=8, status=202, answer={"carrier": "att"}),
    made(BLAND, step=5, status=202, answer={"data": {"region": "us"}}),
    made(BLAND, step=6, answer={"data": {"region": "eu"}}, sent={"priority": 3, "sender": "USER"}),
    refused(BLAND, 422, sent={"priority": "x", "other": 1}, step=7),
]


def recording(folder: Path, exchanges: list[Exchange] = HISTORY) -> str:
    path = folder / "seen.jsonl"
    path.write_bytes(header("test") + b"".join(map(dumps, exchanges)))
    return str(path)


def found(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert cli.run(["drift", *words, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def undeclared(data: Any, *, breaks: bool = False) -> dict[str, tuple[str, int]]:
    return {
        one["place"].partition(".")[2]: (one["what"], one["count"])
        for operation in data["operations"]
        for one in operation["undeclared"]
        if bool(one["breaks"]) == breaks
    }


def test_what_was_put_in_is_found_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = found(capsys, recording(tmp_path))
    new = undeclared(data)
    (hidden,) = [place for place in new if "<" in place or "%3C" in place]
    assert new.pop(hidden) == ("field", 1)
    assert new == {
        "send-sms/200/carrier": ("field", 6),
        "send-sms/200/segments": ("field", 2),
        "send-sms/200/route": ("field", 1),
        "send-sms/200/note": ("field", 1),
        "send-sms/200/callback": ("field", 1),
        "send-sms/200/people": ("field", 1),
        "send-sms/202": ("status", 1),
        "create-sms/2XX/data/region": ("field", 2),
        "create-sms/request/priority": ("field", 1),
    }, "a range documents every success"
    broken = undeclared(data, breaks=True)
    assert {place: what for place, (what, _) in broken.items()} == {
        "send-sms/200/status=queued": "member",
        "send-sms/200/body": "null",
    }


def test_counts_times_shapes_and_few_harmless_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = found(capsys, recording(tmp_path))
    by_place = {one["place"]: one for each in data["operations"] for one in each["undeclared"]}
    carrier = by_place[f"{STUUT}/200/carrier"]
    assert (carrier["count"], carrier["of"], carrier["types"]) == (6, 6, {"null": 1, "string": 5})
    assert carrier["values"] == {"att": 3, "tmobile": 2}
    assert (carrier["first"]["line"], carrier["last"]["line"]) == (2, 7)
    assert carrier["first"]["time"] < carrier["last"]["time"]
    assert by_place[f"{STUUT}/200/note"]["values"] == {}, "seen once, and a text"


def test_what_was_never_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = found(capsys, recording(tmp_path))
    never = {one["place"]: one["kinds"] for each in data["operations"] for one in each["never"]}
    assert "undelivered" in never[f"{STUUT}/200/status"]
    assert "null" in never[f"{STUUT}/200/modified_at"] or "value" in never[f"{STUUT}/200/modified_at"]
    assert f"{STUUT}/4XX" in never
    assert f"{BLAND}/4XX" not in never


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_output_tells_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert cli.run(["drift", recording(tmp_path), "--format", form]) == 0
    out = capsys.readouterr().out
    assert [canary for canary in CANARIES if canary in out] == []
    assert "att (3)" in out or '"att": 3' in out


def test_the_suggestion_loads_and_leaves_nothing_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path)
    assert cli.run(["drift", file, "--suggest", str(tmp_path)]) == 0
    capsys.readouterr()
    mine = [word for name in ("stuut", "bland") for word in ("--contract", str(tmp_path / f"{name}.yaml"))]
    assert cli.run(["clauses", str(tmp_path / "stuut.yaml"), str(tmp_path / "bland.yaml")]) == 0
    assert "200/carrier:type" in capsys.readouterr().out
    again = found(capsys, file, *mine)
    left = undeclared(again)
    assert [place for place in left if "<" not in place and "%3C" not in place] == [], "only a name that nobody may read"
    assert set(undeclared(again, breaks=True)) == {"send-sms/200/status=queued", "send-sms/200/body"}, "no break is blessed"
    report = tmp_path / "report.json"
    cli.run(["validate", file, *mine, "--report", f"json:{report}"])
    clauses = {one["clause"] for one in json.loads(report.read_text())["findings"]}
    assert {one for one in clauses if any(name in one for name in ("carrier", "region", "segments", "route"))} == set()


def test_the_printed_suggestion_is_the_written_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path)
    cli.run(["drift", file])
    printed = capsys.readouterr().out
    cli.run(["drift", file, "--suggest", str(tmp_path)])
    assert (tmp_path / "stuut.overlay.yaml").read_text() in printed
    assert (tmp_path / "stuut.yaml").read_text() in printed


def test_breaks_are_suggested_as_comments_that_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recording(tmp_path)
    cli.run(["drift", file, "--suggest", str(tmp_path)])
    overlay = tmp_path / "stuut.overlay.yaml"
    text = overlay.read_text()
    overlay.write_text("\n".join(line.replace("  #  -", "  -").replace("  #  ", "  ") for line in text.splitlines()) + "\n")
    capsys.readouterr()
    again = found(capsys, file, "--contract", str(tmp_path / "stuut.yaml"))
    assert undeclared(again, breaks=True) == {}


def test_a_contract_of_ones_own_is_extended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge = parcel_judge()
    file = recording(tmp_path, [made("parcel.parcel-status", judge_=judge, answer={"gate": 4})])
    assert cli.run(["drift", file, "--contract", str(PARCEL), "--suggest", str(tmp_path)]) == 0
    capsys.readouterr()
    assert undeclared(found(capsys, file, "--contract", str(PARCEL))) == {"parcel-status/200/gate": ("field", 1)}
    assert undeclared(found(capsys, file, "--contract", str(tmp_path / "parcel.yaml"))) == {}


def test_files_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stuut.yaml").write_text("mine")
    assert cli.run(["drift", recording(tmp_path), "--suggest", str(tmp_path)]) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert (tmp_path / "stuut.yaml").read_text() == "mine"


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    judge = Judge(shipped(), Masker(b"key"))
    ordered = drift(judge, [recording(tmp_path)])
    reverse = drift(judge, [recording(tmp_path, HISTORY[::-1])])
    for one, other in zip(ordered.operations, reverse.operations, strict=True):
        assert [(each.place, each.count, each.of, each.shape.schema()) for each in one.undeclared] == [
            (each.place, each.count, each.of, each.shape.schema()) for each in other.undeclared
        ]
        assert one.never == other.never


def test_how_it_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.jsonl").write_bytes(header("test"))
    found(capsys, str(tmp_path / "none.jsonl"), code=3)
    (tmp_path / "bad.jsonl").write_bytes(header("test") + dumps(HISTORY[0]) + b"{\n")
    assert len(found(capsys, str(tmp_path / "bad.jsonl"), code=2)["problems"]) == 1
    assert cli.run(["drift", "nowhere.jsonl"]) == 2
