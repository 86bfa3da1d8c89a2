"""What tests state by `smscontract.needs`, written to a file when the session ends."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.errors import SmscontractError
from smscontract.needed import PREFIX, Need, declared, dumps, needs, read_needs
from smscontract.plain import count_of

__all__ = ["TOLD", "finish", "take"]

#: What the terminal is told at the end.
TOLD = pytest.StashKey[str]()


def take(stated: list[dict[str, Any]]) -> None:
    """What the tests of a worker stated counts here."""
    for one in stated:
        needs(**one)


def finish(session: pytest.Session) -> None:
    """Writes the file: all of it after a run of the whole suite; a run of a part adds to it and takes nothing away."""
    config = session.config
    stated, declared[:] = list(declared), []
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["smscontract_needs"] = [one.as_json() for one in stated]
        return
    path = config.rootpath / (config.getini("smscontract_needs_file") or "smscontract-needs.json")
    try:
        config.stash[TOLD] = _write(path, config, stated, whole=_whole(session))
    except SmscontractError as error:
        config.stash[TOLD] = f"what this suite needs cannot be kept: {error}"
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _write(path: Path, config: pytest.Config, stated: list[Need], *, whole: bool) -> str:
    if path.is_file() and not whole:
        stated = [*read_needs(str(path)).needs, *stated]
    consumer = config.getini("smscontract_consumer") or _project(config.rootpath)
    text = dumps(consumer, stated)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    name = path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"{name} cannot be written: {error.strerror}"
    try:  # what nobody promised would never be held against anybody
        load_catalogue([*config.getini("smscontract_watch_contracts"), f"{PREFIX}{path}"])
    except SmscontractError:
        if before:
            path.write_text(before, encoding="utf-8")
        else:
            path.unlink()
        raise
    changed = "" if text == before else ", which changed"
    number = count_of(text.count('"place"'), "need")
    return f"{number} of `{consumer}` in {name}{changed}"


def _whole(session: pytest.Session) -> bool:
    """Whether the whole suite was collected."""
    config, option = session.config, session.config.option
    chosen = config.args_source is pytest.Config.ArgsSource.ARGS
    chosen = chosen or any(getattr(option, name, None) for name in ("keyword", "markexpr", "lf", "deselect", "ignore"))
    return not chosen and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}


def _project(root: Path) -> str:
    try:
        data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        name = str(data["project"]["name"])
    except (OSError, KeyError, TypeError, ValueError):
        name = root.name
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:60] or "consumer"
