"""From the paths that the user names to the files that are read, each once, in an order that does not depend on the machine."""

# pathlib rewrites paths (`./a` becomes `a`), and reports name files as the user did:
# ruff: noqa: PTH112, PTH116, PTH118, PTH123, PTH207, PTH208

from __future__ import annotations

import errno
import glob
import io
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

from smscontract.errors import UnusableInput
from smscontract.findings import Problem
from smscontract.recordings._beside import is_body
from smscontract.recordings._packed import plain_name
from smscontract.recordings._remote import expand, is_url, open_url, size_of_url

__all__ = ["STDIN", "Slice", "Source", "find", "opened", "size_of"]

STDIN = "-"


def find(
    paths: Iterable[str], suffixes: Collection[str], claimed: Callable[[str], bool] = lambda _: False
) -> list[str | Problem]:
    """All files behind files, folders, globs, URLs and `-`, in the order named, folders sorted and below all else in them.

    Args:
        paths: a name that exists is taken as it is; else `*`, `?`, `[` and `**` in it make it a glob, and `s3://` a URL.
        suffixes: endings of the names that are taken from a folder, compressed or not; if empty, all are. Hidden files and
            folders never are.
        claimed: whether a file of this name is taken from a folder whatever its ending.

    Raises:
        UnusableInput: a path does not exist or cannot be reached, a glob matches nothing, or a folder holds no file that we
            take.
    """
    result: list[str | Problem] = []
    seen: set[str] = set()

    def taken(name: str) -> bool:
        return not suffixes or plain_name(name.lower()).endswith(tuple(suffixes)) or claimed(name)

    def add(found: str | Problem) -> None:
        key = found if not isinstance(found, str) or found == STDIN or is_url(found) else os.path.realpath(found)
        if isinstance(key, Problem):
            result.append(key)
        elif key not in seen:
            seen.add(key)
            result.append(found)

    for path in paths:
        if is_url(path) and not _exists(path):
            for url in expand(path, taken):
                add(url)
            continue
        for one in _expanded(path):
            if one == STDIN or not os.path.isdir(one):
                add(one)
                continue
            inside = list(_walk(one, taken))
            if not inside:
                raise UnusableInput("the folder holds no recordings", file=one, hint=_looked_for(suffixes))
            for found in inside:
                add(found)
    return result


def _looked_for(suffixes: Collection[str]) -> str:
    names = f"files ending in {', '.join(sorted(suffixes))}" if suffixes else "files"
    return f"{names} are taken, hidden ones are not; name others one by one, or by a glob such as `recordings/**/*.txt`"


def _expanded(path: str) -> list[str]:
    if path == STDIN or _exists(path):
        return [path]
    if glob.has_magic(path):
        if matches := sorted(glob.glob(path, recursive=True)):
            return matches
        raise UnusableInput("nothing matches", file=path, hint="`**` stands for any folders; hidden files need their dot")
    raise UnusableInput("there is no such file or folder", file=path, hint="paths are relative to the working directory")


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return True


def _walk(top: str, taken: Callable[[str], bool]) -> Iterator[str | Problem]:
    """Files of a folder and of those below, sorted; a folder that links lead to twice is entered once."""
    waiting, entered = [top], set()
    while waiting:
        folder = waiting.pop()
        if (real := os.path.realpath(folder)) in entered:
            continue
        entered.add(real)
        try:
            names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except OSError as error:
            yield Problem(message=f"the folder cannot be read: {error.strerror}", file=folder)
            continue
        below: list[str] = []
        if any(plain_name(name.lower()).endswith(".har") for name in names):
            names = [name for name in names if not is_body(name)]  # they are read with the HAR that names them
        for name in names:
            path = os.path.join(folder, name)
            try:
                mode = os.stat(path).st_mode
            except OSError as error:
                if taken(path):
                    yield Problem(message=f"the file cannot be read: {error.strerror}", file=path)
                continue
            if stat.S_ISDIR(mode):
                below.append(path)
            elif not taken(path):
                continue
            elif stat.S_ISREG(mode):
                yield path
            else:
                hint = "it may never end; name it itself if it does"
                yield Problem(message="the file is a pipe, a socket or a device", file=path, hint=hint)
        waiting.extend(reversed(below))


def size_of(file: str | Problem) -> int:
    """Bytes of a file; 0 for what has no size."""
    try:
        if not isinstance(file, str) or file == STDIN:
            return 0
        return size_of_url(file) if _remote(file) else os.stat(file).st_size
    except OSError:
        return 0


def opened(file: str, stdin: BinaryIO | None) -> AbstractContextManager[BinaryIO]:
    """The bytes of a file, or `stdin`, which is not closed.

    Raises:
        OSError: the file cannot be read.
    """
    if file == STDIN:
        assert stdin is not None  # `read` has looked
        return nullcontext(stdin)
    if _remote(file):
        return open_url(file)
    stream = open(file, "rb", buffering=0)  # noqa: SIM115 - whoever asked for it closes it
    kind = os.fstat(stream.fileno()).st_mode
    if stat.S_ISBLK(kind) or (stat.S_ISCHR(kind) and not stream.isatty()):
        stream.close()
        raise OSError(errno.ENODEV, "it is a device, which may never end")
    return stream


def _remote(file: str) -> bool:
    return is_url(file) and not _exists(file)


class Source(io.RawIOBase):
    """A stream whose first bytes can be looked at, and that tells how many bytes it has given. It can be sought if that can.

    Args:
        stream: where the bytes come from; it is not closed with this one.
        told: called with the number of bytes after each read.
    """

    def __init__(self, stream: BinaryIO, told: Callable[[int], None]) -> None:
        self._stream = stream
        self._told = told
        self._ahead = b""

    def head(self, size: int) -> bytes:
        """The first bytes, fewer only at the end of the stream. They are still to be read."""
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def drop(self, size: int) -> None:
        """Takes so many of the bytes that `head` gave out of the stream."""
        self._ahead = self._ahead[size:]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_CUR:
            offset -= len(self._ahead)
        self._ahead = b""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell() - len(self._ahead)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only BufferedReader calls it
        data = self._ahead[: len(buffer)]
        if not data and isinstance(self._stream, io.FileIO | Slice):  # nothing is to be copied
            size = self._stream.readinto(buffer) or 0
        else:
            data = data or self._stream.read(len(buffer))
            self._ahead = self._ahead[len(data) :]
            size = len(data)
            buffer[:size] = data
        self._told(size)
        return size


class Slice(io.RawIOBase):
    """So many bytes of a stream, which is not closed with this one. Reading raises `OSError` where there are fewer: somebody
    has cut the file since it was looked at, and what stood there is lost."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only `Source` calls it, and `read` here
        room = memoryview(buffer)[: self._left]  # `read` gives an array
        if isinstance(self._stream, io.FileIO):
            size = self._stream.readinto(room) or 0
        else:
            data = self._stream.read(len(room))
            size = len(data)
            room[:size] = data
        if room and not size:
            raise OSError(errno.EIO, "it has become shorter since it was first looked at")
        self._left -= size
        return size
