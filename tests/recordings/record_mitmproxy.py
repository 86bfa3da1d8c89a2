"""Records `data/mitmproxy.flows` and `data/mitmproxy.har` again: mitmdump in front of the sandbox, and what it writes.

By hand, with the `mitmdump` of an environment of its own, since mitmproxy pins the versions of many packages:

    python tests/recordings/record_mitmproxy.py ../mitmproxy/bin/mitmdump

Both files are of the same run. The credential is replaced by one that opens nothing.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running

DATA = Path(__file__).parent / "data"
GOOD = {"user_number": "+14155550123", "agent_number": "+14155550100", "message": "Grüße 👍"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def call(url: str, tokens: dict[str, str]) -> None:
    create, send = f"{url}/v1/sms/create", f"{url}/v2/sms-threads/messages/{{}}/send"
    bland, stuut = {"authorization": tokens["bland"]}, {"authorization": f"Bearer {tokens['stuut']}"}
    with httpx.Client(headers={"accept-encoding": "gzip"}) as client:
        client.post(create, headers=bland, json=GOOD)
        client.post(create, headers=bland, json=GOOD | {"warning_time": 9, "time_out": 5})
        client.post(create, headers=bland, content=b"\xff\xfe\x00", params={"a": "b c"})
        client.post(create, json=GOOD)
        client.post(send.format("sms_x1"), headers=stuut)
        client.post(send.format("no-such-id"), headers=stuut)
        client.get(f"{url}/elsewhere")


def main(mitmdump: str) -> None:
    sandbox = create_app()
    assert sandbox.control.draft({"id": "sms_x1"}).status == 201
    found = json.loads(sandbox.control.index().encoded())["providers"]
    tokens = {name: found[name]["token"] for name in ("bland", "stuut")}
    with tempfile.TemporaryDirectory() as name, running(sandbox) as server:
        folder, port = Path(name), free_port()
        options = ["--mode", f"reverse:{server.url}@{port}", "--listen-host", "127.0.0.1", "--set", f"confdir={folder}"]
        options += ["-q", "-w", str(folder / "flows"), "--set", f"hardump={folder / 'har'}"]
        with subprocess.Popen([mitmdump, *options]) as proxy:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            call(f"http://127.0.0.1:{port}", tokens)
            proxy.terminate()
        for kind in ("flows", "har"):
            data = (folder / kind).read_bytes()
            for token in tokens.values():  # as long as it was: the lengths are in the file
                data = data.replace(token.encode(), b"made-up-".ljust(len(token), b"x"))
            (DATA / f"mitmproxy.{kind}").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
