"""Canaries in what a target answers and in what only the target may see: nothing else of a run shows them, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from smscontract.reports import formats
from tests.canary import leaks, leaks_below
from tests.gate.server import HANG, Reply, Seen, Server, listening

#: A number in a country that there is not, which nobody could take for one of ours.
PHONE = "+99941558273645"
TEXT = "Canary sings at midnight"
KEY = "canary-key-1f2e3d4c5b6a"
PIECES = ("41558273645", "sings", "midnight", "1f2e3d4c5b6a", "canary-key")

#: The plan of Stuut and what confirms it take fewer requests, with fuzzing it is more: what breaks from here on it finds alone.
LATE = 145

#: All loggers speak, to where a log would be.
DRIVER = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stderr, format="%(name)s %(message)s")
from smscontract.cli import main
main(sys.argv[1:])
"""
#: What makes the credential says it on the wrong stream too, and a number.
TELLER = """
import os, sys
print("token", os.environ["CANARY_TOKEN"], "of", {phone!r}, file=sys.stderr)
print(os.environ["CANARY_TOKEN"])
"""


@dataclass
class Place:
    """Where a run is: the folder that it starts in, its home, its temporary files, and what it was given: that is no output."""

    folder: Path
    server: Server
    provider: str
    during: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("here", "home", "tmp", "given"):
            (self.folder / name).mkdir()
        handed = self.server.handed[self.provider]
        self.token: str = handed["token"]
        self.pieces = (*PIECES, self.token[:16], self.token[-12:])
        self.server.offers = False
        self.server.behave = self.telling
        given = self.folder / "given"
        (given / "resources.json").write_text(json.dumps(handed["resources"]))
        (given / "token.py").write_text(TELLER.format(phone=PHONE))
        (given / "smscontract.toml").write_text(
            f'[targets.staging]\nprovider = "{self.provider}"\nurl = "{self.server.url}"\ndrafts-are-safe = true\n'
            f'token = {{command = "{sys.executable} {given / "token.py"}"}}\nmax-time = "600s"\n'
            f'headers = {{x-key = "${{KEY}}"}}\n'
            f'resources = "resources.json"\njournal = "../here/run.journal"\n'
        )

    def telling(self, seen: Seen, answer: Callable[[], Reply]) -> Reply:
        """Answers that say what they must not, some of them right otherwise, and some of them not."""
        if seen.number in {3, 40}:
            self.during.append(self.leaking())
        reply = answer().with_header("x-note", f"{PHONE} {TEXT} {self.token} {KEY}")
        told = {"body": TEXT, "to_number": PHONE, "echo": [self.token, KEY], "note": {TEXT: PHONE}}
        if seen.number % 9 == 4:
            return replace(reply, body=f'{{"{TEXT}": "{PHONE}", "{self.token}'.encode())
        if seen.number % 31 == 5:
            return replace(reply, status=500).with_json({"error": f"{TEXT} {PHONE}"})
        value = reply.json
        if not isinstance(value, dict):
            return reply
        if seen.number % 9 == 7:
            told |= {"status": TEXT, "id": PHONE, "direction": self.token, "created_at": KEY, "conversation_id": PHONE}
        if seen.number > LATE:
            told |= {"object": {TEXT: PHONE}, "workflow_id": [TEXT]}
        data = value.get("data")
        return reply.with_json({**value, **told, **({"data": {**data, **told}} if isinstance(data, dict) else {})})

    def started(self, *words: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "CANARY_TOKEN": self.token,
            "KEY": KEY,
            "GITHUB_STEP_SUMMARY": str(self.folder / "here" / "summary"),
        }
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, *words, "--config", str(self.folder / "given" / "smscontract.toml")],
            cwd=self.folder / "here",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ran(self, *words: str) -> tuple[int, str, str]:
        process = self.started(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def leaking(self, but: Sequence[str] = ()) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in ("here", "home", "tmp"):
            found |= {f"{name}/{file}": pieces for file, pieces in leaks_below(self.folder / name, self.pieces).items()}
        return {file: pieces for file, pieces in found.items() if file not in but}


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Place:
    return Place(tmp_path, server, "stuut")


def all_reports() -> list[str]:
    return [word for form in formats() for word in ("--report", f"{form}:report.{form}")]


@pytest.mark.parametrize(("provider", "fuzz", "most"), [("stuut", 40, 250), ("bland", 0, 100)])
def test_nothing_of_a_run_shows_a_canary(server: Server, tmp_path: Path, provider: str, fuzz: int, most: int) -> None:
    place = Place(tmp_path, server, provider)
    told = [*all_reports(), "--ledger", "ledger.json", "--promote", "promoted", "--baseline", "known.toml", "--baseline-update"]
    (place.folder / "here" / "promoted").mkdir()
    code, out, err = place.ran("gate", "staging", "--fuzz", str(fuzz), "--max-requests", str(most), "--fail-on", "new", *told)
    assert code in {0, 1}, err
    assert leaks(out, place.pieces) == []
    assert leaks(err, place.pieces) == []
    assert "token <secret:" in err, "what the command said is told all the same"
    assert place.during == [{}, {}]
    assert place.leaking() == {}
    here = {path.name for path in (place.folder / "here").iterdir()}
    assert here == {"run.journal", "promoted", "ledger.json", "known.toml", "summary", *(f"report.{one}" for one in formats())}
    assert len(json.loads((place.folder / "here" / "report.json").read_text())["findings"]) >= 3
    assert bool(list((place.folder / "here" / "promoted").iterdir())) == bool(fuzz), "shrunk cases are among it"
    assert list((place.folder / "home").iterdir()) == []
    for path in (place.folder / "tmp").rglob("*"):
        assert path.is_dir() or path.suffix == ".lock", path


def test_what_was_asked_for_shows_all_but_credentials(place: Place) -> None:
    """The same search finds what is there."""
    words = ("gate", "staging", "--fuzz", "0", "--max-requests", "40", "--record", "run.jsonl", "--reveal", *all_reports())
    code, out, err = place.ran(*words)
    assert code in {0, 1}, err
    found = place.leaking()
    assert {"here/run.jsonl", "here/report.html", "here/report.json"} <= set(found)
    assert {piece for pieces in found.values() for piece in pieces} == {"41558273645", "sings", "midnight"}
    assert not set(leaks(out + err, place.pieces)) - {"41558273645", "sings", "midnight"}


def test_two_targets_are_compared_without_a_file(place: Place, tmp_path: Path) -> None:
    with listening(Server()) as other:
        first = Place(tmp_path_of(tmp_path), other, place.provider)
        words = (
            "gate",
            "staging",
            "--against",
            other.url,
            "--fuzz",
            "0",
            "--max-requests",
            "60",
            "--report",
            "json:report.json",
        )
        seen: list[dict[str, list[str]]] = []

        def looking(one: Seen, answer: Callable[[], Reply]) -> Reply:
            if one.number % 20 == 1:
                seen.append(place.leaking())
            return first.telling(one, answer)

        other.behave = looking
        code, out, err = place.ran(*words)
    assert code in {0, 1}, err
    assert json.loads((place.folder / "here" / "report.json").read_text())["against"]["what"].startswith(other.url)
    assert leaks(out + err, (*place.pieces, *first.pieces)) == []
    assert place.during + seen == [{}] * (len(place.during) + len(seen))
    assert seen
    assert place.leaking() == {}


def tmp_path_of(folder: Path) -> Path:
    below = folder / "other"
    below.mkdir()
    return below


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_run_that_was_ended(place: Place, number: int) -> None:
    reached: list[int] = []

    def behave(seen: Seen, answer: Callable[[], Reply]) -> Reply:
        if seen.number == 30:
            os.kill(reached[0], number)
            return HANG
        return place.telling(seen, answer)

    place.server.behave = behave
    process = place.started("gate", "staging", "--fuzz", "0", "--max-requests", "60", *all_reports())
    reached.append(process.pid)
    out, err = process.communicate(timeout=120)
    assert process.returncode == (130 if number == signal.SIGTERM else -number), err
    assert leaks(out + err, place.pieces) == []
    assert place.leaking() == {}
    place.server.behave = place.telling
    code, out, err = place.ran("gate", "staging", "--resume", str(place.folder / "here" / "run.journal"), *all_reports())
    assert code in {0, 1}, err
    assert leaks(out + err, place.pieces) == []
    assert place.leaking() == {}


@pytest.mark.parametrize(
    "words", [("doctor", "staging"), ("gate", "staging", "--dry-run"), ("gate", "staging", "--no-effects")]
)
def test_nothing_that_looks_at_a_target_shows_a_canary(place: Place, words: Sequence[str]) -> None:
    _, out, err = place.ran(*words)
    assert leaks(out + err, place.pieces) == []
    assert place.leaking() == {}


def test_the_credential_of_a_proxy_is_in_no_message(place: Place) -> None:
    """Nobody listens there: the message names the proxy, or nothing."""
    config = place.folder / "given" / "smscontract.toml"
    config.write_text(f'{config.read_text()}proxy = "http://canary-key:${{KEY}}@127.0.0.1:9"\n')
    for words in (("doctor", "staging"), ("gate", "staging", *all_reports())):
        code, out, err = place.ran(*words)
        assert code in {2, 3}, out + err
        assert leaks(out + err, place.pieces) == []
        assert place.leaking() == {}
