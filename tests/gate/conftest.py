from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest

from tests.gate.run import TOKEN_ENV
from tests.gate.server import Server, listening


@pytest.fixture(autouse=True)
def folder_for_temporary_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of numbers are files in the folder for temporary files: here one of the test's own, for its processes too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    monkeypatch.setattr(tempfile, "tempdir", None)


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
