"""How fast requests may follow each other: a bucket that fills at a rate, and what the target says of its own limits."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from smscontract.exchange import Exchange, Headers, header_values
from smscontract.rates import Rate

__all__ = ["Pace", "retry_after"]

#: After a 429 requests are at least so many seconds apart, twice as far after each further one, and never farther than this.
_CAREFUL, _SLOWEST = 0.25, 60.0
#: By so much the distance shrinks with each answer that is no 429, until it is not worth waiting for.
_TRUST, _NOTHING = 0.9, 0.02
#: A reset beyond this is a time of the clock, not a number of seconds.
_EPOCH = 1e9


class Pace:
    """Says when the next request may go. One for each target, whatever the operation; safe to share between threads.

    Args:
        rate: what the user allows.
        clock: seconds that never go back.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        # As much as one second gives may go at once; what is saved up beyond that is lost.
        self._most = max(1.0, rate.per_second)
        self._saved = 1.0
        self._filled = clock()
        self._blocked = 0.0
        self._apart = 0.0
        self._last = 0.0

    def wait(self) -> float:
        """Seconds until the next request may go."""
        with self._lock:
            now = self._clock()
            waits = [self._blocked - now, self._last + self._apart - now if self._apart else 0.0]
            if self.rate.per_second:
                waits.append((1.0 - self._filling(now)) / self.rate.per_second)
            return max(0.0, *waits)

    def take(self) -> None:
        """A request goes now."""
        with self._lock:
            now = self._clock()
            self._saved, self._filled, self._last = self._filling(now) - 1.0, now, now

    def waited(self) -> None:
        """Somebody waited as an answer asked."""
        with self._lock:
            self._blocked = 0.0

    def _filling(self, now: float) -> float:
        return min(self._most, self._saved + (now - self._filled) * self.rate.per_second)

    def learn(self, exchange: Exchange) -> None:
        """Takes in what an answer says: when to come back always, the rest if the rate is `auto`."""
        response = exchange.response
        if response is None:
            return
        limited = response.status == 429
        pause = retry_after(exchange) if limited or response.status == 503 else None
        with self._lock:
            now = self._clock()
            if pause is not None:
                self._blocked = max(self._blocked, now + pause)
            if not self.rate.auto:
                return
            if limited:
                self._apart = min(_SLOWEST, max(_CAREFUL, 2 * self._apart))
            else:
                self._apart = self._apart * _TRUST if self._apart > _NOTHING else 0.0
            rest = _nothing_left(response.headers or (), exchange.received_at or 0.0)
            if rest is not None:
                self._blocked = max(self._blocked, now + rest)


def retry_after(exchange: Exchange) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110 section 10.2.3), `None` where it asks for nothing that can be read."""
    response = exchange.response
    values = header_values(response.headers, "retry-after") if response is not None else None
    text = values[0].strip() if values else ""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - (exchange.received_at or 0.0))
    except (ValueError, OverflowError):
        return None


def _nothing_left(headers: Headers, now: float) -> float | None:
    """Seconds until there is something again, if the header fields for limits say that nothing is left: `RateLimit` as a list
    (`"default";r=0;t=30`) or as members (`remaining=0, reset=30`), or a field for each, with `X-` or without."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name == "ratelimit":
            found.update(re.findall(r"\b(r|t|remaining|reset)\s*=\s*([0-9.]+)", value.lower()))
        elif part := re.fullmatch(r"(?:x-)?rate-?limit-(remaining|reset)", name):
            found[part[1]] = value.strip()
    try:
        remaining = float(found.get("remaining", found.get("r", "")))
        reset = float(found.get("reset", found.get("t", "")))
    except ValueError:
        return None
    if remaining > 0:
        return None
    return max(0.0, reset - now) if reset > _EPOCH else max(0.0, reset)
