"""The exchanges of `lines` in formats whose readers make each exchange itself: cassettes, events, collections, flows, rows."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow as pa
import yaml
from pyarrow import parquet

__all__ = ["SAVED", "Mitmproxy", "content", "in_base64"]


def content(message: Any) -> tuple[Any, str | None]:
    """Header fields and body of a message of a line."""
    message = message if isinstance(message, dict) else {}
    body = json.dumps(message["json"]) if "json" in message else message.get("body")
    return message.get("headers"), body if isinstance(body, str) else None


def in_base64(text: str) -> str:
    """The text, packed."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _pairs(fields: Any) -> list[tuple[str, str]]:
    """Header fields of any form, as far as they are some."""
    found = fields.items() if isinstance(fields, dict) else fields if isinstance(fields, list) else []
    return [(str(name), str(value)) for name, value in (one.values() if isinstance(one, dict) else one for one in found)]


def _both(record: Any) -> bool:
    return isinstance(record.get("request"), dict) and isinstance(record.get("response"), dict)


def _interactions(records: list[Any], chance: random.Random) -> dict[str, Any]:
    found = []
    for record in records:
        (asked, sent), (answered, got) = content(record.get("request")), content(record.get("response"))
        if _both(record):
            request = {"method": "POST", "uri": record["request"]["url"], "headers": asked, "body": sent}
            status = {"code": record["response"]["status"], "message": ""}
            body = {"string": got} if chance.random() > 0.1 else {"base64_string": "eyJhIjogMX0="}
            found.append({"request": request, "response": {"status": status, "headers": answered, "body": body}})
    return {"interactions": found, "version": 1}


def _cassette(records: list[Any], chance: random.Random) -> bytes:
    return json.dumps(_interactions(records, chance)).encode()


def _yaml(records: list[Any], chance: random.Random) -> bytes:
    """As vcrpy writes it: each field with a list of its values, and a length where a client sent one."""
    whole = _interactions(records, chance)
    for one in whole["interactions"]:
        for message in (one["request"], one["response"]):
            if isinstance(message["headers"], dict) and chance.random() < 0.9:
                message["headers"] = {name: [str(value)] for name, value in message["headers"].items()}
            if isinstance(message["headers"], dict) and message.get("uri") and message["body"] and chance.random() < 0.9:
                message["headers"]["Content-Length"] = [str(len(message["body"].encode()))]
    return yaml.dump(whole, Dumper=yaml.CSafeDumper, allow_unicode=chance.random() < 0.5).encode()


def _events(records: list[Any], chance: random.Random) -> bytes:
    lines, several = [], {}
    for number, record in enumerate(records):
        (asked, sent), (answered, got) = content(record.get("request")), content(record.get("response"))
        if not _both(record):
            continue
        request = {"method": "POST", "uri": record["request"]["url"], "headers": asked, "body": _base64(sent)}
        response = {"status_code": record["response"]["status"], "headers": answered, "content": _base64(got), "elapsed": 0.2}
        several[str(number)] = {"request": request, "response": response, "timestamp": record.get("received_at")}
        if chance.random() < 0.4:
            lines.append(json.dumps({"ScenarioFinished": {"recorder": {"interactions": several}}}))
            several = {}
    lines.append(json.dumps({"ScenarioFinished": {"recorder": {"interactions": several}}}))
    return "\n".join(['{"Initialize": {}}', *lines]).encode()


def _base64(text: str | None) -> Any:
    return None if text is None else {"$base64": in_base64(text)}


