"""A HAR with the bodies beside it, as Playwright writes it: files in the same folder, or all of it in a zip archive where the
name of the recording ends in `.zip`.

An archive of some kilobytes can unpack to terabytes, and its list of contents can be as long as itself: sizes are looked at
before anything is unpacked, what is unpacked is counted, and what is asked for again is kept for a while.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import struct
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO, Any

from smscontract.recordings._json import Broken
from smscontract.recordings._packed import ALWAYS, MAX_RATIO, sought

__all__ = ["Archive", "Folder", "is_body", "is_zip", "version_of_bodies"]

_MAGIC = b"PK\x03\x04"
_END, _END_SIZE = b"PK\x05\x06", 22
_LARGE, _LARGE_SIZE = b"PK\x06\x07", 20  # an archive, or its list, over 4 GB
_COMMENT = 0xFFFF
#: Bytes of the list of contents: some 65,000 names, more than an archive without that extension can hold.
_LIST = 8 * 1024 * 1024
#: Bytes of bodies that are kept, since many answers are the same file.
_KEPT = 16 * 1024 * 1024
_ENCRYPTED = 0x1
#: Outside of an archive a body is named by its SHA-1, so that a HAR can name nothing else that lies there.
_BODY = re.compile(r"[0-9a-f]{40}(\.[A-Za-z0-9]{1,20})?")
_DAMAGED = (zipfile.BadZipFile, RuntimeError, zlib.error, EOFError, ValueError, LookupError, ArithmeticError, struct.error)


def is_zip(head: bytes) -> bool:
    """Whether a file begins as zip archives do."""
    return head.startswith(_MAGIC)


def is_body(name: str) -> bool:
    """Whether a file is called as bodies beside a HAR are."""
    return _BODY.fullmatch(name) is not None


def version_of_bodies(folder: str) -> str:
    """Another text when a body that a HAR in this folder may name is another; empty where there is none."""
    found = []
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                if is_body(entry.name) and entry.is_file(follow_symlinks=False):
                    told = entry.stat(follow_symlinks=False)
                    found.append((entry.name, told.st_size, told.st_mtime_ns))
    except OSError:
        return ""
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest() if found else ""


class Folder:
    """The folder of a HAR, in which bodies may be.

    Args:
        file: the HAR; of what is no file of this machine there is no folder.
        limit: bytes of a body that are read at most.
    """

    def __init__(self, file: str, limit: int) -> None:
        self._folder = Path(file).parent if Path(file).is_file() else None
        self._limit = limit

    def body(self, name: str) -> bytes | None:
        """A body that an entry of the HAR names, `None` if it is not there.

        Raises:
            Broken: it is over the limit.
        """
        if self._folder is None or not is_body(name):
            return None
        path = self._folder / name
        try:
            if path.is_symlink() or not path.is_file():
                return None
            with path.open("rb") as stream:
                data = stream.read(self._limit + 1)
        except OSError:
            return None
        if len(data) > self._limit:
            raise Broken(f"names a body larger than {self._limit} bytes")
        return data


class Archive:
    """A zip archive that holds one HAR.

    Args:
        stream: begins as `is_zip` wants it. It is not closed with this one.
        limit: bytes of a body that are read at most.
        always, ratio: all that is unpacked may be so many bytes, or so many times the size of the archive.

    Raises:
        Broken: it cannot be read, or holds no HAR or several.
    """

    def __init__(self, stream: BufferedReader, limit: int, *, always: int = ALWAYS, ratio: int = MAX_RATIO) -> None:
        stream = sought(stream, "a zip archive")
        self._limit, self._given = limit, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0
        with _damage("is no whole zip archive"):
            size = _checked(stream)
            self._zip = zipfile.ZipFile(stream)
        self._most = max(always, ratio * size)
        found = [one.filename for one in self._zip.infolist() if _is_har(PurePosixPath(one.filename).name)]
        if len(found) != 1:
            message = "is a zip archive without a HAR" if not found else "is a zip archive of several HARs"
            raise Broken(message, "unpack it first")
        self._har = found[0]
        self._folder = PurePosixPath(self._har).parent

    def har(self) -> BufferedReader:
        """The HAR, unpacked while it is read.

        Raises:
            Broken: it cannot be unpacked; so does reading it.
        """
        return BufferedReader(_Counted(self, self._opened(self._har)), 256 * 1024)

    def body(self, name: str) -> bytes:
        """A body that an entry of the HAR names.

        Raises:
            Broken: there is none of that name, it cannot be unpacked, or it is over the limit.
        """
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        with self._opened(str(self._folder / name)) as stream:
            data = b"".join(iter(lambda: self.read(stream, 256 * 1024, "names a damaged body"), b""))
        self._kept[name] = data
        self._held += len(data)
        while self._held > _KEPT:
            self._held -= len(self._kept.popitem(last=False)[1])
        return data

    def read(self, stream: IO[bytes], size: int, message: str) -> bytes:
        """Some bytes of a file in the archive.

        Raises:
            Broken: they are damaged, or more than can be meant; then nothing is read any more.
        """
        if self._given > self._most:
            message = "unpacks to far more than its size, as no recording does"
            raise Broken(message, "unpack it by hand if it is one")
        with _damage(message):
            data = stream.read(size)
        self._given += len(data)
        return data

    def _opened(self, name: str) -> IO[bytes]:
        try:
            found = self._zip.getinfo(name)
        except KeyError:
            raise Broken("names a body that is not in the archive") from None
        if found.flag_bits & _ENCRYPTED:
            raise Broken("is encrypted" if name == self._har else "names an encrypted body", "unpack it first")
        if name != self._har and found.file_size > self._limit:
            raise Broken(f"names a body larger than {self._limit} bytes")
        if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Broken("is packed in a way that we do not read", "unpack it first")
        with _damage("holds damaged compressed data"):
            return self._zip.open(found)


class _Counted(io.RawIOBase):
    """A file in the archive."""

    def __init__(self, archive: Archive, stream: IO[bytes]) -> None:
        self._archive = archive
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._archive.read(self._stream, len(buffer), "holds damaged compressed data")
        buffer[: len(data)] = data
        return len(data)


def _is_har(name: str) -> bool:
    return name.lower().endswith(".har") and not name.startswith(".")


def _checked(stream: BufferedReader) -> int:
    """The size of an archive whose list of contents is short enough to be read.

    Raises:
        Broken: it is not, or the end of the archive is missing.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - _COMMENT - _END_SIZE - _LARGE_SIZE, 0))
    tail = stream.read(_COMMENT + _END_SIZE + _LARGE_SIZE)
    at = len(tail) - _END_SIZE
    if not (tail[at : at + 4] == _END and tail.endswith(b"\x00\x00")):  # a comment is behind it
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise Broken("is no whole zip archive: its end is missing", "without it nothing in it can be found")
    if tail[max(at - _LARGE_SIZE, 0) : at].startswith(_LARGE):
        raise Broken("is a zip archive for more than 4 GB", "unpack it first")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _LIST:
        raise Broken("is a zip archive with more contents than a recording has", "unpack it first")
    return size


@contextmanager
def _damage(message: str) -> Iterator[None]:
    """Whatever `zipfile` says of damage, whose text may name files."""
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a place that is not there
            raise
        raise Broken(message) from None
    except _DAMAGED:
        raise Broken(message) from None
