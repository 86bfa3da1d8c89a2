"""Recordings of other formats than lines, with anything wrong in them: the exchanges of `lines` as others write them."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from smscontract.catalogue import load_catalogue
from smscontract.choice import Choice, Chooser
from smscontract.judge import Judge
from smscontract.kernel import Kernel, templates
from smscontract.mapping import LogMapping, Place, Routes
from smscontract.mask import Masker
from smscontract.recordings import read
from smscontract.reported import reported
from smscontract.reports.json_report import render
from smscontract.work import Job, feed, started
from tests.kernel.lines import changed
from tests.kernel.saved import SAVED, Mitmproxy, content, in_base64

__all__ = ["FORMATS", "MAPPINGS", "judged", "written_as"]

_PLACES = {
    "time": Place(at="/ts", form="epoch-s"),
    "took": Place(at="/took", form="ms"),
    "method": Place(at="/req/method"),
    "url": Place(at="/req/uri"),
    "request-headers": Place(at="/req/headers"),
    "request-body": Place(at="/req/body"),
    "status": Place(at="/resp/code"),
    "response-headers": Place(at="/resp/headers"),
    "response-body": Place(at="/resp/body", cut_at=1500),
}
MAPPINGS = (
    LogMapping(name="log", files=("*.log",), scrubbed=("***", "secret-token-7"), places=_PLACES),
    LogMapping(name="list", files=("*.list",), records="/records", places=_PLACES | {"response-body": Place(at="/resp/body")}),
)
_CODINGS = ("gzip", "br", "identity")


def _instant(seconds: Any) -> Any:
    if not isinstance(seconds, int | float) or not 0 <= seconds < 4e9:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _har_message(message: Any, chance: random.Random) -> tuple[Any, str | None]:
    fields, body = content(message)
    if isinstance(fields, dict):
        fields = [{"name": name, "value": value} for name, value in fields.items()]
        odd = chance.random()
        if odd < 0.3:
            fields = [{"name": ":authority", "value": "api.example.test"}, *fields]
        elif odd < 0.34:
            fields = chance.choice(([*fields, *fields], [*fields, {"name": "X"}], [*fields, {"name": "x", "value": None}], [1]))
        elif odd < 0.4:
            fields.append({"name": "Content-Encoding", "value": chance.choice(_CODINGS)})
        elif odd < 0.46 and body is not None:
            fields.append({"name": "content-length", "value": str(len(body.encode("utf-8", "surrogatepass")))})
        elif odd < 0.48:
            fields.append({"name": "authorization", "value": "Bearer secret-token-8"})
    return fields, body


def _har_entry(record: Any, chance: random.Random) -> Any:
    if not isinstance(record.get("request"), dict):
        return record
    entry: dict[str, Any] = {"startedDateTime": _instant(record.get("sent_at"))}
    start, end = record.get("sent_at"), record.get("received_at")
    if isinstance(start, float) and isinstance(end, float):
        entry["time"] = chance.choice((round((end - start) * 1000, 3), 7, 7.0))
    if chance.random() < 0.03:
        entry["time"] = chance.choice((-1, None, "5", True, 1e300))
    entry["request"] = _har_request(record["request"], chance)
    if isinstance(record.get("response"), dict):
        entry["response"] = _har_response(record["response"], chance)
    elif chance.random() < 0.5:
        entry["response"] = None
    return entry


def _har_request(sent: Any, chance: random.Random) -> Any:
    fields, body = _har_message(sent, chance)
    asked: dict[str, Any] = {"method": sent.get("method"), "url": sent.get("url"), "headers": fields}
    if body:
        asked["postData"] = {"mimeType": "application/json", "text": body}
    elif chance.random() < 0.5:
        asked["bodySize"] = chance.choice((0, -1, 0, None, 5))
    odd = chance.random()
    if odd < 0.02:
        asked["postData"] = chance.choice((None, {}, {"params": []}, {"text": ""}, "no", {"text": 5}))
    elif odd < 0.04 and body:
        asked["postData"] = {"text": in_base64(body), "encoding": "base64"}
    return asked


def _har_response(got: Any, chance: random.Random) -> Any:
    fields, body = _har_message(got, chance)
    content: Any = {"mimeType": "application/json", "text": body}
    odd = chance.random()
    if odd < 0.5 and body is not None:
        content["size"] = len(body) + chance.choice((0, 0, 0, 0, 0, 3, 40, -4))
    elif odd < 0.53 and body is not None:
        content |= {"encoding": "base64", "text": in_base64(body)}
    elif odd < 0.56:
        content = chance.choice(({}, None, {"size": 5}, {"text": body, "encoding": ""}, {"text": body, "size": 1e3}))
    elif odd < 0.57:
        content["_file"] = "nowhere.json"
    status = got.get("status")
    if chance.random() < 0.03:
        status = chance.choice((str(status), 0, -1, None, 200.0, True))
    return {"status": status, "headers": fields, "content": content}


def _har(records: list[Any], chance: random.Random) -> bytes:
    entries = [_har_entry(record, chance) for record in records]
    space = chance.choice((None, None, 1))
    texts = [json.dumps(entry, indent=space, ensure_ascii=chance.random() < 0.8) for entry in entries]
    for index in range(len(texts)):
        odd = chance.random()
        if odd < 0.01:
            texts[index] = chance.choice(("{]}", "null", "7", '{"startedDateTime": NaN}', '{"a": "\\ud800"}', "{}"))
        elif odd < 0.02:
            texts[index] = texts[index].replace("{", '{"request": 5, ', 1)
        elif odd < 0.03:
            texts[index] = '{"startedDateTime": 1, "pages": [' + ",".join([texts[index]] * 3) + "]}"
    between = chance.choice((",", ", ", ",\n  "))
    whole = '{"log": {"version": "1.2", "entries": [' + between.join(texts) + "]}}"
    raw = whole.encode("utf-8", "surrogatepass")
    return raw[: len(raw) * 3 // 4] if chance.random() < 0.1 else raw


def _log_record(record: Any, chance: random.Random) -> Any:
    sent, got = record.get("request"), record.get("response")
    if not isinstance(sent, dict):
        return record
    start, end = record.get("sent_at"), record.get("received_at")
    fields, body = content(sent)
    log: dict[str, Any] = {"ts": start, "req": {"method": sent.get("method"), "uri": sent.get("url"), "headers": fields}}
    if isinstance(start, float) and isinstance(end, float):
        log["took"] = (end - start) * 1000
    log["req"]["body"] = _log_body(body, chance)
    if chance.random() < 0.05 and isinstance(fields, dict):
        log["req"]["headers"] = chance.choice(
            (
                json.dumps(fields),
                {**fields, "Authorization": "Bearer ***"},
                {**fields, "x-key": "***"},
                {**fields, "a": ["***"]},
                {**fields, "Content-Encoding": "gzip"},
                list(fields.items()),
            )
        )
    if isinstance(got, dict):
        fields, body = content(got)
        log["resp"] = {"code": got.get("status"), "headers": fields, "body": _log_body(body, chance)}
        if chance.random() < 0.05:
            log["resp"]["code"] = chance.choice(("200", 200.0, 0, "-", None, True))
    return log


def _log_body(body: str | None, chance: random.Random) -> Any:
    odd = chance.random()
    try:
        return json.loads(body) if body and odd < 0.2 else body if odd < 0.97 else chance.choice((None, 5, "", []))
    except ValueError:
        return body


def _log(records: list[Any], chance: random.Random) -> bytes:
    lines = []
    for record in records:
        line = json.dumps(_log_record(record, chance))
        lines.append(chance.choice(("2026-03-02 INFO ",)) + line if chance.random() < 0.1 else line)
        if chance.random() < 0.02:
            lines.append(chance.choice(("", "{", "not json", "[]", '{"ts": NaN}')))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _list(records: list[Any], chance: random.Random) -> bytes:
    return json.dumps(
        {"records": [_log_record(record, chance) for record in records]}, indent=chance.choice((None, 2))
    ).encode()


def _lines(records: list[Any], chance: random.Random) -> bytes:
    del chance
    return b"\n".join(json.dumps(record).encode() for record in records)


#: Writes records in a format, by the suffix of its files.
FORMATS: Mapping[str, Callable[[list[Any], random.Random], bytes]] = {
    "har": _har,
    "log": _log,
    "list": _list,
    "jsonl": _lines,
    **SAVED,
}


def written_as(suffix: str, seed: int, size: int) -> bytes:
    """A recording of that format."""
    records = [orjson.loads(line) for line in changed(seed, size)]
    return FORMATS[suffix](records, random.Random(seed))


def judged(
    files: Mapping[str, bytes],
    *,
    short: bool,
    choice: Choice | None = None,
    routes: Routes | None = None,
    each: int = 1,
    native: bool = True,
    contracts: tuple[str, ...] = (),
) -> Any:
    """All that is said of some files, by the short way (with what is compiled or without) or by the judge alone, and what was
    left out."""
    choice = choice or Choice()
    judge = Judge(load_catalogue(contracts), Masker(key=b"k" * 32))
    job = Job(contracts=(), digests=(), masker=judge.masker, choice=choice)
    summary, left_out = started(job, judge), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_EACH", each)
        patch.setenv("SMSCONTRACT_NATIVE", str(int(native)))
        patch.setitem(sys.modules, "mitmproxy.io", Mitmproxy())
        patch.chdir(folder)
        for name, raw in files.items():
            Path(name).write_bytes(raw)
        kernel = Kernel(summary) if short else None
        found = read(files, taker=kernel, mappings=MAPPINGS, routes=routes)
        feed(summary, found, Chooser(choice, judge), left_out, kernel=kernel)
        report = reported(summary, now=2e9)
        summary.facts.close()
    ledger = summary.ledger.compact()
    return report, render(report), ledger.entries, ledger.rest, ledger.decided, left_out
