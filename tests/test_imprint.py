"""What reports say of themselves: labels, contracts, clauses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from smscontract import cli
from smscontract.documents import read_contract
from smscontract.errors import UsageError
from smscontract.findings import LATENCY_EDGES
from smscontract.imprint import labels_from
from smscontract.reported import reported
from smscontract.reports import formats
from smscontract.summary import Summary
from tests.core import STUUT, judge, made

RECORDING = Path(__file__).parent / "recordings" / "data" / "stuut-hand-made-broken.jsonl"


def test_labels_keep_their_order_and_whatever_their_value_holds() -> None:
    assert labels_from(["branch=main", "url=a=b", "empty="]) == (("branch", "main"), ("url", "a=b"), ("empty", ""))


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["branch"], "is no label"),
        (["=main"], "is no label"),
        (["a b=c"], "is no label"),
        (["a=1", "a=2"], "given twice"),
        (["a=" + "x" * 201], "has 201 characters"),
    ],
)
def test_what_is_no_label_is_refused(texts: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        labels_from(texts)


@pytest.mark.parametrize("form", sorted(formats()))
def test_every_format_carries_labels_contract_and_hash(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["validate", str(RECORDING), "--label", "branch=rather-main", "--label", "run=17", "--report", f"{form}:-"]
    assert cli.run(words) == 1
    out = capsys.readouterr().out
    contract = read_contract("stuut")
    for text in ("branch", "rather-main", contract.version, contract.digest):
        assert text in out, text


def test_a_run_has_the_hash_of_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gate", "bland", "--max-requests", "4", "--fuzz", "0", "--report", "json:-"]) in {0, 3}
    data = json.loads(capsys.readouterr().out)
    assert cli.run(["gate", "bland", "--dry-run"]) == 0
    assert f"plan {data['operations'][0]['plan']}" in capsys.readouterr().out


def test_the_hash_is_that_of_what_is_said_and_not_of_its_layout(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        return read_contract(str(tmp_path / "mine.yaml")).digest

    plain = digest("extends: stuut\n")
    assert plain == digest("# a remark\n\n{extends: stuut}\n")
    assert plain != read_contract("stuut").digest
    assert digest("extends: stuut\nversion: 2\n") != plain
    assert read_contract(str(tmp_path / "mine.yaml")).version == "2"


def test_answer_times_are_counted_by_steps() -> None:
    took = [0.004, 0.003, 0.3, 60.0]
    summary = Summary(judge())
    for step, seconds in enumerate(took):
        exchange = made(STUUT, step=step)
        assert exchange.sent_at is not None
        summary.add(dataclasses.replace(exchange, received_at=exchange.sent_at + seconds))
    (one,) = reported(summary, now=0.0).operations
    assert dict(zip((*LATENCY_EDGES, None), one.latency, strict=True)) == {
        **dict.fromkeys((*LATENCY_EDGES, None), 0),
        0.005: 2,
        0.5: 1,
        None: 1,
    }
