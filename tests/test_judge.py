"""The judge: laws that hold for any exchange, and which of several causes is the finding."""

from __future__ import annotations

import dataclasses
import json
import random
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.catalogue import Catalogue
from smscontract.clauses import families, validity
from smscontract.clauses.conditions import evaluate
from smscontract.clauses.mutate import dumped
from smscontract.clauses.outcomes import Fact
from smscontract.clauses.validity import assess
from smscontract.documents import read_contract
from smscontract.exchange import Auth, Exchange, Failure, Origin, OriginKind, Part, Wire
from smscontract.findings import Finding
from smscontract.judge import Judge
from smscontract.ledger import Ledger
from smscontract.mask import Masker
from tests.core import BLAND, STUUT, TIMES, broken, exchanges, found, judge, made, reasons, refused, shipped


def known_by(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    return sorted((one.clause, one.pointer, one.message, str(one.origin)) for one in findings)


# -- laws


@settings(max_examples=400)
@given(exchanges())
def test_it_never_raises_and_never_warns(exchange: Exchange) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judgement = judge().judge(exchange)
        judge().reduce(judgement.facts)
    assert judgement == judge().judge(exchange), "the same again"
    for finding in judgement.findings:
        assert finding.message
        assert finding.says
        assert finding.clause in shipped().clauses


def shuffled_judge(seed: int) -> Judge:
    """The same clauses in another order."""
    catalogue = Catalogue(read_contract(name) for name in ("stuut", "bland"))
    for key, clauses in catalogue._by_operation.items():
        other = list(clauses)
        random.Random(seed).shuffle(other)
        catalogue._by_operation[key] = tuple(other)
    items = list(catalogue.clauses.items())
    random.Random(seed).shuffle(items)
    catalogue.clauses = dict(items)
    return Judge(catalogue, Masker(b"key of the tests"))


SHUFFLED = [shuffled_judge(seed) for seed in (1, 2)]


@settings(max_examples=200)
@given(st.lists(exchanges(), min_size=1, max_size=4))
def test_the_order_of_clauses_changes_nothing(several: list[Exchange]) -> None:
    expected = known_by(found(several))
    for other in SHUFFLED:
        assert known_by(found(several, other)) == expected


@settings(max_examples=150)
@given(st.lists(exchanges(), min_size=2, max_size=6, unique_by=lambda one: one.origin), st.randoms(use_true_random=False))
def test_a_shuffled_recording_gives_the_same_findings(several: list[Exchange], order: random.Random) -> None:
    expected, names = known_by(found(several)), shipped().clauses
    other = list(several)
    order.shuffle(other)
    assert known_by(found(other)) == expected
    reduced = [judge().reduce([fact for one in each for fact in judge().judge(one).facts]) for each in (several, other)]
    assert reduced[0].kept == reduced[1].kept
    assert sorted(reduced[0].not_judged, key=str) == sorted(reduced[1].not_judged, key=str)
    assert set(reduced[0].kept) <= set(names)


@given(st.lists(st.tuples(TIMES, TIMES), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_facts_have_one_order_whatever_their_times(
    times: list[tuple[float | None, float | None]], order: random.Random
) -> None:
    facts = [
        Fact(
            clause="x",
            scope=(),
            start=start,
            end=end,
            origin=Origin(kind=OriginKind.FILE, file="x.jsonl", line=line),
            values={},
        )
        for line, (start, end) in enumerate(times, 1)
    ]
    other = list(facts)
    order.shuffle(other)
    lines = [[one.origin.line for one in sorted(each, key=Fact.sort_key)] for each in (facts, other)]
    assert lines[0] == lines[1]


def ledger_of(several: list[Exchange]) -> Ledger:
    ledger = Ledger()
    for one in several:
        signature = judge().judge(one).signature
        if signature is not None:
            ledger.add(signature)
    return ledger


@settings(max_examples=60)
@given(*[st.lists(exchanges(), max_size=3)] * 3)
def test_ledgers_merge_in_any_order_and_grouping(one: list[Exchange], two: list[Exchange], three: list[Exchange]) -> None:
    first, second, third = ledger_of(one), ledger_of(two), ledger_of(three)
    whole = ledger_of([*one, *two, *three])
    assert first.merge(second).merge(third) == whole
    assert first.merge(second.merge(third)) == whole
    assert third.merge(first).merge(second) == whole
    assert first == ledger_of(one), "neither is changed"


@settings(max_examples=200)
@given(exchanges())
def test_at_most_one_finding_speaks_of_one_place(exchange: Exchange) -> None:
    """One cause, one finding; of the places of a request each has a promise of its own, and they all show in the status."""
    places = [
        (one.part, one.pointer)
        for one in judge().judge(exchange).findings
        if shipped().clauses[one.clause].family not in {"request", "protocol", "auth", "state"}
    ]
    assert len(places) == len(set(places))


# -- one cause, one finding: the pairs of families that could speak of one place

WHOLE: list[tuple[str, dict[str, Any], str]] = [
    ("no JSON", {"body": b"<html>sorry</html>"}, "protocol/json"),
    ("half of it", {"body": b'{"id": "sms_1", "sta'}, "protocol/json"),
    ("empty", {"body": b""}, "protocol/json"),
    ("empty, without a content type", {"body": b"", "headers": ()}, "protocol/json"),
    ("two values", {"body": b"{}{}"}, "protocol/one-value"),
    ("no UTF-8", {"body": b'{"id": "\xe9"}'}, "protocol/utf-8"),
    ("NaN", {"body": b'{"id": NaN}'}, "protocol/numbers"),
    ("half a pair", {"body": b'{"id": "\\ud800"}'}, "protocol/unicode"),
    ("a list", {"body": b"[]"}, "200:type"),
    ("null", {"body": b"null"}, "200:null"),
    ("a web page", {"body": b"<html>", "headers": (("content-type", "text/html"),)}, "protocol/content-type"),
    (
        "cut",
        {"body": b'{"id": "sms_1", "sta', "headers": (("content-type", "application/json"), ("content-length", "500"))},
        "protocol/complete-body",
    ),
]


@pytest.mark.parametrize(("changes", "clause"), [one[1:] for one in WHOLE], ids=[one[0] for one in WHOLE])
def test_a_body_broken_as_a_whole_is_one_finding(changes: dict[str, Any], clause: str) -> None:
    assert broken(made(STUUT, **changes)) == [clause]


PAIRS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("presence > condition", {"status": "delivered", "delivered_at": ...}, ["200/delivered_at:required"]),
    ("presence > relation", {"id": ...}, ["200/id:required"]),
    ("null > type", {"id": None}, ["200/id:null"]),
    ("null > enum", {"status": None}, ["200/status:null"]),
    ("type > enum", {"status": 7}, ["200/status:type"]),
    ("type > relation", {"id": 7}, ["200/id:type"]),
    ("enum > condition", {"status": "queued"}, ["200/status:enum"]),
    ("text for null > format", {"sent_at": "null"}, ["200/sent_at:null"]),
    ("format > relation", {"created_at": "yesterday"}, ["200/created_at:format"]),
    ("offset is another clause", {"created_at": "2026-03-02T09:15:00"}, ["200/created_at:offset"]),
    ("condition > hygiene", {"direction": "inbound"}, ["rule/sent-is-outbound"]),
    ("relation > hygiene", {"id": ""}, ["rule/answers-for-the-asked-id"]),
    ("below a broken place nothing is judged", {"classifications": {"0": {"id": 5}}}, ["200/classifications:type"]),
]


@pytest.mark.parametrize(("answer", "clauses"), [one[1:] for one in PAIRS], ids=[one[0] for one in PAIRS])
def test_precedence_at_one_place(answer: dict[str, Any], clauses: list[str]) -> None:
    assert broken(made(STUUT, answer=answer)) == clauses


# -- what is not judged where it could not be known


def test_decoded_text_is_not_judged_for_encoding_length_and_mark() -> None:
    raw = made(STUUT).response
    assert raw is not None
    assert raw.body is not None
    for body, clause in ((b"\xef\xbb\xbf" + raw.body, "protocol/no-bom"), (raw.body, "protocol/complete-body")):
        headers = (("content-type", "application/json"), ("content-length", "7"))
        exact = made(STUUT, body=body, headers=headers if clause.endswith("body") else (("content-type", "application/json"),))
        assert broken(exact) == [clause]
        assert broken(dataclasses.replace(exact, wire=Wire.DECODED)) == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_a_gateway_answers_is_not_held_against_the_document(status: int) -> None:
    page = made(BLAND, status=status, body=b"<html>wait</html>", headers=(("content-type", "text/html"),))
    assert broken(page) == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/problem+json"])
def test_refusals_of_correct_servers_are_no_findings(status: int, kind: str) -> None:
    """Where the pages are silent a server may be as strict as it likes, in any of the documented forms."""
    forms: list[Any] = [
        {"data": None, "errors": [{"error": "X", "message": "no"}]},
        {"status": "error", "message": "no"},
        {"status": "error", "message": "no", "errors": ["a is required"]},
        {"error": "no"},
        {"data": None, "errors": [{"message": "no", "error": "X", "extra": 1}], "more": {}},
    ]
    for form in forms:
        one = refused(BLAND, status, form, sent={"sender": 5}, headers=(("content-type", kind),), auth=Auth.GOOD)
        assert broken(dataclasses.replace(one, wire=Wire.DECODED)) == [], form
    for form in [{"detail": "no"}, {"detail": [{"loc": ["path", 1], "msg": "no", "type": "x"}]}, "no", [], {}]:
        known = {"sms_id": {"label": "inbound", "state": "inbound"}}
        one = refused(STUUT, status, form, known=known, headers=(("content-type", kind),), wire=Wire.DECODED)
        assert broken(one) == [], form


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_is_one(status: int) -> None:
    assert broken(made(BLAND, status=status)) == []
    judgement = judge().judge(made(STUUT, status=status))
    assert judgement.findings == ()
    assert [one.place for one in judgement.new] == ([] if status == 200 else [f"{STUUT}/{status}"])


def test_the_body_of_another_success_is_judged_all_the_same() -> None:
    assert broken(made(STUUT, status=202, answer={"status": "queued"})) == ["200/status:enum"]


def test_undeclared_members_are_new_and_no_finding() -> None:
    judgement = judge().judge(made(STUUT, answer={"carrier": "x", "classifications": []}))
    assert judgement.findings == ()
    assert [(one.place, str(one.kind)) for one in judgement.new] == [(f"{STUUT}/200/carrier", "field")]


@pytest.mark.parametrize("part", list(Part))
def test_a_part_that_a_recorder_scrubbed_is_never_broken(part: Part) -> None:
    for operation in (STUUT, BLAND):
        assert broken(made(operation, missing={part: "scrubbed"})) == []


def test_a_scrubbed_credential_is_not_looked_for_in_the_answer() -> None:
    marker = (("authorization", "Bearer REDACTED"),)
    one = made(STUUT, answer={"body": "a REDACTED text"}, missing={Part.CREDENTIAL: "scrubbed"})
    one = dataclasses.replace(one, request=dataclasses.replace(one.request, headers=marker))
    assert broken(one) == []
    assert reasons(one, "protocol/no-secrets") == {"scrubbed: credential"}


def test_a_repeated_credential_is_a_finding_without_the_credential() -> None:
    (finding,) = found(made(STUUT, answer={"error_message": None, "body": "you sent example-token-0123456789"}))
    assert finding.clause == f"{STUUT}/protocol/no-secrets"
    assert "example-token" not in json.dumps(dataclasses.asdict(finding), default=str)


@pytest.mark.parametrize("failure", list(Failure))
def test_without_a_control_request_a_lost_answer_proves_nothing(failure: Failure) -> None:
    lost = made(STUUT, response=None, failure=failure)
    assert broken(lost) == []
    assert broken(dataclasses.replace(lost, own_record=False)) == []


# -- recordings that are not our own


def test_what_depends_on_the_account_is_judged_on_own_records_only() -> None:
    own = refused(BLAND, 400)
    foreign = dataclasses.replace(own, own_record=False)
    assert broken(own) == ["request:accepts"]
    assert broken(foreign) == []
    assert reasons(foreign, "request:accepts") == {"state of the account unknown"}
    assert broken(refused(BLAND, 500, own_record=False)) == []
    late = made(BLAND, own_record=False, sent_at=0.0, received_at=60.0)
    assert broken([late] * 6) == []


def test_answers_are_judged_on_all_recordings() -> None:
    assert broken(made(STUUT, answer={"status": "queued"}, own_record=False)) == ["200/status:enum"]
    accepted = made(BLAND, sent={"sender": 7}, own_record=False)
    assert broken(accepted) == ["request/sender:refuses"]


def test_the_digest_tells_values_apart_and_equal_ones_alike() -> None:
    values: list[Any] = [1, "1", True, "true", None, "null", 1.5, "", [1], "[1]"]
    assert len({judge().digest(value) for value in values}) == len(values)
    assert judge().digest(1) == judge().digest(1.0)


def test_a_value_that_spells_a_mark_of_ours_is_only_a_text() -> None:
    assert broken(made(STUUT, answer={"object": "absent"})) == []
    assert broken([made(STUUT, answer={"object": "unknown"}), made(STUUT, step=1, answer={"object": "other"})]) != []
    assert dumped({"a": "absent"}) == b'{"a": "absent"}'


@pytest.mark.parametrize("depth", [200, 300, 900, 3000])
def test_a_body_may_be_deeper_than_a_parser_goes(depth: int) -> None:
    """Among others one that can be read, but not written again."""
    text = f'{{"a": {"[" * depth}{"]" * depth}}}'.encode()
    exchange = made(STUUT)
    assert exchange.response is not None
    answered = dataclasses.replace(exchange, response=dataclasses.replace(exchange.response, body=text))
    assert judge().judge(answered).signature is not None
    asked = dataclasses.replace(exchange, request=dataclasses.replace(exchange.request, body=text))
    assert judge().judge(asked).signature is not None


@given(exchanges())
@settings(max_examples=60)
def test_who_is_not_asked_has_nothing_to_say(exchange: Exchange) -> None:
    chosen = judge()
    view = chosen.view(exchange)
    if view is None or view.stray:
        return
    clauses = chosen.precedence(view.operation.key)
    asked = chosen.quick.asked(view, clauses)
    mine = {clause.id for clause in (*(one for one, _ in (*asked.before, *asked.after)), *asked.schema)}
    for clause in clauses:
        if clause.id not in mine:
            assert families()[clause.family].judge(clause, view) is None


@given(exchanges())
@settings(max_examples=60)
def test_what_is_undefined_is_so_condition_by_condition(exchange: Exchange) -> None:
    view = judge().view(exchange)
    if view is None:
        return
    truths = {one.name: evaluate(one.when, view, every=False).truth for one in view.operation.undefined}
    assert {name for name, truth in truths.items() if truth} <= set(view.assessment.undefined)
    assert {name for name, truth in truths.items() if truth is None} == set(view.assessment.unsure)


@given(exchanges())
@settings(max_examples=60)
def test_a_request_has_the_problems_that_its_places_have(exchange: Exchange) -> None:
    quick, slow = judge().view(exchange), judge().view(exchange)
    assert (quick is None) is (slow is None)
    if quick is None or slow is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validity, "_quickly_kept", lambda *_: False)
        assert assess(slow) == quick.assessment
