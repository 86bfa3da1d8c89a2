"""Rules over more than one exchange: what is compared, in which order, and when nobody can tell."""

from __future__ import annotations

import dataclasses
import itertools
import random
from typing import Any

import pytest

from smscontract.exchange import Auth, Exchange, Failure
from tests.core import BLAND, STUUT, broken, found, judge, made, parcel_judge, refused

DRAFT = {"label": "draft", "state": "draft"}
NUMBER, SAME_NUMBER = "+14155550187", "tel:+1-415-555-0187;ext=5"


def sent(step: int = 0, known: dict[str, Any] | None = None, **answer: Any) -> Exchange:
    """A send of the message, on a draft where nothing else is said; later ones on what it has become."""
    entry = known if known is not None else DRAFT if step == 0 else {}
    return made(STUUT, step=step, answer=answer, known={"sms_id": entry} if entry else {})


def conversation(step: int, identity: str, workflow: str | None = None, **sent_: Any) -> Exchange:
    data = {"conversation_id": identity, "workflow_id": workflow or f"{identity}-w{step}"}
    return made(BLAND, step=step, answer={"data": data}, sent=sent_)


# -- numbers and times are compared as what they mean


@pytest.mark.parametrize(
    ("known", "answer", "clauses"),
    [
        ({"to_number": NUMBER}, {"to_number": NUMBER}, []),
        ({"to_number": NUMBER}, {"to_number": SAME_NUMBER}, []),
        ({"to_number": SAME_NUMBER}, {"to_number": NUMBER}, []),
        ({"to_number": NUMBER}, {"to_number": "tel:+1(415)555.0187"}, []),
        ({"to_number": NUMBER}, {"to_number": "+14155550188"}, ["rule/send-keeps-draft"]),
        ({"to_number": NUMBER}, {"to_number": "tel:+1-415-555-0188"}, ["rule/send-keeps-draft"]),
        ({"created_at": "2026-03-02T09:15:00Z"}, {"created_at": "2026-03-02T10:15:00.000+01:00"}, []),
        ({"created_at": "2026-03-02T09:15:00Z"}, {"created_at": "2026-03-02T09:15:00.001Z"}, ["rule/send-keeps-draft"]),
        ({"created_at": "2026-03-02T09:15:00"}, {"created_at": "2026-03-02T09:15:00Z"}, []),
        ({"body": "Grüße"}, {"body": "Grüße"}, []),
        ({"body": "Grüße"}, {"body": "Grusse"}, ["rule/send-keeps-draft"]),
        ({"body": None}, {"body": "Grusse"}, []),
        ({"sms_thread_id": "thread_1"}, {"sms_thread_id": None}, []),
    ],
)
def test_what_is_known_of_a_draft_is_compared_with_the_answer(
    known: dict[str, Any], answer: dict[str, Any], clauses: list[str]
) -> None:
    assert broken(sent(known={**DRAFT, **known}, **answer)) == clauses


def test_only_what_is_known_of_the_scope_itself_is_compared() -> None:
    one = sent(body="Hello")
    other = dataclasses.replace(one, known={**one.known, "agent_number": {"label": "owned", "body": "not this"}})
    assert broken(other) == []


@pytest.mark.parametrize(("spelling", "clauses"), [(NUMBER, ["rule/numbers-differ"]), ("tel:+1-415-555-0123", [])])
def test_two_spellings_of_one_number_do_not_differ(spelling: str, clauses: list[str]) -> None:
    assert broken(sent(from_number="tel:+1-415-555-0187", to_number=spelling)) == clauses


def test_scopes_are_numbers_not_spellings() -> None:
    judge_ = parcel_judge()
    key = "parcel.parcel-status"
    history = [
        made(key, judge_=judge_, step=step, answer={"phone": phone, "handed_over_at": moment, "stops": []})
        for step, (phone, moment) in enumerate(
            [("+14155550123", "2026-03-02T09:15:00Z"), ("tel:+1-415-555-0123", "2026-03-02T10:15:00+01:00")]
        )
    ]
    assert broken(history, judge_) == []
    history.append(made(key, judge_=judge_, step=2, answer={"phone": "+14155550124", "stops": []}))
    assert broken(history, judge_) == ["rule/same-parcel"]


# -- the vocabulary


