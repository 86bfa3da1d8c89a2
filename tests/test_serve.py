"""`smscontract serve` as a user meets it: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smscontract import cli
from smscontract.sandbox import server
from smscontract.sandbox.app import create_app

ENUM = "stuut.send-sms/200/status:enum"


class Served:
    """A running `serve`, and what it printed while it started."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.exports: dict[str, str] = {}
        assert process.stdout is not None
        while len(self.exports) < 4:
            line = process.stdout.readline()
            assert line, process.communicate()
            self.lines.append(line.rstrip("\n"))
            if line.startswith("export "):
                name, _, value = shlex.split(line)[1].partition("=")
                self.exports[name] = value

    def get(self, path: str) -> Any:
        return self.ask("GET", path)[1]

    def ask(self, method: str, path: str, headers: Mapping[str, str] = {}) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.exports["STUUT_URL"].removeprefix("http://"), timeout=120)
        try:
            connection.request(method, path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def send(self, sms_id: str) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.exports['STUUT_TOKEN']}"}
        return self.ask("POST", f"/v2/sms-threads/messages/{sms_id}/send", headers)

    def draft(self) -> str:
        return str(self.get("/_sandbox/")["providers"]["stuut"]["resources"]["sms_id"]["draft"][0]["id"])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Asks it to stop; its exit code, and what it said on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from smscontract.cli import main; main()", "serve", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def served(*options: str) -> Iterator[Served]:
    process = start("--port", "0", *options)
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate()


def refused(*options: str) -> tuple[int, str]:
    process = start(*options)
    output, errors = process.communicate(timeout=120)
    assert output == ""
    return process.returncode, errors


def test_it_prints_what_a_shell_can_read() -> None:
    with served() as one:
        script = "\n".join([*one.lines, 'printf "%s %s" "$BLAND_TOKEN" "$STUUT_URL"'])
        environment = {"PATH": os.environ["PATH"]}
        read = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, env=environment, check=True)
        token, url = read.stdout.split()
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", url)
        assert one.lines[0] == f"# sandbox: {url}, control plane: {url}/_sandbox/"
        index = one.get("/_sandbox/")
        assert token == index["providers"]["bland"]["token"]
        assert one.send(one.draft())[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_asked_to_stop_has_done_its_job(number: int) -> None:
    with served() as one:
        assert one.stop(number) == (0, "")


def test_a_break_is_announced_used_and_counted() -> None:
    with served("--break", f"{ENUM}@every=2", "--break", "stuut.send-sms/state/sms_id/missing@auth=absent") as one:
        assert one.lines[1:3] == [f"# broken: {ENUM}@every=2", "# broken: stuut.send-sms/state/sms_id/missing@auth=absent"]
        statuses = [one.send(one.draft())[1]["status"] for _ in range(3)]
        assert [status == "sent" for status in statuses] == [False, True, False]
        code, errors = one.stop()
    assert code == 0
    assert errors.splitlines() == [
        f"broken  {ENUM}@every=2: 2 answers of 3",
        "broken  stuut.send-sms/state/sms_id/missing@auth=absent: 0 answers of 0",
    ]


def test_a_file_outlives_the_server(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with served("--db", file, "--seed", "7") as one:
        draft, token = one.draft(), one.exports["STUUT_TOKEN"]
        assert one.send(draft)[0] == 200
        one.stop()
    with served("--db", file) as again:  # the file knows what it was made from
        assert again.exports["STUUT_TOKEN"] == token
        assert again.send(draft)[0] == 409


def test_a_seed_makes_another_first_day() -> None:
    with served("--seed", "7") as seven, served() as none, served("--seed", "7") as also:
        assert seven.exports["STUUT_TOKEN"] == also.exports["STUUT_TOKEN"] != none.exports["STUUT_TOKEN"]
        assert seven.draft() == also.draft() != none.draft()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--break", "stuut.send-sms/200/statsu:enum"], "did you mean `stuut.send-sms/200/status:enum`"),
        (["--break", f"{ENUM}@got.statsu=failed"], "did you mean `status`"),
        (["--break", f"{ENUM}@evry=2"], "did you mean `every`"),
        (["--break", f"{ENUM}@every=0"], "a number from 1"),
        (["--host", "no.such.host.invalid"], "cannot listen"),
        (["--port", "65536"], "65535"),
        (["--seed", "-1"], "0<=x"),
        (["--db", ""], "--db names no file"),
        (["--db", "no/such/folder/file.db"], "cannot open the database"),
        (["extra"], "extra"),
    ],
)
def test_usage_errors_come_first(options: list[str], said: str) -> None:
    code, errors = refused(*options)
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, errors = refused("--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "cannot listen" in errors


@pytest.mark.parametrize(
    ("host", "warned"), [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("192.0.2.1", True)]
)
def test_who_can_be_reached_from_outside_is_warned(
    host: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a test double: it may be shared in a network, but nobody does so unawares."""
    asked: list[tuple[str, int]] = []

    def pretended(host: str, port: int, _: str, wrap: Any, *, ready: Any, **__: Any) -> None:
        asked.append((host, port))
        wrap(create_app())
        ready(server.Running(host, port))

    monkeypatch.setattr(server, "serve", pretended)
    assert cli.run(["serve", "--host", host, "--port", "8123"]) == 0
    output = capsys.readouterr()
    assert asked == [(host, 8123)]
    assert output.err.startswith("warning: ") is warned
    assert output.out.startswith(f"# sandbox: http://{'[::1]' if host == '::1' else host}:8123, ")


def test_help_shows_the_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    for word in ("every=5", "got.status=failed", "sent.message.length>160"):
        assert word in text
