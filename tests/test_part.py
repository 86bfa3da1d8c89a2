"""Parts: cut a recording anywhere, judge the parts anywhere, merge them in any order, and the report is that of the whole."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract import facts
from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Problem, Report
from smscontract.part import VERSION, Part
from smscontract.reported import reported
from smscontract.reports.json_report import render
from smscontract.summary import Summary
from tests import core
from tests.core import BLAND, STUUT, made, refused
from tests.witnesses import samples

#: What a summary is told, not what it knows.
TOLD = {"source", "_ranges", "judge", "selection", "begun", "holed"}


def history() -> list[Exchange]:
    """Findings of all families, histories over several scopes, things that are new, strange requests, a day's answers."""
    ids = ["a", "b", "c"]
    some = [
        made(BLAND, step=step, answer={"data": {"conversation_id": ids[step % 3], "workflow_id": f"w{step % 4}"}})
        for step in range(12)
    ]
    some += [refused(BLAND, 400, sent={"sender": 5}, step=12), made(BLAND, step=13, answer={"data": {"conversation_id": "z"}})]
    some += [
        made(STUUT, step=step, answer={"status": status}) for step, status in enumerate(("delivered", "sent", "quokka"), 14)
    ]
    some += [made(STUUT, step=17, answer={"carrier": "x", "object": "other"}), made(STUUT, step=18, answer={"object": "other"})]
    some += [dataclasses.replace(one, own_record=False) for one in samples.exchanges()[:20]]
    plain = made(STUUT)
    some += [
        dataclasses.replace(plain, request=dataclasses.replace(plain.request, url=f"/{name}"), operation=None)
        for name in "xyzzy"
    ]
    origin = [Origin(kind=OriginKind.FILE, file=f"f{number % 2}\udcff.jsonl", line=number + 1) for number in range(len(some))]
    return [dataclasses.replace(one, origin=place) for one, place in zip(some, origin, strict=True)]


HISTORY = history()
PROBLEMS = [Problem(message="the line is not JSON", file="f0.jsonl", line=99), Problem(message="the file is empty", file="g")]


def summary_of(exchanges: list[Exchange], problems: list[Problem] | None = None, *, ranges: bool = False) -> Summary:
    summary = Summary(core.judge(), ranges=ranges)
    for one in exchanges:
        summary.add(one)
    for problem in problems or []:
        summary.add_problem(problem)
    return summary


def told(summary: Summary) -> tuple[Report, str, Any]:
    report = reported(summary, now=1e9)
    summary.facts.close()
    ledger = summary.ledger.merge(type(summary.ledger)())
    return report, render(report), (ledger.entries, ledger.rest, ledger.decided, ledger.ranges)


def whole(part: Part) -> tuple[Report, str, Any]:
    summary = Summary(core.judge())
    part.into(summary)
    return told(summary)


EXPECTED = told(summary_of(HISTORY))


def test_the_sample_shows_what_it_should() -> None:
    report = EXPECTED[0]
    families = {core.shipped().clauses[one.clause].family for one in report.findings}
    assert {"enum", "history", "constant"} <= families
    assert report.new
    assert len(report.unmatched) >= 3
    assert report.not_judged


@given(st.lists(st.integers(0, 6), min_size=len(HISTORY), max_size=len(HISTORY)), st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_any_parts_in_any_order_are_the_whole(owners: list[int], chance: random.Random) -> None:
    parts = [
        Part.of(summary_of([one for one, owner in zip(HISTORY, owners, strict=True) if owner == number]), piece=number)
        for number in range(7)
    ]
    parts = [Part.loads(part.dumps()) if chance.random() < 0.5 else part for part in parts]
    while len(parts) > 1:
        one, two = (parts.pop(chance.randrange(len(parts))) for _ in range(2))
        parts.append(one.merge(two))
    assert whole(parts[0]) == EXPECTED


def test_problems_stand_in_the_order_of_the_pieces() -> None:
    one = Part.of(summary_of(HISTORY[:5], PROBLEMS[:1]), piece=0)
    two = Part.of(summary_of(HISTORY[5:], PROBLEMS[1:]), piece=1)
    expected = told(summary_of(HISTORY, PROBLEMS))
    assert whole(one.merge(two)) == whole(two.merge(one)) == expected


def test_ranges_are_merged() -> None:
    parts = [Part.of(summary_of(HISTORY[start::3], ranges=True)) for start in range(3)]
    assert whole(parts[0].merge(parts[2]).merge(parts[1])) == told(summary_of(HISTORY, ranges=True))


def test_facts_that_went_to_disk_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "IN_MEMORY", 3)
    assert whole(Part.loads(Part.of(summary_of(HISTORY)).dumps())) == EXPECTED


def test_more_than_a_hundred_places() -> None:
    many = [
        dataclasses.replace(
            made(STUUT, step=step, answer={"status": "quokka"}), origin=Origin(kind=OriginKind.FILE, file="x", line=step + 1)
        )
        for step in range(130)
    ]
    parts = [Part.of(summary_of(many[start::4])) for start in (3, 1, 0, 2)]
    merged = parts[0].merge(parts[1]).merge(parts[2].merge(parts[3]))
    assert whole(merged) == told(summary_of(many))


def test_a_part_holds_nothing_in_the_clear() -> None:
    raw = b"".join([Part.of(summary_of(list(samples.exchanges()))).dumps()])
    part = Part.loads(raw)
    text = json.dumps([str(part.groups), str(part.new), [str(list(block)) for block in _blocks(part)]])
    assert [canary for canary in ("quokka text", "14155550142") if canary in text] == []


def _blocks(part: Part) -> list[Any]:
    import zlib

    return [json.loads(zlib.decompress(block)) for block in part.facts]


@pytest.mark.parametrize("raw", [b"", b"{}\n", b'{"version":%d}\n' % VERSION, b"\x00", b"[]\n"])
def test_what_is_no_part_is_refused(raw: bytes) -> None:
    with pytest.raises(UnusableInput, match="the part is damaged"):
        Part.loads(raw, file="p")


def test_a_part_of_another_version_says_so() -> None:
    raw = Part.of(summary_of(HISTORY)).dumps().replace(b'"version":%d' % VERSION, b'"version":%d' % (VERSION - 1), 1)
    with pytest.raises(UnusableInput, match="of another version") as told:
        Part.loads(raw, file="p")
    assert (told.value.file, told.value.hint) == ("p", "judge and merge with the same smscontract")


def test_a_part_that_is_cut_is_refused() -> None:
    raw = Part.of(summary_of(HISTORY)).dumps()
    for end in (len(raw) - 1, len(raw) // 2, 40):
        with pytest.raises(UnusableInput):
            Part.loads(raw[:end])
    with pytest.raises(UnusableInput):
        Part.loads(raw + b"x")


def test_everything_that_a_summary_knows_is_in_a_part() -> None:
    """Whoever lets a summary know more says here how that is merged."""
    known = {name.lstrip("_") for name in vars(Summary(core.judge())) if name not in TOLD}
    assert known | {"left_out", "rows"} == {one.name for one in dataclasses.fields(Part)}
