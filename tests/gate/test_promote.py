"""`--promote`: what fuzzing found is sent first by later runs, whatever the target has by then; and never in the way."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.errors import UnusableInput
from smscontract.findings import Report
from smscontract.gate import planned, targets_of
from smscontract.judge import Judge
from smscontract.validate import Request as Validation
from smscontract.validate import validate
from tests.gate.run import BLAND, STUUT, broken, run
from tests.gate.server import Behave, Reply, Seen, Server, listening

DATA = f"{BLAND}/2XX/data:required"
_OWN = {"host", "authorization", "user-agent", "content-length"}


def without_data(wanted: Callable[[dict[str, Any]], bool]) -> Behave:
    """A server that forgets `data` for requests that only fuzzing makes."""

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if reply.status == 200 and wanted(seen.fields):
            reply = reply.with_json({name: value for name, value in reply.json.items() if name != "data"})
        return reply

    return behave


def deep(fields: dict[str, Any]) -> bool:
    """Greek capitals: no plan thinks of that."""
    return "Δ" in str(fields.get("message"))


def arrived(server: Server) -> list[tuple[Any, ...]]:
    return [
        (one.method, one.target, [pair for pair in one.headers if pair[0] not in _OWN], one.body)
        for one in server.arrived
        if not one.target.startswith("/_sandbox")
    ]


def tiers(report: Report) -> dict[str, int]:
    return report.operations[0].tiers


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what fuzzing found."""
    folder = tmp_path_factory.mktemp("kept")
    with listening(Server()) as server:
        server.behave = without_data(deep)
        report = run("bland", server.url, fuzz=50, promote=str(folder), max_requests=600)
    assert set(broken(report)) == {DATA}
    assert report.findings[0].first.origin.source == "fuzz"
    assert list(folder.iterdir()) != []
    return folder


@pytest.fixture
def found(server: Server, kept: Path, tmp_path: Path) -> Path:
    """The same for one test, and the server that it was found on."""
    server.behave = without_data(deep)
    return Path(shutil.copytree(kept, tmp_path / "found"))


