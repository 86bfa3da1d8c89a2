"""Recorded traffic, read into exchanges one after the other. One file per format; nothing here knows a provider."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.mapping import LogMapping, Routes
from smscontract.recordings._beside import version_of_bodies
from smscontract.recordings._detect import BOM, Format, format_named, format_of, formats
from smscontract.recordings._files import STDIN, Source, find, opened, size_of
from smscontract.recordings._json import Broken
from smscontract.recordings._packed import Unpacked, is_packed, plain_name
from smscontract.recordings._parts import LIMIT, Options, Taker, decoded, problem
from smscontract.recordings._pieces import SIZE, Piece, cut, ranged, version_of
from smscontract.recordings._propose import Proposal, propose
from smscontract.recordings._scrubbed import SCRUBBED, TRUNCATED, missing_parts

__all__ = [
    "LIMIT",
    "SCRUBBED",
    "SIZE",
    "TRUNCATED",
    "Piece",
    "Proposal",
    "Taker",
    "decoded",
    "format_names",
    "missing_parts",
    "pieces",
    "propose",
    "read",
    "read_piece",
    "version_of",
    "version_of_bodies",
]

_HEAD = 64 * 1024
_BUFFER = 1024 * 1024
_SIDES = ("request", "response")

_Progress = Callable[[int, int], None]


def format_names() -> tuple[str, ...]:
    """What `format` may be."""
    return tuple(formats())


def read(
    paths: Iterable[str],
    *,
    stdin: BinaryIO | None = None,
    operation: str | None = None,
    side: str | None = None,
    status: int | None = None,
    format: str | None = None,
    mappings: Iterable[LogMapping] = (),
    routes: Routes | None = None,
    progress: _Progress | None = None,
    limit: int = LIMIT,
    taker: Taker | None = None,
) -> Iterator[Exchange | Problem]:
    """Everything in the recordings, in constant memory: an exchange, or the problem that stands in its place.

    Args:
        paths: files, folders (everything below, in order of name, hidden files left out), globs, URLs that fsspec opens, and
            `-` for `stdin`. A file that is named twice is read once; one that is compressed is unpacked while it is read.
        stdin: what `-` stands for.
        operation: `provider.operationId` that bare bodies belong to; without it bare bodies are problems.
        side: `request` or `response`: what bare bodies are; `response` if only a status is given.
        status: the status of the answers whose bodies they are.
        format: one of `format_names()` or the name of a mapping, for all files, instead of looking at each; folders then give
            all their files.
        mappings: how logs of other shapes are read.
        routes: what lies between the recorded URLs and those of the API.
        progress: called with the bytes read so far and the bytes of all files that have a size.
        limit: bytes of one line, entry or body that are read at most; larger ones are problems.
        taker: takes exchanges as lines, instead of being given them, where a format has them so.

    Raises:
        UsageError: a side, status or format that there is not, or `-` without a `stdin`.
        UnusableInput: a path that does not exist, a glob that matches nothing, a folder without recordings. It is raised here,
            before anything is read; later, whatever a file holds, nothing is raised.
    """
    options, forced = _meant(operation, side, status, format, mappings, limit)
    found = _found(paths, forced, stdin, options)
    return _routed(_read(found, stdin, replace(options, taker=_fit(taker, routes)), forced, progress), routes)


def pieces(
    paths: Iterable[str],
    *,
    stdin: BinaryIO | None = None,
    operation: str | None = None,
    side: str | None = None,
    status: int | None = None,
    format: str | None = None,
    mappings: Iterable[LogMapping] = (),
    routes: Routes | None = None,  # noqa: ARG001 - it changes no piece; so that `read_piece` takes the same
    limit: int = LIMIT,
    size: int = SIZE,
) -> tuple[int, Iterator[Piece | Problem]]:
    """The same recordings cut into pieces, in the order in which `read` reads them, and how many bytes all files have.

    Args:
        size: bytes of a piece of a long file that can be cut.

    Raises:
        UsageError, UnusableInput: as `read`.
    """
    options, forced = _meant(operation, side, status, format, mappings, limit)
    found = _found(paths, forced, stdin, options)

    def all_pieces() -> Iterator[Piece | Problem]:
        for file in found:
            if isinstance(file, Problem):
                yield file
            else:
                yield from cut(file, options, forced, size)

    return sum(map(size_of, found)), all_pieces()


def read_piece(
    piece: Piece,
    *,
    stdin: BinaryIO | None = None,
    operation: str | None = None,
    side: str | None = None,
    status: int | None = None,
    format: str | None = None,
    mappings: Iterable[LogMapping] = (),
    routes: Routes | None = None,
    limit: int = LIMIT,
    told: Callable[[int], None] = lambda _: None,
    taker: Taker | None = None,
    called: str | None = None,
) -> Iterator[Exchange | Problem]:
    """What `read` gives of one piece.

    Args:
        told: called with the number of bytes after each read.
        called: how the file is called in what is given, if not as the user named it.
    """
    name = piece.file if called is None else called
    options, forced = _meant(operation, side, status, format, mappings, limit)
    options = replace(options, taker=_fit(taker, routes), line=piece.line, ours=piece.ours, groups=piece.groups)
    try:
        if piece.end is not None:
            yield from _routed(ranged(piece, name, options, told), routes)
            return
        with opened(piece.file, stdin) as stream:
            yield from _routed(_read_one(Source(stream, told), piece.file, options, forced, called=name), routes)
    except OSError as error:
        yield _unreadable(name, error)


def _fit(taker: Taker | None, routes: Routes | None) -> Taker | None:
    """A taker knows the URLs of the API alone."""
    return None if routes else taker


def _routed(found: Iterator[Exchange | Problem], routes: Routes | None) -> Iterator[Exchange | Problem]:
    """Exchanges with the URLs of the API, and with the provider for an operation where the host tells it."""
    if not routes:
        yield from found
        return
    for one in found:
        if isinstance(one, Problem) or not one.request.url:
            yield one
            continue
        url, provider = routes.of(one.request.url)
        if url == one.request.url and provider is None:
            yield one
        else:
            yield replace(one, request=replace(one.request, url=url), operation=one.operation or provider)


def _unreadable(file: str, error: OSError) -> Problem:
    return Problem(message=f"the file cannot be read: {error.strerror or type(error).__name__}", file=file)


def _meant(  # noqa: PLR0917 - what `read` takes
    operation: str | None,
    side: str | None,
    status: int | None,
    format: str | None,
    mappings: Iterable[LogMapping],
    limit: int,
) -> tuple[Options, Format | None]:
    options = Options(operation=operation, side=side, status=status, mappings=tuple(mappings), limit=limit)
    forced = None if format is None else format_named(format, options)
    if side is not None and side not in _SIDES:
        raise UsageError(f"there is no side `{side}`", hint="a body is of the request or of the response")
    if status is not None and not 100 <= status <= 999:
        raise UsageError(f"there is no status {status}", hint="a status has three digits")
    return options, forced


def _found(paths: Iterable[str], forced: Format | None, stdin: BinaryIO | None, options: Options) -> list[str | Problem]:
    suffixes = () if forced else sorted({suffix for one in formats().values() for suffix in one.SUFFIXES})
    found = find(paths, suffixes, lambda name: any(one.claims(name) for one in options.mappings))
    if STDIN in found and stdin is None:
        raise UsageError("there is no standard input to read")
    return found


def _read(
    found: list[str | Problem],
    stdin: BinaryIO | None,
    options: Options,
    forced: Format | None,
    progress: _Progress | None,
) -> Iterator[Exchange | Problem]:
    total = sum(map(size_of, found)) if progress else 0
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        if progress and count:
            progress(done, total)

    for file in found:
        if isinstance(file, Problem):
            yield file
            continue
        try:
            with opened(file, stdin) as stream:
                yield from _read_one(Source(stream, told), file, options, forced)
        except OSError as error:
            yield _unreadable(file, error)


def _read_one(
    source: Source, file: str, options: Options, forced: Format | None, *, called: str | None = None
) -> Iterator[Exchange | Problem]:
    called = file if called is None else called
    unpacked: Unpacked | None = None
    if is_packed(head := source.head(_HEAD)):
        unpacked = Unpacked(source)
        source = Source(cast(BinaryIO, unpacked), lambda _: None)
        head = source.head(_HEAD)
    try:
        form = format_of(plain_name(file), head, options, forced)
        if head.startswith(BOM):
            source.drop(len(BOM))
        yield from form.read(io.BufferedReader(source, _BUFFER), called, options)
    except Broken as error:
        if unpacked is None or unpacked.fault is None:  # else that is why
            yield problem("file", error, called)
    if unpacked is not None and unpacked.fault is not None:
        yield problem("file", unpacked.fault, called)
