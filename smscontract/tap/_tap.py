"""The tap of a process: put in, asked what it took, taken out."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from functools import partial
from types import ModuleType, TracebackType
from typing import Any, Self

from smscontract.tap import aiohttp, aioresponses, httpx, requests, urllib3, vcr
from smscontract.tap._core import Core, current

__all__ = ["Tap"]

_CLIENTS: tuple[Any, ...] = (aiohttp, aioresponses, httpx, requests, urllib3, vcr)


class Tap(Core):
    """Takes what the clients of this process send and get, from `install` to `remove`.

    Args:
        fits: whether anybody wants a request, by its method and URL: `Operations`.
    """

    def install(self) -> None:
        """Begins. Clients that are not imported yet are met when they are."""
        callbacks: dict[str, Callable[[ModuleType], None]] = {
            name: partial(install, self) for client in _CLIENTS for name, install in client.MODULES.items()
        }
        self.open = True
        self.patches.wrap(http.client.HTTPConnection, "putrequest", _used)
        self.patches.when_imported(callbacks)

    def remove(self) -> None:
        """Ends; what is under way is not taken any more."""
        self.open = False
        self.patches.undo()

    def __enter__(self) -> Self:
        self.install()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.remove()


def _used(original: Any) -> Any:
    """A request goes over a connection."""

    def putrequest(self: Any, *args: Any, **kwargs: Any) -> Any:
        if (frame := current()) is not None:
            frame.real = True
        return original(self, *args, **kwargs)

    return putrequest
