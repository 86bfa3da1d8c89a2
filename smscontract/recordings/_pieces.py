"""Recordings in pieces that can be judged apart: whole files, ranges of whole lines of long JSON Lines and of long logs with a
record in each line, and row groups of Parquet."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.native import load
from smscontract.recordings import jsonl
from smscontract.recordings._detect import BOM, Format, format_named, format_of
from smscontract.recordings._files import STDIN, Slice, Source, opened, size_of
from smscontract.recordings._json import Broken
from smscontract.recordings._mapped import Mapped
from smscontract.recordings._packed import is_packed
from smscontract.recordings._parquet import group_sizes
from smscontract.recordings._parts import Options
from smscontract.recordings._remote import is_url, version_of_url

__all__ = ["SIZE", "Piece", "cut", "ranged", "version_of"]

#: Bytes of a piece of a long file.
SIZE = 32 * 1024 * 1024

_HEAD = 64 * 1024
#: Bytes that are read at a time: so few stay where the processor has them next, and no allocator gives them back to the system.
_BLOCK = 32 * 1024
#: What every header line has in it, and so few others that these can be read; a letter of it may be escaped.
_MARK = b'"smscontract"'
_WRITTEN = re.compile(
    b'"' + b"".join(rb"(?:%c|\\u00%02x)" % (letter, letter) for letter in b"smscontract") + b'"', re.IGNORECASE
)
_LONGEST_MARK = 6 * len(_MARK)
#: Bytes that are read at a time where they are only counted.
_ROOM = 128 * 1024
_native = load("lines")


def _may_mark(text: bytes) -> bool:
    return _MARK in text or ((b"\\u006" in text or b"\\u007" in text) and _WRITTEN.search(text) is not None)


def _counted(view: memoryview) -> tuple[int, bool]:
    """How many lines end in a block, and whether there may be a mark."""
    if _native is None:
        block = bytes(view)
        return block.count(b"\n"), _may_mark(block)
    lines, maybe = _native.counted(view)
    return lines, maybe and _may_mark(bytes(view))


def _behind_last_line(view: memoryview) -> int:
    """Where a block goes on behind the last line that ends in it."""
    size = 4 * 1024
    while (last := bytes(view[-size:]).rfind(b"\n")) < 0:
        size *= 4
    return max(len(view) - size, 0) + last + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is judged in one go.

    Attributes:
        file: as the user named it.
        start, end: the range of bytes; `end` is `None` for a whole file.
        line: how many lines of the file stand before it.
        ours: whether a header before it says that lines are our own record.
        groups: of Parquet the range of row groups; `line` counts the rows before it.
        mapping: that a range of lines is read through; empty for our own form.
        size: how many bytes are read, more or less.
    """

    file: str
    start: int = 0
    end: int | None = None
    line: int = 0
    ours: bool = False
    groups: tuple[int, int] | None = None
    mapping: str = ""
    size: int = 0


def cut(file: str, options: Options, forced: Format | None, size: int) -> Iterator[Piece]:
    """The pieces of one file. Only its line ends are looked for, when a piece is asked for.

    Args:
        size: bytes of a piece, if it is none of the last; each ends with a line. A file of no more than twice as many is one
            piece.
    """
    total = size_of(file)
    whole = Piece(file=file, size=total)
    if file == STDIN or total <= 2 * size:
        yield whole
        return
    try:
        with opened(file, None) as stream:
            head = Source(stream, lambda _: None).head(_HEAD)
            form = None if is_packed(head) or not stream.seekable() else format_of(file, head, options, forced)
            way = _cut_as(form, head)
            groups: list[int] = []
            if way == "groups":
                stream.seek(0)
                with io.BufferedReader(cast("io.RawIOBase", stream), _BLOCK) as reader:
                    groups = group_sizes(reader)
    except (Broken, OSError, ImportError):
        yield whole  # whoever reads it says why
        return
    if groups:
        yield from _of_groups(file, groups, total, size)
    elif way == "lines" and form is not None:
        start = len(BOM) if head.startswith(BOM) else 0
        mapping = form.NAME if isinstance(form, Mapped) else ""
        yield from _Cutter(file, start, total, options.limit, mapping).pieces(size)
    else:
        yield whole


def _cut_as(form: Format | None, head: bytes) -> str:
    if isinstance(form, Mapped):
        return form.cut_as(head)
    return {jsonl.NAME: "lines", "parquet": "groups"}.get(form.NAME if form is not None else "", "")


