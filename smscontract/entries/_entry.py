"""One entry: its values, looked up when they are needed, and what exists on its target."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from smscontract.documents import Operation, nearest_hint
from smscontract.errors import UnusableInput, UsageError
from smscontract.mask import Masker
from smscontract.plain import printable
from smscontract.rates import Rate
from smscontract.resources import Resources, load_resources, resources_from

__all__ = ["VARIABLE", "Needed", "Refuse", "TargetEntry", "Value", "output_of", "words"]

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_COMMAND_SECONDS = 60.0


class Refuse(Protocol):
    """Makes the error for a key of the entry."""

    def __call__(self, message: str, hint: str, key: str | None) -> UnusableInput:
        """With file and line."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text of the entry that may name variables, or a command whose output it is.

    Attributes:
        text: with `${NAME}` where the value of a variable goes.
        command: words of a command, run without a shell; empty where there is none.
        where: `file:line`, for errors.
    """

    text: str = ""
    command: tuple[str, ...] = ()
    where: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether it comes from where secrets are kept."""
        return bool(self.command) or VARIABLE.search(self.text) is not None

    def resolved(self) -> str:
        """The value.

        Raises:
            UsageError: a variable is not set, or the command fails or says nothing.
        """
        if self.command:
            return output_of(self.command, self.where)

        def value(match: re.Match[str]) -> str:
            found = os.environ.get(match[1])
            if not found:
                raise UsageError(f"the variable `{match[1]}` is not set", hint=f"{self.where} needs it: export it")
            return found

        return VARIABLE.sub(value, self.text)


def output_of(command: tuple[str, ...], where: str) -> str:
    """What a command of the entry prints, blanks at its ends taken away.

    What it says beside goes to the terminal as it comes. Where there is none, it goes to a log that others may read: there
    neither what the command printed may stand in it, nor a number, nor what looks like a credential.

    Raises:
        UsageError: it cannot be run, fails, takes too long or says nothing. What it said is not repeated.
    """
    hint = f"{where} names it: try it by itself"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, and no shell
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr.isatty() else subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
        )
        _repeated(done.stderr or b"", done.stdout)
        said = done.stdout.decode("utf-8").strip()
    except OSError as error:
        raise UsageError(f"the command `{command[0]}` cannot be run: {error.strerror}", hint=hint) from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"the command `{command[0]}` took more than {_COMMAND_SECONDS:g} s", hint=hint) from None
    except UnicodeDecodeError:
        raise UsageError(f"the command `{command[0]}` printed what is no UTF-8", hint=hint) from None
    if done.returncode:
        raise UsageError(f"the command `{command[0]}` ended with {done.returncode}", hint=hint)
    if not said:
        raise UsageError(f"the command `{command[0]}` printed nothing", hint=hint)
    return said


def _repeated(beside: bytes, printed: bytes) -> None:
    masker = Masker(secrets=[line for line in printed.decode("utf-8", "replace").split() if len(line) > 3])
    for line in beside.decode("utf-8", "replace").splitlines():
        sys.stderr.write(f"{printable(masker.scrub(line))}\n")


#: Makes `resources` of an entry: given the operations of the provider, and how many of a label a plan would use.
Needed = Callable[[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEntry:
    """One target of the configuration. Paths in it are those of the configuration's folder; `None` is what was not said.

    Attributes:
        provider: a shipped provider, or the path of a contract.
        headers: fields that go with every request.
        resources: the path of a file, or by parameter and label a list, `{file = ...}` or `{command = ..., count = ...}`.
    """

    name: str
    where: str
    provider: str
    url: Value
    token: Value | None = None
    resources: str | Mapping[str, Any] | None = None
    rate_limit: Rate | None = None
    max_requests: int | None = None
    max_sends: int | None = None
    max_time: float | None = None
    no_effects: bool = False
    drafts_are_safe: bool = False
    fail_on: str | None = None
    lowered: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    verify: bool = True
    proxy: Value | None = None
    headers: tuple[tuple[str, Value], ...] = ()
    journal: str | None = None
    folder: Path = field(default_factory=Path)

    def proxy_url(self) -> SplitResult | None:
        """The proxy's URL, checked.

        Raises:
            UsageError: it is no `http://` URL of a host.
        """
        if self.proxy is None:
            return None
        try:
            parts = urlsplit(self.proxy.resolved())
            fine = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/")
        except ValueError:
            fine = False
        if not fine or parts.query or parts.fragment:
            raise UsageError("the proxy is no http URL", hint=f'{self.where}: write `proxy = "http://host:port"`')
        return parts

    def found_resources(self, operations: list[Operation], needed: Needed | None) -> Resources | None:
        """What exists on the target.

        Args:
            operations: what the names in it are held against.
            needed: how many of a label a plan would use, for commands; `None`: no command is run, and their labels are empty.

        Raises:
            UsageError, UnusableInput: a command fails; a file cannot be read or says nothing that we understand.
        """
        if isinstance(self.resources, str):
            return load_resources(self.resources, operations)
        if self.resources is None:
            return None
        found: dict[str, Any] = {}
        for parameter, labels in self.resources.items():
            found[parameter] = labels
            if isinstance(labels, Mapping):
                found[parameter] = {label: self._listed(parameter, label, one, needed) for label, one in labels.items()}
        return resources_from(found, self.where, operations)

    def commands(self) -> list[tuple[str, str]]:
        """Parameter and label of everything that a command would make."""
        if not isinstance(self.resources, Mapping):
            return []
        return [
            (parameter, label)
            for parameter, labels in self.resources.items()
            if isinstance(labels, Mapping)
            for label, one in labels.items()
            if isinstance(one, Mapping) and "command" in one
        ]

    def _listed(self, parameter: str, label: str, stated: Any, needed: Needed | None) -> Any:
        if not isinstance(stated, Mapping):
            return stated
        what = f"`{parameter}.{label}`"
        known = ("file", "command", "count")
        for key in stated:
            if key not in known:
                raise UnusableInput(f"`{key}` is no key of {what}", file=self.where, hint=nearest_hint(str(key), known))
        if isinstance(stated.get("file"), str) and len(stated) == 1:
            path = self.folder / stated["file"]
            try:
                return _entries(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is no UTF-8"
                raise UnusableInput(f"{what} cannot be read: {reason}", file=str(path), hint=f"see {self.where}") from None
        command, count = stated.get("command"), stated.get("count")
        if not isinstance(command, str) or not command.strip() or "file" in stated:
            hint = 'write `{command = "make-drafts --count {n}"}` or `{file = "drafts.txt"}`'
            raise UnusableInput(f"{what} is neither a list, a file nor a command", file=self.where, hint=hint)
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise UnusableInput(f"`count` of {what} is no number of resources", file=self.where, hint="write `count = 20`")
        if needed is None:
            return []
        number = needed(parameter, label) if count is None else count
        if self.max_sends is not None and count is None:
            number = min(number, self.max_sends + 1)
        return _entries(output_of(words(command.replace("{n}", str(number)), self.where), self.where)) if number else []


def _entries(text: str) -> Any:
    """Resources as a list of JSON, or one a line."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [line.strip() for line in text.splitlines() if line.strip()]
    return found if isinstance(found, list) else [line.strip() for line in text.splitlines() if line.strip()]


def words(command: str, where: str) -> tuple[str, ...]:
    """The words of a command.

    Raises:
        UsageError: a quotation mark is not closed.
    """
    try:
        return tuple(shlex.split(command))
    except ValueError:
        raise UsageError("a quotation mark in the command is not closed", hint=f"see {where}") from None
