"""Recordings behind URLs such as `s3://bucket/logs`, through fsspec, which is an extra."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from smscontract.errors import UnusableInput

__all__ = ["expand", "is_url", "open_url", "size_of_url", "version_of_url"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:::|://)")
_HTTP = re.compile("https?://")
#: What servers say of the version of a file.
_MARKS = ("ETag", "Content-MD5", "Digest", "Last-Modified")
_GONE = (404, 410)
_MAGIC = re.compile(r"[*?\[]")


def is_url(path: str) -> bool:
    """Whether a path is a URL, or a chain of them such as `simplecache::s3://bucket/x.jsonl`."""
    return _URL.match(path) is not None


def expand(url: str, taken: Callable[[str], bool]) -> Iterator[str]:
    """The URLs of the files behind one: itself, everything in a folder and below, or what a glob matches; sorted.

    Args:
        taken: whether a file of this name is taken from a folder; hidden ones never are.

    Raises:
        UnusableInput: it does not exist, cannot be reached, or needs something that is not installed.
    """
    system, path = _resolved(url)
    try:
        with _failures():
            found = _found(system, path, taken)
    except OSError as error:
        raise UnusableInput(f"it cannot be reached: {error.strerror}", file=url, hint="look at its address and keys") from None
    if found is None:
        raise UnusableInput("there is no such file or folder", file=url)
    if not found:
        raise UnusableInput("nothing there is a recording", file=url, hint="name the files, or use a glob")
    chain = url[: url.rfind("::") + 2] if "::" in url else ""
    yield from [url] if found == [path] else [chain + system.unstrip_protocol(name) for name in found]


def _found(system: Any, path: str, taken: Callable[[str], bool]) -> list[str] | None:
    kind = _kind(system, path)
    if kind == "directory":
        return [name for name in sorted(system.find(path)) if not _hidden(name[len(path) :]) and taken(name)]
    if kind:
        return [path]
    if not _MAGIC.search(path):
        return None
    dots = "/." in path  # as in a shell, hidden files need theirs
    found: dict[str, Any] = system.glob(path, detail=True)
    return sorted(name for name, info in found.items() if info["type"] != "directory" and (dots or not _hidden(name)))


def _kind(system: Any, path: str) -> str:
    """`directory`, or another word for what can be read; empty if it is not there."""
    if _HTTP.match(path) and path.endswith("/"):  # a page of links; to ask whether others are one would read them
        return "directory"
    try:
        return str(system.info(path)["type"])
    except FileNotFoundError as error:
        # Of a server that is not there, or refuses, fsspec says the same.
        cause = error.__cause__ if _HTTP.match(path) else None
        status = getattr(cause, "status", None)
        if isinstance(status, int) and status not in _GONE:
            raise _Refused(f"the server answers with {status}") from None
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise cause from None
        return ""


def open_url(url: str) -> BinaryIO:
    """The bytes behind a URL.

    Raises:
        OSError: it cannot be opened or read, whatever the store calls that.
    """
    try:
        system, path = _resolved(url)
    except UnusableInput as error:
        raise OSError(errno.EIO, error.message) from None
    with _failures():
        return cast("BinaryIO", _Remote(system.open(path, "rb")))


def size_of_url(url: str) -> int:
    """Bytes behind a URL; 0 where that is not known."""
    try:
        system, path = _resolved(url)
        return int(system.size(path) or 0)
    except Exception:  # noqa: BLE001 - only progress is told by it
        return 0


def version_of_url(url: str) -> str | None:
    """What the store says of the version of a file, its etag for example; `None` where it says nothing."""
    try:
        system, path = _resolved(url)
        if _HTTP.match(path):  # which fsspec takes for unchanging
            info = system.info(path)
            found = {field: info[field] for field in _MARKS if field in info}
            return repr((info.get("size"), found)) if found else None
        return str(system.ukey(path))
    except Exception:  # noqa: BLE001 - the file is read then
        return None


def _resolved(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError:
        raise UnusableInput("URLs are read through fsspec", file=url, hint="pip install 'smscontract[remote]'") from None
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        # What fsspec says of the stores that it knows names the library, and nothing of the URL.
        named = error.name or known_implementations.get(url.partition(":")[0], {}).get("err") or "see fsspec"
        hint = "`pip install` what it names"
        raise UnusableInput(f"this kind of URL needs a library: {named}", file=url, hint=hint) from None
    except Exception as error:  # noqa: BLE001 - each store has its own
        raise UnusableInput(
            f"this is no URL that fsspec opens: {_reason(error)}", file=url, hint="e.g. `s3://bucket/folder`"
        ) from None
    return system, str(path)


def _hidden(below: str) -> bool:
    return any(step.startswith(".") for step in below.split("/"))


@contextmanager
def _failures() -> Iterator[None]:
    """Whatever a store raises becomes an `OSError` that repeats none of its text, which may hold keys."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each store has its own
        raise OSError(errno.EIO, _reason(error)) from None


class _Refused(OSError):
    """A server's answer, in our words."""


def _reason(error: Exception) -> str:
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, OSError) and error.errno and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return type(error).__name__


class _Remote(io.RawIOBase):
    """A file of a store; whatever reading it raises becomes an `OSError`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._inner.seekable())

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only readers of bytes call it
        with _failures():
            data: bytes = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()
