"""The fixtures `smscontract` and `smscontract_server`, as tests of a client use them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests

import smscontract as package
from smscontract.checking import ContractBroken, Recorded
from smscontract.errors import UnusableInput, UsageError
from smscontract.practice import Server
from smscontract.pytest_plugin._fixtures import Checks
from tests.core import BLAND, DATA, STUUT, made
from tests.inner import run

pytest_plugins = ["pytester"]

LIE: dict[str, Any] = {"data": {"conversation_id": 7, "message": "Dear Ms Hopper", "workflow_id": "w_1"}, "errors": None}
SENT = {"user_number": "+14155550187", "agent_number": "+14155550100", "message": "Hi"}
URL = "https://api.bland.ai/v1/sms/create"
CASSETTES = Path(__file__).parents[1] / "recordings" / "data" / "cassettes"


def send(server: Server, message: str) -> httpx.Response:
    url = f"{server.url}/v2/sms-threads/messages/{message}/send"
    return httpx.post(url, headers=server.headers["stuut"], timeout=60)


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_draft_is_sent(smscontract_server: Server, smscontract: Checks) -> None:
    draft = smscontract_server.make_draft(body="Invoice 7")
    answer = send(smscontract_server, draft)
    assert answer.json()["body"] == "Invoice 7"
    assert smscontract.check(answer) == ()
    assert smscontract_server.message(draft)["texts"][0]["body"] == "Invoice 7"
    (arrived,) = smscontract_server.arrived
    assert (arrived["method"], arrived["status"]) == ("POST", 200)
    assert smscontract_server.token not in json.dumps(arrived)


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_it_as_new(smscontract_server: Server, turn: int) -> None:
    assert smscontract_server.arrived == []
    smscontract_server.make_draft(id="mine")
    smscontract_server.break_clause("stuut.send-sms/200/status:enum")
    assert send(smscontract_server, "mine").status_code == 200, turn
    smscontract_server.reset()
    assert send(smscontract_server, "mine").status_code == 404


def test_one_token_opens_all(smscontract_server: Server) -> None:
    known = smscontract_server.resources
    body = {"user_number": known["user_number"]["any"][0], "agent_number": known["agent_number"]["owned"][0], "message": "Hi"}
    url = f"{smscontract_server.url}/v1/sms/create"
    assert httpx.post(url, json=body, headers={"authorization": smscontract_server.token}).status_code == 200
    assert httpx.post(url, json=body, headers={"authorization": "another"}).status_code == 401
    draft = known["sms_id"]["draft"][0]
    answer = httpx.post(
        f"{smscontract_server.url}/v2/sms-threads/messages/{draft}/send",
        headers={"authorization": f"Bearer {smscontract_server.token}"},
    )
    assert answer.status_code == 200


def test_a_clause_is_broken_on_demand(smscontract_server: Server, smscontract: Checks) -> None:
    smscontract_server.break_clause("stuut.send-sms/200/status:enum@got.direction=outbound")
    answer = send(smscontract_server, smscontract_server.make_draft())
    with pytest.raises(ContractBroken) as caught:
        smscontract.check(answer)
    assert [one.clause for one in caught.value.broken] == ["stuut.send-sms/200/status:enum"]


def test_messages_in_any_state(smscontract_server: Server) -> None:
    draft = smscontract_server.make_draft(status="delivered", classifications=2)
    assert smscontract_server.message(draft)["delivered_at"] is not None
    with pytest.raises(UsageError, match="there is no `state` in a message"):
        smscontract_server.make_draft(state="draft")
    with pytest.raises(UsageError, match="nothing at this path"):
        smscontract_server.message("nobody's")
    with pytest.raises(UsageError, match="no clause"):
        smscontract_server.break_clause("stuut.send-sms/200/sttus:enum")


def test_beside_the_watch(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import httpx, pytest

        def send(server):
            url = f"{server.url}/v2/sms-threads/messages/{server.make_draft()}/send"
            return httpx.post(url, headers=server.headers["stuut"])

        def test_copes_with_a_strange_status(smscontract_server):
            smscontract_server.break_clause("stuut.send-sms/200/status:enum")
            assert send(smscontract_server).json()["status"] != "sent"

        def test_sends(smscontract_server, smscontract):
            smscontract.check(send(smscontract_server))
        """
    )
    done = run(pytester, "-o", "smscontract_watch=fail")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["2 exchanges of 2 tests judged (2 answered), 0 clauses broken, 1 excused"])


# --- one answer ------------------------------------------------------------------------------------------------------


def of_httpx() -> Any:
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=LIE))) as client:
        return client.post(URL, json=SENT)


def of_requests() -> Any:
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps(LIE).encode()
    answer.headers["content-type"] = "application/json"
    answer.request = requests.Request("POST", URL, json=SENT).prepare()
    return answer


