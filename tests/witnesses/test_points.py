"""Points: which there are, how they are called, and when they count as seen."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.clauses.kinds import as_listed, kind_name, kind_of, kinds_of, matches
from smscontract.documents import Node
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Report
from smscontract.json_text import ABSENT
from smscontract.judge import Judge
from smscontract.ledger import Ledger
from smscontract.mask import Masker
from smscontract.reported import reported
from smscontract.reports import json_report, render
from smscontract.reports._witnesses import summary_line
from smscontract.seen import OperationSeen, Point
from smscontract.summary import Summary
from smscontract.witnesses import aims_of, seen
from tests import core
from tests.witnesses import samples


def names(operation: str) -> list[str]:
    return [aim.name.removeprefix(f"{operation}/") for aim in aims_of(core.shipped().operations[operation])]


def report(exchanges: list[Exchange], *, ranges: bool = False, source: str | None = None) -> Report:
    summary = Summary(Judge(core.shipped(), Masker(b"k")), ranges=ranges, source=source)
    for one in exchanges:
        summary.add(one)
    return reported(summary, now=1e9)


def point(one: OperationSeen, name: str) -> Point:
    (found,) = [each for each in one.points if each.name == f"{one.operation}/{name}"]
    return found


def test_points_of_the_first_operation() -> None:
    found = names(core.STUUT)
    assert len(found) == len(set(found))
    assert [name for name in found if "/classifications/items" not in name] == [
        *("200", "200/modified_at=value", "200/modified_at=null", "200/sms_thread_id=value", "200/sms_thread_id=null"),
        *("200/classifications=empty", "200/classifications=value", "200/direction=inbound", "200/direction=outbound"),
        *(f"200/status={member}" for member in ("draft", "pending", "sent", "delivered", "failed", "undelivered")),
        *("200/is_automated=true", "200/is_automated=false", "200/sent_at=value", "200/sent_at=null"),
        *("200/delivered_at=value", "200/delivered_at=null", "200/error_message=value", "200/error_message=null", "4XX"),
    ]
    assert "200/classifications/items/classification=payment_inquiry" in found, "members of an open enum count"
    assert "200/classifications/items/language=absent" in found
    assert "200/classifications/items/reason=value" not in found, "what is always there is no point"


@pytest.mark.parametrize("operation", [core.STUUT, core.BLAND])
def test_names_are_safe_in_a_shell_and_no_clause_has_one(operation: str) -> None:
    found = {aim.name for aim in aims_of(core.shipped().operations[operation])}
    assert all(re.fullmatch(r"[A-Za-z0-9._~/=%-]+", name) for name in found)
    assert not found & set(core.shipped().clauses)


OPENAPI = """
openapi: 3.1.0
info: {title: Acme, version: "1"}
paths:
  /send:
    post:
      operationId: send-text
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema:
                type: array
                items:
                  type: object
                  required: [code, flag]
                  properties:
                    code: {type: [integer, "null"], enum: [1, 2, null]}
                    word: {type: string, enum: ["null", "no answer", "a;b"]}
                    flag: {type: boolean}
                    free: {}
                    tags: {type: [array, "null"], items: {type: [string, "null"]}}
        default: {description: no}
