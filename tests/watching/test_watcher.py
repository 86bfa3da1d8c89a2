"""The quick way of the watcher tells the same as the judge."""

from __future__ import annotations

import dataclasses

import pytest

from smscontract.examples import broken_by, example_of
from smscontract.exchange import Exchange, OriginKind, Wire
from smscontract.tap import Taken
from smscontract.watching import Watcher
from tests.core import judge, shipped

CLAUSES = [one for one, clause in shipped().clauses.items() if clause.family != "protocol"]
#: One for all, as in a session: what it learned of one test it uses for the next.
WATCHER = Watcher(judge())


def as_taken(exchange: Exchange, kind: OriginKind) -> Taken:
    request, response = exchange.request, exchange.response
    assert response is not None
    return Taken(
        request.method,
        request.url,
        dict(request.headers or ()),
        request.body,
        exchange.sent_at or 0.0,
        done=exchange.received_at,
        kind=kind,
        status=response.status,
        headers=dict(response.headers or ()),
        got=response.body,
        whole=True,
    )


def as_judged(exchange: Exchange, kind: OriginKind) -> Exchange:
    """As a watcher knows it: nothing of the account, of mocks no time, and the clock of tests says nothing of the provider."""
    live = kind is OriginKind.TEST
    origin = dataclasses.replace(exchange.origin, kind=kind, case=None, request=None)
    return dataclasses.replace(
        exchange,
        auth=None,
        known={},
        own_record=False,
        wire=Wire.DECODED,
        origin=origin,
        missing={},
        sent_at=exchange.sent_at if live else None,
        received_at=exchange.received_at if live else None,
    )


def same(identity: str, kind: OriginKind) -> None:
    example = example_of(judge(), shipped().clauses[identity])
    for exchanges in (example.keeps, example.breaks, example.keeps) if example is not None else ():
        if all(one.response is not None and one.request.headers is not None for one in exchanges):
            seen = WATCHER.seen("a test", [as_taken(one, kind) for one in exchanges])
            assert sorted({one.clause for one in seen.broken}) == broken_by(
                judge(), [as_judged(one, kind) for one in exchanges]
            )
            assert sum(seen.exchanges.values()) == len(exchanges)


@pytest.mark.parametrize("kind", [OriginKind.TEST, OriginKind.MOCK])
@pytest.mark.parametrize("identity", CLAUSES[::9])
def test_what_is_broken(identity: str, kind: OriginKind) -> None:
    same(identity, kind)


@pytest.mark.campaign
@pytest.mark.parametrize("kind", [OriginKind.TEST, OriginKind.MOCK])
@pytest.mark.parametrize("identity", CLAUSES)
def test_of_every_clause(identity: str, kind: OriginKind) -> None:
    same(identity, kind)
