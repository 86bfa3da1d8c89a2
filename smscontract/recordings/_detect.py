"""The table of formats, and which of them a file is in. Each module beside this one without a leading `_` is a format."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Protocol, cast

from smscontract.documents import nearest_hint
from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings._json import Broken, top_keys
from smscontract.recordings._mapped import Mapped
from smscontract.recordings._parts import Options

__all__ = ["BOM", "Format", "format_named", "format_of", "formats", "told_by", "unreadable"]

BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\x00", b"\x00{")
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00")  # the first two: packed twice


class Format(Protocol):
    """What a module must have to be a format.

    Attributes:
        NAME: as the user says it.
        SUFFIXES: of files that are taken from folders.
    """

    NAME: str
    SUFFIXES: tuple[str, ...]

    def looks_like(self, name: str, head: bytes) -> bool:
        """Whether the first bytes of a file are in this format; where they do not tell, its name (in lower case) may. An
        empty name asks for the bytes alone."""

    def read(self, stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
        """Everything in one file, each entry as an exchange or a problem. `file` is what origins and problems call it."""


@cache
def formats() -> dict[str, Format]:
    """All formats by name, in order of name."""
    folder = Path(__file__).parent
    names = [info.name for info in pkgutil.iter_modules([str(folder)]) if not info.name.startswith("_")]
    modules = [cast(Format, importlib.import_module(f"smscontract.recordings.{name}")) for name in names]
    return {module.NAME: module for module in sorted(modules, key=lambda one: one.NAME)}


def format_named(name: str, options: Options) -> Format:
    """The format, or the mapping, that the user names.

    Raises:
        UsageError: there is none of that name.
    """
    known = formats() | {one.name: Mapped(one) for one in options.mappings}
    if name not in known:
        raise UsageError(f"there is no format `{name}`", hint=nearest_hint(name, known))
    return known[name]


def format_of(name: str, head: bytes, options: Options, forced: Format | None) -> Format:
    """The format of a file: the one that the user names, else a mapping that claims its name, else by its first bytes, else by
    its name, else, if an operation is given, a bare body.

    Raises:
        Broken: it is none that we know, or in no text that we read.
    """
    mapped = [Mapped(one) for one in options.mappings]
    everyone = formats().values()
    bare = formats()["bare"]
    text, fallback = head.removeprefix(BOM), bare if options.operation is not None else None
    chosen = forced or _first(mapped, name, text) or _first(everyone, "", text)
    # Any bytes can be a body, and some formats are no text; their first bytes tell.
    if chosen is not None and (chosen is bare or chosen.looks_like("", text)):
        return chosen
    if (chosen or fallback) is not bare and (fault := unreadable(text)):
        raise fault
    if chosen is None:
        chosen = _first(everyone, name.lower(), text)
        if chosen is not None and chosen.NAME == "jsonl" and _is_foreign(text):
            # Else each of its lines would be a problem.
            raise Broken("is a log of a shape that we do not know", "`smscontract map FILE` proposes a mapping for it")
    if (chosen := chosen or fallback) is None:
        raise _unknown(text)
    return chosen


def told_by(head: bytes) -> Format | None:
    """The format that the first bytes of a file tell."""
    return _first(formats().values(), "", head.removeprefix(BOM))


def _first(some: Iterable[Format], name: str, head: bytes) -> Format | None:
    return next((one for one in some if one.looks_like(name, head)), None)


def _is_foreign(head: bytes) -> bool:
    """Whether there are several whole lines at the beginning, all of them objects, and none of them one of ours."""
    lines = [line for line in head.split(b"\n")[:-1] if line.strip()][:20]
    return len(lines) > 1 and all(top_keys(line) and not {"request", "smscontract"} & {*top_keys(line)} for line in lines)


def unreadable(head: bytes) -> Broken | None:
    """Why nothing can be read that begins so, if nothing can: it is empty, packed, or in another coding."""
    if not head.strip():
        return Broken("is empty")
    if head.startswith(_UTF_16):
        return Broken("is written in UTF-16 or UTF-32", "save it again as UTF-8")
    if head.startswith(_PACKED):
        return Broken("is compressed", "unpack it first")
    return None


def _unknown(head: bytes) -> Broken:
    known = f"read are {', '.join(formats())}, and logs of any shape through a mapping: `smscontract map FILE` proposes one"
    if b"\x00" in head:
        return Broken("is no recording but binary data", known)
    return Broken("is in no format that we know", f"{known}; bare bodies need --operation, and --status or --side")