def test_moves() -> None:
    def status(step: int, name: str) -> Exchange:
        times: dict[str, Any] = {"sent_at": None, "delivered_at": None}
        if name == "delivered":
            times = {"sent_at": "2026-03-02T09:15:01Z", "delivered_at": "2026-03-02T09:15:03Z"}
        return sent(step, status=name, error_message="30003" if name in {"failed", "undelivered"} else None, **times)

    assert broken([status(0, "pending"), status(1, "sent"), status(2, "delivered")]) == []
    assert broken([status(0, "pending"), status(1, "pending"), status(2, "delivered")]) == [], "unchanged and in two steps"
    assert broken([status(0, "sent"), status(1, "pending")]) == ["rule/moves-on"]
    assert broken([status(0, "delivered"), status(1, "failed")]) == ["rule/moves-on"]


def test_fresh_is_unlike_every_earlier_one() -> None:
    new: dict[str, Any] = {"new_conversation": True}
    history = [conversation(0, "a", **new), conversation(1, "b", **new), conversation(2, "a", **new)]
    assert broken(history) == ["rule/new-is-new"]
    assert broken(history[:2]) == []
    assert broken([history[0], conversation(1, "a")]) == [], "only a request that forces a new one has to get one"


def test_reuse_and_what_lies_between() -> None:
    assert broken([conversation(0, "a"), conversation(1, "a")]) == []
    assert broken([conversation(0, "a"), conversation(1, "b")]) == ["rule/active-reused"]
    late = conversation(20, "b")
    assert broken([conversation(0, "a"), late]) == [], "ten minutes later it may have timed out"
    wrong = refused(BLAND, 400, sent={"sender": 5}, step=1)
    assert broken([conversation(0, "a"), wrong, conversation(2, "a")]) == []
    assert broken([conversation(0, "a"), wrong, conversation(2, "b")]) == ["rule/refused-changes-nothing"]
    foreign = [dataclasses.replace(one, own_record=False) for one in (conversation(0, "a"), conversation(1, "b"))]
    assert broken(foreign) == [], "another client may have come between"


def test_one_pair_for_each_conversation() -> None:
    other = {"user_number": "+14155550142"}
    assert broken([conversation(0, "a"), conversation(1, "b", **other)]) == []
    assert broken([conversation(0, "a"), conversation(1, "a", **other)]) == ["rule/one-pair-per-conversation"]
    twice = [conversation(0, "a", "w"), conversation(1, "b", "w", **other)]
    assert broken(twice) == ["rule/workflow-belongs-to-one-pair"]


def test_a_constant_is_what_most_have() -> None:
    history = [sent(step, object="sms", known={}) for step in range(3)] + [sent(3, object="message", known={})]
    (finding,) = found(history)
    assert finding.clause == f"{STUUT}/rule/object-names-the-type"
    assert finding.origin == history[3].origin
    assert broken(history[:3]) == []


@pytest.mark.parametrize("seed", range(5))
def test_order_of_arrival_changes_nothing(seed: int) -> None:
    history = [
        conversation(0, "a"),
        refused(BLAND, 400, sent={"sender": 5}, step=1),
        conversation(2, "b"),
        conversation(3, "b", new_conversation=True),
        conversation(4, "c", user_number="+14155550142"),
        conversation(5, "c"),
        sent(6, status="delivered", sent_at="2026-03-02T09:15:01Z", delivered_at="2026-03-02T09:15:03Z"),
        sent(7, status="failed", error_message="x", delivered_at=None, object="other"),
    ]
    expected = [dataclasses.astuple(one) for one in sorted(found(history), key=str)]
    assert len(expected) >= 4
    random.Random(seed).shuffle(history)
    assert [dataclasses.astuple(one) for one in sorted(found(history), key=str)] == expected


# -- when nobody can tell


def overlap(one: Exchange, other: Exchange) -> list[Exchange]:
    assert one.sent_at is not None
    return [one, dataclasses.replace(other, sent_at=one.sent_at + 0.1, received_at=one.sent_at + 0.3)]


def reasons_of(history: list[Exchange], clause: str, *, holes: bool = False) -> set[str]:
    facts = [fact for one in history for fact in judge().judge(one).facts]
    return {one.reason for one in judge().reduce(facts, holes=holes).not_judged if one.clause.endswith(clause)}


