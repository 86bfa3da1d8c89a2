"""Lines of recordings with anything wrong in them, made from those of the corpus of the measurements."""

from __future__ import annotations

import copy
import io
import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from smscontract.catalogue import load_catalogue
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.kernel import Kernel, templates
from smscontract.mask import Masker
from smscontract.policy import Selection
from smscontract.recordings import jsonl
from smscontract.recordings._parts import Options
from smscontract.reported import reported
from smscontract.reports.json_report import render
from smscontract.summary import Summary
from tests.bench.corpus import corpus

__all__ = ["ODD", "PARCELS", "RECORDS", "changed", "parcels", "told", "written"]

PARCELS = str(Path(__file__).parents[1] / "data" / "parcel.yaml")
ODD = str(Path(__file__).with_name("odd.yaml"))
RECORDS: list[dict[str, Any]] = [orjson.loads(line) for line, fault in corpus(160, bad=0.1)]

_VALUES: list[Any] = [
    None, True, False, 0, 1, 1.0, -7, 10**20, 0.5, "", " ", "null", "***", "[REDACTED]", "+1415xxxx", "(hello)", "x\x1f",
    "tel:+1-415-555-0100", "+14155550100", "2026-03-02T09:15:00Z", "2026-03-02T09:15:00", "2026-03-02t09:15:00z",
    "2026-09-21T14:00:00.5+02:00", "2027-01-01T00:00:00Z", "2026-12-31T23:59:60Z", "yesterday", "sent", "draft", "failed",
    "sms_other", [], {}, [None], [{}], [1, 1], {"a": "b"}, "Grüße \u2003", "conv_1", 3600, 1800, "smscontract-probe", "inbound",
]  # fmt: skip
_HEADERS = {
    "Content-Length": "12",
    "content-type": "text/html",
    "Content-Type": "application/json; charset=utf-8",
    "authorization": "Bearer secret-token-7",
    "x-note": "[REDACTED]",
    "X-Echo": "secret-token-7",
    "content-encoding": "gzip",
    "x-number": 7,
}
_RECORD: dict[str, list[Any]] = {
    "sent_at": [None, "2026-09-21T14:13:20Z", 1790000000, "soon", 1e12],
    "received_at": [None, "2026-09-21T14:13:21.5Z", 1790000001],
    "auth": ["good", "absent", "wrong", None, "else"],
    "missing": [{}, {"response-body": "truncated"}, None],
    "known": [{"sms_id": {"label": "draft", "state": "draft"}}, {}, None],
    "failure": [None, "timeout"],
    "wire": ["exact", "decoded", None],
    "note": ["anything"],
    "operation": [None, "stuut.send-sms"],
}


def _holders(value: Any) -> list[Any]:
    """All objects and arrays in a value."""
    found = []
    if isinstance(value, dict | list):
        found.append(value)
        for one in value.values() if isinstance(value, dict) else value:
            found += _holders(one)
    return found


def _some(body: Any, chance: random.Random) -> Any:
    holder = chance.choice(_holders(body) or [{}])
    if isinstance(holder, dict):
        name = chance.choice([*holder, "more"])
        if chance.random() < 0.3 and name in holder:
            del holder[name]
        else:
            holder[name] = copy.deepcopy(chance.choice(_VALUES))
        if chance.random() < 0.1:
            items = list(holder.items())
            chance.shuffle(items)
            holder.clear()
            holder.update(items)
    elif holder and chance.random() < 0.5:
        holder[0] = copy.deepcopy(chance.choice(_VALUES))
    else:
        holder.append(copy.deepcopy(holder[0] if holder else chance.choice(_VALUES)))
    return body


def _text(body: Any, chance: random.Random) -> str:
    style = chance.randrange(6)
    if style == 0:
        return json.dumps(body, indent=1)
    text = json.dumps(body, ensure_ascii=style == 1, separators=(",", ":") if style > 2 else None)
    odd = chance.random()
    if odd < 0.03:
        return text[:-1]
    if odd < 0.06:
        return text.replace('":', '" :', 1)
    return text.replace("{", '{"id": 1,', 1) if odd < 0.09 else text


