"""Exchanges of recordings found again by their place, for what only a whole history tells: by then the exchange is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from smscontract.errors import SmscontractError
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Finding, Problem
from smscontract.recordings import Piece, pieces, read_piece

__all__ = ["LARGEST", "Recall"]

#: Bytes of a recording of lines that are gone through once more; of one that has to be read as a whole, an eighth of them.
LARGEST = 256 * 1024 * 1024
#: Bytes of what is read for one place.
_PIECE = 128 * 1024

_Place = tuple[int | None, int | None]


class Recall:
    """Finds the exchanges of findings: `None` where that would take long, or where it is no longer what it was.

    Args:
        reading: how the recordings were read, as `recordings.read` takes it.
    """

    def __init__(self, reading: Mapping[str, Any]) -> None:
        self._reading = reading

    def __call__(self, findings: Sequence[Finding]) -> list[Exchange | None]:
        """The exchange at each finding's place. Each file is gone through once, up to the last of its places."""
        wanted: dict[str, set[_Place]] = {}
        for origin in (finding.origin for finding in findings):
            if origin.kind is OriginKind.FILE and origin.file and Path(origin.file).is_file():
                wanted.setdefault(origin.file, set()).add(_place(origin))
        found = {(file, *place): one for file, places in wanted.items() for place, one in self._found(file, places)}
        return [found.get((finding.origin.file or "", *_place(finding.origin))) for finding in findings]

    def _found(self, file: str, wanted: set[_Place]) -> Iterator[tuple[_Place, Exchange]]:
        try:
            size = Path(file).stat().st_size
            wanted = {place for place in wanted if size <= (LARGEST if place[0] is not None else LARGEST // 8)}
            if not wanted:
                return
            _, cut = pieces([file], size=_PIECE, **self._reading)
            for piece, inside in _with_places(cut, wanted):
                for one in read_piece(piece, **self._reading):
                    place = _place(one.origin) if isinstance(one, Exchange) else (one.line, one.entry)
                    if place in inside and isinstance(one, Exchange):
                        yield place, one
                    inside.discard(place)
                    if not inside:
                        break
        except (OSError, SmscontractError):
            return


def _with_places(cut: Iterable[Piece | Problem], wanted: set[_Place]) -> Iterator[tuple[Piece, set[_Place]]]:
    """The pieces that hold one of the places, each with those. They are cut no further than the last one."""
    left = sorted(wanted, key=_order)
    before: Piece | None = None
    for piece in cut:
        if isinstance(piece, Problem):
            break
        if before is not None and (inside := _until(left, piece.line)):
            yield before, inside
        if not left:
            return
        before = piece
    if before is not None and left:
        yield before, set(left)


def _until(left: list[_Place], behind: int) -> set[_Place]:
    """Takes the places that stand in the piece before one that begins behind so many lines or rows."""
    count = next((index for index, place in enumerate(left) if _order(place) >= behind), len(left))
    inside, left[:count] = set(left[:count]), []
    return inside


def _order(place: _Place) -> int:
    """How many lines or rows stand before it."""
    line, entry = place
    return line - 1 if line is not None else entry or 0


def _place(origin: Origin) -> _Place:
    return origin.line, origin.entry
