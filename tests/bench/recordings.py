"""Measures how fast recordings are judged, against parsing them and against other tools, in one run. By hand:

python -m tests.bench.recordings [--count N] [--rounds N] [--copies N] [--openapi-core-python PATH] [--redocly COMMAND]

Ratios of processor time on one core, each the best of some rounds that take turns. `--count 1000000` is the corpus that the
figures in the README are of; the slower tools see a part of it. `--copies 9` shows the memory of nine such corpora in one file
(11 GB), and whether what is found is still the truth; `--rounds 0` leaves out all else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.clauses.compiled import compiled_schema
from smscontract.findings import Report
from smscontract.judge import Judge
from smscontract.kernel.schema import validator
from smscontract.validate import Request, validate
from tests.bench.copies import MOST, copies_of
from tests.bench.corpus import corpus

__all__ = ["main"]

_SLOW_TOOLS = 2000  # exchanges that the slower tools see
_DRIFT = 20_000  # that Redocly sees, which is warm only then

#: Requests and answers, as we judge both; lines are parsed and requests made before, so that only its own work is counted.
_OPENAPI_CORE = """
import json, sys, time
import yaml
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
apis = {}
for name in sys.argv[2:]:
    with open(name) as stream:
        apis[name] = OpenAPI.from_dict(yaml.safe_load(stream))
def body(message):
    return (json.dumps(message["json"]) if "json" in message else message["body"]).encode()
records = [json.loads(line) for line in open(sys.argv[1], "rb")]
pairs = []
for record in records:
    asked, answer = record["request"], record["response"]
    api = apis[sys.argv[2] if "sms/create" in asked["url"] else sys.argv[3]]
    host, _, path = asked["url"].partition("//")[2].partition("/")
    request = MockRequest("https://" + host, "post", "/" + path, headers=asked["headers"], data=body(asked))
    pairs.append((api, request, MockResponse(body(answer), status_code=answer["status"], content_type="application/json")))
bad = 0
start = time.process_time()
for api, request, response in pairs:
    for validate, given in ((api.validate_request, (request,)), (api.validate_response, (request, response))):
        try:
            validate(*given)
        except Exception:
            bad += 1
