"""What `--smscontract-watch` costs for each exchange. By hand:

python -m tests.bench.watch [--pairs N] [--exchanges N] [--each N]

CPU seconds of whole runs of pytest in processes of their own, with and without the watch, one after the other so that a busy
machine is busy for both; the server is a process of its own and does not count. Runs with few exchanges tell what it costs to
begin, which is taken off.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.plugin import cpu

__all__ = ["main"]

_FEW = 10
_BODY = '{"user_number": "+14155550123", "agent_number": "+14155550100", "message": "Hi"}'
_KINDS = {
    "httpx, a server": """
        import httpx
        CLIENT = httpx.Client()
        def send():
            assert CLIENT.post(URL, content=BODY, headers=HEADERS).status_code == 200
    """,
    "requests, a server": """
        import requests
        CLIENT = requests.Session()
        def send():
            assert CLIENT.post(URL, data=BODY, headers=HEADERS).status_code == 200
    """,
    "httpx, a mock": """
        import httpx
        ANSWER = {"data": {"conversation_id": "c_1", "message": "Sent", "workflow_id": "w_1"}, "errors": None}
        CLIENT = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER)))
        def send():
            assert CLIENT.post(URL, content=BODY, headers=HEADERS).status_code == 200
    """,
    "httpx, elsewhere": """
        import httpx
        CLIENT = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
        def send():
            assert CLIENT.post("https://api.example.test/elsewhere", content=BODY).status_code == 200
    """,
}


def _suite(folder: Path, client: str, *, url: str, key: str, exchanges: int, each: int) -> Path:
    tests = max(1, exchanges // each)
    lines = [
        "import pytest",
        f"URL, BODY = {url!r}, {_BODY!r}",
        f"HEADERS = {{'authorization': {key!r}, 'content-type': 'application/json'}}",
        *(line.removeprefix(" " * 8) for line in client.splitlines()),
        f"@pytest.mark.parametrize('number', range({tests}))",
        "def test_it(number):",
        f"    for _ in range({each}):",
        "        send()",
    ]
    made = folder / f"suite-{exchanges}"
    made.mkdir(exist_ok=True)
    (made / "test_it.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    code = "from smscontract.cli import main; main(['serve', '--port', '0'])"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        told = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines if line.startswith("export "))
        try:
            yield told["BLAND_URL"], told["BLAND_TOKEN"].strip("'")
        finally:
            process.terminate()


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--exchanges", type=int, default=1000)
    parser.add_argument("--each", type=int, default=2, help="Exchanges of one test, all with one pair of numbers.")
    parser.add_argument("--kind", action="append", choices=[*_KINDS], help="Default: all.")
    words = parser.parse_args()
    plugin = ["-p", "smscontract.pytest_plugin"]
    watched = [*plugin, "--smscontract-watch", "-W", "ignore"]
    print(f"{words.exchanges} exchanges, {words.pairs} interleaved pairs, CPU microseconds for each exchange, medians")
    with tempfile.TemporaryDirectory() as name, _server() as (url, key):
        for kind in words.kind or _KINDS:
            many, few = (
                _suite(Path(name), _KINDS[kind], url=f"{url}/v1/sms/create", key=key, exchanges=count, each=words.each)
                for count in (words.exchanges, _FEW)
            )
            for folder in (many, few):
                cpu(folder, watched)
            plain, more, begin = [], [], []
            for _ in range(words.pairs):
                runs = [cpu(folder, options) for folder in (few, many) for options in (plugin, watched)]
                count = words.exchanges - _FEW
                plain.append((runs[2] - runs[0]) / count)
                more.append((runs[3] - runs[2] - runs[1] + runs[0]) / count)
                begin.append(runs[1] - runs[0])
            without, beyond = statistics.median(plain), statistics.median(more)
            print(
                f"  {kind:<20} without {1e6 * without:6.0f}  beyond {1e6 * beyond:+6.0f}  ({beyond / without:+.0%})"
                f"  to begin {1e3 * statistics.median(begin):.0f} ms"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
