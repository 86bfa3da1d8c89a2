"""`st run` with its defaults on any server of ours: the ids, numbers and token that the gate gets, and no hook."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from smscontract.gate import handover
from smscontract.sandbox.server import running
from smscontract.yaml import load
from tests.tools import explained

__all__ = ["Ran", "run"]

TOP = Path(__file__).parents[2]
KNOWN = TOP / "tests" / "tools" / "st_run"
_SECURITY = {
    "stuut": '[auth.openapi.bearer]\nbearer = "${TARGET_TOKEN}"',
    "bland": '[auth.openapi.key]\napi_key = "${TARGET_TOKEN}"',
}
#: Everything else is as it comes. The database and the cache would carry what one server showed over to the next.
_CONFIG = """
continue-on-failure = true
[generation]
database = "none"
[cache]
enabled = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run showed: failures that a right server does not have too, the number of the first request with one, and failures
    that it has too."""

    failures: list[str]
    first: int | None
    requests: int
    alarms: list[str]


def run(app: ASGIApp, provider: str, folder: Path, *, seed: int = 4) -> Ran:
    """Runs it against an application, for as long as it takes.

    Args:
        folder: an empty one, for configuration and reports.
    """
    with running(app) as server:
        handed = (handover(urlsplit(server.url)) or {})[provider]
        config = f"seed = {seed}\n{_CONFIG}\n{_SECURITY[provider]}\n"
        (folder / "st.toml").write_text(config, encoding="utf-8")
        (folder / "spec.json").write_text(json.dumps(_spec(provider, handed)), encoding="utf-8")
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("--config-file", folder / "st.toml", "run", folder / "spec.json", "--url", server.url, "--no-color"),
                *("--report-ndjson-path", folder / "run.ndjson"),
            ],
            cwd=folder,
            env=os.environ | {"TARGET_TOKEN": str(handed["token"])},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"st run ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    known = explained.read(KNOWN / f"{provider}.txt")
    expected = {_without_phase(one) for one in (*known.always, *known.sometimes)}
    found: list[str] = []
    alarms: list[str] = []
    first: int | None = None
    number = 0
    for number, failures in _requests(folder / "run.ndjson"):
        new = [one for one in failures if _without_phase(one) not in expected]
        alarms += [one for one in failures if one not in new and one not in alarms]
        found += [one for one in new if one not in found]
        first = number if new and first is None else first
    return Ran(failures=found, first=first, requests=number, alarms=alarms)


def _without_phase(failure: str) -> str:
    check, _, cause = failure.split(" ", 2)
    return f"{check} {cause}"


def _spec(provider: str, handed: Any) -> Any:
    """The document; where it has telephone numbers, those that the account has, and where it has ids, those that can be sent:
    so every phase has them."""
    document = load(TOP / "openapi" / f"{provider}.yaml").data
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []) if isinstance(operation, dict) else []:
                ids = _ids(handed["resources"].get(parameter.get("name"), {}))
                if parameter.get("in") == "path" and ids:
                    parameter["schema"] = {"type": "string", "enum": ids}
                    parameter.pop("examples", None)
                    parameter["example"] = ids[0]
    for parameter, labels in handed["resources"].items():
        numbers = [
            one if isinstance(one, str) else one["number"] for label in ("owned", "any") for one in labels.get(label, [])
        ]
        for schema in document["components"]["schemas"].values():
            node = schema.get("properties", {}).get(parameter)
            if node is not None and numbers:
                node["enum"] = numbers
        for value in _examples(document):
            if value.get(parameter) is not None and numbers and value[parameter] not in numbers:
                value[parameter] = numbers[0]
    return document


def _ids(labels: dict[str, list[Any]]) -> list[str]:
    """Everything that is a draft."""
    listed = [one for label, entries in labels.items() if label.partition("-")[0] == "draft" for one in entries]
    return [one if isinstance(one, str) else one["id"] for one in listed]


def _examples(document: Any) -> Iterator[dict[str, Any]]:
    """The bodies of requests that a document shows."""
    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for media in content.values():
                yield from (one["value"] for one in media.get("examples", {}).values() if isinstance(one.get("value"), dict))


def _requests(report: Path) -> Iterator[tuple[int, list[str]]]:
    """The requests in the order in which they were sent, numbered from 1, and why each failed."""
    number = 0
    for line in report.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        recorder = scenario["recorder"]
        for case in recorder.get("interactions", {}):
            number += 1
            checks = recorder["checks"].get(case, [])
            failed = [check for check in checks if check["status"] == "failure"]
            yield (
                number,
                [f"{check['name']} {scenario['phase']} {why}" for check in failed for why in _why(recorder, case, check)],
            )


def _why(recorder: Any, case: str, check: Any) -> list[str]:
    """The causes as tests/tools/st_run/*.txt has them."""
    if check["name"] == "positive_data_acceptance":
        content = (recorder["interactions"][case]["response"] or {}).get("content") or {}
        try:
            answer = json.loads(base64.b64decode(content.get("$base64", "")))
            return [str(error["error"]) for error in answer["errors"]]
        except (ValueError, LookupError, TypeError):
            return ["another answer"]
    message = check["failure_info"]["failure"]["message"]
    found = re.search(r"Invalid component: in body - (\w+): ", message)
    body = recorder["cases"][case]["value"].get("body")
    if check["name"] == "negative_data_rejection" and found and isinstance(body, dict):
        return [f"{found[1]} {json.dumps(body.get(found[1], 'absent'))}"]
    return [json.dumps(message)[:200]]
