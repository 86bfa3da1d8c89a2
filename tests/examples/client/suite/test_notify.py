"""The suite of the client library. It knows nothing of smscontract, and is green."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import respx
import vcr
from notify import Notifier

BASE = "https://api.stuut.ai"
HERE = Path(__file__).parent


@pytest.fixture
def notifier() -> Iterator[Notifier]:
    with httpx.Client() as client:
        yield Notifier(BASE, "sk_live_51NeverShowThis0000", client)


def test_sends_as_it_was_recorded(notifier: Notifier) -> None:
    with vcr.use_cassette(str(HERE / "cassettes" / "send.yaml"), record_mode="none"):
        assert notifier.send("sms_7Qd2") == "sent"


@respx.mock
def test_says_that_it_is_queued(notifier: Notifier) -> None:
    """The mock lies: no such status was ever promised."""
    respx.post(f"{BASE}/v2/sms-threads/messages/sms_1/send").mock(
        return_value=httpx.Response(200, json={"id": "sms_1", "status": "queued", "body": "Dear Ms Hopper, please pay"})
    )
    assert notifier.send("sms_1") == "queued"


@respx.mock
def test_gives_up_when_the_provider_is_down(notifier: Notifier) -> None:
    respx.post(f"{BASE}/v2/sms-threads/messages/sms_1/send").mock(return_value=httpx.Response(503, text="down"))
    with pytest.raises(httpx.HTTPStatusError):
        notifier.send("sms_1")
