"""`CLAUSE[@CONDITION]...`: what it means, and what is said where it means nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.breaker import parse_break
from smscontract.errors import UsageError
from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response
from tests.breaker.drive import CATALOGUE, JUDGE

SEND = "stuut.send-sms/200/status:enum"
CREATE = "bland.create-sms/2XX/data:required"


def exchange(sent: Any = None, got: Any = None, *, status: int = 200, clause: str = CREATE) -> Exchange:
    url = "http://localhost/v1/sms/create" if clause == CREATE else "http://localhost/v2/sms-threads/messages/sms_1/send?a=b"
    body = b"" if sent is None else json.dumps(sent).encode()
    return Exchange(
        request=Request(method="POST", url=url, headers=(("x-tag", "blue"),), body=body),
        response=Response(status=status, headers=(), body=json.dumps(got).encode()),
        origin=Origin(kind=OriginKind.LIVE),
        sent_at=10.0,
        received_at=11.5,
        known={"sms_id": {"label": "draft-long", "state": "draft"}},
    )


def holds(text: str, one: Exchange) -> bool:
    (condition,) = parse_break(text, CATALOGUE).conditions
    view = JUDGE.view(one)
    assert view is not None
    return condition.holds(view)


@pytest.mark.parametrize(
    ("condition", "sent", "expected"),
    [
        ("sent.message=Hello", {"message": "Hello"}, True),
        ("sent.message=hello", {"message": "Hello"}, False),
        ("sent.message=true", {"message": "true"}, True),
        ("sent.message=true", {"message": True}, True),
        ('sent.message="true"', {"message": True}, False),
        ('sent.message="true"', {"message": "true"}, True),
        ('sent.message="a@b=c"', {"message": "a@b=c"}, True),
        ("sent.message=", {"message": ""}, True),
        ("sent.message=1", {"message": True}, False),
        ("sent.time_out=600", {"time_out": 600}, True),
        ("sent.time_out=600", {"time_out": 600.0}, True),
        ("sent.time_out=600", {}, False),
        ("sent.time_out!=600", {}, True),
        ("sent.time_out!=600", {"time_out": 600}, False),
        ("sent.time_out!=600", {"time_out": None}, True),
        ("sent.time_out=null", {"time_out": None}, True),
        ("sent.time_out=null", {}, False),
        ("sent.time_out", {"time_out": None}, True),
        ("sent.time_out", {}, False),
        ("sent.time_out>60", {"time_out": 61}, True),
        ("sent.time_out>60", {"time_out": 60}, False),
        ("sent.time_out>=60", {"time_out": 60}, True),
        ("sent.time_out<60.5", {"time_out": 60}, True),
        ("sent.time_out<=-1", {"time_out": -1}, True),
        ("sent.time_out>0", {"time_out": "600"}, False),
        ("sent.time_out>0", {"time_out": True}, False),
        ("sent.message.length>3", {"message": "Grüß"}, True),
        ("sent.message.length=4", {"message": "Grüß"}, True),
        ("sent.message.length>3", {"message": 12345}, False),
        ("sent.message.length!=3", {"message": 123}, True),
        ("sent.request_data.length=2", {"request_data": {"a": 1, "b": 2}}, True),
        ('sent.request_data={"a": [1]}', {"request_data": {"a": [1.0]}}, True),
        ("sent.request_data.deep.er=x", {"request_data": {"deep": {"er": "x"}}}, True),
        ("header.X-Tag=blue", {}, True),
        ("took>1", {}, True),
        ("took>2", {}, False),
        ("auth=good", {}, False),
        ("auth!=good", {}, False),
    ],
)
def test_conditions_on_a_request(condition: str, sent: Any, expected: bool) -> None:
    assert holds(f"{CREATE}@{condition}", exchange(sent)) is expected


@pytest.mark.parametrize(
    ("condition", "got", "status", "expected"),
    [
        ("code=200", {}, 200, True),
        ("code=2XX", {}, 201, True),
        ("code!=2XX", {}, 404, True),
        ("code=4XX", {}, 200, False),
        ("got.errors[*].error=B", {"errors": [{"error": "A"}, {"error": "B"}]}, 400, True),
        ("got.errors[*].error=C", {"errors": [{"error": "A"}, {"error": "B"}]}, 400, False),
        ("got.errors[*].error=A", {"errors": None}, 400, False),
        ("got.errors.length=2", {"errors": [1, 2]}, 400, True),
        ("/errors/0/error=A", {"errors": [{"error": "A"}]}, 400, True),
        ("/nobody/lists/this", {"nobody": {"lists": {"this": None}}}, 200, True),
        ("got.data.message=x", {"data": {"message": "x"}}, 200, True),
    ],
)
def test_conditions_on_an_answer(condition: str, got: Any, status: int, expected: bool) -> None:
    assert holds(f"{CREATE}@{condition}", exchange({}, got, status=status)) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("path.sms_id=sms_1", True),
        ("query.a=b", True),
        ("query.b", False),
        ("known.sms_id.state=draft", True),
        ("known.sms_id.label=draft", False),
    ],
)
def test_conditions_on_path_query_and_resources(condition: str, expected: bool) -> None:
    assert holds(f"{SEND}@{condition}", exchange(clause=SEND)) is expected


def test_an_unreadable_answer_meets_no_condition() -> None:
    broken = replace(exchange({}, {}), response=Response(status=200, headers=(), body=b"{"))
    assert not holds(f"{CREATE}@got.data.message!=x", broken)


@pytest.mark.parametrize(
    ("condition", "needs"),
    [
        ("got.errors", True),
        ("code=200", True),
        ("took>1", True),
        ("at.received>1", True),
        ("at.sent>1", False),
        ("sent.message", False),
    ],
)
def test_what_needs_the_answer(condition: str, needs: bool) -> None:
    (one,) = parse_break(f"{CREATE}@{condition}", CATALOGUE).conditions
    assert one.needs_answer is needs


@pytest.mark.parametrize(
    "text",
    [
        CREATE,
        f"{CREATE}@sent.message=Hello",
        f'{CREATE}@sent.message="a@b"@sent.time_out>60@every=7',
        f"{CREATE}@sent.message.length<=160@code!=4XX@header.x-a",
    ],
)
def test_a_break_reads_as_it_is_written(text: str) -> None:
    assert str(parse_break(text, CATALOGUE)) == text


def test_all_parts_of_a_break() -> None:
    one = parse_break(f"{SEND}@every=5@got.status=failed@known.sms_id.label=draft-failed", CATALOGUE)
    assert one.clause == SEND
    assert one.every == 5
    assert [condition.text for condition in one.conditions] == ["got.status=failed", "known.sms_id.label=draft-failed"]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("", "there is no clause ``", ""),
        ("stuut.send-sms/200/statsu:enum", "there is no clause", "`stuut.send-sms/200/status:enum`"),
        ("stuut.send-sms/200/status", "there is no clause", "`stuut.send-sms/200/status:enum`"),
        (f"{SEND}@", "names no place", "every=5"),
        (f"{SEND}@@", "names no place", "every=5"),
        (f"{SEND}@=1", "names no place", "every=5"),
        (f"{SEND}@gt.status=failed", "`gt.status` is no place", "`got`"),
        (f"{SEND}@evry=5", "`evry` is no place", "`every`"),
        (f"{SEND}@got.statsu=failed", "has no `got.statsu`", "`status`"),
        (f"{SEND}@got.classifications[*].objct=x", "has no `got.classifications[*].objct`", "`object`"),
        (f"{SEND}@path.id=x", "has no `path.id`", "sms_id"),
        (f"{CREATE}@sent.mesage=x", "has no `sent.mesage`", "`message`"),
        (f"{CREATE}@sent.message.lenght>1", "has no `sent.message.lenght`", "`length`"),
        (f"{CREATE}@sent.message[*]=x", "has no `sent.message[*]`", "length"),
        (f"{SEND}@got.", "is no place", "names after dots"),
        (f"{SEND}@code.x=1", "is no place", "stands alone"),
        (f"{SEND}@code=4xx", "`4xx` is no status code", "code=4XX"),
        (f"{SEND}@code=no", "`no` is no status code", "code=4XX"),
        (f"{SEND}@got.status>x", "compares with no number", ".length"),
        (f'{SEND}@took>"1"', "compares with no number", ".length"),
        (f"{SEND}@took>nan", "compares with no number", ".length"),
        (f"{SEND}@took>1e400", "compares with no number", ".length"),
        (f"{SEND}@every=0", "`every=0` is no condition", "from 1"),
        (f"{SEND}@every", "`every` is no condition", "from 1"),
        (f"{SEND}@every>5", "`every>5` is no condition", "from 1"),
        (f"{SEND}@every=1.5", "`every=1.5` is no condition", "from 1"),
        (f"{SEND}@every=9999999999999", "is no condition", "from 1"),
        (f"{SEND}@every=2@every=3", "`every` is given twice", "leave one out"),
        (f'{SEND}@got.status="failed', "does not begin with a JSON value", "quotes"),
        (f'{SEND}@got.status="failed"x', "follows a JSON value", "begins with `@`"),
        (f"{SEND}@got.status={'[' * 5000}", "does not begin with a JSON value", "quotes"),
    ],
)
def test_a_slip_of_the_pen_is_refused_with_the_nearest_word(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_break(text, CATALOGUE)
    assert said in caught.value.message
    assert hint in (caught.value.hint or "")


def test_an_endpoint_without_a_body_may_be_sent_one() -> None:
    assert parse_break(f"{SEND}@sent.object=x", CATALOGUE).conditions[0].text == "sent.object=x"


@given(st.text('@=!<>."[]{}*/0159abcdegorstuy ', max_size=40))
def test_any_text_is_a_break_or_refused(text: str) -> None:
    try:
        one = parse_break(f"{SEND}@{text}", CATALOGUE)
    except UsageError:
        return
    assert parse_break(str(one), CATALOGUE) == one
    view = JUDGE.view(exchange(clause=SEND, got={"status": "sent"}))
    assert view is not None
    assert all(condition.holds(view) in (True, False) for condition in one.conditions)
