from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gate.run import TOKEN_ENV
from tests.gate.server import Server, listening


@pytest.fixture
def server() -> Iterator[Server]:
    with listening(Server()) as server:
        yield server


@pytest.fixture
def target(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The same server as a target that is no sandbox of ours: it offers nothing by itself. The token is Stuut's."""
    monkeypatch.setenv(TOKEN_ENV, server.handed["stuut"]["token"])
    server.offers = False
    return server
