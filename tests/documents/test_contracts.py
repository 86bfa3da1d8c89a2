"""Contract files: what is refused and how, the JSON Schema for editors, and a user's own contract on top of a shipped one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.documents import contract as contract_module
from smscontract.documents import read_contract
from smscontract.errors import UnusableInput
from smscontract.findings import Level
from smscontract.judge import Judge
from smscontract.yaml import load
from tests.core import BLAND, PARCEL, STUUT, broken, made

ROOT = Path(__file__).resolve().parents[2]
BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
SCHEMA = json.loads(Path(contract_module.__file__).with_name("contract.schema.json").read_text(encoding="utf-8"))


def expected_of(path: Path) -> tuple[int, str, str]:
    """The first two lines of a bad contract say what is to be said about it."""
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    found = re.fullmatch(r"# line (\d+): (.*)", first)
    assert found
    return int(found[1]), found[2], second.removeprefix("# help:").strip()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_reported_with_its_line_and_the_nearest_word(path: Path) -> None:
    line, message, hint = expected_of(path)
    with pytest.raises(UnusableInput) as caught:
        load_catalogue([str(path)])
    error = caught.value
    assert error.file == str(path)
    assert error.line == line, error
    assert message in error.message
    assert hint in (error.hint or "")
    assert error.hint, "the next step is always said"


def problems(path: Path) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(load(path).data)]


@pytest.mark.parametrize(
    "path", [ROOT / "contracts" / "stuut.yaml", ROOT / "contracts" / "bland.yaml", PARCEL], ids=lambda path: path.stem
)
def test_contracts_keep_the_schema_that_editors_use(path: Path) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert problems(path) == []


#: What only the document, another file or a compiler of patterns can tell.
BEYOND = {
    "operation-misspelt", "document-missing", "extends-nobody", "extends-itself", "overlay-missing", "place-misspelt",
    "parameter-misspelt", "schema-is-none", "pattern-is-none", "like-nobody", "page-unknown", "ref-unknown", "state-of-nothing",
    "unknown-top-key", "key-of-another-kind",
}  # fmt: skip


@pytest.mark.parametrize(
    "path", [path for path in BAD if path.stem not in BEYOND and path.stem != "a-key-twice"], ids=lambda path: path.stem
)
def test_the_schema_sees_what_a_schema_can_see(path: Path) -> None:
    assert problems(path) != []


@pytest.mark.parametrize("path", [path for path in BAD if path.stem in BEYOND], ids=lambda path: path.stem)
def test_what_is_beyond_the_schema_is_really_beyond_it(path: Path) -> None:
    assert problems(path) == []


def test_bare_documents_are_contracts_without_rules() -> None:
    catalogue = load_catalogue([str(PARCEL.with_name("parcel.openapi.yaml"))])
    (operation,) = catalogue.operations.values()
    assert operation.rules == ()
    assert operation.id == "parcel-status"


# -- a user's own contract


def own(folder: Path, contract: str, overlay: str = "") -> Catalogue:
    (folder / "mine.yaml").write_text(contract, encoding="utf-8")
    if overlay:
        (folder / "more.yaml").write_text(overlay, encoding="utf-8")
    return load_catalogue([str(folder / "mine.yaml")])


def test_a_contract_adds_to_a_shipped_one(tmp_path: Path) -> None:
    catalogue = own(
        tmp_path,
        "extends: bland\n"
        "create-sms:\n"
        "  rules:\n"
        "    ids-have-a-prefix:\n"
        "      says: a conversation is called conv and a number\n"
        "      then: {got.data.conversation_id: {schema: {pattern: '^conv_'}}}\n"
        "    timeout-order: {level: should}\n"
        "    new-is-new: {says: it is new, level: should}\n",
    )
    shipped = load_catalogue(["bland"])
    mine = {identity.removeprefix("mine."): clause for identity, clause in catalogue.clauses.items()}
    theirs = {identity.removeprefix("bland."): clause for identity, clause in shipped.clauses.items()}
    assert set(mine) - set(theirs) == {"create-sms/rule/ids-have-a-prefix"}
    assert set(theirs) <= set(mine)
    added = mine["create-sms/rule/ids-have-a-prefix"]
    assert (added.level, added.file, added.line) == (Level.SHOULD, str(tmp_path / "mine.yaml"), 4)
    lowered, before = mine["create-sms/rule/timeout-order"], theirs["create-sms/rule/timeout-order"]
    assert (before.level, lowered.level) == (Level.MUST, Level.SHOULD)
    assert (lowered.says, lowered.source.quote) == (before.says, before.source.quote)
    assert (lowered.file, lowered.line) == (str(tmp_path / "mine.yaml"), 7)
    assert mine["create-sms/rule/new-is-new"].says == "it is new"
    judge = Judge(catalogue)
    assert broken(made("mine.create-sms", judge_=judge), judge) == []
    odd = made("mine.create-sms", judge_=judge, answer={"data": {"conversation_id": "abc"}})
    assert broken(odd, judge) == ["rule/ids-have-a-prefix"]
    assert broken(made(BLAND, answer={"data": {"conversation_id": "abc"}})) == []


def test_a_rule_of_the_same_name_replaces_the_shipped_one(tmp_path: Path) -> None:
    catalogue = own(
        tmp_path,
        "extends: stuut\n"
        "send-sms:\n"
        "  rules:\n"
        "    sent-is-outbound: {says: anything goes, then: {got.direction: [inbound, outbound]}}\n",
    )
    judge = Judge(catalogue)
    assert broken(made("mine.send-sms", judge_=judge, answer={"direction": "inbound"}), judge) == []


OVERLAY = """\
overlay: 1.0.0
info: {title: What we know, version: "1"}
actions:
  - target: $.components.schemas.SmsMessage.properties.status
    update:
      enum: [queued]
  - target: $.components.schemas.SmsMessage
    update:
      required: [carrier]
      properties:
        carrier:
          type: string
          maxLength: 9
  - target: $.components.schemas.InteractionClassification.properties.language
    remove: true
