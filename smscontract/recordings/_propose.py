"""A mapping for a log that nobody has described, and what its first records look like through it."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast

from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.findings import Problem
from smscontract.mapping import LogMapping, steps
from smscontract.recordings._detect import BOM, told_by, unreadable
from smscontract.recordings._files import STDIN, Source, opened
from smscontract.recordings._guess import guessed
from smscontract.recordings._json import Broken, elements, parse
from smscontract.recordings._mapped import Mapped
from smscontract.recordings._packed import Unpacked, is_packed
from smscontract.recordings._parquet import is_parquet, rows
from smscontract.recordings._parts import Options, problem
from smscontract.recordings._record import Record

__all__ = ["Proposal", "propose"]

_SAMPLE = 200  #: records
_READ = "read are lines of JSON, CSV with a line of names, a JSON document with a list of objects, and Parquet"
_SIZE = 8 * 1024 * 1024  #: bytes that are looked at, at most


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping, how many records it was guessed from, and what is read through it.

    Attributes:
        format: in which the file is read without any mapping; empty if there is none.
    """

    mapping: LogMapping
    records: int
    shown: tuple[Exchange | Problem, ...]
    format: str = ""


def propose(path: str, name: str, *, stdin: BinaryIO | None = None, show: int = 3) -> Proposal:
    """Guesses a mapping.

    Args:
        path: a file, a URL, or `-`.
        name: of the mapping.
        show: how many records are read through it.

    Raises:
        UnusableInput: the file cannot be read, or nothing in it looks like a record with a URL.
    """
    known = ""
    try:
        with opened(path, stdin) as stream:
            source = _plain(stream)
            known = _known(source.head(_SIZE), path)
            found = [(guessed(name, where, sample), sample) for where, sample in _samples(source) if sample]
    except OSError as error:
        raise UnusableInput(f"the file cannot be read: {error.strerror or type(error).__name__}", file=path) from None
    except Broken as error:
        raise UnusableInput(f"the file {error.message}", file=path, hint=error.hint or _READ) from None
    if not found:
        raise UnusableInput("there are no records in it", file=path, hint=_as_it_is(known) or _READ)
    mapping, sample = max(found, key=lambda one: (("url" in one[0].places), len(one[0].places)))
    if "url" not in mapping.places:
        hint = _as_it_is(known) or "write the mapping by hand: see the README"
        raise UnusableInput("nothing in its records looks like a URL", file=path, hint=hint)
    return Proposal(mapping, len(sample), tuple(_through(mapping, path, sample[:show])), known)


def _as_it_is(known: str) -> str:
    return f"`smscontract validate` reads it without a mapping, as {known}" if known else ""


def _plain(stream: BinaryIO) -> Source:
    """The stream, unpacked.

    Raises:
        Broken: nothing can be read that begins so.
    """
    source = Source(stream, lambda _: None)
    if is_packed(source.head(8)):
        source = Source(cast("BinaryIO", Unpacked(source)), lambda _: None)
    if (fault := unreadable(source.head(_SIZE).removeprefix(BOM))) is not None:
        raise fault
    return source


def _known(text: bytes, path: str) -> str:
    """The format in which a file that begins so is read as it is: its first entry is an exchange."""
    form = told_by(text)
    if form is None:
        return ""
    try:
        first = next(form.read(io.BufferedReader(io.BytesIO(text.removeprefix(BOM))), path, Options()), None)
    except Broken:
        return ""
    return form.NAME if isinstance(first, Exchange) else ""


def _through(mapping: LogMapping, path: str, sample: list[Record]) -> Iterator[Exchange | Problem]:
    reader, options = Mapped(mapping), Options()
    file = path if path != STDIN else "standard input"
    for number, record in enumerate(sample):
        try:
            yield reader.exchange(record, Origin(kind=OriginKind.FILE, file=file, entry=number), options.limit)
        except Broken as error:
            yield problem("record", error, file, entry=number)


def _samples(source: Source) -> Iterator[tuple[str, list[Record]]]:
    """Where records may stand, and some of those that are there."""
    if is_parquet(source.head(8)):
        yield (
            "lines",
            [Record(row) for _, row in islice(rows(io.BufferedReader(source)), _SAMPLE) if not isinstance(row, Broken)],
        )
        return
    text = source.head(_SIZE).removeprefix(BOM)
    yield "lines", _of_lines(text)
    if text.lstrip()[:1] not in {b"{", b"["}:
        yield "csv", list(_of_csv(text))
    elif text.count(b"\n", 0, 4096) < 2 or not _of_lines(text):
        for pointer in _lists(text):
            yield pointer, _of_list(text, pointer)


def _of_lines(text: bytes) -> list[Record]:
    """The objects of lines, if most lines hold one."""
    lines = [line for line in text.splitlines()[: _SAMPLE + 1] if line.strip()]
    found = []
    for line in lines[:_SAMPLE]:
        try:
            value = parse(part := line[max(line.find(b"{"), 0) :])
        except Broken:
            continue
        if isinstance(value, dict):
            found.append(Record(value, part))
    return [] if len(found) * 2 < len(lines) else found


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _lists(text: bytes) -> Iterator[str]:
    """Pointers to where the records of a document usually are; the outermost list first, then whatever a whole one holds."""
    yield ""
    try:
        value = parse(text)
    except Broken:  # it goes on behind the sample
        yield from ("/hits/hits", "/entries", "/logEntries", "/items", "/data", "/records", "/events", "/log/entries")
        return
    waiting = [("", value, 4)]
    while waiting:
        at, one, depth = waiting.pop(0)
        if _is_list(one):
            yield at
        elif isinstance(one, dict) and depth:
            waiting += [(f"{at}/{key.replace('~', '~0').replace('/', '~1')}", inner, depth - 1) for key, inner in one.items()]


def _of_list(text: bytes, pointer: str) -> list[Record]:
    found: list[Record] = []
    with contextlib.suppress(Broken):
        values = islice(elements(io.BytesIO(text), steps(pointer), _SIZE), _SAMPLE)
        found.extend(Record(value) for value in values if isinstance(value, dict))
    return found


def _of_csv(text: bytes) -> Iterator[Record]:
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    try:
        for row in islice(csv.DictReader(lines), _SAMPLE):
            if len(row) > 1:
                yield Record({key: value for key, value in row.items() if key and isinstance(value, str) and value})
    except csv.Error:
        return
