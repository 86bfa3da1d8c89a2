"""How a log of any shape is read: where in each record stands what an exchange is made of. Values only."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

__all__ = ["FORMS", "RECORDS", "LogMapping", "Place", "Routes", "steps"]

_TIMES = ("rfc3339", "epoch-s", "epoch-ms", "epoch-us", "epoch-ns")
_BODIES = ("text", "json-string", "json", "base64")

#: What can be mapped, and the words that its `as` may be; the first is meant where there is none.
FORMS: Mapping[str, tuple[str, ...]] = {
    "time": _TIMES,
    "received-time": _TIMES,
    "took": ("s", "ms", "us", "ns"),
    "method": ("text", "request-line"),
    "url": ("text", "request-line"),
    "status": ("number",),
    "request-headers": ("json", "lines"),
    "request-body": _BODIES,
    "response-headers": ("json", "lines"),
    "response-body": _BODIES,
}

#: Where records stand, if not in a list at a JSON Pointer: one JSON object in each line, or rows below the names of columns.
RECORDS = ("lines", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one thing stands in a record.

    Attributes:
        at: JSON Pointer; where a step meets a text, the JSON in that text is stepped into.
        value: what it is in every record, instead of a place.
        form: how it is written: a word of `FORMS`, or empty for what its type says.
        cut_at: bodies of so many bytes or characters were cut there by the logger.
    """

    at: str = ""
    value: str | int | None = None
    form: str = ""
    cut_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMapping:
    """One mapping.

    Attributes:
        name: as `--format` takes it.
        places: by keys of `FORMS`.
        files: globs of the names of files that it is for; `*` also stands for `/`.
        records: one of `RECORDS`, or a JSON Pointer to the list of records in one JSON document.
        scrubbed: texts that the logger puts in the place of what must not be in a log.
    """

    name: str
    places: Mapping[str, Place] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    records: str = "lines"
    scrubbed: tuple[str, ...] = ()

    def claims(self, path: str) -> bool:
        """Whether a file of this name is read by this mapping without being asked to."""
        path = path.replace("\\", "/")
        globs = [before + glob + behind for glob in self.files for before in ("", "*/") for behind in ("", ".gz", ".zst")]
        return any(fnmatch.fnmatchcase(path, glob) for glob in globs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What lies between the recorded URLs and those of the API.

    Attributes:
        hosts: provider by host, in lower case: what was sent there is that provider's and nobody else's.
        prefixes: what a gateway puts before the paths of the API, without a slash at the end.
    """

    hosts: Mapping[str, str] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hosts or self.prefixes)

    def of(self, url: str) -> tuple[str, str | None]:
        """The URL without its longest prefix, and the provider of its host, `None` where that is not known."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            return url, None
        fits = [one for one in self.prefixes if parts.path.startswith(one) and parts.path[len(one) : len(one) + 1] in ("", "/")]
        if fits:
            url = urlunsplit(parts._replace(path=parts.path[len(max(fits, key=len)) :] or "/"))
        return url, self.hosts.get(host)


def steps(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON Pointer (RFC 6901); of the empty one, none."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