print((time.process_time() - start) / len(pairs), bad)
"""


def _spent(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _bodies(record: Any) -> Iterator[tuple[str, Any]]:
    for side in ("request", "response"):
        text = record[side].get("body")
        if text:
            try:
                yield side, orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
        elif "json" in record[side]:
            yield side, record[side]["json"]


def _parse(file: Path) -> None:
    """What nobody can do without: each line, and each body that is a text."""
    with file.open("rb") as stream:
        for line in stream:
            record = orjson.loads(line)
            for side in ("request", "response"):
                text = record[side].get("body")
                if text:
                    try:
                        orjson.loads(text)
                    except orjson.JSONDecodeError:
                        continue


def _schema_only(file: Path, catalogue: Catalogue) -> int:
    """Answers against their schema alone, by the validator that we judge with; errors with their places."""
    schemas: dict[tuple[str, int], Any] = {}
    broken = 0
    with file.open("rb") as stream:
        for line in stream:
            record = orjson.loads(line)
            key = ("create" if "sms/create" in record["request"]["url"] else "send", record["response"]["status"])
            if key not in schemas:
                operation = next(one for one in catalogue.operations.values() if one.id.startswith(key[0]))
                document = operation.response_for(key[1])
                assert document is not None
                assert document.node is not None
                schemas[key] = validator(compiled_schema(document.node))
            for side, body in _bodies(record):
                if side == "response" and not schemas[key].is_valid(body):
                    broken += bool([(error.instance_path, error.message) for error in schemas[key].iter_errors(body)])
    return broken


def _jsonschema(lines: list[bytes], catalogue: Catalogue) -> None:
    """Bodies of answers and of requests against their schemas by `jsonschema`, with all errors and formats."""
    schemas: dict[tuple[str, str, int], Any] = {}
    for line in lines:
        record = orjson.loads(line)
        for side, body in _bodies(record):
            name = "create" if "sms/create" in record["request"]["url"] else "send"
            key = side, name, record["response"]["status"] if side == "response" else 0
            if key not in schemas:
                operation = next(one for one in catalogue.operations.values() if one.id.startswith(name))
                document = operation.response_for(key[2]) if side == "response" else operation.body
                assert document is not None
                assert document.node is not None
                schemas[key] = Draft202012Validator(
                    compiled_schema(document.node), format_checker=Draft202012Validator.FORMAT_CHECKER
                )
            list(schemas[key].iter_errors(body))


def _judged(file: Path) -> Report:
    return validate(Request(paths=[str(file)], workers=1), Judge(load_catalogue()), now=2e9)


def _written(folder: Path, count: int) -> tuple[Path, Counter[str], dict[int, str]]:
    """The corpus, plain and packed, with the truth beside it."""
    plain, truth = folder / "corpus.jsonl", {}
    with plain.open("wb") as stream, gzip.open(folder / "corpus.jsonl.gz", "wb", 1) as packed:
        for number, (line, clause) in enumerate(corpus(count), 1):
            stream.write(line)
            packed.write(line)
            if clause:
                truth[number] = clause
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return plain, Counter(truth.values()), truth


def _equal(report: Report, counts: Counter[str], truth: dict[int, str]) -> str:
    """Whether all that is broken was found, and nothing else."""
    found = Counter({one.clause: 0 for one in report.findings})
    for one in report.findings:
        found[one.clause] += one.count
    wrong = {clause: (counts[clause], found[clause]) for clause in {*counts, *found} if counts[clause] != found[clause]}
    lines = {(where.origin.line, one.clause) for one in report.findings for where in one.where}
    elsewhere = sorted(lines - set(truth.items()), key=str)
    if not wrong and not elsewhere:
        return f"found is the truth: {counts.total()} broken exchanges of {len(counts)} kinds, and no other"
    return f"NOT THE TRUTH: (true, found) {wrong}; elsewhere {elsewhere[:5]}"


def _memory(file: Path, *words: str) -> float:
    """Megabytes of memory that `smscontract validate` has at most."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ours = str(Path(sys.executable).with_name("smscontract"))
    command = [sys.executable, "-c", code, ours, "validate", str(file), "--workers", "1", *words]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) / 1024


def _much(file: Path, count: int, copies: int, truth: Counter[str]) -> str:
    """The memory of many copies of the corpus, and whether all that is broken was found in them, and nothing else."""
    large, said = file.with_name("copies.jsonl"), file.with_name("copies.json")
    with large.open("wb") as stream:
        for number in range(copies):
            with file.open("rb") as lines:
                for line in copies_of((one.rstrip(b"\n") for one in lines), number, number * count * 0.4):
                    stream.write(line + b"\n")
    size = large.stat().st_size / 1e9
    memory = _memory(large, "--fail-on", "should", "--report", f"json:{said}", "--tmp", str(file.parent))
    large.unlink()
    found: Counter[str] = Counter()
    for one in json.loads(said.read_bytes())["findings"]:
        found[one["clause"]] += one["count"]
    wrong = {clause: (copies * truth[clause], found[clause]) for clause in truth | found}
    wrong = {clause: both for clause, both in wrong.items() if both[0] != both[1]}
    equal = f"NOT THE TRUTH: (true, found) {wrong}" if wrong else f"found is the truth: {found.total()} broken exchanges"
    return f"memory at most of {copies} times as many, {size:.1f} GB: {memory:.0f} MB; {equal}"


def _openapi_core(python: str, sample: Path) -> float:
    documents = [str(Path(__file__).parents[2] / "openapi" / name) for name in ("bland.yaml", "stuut.yaml")]
    command = [python, "-c", _OPENAPI_CORE, str(sample), *documents]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()[0])


