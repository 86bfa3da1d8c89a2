from __future__ import annotations

from collections.abc import Iterator

import pytest

from smscontract.sandbox.app import create_app
from smscontract.sandbox.server import Running, running
from smscontract.sandbox.store import Store
from tests.sandbox.wire import Wire


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    store = Store()
    with running(create_app(store)) as where:
        yield where
    store.close()


@pytest.fixture
def wire(server: Running) -> Iterator[Wire]:
    """A connection to a sandbox as on its first day."""
    wire = Wire(server.host, server.port)
    wire.control("POST", "reset", {"seed": 0})
    wire.learn()
    yield wire
    wire.close()
