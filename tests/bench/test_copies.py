"""Copies of the corpus break what it breaks, as often as there are copies of it, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from smscontract.catalogue import load_catalogue
from smscontract.judge import Judge
from smscontract.validate import Request, validate
from tests.bench.copies import copies_of
from tests.bench.corpus import corpus


def test_copies_have_histories_of_their_own(tmp_path: Path) -> None:
    some = list(corpus(400, bad=0.05))
    lines = [line.rstrip(b"\n") for line, _ in some]
    copies = [list(copies_of(lines, number, number * 400 * 0.4)) for number in range(3)]
    assert [len(line) for line in copies[1]] == [len(line) for line in copies[2]]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(line for one in copies for line in one) + b"\n")
    report = validate(Request(paths=[str(tmp_path / "x.jsonl")]), Judge(load_catalogue()), now=2e9)
    found: Counter[str] = Counter()
    for one in report.findings:
        found[one.clause] += one.count
    assert found == {clause: 3 * count for clause, count in Counter(clause for _, clause in some if clause).items()}