def _har(lines: list[bytes]) -> dict[str, Any]:
    """The same exchanges as a HAR file."""
    entries = []
    for line in lines:
        record = orjson.loads(line)
        asked, answer = record["request"], record["response"]
        texts = [orjson.dumps(one["json"]).decode() if "json" in one else one["body"] for one in (asked, answer)]
        fields = [[{"name": name, "value": value} for name, value in one["headers"].items()] for one in (asked, answer)]
        request = {"method": "POST", "url": asked["url"], "headers": fields[0], "httpVersion": "HTTP/1.1", "queryString": []}
        if texts[0]:
            request["postData"] = {"mimeType": "application/json", "text": texts[0]}
        content = {"mimeType": "application/json", "text": texts[1], "size": len(texts[1])}
        response = {"status": answer["status"], "statusText": "", "headers": fields[1], "content": content}
        begin = datetime.fromtimestamp(record["sent_at"], UTC).isoformat()
        took = (record["received_at"] - record["sent_at"]) * 1000
        entries.append({"startedDateTime": begin, "time": took, "request": request, "response": response})
    return {"log": {"version": "1.2", "creator": {"name": "bench", "version": "1"}, "entries": entries}}


def _drift(command: list[str], lines: list[bytes], folder: Path) -> float | None:
    """Seconds of an exchange by Redocly CLI, its start taken off; `None`, and why, where that cannot be measured."""
    spent = []
    for part in (lines[:1], lines):
        file, said = folder / "sample.har", folder / "drift.json"
        said.unlink(missing_ok=True)
        file.write_bytes(orjson.dumps(_har(part)))
        documents = str(Path(__file__).parents[2] / "openapi")
        words = ["drift", str(file), "--api", documents, "--server", "https://api.example.test", "--format", "json"]
        before = os.times()
        try:
            done = subprocess.run([*command, *words, "-o", str(said)], capture_output=True, check=False, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"Redocly drift: {error}")
            return None
        after = os.times()
        if done.returncode not in (0, 1) or not said.exists():
            print(f"Redocly drift: exit code {done.returncode} (version 2 or later has `drift`): {done.stderr.decode()[-200:]}")
            return None
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return (spent[1] - spent[0]) / (len(lines) - 1)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, default=0, choices=range(MOST + 1), metavar="N")
    parser.add_argument("--openapi-core-python", help="a Python that has openapi-core")
    parser.add_argument("--redocly", default="npx --no-install @redocly/cli")
    words = parser.parse_args()
    catalogue = load_catalogue()
    with tempfile.TemporaryDirectory() as name:
        file, counts, truth = _written(Path(name), words.count)
        with file.open("rb") as stream:
            many = [line for line, _ in zip(stream, range(_DRIFT), strict=False)]
        part = many[:_SLOW_TOOLS]
        sample = Path(name) / "sample.jsonl"
        sample.write_bytes(b"".join(part))
        best: dict[str, float] = {}

        def measured(what: str, seconds: float, number: int) -> None:
            best[what] = min(best.get(what, 1e9), seconds / number)

        report = None
        for _ in range(words.rounds):
            measured("parsing alone", _spent(lambda: _parse(file)), words.count)
            start = time.process_time()
            report = _judged(file)
            measured("full judgement", time.process_time() - start, words.count)
            measured("schema only, errors located", _spent(lambda: _schema_only(file, catalogue)), words.count)
            measured("full judgement of .gz", _spent(lambda: _judged(file.with_suffix(".jsonl.gz"))), words.count)
            measured("jsonschema, all errors", _spent(lambda: _jsonschema(part, catalogue)), len(part))
            if words.openapi_core_python:
                best["openapi-core"] = min(best.get("openapi-core", 1e9), _openapi_core(words.openapi_core_python, sample))
            drift = _drift(shlex.split(words.redocly), many, Path(name))
            if drift is not None:
                measured("Redocly drift", drift, 1)
        if words.copies:
            print(_much(file, words.count, words.copies, counts))
        if report is None:
            return 0
        print(f"{words.count} exchanges, {file.stat().st_size / words.count:.0f} bytes each, {os.cpu_count()} processors")
        parse, full = best["parsing alone"], best["full judgement"]
        print(f"{'':<32}{'us each':>9}{'of parsing':>12}{'against full':>14}")
        for what, seconds in best.items():
            print(f"{what:<32}{seconds * 1e6:>9.2f}{parse / seconds:>12.3f}{seconds / full:>13.1f}x")
        if not words.openapi_core_python:
            print("openapi-core: not measured; name a Python that has it with --openapi-core-python")
        if "Redocly drift" not in best:
            print("Redocly drift: not measured; --redocly names its command")
        print(_equal(report, counts, truth))
        print(f"memory at most: {_memory(file):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
