"""What is to be tested: the target and the terms, from a line in a test file, the command line, and the settings of pytest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from smscontract.config import load_config
from smscontract.entries import TargetEntry
from smscontract.errors import UsageError
from smscontract.policy import FailOn, Selection
from smscontract.requirements import Requirements

__all__ = ["Asked", "asked_of", "targets_asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One target, and how it is to be tested.

    Attributes:
        target: a provider, the path of a contract, or the name of an entry of the configuration.
        entry: that entry.
        url: where it is; `None`: as the entry says, else the application, else a sandbox of our own.
        app: an ASGI or WSGI application in this process.
        token: its credential in so many words, `token_env` the variable that holds it.
        resources: what exists there: a file's path, or the same as data.
        baseline: the file that lists what is known to be broken.
        where: the line in a test file that gives the application, which alone tells it from others.
    """

    target: str
    entry: TargetEntry | None = None
    url: str | None = None
    app: Any = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_env: str | None = None
    resources: str | Mapping[str, Any] | None = None
    allowed_hosts: tuple[str, ...] = ()
    max_requests: int = 300
    fuzz: int | None = None
    max_time: float = 50.0
    seed: int = 0
    fail_on: FailOn = FailOn.MUST
    baseline: str | None = None
    drafts_are_safe: bool = False
    requirements: Requirements = field(default_factory=Requirements)
    where: str = ""

    @property
    def contract(self) -> str:
        """The provider, or the path of the contract."""
        return self.entry.provider if self.entry is not None else self.target

    @property
    def selection(self) -> Selection:
        """The clauses that are tests."""
        return Selection(self.entry.select, self.entry.ignore) if self.entry is not None else Selection()

    @property
    def key(self) -> str:
        """Equal in all processes of a test run for what would send the same requests to the same target."""
        said = [getattr(self, one.name) for one in fields(self) if one.name not in ("app", "entry", "requirements")]
        return hashlib.sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def targets_asked(config: pytest.Config) -> list[str]:
    """The targets of the command line, else those of the settings."""
    return list(config.getoption("smscontract") or config.getini("smscontract"))


def asked_of(config: pytest.Config, target: str, *, folder: Path | None = None, **said: Any) -> Asked:
    """One target with everything that was said of it.

    Args:
        folder: that of the test file.
        said: fields of `Asked` that a line in a test file gives; they win.

    Raises:
        UsageError: a number or a word is none.
        UnusableInput: the configuration cannot be read.
    """
    configured = load_config(folder=config.rootpath)
    entry = configured.targets.get(target)
    values: dict[str, Any] = {
        "url": _setting(config, "url"),
        "token_env": _setting(config, "token_env"),
        "resources": _setting(config, "resources"),
        "baseline": _setting(config, "baseline"),
        "allowed_hosts": tuple(one.strip() for one in (_setting(config, "allowed_hosts") or "").split(",") if one.strip()),
        "max_requests": _number(config, "max_requests", int),
        "fuzz": _number(config, "fuzz", int),
        "max_time": _number(config, "max_time", float),
        "seed": _number(config, "seed", int),
        "fail_on": _setting(config, "fail_on"),
        "drafts_are_safe": config.getoption("smscontract_drafts_are_safe")
        or config.getini("smscontract_drafts_are_safe")
        or None,
    }
    if said.get("app") is not None:
        values["url"] = None
    values.update({name: value for name, value in said.items() if value is not None})
    for name in ("max_requests", "max_time", "fail_on", "baseline", "drafts_are_safe"):
        values[name] = getattr(entry, name, None) if values[name] is None else values[name]
    values["fail_on"] = _fail_on(str(values["fail_on"] or FailOn.MUST))
    folders = [Path(), *([folder] if folder is not None else []), config.rootpath]
    for name in ("resources", "baseline"):
        if isinstance(values[name], str):
            values[name] = _found(values[name], folders)
    stated = {name: value for name, value in values.items() if value is not None}
    return Asked(
        target=target if entry is not None else _found(target, folders),
        entry=entry,
        requirements=configured.witnesses,
        **stated,
    )


def _setting(config: pytest.Config, name: str) -> str | None:
    found = config.getoption(f"smscontract_{name}")
    return str(found if found is not None else config.getini(f"smscontract_{name}") or "") or None


def _found(path: str, folders: Iterable[Path]) -> str:
    """A path as it is where it leads to a file, else from another folder: pytest may be started anywhere in a project."""
    return next((str(folder / path) for folder in folders if (folder / path).is_file()), path)


def _number(config: pytest.Config, name: str, kind: type[int | float]) -> float | None:
    text = _setting(config, name)
    if text is None:
        return None
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e9 or (number == 0 and name not in ("fuzz", "seed")):
        raise UsageError(f"--smscontract-{name.replace('_', '-')}: `{text}` is no such number", hint="write one such as 60")
    return number


def _fail_on(text: str) -> FailOn:
    if text not in [str(step) for step in FailOn]:
        raise UsageError(f"--smscontract-fail-on: `{text}` is no level", hint="write must, should or new")
    return FailOn(text)