def changed(seed: int, size: int) -> list[bytes]:
    """Some lines: exchanges of the corpus, again and again, each with a change or none."""
    chance = random.Random(seed)
    pool = [copy.deepcopy(chance.choice(RECORDS)) for _ in range(chance.randrange(1, 5))]
    start, lines, odds = 1_790_000_000.0, [], chance.choice((0.05, 0.2))
    for _ in range(size):
        record = copy.deepcopy(chance.choice(pool))
        start += chance.choice((0.1, 5, 400, 90_000))
        record["sent_at"], record["received_at"] = start, start + chance.choice((0.2, 0.2, 3, 30))
        for side in ("request", "response"):
            message = record[side]
            body = message["json"] if "json" in message else orjson.loads(message["body"]) if _whole(message) else None
            if body is not None and chance.random() < odds:
                body = _some(body, chance)
            if body is not None and chance.random() < 0.7:
                message.pop("json", None)
                message["body"] = _text(body, chance)
            elif body is not None:
                message.pop("body", None)
                message["json"] = body
            if chance.random() < 0.1:
                name = chance.choice(list(_HEADERS))
                message["headers"] = {**message["headers"], name: _HEADERS[name]}
            if chance.random() < 0.1 and message["headers"]:
                message["headers"] = [list(pair) for pair in message["headers"].items()]
            if chance.random() < 0.03:
                message["headers"] = chance.choice((None, {}, [["a", "b"], ["A", "b"]], [{"name": "a", "value": "b"}]))
        if chance.random() < 0.06:
            record["response"]["status"] = chance.choice((201, 204, 302, 401, 404, 409, 429, 500, 1000))
        if chance.random() < 0.08:
            name = chance.choice(list(_RECORD))
            record[name] = chance.choice(_RECORD[name])
        if chance.random() < 0.05:
            record["request"]["url"] += chance.choice(("?a=b", "/", "#x", "%20", "***"))
        if chance.random() < 0.02:
            record[chance.choice(("request", "response"))] = None
        lines.append(json.dumps(record, separators=chance.choice((None, (",", ":")))).encode())
    return lines


def _whole(message: dict[str, Any]) -> bool:
    try:
        orjson.loads(message.get("body") or "")
    except orjson.JSONDecodeError:
        return False
    return True


def parcels(seed: int, size: int) -> list[bytes]:
    """Lines for a contract of a user's own."""
    chance = random.Random(seed)
    lines, odds = [], chance.choice((0.05, 0.2))
    for step in range(size):
        name = f"par_{chance.randrange(6)}"
        state = chance.choice(("waiting", "moving", "arrived"))
        body: Any = {
            "id": name,
            "status": state,
            "carrier": chance.choice((None, "bike")),
            "weight": chance.choice((1200, 1200, 1200, 1200, 1200, 1200.0, 7)),
            "phone": chance.choice(("+14155550123", "tel:+1-415-555-0123")),
            "handed_over_at": chance.choice(("2026-03-02T09:15:00Z",) * 5 + ("2026-03-02T10:15:00+01:00",)),
            "arrived_at": "2026-03-02T09:45:00Z" if state == "arrived" else None,
            "stops": [{"at": "2026-03-02T09:30:00Z", "place": "Depot"}] * chance.randrange(3),
        }
        if chance.random() < 0.3:
            body |= {"label": f"Box {chance.randrange(9)}", "limit": chance.choice((1200, 5000)), "kind": "box"}
            body["other"] = {"phone": chance.choice(("+14155550123", "+14155550124"))}
        if chance.random() < odds:
            body = _some(body, chance)
        at = 1_772_445_000 + step * chance.choice((60, 7200))
        status = 200
        if chance.random() < 0.15:
            status, body = chance.choice((201, 404, 429)), {"error": chance.choice(("no", " ", None))}
        answer = {"status": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
        fields = {"x-note": "a"} if chance.random() < 0.2 else {}
        asked = {"method": "GET", "url": f"/v1/parcels/{name}/status", "headers": fields, "body": ""}
        lines.append(orjson.dumps({"request": asked, "response": answer, "sent_at": at, "received_at": at + 0.3}))
    return lines


def written(lines: list[bytes]) -> io.BufferedReader:
    """The lines as a stream."""
    return io.BufferedReader(io.BytesIO(b"\n".join(lines) + b"\n"))


def told(
    lines: list[bytes], *, short: bool, native: bool = True, contracts: tuple[str, ...] = (), select: tuple[str, ...] = ()
) -> Any:
    """All that is said of some lines in two files, by the short way (with what is compiled or without) or by the judge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_EACH", 1)
        patch.setenv("SMSCONTRACT_NATIVE", str(int(native)))
        return _told(lines, short=short, contracts=contracts, select=select)


def judged_in_full(patch: pytest.MonkeyPatch) -> list[Exchange]:
    """The exchanges that are judged in full from now on."""
    found: list[Exchange] = []
    judge = Kernel.judge

    def noted(self: Kernel, exchange: Exchange) -> None:
        found.append(exchange)
        judge(self, exchange)

    patch.setattr(Kernel, "judge", noted)
    return found


def _told(lines: list[bytes], *, short: bool, contracts: tuple[str, ...], select: tuple[str, ...]) -> Any:
    summary = Summary(Judge(load_catalogue(contracts), Masker(key=b"k" * 32)), Selection(select=select))
    kernel = Kernel(summary) if short else None
    half = len(lines) // 2
    for file, mine in (("one", lines[:half]), ("two", lines[half:])):
        for one in jsonl.read(written(mine), file, Options(taker=kernel)):
            if isinstance(one, Problem):
                summary.add_problem(one)
            else:
                summary.add(one)
    if kernel is not None:
        kernel.close()
    report = reported(summary, now=2e9)
    summary.facts.close()
    ledger = summary.ledger.compact()
    return report, render(report), ledger.entries, ledger.rest, ledger.decided
