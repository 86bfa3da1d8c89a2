"""Servers in which a clause is broken, for `prove`: our sandbox, or a user's own ASGI application, behind the breaker."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from smscontract.breaker import Breaker, parse_break
from smscontract.catalogue import Catalogue
from smscontract.documents import Clause
from smscontract.errors import UsageError
from smscontract.gate import Target, handover
from smscontract.prove import Live
from smscontract.resources import Resources, load_resources, resources_from

__all__ = ["broken_app", "broken_sandbox", "load_app"]


def broken_sandbox(catalogue: Catalogue) -> Live:
    """Our sandbox behind the breaker; fresh for each clause."""

    @contextmanager
    def live(clause: Clause) -> Iterator[list[Target] | None]:
        from smscontract.sandbox.app import create_app
        from smscontract.sandbox.knowledge import knowledge
        from smscontract.sandbox.server import running

        sandbox = create_app()
        breaker = Breaker(
            sandbox,
            catalogue,
            [parse_break(clause.id, catalogue)],
            knowledge=lambda exchange: knowledge(sandbox, exchange),
            exact=True,
        )
        with running(breaker) as server:
            base = urlsplit(server.url)
            entry = (handover(base) or {}).get(clause.provider)
            if entry is None:
                yield None
                return
            found = resources_from(entry.get("resources") or {}, "the sandbox")
            yield [Target(provider=clause.provider, url=base, token=str(entry.get("token", "")), resources=found, sandbox=True)]

    return live


def broken_app(catalogue: Catalogue, *, spec: str, token: str | None, resources: str | None) -> Live:
    """A user's own application behind the breaker. It keeps its state from clause to clause.

    Args:
        spec: `module:app`.
        token: the credential that it takes.
        resources: file that says what exists in it.
    """
    app = load_app(spec)
    found = load_resources(resources) if resources is not None else Resources()

    @contextmanager
    def live(clause: Clause) -> Iterator[list[Target] | None]:
        from smscontract.sandbox.server import running

        with running(Breaker(app, catalogue, [parse_break(clause.id, catalogue)], exact=True)) as server:
            # It runs in our own process: whoever is texted is texted by the user's own code under test.
            yield [Target(provider=clause.provider, url=urlsplit(server.url), token=token, resources=found, sandbox=True)]

    return live


def load_app(spec: str) -> Any:
    """The application that `module:app` names; modules of the working directory are found.

    Raises:
        UsageError: no such module or name, or importing it failed.
    """
    module, colon, name = spec.partition(":")
    if not colon or not module or not name:
        raise UsageError(f"`{spec}` names no application", hint="write module:app")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(f"there is no module `{error.name}`", hint="run it in the folder that holds the module") from None
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        failure = f"importing `{module}` failed with {type(error).__name__}"
        raise UsageError(failure, hint="import it in Python to see why") from None
    finally:
        sys.path.pop(0)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"`{module}` has no `{name}`", hint="write module:app")
        found = getattr(found, part)
    return found
