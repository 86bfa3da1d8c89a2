"""Where the application under test is found: in a line of a test file, or as `smscontract_app` of a conftest."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smscontract.errors import UsageError
from smscontract.pytest_plugin._value import is_fixture, value_of

__all__ = ["app_from", "app_of_conftest"]

NAME = "smscontract_app"


def app_of_conftest(config: pytest.Config) -> tuple[Any, Path | None]:
    """What the topmost conftest that has it calls `smscontract_app`, and the folder of that; `None` if none has."""
    named = [(str(getattr(one, "__file__", "")), one) for one in config.pluginmanager.get_plugins() if hasattr(one, NAME)]
    for file, plugin in sorted(named, key=lambda one: (len(Path(one[0]).parts), one[0])):
        return getattr(plugin, NAME), Path(file).parent if Path(file).name == "conftest.py" else None
    return None, None


@contextmanager
def app_from(found: Any, item: pytest.Item, folder: Path | None = None) -> Iterator[Any]:
    """The application itself, for as long as the block lasts.

    Args:
        found: an application, a function without parameters that returns or yields one, or a fixture that does.
        item: the test that asks.
        folder: that of the conftest that has it.

    Raises:
        UsageError: it did not work.
    """
    if is_fixture(found):
        yield value_of(found, item, folder)
        return
    if not inspect.isfunction(found) or inspect.signature(found).parameters:
        yield found
        return
    made = contextmanager(found) if inspect.isgeneratorfunction(found) else None
    if made is None:
        yield _called(found)
        return
    with made() as app:
        yield app


def _called(function: Any) -> Any:
    try:
        return function()
    except Exception as error:  # the user's code may raise anything
        raise UsageError(f"`{NAME}` failed with {type(error).__name__}", hint="call it in Python to see why") from error