@pytest.mark.parametrize("client", [of_httpx, of_requests])
def test_answers_of_clients(client: Any, smscontract: Checks) -> None:
    with pytest.raises(AssertionError, match=r"bland\.create-sms/2XX/data/conversation_id:type") as caught:
        smscontract.check(client())
    assert "Hopper" not in str(caught.value)
    assert smscontract.check(client(), ignore=["bland.create-sms/2XX/data/conversation_id"]) == ()


def test_answers_of_aiohttp(smscontract_server: Server, smscontract: Checks) -> None:
    smscontract_server.break_clause("bland.create-sms/2XX/data/conversation_id:type")
    known = smscontract_server.resources
    sent = {"user_number": known["user_number"]["any"][0], "agent_number": known["agent_number"]["owned"][0], "message": "Hi"}

    async def ask(*, read: bool) -> Any:
        async with aiohttp.ClientSession(headers={"authorization": smscontract_server.token}) as session:
            async with session.post(f"{smscontract_server.url}/v1/sms/create", json=sent) as answer:
                if read:
                    await answer.read()
            return answer

    with pytest.raises(ContractBroken):
        smscontract.check(asyncio.run(ask(read=True)))
    with pytest.raises(UsageError, match="has not been read"):
        smscontract.check(asyncio.run(ask(read=False)))


@pytest.mark.parametrize("body", [LIE, json.dumps(LIE), json.dumps(LIE).encode()])
def test_raw_parts(body: Any, smscontract: Checks) -> None:
    with pytest.raises(ContractBroken):
        smscontract.check(method="post", url="/v1/sms/create", status=200, body=body)


def test_what_is_only_reasoned_is_given_back(smscontract: Checks) -> None:
    half = {"data": {"conversation_id": "c_1"}, "errors": None}
    found = smscontract.check(method="POST", url=URL, status=200, body=half)
    assert {one.clause.rpartition("/")[2] for one in found} == {"message:required", "workflow_id:required"}
    with pytest.raises(ContractBroken):
        smscontract.check(method="POST", url=URL, status=200, body=half, fail_on="should")


@pytest.mark.parametrize("odd", [object(), "text", 7])
def test_what_is_no_answer(odd: Any, smscontract: Checks) -> None:
    with pytest.raises(UsageError, match="no answer that we know"):
        smscontract.check(odd)


def test_what_would_not_be_judged(smscontract: Checks) -> None:
    with pytest.raises(UsageError, match="no operation that we know"):
        smscontract.check(method="GET", url="/elsewhere", status=200)
    with pytest.raises(UsageError, match="beginning of no clause"):
        smscontract.check(made(BLAND), ignore=["bland.x"])
    unread = httpx.Response(200, stream=httpx.ByteStream(b"{}"), request=httpx.Request("POST", URL))
    with pytest.raises(UsageError, match="has not been read"):
        smscontract.check(unread)


def test_exchanges_are_checked_as_they_are(smscontract: Checks) -> None:
    assert package.check(made(STUUT)) == ()
    assert smscontract.check(Recorded(made(STUUT))) == ()


def test_other_contracts() -> None:
    with pytest.raises(UsageError, match="no operation"):
        package.check(made(BLAND), contracts=[str(DATA / "parcel.yaml")])


# --- recordings ------------------------------------------------------------------------------------------------------


def test_recordings_as_parameters(pytester: pytest.Pytester) -> None:
    pytester.mkdir("tapes")
    found = sorted(CASSETTES.glob("*.yaml"))[:2]
    for one in found:
        (pytester.path / "tapes" / one.name).write_bytes(one.read_bytes())
    pytester.makepyfile(
        """
        import pytest, smscontract as contracts

        @pytest.mark.parametrize("recorded", contracts.exchanges("tapes/*.yaml"))
        def test_it(recorded, smscontract):
            smscontract.check(recorded)

        def test_again(smscontract):
            for recorded in smscontract.exchanges("tapes"):
                smscontract.check(recorded)
        """
    )
    done = run(pytester, "-v")
    assert done.parseoutcomes()["passed"] >= 3
    done.stdout.fnmatch_lines([f"*test_it?{found[0].name}-0?*"])


def test_names_hide_what_is_in_them() -> None:
    recorded = Recorded(made(STUUT))
    assert "4155550" not in repr(recorded)
    assert "Friday" not in repr(recorded)


def test_recordings_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput):
        package.exchanges(str(tmp_path / "*.yaml"))
    (tmp_path / "broken.jsonl").write_text('{"request": 7}\n', encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"broken\.jsonl"):
        package.exchanges(str(tmp_path))
    (tmp_path / "broken.jsonl").write_text(
        '{"request": {"method": "GET", "url": "/x"}, "response": {"status": 200}}\n', encoding="utf-8"
    )
    with pytest.raises(UsageError, match="belongs to a known operation"):
        package.exchanges(str(tmp_path))
