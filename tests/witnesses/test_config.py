"""The configuration: where it is looked for, and that nothing in it is read as something else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from smscontract.config import load_config
from smscontract.errors import UnusableInput

GOOD = """\
[witnesses]
require = ["90%", "stuut.send-sms/200/status=sent"]

[[witnesses.waive]]
point = "stuut.send-sms/200/status=draft"
reason = "nobody sends a draft"
until = 2027-01-31

[[witnesses.waive]]
point = "stuut.send-sms/200/classifications/items/*"
reason = "none of ours are classified"
until = 2027-02-28
"""


def test_without_a_file_there_is_no_configuration(tmp_path: Path) -> None:
    assert load_config(folder=tmp_path).file == ""
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert load_config(folder=tmp_path).file == ""


def test_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "smscontract.toml").write_text(GOOD)
    found = load_config(folder=tmp_path)
    assert found.file == "smscontract.toml"
    share, name = found.witnesses.required
    assert (share.share, share.line) == (Decimal(90), 2)
    assert (name.share, name.text, name.file) == (None, "stuut.send-sms/200/status=sent", "smscontract.toml")
    first, second = found.witnesses.waivers
    assert (first.reason, first.until, first.line) == ("nobody sends a draft", date(2027, 1, 31), 4)
    assert second.line == 9
    assert not first.ended(date(2027, 1, 31))
    assert first.ended(date(2027, 2, 1))
    assert second.covers("stuut.send-sms/200/classifications/items/language=null")
    assert not first.covers("stuut.send-sms/200/status=draft2")


def test_which_file_is_read(tmp_path: Path) -> None:
    inside = GOOD.replace("[witnesses", "[tool.smscontract.witnesses").replace("[[witnesses", "[[tool.smscontract.witnesses")
    (tmp_path / "pyproject.toml").write_text(f"[project]\nname = 'x'\n{inside}")
    found = load_config(folder=tmp_path)
    assert (found.file, [waiver.line for waiver in found.witnesses.waivers]) == ("pyproject.toml", [6, 11])
    (tmp_path / "smscontract.toml").write_text("[witnesses]\nrequire = '80%'\n")
    assert load_config(folder=tmp_path).file == "smscontract.toml"
    (tmp_path / "mine.toml").write_text("[witnesses]\nrequire = '70%'\n")
    assert load_config(str(tmp_path / "mine.toml"), folder=tmp_path).witnesses.required[0].share == Decimal(70)
    named = load_config(str(tmp_path / "pyproject.toml"), folder=tmp_path)
    assert [waiver.line for waiver in named.witnesses.waivers] == [6, 11]


BAD = [
    ("[witnesss]\n", 1, "`witnesss` is no key of the configuration", "did you mean `witnesses`?"),
    ("\nwitnesses = 3\n", 2, "`witnesses` is a table", "write `[witnesses]`"),
    ("# x\n[witnesses]\nrequired = '90%'\n", 3, "`required` is no key of `witnesses`", "did you mean `require`?"),
    ("witnesses.requir = '90%'\n", 1, "`requir` is no key of `witnesses`", "did you mean `require`?"),
    ("witnesses = {requir = '90%'}\n", 1, "`requir` is no key of `witnesses`", "did you mean `require`?"),
    ("[witnesses]\nrequire = 90\n", 2, "`require` is a share or a list of names", "write"),
    ("[witnesses]\nrequire = ['']\n", 2, "`require` is a share or a list of names", "write"),
    ("[witnesses]\nrequire = '900%'\n", 2, "`900%` is no share of the points", "write"),
    ("[witnesses]\nrequire = '90 %'\n", 2, "`90 %` is no share of the points", "write"),
    ("[witnesses]\nrequire = 90%\n", 2, "no TOML: ", "toml.io"),
    ("[witnesses]\n\nwaive = 'all'\n", 3, "`waive` is an array of tables", "write"),
    (GOOD.replace('reason = "none', 'reson = "none'), 11, "`reson` is no key of `waive`", "did you mean `reason`?"),
    (GOOD.replace("until = 2027-02-28\n", ""), 9, "this waiver has no `until`", "it needs"),
    (GOOD.replace("2027-02-28", "'2027-02-28'"), 12, "`until` is a date", "without quotes"),
    (GOOD.replace("2027-02-28", "2027-02-28T00:00:00Z"), 12, "`until` is a date", "without quotes"),
    (GOOD.replace('"nobody sends a draft"', '" "'), 6, "`reason` is a text", "write"),
]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(("text", "line", "message", "hint"), BAD)
def test_what_is_not_known_is_refused_with_its_line(  # noqa: PLR0917 - pytest passes them by name
    tmp_path: Path, text: str, line: int, message: str, hint: str, inside: bool
) -> None:
    name = "smscontract.toml"
    if inside:
        name, line = "pyproject.toml", line + 1
        tables = text.replace("[[", "[[tool.smscontract.") if "[[" in text else text
        tables = tables.replace("[witn", "[tool.smscontract.witn")
        head = "[tool]\nother.x = 1\n" if tables.startswith(("witnesses", "\nwitnesses")) else "# ours\n"
        if head.startswith("[tool]"):
            tables, line = tables.replace("witnesses", "smscontract.witnesses", 1), line + 1
        text = head + tables
        hint = hint.replace("[witnesses]", "[tool.smscontract.witnesses]")
    (tmp_path / name).write_text(text)
    with pytest.raises(UnusableInput) as error:
        load_config(folder=tmp_path)
    assert error.value.message.startswith(message)
    assert (error.value.file, error.value.line) == (name, line)
    assert hint in (error.value.hint or "")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "smscontract.toml").write_bytes(b"\xff")
    with pytest.raises(UnusableInput, match="not UTF-8"):
        load_config(folder=tmp_path)
    with pytest.raises(UnusableInput, match="cannot be read"):
        load_config(str(tmp_path / "missing.toml"))
