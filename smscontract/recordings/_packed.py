"""Compressed files, unpacked while they are read: gzip and Zstandard, told by their first bytes and not by their name.

A file of some kilobytes can unpack to terabytes. Memory is never at risk here, only patience: reading stops where a file grows
beyond all reason, and what came before stays read.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable
from io import BufferedReader
from typing import Any, Protocol

from smscontract.recordings._json import Broken, Readable

__all__ = ["Unpacked", "is_packed", "plain_name", "sought"]

#: Endings that a compressed file has behind the ending of its own.
_ENDINGS = (".gz", ".zst")

#: A file may unpack to so many times its size. Logs reach 20 to 100; gzip alone could reach 1032, Zstandard far more.
MAX_RATIO = 300
#: Below so many bytes nobody asks for the ratio: few lines that are all alike are no attack.
ALWAYS = 256 * 1024 * 1024
#: No single file is read any further, whatever its ratio.
MAX_SIZE = 2**40

#: Bytes of what can only be read from its end, and comes from where nothing can be sought.
HELD = 64 * 1024 * 1024

_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so can be unpacked here."""
    return head.startswith((_GZIP, _ZSTD))


def plain_name(name: str) -> str:
    """The name without the ending that compression added."""
    return name[: -len(found)] if (found := next((one for one in _ENDINGS if name.lower().endswith(one)), "")) else name


def sought(stream: BufferedReader[Any], what: str) -> BufferedReader[Any]:
    """The stream; where it cannot be sought, as pipes and compressed files cannot, all that it holds, in memory.

    Raises:
        Broken: it is too large for that; `what` it is stands in the message.
    """
    if stream.seekable():
        return stream
    data = stream.read(HELD + 1)
    if len(data) > HELD:
        message = f"is {what}, of which no more than {HELD} bytes are read from a pipe or compressed as a whole"
        raise Broken(message, "name the unpacked file")
    return BufferedReader(io.BytesIO(data))


class _Decoder(Protocol):
    """One member of a gzip file, or one frame of a Zstandard file."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Unpacked(io.RawIOBase):
    """The bytes that a compressed stream holds.

    It ends early where the stream is damaged or grows too large; `fault` then says so. Nothing is raised while it is read, so
    that what could be unpacked is used to the last byte.

    Args:
        stream: begins as `is_packed` wants it. It is not closed with this one.
        always, ratio, size: the limits; see the constants of this module.

    Attributes:
        fault: why it ended early, or `None`.
    """

    def __init__(self, stream: Readable, *, always: int = ALWAYS, ratio: int = MAX_RATIO, size: int = MAX_SIZE) -> None:
        self.fault: Broken | None = None
        self._stream = stream
        self._always, self._ratio, self._size = always, ratio, size
        self._taken = self._given = 0
        self._waiting = b""  # packed bytes that no decoder has taken
        self._ended = False
        self._new: Callable[[], _Decoder] | None = None
        self._decoder: _Decoder | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only readers of bytes call it
        if self.fault is not None:
            return 0
        try:
            data = self._next(len(buffer))
        except Broken as error:
            self.fault = error
            return 0
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            if not self._waiting and not self._ended and (self._decoder is None or self._decoder.needs_input):
                self._waiting = self._stream.read(_CHUNK)
                self._taken += len(self._waiting)
                self._ended = not self._waiting
            if self._decoder is None:
                if self._new is _Gzip:  # writers to tapes and blocks pad with zeros
                    self._waiting = self._waiting.lstrip(b"\x00")
                if not self._waiting:
                    if self._ended:
                        return b""
                    continue
                self._new = self._new or (_Gzip if self._waiting.startswith(_GZIP) else _zstd_decoder())
                self._decoder = self._new()
            if data := self._step(self._decoder, size):
                return data
            if self._ended and self._decoder is not None:
                raise Broken("breaks off in the middle of its compressed data", _READ)

    def _step(self, decoder: _Decoder, size: int) -> bytes:
        try:
            data = decoder.decompress(self._waiting, size)
        except Exception as error:
            if not isinstance(error, zlib.error) and type(error).__name__ != "ZstdError":
                raise
            raise Broken("holds damaged compressed data", _READ if self._given else "") from None
        self._waiting = b""
        if decoder.eof:
            self._waiting, self._decoder = decoder.unused_data, None
        self._given += len(data)
        if self._given > self._size:
            raise Broken(f"unpacks to more than {self._size} bytes", _READ)
        if self._given > self._always and self._given > self._ratio * self._taken:
            raise Broken(
                f"unpacks to more than {self._ratio} times its size, as no recording does", "unpack it by hand if it is one"
            )
        return data


_READ = "what stands before that was read"


class _Gzip:
    """One member of a gzip file; bytes that do not fit into an answer wait in it, as with the Zstandard decoder."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        tail = self._inner.unconsumed_tail
        return self._inner.decompress(tail + data if tail else data, max_length)


def _zstd_decoder() -> Callable[[], _Decoder]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor
    else:
        from backports.zstd import ZstdDecompressor
    return ZstdDecompressor
