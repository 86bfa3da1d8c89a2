"""Blocks beyond memory, in a file that only this process can read: it has no name, and its key is nowhere but in memory."""

from __future__ import annotations

import os
import tempfile
from array import array
from typing import IO

from smscontract.cipher import mixed

__all__ = ["WAITING", "Spill"]

#: Bytes that are held before any are written.
WAITING = 1 << 21


class Spill:
    """Blocks of bytes by number.

    Args:
        folder: where the file is; default: the system's folder for temporary files.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._key = os.urandom(32)
        self._ends = array("Q")
        self._waiting: list[bytes] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._ends) + len(self._waiting)

    def add(self, block: bytes) -> int:
        """Takes a block, and gives its number."""
        self._waiting.append(block)
        self._bytes += len(block)
        if self._bytes > WAITING:
            self._write()
        return len(self) - 1

    def get(self, number: int) -> bytes:
        """A block by its number."""
        if number >= len(self._ends):
            return self._waiting[number - len(self._ends)]
        assert self._file is not None
        start = self._ends[number - 1] if number else 0
        self._file.seek(start)
        return mixed(self._key, self._file.read(self._ends[number] - start), start)

    def close(self) -> None:
        """Takes all blocks away, and the file."""
        self._ends, self._waiting, self._bytes = array("Q"), [], 0
        self._key = os.urandom(32)  # nothing else is ever under the same stream
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="smscontract-", dir=self._folder)  # noqa: SIM115 - closed by `close`
        end = self._ends[-1] if self._ends else 0
        self._file.seek(end)
        whole = b"".join(self._waiting)
        self._file.write(mixed(self._key, whole, end))
        for block in self._waiting:
            end += len(block)
            self._ends.append(end)
        self._waiting, self._bytes = [], 0
