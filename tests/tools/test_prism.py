"""The gate against a server that is not ours: the mock of Stoplight Prism, fed with our documents.

A stateless mock keeps the form of every answer and knows nothing of what a contract says beyond it. So the gate may find no
clause of form broken, and has to find the others; the files in `prism/` say which, and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tools import explained
from tests.tools.programs import listening, smscontract

HERE = Path(__file__).parent / "prism"
#: Exchanges, and clauses kept.
LEAST = {"bland": (80, 70), "stuut": (14, 80)}

pytestmark = pytest.mark.tools


def gated(provider: str, prism: str, folder: Path, options: Sequence[str], more: Sequence[str]) -> tuple[int, dict[str, Any]]:
    command = [prism, "mock", "--port", "0", *options, f"openapi/{provider}.yaml"]
    with listening(command, r"listening on (http://127\.0\.0\.1:[0-9]+)", folder / "prism.log") as url:
        done = smscontract(
            *("gate", provider, "--url", url, "--token-env", "MOCK_TOKEN", "--resources", HERE / f"{provider}.resources.yaml"),
            *("--fail-on", "should", "--report", f"json:{folder / 'report.json'}", *more),
            MOCK_TOKEN="opens-everything",
        )
    assert done.stderr == ""
    return done.returncode, json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("provider", ["bland", "stuut"])
@pytest.mark.parametrize("kind", ["examples", "dynamic"])
def test_the_gate_finds_what_a_mock_cannot_keep(
    provider: str, kind: str, tmp_path: Path, need_tool: Callable[[str], str]
) -> None:
    expected = explained.read(HERE / (f"{provider}.txt" if kind == "examples" else f"{provider}-{kind}.txt"))
    # What is made up is new with every request: there the plan will do.
    options, more = (["--dynamic"], ["--fuzz", "0"]) if kind == "dynamic" else ([], [])
    code, report = gated(provider, need_tool("prism"), tmp_path, options, more)
    assert expected.wrong(one["clause"] for one in report["findings"]) == []
    assert code == 1
    exchanges, kept = LEAST[provider]
    (operation,) = report["operations"]
    assert operation["exchanges"] >= exchanges
    # Every clause on the form of an answer that was judged was kept: two programs agree on what the document says.
    assert not {one["clause"].split("/")[1] for one in report["findings"]} & {"200", "2XX", "4XX", "protocol"}
    assert operation["kept"] >= kept
    # What the document does not list comes up only where it is made up.
    assert bool(report["new"]) == (kind == "dynamic")
