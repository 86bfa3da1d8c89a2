"""Requests: three values of validity, whose refusal is blamed on what, and rules that a request has to meet."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest

from smscontract.exchange import Auth, Exchange, Part
from tests.core import BLAND, STUUT, broken, judge, made, over, parcel_judge, reasons, refused

OWNED: dict[str, dict[str, str]] = {"agent_number": {"label": "owned", "state": "owned"}}
TIMEOUTS = {"data": None, "errors": [{"error": "INVALID_TIMEOUT_CONFIG", "message": "no"}]}


def validity(exchange: Exchange) -> str | None:
    view = judge().view(exchange)
    assert view is not None
    return view.validity


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "valid"),
        ({"sent": {"sender": "AGENT"}}, "valid"),
        ({"sent": {"sender": "NOBODY"}}, "invalid"),
        ({"sent": {"message": ...}}, "invalid"),
        ({"sent": {"user_number": "4155550123x"}}, "invalid"),
        ({"sent": {"time_out": 60, "warning_time": 60}}, "invalid"),
        ({"sent": {"time_out": 60, "warning_time": 59}}, "valid"),
        ({"sent": {"colour": "red"}}, "undefined"),
        ({"sent": {"colour": "red", "sender": 5}}, "undefined"),
        ({"sent": {"message_sid": None}}, "undefined"),
        ({"auth": None}, None),
        ({"auth": Auth.WRONG}, "invalid"),
        ({"known": {}}, None),
        ({"known": {"agent_number": {"label": "foreign", "state": "foreign"}}}, "invalid"),
        ({"missing": {Part.REQUEST_BODY: "scrubbed"}}, None),
        ({"missing": {Part.CREDENTIAL: "scrubbed"}}, None),
    ],
)
def test_a_request_is_valid_invalid_undefined_or_nobody_can_tell(changes: dict[str, Any], expected: str | None) -> None:
    assert validity(made(BLAND, **changes)) == expected


def test_where_an_undefined_entry_cannot_be_told_a_refusal_proves_nothing() -> None:
    """Whether the key had `Bearer` before it stands in the header that a recorder took away."""
    scrubbed: dict[str, Any] = {"missing": {Part.CREDENTIAL: "scrubbed"}}
    view = judge().view(made(BLAND, **scrubbed))
    assert view is not None
    assert view.assessment.unsure == ("bearer-before-key",)
    assert broken(refused(BLAND, 400)) == ["request:accepts"]
    assert broken(refused(BLAND, 400, **scrubbed)) == []
    assert broken(made(BLAND, sent={"sender": 5}, **scrubbed)) == ["request/sender:refuses"], (
        "accepting it is wrong all the same"
    )


def test_rules_on_answers_are_judged_whatever_the_request_was_and_nothing_else_is() -> None:
    odd = {"colour": "red"}
    same = {"data": {"conversation_id": "x", "workflow_id": "x"}}
    assert broken(made(BLAND, sent=odd, answer=same)) == ["rule/ids-differ"]
    assert broken(refused(BLAND, 400, {"data": None, "errors": []}, sent=odd)) == ["rule/failure-lists-errors"]
    assert broken(refused(BLAND, 400, sent=odd)) == []
    assert broken(made(BLAND, sent=odd | {"sender": 5})) == []
    assert broken(made(BLAND, sent=odd | {"time_out": 5, "warning_time": 9})) == []
    assert broken(made(STUUT, known={"sms_id": {"label": "inbound", "state": "inbound"}})) == ["state/sms_id/inbound"]
    body = made(STUUT, known={"sms_id": {"label": "inbound", "state": "inbound"}})
    body = dataclasses.replace(body, request=dataclasses.replace(body.request, body=b'{"a": 1}'))
    assert broken(body) == []


def test_a_credential_is_asked_of_undefined_requests_too() -> None:
    assert broken(made(BLAND, sent={"colour": "red"}, auth=Auth.ABSENT)) == ["auth/absent"]


# -- accepted although, refused although


@pytest.mark.parametrize("name", ["user_number", "agent_number", "message"])
def test_a_missing_member_has_to_be_refused(name: str) -> None:
    assert broken(made(BLAND, sent={name: ...})) == [f"request/{name}:refuses"]
    assert broken(refused(BLAND, 422, sent={name: ...})) == []


def test_a_refusal_for_several_reasons_keeps_none_and_breaks_none() -> None:
    both = refused(BLAND, 400, sent={"sender": 5, "time_out": "x"})
    assert broken(both) == []
    assert reasons(both, "request/sender:refuses") == {"refused, but there was another reason too"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_an_answer_about_something_else_says_nothing_of_the_request(status: int) -> None:
    assert broken(refused(BLAND, status, sent={"sender": 5})) == []
    assert broken(refused(BLAND, status)) == []


BLAMES: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[str]]] = [
    ("alone", [], [{}], ["request:accepts"]),
    ("each part accepted elsewhere", [{}], [{}], ["request:accepts"]),
    ("one more member", [{}], [{"sender": "AGENT"}], ["request/sender:accepts"]),
    ("one member of an enum", [{}, {"sender": "USER"}], [{"sender": "AGENT"}], ["request/sender:accepts"]),
    (
        "the simpler request convicts",
        [{}],
        [{"sender": "AGENT"}, {"sender": "AGENT", "time_out": 60}],
        ["request/sender:accepts"] * 2,
    ),
    ("a long text", [{}], [{"message": "x" * 161}], ["request/message:accepts"]),
    ("beyond ASCII", [{}], [{"message": "Grüße"}], ["request/message:accepts"]),
    ("nested data", [{}, {"request_data": {"a": 1}}], [{"request_data": {"a": {"b": 1}}}], ["request/request_data:accepts"]),
    (
        "two faults",
        [{}],
        [{"sender": "AGENT"}, {"time_out": 60}],
        ["request/sender:accepts", "request/time_out:accepts"],
    ),
    (
        "one fault in many fuzzed requests",
        [{}, {"current_node_id": "a"}],
        [{"time_out": 60 + step, "current_node_id": "a", "curr_pathway_version": "latest"} for step in range(4)]
        + [{"time_out": 60}],
        ["request/time_out:accepts"] * 5,
    ),
]


@pytest.mark.parametrize(("accepted", "refused_", "clauses"), [one[1:] for one in BLAMES], ids=[one[0] for one in BLAMES])
def test_a_refusal_is_blamed_on_what_no_accepted_request_has_shown(
    accepted: list[dict[str, Any]], refused_: list[dict[str, Any]], clauses: list[str]
) -> None:
    answers = [{"data": {"conversation_id": f"c{step}", "workflow_id": f"w{step}"}} for step in range(9)]
    several = [
        made(BLAND, step=step, sent={"new_conversation": True} | one, answer=answers[step]) for step, one in enumerate(accepted)
    ]
    several += [refused(BLAND, 400, sent={"new_conversation": True} | one, step=step + 20) for step, one in enumerate(refused_)]
    for order in itertools.islice(itertools.permutations(several), 24):
        assert broken(order) == clauses


def test_refused_for_its_credential_is_no_refusal_of_the_request() -> None:
    assert broken(refused(BLAND, 401)) == ["auth/good"]
    assert reasons(refused(BLAND, 401), "request:accepts") == {"refused for its credential"}


# -- rules that a request has to meet


@pytest.mark.parametrize("times", [(60, 60), (60, 61), (60, 3600)])
def test_timeouts(times: tuple[int, int]) -> None:
    wrong = {"time_out": times[0], "warning_time": times[1]}
    assert broken(made(BLAND, sent=wrong)) == ["rule/timeout-order"]
    assert broken(refused(BLAND, 400, TIMEOUTS, sent=wrong)) == []
    assert broken(refused(BLAND, 400, sent=wrong)) == ["rule/timeout-order"], "in other words"
    assert broken(refused(BLAND, 400, {"error": "no"}, sent=wrong)) == [], "the list is not there"
    assert broken(made(BLAND, sent=wrong, answer=TIMEOUTS)) != [], "refused in so many words, as a success"
    foreign = refused(BLAND, 400, sent=wrong, own_record=False)
    assert broken(foreign) == [], "the account may have been the reason"


def test_only_for_its_own_cause() -> None:
    right = {"time_out": 60, "warning_time": 59}
    assert broken(refused(BLAND, 400, TIMEOUTS, sent=right)) == ["rule/timeout-order"], (
        "and not also as a valid request refused"
    )
    assert broken(refused(BLAND, 400, TIMEOUTS, sent=right | {"sender": 5})) == ["rule/timeout-order"], "the cause is another"
    assert broken(refused(BLAND, 400, TIMEOUTS, sent=right | {"colour": "red"})) == []
    assert broken(refused(BLAND, 400, TIMEOUTS, sent={"sender": 5})) == [], "without operands the rule says nothing"


def test_a_number_that_is_not_the_accounts() -> None:
    foreign = {"agent_number": {"label": "foreign", "state": "foreign"}}
    assert broken(made(BLAND, known=foreign)) == ["rule/owned-number"]
    assert broken(refused(BLAND, 403, known=foreign)) == []
    unknown = made(BLAND, known={})
    assert broken(unknown) == []
    assert reasons(unknown, "rule/owned-number") == {"not known from this exchange"}


def test_numbers_are_compared_as_numbers() -> None:
    assert broken(made(BLAND, sent={"time_out": 60.0, "warning_time": 59})) == []
    assert broken(made(BLAND, sent={"time_out": 60, "warning_time": "59"})) == ["request/warning_time:refuses"]


# -- parameters of the query, and ids of which nobody knows


def test_a_parameter_of_the_query() -> None:
    key, judge_ = "parcel.parcel-status", parcel_judge()
    base = made(key, judge_=judge_)

    def asked(query: str, status: int = 200) -> Exchange:
        one = (
            made(key, judge_=judge_, status=status)
            if status == 200
            else made(key, judge_=judge_, status=status, body=b'{"error": "no"}')
        )
        return dataclasses.replace(one, request=dataclasses.replace(one.request, url=base.request.url + query))

    assert broken(asked("?detail=long"), judge_) == []
    assert broken(asked("?detail=huge"), judge_) == ["request/query.detail:refuses"]
    assert broken(asked("?detail=huge", 422), judge_) == []
    assert broken([base, dataclasses.replace(asked("?detail=long", 422), sent_at=9e8)], judge_) == [
        "request/query.detail:accepts"
    ]


def test_a_refusal_of_an_id_that_nobody_knows_is_no_finding() -> None:
    judge_ = parcel_judge()
    missing = made("parcel.parcel-status", judge_=judge_, status=404, body=b'{"error": "no"}', known={})
    assert broken(missing, judge_) == []
    known = dataclasses.replace(missing, known={"parcel_id": {"label": "any", "state": "any"}})
    assert broken(known, judge_) == ["request:accepts"]


def test_the_helper_lays_changes_over() -> None:
    assert over({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}, "d": ...}) == {"a": {"b": 4, "c": 2}}
    assert OWNED
