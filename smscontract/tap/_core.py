"""What the taps of all clients share: which of two layers takes an exchange, and whether an answer is real.

A client stands on others: requests on urllib3, urllib3 on `http.client`, httpx on httpcore. The lowest tap that sees an
exchange takes it; those above it see that it was taken. An answer is real if a connection was used or an application was asked,
and made up if none was: that is how mocks are known, whoever makes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, Self

from smscontract.exchange import Failure, OriginKind
from smscontract.tap._patches import Patches
from smscontract.tap._taken import Taken, failure_of

__all__ = ["Core", "Frame", "current"]

_current: ContextVar[Frame | None] = ContextVar("smscontract_tap", default=None)


def current() -> Frame | None:
    """The innermost request under way in this thread or task, if one is that anybody wants."""
    return _current.get()


class Frame:
    """One request under way in one layer; when it is done, the layer above learns what this one knows.

    Args:
        alone: nothing is told, because what calls is the same layer, with a request of its own.

    Attributes:
        real: a connection was used, or an application was asked.
        handled: the exchange is taken.
    """

    __slots__ = ("_alone", "_outer", "_token", "handled", "real")

    def __init__(self, *, alone: bool = False) -> None:
        self._alone = alone
        self.real = False
        self.handled = False

    def __enter__(self) -> Self:
        self._outer = _current.get()
        self._token: Token[Frame | None] = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
        if self._outer is not None and not self._alone:
            self._outer.real |= self.real
            self._outer.handled |= self.handled


class Core:
    """Where taps put what they take.

    Args:
        fits: whether anybody wants a request, by its method and URL; asked for each request of the process, so it is quick.
    """

    def __init__(self, fits: Callable[[str, str], bool]) -> None:
        self.fits = fits
        self.patches = Patches()
        self.open = False
        #: Exchanges that could not be taken, because a client is not as we know it.
        self.lost = 0
        self._taken: list[Taken] = []
        # A test may stop the clock of `time`, and its mocks tell no real time anyway: this one goes on.
        self._ticks = time.monotonic
        self._start = time.time() - self._ticks()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._start + self._ticks()

    def drain(self) -> list[Taken]:
        """What was taken since the last time, in the order in which it was sent."""
        taken, self._taken = self._taken, []
        return taken

    def wants(self, method: Any, url: Any) -> bool:
        """Whether a request is to be taken. Never raises."""
        try:
            return self.open and self.fits(method, url)
        except Exception:  # noqa: BLE001 - a client may be given anything as a URL, and has to find out itself
            return False

    def keep(self, taken: Taken) -> None:
        """Takes an exchange."""
        self._taken.append(taken)

    def answered(self, frame: Frame, taken: Taken, fill: Callable[[Taken], None]) -> None:
        """An answer is there. If nobody below has taken the exchange, it is taken here.

        Args:
            fill: writes down the answer. What it raises is our fault or that of a mock that is no answer, not the test's.
        """
        if frame.handled:
            return
        taken.kind = OriginKind.TEST if frame.real else OriginKind.MOCK
        taken.done = self.now()
        try:
            fill(taken)
        except Exception:  # noqa: BLE001 - see above
            self.lost += 1
            return
        frame.handled = True
        self._taken.append(taken)

    def failed(self, frame: Frame, taken: Taken, error: BaseException, kinds: tuple[type[BaseException], ...]) -> None:
        """No answer came. Errors that are not the client's own say nothing of the other side."""
        failure: Failure | None = None if frame.handled else failure_of(error, kinds)
        if failure is None:
            return
        frame.handled = True
        taken.kind = OriginKind.TEST if frame.real else OriginKind.MOCK
        taken.done = self.now()
        taken.failure = failure
        self._taken.append(taken)
