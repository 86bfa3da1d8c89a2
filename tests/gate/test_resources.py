"""`--resources`: what a target has. A mistake in it is told with its line, and what is missing with the line to add."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smscontract.cli import run as command
from smscontract.findings import Report
from smscontract.resources import load_resources
from tests.gate.run import BLAND, STUUT, TOKEN_ENV, broken, judge_of, reasons, run
from tests.gate.server import Server

#: A file, the line of its mistake, a word of the message, a word of the next step.
MISTAKES = {
    "empty": ("", None, "mapping", "PARAMETER"),
    "list": ("- sms_id\n", 1, "mapping", "PARAMETER"),
    "text": ("sms_id\n", 1, "mapping", "PARAMETER"),
    "unknown parameter": ("agent_number: {}\nsms_idd:\n  draft: [a]\n", 2, "sms_idd", "sms_id"),
    "no labels": ("sms_id:\n", 1, "labels", "LABEL"),
    "labels are a list": ("sms_id: [a, b]\n", 1, "labels", "LABEL"),
    "no list": ("sms_id:\n  draft: sms_01\n", 2, "no list", "[value"),
    "a state a letter away": ("sms_id:\n  draft: [a]\n  inbuond: [b]\n", 3, "inbuond", "inbound"),
    "a label a letter away": ('agent_number:\n  ownd: ["+14155550100"]\n', 2, "ownd", "owned"),
    "a state a letter away with more": ("sms_id:\n  drft-unicode: [b]\n", 2, "drft", "draft"),
    "no state": ('sms_id:\n  "": [b]\n', 2, "begins with a state", "draft"),
    "entry is a list": ("sms_id:\n  draft:\n    - [a]\n", 3, "text or a mapping", "sms_01"),
    "entry is true": ("sms_id:\n  draft:\n    - a\n    - true\n", 4, "text or a mapping", "sms_01"),
    "entry is null": ("sms_id:\n  draft:\n    - a\n    -\n", 4, "text or a mapping", "sms_01"),
    "entry is empty": ('sms_id:\n  draft:\n    - ""\n', 3, "text or a mapping", "sms_01"),
    "entry is a fraction": ("sms_id:\n  draft: [1.5]\n", 2, "text or a mapping", "sms_01"),
    "entry has no id": ("sms_id:\n  draft:\n    - {body: x}\n", 3, "needs `id`", "id:"),
    "id is a list": ("sms_id:\n  draft:\n    - {id: [x]}\n", 3, "text or a mapping", "sms_01"),
    "id is true": ("sms_id:\n  draft:\n    - {id: true}\n", 3, "text or a mapping", "sms_01"),
    "unknown member": ("sms_id:\n  draft:\n    - {id: a, boddy: x}\n", 3, "boddy", "body"),
    "recipient is no number": ("sms_id:\n  draft:\n    - {id: a, to_number: 555}\n", 3, "to_number", "E.164"),
    "recipient without plus": ('sms_id:\n  draft:\n    - {id: a, to_number: "14155550123"}\n', 3, "to_number", "E.164"),
    "number without plus": ("user_number:\n  any: [14155550123]\n", 2, "telephone number", "E.164"),
    "number with blanks": ('user_number:\n  any: ["+1 415 555 0123"]\n', 2, "telephone number", "E.164"),
    "twice in a list": ("sms_id:\n  draft:\n    - a\n    - a\n", 4, "twice", "one label"),
    "twice in two lists": ("sms_id:\n  draft: [a]\n  inbound:\n    - b\n    - {id: a}\n", 5, "twice", "one label"),
    "key twice": ("sms_id:\n  draft: [a]\nsms_id:\n  draft: [b]\n", 3, "twice", ""),
    "no YAML": ("sms_id: {draft: [a\n", None, "", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_nothing_is_sent(
    name: str, target: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, line, message, hint = MISTAKES[name]
    file = tmp_path / "resources.yaml"
    file.write_text(text, "utf-8")
    provider = "bland" if "number" in text.partition(":")[0] and "sms_idd" not in text else "stuut"
    arguments = ["gate", provider, "--url", target.url, "--token-env", TOKEN_ENV, "--resources", str(file)]
    assert command(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, target.arrived) == ("", [])
    assert "Traceback" not in err
    first, _, rest = err.partition("\n")
    assert first.startswith(f"error: {file}:{line}: " if line is not None else f"error: {file}")
    assert message in first
    assert hint in rest
    assert "help" in rest


@pytest.mark.parametrize("what", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_told(
    what: str, target: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "resources.yaml"
    if what == "folder":
        file.mkdir()
    elif what == "binary":
        file.write_bytes(b"sms_id:\n  draft: ['\xff\xfe']\n")
    assert command(["gate", "stuut", "--url", target.url, "--token-env", TOKEN_ENV, "--resources", str(file)]) == 2
    assert (str(file) in capsys.readouterr().err, target.arrived) == (True, [])


def test_one_file_may_serve_both_providers_and_json_will_do(tmp_path: Path) -> None:
    file = tmp_path / "resources.json"
    file.write_text(
        json.dumps(
            {
                "sms_id": {
                    "draft": ["sms_01", 17, {"id": "sms_02", "body": "x"}],
                    "pending": ["sms_03"],
                    "draft-unicode": ["\u00e9"],
                },
                "agent_number": {"owned": ["+14155550100"], "foreign": ["+14155550199"]},
                "user_number": {"any": ["+14155550123"], "landline": ["+14155550124"]},
            }
        ),
        "utf-8",
    )
    found = load_resources(str(file), judge_of("stuut", "bland").catalogue.operations.values())
    assert [entry.value for entry in found.entries("sms_id", "draft")] == ["sms_01", "17", "sms_02", "\u00e9"]
    assert [entry.state for entry in found.entries("sms_id")] == ["draft"] * 3 + ["pending", "draft"]


# -- what is there is used


def written(tmp_path: Path, data: Any) -> str:
    file = tmp_path / "resources.json"
    file.write_text(json.dumps(data), "utf-8")
    return str(file)


def given(target: Server, provider: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(target.handed[provider]["resources"]))
    return found


def stuut(target: Server, tmp_path: Path, sms_id: dict[str, list[Any]], **settings: Any) -> Report:
    file = written(tmp_path, {"sms_id": sms_id})
    return run("stuut", target.url, resources=file, token_env=TOKEN_ENV, **settings)


def ids_sent(target: Server) -> list[str]:
    return [seen.target.split("/")[-2] for seen in target.arrived]


def test_each_label_is_exercised(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(target, tmp_path, labels, drafts_are_safe=True)
    sent = ids_sent(target)
    for label, entries in labels.items():
        ids = [one if isinstance(one, str) else one["id"] for one in entries]
        assert any(one in sent for one in ids), label
    assert (report.exit_code, broken(report)) == (0, {})


def test_one_draft_will_do(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(target, tmp_path, {"draft": labels["draft"][:1], "missing": labels["missing"][:1]})
    assert (report.exit_code, broken(report)) == (0, {}), report.causes
    assert report.operations[0].kept > 80
    assert report.operations[0].spent == 1
    for label in ("inbound", "foreign"):
        (one,) = [one for one in report.not_judged if one.clause == f"{STUUT}/state/sms_id/{label}"]
        assert one.reason == f"no `sms_id` that is {label}"
        assert f"`sms_id: {{{label}: [...]}}`" in one.hint


def test_one_draft_alone_will_do(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(target, tmp_path, {"draft": labels["draft"][:1]})
    assert (report.exit_code, broken(report)) == (0, {}), report.causes
    assert set(ids_sent(target)) == {labels["draft"][0]["id"]}
    assert report.operations[0].kept > 80


def test_without_a_draft_nothing_can_be_told_and_the_line_to_add_is(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(target, tmp_path, {label: labels[label][:1] for label in ("inbound", "missing")})
    assert (report.exit_code, broken(report)) == (3, {})
    assert any("`sms_id: {draft: [...]}`" in one.hint for one in report.not_judged)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("body", "another text"),
        ("to_number", "+14155550111"),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("sms_thread_id", "another"),
    ],
)
def test_what_is_known_is_compared_with_the_answers(target: Server, tmp_path: Path, member: str, value: str) -> None:
    labels = given(target, "stuut")["sms_id"]
    draft = {**labels["draft"][0], member: value}
    report = stuut(target, tmp_path, {"draft": [draft], "missing": labels["missing"]}, fail_on="should")
    assert (report.exit_code, set(broken(report))) == (1, {f"{STUUT}/rule/send-keeps-draft"})
    assert report.findings[0].pointer == f"/{member}"


def test_what_is_not_known_is_not_compared(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(target, tmp_path, {"draft": [labels["draft"][0]["id"]]}, drafts_are_safe=True)
    assert (report.exit_code, broken(report)) == (0, {})


def test_a_draft_that_is_none_is_no_kept_state(target: Server, tmp_path: Path) -> None:
    labels = given(target, "stuut")["sms_id"]
    report = stuut(
        target,
        tmp_path,
        {"draft": [labels["sent"][0], labels["draft"][0]], "draft-other": [labels["draft"][1]]},
        fail_on="should",
    )
    assert f"{STUUT}/state/sms_id/draft" in broken(report)


def bland(target: Server, tmp_path: Path, data: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Report:
    monkeypatch.setenv(TOKEN_ENV, target.handed["bland"]["token"])
    return run("bland", target.url, resources=written(tmp_path, data), token_env=TOKEN_ENV, **settings)


def test_without_owned_numbers_nothing_can_be_told_and_the_line_to_add_is(
    target: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in ({}, {"user_number": {"any": ["+14155550123"]}}, {"agent_number": {"foreign": ["+14155550199"], "owned": []}}):
        report = bland(target, tmp_path, data, monkeypatch)
        assert (report.exit_code, broken(report)) == (3, {})
        hints = {one.hint for one in report.not_judged if one.clause == f"{BLAND}/request:accepts"}
        assert any("`agent_number: {owned: [...]}`" in hint for hint in hints)


def test_one_owned_number_will_do(target: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = bland(target, tmp_path, {"agent_number": {"owned": ["+14155550100"]}}, monkeypatch)
    assert (report.exit_code, broken(report)) == (0, {})
    assert reasons(report, f"{BLAND}/rule/owned-number") >= {"no `agent_number` that is not owned"}
    assert report.operations[0].kept > 70


def test_the_numbers_of_the_file_are_used_first(target: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = ["+14155550141", "+14155550142"]
    data = {"agent_number": {"owned": ["+14155550101"]}, "user_number": {"any": users}}
    bland(target, tmp_path, data, monkeypatch)
    bodies = [seen.fields for seen in target.arrived if seen.fields]
    assert {users[0], users[1]} <= {body["user_number"] for body in bodies if isinstance(body.get("user_number"), str)}
    assert [body["agent_number"] for body in bodies[:10]] == ["+14155550101"] * 10