def test_what_fuzzing_found_is_sent_first(server: Server, found: Path) -> None:
    (file,) = found.iterdir()
    assert file.name.startswith(f"{BLAND}-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    report = run("bland", server.url, promote=str(found), max_requests=20)
    assert broken(report)[DATA] == 1
    assert report.findings[0].first.origin.request == 1
    assert report.findings[0].first.origin.case == f"create-sms: promoted {file.stem}"
    assert tiers(report)["promoted"] == 1
    assert sum(tiers(report).values()) == report.requests
    kept = json.loads(file.read_text(encoding="utf-8").split("\n")[1])
    assert arrived(server)[0][3] == kept["request"]["body"].encode()


def test_no_credential_is_kept_and_the_file_is_a_recording(server: Server, found: Path) -> None:
    (file,) = found.iterdir()
    assert server.handed["bland"]["token"] not in file.read_text(encoding="utf-8")
    report = validate(Validation(paths=[str(found)]), Judge(load_catalogue(["bland"])), now=0.0)
    assert set(broken(report)) == {DATA}


def test_a_server_that_was_mended_keeps_quiet(server: Server, found: Path) -> None:
    server.behave = lambda _, answer: answer()
    before = {file.name: file.read_bytes() for file in found.iterdir()}
    report = run("bland", server.url, fuzz=20, promote=str(found), fail_on="should")
    assert (broken(report), report.exit_code) == ({}, 0)
    assert {file.name: file.read_bytes() for file in found.iterdir()} == before


def test_a_finding_is_kept_once_and_its_file_never_changes(server: Server, found: Path) -> None:
    before = {file.name: file.read_bytes() for file in found.iterdir()}
    run("bland", server.url, fuzz=50, promote=str(found), max_requests=600)
    assert {file.name: file.read_bytes() for file in found.iterdir()} == before


def test_the_same_files_make_the_same_requests(server: Server, found: Path) -> None:
    sent = []
    for _ in range(2):
        server.reset()
        run("bland", server.url, fuzz=10, promote=str(found))
        sent.append(arrived(server))
    assert sent[0] == sent[1]
    server.reset()
    run("bland", server.url, fuzz=10)
    assert arrived(server) == sent[0][1:]


def test_the_budget_counts_it(server: Server, found: Path) -> None:
    report = run("bland", server.url, promote=str(found), max_requests=1)
    assert (report.requests, tiers(report)) == (1, {"promoted": 1})


def test_numbers_are_those_of_the_present_account(server: Server, found: Path) -> None:
    (file,) = found.iterdir()
    owned = server.handed["bland"]["resources"]["agent_number"]["owned"][0]
    text = file.read_text(encoding="utf-8").replace(str(owned if isinstance(owned, str) else owned["number"]), "+17015550199")
    file.write_text(text, encoding="utf-8")
    report = run("bland", server.url, promote=str(found), max_requests=20)
    assert DATA in broken(report)
    assert b"+17015550199" not in arrived(server)[0][3]


def test_ids_are_those_of_the_present_target(server: Server, tmp_path: Path) -> None:
    """A message that is used up cannot be sent again: another draft stands for it."""
    catalogue = load_catalogue(["stuut"])
    with targets_of(catalogue, url=server.url, token_env=None, resources=None) as targets:
        ((_, plan),) = planned(Judge(catalogue), targets[0], seed=0)

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        if reply.status == 200 and seen.number > plan.requests:
            reply = reply.with_json({name: value for name, value in reply.json.items() if name != "object"})
        return reply

    server.behave = behave
    report = run("stuut", server.url, fuzz=30, promote=str(tmp_path), max_requests=600)
    assert set(broken(report)) == {f"{STUUT}/200/object:required"}
    assert report.findings[0].first.origin.source == "fuzz"
    (file,) = tmp_path.iterdir()
    used = json.loads(file.read_text(encoding="utf-8").split("\n")[1])["path_parameters"]["sms_id"]
    server.behave = lambda _, answer: answer()  # the same server, its messages used up
    before = len(server.arrived)
    again = run("stuut", server.url, promote=str(tmp_path), fail_on="should", max_requests=20)
    assert tiers(again)["promoted"] == 1
    first = next(one for one in server.arrived[before:] if not one.target.startswith("/_sandbox"))
    assert used not in first.target
    assert broken(again) == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[:-9], "JSON"),
        (lambda text: text.partition("\n")[0], "holds no exchange"),
        (lambda text: text.replace("/v1/sms/create", "/v0/sms/create"), "none of the operation any more"),
        (lambda text: text.replace(f'"{BLAND}"', '"bland.create-letter"'), "is no operation of the contract any more"),
        (lambda text: text.replace('"owned"', '"leased"'), "have no `leased` for `agent_number`"),
    ],
    ids=["garbage", "empty", "path", "operation", "label"],
)
def test_what_fits_no_more_is_reported_and_not_fatal(
    server: Server, found: Path, change: Callable[[str], str], says: str
) -> None:
    (file,) = found.iterdir()
    changed = change(file.read_text(encoding="utf-8"))
    file.write_text(changed, encoding="utf-8")
    server.behave = lambda _, answer: answer()
    report = run("bland", server.url, promote=str(found), max_requests=20)
    assert report.exit_code == 0
    assert "promoted" not in tiers(report)
    (note,) = [one for one in report.operations[0].notes if one.startswith("promoted ")]
    assert file.name in note
    assert says in note


def test_files_of_another_provider_say_nothing(server: Server, found: Path) -> None:
    server.behave = lambda _, answer: answer()
    report = run("stuut", server.url, promote=str(found), max_requests=20)
    assert [one for one in report.operations[0].notes if "promoted" in one] == []


def test_a_stranger_in_a_file_is_not_texted(server: Server, found: Path) -> None:
    (file,) = found.iterdir()
    head, line, _ = file.read_text(encoding="utf-8").split("\n")
    record = json.loads(line)
    number = json.loads(record["request"]["body"])["user_number"]
    del record["known"]["user_number"]
    record = json.loads(json.dumps(record).replace(number, "+14155551234"))
    file.write_text(f"{head}\n{json.dumps(record)}\n", encoding="utf-8")
    report = run("bland", server.url, promote=str(found), max_requests=20)
    assert "promoted" not in tiers(report)
    assert report.operations[0].leashed == 1
    assert not any(b"4155551234" in one.body for one in server.arrived)


def test_only_a_folder_will_do(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UnusableInput, match="kept in a folder"):
        run("bland", server.url, promote=str(tmp_path / "file"))
