"""The pytest plugin. Idle unless asked: this file is all that a suite loads that does not use it, and it loads nothing of ours.

What is asked for registers an object of its own: `_items` gives one test for each clause, `_watch` judges the traffic of tests
that are there already. Fixtures are defined here, and made where they are used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = [
    "SETTINGS",
    "BrokenPromise",
    "pytest_addoption",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "smscontract",
    "smscontract_server",
]

#: What configures the tests of clauses: each is an option `--smscontract-NAME` and a setting `smscontract_NAME`.
SETTINGS = {
    "url": ("URL", "Where the target is. Without it: `smscontract_app` of a conftest, else a correct server started here."),
    "token-env": ("NAME", "The variable with the target's credential."),
    "resources": ("FILE", "What exists on the target: ids and numbers by parameter and label."),
    "allowed-hosts": ("HOSTS", "Hosts besides this machine that may be probed, with commas between them."),
    "max-requests": ("N", "Requests for each operation. Default: 300."),
    "fuzz": ("N", "Fuzz cases for each operation. Default: what the plan leaves of the requests."),
    "max-time": ("SECONDS", "Seconds for the whole run. Default: 50."),
    "seed": ("N", "What is made up follows from it. Default: 0."),
    "fail-on": ("LEVEL", "What fails: must (the default), should, or new. What is broken below it warns."),
    "baseline": ("FILE", "What is known to be broken: such a clause is an expected failure."),
}
_MARKER = (
    "smscontract(level, family, ignore): on clauses, their level and family; on tests whose traffic is watched, `ignore=[...]` "
    "names beginnings of clause ids that may be broken in it."
)


class BrokenPromise(UserWarning):
    """A clause is broken at a level that fails nothing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Every option and setting begins with `smscontract`."""
    group = parser.getgroup("smscontract", "contract tests for SMS provider APIs")
    says = "Test each clause of TARGET: a provider, a contract's path, or a target of smscontract.toml. Repeatable."
    group.addoption("--smscontract", action="append", metavar="TARGET", help=says)
    parser.addini("smscontract", says, type="args", default=[])
    for name, (value, says) in SETTINGS.items():
        group.addoption(f"--smscontract-{name}", metavar=value, help=says)
        parser.addini(f"smscontract_{name.replace('-', '_')}", says)
    says = "Send what texts somebody although its recipient is not known to be reserved."
    group.addoption("--smscontract-drafts-are-safe", action="store_true", help=says)
    parser.addini("smscontract_drafts_are_safe", says, type="bool", default=False)
    says = "Judge every exchange that tests make with a known provider: warns, or with `smscontract_watch = fail` fails."
    group.addoption("--smscontract-watch", action="store_true", help=says)
    parser.addini("smscontract_watch", "off (the default), warn or fail: as --smscontract-watch.", default="")
    says = "Hosts that are a provider's, besides those of its document; `*` is any text."
    parser.addini("smscontract_watch_hosts", says, type="args")
    parser.addini("smscontract_watch_contracts", "Contracts that traffic is judged by. Default: all shipped.", type="args")
    says = "File for what tests state by `smscontract.needs`. Default: smscontract-needs.json."
    parser.addini("smscontract_needs_file", says, default="")
    parser.addini("smscontract_consumer", "Whose needs they are. Default: the project's name.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Registers what was asked for, and only that."""
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("smscontract") or config.getini("smscontract"):
        from smscontract.pytest_plugin._items import items_of

        items_of(config).ask()
    mode = config.getini("smscontract_watch") or ("warn" if config.getoption("smscontract_watch") else "off")
    if mode != "off":
        from smscontract.pytest_plugin._watch import MODES, watch

        if mode not in MODES:
            raise pytest.UsageError(f"smscontract_watch is one of {', '.join(MODES)}, not `{mode}`")
        watch(config, mode)


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Collector | None:
    """Finds the line in a test file that makes one test of each clause, whatever its name, and leaves all else alone."""
    if type(obj).__module__ != "smscontract.pytest_plugin._line":
        return None
    from smscontract.pytest_plugin._items import of_line
    from smscontract.pytest_plugin._line import ClausesOf

    return of_line(collector, name, obj) if isinstance(obj, ClausesOf) else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist is done: what its tests learnt of clauses counts here."""
    output = getattr(node, "workeroutput", None) or {}
    if "smscontract_items" in output:
        from smscontract.pytest_plugin._items import items_of

        items_of(node.config).take(output["smscontract_items"])
    if "smscontract_needs" in output:
        from smscontract.pytest_plugin._needs import take

        take(output["smscontract_needs"])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keeps what tests stated that they need, if any did."""
    if "smscontract.needed" in sys.modules and sys.modules["smscontract.needed"].declared:
        from smscontract.pytest_plugin._needs import finish

        finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says where it is kept."""
    if "smscontract.pytest_plugin._needs" in sys.modules:
        from smscontract.pytest_plugin._needs import TOLD

        if TOLD in config.stash:
            terminalreporter.write_line(f"smscontract: {config.stash[TOLD]}")


@pytest.fixture(scope="session")
def _smscontract_practice() -> Iterator[Any]:
    from smscontract.pytest_plugin._fixtures import practice

    yield from practice()


@pytest.fixture
def smscontract_server(request: pytest.FixtureRequest, _smscontract_practice: Any) -> Iterator[Any]:
    """A running sandbox, as new for each test: `url`, `token`, `headers`, `resources`, `make_draft(...)`, `break_clause(...)`,
    `arrived`."""
    from smscontract.pytest_plugin._fixtures import fresh

    yield from fresh(request, _smscontract_practice)


@pytest.fixture
def smscontract(request: pytest.FixtureRequest) -> Any:
    """`check(response)` holds an answer against the contract; `exchanges("cassettes/*.yaml")` reads recordings."""
    from smscontract.pytest_plugin._fixtures import Checks

    return Checks(request.config.getini("smscontract_watch_contracts"), request.path.parent)
