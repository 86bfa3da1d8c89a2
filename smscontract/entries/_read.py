"""Reads an entry from its table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smscontract.documents import nearest_hint
from smscontract.documents.rules import seconds
from smscontract.entries._entry import VARIABLE, Refuse, TargetEntry, Value, words
from smscontract.errors import UsageError
from smscontract.rates import Rate, rate

__all__ = ["KEYS", "read_entry"]

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
    "levels",
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
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Header fields that decide where a request goes, where it ends, or who asks: those are ours.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "user-agent", "authorization", "te", "upgrade", "expect"}
)


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
        lowered=reader.levels(),
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
            return Value(command=words(command, self.where("token")), where=self.where("token"))
        if value is None:
            return None
        if not isinstance(value, str) or VARIABLE.fullmatch(value) is None:
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

    def levels(self) -> tuple[str, ...]:
        value = self.stated.get("levels", {})
        if not isinstance(value, Mapping) or any(level != "should" for level in value.values()) or "" in value:
            hint = 'a level can only be lowered: `levels = {"PREFIX" = "should"}`'
            raise self.refuse("`levels` is a table of beginnings of clause ids", hint, "levels")
        return tuple(value)

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
