"""Where the application under test is found: in a line of a test file, or as `smscontract_app` of a conftest."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from smscontract.errors import UsageError

__all__ = ["app_from", "app_of_conftest"]

NAME = "smscontract_app"
_HINT = "write `from my_package import app as smscontract_app`, or a function without parameters that returns it"


def app_of_conftest(config: pytest.Config) -> Any:
    """What the conftests call `smscontract_app`, `None` if none does."""
    return next((found for one in config.pluginmanager.get_plugins() if (found := getattr(one, NAME, None)) is not None), None)


@contextmanager
def app_from(found: Any) -> Iterator[Any]:
    """The application itself, for as long as the block lasts.

    Args:
        found: an application, or a function without parameters, a fixture or not, that returns or yields one.

    Raises:
        UsageError: it is a fixture that needs others, or it did not work.
    """
    is_fixture = type(found).__name__ == "FixtureFunctionDefinition"
    function = inspect.unwrap(found) if is_fixture else found
    parameters = inspect.signature(function).parameters if inspect.isfunction(function) else {}
    if is_fixture and parameters:
        raise UsageError(f"`{NAME}` needs fixtures, and clauses are no functions that have any", hint=_HINT)
    if parameters or not inspect.isfunction(function):
        yield found
        return
    made = contextmanager(function) if inspect.isgeneratorfunction(function) else None
    if made is None:
        yield _called(function)
        return
    with made() as app:
        yield app


def _called(function: Any) -> Any:
    try:
        return function()
    except Exception as error:  # the user's code may raise anything
        raise UsageError(f"`{NAME}` failed with {type(error).__name__}", hint="call it in Python to see why") from error
