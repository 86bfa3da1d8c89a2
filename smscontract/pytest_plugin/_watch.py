"""`--smscontract-watch`: the traffic of the tests that are there already, judged test by test."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.errors import SmscontractError
from smscontract.judge import Judge
from smscontract.policy import FailOn, Selection
from smscontract.pytest_plugin import BrokenPromise
from smscontract.tap import Operations, Taken, Tap
from smscontract.tested import Broken, Seen, Total, brief, described
from smscontract.watching import Watcher

__all__ = ["MODES", "Watch", "watch"]

#: What the setting `smscontract_watch` may say.
MODES = ("off", "warn", "fail")
#: What a test of a clause sends is judged by that test.
_CLAUSES = "smscontract.pytest_plugin._items"
_OUTSIDE = "what was sent before a test"


def _is_ours(taken: Taken) -> bool:
    """Whether a gate has sent it, which judges it itself."""
    get = getattr(taken.sent_headers, "get", None)
    return get is not None and str(get("user-agent") or "").startswith("smscontract/")


def watch(config: pytest.Config, mode: str) -> None:
    """Watches this session.

    Raises:
        pytest.UsageError: a contract or setting cannot be used.
    """
    try:
        catalogue = load_catalogue(config.getini("smscontract_watch_contracts"))
        asked = config.getoption("smscontract_fail_on") or config.getini("smscontract_fail_on") or FailOn.MUST
        fail_on = FailOn(asked)
    except SmscontractError as error:
        raise pytest.UsageError(str(error)) from None
    except ValueError:
        raise pytest.UsageError(f"smscontract_fail_on is one of {', '.join(FailOn)}") from None
    operations = Operations(catalogue, config.getini("smscontract_watch_hosts"))
    tap = Tap(operations)
    config.pluginmanager.register(Watch(Watcher(Judge(catalogue), fail_on), tap, operations, mode), "smscontract-watch")
    tap.install()


class Watch:
    """Hooks of a session that is watched, in a worker of pytest-xdist and in its controller alike."""

    def __init__(self, watcher: Watcher, tap: Tap, operations: Operations, mode: str) -> None:
        self._watcher = watcher
        self._tap = tap
        self._operations = operations
        self._fail = mode == "fail"
        self._seen: dict[str, list[Seen]] = {}
        self._total = Total()

    # --- one test

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """An excuse that excuses nothing is refused before the test runs. What was sent before any test is no test's."""
        outside = self._seen_by(_OUTSIDE, None)
        if outside:
            self._seen.setdefault(item.nodeid, []).append(outside)
        try:
            if ignored := _ignored(item):
                Selection(ignore=ignored).check(self._watcher.judge.catalogue.clauses)
        except SmscontractError as error:
            pytest.fail(f"@pytest.mark.smscontract: {error}".replace("--ignore ", "ignore="), pytrace=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judges when the test is done: what a break does to it, it does in its own name."""
        __tracebackhide__ = True
        try:
            result = yield
        except BaseException:
            broken = self._judge(item).broken
            if broken:
                item.add_report_section("call", "smscontract", "\n".join(described(broken)))
            raise
        self._tell(item, self._judge(item).broken)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """What fixtures do at the end belongs to the test too."""
        try:
            return (yield)
        finally:
            seen = self._judge(item)
            self._tell(item, seen.broken)

    def _judge(self, item: pytest.Item) -> Seen:
        seen = self._seen_by(item.nodeid, item)
        if type(item).__module__ == _CLAUSES:
            return Seen(test=item.nodeid)
        if seen:
            self._seen.setdefault(item.nodeid, []).append(seen)
        return seen

    def _seen_by(self, test: str, item: pytest.Item | None) -> Seen:
        """What was sent since the last time, and not excused by the marks of the test."""
        taken = [one for one in self._tap.drain() if not _is_ours(one)]
        lost, self._tap.lost = self._tap.lost, 0
        elsewhere = dict(self._operations.elsewhere)
        self._operations.elsewhere.clear()
        if not (taken or lost or elsewhere):
            return Seen(test=test)
        ignore = _ignored(item) if item is not None else ()
        return self._watcher.seen(test, taken, ignore=ignore, lost=lost, elsewhere=elsewhere)

    def _tell(self, item: pytest.Item, broken: tuple[Broken, ...]) -> None:
        __tracebackhide__ = True
        failing = [one for one in broken if one.fails] if self._fail else []
        warned = [one for one in broken if one not in failing]
        if warned:
            item.warn(BrokenPromise(brief(warned)))
        if failing:
            pytest.fail("\n".join(["a clause of the provider's contract is broken", "", *described(failing)]), pytrace=False)

    # --- from the workers to the controller

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[Any, Any, Any]:
        """A report carries what its test showed, in a worker as well."""
        report = yield
        if call.when == "teardown" and item.nodeid in self._seen:
            report.smscontract_watch = [one.as_json() for one in self._seen.pop(item.nodeid)]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Reports of all tests come by, in the controller those of its workers."""
        for data in getattr(report, "smscontract_watch", ()):
            self._total.add(Seen.from_json(data))

    # --- the session

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What all tests showed."""
        if not self._total:
            return
        terminalreporter.section("smscontract")
        width = getattr(terminalreporter, "_tw", None)
        for line in self._total.lines(min(getattr(width, "fullwidth", 80), 120)):
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Clients are as they were."""
        self._tap.remove()


def _ignored(item: pytest.Item) -> tuple[str, ...]:
    """What the marks of a test excuse."""
    found: list[str] = []
    for mark in item.iter_markers("smscontract"):
        ignore = mark.kwargs.get("ignore", ())
        found += [ignore] if isinstance(ignore, str) else [str(one) for one in ignore]
    return tuple(found)