def _collection(records: list[Any], chance: random.Random) -> bytes:
    """Responses saved in a collection of Postman, below one request or several, in folders."""
    saved: list[Any] = []
    items: list[Any] = []
    odd: list[Any] = [{}, 7]
    for record in records:
        if not _both(record):
            continue
        (asked, sent), (answered, got) = content(record["request"]), content(record["response"])
        fields = [[{"key": name, "value": value} for name, value in _pairs(one)] for one in (asked, answered)]
        url = str(record["request"].get("url")).replace("https://api.example.test", chance.choice(("{{base}}", "{{other}}")))
        request: dict[str, Any] = {
            "method": record["request"].get("method"),
            "url": chance.choice((url, {"raw": url})),
            "header": fields[0],
        }
        if sent:
            request["body"] = {
                "mode": "raw",
                "raw": sent.replace("+1415555", "{{area}}" if chance.random() < 0.1 else "+1415555"),
            }
        saved.append({"originalRequest": request, "code": record["response"]["status"], "header": fields[1], "body": got})
        if chance.random() < 0.1:
            saved.append(chance.choice([*odd, {"originalRequest": request}, saved[-1] | {"body": None}]))
        if chance.random() < 0.2:
            items.append({"name": "folder", "item": [{"name": "one", "request": {}, "response": saved}]})
            saved = []
    items.append({"name": "last", "request": {}, "response": saved})
    info = {"name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}
    variables = [{"key": "base", "value": "https://api.example.test"}]
    return json.dumps({"info": info, "item": items, "variable": variables}).encode()


def _flows(records: list[Any], chance: random.Random) -> bytes:
    """Values of mitmproxy, each with its length before it; what is in them is for `Mitmproxy`."""
    frames = []
    for record in records:
        if not isinstance(record.get("request"), dict):
            continue
        flow: dict[str, Any] = {"type": "http" if chance.random() < 0.97 else "tcp"}
        for side, time in (("request", "sent_at"), ("response", "received_at")):
            fields, body = content(record.get(side))
            flow[side] = {"fields": _pairs(fields), "body": body if chance.random() < 0.97 else None, "time": record.get(time)}
            flow[side] |= {name: (record.get(side) or {}).get(name) for name in ("method", "url", "status")}
        if record.get("response") is None:
            flow["response"] = None
        frame = json.dumps(flow).encode() if chance.random() < 0.98 else b"{"
        frames.append(b"%d:%b}" % (len(frame), frame))
    return b"".join(frames)


class Mitmproxy(ModuleType):
    """In the place of mitmproxy, which pins the versions of many packages: its reader, of the values that we wrote."""

    class FlowReader:
        """The flow in a value."""

        def __init__(self, stream: io.BytesIO) -> None:
            self._raw = stream.read()

        def stream(self) -> Iterator[Any]:
            """It, as mitmproxy has them."""
            flow = json.loads(self._raw.partition(b":")[2][:-1])
            yield SimpleNamespace(type=flow["type"], request=_message(flow["request"]), response=_message(flow["response"]))

    def __init__(self) -> None:
        super().__init__("mitmproxy.io")


def _message(said: Any) -> Any:
    if said is None:
        return None
    time = said["time"] if isinstance(said["time"], float) else None
    return SimpleNamespace(
        method=said["method"],
        url=said["url"],
        status_code=said["status"],
        headers=SimpleNamespace(fields=tuple((name.encode(), value.encode()) for name, value in said["fields"])),
        raw_content=None if said["body"] is None else said["body"].encode(),
        timestamp_start=time,
        timestamp_end=time,
    )


def _rows(records: list[Any], chance: random.Random) -> bytes:
    """Parquet: structs or flat columns, bodies as texts or bytes, times as times or numbers, in several row groups."""
    binary, flat, timed, stated, named = (chance.random() < 0.5 for _ in range(5))
    fields = pa.list_(pa.struct({"name": pa.string(), "value": pa.string()})) if named else pa.map_(pa.string(), pa.string())
    common = {"headers": fields, "body": pa.binary() if binary else pa.string()}
    sides = {
        "request": {"method": pa.string(), "url": pa.string(), **common},
        "response": {"status": pa.int64(), **common},
    }
    rest = dict.fromkeys(("sent_at", "received_at"), pa.timestamp("us", "UTC") if timed else pa.float64())
    if stated:
        rest |= {"missing": pa.struct({"response-body": pa.string()}), "auth": pa.string()}
    found = []
    for record in records:
        row: dict[str, Any] = {"auth": record.get("auth")}
        for side, columns in sides.items():
            if isinstance(record.get(side), dict):
                message = {name: record[side].get(name) for name in columns}
                asked, body = content(record[side])
                message["headers"] = (
                    [{"name": name, "value": value} for name, value in _pairs(asked)] if named else _pairs(asked)
                )
                message["body"] = body.encode() if body is not None and binary else body
                row |= {f"{side}.{name}": value for name, value in message.items()} if flat else {side: message}
        for name in ("sent_at", "received_at"):
            time = record.get(name)
            if isinstance(time, float) and time < 4e9:
                row[name] = datetime.fromtimestamp(time, UTC) if timed else time
        if isinstance(record.get("missing"), dict):
            row["missing"] = record["missing"]
        found.append(row)
    columns = {side: pa.struct(inside) for side, inside in sides.items()}
    if flat:
        columns = {f"{side}.{name}": kind for side, inside in sides.items() for name, kind in inside.items()}
    sink = io.BytesIO()
    table = pa.Table.from_pylist(found, schema=pa.schema({**columns, **rest}))
    parquet.write_table(table, sink, row_group_size=chance.choice((20, 1000)))
    return sink.getvalue()


#: Writes records in a format, by the suffix of its files.
SAVED: Mapping[str, Callable[[list[Any], random.Random], bytes]] = {
    "json": _cassette,
    "yaml": _yaml,
    "ndjson": _events,
    "collection": _collection,
    "flows": _flows,
    "parquet": _rows,
}