def _of_groups(file: str, groups: list[int], total: int, size: int) -> Iterator[Piece]:
    together = max(round(size * len(groups) / total), 1)
    done = 0
    for first in range(0, len(groups), together):
        behind = min(first + together, len(groups))
        share = total * (behind - first) // len(groups)
        yield Piece(file=file, line=done, groups=(first, behind), size=share)
        done += sum(groups[first:behind])


def version_of(file: str) -> str | None:
    """Another text when the file is another: its size and time, or what its store says of it. `None` if nobody knows."""
    if file == STDIN:
        return None
    if is_url(file):
        return version_of_url(file)
    try:
        found = os.stat(file)  # noqa: PTH116 - as the user named it
    except OSError:
        return None
    return f"{found.st_size} {found.st_mtime_ns}"


class _Cutter:
    """Goes once through the lines of a file."""

    def __init__(self, file: str, start: int, total: int, limit: int, mapping: str) -> None:
        self._file = file
        self._mapping = mapping
        self._total = total
        self._limit = limit
        self._at = start  # offset of the next block
        self._line_start = start  # of the line that is not yet at its end
        self._lines = 0
        self._marks: list[int] = []  # where lines begin that may be headers
        self._tail = b""

    def pieces(self, size: int) -> Iterator[Piece]:
        begin, line, ours = self._at, 0, False
        room = bytearray(_ROOM)
        view = memoryview(room)
        with contextlib.suppress(OSError), opened(self._file, None) as stream:
            stream.seek(begin)
            source = Source(stream, lambda _: None)
            while filled := source.readinto(view):
                at = 0
                while at < filled:
                    last = at + max(begin + self._wanted(begin, size) - self._at - 1, 0)  # it ends with the line of this byte
                    end = room.find(b"\n", last, filled) + 1 if last < filled else 0
                    self._take(view[at : end or filled])
                    at = end or filled
                    if not end:
                        continue
                    yield self._piece(begin, self._at, line, ours)
                    following = self._state(ours)
                    if following is None:
                        return
                    begin, line, ours = self._at, self._lines, following
        # Where it could not be read any further, whoever reads the rest says so.
        end = max(self._at, self._total)
        if end > begin:
            yield self._piece(begin, end, line, ours)

    def _wanted(self, begin: int, size: int) -> int:
        """Bytes of the piece that begins there. The last ones are smaller: nobody is to wait long for whoever does the last."""
        return max(min(size, (self._total - begin) // 8), size // 8, 1)

    def _piece(self, begin: int, end: int, line: int, ours: bool) -> Piece:
        return Piece(file=self._file, start=begin, end=end, line=line, ours=ours, mapping=self._mapping, size=end - begin)

    def _take(self, view: memoryview) -> None:
        """Counts lines, and remembers where headers may be: only our own form has them."""
        lines, marked = _counted(view)
        start, tail = bytes(view[:_LONGEST_MARK]), bytes(view[-_LONGEST_MARK:])
        if self._mapping:
            pass
        elif marked or _may_mark(self._tail + start):
            text = self._tail + bytes(view)
            base = self._at - len(self._tail)
            for found in _WRITTEN.finditer(text):
                before = text.rfind(b"\n", 0, found.start())
                self._marks.append(base + before + 1 if before >= 0 else self._line_start)
        self._lines += lines
        if lines:
            self._line_start = self._at + _behind_last_line(view)
        self._tail = tail if len(tail) == _LONGEST_MARK else (self._tail + tail)[-_LONGEST_MARK:]
        self._at += len(view)

    def _state(self, ours: bool) -> bool | None:
        """Whether the lines that follow are our own, as the headers say that were seen; `None` if nothing follows."""
        marks, self._marks = dict.fromkeys(self._marks), []
        for mark in marks:
            with opened(self._file, None) as stream, io.BufferedReader(cast("io.RawIOBase", stream), _BLOCK) as reader:
                reader.seek(mark)
                line = reader.readline(self._limit + 1)
            state = jsonl.follows(line, ours=ours) if len(line) <= self._limit else ours
            if state is None:
                return None
            ours = state
        return ours


def ranged(piece: Piece, called: str, options: Options, told: Callable[[int], None]) -> Iterator[Exchange | Problem]:
    """Everything in a range of lines.

    Args:
        called: how the file is called in what is given.

    Raises:
        OSError: the file cannot be read.
    """
    with opened(piece.file, None) as stream:
        stream.seek(piece.start)
        source = Source(cast("BinaryIO", Slice(stream, piece.size)), told)
        form = format_named(piece.mapping, options) if piece.mapping else jsonl
        yield from form.read(io.BufferedReader(source, _BLOCK), called, options)