"""


def test_an_overlay_changes_the_document_and_says_so(tmp_path: Path) -> None:
    catalogue = own(tmp_path, "extends: stuut\noverlay: more.yaml\n", OVERLAY)
    judge = Judge(catalogue)
    good: dict[str, Any] = {"carrier": "x", "status": "queued"}
    assert broken(made("mine.send-sms", judge_=judge, answer=good), judge) == []
    assert broken(made(STUUT, answer=good)) == ["200/status:enum"]
    assert broken(made("mine.send-sms", judge_=judge), judge) == ["200/carrier:required"]
    assert "mine.send-sms/200/classifications/items/language:type" not in catalogue.clauses
    lines = {
        identity.rpartition("200/")[2]: (Path(clause.file).name, clause.line)
        for identity, clause in catalogue.clauses.items()
        if "/200/carrier" in identity or "/200/status" in identity
    }
    assert lines["status:enum"] == ("more.yaml", 6)
    assert lines["carrier:required"] == ("more.yaml", 9)
    assert lines["carrier:type"] == ("more.yaml", 12)
    assert lines["carrier:null"] == ("more.yaml", 12)
    assert lines["carrier:maxLength"] == ("more.yaml", 13)
    assert lines["status:type"][0] == "stuut.yaml"
    assert lines["status:required"][0] == "stuut.yaml"


@pytest.mark.parametrize(
    ("overlay", "line", "message"),
    [
        ("openapi: 3.1.0\n", 1, "this is no OpenAPI Overlay"),
        ("overlay: 1.0.0\n", 1, "the overlay has no `actions`"),
        ("overlay: 1.0.0\nactions:\n  - {update: {}}\n", 3, "an action needs `target`"),
        ("overlay: 1.0.0\nactions:\n  - target: $.info\n", 3, "an action needs `update` or `remove`"),
        ("overlay: 1.0.0\nactions:\n  - target: $.infos\n    update: {}\n", 3, "`$.infos` selects nothing"),
        ("overlay: 1.0.0\nactions:\n  - target: info\n    update: {}\n", 3, "`info` is no JSONPath"),
        (
            "overlay: 1.0.0\nactions:\n  - target: $.components.schemas.Created\n    update:\n      type: objekt\n",
            5,
            "`objekt` is no JSON type",
        ),
        (
            "overlay: 1.0.0\nactions:\n  - target: $.components.schemas.Created\n    update:\n      anyOf: [{$ref: '#/no'}]\n",
            5,
            "points nowhere",
        ),
    ],
)
def test_a_mistake_in_an_overlay_is_reported_with_its_line(tmp_path: Path, overlay: str, line: int, message: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        own(tmp_path, "extends: bland\noverlay: more.yaml\n", overlay)
    assert message in caught.value.message
    assert (Path(caught.value.file or "").name, caught.value.line) == ("more.yaml", line)


def test_files_are_named_as_the_user_named_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text("openapi: ./d.yaml\n", encoding="utf-8")
    text = PARCEL.with_name("parcel.openapi.yaml").read_text(encoding="utf-8")
    (tmp_path / "d.yaml").write_text(re.sub(r"x-source: \{quote.*\}", "x-source: inferred", text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert {clause.file for clause in load_catalogue(["c.yaml"]).clauses.values()} == {"d.yaml"}
    assert read_contract("c.yaml").provider == "c"