"""


@pytest.fixture
def acme(tmp_path: Path) -> Catalogue:
    (tmp_path / "acme.yaml").write_text(OPENAPI)
    return load_catalogue([str(tmp_path / "acme.yaml")])


def test_points_of_any_document(acme: Catalogue) -> None:
    (operation,) = acme.operations.values()
    found = [aim.name.removeprefix(f"{operation.key}/") for aim in aims_of(operation)]
    assert found == [
        *("200", "200=empty", "200=value", "200/items/code=1", "200/items/code=2", "200/items/code=null"),
        *("200/items/word=%22null%22", "200/items/word=no%20answer", "200/items/word=a%3Bb", "200/items/word=absent"),
        *("200/items/flag=true", "200/items/flag=false", "200/items/free=value", "200/items/free=absent"),
        *("200/items/tags=empty", "200/items/tags=value", "200/items/tags=null", "200/items/tags=absent"),
        *("200/items/tags/items=value", "200/items/tags/items=null", "default"),
    ]


def test_points_are_seen_in_items(acme: Catalogue) -> None:
    (operation,) = acme.operations.values()
    body = [{"code": 1.0, "word": "null", "flag": True, "tags": []}, {"code": None, "word": "x", "flag": "x", "tags": [None]}]
    exchange = core.made(operation.key, judge_=Judge(acme), body=json.dumps(body).encode(), status=200)
    summary = Summary(Judge(acme))
    summary.add(exchange)
    (one,) = reported(summary, now=1.0).witnesses
    found = {each.name.partition("/200")[2] for each in one.points if each.seen}
    assert found == {
        *("", "=value", "/items/code=1", "/items/code=null", "/items/word=%22null%22", "/items/flag=true"),
        *("/items/free=absent", "/items/tags=empty", "/items/tags=value", "/items/tags/items=null"),
    }


@settings(max_examples=200)
@given(core.JSON | st.just(ABSENT))
def test_a_kind_tells_no_value(value: object) -> None:
    for operation in core.shipped().operations.values():
        for document in operation.responses.values():
            for node in document.node.walk() if document.node is not None else ():
                kind = kind_of(node, value)
                listed = {f"member:{one}" for one in node.enum or node.known_values or ()}
                assert kind in {"absent", "null", "empty", "value", "other", "member:true", "member:false"} | listed
                assert as_listed(node, (kind,)) == (kind,)


def test_kinds_of_a_closed_enum() -> None:
    (node,) = [node for node in _nodes() if node.text == "status"]
    values: list[object] = ["sent", "SENT", None, ABSENT, 5, [], ""]
    kinds = [kind_of(node, value) for value in values]
    assert kinds == ["member:sent", "other", "null", "absent", "other", "other", "other"]
    assert kind_of(None, "sent") == "value"
    assert next(iter(kinds_of(node))) == "member:draft"
    assert kind_name("member:draft") == "draft"
    assert kind_name("member:absent") == "%22absent%22"


def _nodes() -> list[Node]:
    success = core.shipped().operations[core.STUUT].success
    assert success is not None
    assert success.node is not None
    return list(success.node.walk())


def test_a_value_is_anything_but_null() -> None:
    assert matches("value", ("member:true",), array=False)
    assert matches("value", ("empty",), array=False)
    assert not matches("value", ("empty",), array=True), "an empty array has no item"
    assert not matches("value", ("absent", "null"), array=False)
    assert matches("null", ("null", "value"), array=True)


# -- what was seen


def test_what_one_answer_shows() -> None:
    (one,) = report([samples.message(status="sent", modified_at=None, is_automated=True)]).witnesses
    assert one.sources == {"plan": 1}
    assert point(one, "200").seen == 1
    assert point(one, "200/status=sent").seen == 1
    assert point(one, "200/status=undelivered").seen == 0
    assert point(one, "200/modified_at=null").seen == 1
    assert point(one, "200/modified_at=value").seen == 0
    assert point(one, "200/is_automated=true").seen == 1
    assert point(one, "4XX").seen == 0
    assert one.statuses == {"200": 1}


def test_an_undocumented_success_shows_its_body_but_not_the_status() -> None:
    (one,) = report([core.made(core.STUUT, status=202)]).witnesses
    assert point(one, "200").seen == 0
    assert point(one, "200/direction=outbound").seen == 1
    assert one.statuses == {"202": 1}


def _from(kind: OriginKind, case: str | None = None) -> Origin:
    return Origin(kind=kind, case=case, file="a.jsonl" if kind is OriginKind.FILE else None)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (_from(OriginKind.LIVE, "send-sms: valid-1"), "plan"),
        (_from(OriginKind.LIVE, "send-sms: fuzz 12 positive"), "fuzz"),
        (_from(OriginKind.LIVE), "plan"),
        (_from(OriginKind.FILE, "send-sms: fuzz 12 positive"), "recording"),
        (_from(OriginKind.TEST), "tests"),
        (_from(OriginKind.MOCK), "mock"),
    ],
)
def test_the_source_is_told_by_the_origin(origin: Origin, source: str) -> None:
    exchange = core.made(core.STUUT, origin=origin)
    (one,) = report([exchange]).witnesses
    assert set(one.sources) == {source}
    assert {name for clause in one.clauses for name in clause.sources} == {source}
    (one,) = report([exchange], source="mock").witnesses
    assert {name for clause in one.clauses for name in clause.sources} == {"mock"}, "histories included"


def test_days_are_of_the_answer_in_utc() -> None:
    midnight = 1_795_219_200.0  # 2026-11-21T00:00:00Z
    times = [(midnight - 9, midnight - 1), (midnight - 9, midnight), (midnight - 1, None), (None, None)]
    exchanges = [core.made(core.STUUT, sent_at=sent, received_at=received) for sent, received in times]
    (one,) = report(exchanges).witnesses
    assert one.days == {"2026-11-20": 2, "2026-11-21": 1, "undated": 1}
    assert (one.first, one.last) == ("2026-11-20", "2026-11-21")
    assert point(one, "200").days == point(one, "200/direction=outbound").days == one.days


def test_clauses_count_as_in_the_report() -> None:
    exchanges = [samples.message(status="quokka"), samples.message(), *[core.made(core.STUUT, step=step) for step in range(3)]]
    told = report(exchanges)
    (one,) = told.witnesses
    clauses = {clause.clause: clause for clause in one.clauses}
    enum = clauses[f"{core.STUUT}/200/status:enum"]
    assert (enum.kept, enum.broken) == (4, 1)
    assert sum(enum.sources.values()) == sum(enum.days.values()) == enum.judged == 5
    assert set(told.kept) == {clause.clause for clause in one.clauses if clause.kept and not clause.broken}
    assert sum(bool(clause.judged) for clause in one.clauses) == told.judged_clauses


def test_without_a_success_nobody_can_tell_what_is_accepted() -> None:
    (one,) = report([core.refused(core.STUUT, 404)]).witnesses
    assert not [clause.clause for clause in one.clauses if clause.broken and clause.clause.endswith(":accepts")]


@settings(max_examples=50)
@given(samples.ledgers(), samples.ledgers())
def test_seeing_is_additive(one: Ledger, two: Ledger) -> None:
    def counts(ledger: Ledger) -> Counter[str]:
        return Counter({each.name: each.seen for found in seen(core.shipped(), ledger) for each in found.points if each.seen})

    assert counts(one) + counts(two) == counts(one.merge(two))


def test_ranges_only_when_asked_and_never_of_what_is_masked() -> None:
    long = samples.message(body="quokka" * 10, classifications=[])
    assert not report([long]).witnesses[0].ranges
    (one,) = report([long, samples.message(body="", classifications=[])], ranges=True).witnesses
    lengths = {found.place: [found.low, found.high] for found in one.ranges if found.what == "length"}
    assert lengths["200/body"] == [0, 60]
    assert lengths["200/classifications"] == [0, 0]
    (one,) = report([samples.message(to_number=14155550142)], ranges=True).witnesses
    assert ("200/to_number", "number") not in {(found.place, found.what) for found in one.ranges}
    (one,) = report([samples.message(sms_thread_id=14155550142)], ranges=True).witnesses
    assert [(found.low, found.high) for found in one.ranges if found.place.endswith("sms_thread_id")] == [(1.42e10, 1.42e10)]
    huge = [samples.message(sms_thread_id=value) for value in (10**400, 1e308 * 10)]
    assert render(report(huge, ranges=True), "json")


# -- how it is shown


def test_the_line_says_what_was_never_seen() -> None:
    (one,) = report([samples.message(modified_at=None, classifications=[])]).witnesses
    line = summary_line(one, 78)
    assert line.startswith(f"witnesses {one.reached} of 60; never seen: modified_at value")
    assert len(line) <= 78
    assert re.search(r" and \d+ more$", line)
    assert summary_line(one, 30) == f"witnesses {one.reached} of 60; {60 - one.reached} never seen"


def test_reports_hold_no_value() -> None:
    whole = report(list(samples.exchanges()), ranges=True)
    for details in ("", "basic", "full"):
        shown = json_report.as_data(replace(whole, witness_details=details))["witnesses"]
        text = json.dumps(shown)
        assert not [canary for canary in samples.CANARIES if canary in text]
