"""Records `data/chromium.har` and `data/chromium.har.zip` again: a page in a real Chromium that calls the sandbox, and what
the browser writes of it, the second one with the bodies as files beside it in the archive.

By hand, since what Chromium and Playwright write changes with their versions, which stand in the file:

    python tests/recordings/record_chromium.py

The page comes from the sandbox's own origin: from any other the browser would ask first whether it may (CORS), and a HAR
would be full of that. What is kept is made fit to keep: no credential, no port, nothing of the machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running

KEPT = Path(__file__).parent / "data" / "chromium.har"
ZIPPED = KEPT.with_name("chromium.har.zip")
HOST = "sandbox.example.test"  # reserved, so that nobody's server is named

#: None of these asks anybody but the page's own server for anything.
FLAGS = (
    "--no-sandbox",  # of the browser's, which root cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Messages</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js"></script>
<h1>Grüße</h1>
"""
STYLE = "h1 { font-family: sans-serif }\n"
# One call after the other, so that a recording is always in the same order. Bodies are read: an answer that nobody reads may
# be cut off in the recording.
SCRIPT = """\
async function callAll(calls) {
    const answers = [];
    for (const call of calls) {
        const body = call.body === null ? undefined : JSON.stringify(call.body);
        const headers = body === undefined ? {...call.headers} : {...call.headers, "content-type": "application/json"};
        const answer = await fetch(call.path, {method: "POST", headers, body});
        answers.push([answer.status, await answer.text()]);
    }
    return answers;
}
"""
FILES: Mapping[str, tuple[str, str]] = {
    "/page": ("text/html; charset=utf-8", PAGE),
    "/page.css": ("text/css", STYLE),
    "/page.js": ("text/javascript", SCRIPT),
}

Call = dict[str, Any]
Wrapper = Callable[[ASGIApp], ASGIApp]


def with_page(app: ASGIApp) -> ASGIApp:
    """The application, with the page in front of it."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        found = FILES.get(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await app(scope, receive, send)
            return
        kind, text = found
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(text.encode())).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    return served


def calls_for(providers: Mapping[str, Any]) -> list[tuple[Call, int]]:
    """What the page calls, and the status that it gets: success, refusal, no credential, the same twice, for both."""
    stuut, bland = providers["stuut"], providers["bland"]
    ids, open_stuut, open_bland = stuut["resources"]["sms_id"], stuut["header"], bland["header"]

    def send(entry: Any, headers: Mapping[str, str] = open_stuut) -> Call:
        name = entry["id"] if isinstance(entry, dict) else entry
        return {"path": f"/v2/sms-threads/messages/{name}/send", "headers": dict(headers), "body": None}

    def create(headers: Mapping[str, str] = open_bland, **more: Any) -> Call:
        return {"path": "/v1/sms/create", "headers": dict(headers), "body": least | more}

    user = bland["resources"]["user_number"]["any"][0]
    owned, foreign = (bland["resources"]["agent_number"][label][0] for label in ("owned", "foreign"))
    least = {"user_number": user, "agent_number": owned, "message": "Grüße 👋"}
    return [
        (send(ids["draft"][0]), 200),
        (send(ids["draft"][0]), 409),
        (send(ids["draft"][1], {}), 401),
        (send(ids["draft"][1], {"Authorization": "Bearer opens-nothing"}), 401),
        (send(ids["inbound"][0]), 409),
        (send(ids["missing"][0]), 404),
        (create(), 200),
        (create(sender="AGENT", time_out=3600, warning_time=1800, request_data={"campaign": {"name": "spring"}}), 200),
        (create(new_conversation=True), 200),
        (create(time_out=1800, warning_time=1800), 400),
        (create(agent_number=foreign), 400),
        (create(sender="NOBODY"), 400),
        (create({}), 401),
        (create({"authorization": "opens-nothing"}), 401),
    ]


def record(
    path: Path, chromium: str, *, content: Literal["attach", "embed"] = "embed", wrapper: Wrapper = lambda app: app
) -> list[tuple[int, str]]:
    """Records the page's calls to a new sandbox, and gives the answers that the page saw: status and body.

    Args:
        path: of the HAR; with `attach` the bodies are files beside it. One that ends in `.zip` is an archive of both.
        chromium: the browser's program.
        wrapper: put in front of the sandbox, behind the page.
    """
    from playwright.sync_api import sync_playwright  # not for those who only read what is kept

    sandbox = create_app()
    providers = json.loads(sandbox.control.index().encoded())["providers"]
    with (
        running(with_page(wrapper(sandbox))) as server,
        sync_playwright() as playwright,
        # Playwright makes a new folder for the browser's profile, and removes it.
        playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS)) as browser,
    ):
        context = browser.new_context(record_har_path=path, record_har_content=content, base_url=server.url)
        page = context.new_page()
        page.goto("/page")
        answers = page.evaluate("calls => callAll(calls)", [call for call, _ in calls_for(providers)])
        context.close()  # writes the recording
    return [(status, text) for status, text in answers]


def embedded(path: Path) -> str:
    """A recording whose bodies are files beside it, as one that has them inside."""
    har = json.loads(path.read_text(encoding="utf-8"))
    for entry in har["log"]["entries"]:
        for part in (entry["request"].get("postData"), entry["response"]["content"]):
            if part is None or "_file" not in part:
                continue
            data = (path.parent / part.pop("_file")).read_bytes()
            try:
                part["text"] = data.decode()
            except UnicodeDecodeError:
                part |= {"text": base64.b64encode(data).decode(), "encoding": "base64"}
    return json.dumps(har)


def fit_to_keep(text: str) -> str:
    """The recording without credentials and without the machine that it was made on."""
    har = json.loads(text)
    for entry in har["log"]["entries"]:
        for name in ("serverIPAddress", "_serverPort", "_securityDetails", "_monotonicTime", "_resourceType"):
            entry.pop(name, None)
        for header in entry["request"]["headers"]:
            if header["name"].lower() == "authorization":
                header["value"] = _stand_in(header["value"])
    text = json.dumps(har, indent=1, ensure_ascii=False) + "\n"
    return re.sub(r"127\.0\.0\.1:[0-9]+", HOST, text)


def zipped_to_keep(written: Path, kept: Path) -> None:
    """The archive with its HAR fit to keep, and all else in it as it was."""
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as target:
        for one in source.infolist():
            data = source.read(one)
            target.writestr(one, fit_to_keep(data.decode()).encode() if one.filename == "har.har" else data)


def _stand_in(value: str) -> str:
    """A credential of the same length that opens nothing; equal ones stay equal."""
    word, _, secret = value.rpartition(" ")
    made_up = "made-up-" + hashlib.sha256(secret.encode()).hexdigest()
    return f"{word} {made_up[: len(secret)]}".strip()


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("`chromium` is not installed")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chromium.har"
        for status, text in record(path, chromium):
            print(status, text[:100])
        KEPT.write_text(fit_to_keep(path.read_text(encoding="utf-8")), encoding="utf-8")
        path = Path(folder) / "chromium.har.zip"
        record(path, chromium, content="attach")
        zipped_to_keep(path, ZIPPED)


if __name__ == "__main__":
    main()
