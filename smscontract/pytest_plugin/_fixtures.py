"""What the fixtures give to tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.checking import Recorded, check, exchanges
from smscontract.practice import Server, practising
from smscontract.tested import Broken

__all__ = ["Checks", "fresh", "practice"]


def practice() -> Iterator[Server]:
    """The sandbox of the session."""
    with practising(load_catalogue()) as server:
        yield server


def fresh(request: pytest.FixtureRequest, server: Server) -> Iterator[Server]:
    """The sandbox of one test. What the test breaks on purpose is no finding of its traffic."""
    server.reset()
    server.told = lambda clause: request.node.add_marker(pytest.mark.smscontract(ignore=[clause]))
    yield server
    server.told = None


class Checks:
    """The fixture `smscontract`.

    Args:
        contracts: names or paths; none: all shipped.
        folder: that of the test.
    """

    def __init__(self, contracts: Iterable[str], folder: Path) -> None:
        self._contracts = tuple(contracts)
        self._folder = folder

    def check(self, response: Any = None, /, **words: Any) -> tuple[Broken, ...]:
        """As `smscontract.check`."""
        __tracebackhide__ = True
        return check(response, **{"contracts": self._contracts, **words})

    def exchanges(self, *paths: str) -> list[Recorded]:
        """As `smscontract.exchanges`."""
        return exchanges(*paths, contracts=self._contracts, folder=self._folder)
