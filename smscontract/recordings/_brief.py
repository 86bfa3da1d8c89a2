"""Recorded exchanges as lines of our own would have them, made in passing for whoever takes such: of those in which nothing is
unusual. Of all others the exchange itself has to be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.facts import unkept
from smscontract.recordings._json import Broken
from smscontract.recordings._parts import Taker

__all__ = ["Brief", "Briefly", "Unusual", "listed", "named"]

#: Makes the record of a line of a value that was read.
Brief = Callable[[Any], dict[str, Any]]
#: Orders of names of header fields that are remembered, with the pseudo-fields among them.
_KEPT = 4096
_pseudo: dict[tuple[str, ...], tuple[str, ...]] = {}
#: With one of these a body may be another than its text.
_CODED = frozenset({"content-encoding", "transfer-encoding"})
#: Whatever a value that is not as we think may raise.
_DOUBTS = (Broken, LookupError, TypeError, ValueError, AttributeError, OverflowError)


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
        return self.take(value, self._first + entry, make)

    def take(self, value: Any, number: int, make: Callable[[], Exchange]) -> bool:
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


def named(fields: dict[str, Any], number: int) -> dict[str, Any]:
    """Header fields by name, as they are.

    Args:
        number: how many there were before they were put together by name.

    Raises:
        Unusual: some were there twice, or tell that the body is packed.
    """
    _pseudo_of(fields, number)
    return fields


def listed(fields: Any) -> dict[str, Any] | None:
    """Header fields that are a list of names and values, without HTTP/2's pseudo-fields; `None` where there are none.

    Raises:
        Unusual: as `named`.
    """
    if not fields:
        return None
    found = {field["name"]: field["value"] for field in fields}
    for name in _pseudo_of(found, len(fields)):
        del found[name]
    return found or None


def _pseudo_of(fields: dict[str, Any], number: int) -> tuple[str, ...]:
    names = tuple(fields)
    if number > len(names):
        raise Unusual
    found = _pseudo.get(names)
    if found is None:
        plain = {name.strip().lower() for name in names}
        if len(plain) < len(names) or not _CODED.isdisjoint(plain) or len(_pseudo) >= _KEPT:
            raise Unusual
        found = _pseudo[names] = tuple(name for name in names if name.strip().startswith(":"))
    return found
