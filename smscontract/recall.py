"""Exchanges of recordings found again by their place, for what only a whole history tells: by then the exchange is gone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smscontract.errors import SmscontractError
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Finding, Problem
from smscontract.recordings import Piece, pieces, read_piece

__all__ = ["LARGEST", "Recall"]

#: Bytes of a recording of lines that are gone through once more; of one that has to be read as a whole, an eighth of them.
LARGEST = 256 * 1024 * 1024
_PIECE = 1024 * 1024


class Recall:
    """Finds the exchange of a finding. `None` where that would take long, or where it is no longer what it was.

    Args:
        reading: how the recordings were read, as `recordings.read` takes it.
    """

    def __init__(self, reading: Mapping[str, Any]) -> None:
        self._reading = reading
        self._known: dict[Origin, Exchange | None] = {}

    def __call__(self, finding: Finding) -> Exchange | None:
        """The exchange at the finding's place."""
        origin = finding.origin
        if origin.kind is not OriginKind.FILE or not origin.file or not Path(origin.file).is_file():
            return None
        if origin not in self._known:
            self._known[origin] = self._found(origin, origin.file)
        return self._known[origin]

    def _found(self, origin: Origin, file: str) -> Exchange | None:
        if Path(file).stat().st_size > (LARGEST if origin.line is not None else LARGEST // 8):
            return None
        try:
            _, found = pieces([file], size=_PIECE, **self._reading)
            nearest: Piece | None = None
            for piece in found:
                if isinstance(piece, Problem) or (nearest is not None and piece.line >= (origin.line or 0)):
                    break
                nearest = piece
            if nearest is None:
                return None
            read = read_piece(nearest, **self._reading)
            return next((one for one in read if isinstance(one, Exchange) and _place(one.origin) == _place(origin)), None)
        except (OSError, SmscontractError):
            return None


def _place(origin: Origin) -> tuple[int | None, int | None]:
    return origin.line, origin.entry
