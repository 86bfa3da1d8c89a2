"""The value of a fixture for tests that are no functions, got the way in which pytest gets those of its doctests."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

from smscontract.errors import UsageError

__all__ = ["collected", "is_fixture", "seen_from", "value_of"]

#: The folders that were collected. pytest keeps what a conftest has for its folder's node alone.
_FOLDERS = pytest.StashKey[dict[Path, pytest.Directory]]()


def collected(folder: pytest.Directory) -> None:
    """Notes where the fixtures of a folder can be seen from."""
    folder.config.stash.setdefault(_FOLDERS, {})[folder.path] = folder


def seen_from(session: pytest.Session, folder: Path) -> pytest.Collector:
    """Where the fixtures of a folder can be seen from. To be called first when all is collected: a folder in which no test was
    wanted is collected then, since it is forgotten afterwards."""
    root = session.config.rootpath
    if not folder.is_relative_to(root):
        return session
    known = session.config.stash.setdefault(_FOLDERS, {})
    for one in session.items:
        known.update((parent.path, parent) for parent in one.iter_parents() if isinstance(parent, pytest.Directory))
    node: pytest.Collector = session
    for path in sorted(one for one in (folder, *folder.parents) if one.is_relative_to(root)):
        if path not in known:
            known[path] = pytest.Dir.from_parent(node, path=path)
            session.config.hook.pytest_make_collect_report(collector=known[path])
        node = known[path]
    return node


def is_fixture(found: Any) -> bool:
    """Whether something that a module has is a fixture."""
    return type(found).__name__ == "FixtureFunctionDefinition"


def value_of(fixture: Any, item: pytest.Item, folder: Path | None = None) -> Any:
    """What a fixture gives, with all fixtures that it needs; they end as their scopes say.

    Args:
        item: the test that is set up.
        folder: that of the conftest that has the fixture, if it is in one; else what the test itself can see counts.

    Raises:
        UsageError: it failed, or pytest has changed.
    """
    name = str(fixture.name)
    try:
        node: Any = item if folder is None else seen_from(item.session, folder)
        manager: Any = item.session._fixturemanager  # noqa: SLF001 - as pytest's own doctests do
        asking: Any = item
        asking._fixtureinfo = manager.getfixtureinfo(node=node, func=_function(name), cls=None)  # noqa: SLF001
        asking.funcargs, asking.obj = {}, None
        request: Any = sys.modules[pytest.FixtureRequest.__module__].TopRequest(asking, _ispytest=True)
    except (AttributeError, TypeError) as error:
        hint = f"write `{name}` as a function without parameters that returns the application"
        raise UsageError(
            f"this pytest ({pytest.__version__}) gives `{name}` to no test that is no function", hint=hint
        ) from error
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError as error:
        hint = "what it needs has to be in the same conftest, in one of a folder above it, or in a plugin"
        raise UsageError(f"`{name}` needs `{error.argname}`, and there is no such fixture here", hint=hint) from error
    except Exception as error:  # the user's code may raise anything
        hint = "its scope, and that of what it needs, is best `session`; a test of yours that asks for it shows why it failed"
        raise UsageError(f"`{name}` failed with {type(error).__name__}", hint=hint) from error


def _function(name: str) -> Any:
    """A function that asks for one fixture, and that nobody calls."""

    def asking() -> None: ...

    parameter = inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    asking.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    return asking
