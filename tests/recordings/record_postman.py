"""Records `data/postman.json` again: a collection, run by newman against the sandbox, with the responses that came saved in it.

By hand, with a folder in which `npm install newman postman-collection` was done:

    python tests/recordings/record_postman.py ../postman

The collection is built and written by Postman's own library, as the application does: what is saved is the request as it was
edited, variables unresolved, and the answer. The credential is a variable, so that it is not in the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import running

KEPT = Path(__file__).parent / "data" / "postman.json"

SCRIPT = """
const newman = require("newman"), sdk = require("postman-collection"), fs = require("fs");
const [url, bland, stuut, out] = process.argv.slice(-4);
const json = (body) => ({mode: "raw", raw: JSON.stringify(body, null, 4), options: {raw: {language: "json"}}});
const good = {user_number: "{{user}}", agent_number: "+14155550100", message: "Grüße 👍"};
const header = (key) => [{key: "authorization", value: key}, {key: "content-type", value: "application/json"}];
const create = (name, body, key = "{{bland_key}}") =>
    ({name, request: {method: "POST", url: "{{baseUrl}}/v1/sms/create", header: header(key), body: json(body)}});
const send = (name, id) => ({name, request: {
    method: "POST", header: [{key: "Authorization", value: "Bearer {{stuut_key}}"}],
    url: {raw: "{{baseUrl}}/v2/sms-threads/messages/:sms_id/send", host: ["{{baseUrl}}"],
          path: ["v2", "sms-threads", "messages", ":sms_id", "send"], variable: [{key: "sms_id", value: id}]}}});
const collection = new sdk.Collection({
    info: {name: "Texts", schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
    variable: [{key: "baseUrl", value: url}, {key: "user", value: "+14155550123"}],
    item: [
        {name: "Bland", item: [create("Create", good), create("Timeouts", {...good, warning_time: 9, time_out: 5}),
                               {name: "Deeper", item: [create("No key", good, "")]}]},
        send("Send", "sms_x1"), send("Send nothing", "no-such-id"),
        {name: "Never sent", request: {method: "GET", url: "{{baseUrl}}/elsewhere"}},
    ],
});
const globals = {values: [{key: "bland_key", value: bland}, {key: "stuut_key", value: stuut}]};
const wanted = [];
collection.forEachItem((item) => { if (item.name !== "Never sent") wanted.push(item.name); });
newman.run({collection, globals, folder: wanted}, (error, summary) => {
    if (error) throw error;
    for (const {item, response} of summary.run.executions) {
        const kept = collection.oneDeep(item.id);
        kept.responses.add(new sdk.Response({
            name: item.name, originalRequest: kept.request.toJSON(), code: response.code, status: response.status,
            header: response.headers.toJSON(), body: response.text(), responseTime: response.responseTime,
        }));
    }
    fs.writeFileSync(out, JSON.stringify(collection.toJSON(), null, 1));
});
"""


def main(modules: str) -> None:
    sandbox = create_app()
    assert sandbox.control.draft({"id": "sms_x1"}).status == 201
    found = json.loads(sandbox.control.index().encoded())["providers"]
    tokens = [found[name]["token"] for name in ("bland", "stuut")]
    with tempfile.TemporaryDirectory() as folder, running(sandbox) as server:
        out = Path(folder) / "collection.json"
        command = ["node", "-e", SCRIPT, "script", server.url, *tokens, str(out)]
        subprocess.run(command, cwd=modules, check=True, timeout=120)
        text = out.read_text(encoding="utf-8")
    assert not any(token in text for token in tokens)
    KEPT.write_text(text.replace(server.url, "https://sandbox.example.test") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
