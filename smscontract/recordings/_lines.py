"""The lines of a stream, read in blocks, so that somebody may take many of them at once."""

from __future__ import annotations

from collections.abc import Callable
from io import BufferedReader

__all__ = ["Lines", "TooLong"]

#: Bytes that are read at a time: an allocator gives larger blocks back to the system, and asks for them again each time.
_BLOCK = 128 * 1024


class TooLong(Exception):
    """A line is longer than any that is read. It was left out."""


class Lines:
    """Gives one line after the other.

    Args:
        limit: bytes of a line, without its end.
    """

    def __init__(self, stream: BufferedReader, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._block = b""
        self._at = 0

    def ahead(self, scan: Callable[[bytes, int, int], tuple[int, int]], number: int) -> int:
        """Lets somebody take lines.

        Args:
            scan: given a block, the place of a line in it and the number of the line before it, it gives both for the first
                line that it left.
            number: of the last line.

        Returns:
            The number of the last line that was taken.
        """
        while True:
            self._at, number = scan(self._block, self._at, number)
            if self._block.find(b"\n", self._at) >= 0 or not self._more():
                return number

    def next(self) -> bytes:
        """The next line with its end; empty behind the last one.

        Raises:
            TooLong: it is.
        """
        seen = self._at
        while (end := self._block.find(b"\n", seen)) < 0:
            seen = len(self._block) - self._at
            if seen > self._limit:
                self._leave_out()
                raise TooLong
            if not self._more():
                line, self._block, self._at = self._block[self._at :], b"", 0
                return line
        line = self._block[self._at : end + 1]
        self._at = end + 1
        if len(line) > self._limit + 1:
            raise TooLong
        return line

    def _more(self) -> bool:
        """Whether there was more to read; what is left comes to the beginning of the block."""
        rest = self._block[self._at :]
        if len(rest) > self._limit:
            return False
        # So much that a long line is not copied again and again, and no more of it than shows that it is too long.
        more = self._stream.read1(max(_BLOCK, min(len(rest), self._limit + 1 - len(rest))))
        self._block, self._at = rest + more, 0
        return bool(more)

    def _leave_out(self) -> None:
        self._block, self._at = b"", 0
        while more := self._stream.read1(_BLOCK):
            end = more.find(b"\n")
            if end >= 0:
                self._block, self._at = more, end + 1
                return
