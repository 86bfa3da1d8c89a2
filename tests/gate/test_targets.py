"""Targets of the configuration: what an entry may say, that it is the consent, and what the command line puts before it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smscontract.cli import run as command
from smscontract.config import load_config
from smscontract.errors import UnusableInput, UsageError
from smscontract.rates import Rate, rate
from tests.gate.server import Server

ENTRY = """\
[targets.staging]
provider = "bland"
url = "URL"
token = "${GATE_TEST_TOKEN}"
[targets.staging.resources]
agent_number = {owned = ["+14155550100"], foreign = ["+14155550199"]}
"""
TOKEN = "sandbox-key-that-nobody-may-see"


@pytest.fixture
def staging(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A target that is no sandbox of ours, and an entry for it in the working directory."""
    server.offers = False
    monkeypatch.setenv("GATE_TEST_TOKEN", server.handed["bland"]["token"])
    monkeypatch.chdir(tmp_path)
    write(ENTRY, server)
    return server


def write(text: str, server: Server | None = None) -> None:
    Path("smscontract.toml").write_text(text.replace("URL", server.url if server is not None else "http://127.0.0.1:1"))


def gate(*more: str) -> int:
    return command(["gate", "staging", "--fuzz", "0", *more])


# -- the entry


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ('ulr = "http://localhost"', "`ulr` is no key of target `staging`", "`url`"),
        ('token = "plain-secret"', "a credential does not stand in a configuration", "${NAME}"),
        ('token = {comand = "x"}', "`comand` is no key of `token`", "`command`"),
        ("token = {command = 5}", "`token` names no command", "command"),
        ('rate-limit = "60 per minute"', "is no rate", "60/m"),
        ('max-time = "soon"', "is no length of time", "10m"),
        ("max-requests = 0", "`max-requests` is a whole number from 1", ""),
        ("max-sends = -1", "`max-sends` is a whole number from 0", ""),
        ("max-sends = true", "`max-sends` is a whole number", ""),
        ('no-effects = "yes"', "`no-effects` is true or false", "true"),
        ('fail-on = "shoud"', "`shoud` is no `fail-on`", "`should`"),
        ('levels = {"bland." = "must"}', "`levels` is a table", "lowered"),
        ('levels = "should"', "`levels` is a table", "lowered"),
        ("select = [5]", "`select` is a list of texts", ""),
        ('client-key = "x.pem"', "`client-key` stands without `client-cert`", ""),
        ('headers = {Authorization = "x"}', "the header `Authorization` cannot be set", "token"),
        ('headers = {Host = "evil.test"}', "the header `Host` cannot be set", ""),
        ('headers = {"a b" = "x"}', "the header `a b` cannot be set", ""),
        ("headers = {a = 5}", "`headers` is a table of texts", ""),
        ("resources = 5", "`resources` is a file or a table", ""),
        ('proxy = ""', "`proxy` is a text", ""),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, line: str, says: str, hint: str) -> None:
    file = tmp_path / "smscontract.toml"
    file.write_text(f'[targets.staging]\nprovider = "bland"\nurl = "http://localhost"\n{line}\n')
    with pytest.raises(UnusableInput) as refused:
        load_config(folder=tmp_path)
    assert says in refused.value.message
    assert hint in (refused.value.hint or "")
    assert refused.value.place == "smscontract.toml:4"
    assert "plain-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('targets = "x"', "`targets` is a table"),
        ("[targets]\nstaging = 5", "target `staging` is a table"),
        ('[targets.bland]\nprovider = "bland"', "`bland` is the name of a provider"),
        ('[targets.staging]\nprovider = "bland"', "target `staging` has no `url`"),
        ('[targets.staging]\nurl = "x"', "target `staging` has no `provider`"),
    ],
)
def test_what_is_no_entry(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "smscontract.toml").write_text(text)
    with pytest.raises(UnusableInput, match=says):
        load_config(folder=tmp_path)


def test_paths_are_those_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "smscontract.toml"
    file.write_text('[targets.x]\nprovider = "mine/acme.yaml"\nurl = "http://localhost"\nca = "ca.pem"\nresources = "r.yaml"')
    found = load_config(str(file)).targets["x"]
    assert (found.provider, found.ca, found.resources) == (
        str(tmp_path / "mine/acme.yaml"),
        str(tmp_path / "ca.pem"),
        str(tmp_path / "r.yaml"),
    )


