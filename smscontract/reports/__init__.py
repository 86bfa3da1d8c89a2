"""One value, many renderings: every module beside this one whose name has no leading underscore is a format.

A format is a file with `render(report) -> str`. Its name is the file's, without a trailing `_report`. Nothing else has to
know of it. With `beside(report)` it writes what has a place of its own.
"""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TextIO

from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Report

__all__ = ["Destination", "destination", "formats", "render", "write"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one rendering goes. `path` is a file, or `-` for standard output."""

    format: str
    path: str


def formats() -> dict[str, str]:
    """The names of all formats, in order, and the module of each. None of them is imported by this."""
    modules = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return {name.removesuffix("_report"): f"{__name__}.{name}" for name in sorted(modules)}


def render(report: Report, format: str) -> str:
    """The whole text of a report in one format; it ends with a newline.

    Raises:
        UsageError: there is no such format.
    """
    renderer: Callable[[Report], str] = _module(format).render
    return renderer(report)


def _module(format: str) -> ModuleType:
    return importlib.import_module(formats()[_known(format)])


def destination(spec: str) -> Destination:
    """Read `FORMAT:PATH` as `--report` takes it.

    Raises:
        UsageError: there is no such format, no path, or no such folder: better said now than after a long run.
    """
    name, colon, path = spec.partition(":")
    if not colon or not path:
        raise UsageError(f"`--report {spec}` names no file", hint="write FORMAT:PATH, for example `json:report.json`")
    if path != "-" and not Path(path).parent.is_dir():
        raise UsageError(f"the folder of `--report {spec}` does not exist", hint="make it first, or name another")
    if Path(path).is_dir():
        raise UsageError(f"`--report {spec}` names a folder, not a file")
    return Destination(_known(name), path)


def write(report: Report, destination: Destination, stdout: TextIO) -> None:
    """Render a report into its file (whole or not at all), or to `stdout` where the path is `-`.

    Raises:
        UnusableInput: the file cannot be written.
    """
    text = render(report, destination.format)
    beside: Callable[[Report], None] | None = getattr(_module(destination.format), "beside", None)
    if beside is not None:
        beside(report)
    if destination.path == "-":
        stdout.write(text)
        return
    path = Path(destination.path).resolve()
    # A reader of the file never sees half of it, and an old one survives a full disk. A pipe or a device has no half.
    special = path.exists() and not path.is_file()
    target = path if special else path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            target.write_text(text, encoding="utf-8", newline="\n")
            if not special:
                target.replace(path)
        finally:
            if not special:
                target.unlink(missing_ok=True)
    except OSError as error:
        raise UnusableInput(f"the report cannot be written: {error.strerror or error}", file=destination.path) from error


def _known(format: str) -> str:
    names = formats()
    if format in names:
        return format
    near = difflib.get_close_matches(format, names, n=1)
    raise UsageError(
        f"`{format}` is no format of a report",
        hint=f"did you mean `{near[0]}`" if near else f"there are {', '.join(f'`{name}`' for name in names)}",
    )
