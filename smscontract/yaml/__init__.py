"""Read YAML 1.2 (core schema) and JSON with the line of every key and item.

Contracts and documents are written by hand and hold phone numbers, dates and words such as `NO`. What a line says must be
what is read, or the file is refused: nothing is guessed, merged or silently dropped.
"""

from __future__ import annotations

from pathlib import Path

from smscontract.errors import UnusableInput
from smscontract.yaml._events import MAX_ALIASED_NODES, Reader
from smscontract.yaml._json import read_json
from smscontract.yaml._marked import MAX_DEPTH, Marked

__all__ = ["MAX_ALIASED_NODES", "MAX_BYTES", "MAX_DEPTH", "Marked", "load", "loads"]

MAX_BYTES = 64 * 1024 * 1024  #: a larger file is refused


def load(path: str | Path) -> Marked:
    """Read a YAML file, or a JSON file if its name ends in `.json`.

    Raises:
        UnusableInput: the file cannot be read, is no UTF-8, or is refused by `loads`.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UnusableInput("no such file", file=file, hint="a relative path starts at the current directory") from None
    except IsADirectoryError:
        raise UnusableInput("a directory, where a file is needed", file=file, hint="name a file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableInput(f"cannot be read: {reason.lower()}", file=file, hint="check the path and its permissions") from None
    if len(raw) > MAX_BYTES:
        raise UnusableInput(f"larger than {MAX_BYTES // 1024**2} MiB", file=file, hint="split the file")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableInput(
            f"not UTF-8 at byte {error.start} (0x{raw[error.start]:02x})",
            file=file,
            line=raw.count(b"\n", 0, error.start) + 1,
            hint="save the file as UTF-8",
        ) from None
    return loads(text, file)


def loads(text: str, file: str) -> Marked:
    """Read the text of a YAML file, or of a JSON file if `file` ends in `.json`. A byte order mark in front is skipped.

    Raises:
        UnusableInput: no YAML or JSON; or what we refuse: a key that is there twice, a tag, a merge key `<<`, an alias inside
            its own anchor, more than `MAX_ALIASED_NODES` aliased values, nesting deeper than `MAX_DEPTH`, a second document,
            `%YAML 1.1`, a key that is a list or mapping, unprintable characters.
    """
    text = text.removeprefix("\ufeff")
    if file.lower().endswith(".json"):
        return read_json(text, file)
    return Reader(text, file).read()
