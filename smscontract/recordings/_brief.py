"""Recorded exchanges as lines of our own would have them, made in passing for whoever takes such: only of those in which nothing
is unusual. Of all others the exchange itself has to be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.facts import unkept
from smscontract.recordings._parts import Taker

__all__ = ["Brief", "Briefly", "Fields", "Unusual"]

#: Makes the record of a line of a value that was read.
Brief = Callable[[Any], dict[str, Any]]
#: Orders of names of header fields that are remembered.
_KEPT = 4096
#: With one of these a body may be another than its text.
_CODED = frozenset({"content-encoding", "transfer-encoding"})
#: Whatever a value that is not as we think may raise.
_DOUBTS = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


class Unusual(LookupError):
    """There is no brief form."""


class Briefly:
    """Gives a taker what has a brief form.

    Args:
        file: that the exchanges are of.
    """

    def __init__(self, taker: Taker, brief: Brief, file: str) -> None:
        self._taker = taker
        self._brief = brief
        self._file = file
        self._first = Origin(kind=OriginKind.FILE, file=file, entry=0).number

    def entry(self, value: Any, entry: int, make: Callable[[], Exchange]) -> bool:
        """Whether an exchange was taken; else it has no brief form.

        Args:
            make: the exchange itself. What it raises is raised.
        """
        return self.number(value, self._first + entry, make)

    def number(self, value: Any, number: int, make: Callable[[], Exchange]) -> bool:
        """As `entry`, by `Origin.number`."""
        try:
            record = self._brief(value)
        except _DOUBTS:
            return False
        try:
            if not self._taker.take_record(record, self._file, number):
                self._taker.judge(make())
        except OSError as error:  # else it would be taken for one of the recording
            raise unkept(error) from None
        return True


class Fields:
    """Makes objects of header fields that are lists of names and values."""

    def __init__(self) -> None:
        self._pseudo: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, fields: Any) -> dict[str, Any] | None:
        """The fields by name, without HTTP/2's pseudo-fields; `None` where there are none.

        Raises:
            Unusual: some are there twice, or tell that the body is packed.
        """
        if not fields:
            return None
        names = tuple([field["name"] for field in fields])
        pseudo = self._pseudo.get(names)
        if pseudo is None:
            pseudo = self._plan(names)
        found = dict(zip(names, [field["value"] for field in fields], strict=True))
        for name in pseudo:
            del found[name]
        return found or None

    def _plan(self, names: tuple[str, ...]) -> tuple[str, ...]:
        plain = {name.strip().lower() for name in names}
        if len(plain) < len(names) or not _CODED.isdisjoint(plain) or len(self._pseudo) >= _KEPT:
            raise Unusual
        self._pseudo[names] = tuple(name for name in names if name.strip().startswith(":"))
        return self._pseudo[names]
