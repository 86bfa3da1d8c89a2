"""Records `data/schemathesis.ndjson` and `data/schemathesis.har` again: one run of its command line against the sandbox.

By hand, since what it writes changes with its version, which stands in the first line:

    python tests/recordings/record_schemathesis.py

Both files are of the same run, so that they must hold the same exchanges. Numbers are made reserved ones by a hook.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from smscontract.exchange import Exchange
from smscontract.numbers import is_reserved
from smscontract.recordings import read
from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running

DATA = Path(__file__).parent / "data"
TOP = Path(__file__).parents[2]
HOST = "http://sandbox.example.test"  # reserved, so that nobody's server is named

CONFIG = """
seed = 4
workers = 1
continue-on-failure = true
hooks = "hooks"
[generation]
database = "none"
[cache]
enabled = false
[auth.openapi.key]
api_key = "${SANDBOX_CREDENTIAL}"
"""
HOOKS = """
import schemathesis

@schemathesis.hook
def map_case(context, case):
    body = case.body
    if isinstance(body, dict):
        for name, number in (("agent_number", "+14155550100"), ("user_number", "+14155550123")):
            if isinstance(body.get(name), str):
                body[name] = number
    return case
"""


def main() -> None:
    sandbox = create_app()
    token = json.loads(sandbox.control.index().encoded())["providers"]["bland"]["token"]
    with tempfile.TemporaryDirectory() as name, running(sandbox) as server:
        folder = Path(name)
        (folder / "st.toml").write_text(CONFIG, encoding="utf-8")
        (folder / "hooks.py").write_text(HOOKS, encoding="utf-8")
        command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--config-file"]
        command += [
            str(folder / "st.toml"),
            "run",
            "openapi/bland.yaml",
            "--url",
            server.url,
            "--phases",
            "fuzzing",
            "-n",
            "12",
        ]
        for kind in ("ndjson", "har"):
            command += [f"--report-{kind}-path", str(folder / f"run.{kind}")]
        environment = os.environ | {"SANDBOX_CREDENTIAL": token, "PYTHONPATH": name}
        subprocess.run(command, cwd=TOP, env=environment, check=False, capture_output=True, timeout=120)
        for kind in ("ndjson", "har"):
            text = (folder / f"run.{kind}").read_text(encoding="utf-8").replace(server.url, HOST)
            assert token not in text
            kept = DATA / f"schemathesis.{kind}"
            kept.write_text(re.sub(r"127\.0\.0\.1(:\d+)?|localhost", "sandbox.example.test", text), encoding="utf-8")
    for one in read([str(DATA / "schemathesis.ndjson")]):
        assert isinstance(one, Exchange), one
        assert all(map(is_reserved, re.findall(r"\+[0-9]{4,}", (one.request.body or b"").decode("utf-8", "replace"))))


if __name__ == "__main__":
    main()