def test_overlapping_exchanges_break_a_rule_only_if_they_do_in_every_order() -> None:
    assert broken(overlap(conversation(0, "a"), conversation(1, "b"))) == ["rule/active-reused"]
    assert broken(overlap(conversation(0, "a"), conversation(1, "a"))) == []
    # The new one may have come first, and been reused; or last, and then there was nothing to reuse.
    for second in ("a", "b"):
        history = overlap(conversation(0, "a", new_conversation=True), conversation(1, second))
        assert broken(history) == []
        assert reasons_of(history, "rule/active-reused") == {"overlapping exchanges"}
    both = [conversation(step, "a", new_conversation=True) for step in (0, 1)]
    assert broken(overlap(*both)) == ["rule/new-is-new"]
    other = conversation(1, "b", new_conversation=True)
    assert broken(overlap(both[0], other)) == []
    assert broken([*overlap(both[0], other), conversation(2, "c")]) == [], "nobody knows which of the two was last"
    assert broken([*overlap(conversation(0, "a"), conversation(1, "a")), conversation(2, "c")]) == ["rule/active-reused"]
    both = [conversation(-1, "z"), *overlap(conversation(0, "a"), conversation(1, "a"))]
    assert set(broken(both)) == {"rule/active-reused"}, "neither is what was there before"


def test_what_overlaps_something_without_an_answer_is_not_judged() -> None:
    cut = made(BLAND, step=1, response=None, failure=Failure.RESET)
    history = overlap(conversation(0, "a"), cut)
    assert broken([*history, conversation(2, "b")]) == []
    three = [*overlap(conversation(0, "a"), cut), *overlap(conversation(0, "a"), conversation(1, "b"))[1:]]
    assert broken(three) == []


def test_another_scope_does_not_overlap() -> None:
    other = overlap(conversation(0, "a"), conversation(1, "b", user_number="+14155550142"))
    assert broken([*other, conversation(2, "c")]) == ["rule/active-reused"], "another scope is nobody's business"


@pytest.mark.parametrize(
    "lost",
    [
        {"response": None, "failure": Failure.RESET},
        {"response": None, "failure": Failure.TIMEOUT},
        {"status": 503, "body": b"{}"},
        {"failure": Failure.CUT},
    ],
)
def test_after_an_exchange_without_an_answer_the_scope_is_unknown(lost: dict[str, Any]) -> None:
    history = [conversation(0, "a"), made(BLAND, step=1, **lost), conversation(2, "b")]
    assert broken(history) == []
    assert reasons_of(history, "rule/active-reused") == {"an earlier exchange has no answer"}
    assert broken([*history, conversation(3, "b"), conversation(4, "c")]) == ["rule/active-reused"]


def test_an_answer_that_is_broken_where_it_matters_leaves_the_scope_unknown() -> None:
    odd = made(BLAND, step=1, answer={"data": {"conversation_id": 7}})
    assert broken([conversation(0, "a"), odd, conversation(2, "b")]) == ["2XX/data/conversation_id:type"]


def test_holes() -> None:
    history = [conversation(0, "a"), conversation(1, "b")]
    assert broken(history, holes=True) == []
    assert reasons_of(history, "rule/active-reused", holes=True) == {"the history may have holes"}
    new = [conversation(0, "a", new_conversation=True), conversation(1, "a", new_conversation=True)]
    assert broken(new, holes=True) == ["rule/new-is-new"], "what was seen was seen"


def test_without_times_nobody_knows_the_order() -> None:
    history = [dataclasses.replace(one, sent_at=None, received_at=None) for one in (conversation(0, "a"), conversation(1, "b"))]
    assert broken(history) == []
    assert reasons_of(history, "rule/active-reused") == {"no times"}


@pytest.mark.parametrize("odd", [{"colour": "red"}, {"sender": "user"}, {"message": ""}, {"sender": 5}])
def test_what_an_undefined_or_wrong_request_did_is_anybodys_guess(odd: dict[str, Any]) -> None:
    history = [conversation(0, "a"), conversation(1, "b", **odd), conversation(2, "c")]
    assert [one for one in broken(history) if one.startswith("rule/")] == []


@pytest.mark.parametrize("count", [2, 3, 4])
def test_facts_may_be_reduced_in_any_grouping(count: int) -> None:
    """Merging is concatenation: whatever was judged where, the facts together decide."""
    history = [conversation(step, name) for step, name in enumerate("abca")][:count]
    facts = [judge().judge(one).facts for one in history]
    expected = judge().reduce(itertools.chain(*facts)).findings
    for order in itertools.permutations(facts):
        assert judge().reduce(itertools.chain(*order)).findings == expected


def test_good_requests_only() -> None:
    wrong = made(BLAND, auth=Auth.WRONG, status=401, body=b"{}")
    assert broken([conversation(0, "a"), wrong, conversation(2, "a")]) == []
