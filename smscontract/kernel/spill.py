"""A file of blocks that only this process can read: it has no name, and its key is nowhere but in memory."""

from __future__ import annotations

import marshal
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from smscontract.cipher import mixed

__all__ = ["Spill"]


class Spill:
    """Lists of plain values by a key, beyond memory.

    Args:
        folder: where the file is; default: the system's folder for temporary files.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._key = os.urandom(32)
        self._blocks: dict[Any, list[tuple[int, int]]] = {}
        self._end = 0

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, key: Any, values: list[Any]) -> None:
        """Puts a list below a key, behind what is there."""
        self.put(key, marshal.dumps(values))

    def put(self, key: Any, raw: bytes) -> None:
        """Puts a list below a key that `marshal` has written already."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="smscontract-", dir=self._folder)  # noqa: SIM115 - closed by `close`
        self._file.seek(self._end)
        self._file.write(self._mixed(raw, self._end))
        self._blocks.setdefault(key, []).append((self._end, len(raw)))
        self._end += len(raw)

    def take(self, key: Any) -> Iterator[Any]:
        """The values below a key, which are gone then."""
        for start, size in self._blocks.pop(key, ()):
            assert self._file is not None
            self._file.seek(start)
            yield from marshal.loads(self._mixed(self._file.read(size), start))  # noqa: S302 - nobody else has the key

    def everything(self) -> list[Any]:
        """The keys that there is something below."""
        return list(self._blocks)

    def close(self) -> None:
        """Takes the file away."""
        self._blocks = {}
        if self._file is not None:
            self._file.close()
            self._file = None

    def _mixed(self, raw: bytes, place: int) -> bytes:
        """The bytes as they stand in the file at a place, and back."""
        return mixed(self._key + place.to_bytes(8), raw)
