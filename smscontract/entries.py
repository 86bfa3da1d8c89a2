"""Entries of targets in the configuration: `[targets.NAME]`. Reading one runs no command and asks for no variable; that is
done when the target is used, so that a run that does not use it needs neither.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from smscontract.documents import Operation, nearest_hint
from smscontract.documents.rules import seconds
from smscontract.errors import UnusableInput, UsageError
from smscontract.resources import Resources, load_resources, resources_from
from smscontract.transport import Rate, rate

__all__ = ["KEYS", "Needed", "Refuse", "TargetEntry", "Value", "output_of", "read_entry"]

#: The keys of an entry, in the order in which `init` and error messages list them.
KEYS = (
    "provider",
    "url",
    "token",
    "resources",
    "rate-limit",
    "max-requests",
    "max-sends",
    "max-time",
    "no-effects",
    "drafts-are-safe",
    "fail-on",
    "select",
    "ignore",
    "baseline",
    "ca",
    "client-cert",
    "client-key",
    "verify",
    "proxy",
    "headers",
    "journal",
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_COMMAND_SECONDS = 60.0
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Header fields that decide where a request goes, where it ends, or who asks: those are ours.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "user-agent", "authorization", "te", "upgrade", "expect"}
)


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
        return bool(self.command) or _VARIABLE.search(self.text) is not None

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

        return _VARIABLE.sub(value, self.text)


def output_of(command: tuple[str, ...], where: str) -> str:
    """What a command of the entry prints, blanks at its ends taken away. Its errors go to the terminal.

    Raises:
        UsageError: it cannot be run, fails, takes too long or says nothing. What it said is not repeated.
    """
    hint = f"{where} names it: try it by itself"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, and no shell
            command, check=False, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=_COMMAND_SECONDS
        )
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
        return _entries(output_of(_words(command.replace("{n}", str(number)), self.where), self.where)) if number else []


def _entries(text: str) -> Any:
    """Resources as a list of JSON, or one a line."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [line.strip() for line in text.splitlines() if line.strip()]
    return found if isinstance(found, list) else [line.strip() for line in text.splitlines() if line.strip()]


def _words(command: str, where: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError:
        raise UsageError("a quotation mark in the command is not closed", hint=f"see {where}") from None


# --- reading --------------------------------------------------------------------------------------------------------------


def read_entry(name: str, stated: Mapping[str, Any], refuse: Refuse, where: Callable[[str], str], folder: Path) -> TargetEntry:
    """An entry from its table, whose keys were checked already.

    Args:
        refuse: makes the error for a key.
        where: `file:line` of a key.
        folder: what relative paths in it are relative to.

    Raises:
        UnusableInput: something in it cannot be meant.
    """
    reader = _Reader(stated, refuse, where, folder)
    for key in ("provider", "url"):
        if key not in stated:
            raise refuse(f"target `{name}` has no `{key}`", "it needs `provider` and `url`", None)
    provider = reader.text("provider") or ""
    if "/" in provider or provider.endswith((".yaml", ".yml", ".json")):
        provider = str(folder / provider)
    if "client-key" in stated and "client-cert" not in stated:
        raise refuse("`client-key` stands without `client-cert`", "name the file of the certificate too", "client-key")
    return TargetEntry(
        name=name,
        where=where(""),
        provider=provider,
        url=reader.value("url") or Value(),
        token=reader.token(),
        resources=reader.resources(),
        rate_limit=reader.rate(),
        max_requests=reader.number("max-requests", 1),
        max_sends=reader.number("max-sends", 0),
        max_time=reader.time(),
        no_effects=reader.flag("no-effects", default=False),
        drafts_are_safe=reader.flag("drafts-are-safe", default=False),
        fail_on=reader.word("fail-on", ("must", "should", "new")),
        select=reader.texts("select"),
        ignore=reader.texts("ignore"),
        baseline=reader.path("baseline"),
        ca=reader.path("ca"),
        client_cert=reader.path("client-cert"),
        client_key=reader.path("client-key"),
        verify=reader.flag("verify", default=True),
        proxy=reader.value("proxy"),
        headers=tuple(reader.headers()),
        journal=reader.path("journal"),
        folder=folder,
    )


class _Reader:
    def __init__(self, stated: Mapping[str, Any], refuse: Refuse, where: Callable[[str], str], folder: Path) -> None:
        self.stated = stated
        self.refuse = refuse
        self.where = where
        self.folder = folder

    def text(self, key: str) -> str | None:
        value = self.stated.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self.refuse(f"`{key}` is a text", f'write `{key} = "..."`', key)
        return value

    def value(self, key: str) -> Value | None:
        text = self.text(key)
        return None if text is None else Value(text, where=self.where(key))

    def path(self, key: str) -> str | None:
        text = self.text(key)
        return None if text is None else str(self.folder / text)

    def word(self, key: str, words: tuple[str, ...]) -> str | None:
        text = self.text(key)
        if text is not None and text not in words:
            raise self.refuse(f"`{text}` is no `{key}`", nearest_hint(text, words), key)
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.stated.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
            raise self.refuse(f"`{key}` is a list of texts", f'write `{key} = ["..."]`', key)
        return tuple(listed)

    def number(self, key: str, least: int) -> int | None:
        value = self.stated.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise self.refuse(f"`{key}` is a whole number from {least}", f"write `{key} = 100`", key)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.stated.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(f"`{key}` is true or false", f"write `{key} = {str(not default).lower()}`", key)
        return value

    def time(self) -> float | None:
        text = self.text("max-time")
        try:
            return None if text is None else seconds(text)
        except UsageError as error:
            raise self.refuse(f"`max-time`: {error.message}", error.hint or "", "max-time") from None

    def rate(self) -> Rate | None:
        text = self.text("rate-limit")
        try:
            return None if text is None else rate(text)
        except UsageError as error:
            raise self.refuse(f"`rate-limit`: {error.message}", error.hint or "", "rate-limit") from None

    def token(self) -> Value | None:
        value = self.stated.get("token")
        hint = 'write `token = "${NAME}"`, or `token = {command = "..."}`'
        if isinstance(value, Mapping):
            for key in value:
                if key != "command":
                    raise self.refuse(f"`{key}` is no key of `token`", nearest_hint(str(key), ["command"]), "token")
            command = value.get("command")
            if not isinstance(command, str) or not command.strip():
                raise self.refuse("`token` names no command", hint, "token")
            return Value(command=_words(command, self.where("token")), where=self.where("token"))
        if value is None:
            return None
        if not isinstance(value, str) or _VARIABLE.fullmatch(value) is None:
            raise self.refuse("a credential does not stand in a configuration", hint, "token")
        return Value(value, where=self.where("token"))

    def resources(self) -> str | Mapping[str, Any] | None:
        value = self.stated.get("resources")
        if value is None or isinstance(value, Mapping):
            return value
        if not isinstance(value, str) or not value:
            hint = 'write `resources = "resources.yaml"`, or a table of labels below `resources`'
            raise self.refuse("`resources` is a file or a table", hint, "resources")
        return str(self.folder / value)

    def headers(self) -> list[tuple[str, Value]]:
        value = self.stated.get("headers", {})
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise self.refuse("`headers` is a table of texts", 'write `headers = {x-team = "messaging"}`', "headers")
        for name in value:
            if name.lower() in _OURS or _FIELD.fullmatch(name) is None:
                raise self.refuse(
                    f"the header `{name}` cannot be set", "the others can; a credential goes to `token`", "headers"
                )
        return [(name.lower(), Value(text, where=self.where("headers"))) for name, text in value.items()]