@pytest.mark.parametrize(("text", "per_second"), [("60/m", 1.0), ("5/s", 5.0), ("1800/h", 0.5), ("0.5/s", 0.5)])
def test_rates(text: str, per_second: float) -> None:
    assert rate(text) == Rate(per_second)
    assert rate(str(rate(text))) == rate(text)


@pytest.mark.parametrize("text", ["", "60", "60/", "0/s", "-1/s", "60/min", "a/s"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(UsageError):
        rate(text)


# -- the gate


def test_the_entry_is_the_consent_and_its_values_are_used(staging: Server, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        ENTRY.replace(
            "[targets.staging.res", 'max-requests = 9\nheaders = {x-team = "sms", x-key = "${OTHER}"}\n[targets.staging.res'
        ),
        staging,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTHER", TOKEN)
        assert gate("--record", "run.jsonl", "--report", "json:report.json") in {0, 3}
    assert len([seen for seen in staging.arrived if seen.method != "GET" or "conversations" not in seen.target]) >= 9
    plan = [seen for seen in staging.arrived if "/conversations/" not in seen.target]
    assert len(plan) == 9
    assert {seen.header("x-team") for seen in staging.arrived} == {"sms"}
    assert {seen.header("x-key") for seen in staging.arrived} == {TOKEN}
    everything = "".join(capsys.readouterr()) + Path("run.jsonl").read_text() + Path("report.json").read_text()
    assert TOKEN not in everything
    assert staging.handed["bland"]["token"] not in everything


def test_the_command_line_goes_before_the_entry(staging: Server) -> None:
    write(ENTRY.replace("[targets.staging.res", "max-requests = 50\n[targets.staging.res"), staging)
    gate("--max-requests", "4")
    assert len([seen for seen in staging.arrived if "/conversations/" not in seen.target]) == 4


def test_another_host_than_the_entrys_is_not_allowed_by_it(staging: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("--url", "http://other.test:8000") == 2
    assert "nobody allowed it" in capsys.readouterr().err
    assert staging.arrived == []


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ('"${NOT_SET_AT_ALL}"', "`NOT_SET_AT_ALL` is not set"),
        ('{command = "no-such-program-anywhere"}', "cannot be run"),
        (f"{{command = \"{sys.executable} -c 'raise SystemExit(3)'\"}}", "ended with 3"),
        (f'{{command = "{sys.executable} -c pass"}}', "printed nothing"),
        (f"{{command = \"{sys.executable} -c 'print(chr(97)+chr(10)+chr(98))'\"}}", "holds what no header can carry"),
    ],
)
def test_a_token_that_is_not_there(staging: Server, token: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(ENTRY.replace('"${GATE_TEST_TOKEN}"', token), staging)
    assert gate() == 2
    assert says in capsys.readouterr().err
    assert staging.arrived == []


def test_a_command_gives_the_token(staging: Server) -> None:
    program = "import os; print(os.environ['GATE_TEST_TOKEN'])"
    Path("token.py").write_text(program)
    write(ENTRY.replace('"${GATE_TEST_TOKEN}"', f'{{command = "{sys.executable} token.py"}}'), staging)
    assert gate("--max-requests", "40") == 0


def test_a_command_makes_as_many_drafts_as_the_plan_needs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.offers = False
    handed = server.handed["stuut"]
    drafts = handed["resources"]["sms_id"]["draft"]
    monkeypatch.setenv("GATE_TEST_TOKEN", handed["token"])
    monkeypatch.chdir(tmp_path)
    Path("drafts.txt").write_text("\n".join(one["id"] for one in drafts))
    Path("make.py").write_text(
        "import sys\nn = int(sys.argv[1])\nopen('asked', 'w').write(str(n))\n"
        "print(*open('drafts.txt').read().split()[:n], sep='\\n')"
    )
    entry = f"""\
[targets.staging]
provider = "stuut"
url = "URL"
token = "${{GATE_TEST_TOKEN}}"
drafts-are-safe = true
[targets.staging.resources.sms_id]
draft = {{command = "{sys.executable} make.py {{n}}"}}
missing = ["{handed["resources"]["sms_id"]["missing"][0]}"]
"""
    write(entry, server)
    assert command(["gate", "staging", "--dry-run"]) == 0
    assert not Path("asked").exists()
    assert gate() == 0
    assert 4 <= int(Path("asked").read_text()) < 20
    assert server.arrived
    write(entry.replace("[targets.staging.res", "max-sends = 2\n[targets.staging.res"), server)
    gate()
    assert int(Path("asked").read_text()) == 3


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ('{comand = "x"}', "`comand` is no key"),
        ('{file = "none.txt"}', "cannot be read"),
        ('{command = "x", file = "y"}', "neither a list, a file nor a command"),
        ('{command = "no-such-program-anywhere"}', "cannot be run"),
        ('{command = "x", count = 0}', "`count`"),
        ('["+1 415"]', "is a telephone number"),
    ],
)
def test_resources_that_cannot_be_had(staging: Server, stated: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(ENTRY.replace('["+14155550100"]', stated), staging)
    assert gate() == 2
    assert says in capsys.readouterr().err


def test_two_targets_or_one_that_is_not_there(staging: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["gate", "staging", "stuut"]) == 2
    assert "one such target at a time" in capsys.readouterr().err
    assert command(["gate", "stagin"]) == 2
    assert "`staging`" in capsys.readouterr().err
    assert staging.arrived == []


def test_what_counts_is_what_the_entry_says(staging: Server, capsys: pytest.CaptureFixture[str]) -> None:
    staging.behave = lambda seen, answer: (
        reply.with_json({**reply.json, "errors": "none"})
        if (reply := answer()).status == 200 and seen.method == "POST"
        else reply
    )
    clause = "bland.create-sms/2XX/errors:type"
    few = "max-requests = 12\n"

    def coded(lines: str, *more: str) -> int:
        write(ENTRY.replace("[targets.staging.res", f"{few}{lines}\n[targets.staging.res"), staging)
        return gate(*more)

    assert coded("") == 1
    assert coded(f'levels = {{"{clause}" = "should"}}') == 0
    assert coded(f'levels = {{"{clause}" = "should"}}\nfail-on = "should"') == 1
    assert coded(f'levels = {{"{clause}" = "should"}}\nfail-on = "should"', "--fail-on", "must") == 0
    assert coded(f'ignore = ["{clause}"]') == 0
    assert coded('levels = {"bland.create-sms/none" = "should"}') == 2
    assert "the beginning of no clause" in capsys.readouterr().err
    assert coded('baseline = "known.toml"', "--baseline-update") == 0
    assert clause in Path("known.toml").read_text()
    assert coded('baseline = "known.toml"') == 0


# -- init and doctor


@pytest.mark.parametrize("provider", ["stuut", "bland"])
def test_init_writes_what_can_be_read_and_nothing_twice(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{provider.upper()}_KEY", "a-key-of-mine")
    assert command(["init", provider]) == 0
    assert load_config().targets["staging"].provider == provider
    assert command(["gate", "staging", "--dry-run"]) == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert command(["init", provider]) == 2
    Path("smscontract.toml").unlink()
    assert command(["init", provider]) == 2
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"resources.yaml": before["resources.yaml"]}
    # Every key that is only shown can be meant, too.
    text = before["smscontract.toml"].decode().replace("\n# ", "\n").replace("make-drafts --count", "echo")
    kept = [line for line in text.splitlines() if "=" in line or line.startswith("[")]
    kept = [line for line in kept if not line.startswith('resources = "') and not line[0].isupper()]
    Path("smscontract.toml").write_text("\n".join(kept))
    assert load_config().targets["staging"].commands() == [("sms_id", "draft")]
    capsys.readouterr()


def test_doctor_changes_nothing_and_says_what_a_run_would_cost(staging: Server, capsys: pytest.CaptureFixture[str]) -> None:
    write(ENTRY.replace("[targets.staging.res", 'rate-limit = "60/m"\nmax-sends = 3\n[targets.staging.res'), staging)
    assert command(["doctor", "staging"]) == 0
    out = capsys.readouterr().out
    assert "accepted (400 with it, 401 without)" in out
    assert "minutes at 60/m" in out
    assert "0 texts now, 1 later" in out  # two are kept for what must be refused
    assert "give more: --max-sends" in out
    assert len(staging.arrived) == 2
    assert staging.app.control.conversations().body == {"conversations": []}


def test_doctor_says_what_is_wrong(
    staging: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATE_TEST_TOKEN", "wrong-key")
    assert command(["doctor", "staging"]) == 3
    assert "refused with 401" in capsys.readouterr().out
    staging.behave = lambda _, answer: answer().with_header("date", "Sun, 01 Mar 2026 10:00:00 GMT")
    assert command(["doctor", "staging"]) == 3
    assert "problem  clock" in capsys.readouterr().out
    write(ENTRY)
    assert command(["doctor", "staging"]) == 3
    assert "Connection refused" in capsys.readouterr().out
