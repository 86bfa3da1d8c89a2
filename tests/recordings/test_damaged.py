"""Files of every format, damaged by chance: never an error of ours, and what stands beside is judged as without them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.errors import ExitCode
from smscontract.findings import Report
from smscontract.judge import Judge
from smscontract.mapping import LogMapping, Place, Routes
from smscontract.mask import Masker
from smscontract.reports.json_report import as_data
from smscontract.validate import Request, validate
from smscontract.workers import here
from tests.core import shipped
from tests.recordings.reading import CASSETTES, DATA, outcomes

LOG = {
    "time": Place(at="/sent_at"),
    "method": Place(at="/method"),
    "url": Place(at="/url"),
    "status": Place(at="/status"),
    "request-headers": Place(at="/asked"),
    "request-body": Place(at="/sent"),
    "response-headers": Place(at="/given"),
    "response-body": Place(at="/got", cut_at=9000),
}
MAPPINGS = tuple(
    LogMapping(name=name, places=LOG, files=(f"*.{name}",), records=records, scrubbed=("***",))
    for name, records in (("log", "lines"), ("csv", "csv"), ("list", "/hits"), ("pqt", "lines"))
)


def records() -> list[dict[str, Any]]:
    """The exchanges of a recording as records of a log."""
    found = []
    for raw in (DATA / "stuut-hand-made-broken.jsonl").read_bytes().splitlines()[1:12]:
        one = json.loads(raw)
        asked, given_ = one["request"], one.get("response") or {}
        found.append(
            {
                "sent_at": one.get("sent_at"),
                "method": asked["method"],
                "url": asked["url"],
                "status": given_.get("status"),
                "asked": json.dumps(asked.get("headers")),
                "sent": asked.get("body"),
                "given": json.dumps(given_.get("headers")),
                "got": given_.get("body"),
            }
        )
    return found


def seeds() -> dict[str, bytes]:
    """Good files by the name that they are read under: those of real programs, and the same records in every other form."""
    found = {
        path.name: path.read_bytes() for folder in (DATA, CASSETTES) for path in sorted(folder.iterdir()) if path.is_file()
    }
    rows = records()
    found["x.log"] = b"".join(b"at noon " + json.dumps(row).encode() + b"\n" for row in rows)
    found["x.list"] = json.dumps({"took": 1, "hits": rows}).encode()
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    found["x.csv"] = text.getvalue().encode()
    found["x.jsonl.gz"] = gzip.compress(found["stuut-hand-made-broken.jsonl"], mtime=0)
    found["x.har.zst"] = zstd.compress(found["chromium.har"])
    found["x.log.gz"] = gzip.compress(found["x.log"], mtime=0)
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return found
    lines = [json.loads(one) for one in found["stuut-hand-made-broken.jsonl"].splitlines()[1:12]]
    ours = [
        {"request": {"method": one["request"]["method"], "url": one["request"]["url"]}, "sent_at": one.get("sent_at")}
        | {"response": {key: (one.get("response") or {}).get(key) for key in ("status", "body")}}
        for one in lines
    ]
    for name, table_ in (("x.parquet", ours), ("x.pqt", rows)):
        sink = io.BytesIO()
        parquet.write_table(pa.Table.from_pylist(table_), sink, row_group_size=3)
        found[name] = sink.getvalue()
    return found


SEEDS = seeds()
BESIDE = (DATA / "stuut-hand-made-broken.jsonl").read_bytes()
JUDGE = Judge(shipped(), Masker(b"key of the tests"))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file whose bytes were cut off, changed, or mixed with those of another."""
    name = draw(st.sampled_from(sorted(SEEDS)))
    data = SEEDS[name]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "flip", "flip", "splice", "drop", "twice"])):
            case "cut":
                data = data[:at]
            case "flip":
                data = data[:at] + draw(st.binary(min_size=1, max_size=3)) + data[at + 1 :]
            case "splice":
                other = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
                start = draw(st.integers(0, len(other)))
                data = data[:at] + other[start : start + draw(st.integers(1, 4000))] + data[at:]
            case "drop":
                data = data[:at] + data[at + draw(st.integers(1, 200)) :]
            case _:
                data += data[at:]
    return name, data


def judged(paths: list[Path], **more: Any) -> Report:
    routes = Routes(prefixes=("/proxy",))
    request = Request(paths=[str(path) for path in paths], mappings=MAPPINGS, routes=routes, **more)
    return validate(request, JUDGE, now=1e9)


def check(folder: Path, name: str, data: bytes) -> None:
    beside, broken = folder / "0.jsonl", folder / name
    beside.write_bytes(BESIDE)
    broken.write_bytes(data)
    both = judged([beside, broken])
    assert both.exit_code != ExitCode.INTERNAL, both.causes
    alone = judged([beside])
    clauses = {one.clause: one.count for one in alone.findings}
    assert {one.clause: one.count for one in both.findings if one.clause in clauses}.keys() == clauses.keys()
    assert both.exchanges >= alone.exchanges
    assert not [one for one in both.problems if one.file == str(beside)]
    pieces = judged([beside, broken], doing=here, size=400)
    assert as_data(pieces) == as_data(both)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_a_good_file_is_good(name: str, tmp_path: Path) -> None:
    found = outcomes(SEEDS[name], name, mappings=MAPPINGS)
    assert found or name == "bland-documented-create-200.json"
    check(tmp_path, name, SEEDS[name])


@settings(max_examples=25)
@given(file=damaged())
def test_damage_by_chance(tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes]) -> None:
    check(tmp_path_factory.mktemp("damaged"), *file)


@pytest.mark.campaign
@settings(max_examples=1500)
@given(file=damaged())
def test_much_damage_by_chance(tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes]) -> None:
    check(tmp_path_factory.mktemp("damaged"), *file)
