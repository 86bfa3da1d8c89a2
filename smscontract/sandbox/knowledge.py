"""What the sandbox knows of a request before it is answered: what `--resources` would say of it, and its credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from smscontract.exchange import Auth, Exchange
from smscontract.json_text import parse
from smscontract.sandbox import numbers
from smscontract.sandbox.app import Sandbox
from smscontract.sandbox.calls import Ask, match
from smscontract.sandbox.records import Message
from smscontract.sandbox.seed import OWN
from smscontract.sandbox.stuut import Stuut

__all__ = ["knowledge"]

_Known = dict[str, dict[str, Any]]


def knowledge(sandbox: Sandbox, exchange: Exchange) -> tuple[Auth | None, Mapping[str, Mapping[str, Any]]]:
    """The credential of a request to an endpoint, and `Exchange.known` for it as the state is now."""
    request = exchange.request
    path = urlsplit(request.url).path
    for provider in (sandbox.stuut, sandbox.bland):
        parameters = match(provider.template, path)
        if parameters is None:
            continue
        shown = Ask(method=request.method, path=path, headers=request.headers or ()).all("authorization")
        # Which of two counts, nobody has said: who shows the good one as well is no stranger.
        alone = [Ask(method=request.method, path=path, headers=(("authorization", one),)) for one in shown]
        auth = Auth.GOOD if any(provider.refuse_stranger(one) is None for one in alone) else Auth.WRONG
        if not shown:
            auth = Auth.ABSENT
        if isinstance(provider, Stuut):
            return auth, _message(sandbox, parameters["sms_id"])
        return auth, _numbers(parse(request.body or b"").value)
    return None, {}


def _message(sandbox: Sandbox, sms_id: str) -> _Known:
    with sandbox.store.transaction() as tx:
        message = tx.message(sms_id)
    if message is None:
        return {"sms_id": {"label": "missing", "state": "missing"}}
    state = _state(message)
    label = message.label or ""
    # A label says what a message was made for; once it has been sent, its state alone still holds.
    named = label if label.partition("-")[0] == state else state
    values = {name: getattr(message, name) for name in ("body", "to_number", "created_at", "sms_thread_id")}
    return {"sms_id": {**values, "label": named, "state": state}}


def _state(message: Message) -> str:
    if message.organisation != OWN:
        return "foreign"
    return "inbound" if message.direction == "inbound" else message.status


def _numbers(body: Any) -> _Known:
    listed = {
        "agent_number": {"owned": numbers.BLAND_OWNED, "foreign": numbers.BLAND_FOREIGN},
        "user_number": {"any": numbers.BLAND_USERS},
    }
    known: _Known = {}
    for name, labels in listed.items():
        number = body.get(name) if isinstance(body, dict) else None
        for label, members in labels.items():
            if isinstance(number, str) and number in members:
                known[name] = {"label": label, "state": label}
    return known
