"""The sections of the configuration that say how recordings are read, and what may be unreadable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smscontract import cli
from smscontract.config import Config, load_config
from smscontract.errors import ExitCode, UnusableInput, UsageError
from smscontract.mapping import Place
from smscontract.policy import Allowance
from tests.recordings.reading import line
from tests.recordings.test_mapped import GATEWAY, gateway


def load(text: str, tmp_path: Path, name: str = "smscontract.toml") -> Config:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_config(str(path))


def test_the_example(tmp_path: Path) -> None:
    (one,) = load(GATEWAY, tmp_path).recordings.mappings
    assert (one.name, one.records, one.files, one.scrubbed) == ("gateway", "lines", ("gateway-*.log",), ("***",))
    assert one.places == {
        "time": Place(at="/ts", form="epoch-ms"),
        "url": Place(at="/req/uri"),
        "status": Place(at="/resp/code"),
        "response-body": Place(at="/resp/body", form="json-string", cut_at=65536),
    }


def test_every_example_of_the_readme_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    examples = [one for one in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[recordings" in one]
    assert len(examples) == 2
    found = [load(one, tmp_path).recordings for one in examples]
    assert found[0].mappings
    assert found[1].routes


def test_hosts_and_prefixes_stand_beside_mappings(tmp_path: Path) -> None:
    text = '[recordings]\nhosts = {"API.example.test" = "bland"}\nprefixes = ["/proxy/v3/"]\n[recordings.g]\nurl = "/u"\n'
    found = load(text, tmp_path).recordings
    assert found.routes.hosts == {"api.example.test": "bland"}
    assert found.routes.prefixes == ("/proxy/v3",)
    assert [one.name for one in found.mappings] == ["g"]
    inside = load("[tool.smscontract.recordings.g]\nurl = '/u'\n", tmp_path, "pyproject.toml").recordings
    assert [one.name for one in inside.mappings] == ["g"]


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("recordings = 1", 1, "`recordings` is a table", "write `[recordings]`"),
        ("[recordings]\nhost = {}", 2, "the mapping `host` has no `url`", 'write `url = "/place"`, a JSON Pointer'),
        ("[recordings]\nprefix = '/x'", 2, "`prefix` is no key of `recordings`, nor a mapping", "did you mean `prefixes`?"),
        ("[recordings]\n\nprefixes = ['proxy']", 3, "a prefix begins with a slash", 'write `"/proxy"`'),
        *[
            (
                f'[recordings]\nhosts = {{"{host}" = "bland"}}',
                2,
                "a host is written without scheme, port and path",
                'write `"h.test" = "bland"`',
            )
            for host in ("h.test:8080", "https://h.test", "h.test/v1", "http://h.test:80/")
        ],
        ("[recordings]\nhosts = {x = 1}", 2, "a host belongs to one provider", 'write `"x" = "provider"`'),
        (
            "[recordings.G]\nurl = '/u'",
            1,
            "`G` is no name of a mapping",
            "small letters, digits and dashes, as `--format` takes it",
        ),
        ("[recordings.g]\nurl = '/u'\nstats = '/s'", 3, "`stats` is no key of the mapping `g`", "did you mean `status`?"),
        (
            "[recordings.g]\nurl = 'u'",
            2,
            "`url` is at no place",
            'a JSON Pointer begins with a slash; what is always the same is `{ value = "u" }`',
        ),
        ("[recordings.g]\nurl = {}", 2, "`url` has either a place or a value", 'write `at = "/place"` or `value = "..."`'),
        (
            "[recordings.g]\nurl = '/u'\ntime = {at = '/t', as = 'epoch'}",
            3,
            "`time` cannot be written so",
            "`as` is one of rfc3339, epoch-s, epoch-ms, epoch-us, epoch-ns",
        ),
        (
            "[recordings.g]\nurl = {at = '/u', cut-at = 3}",
            2,
            "`cut-at` is the length at which a body is cut",
            "e.g. `cut-at = 65536`",
        ),
        ("[recordings.g]\nurl = {at = '/u', ass = 'text'}", 2, "`ass` is no key of `url`", "did you mean `as`?"),
        (
            "[recordings.g]\nurl = '/u'\nrecords = 'xml'",
            3,
            "`records` says where records stand",
            "lines, csv, or a JSON Pointer to a list",
        ),
        (
            "[recordings.g]\nurl = '/u'\nscrubbed = [1]",
            3,
            "`scrubbed` is a text or a list of texts",
            'write `scrubbed = ["..."]`',
        ),
    ],
)
def test_mistakes_are_said_with_their_line(text: str, line: int, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput) as caught:
        load(text, tmp_path)
    assert (caught.value.line, caught.value.message, caught.value.hint) == (line, message, hint)


# --- what may be unreadable ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", Allowance()), ("20", Allowance(20)), ("0.5%", Allowance(share=0.005)), ("100%", Allowance(share=1))],
)
def test_allowances(text: str, expected: Allowance) -> None:
    assert Allowance.parse(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "101%", "%", "1e3"])
def test_no_allowances(text: str) -> None:
    with pytest.raises(UsageError):
        Allowance.parse(text)


@pytest.mark.parametrize(("allowed", "code"), [("0", 2), ("1", 2), ("2", 0), ("49%", 2), ("50%", 0)])
def test_unreadable_lines_up_to_a_number_change_no_exit_code_and_are_still_listed(
    allowed: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = '{"data": {"message": "m", "conversation_id": "c", "workflow_id": "w"}, "errors": null}'
    good = line(response={"status": 200, "headers": {"content-type": "application/json"}, "body": body})
    (tmp_path / "x.jsonl").write_bytes(good + b"garbage\n" + good + b"more\n")
    assert cli.run(["validate", str(tmp_path / "x.jsonl"), "--allow-unreadable", allowed]) == code
    out = " ".join(capsys.readouterr().out.split())
    assert "the line is not JSON" in out
    assert ("`--allow-unreadable 2` accepts as many" in out) == (code == 2)


def test_a_log_without_methods_is_judged_by_its_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smscontract.toml").write_text(GATEWAY, encoding="utf-8")
    body = '{"data": {"message": "m", "conversation_id": "c"}, "errors": null}'
    Path("gateway-1.log").write_bytes(gateway(resp={"code": 200, "body": body}))
    Path("gateway-2.log").write_bytes(gateway(resp={"code": 200, "body": body[:40] + "x" * 65536}))
    assert cli.run(["validate", ".", "--fail-on", "should"]) == ExitCode.BROKEN
    out = capsys.readouterr().out
    assert "bland.create-sms/2XX/data/workflow_id:required" in out
    assert "2 exchanges" in out
    assert "gateway-2.log:1" not in out  # what was cut is broken nowhere


@pytest.mark.parametrize("command", [["drift"], ["timeline", "bland.create-sms", "code"]])
def test_other_commands_that_read_recordings_take_mappings_too(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    body = '{"data": {"message": "m", "conversation_id": "c", "workflow_id": "w"}, "errors": null}'
    Path("mine.toml").write_text(GATEWAY, encoding="utf-8")
    Path("gateway-1.log").write_bytes(gateway(resp={"code": 200, "body": body}))
    assert cli.run([*command, "."]) == ExitCode.UNUSABLE  # a folder without recordings
    assert cli.run([*command, ".", "--config", "mine.toml"]) == ExitCode.KEPT
    assert "bland.create-sms" in capsys.readouterr().out
