"""Stand-ins: nothing of anybody is left, and what is judged stays as it was."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.examples import broken_by, example_of
from smscontract.exchange import Auth, Exchange, Part, Request, Wire
from smscontract.json_text import parse
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.recordings import jsonl
from smscontract.standins import stand_in
from tests.core import BLAND, STUUT, made, shipped

JUDGE = Judge(shipped(), Masker(b"key of the tests"))
SENT = {"user_number": "+14155550187", "agent_number": "+14155550100", "message": "Dear Ms Hopper, please pay invoice 1042"}


def replaced(exchange: Exchange) -> Exchange:
    found = stand_in(JUDGE, exchange)
    assert found is not None
    return found


def body(exchange: Exchange) -> Any:
    assert exchange.response is not None
    return json.loads(exchange.response.body or b"null")


def test_numbers_texts_and_credentials_are_gone() -> None:
    exchange = made(BLAND, sent=SENT)
    told = (("authorization", "sk_live_51NeverShowThis0000"), ("x-user", "Ms Hopper"), ("x-note", "Ms Hopper, +12125550142"))
    headers = (*(exchange.request.headers or ()), *told)
    exchange = dataclasses.replace(exchange, request=dataclasses.replace(exchange.request, headers=headers))
    line = jsonl.dumps(replaced(exchange)).decode()
    for secret in ("4155550187", "4155550100", "Hopper", "1042", "sk_live", "NeverShowThis"):
        assert secret not in line
    sent = json.loads(replaced(exchange).request.body or b"")
    assert re.fullmatch(r"\+1[0-9]{3}55501[0-9]{2}", sent["user_number"])
    assert sent["user_number"] != SENT["user_number"]
    assert len(sent["message"]) == len(SENT["message"])
    assert sent["message"].isalpha()


def test_what_is_harmless_stays() -> None:
    before, after = body(made(STUUT)), body(replaced(made(STUUT)))
    for name in ("status", "direction", "created_at", "sent_at", "is_automated", "object", "id", "modified_at"):
        assert before[name] == after[name]
    assert before["body"] != after["body"]
    assert before["classifications"][0]["agent_confidence_score"] == after["classifications"][0]["agent_confidence_score"]


def test_equal_values_have_equal_stand_ins() -> None:
    one, other = (body(replaced(made(STUUT, answer={"body": "Hello Bob Smith"}))) for _ in range(2))
    third = body(replaced(made(STUUT, answer={"body": "Hello Rob Smith"})))
    assert one["body"] == other["body"] != third["body"]


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("+14155550187", r"\+1[0-9]{3}55501[0-9]{2}"),
        ("4155550187", r"999[0-9]{7}"),
        ("+1 (415) 555-0187", r"\+9 \(99[0-9]\) [0-9]{3}-[0-9]{4}"),
        ("tel:+1-415-555-0187", r"tel:\+9-99[0-9]-[0-9]{3}-[0-9]{4}"),
        ("call Ms Hopper", r"xxxx xx xxxxxx"),
        ("", ""),
    ],
)
def test_forms_of_numbers(number: str, form: str) -> None:
    assert re.fullmatch(form, body(replaced(made(STUUT, answer={"to_number": number})))["to_number"])


@pytest.mark.parametrize("raw", [b"Dear Ms Hopper", b'{"a": "Hopper", "a": 1}', b"\xff\xfe", b'{"a": NaN}', b"+14155550187"])
def test_what_is_no_clean_json_is_left_out(raw: bytes) -> None:
    after = replaced(made(STUUT, body=raw))
    assert after.response is not None
    assert after.response.body is None
    assert after.missing[Part.RESPONSE_BODY] == "scrubbed"


def test_paths_and_queries() -> None:
    exchange = made(STUUT)
    url = "https://u:p@api.hopper.io/v2/sms-threads/messages/%2B14155550187/send?user=Ms%20Hopper&n=1"
    exchange = dataclasses.replace(
        exchange, request=Request(method="POST", url=url, headers=(), body=b""), operation=None, path_parameters=None
    )
    after = replaced(exchange)
    assert "opper" not in after.request.url
    assert "4155550187" not in after.request.url
    assert JUDGE.match(dataclasses.replace(after, operation=None, path_parameters=None)).operation == STUUT


def test_what_belongs_to_no_operation_is_not_written() -> None:
    nobody = dataclasses.replace(made(STUUT), request=Request(method="GET", url="/me"), operation=None)
    assert stand_in(JUDGE, nobody) is None


def unowned(exchange: Exchange) -> Exchange:
    """As a recorder sees it that knows nothing of the account."""
    return dataclasses.replace(
        exchange, auth=None, known={}, wire=Wire.DECODED, own_record=False, missing={Part.CREDENTIAL: "scrubbed"}
    )


def same(identity: str) -> None:
    example = example_of(JUDGE, shipped().clauses[identity])
    for exchanges in (example.breaks, example.keeps) if example is not None else ():
        plain = [unowned(one) for one in exchanges]
        assert broken_by(JUDGE, [replaced(one) for one in plain]) == broken_by(JUDGE, plain)


CLAUSES = [one for one, clause in shipped().clauses.items() if clause.family != "protocol"]


@pytest.mark.parametrize("identity", CLAUSES[::6])
def test_what_was_broken_is_broken_and_nothing_else(identity: str) -> None:
    same(identity)


@pytest.mark.campaign
@pytest.mark.parametrize("identity", CLAUSES)
def test_of_every_clause(identity: str) -> None:
    same(identity)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=40)
@given(_VALUES, st.sampled_from(["body", "to_number", "status", "classifications", "new"]))
def test_any_value_anywhere(value: Any, name: str) -> None:
    """Stand-ins are JSON of the same shape, and no text with letters of its own survives unless it is one harmless word."""
    after = replaced(made(STUUT, answer={name: value}, auth=Auth.GOOD))
    raw = after.response.body if after.response is not None else None
    if raw is not None:
        assert parse(raw).flaws == ()
        shown = json.loads(raw)[name]
        assert type(shown) is type(value) or isinstance(value, int | float)
