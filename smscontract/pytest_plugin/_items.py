"""One test for each clause: the tests, where they hang in the tree, and how the test run ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from smscontract.documents import Clause
from smscontract.errors import SmscontractError, UsageError
from smscontract.plain import count_of
from smscontract.pytest_plugin import BrokenPromise
from smscontract.pytest_plugin._apps import app_of_conftest
from smscontract.pytest_plugin._asked import asked_of, targets_asked
from smscontract.pytest_plugin._line import ClausesOf
from smscontract.pytest_plugin._run import Run
from smscontract.pytest_plugin._told import Outcome, Word
from smscontract.pytest_plugin._value import collected, is_fixture, seen_from

__all__ = ["ClauseItem", "Clauses", "Items", "items_of", "of_line"]

#: What the tests hang below that no test file asked for: `pytest "smscontract::CLAUSE"` runs one of them.
_ROOT = "smscontract"
_STASH = pytest.StashKey["Items"]()


def items_of(config: pytest.Config) -> Items:
    """The part of the plugin that knows of clauses; registered when it is first asked for."""
    if _STASH not in config.stash:
        config.stash[_STASH] = Items(config)
        config.pluginmanager.register(config.stash[_STASH], "smscontract-items")
    return config.stash[_STASH]


class Items:
    """Makes the tests, and says at the end what became of them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._runs: dict[str, Run] = {}
        self._roots: list[Run] = []
        self._only: set[str] = set()
        self._words: Counter[str] = Counter()
        self._notes: dict[str, list[str]] = {}
        self._failures: dict[str, list[str]] = {}

    # -- what was asked for

    def ask(self) -> None:
        """Takes the targets of the command line or the settings.

        Raises:
            pytest.UsageError: one of them cannot be used.
        """
        config = self.config
        named, others = _split(config)
        config.args[:] = others
        self._only = {one for one in named if one}
        chosen = config.args_source is pytest.Config.ArgsSource.ARGS
        if chosen and not named and not config.getoption("smscontract"):
            return  # whoever names paths means those tests, whatever the settings add to a whole run
        try:
            self._roots = [self.run(target) for target in dict.fromkeys(targets_asked(config))]
            listed = [clause for run in self._roots for clause in run.catalogue.clauses]
            known = set(listed)
            if len(known) < len(listed):
                hint = "give each a line in a test file of its own: `test_contract = smscontract.clauses_of(...)`"
                raise UsageError("two targets have the same clauses, and their tests the same ids", hint=hint)
            for one in sorted(self._only - known):
                raise UsageError(f"there is no clause `{one}`", hint="`pytest --collect-only -q` lists them")
        except SmscontractError as error:
            raise pytest.UsageError(str(error)) from None

    def run(self, target: str, **said: Any) -> Run:
        """The run for a target; tests that ask for the same share it.

        Raises:
            UsageError, UnusableInput: it cannot be used.
        """
        asked = asked_of(self.config, target, **said)
        if asked.key not in self._runs:
            self._runs[asked.key] = Run(self.config, asked)
        return self._runs[asked.key]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Hangs the tests that no file asked for below the session."""
        report = yield
        if isinstance(collector, pytest.Directory):
            collected(collector)
        if isinstance(collector, pytest.Session) and report.passed and self._roots:
            root = Clauses.from_parent(
                collector, name=_ROOT, nodeid=_ROOT, path=collector.path / _ROOT, runs=self._roots, only=self._only
            )
            report.result = [*(report.result or ()), root]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Has an application that is a fixture be seen, whatever was collected."""
        found, folder = app_of_conftest(self.config)
        if folder is not None and is_fixture(found):
            seen_from(session, folder)

    # -- how it ends

    def count(self, outcome: Outcome, run: Run) -> None:
        """One test has learnt how its clause stands."""
        self._words[outcome.word] += 1
        told = run.told
        if told is not None:
            self._notes[run.asked.key] = told.notes
            self._failures[run.asked.key] = told.failures

    def take(self, output: dict[str, Any]) -> None:
        """What another process of the test run has counted."""
        self._words.update(output["words"])
        self._notes.update(output["notes"])
        self._failures.update(output["failures"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails the test run where no test says what is wrong."""
        if hasattr(self.config, "workeroutput"):
            output = {
                "words": {str(word): count for word, count in self._words.items()},
                "notes": self._notes,
                "failures": self._failures,
            }
            self.config.workeroutput["smscontract_items"] = output
        elif self._wrong() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _wrong(self) -> list[str]:
        wrong = [one for listed in self._failures.values() for one in listed]
        if self._words and not any(self._words[word] for word in Word if word not in (Word.NOT_JUDGED, Word.CANNOT_TELL)):
            wrong.append(f"no clause was judged, of {count_of(self._words.total(), 'clause')}: that is no pass")
        return wrong

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what the runs cost and what no test could say."""
        if not self._words:
            return
        wrong = self._wrong()
        if self.config.get_verbosity() < 0 and not wrong:
            return
        terminalreporter.write_sep("=", "smscontract")
        for notes in self._notes.values():
            for line in notes:
                terminalreporter.write_line(line)
        for line in wrong:
            terminalreporter.write_line(f"smscontract: {line}", red=True)


class Clauses(pytest.Collector):
    """The tests of one or more targets.

    Args:
        runs: the targets; `None` where `line` says it, whose mistakes are those of its file.
        only: ids of the clauses that are wanted, empty for all.
    """

    def __init__(
        self, *, runs: Iterable[Run] = (), only: Iterable[str] = (), line: ClausesOf | None = None, **words: Any
    ) -> None:
        super().__init__(**words)
        self._runs = list(runs)
        self._only = frozenset(only)
        self._line = line

    @property
    def ihook(self) -> Any:
        """Hooks of the topmost conftest hold for tests that are in no file."""
        return super().ihook if self._line is not None else self.session.gethookproxy(self.session.path)

    def collect(self) -> Iterator[ClauseItem]:
        """In the order of the catalogue, the same in every process."""
        if self._line is not None:
            try:
                where = self.nodeid if self._line.said.get("app") is not None else None
                folder = self.path.parent
                self._runs = [items_of(self.config).run(self._line.target, folder=folder, where=where, **self._line.said)]
            except SmscontractError as error:
                raise self.CollectError(str(error)) from None
        for run in self._runs:
            for clause in run.catalogue.clauses.values():
                if run.asked.selection.takes(clause.id) and (not self._only or clause.id in self._only):
                    yield ClauseItem.from_parent(self, name=clause.id, clause=clause, run=run)


class ClauseItem(pytest.Item):
    """The test of one clause. The first of a run waits for all requests; the others look at what was found."""

    def __init__(self, *, clause: Clause, run: Run, **words: Any) -> None:
        super().__init__(**words)
        self.clause = clause
        self._run = run
        self._outcome: Outcome | None = None
        self.add_marker(pytest.mark.smscontract(level=str(clause.level), family=clause.family))
        self.extra_keyword_matches.update((str(clause.level), clause.family, clause.provider, clause.operation))
        self.user_properties += [("level", str(clause.level)), ("family", clause.family), ("says", clause.says)]

    @property
    def ihook(self) -> Any:
        """As that of the collector."""
        assert self.parent is not None
        return self.parent.ihook

    def setup(self) -> None:
        """Skips what was not judged; what nobody can tell is an error."""
        if self.config.getoption("setupplan", default=False):
            return  # what would be done is shown, and nothing is done
        outcome = self._outcome = self._run.result(self).of(self.clause.id)
        items_of(self.config).count(outcome, self._run)
        if outcome.word is Word.NOT_JUDGED:
            pytest.skip(f"not judged: {outcome.text}")
        if outcome.word is Word.CANNOT_TELL:
            pytest.fail(f"cannot tell: {outcome.text}", pytrace=False)

    def runtest(self) -> None:
        """Fails or warns."""
        assert self._outcome is not None
        if self._outcome.word is Word.BROKEN:
            pytest.fail(self._outcome.text, pytrace=False)
        if self._outcome.word is Word.KNOWN:
            pytest.xfail(self._outcome.text)
        if self._outcome.word is Word.WARNED:
            try:
                self.warn(BrokenPromise(self._outcome.text))
            except BrokenPromise as error:  # the user has made errors of warnings
                pytest.fail(str(error), pytrace=False)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finding alone, also where all frames were asked for: they are ours, and hold nothing of the user's."""
        told = isinstance(excinfo.value, pytest.fail.Exception)
        return excinfo.getrepr(style="value") if told else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The line that states the clause."""
        where = Path(self.clause.file).absolute() if self.clause.file else self.path
        return where, max(self.clause.line - 1, 0), f"{self.clause.id} ({self.clause.level})"


def _split(config: pytest.Config) -> tuple[list[str], list[str]]:
    """The ids of clauses that are named on the command line as ids of tests (an empty one for all of them), and the rest."""
    named, others = [], []
    for argument in config.args:
        path, colons, clause = argument.partition("::")
        ours = path == _ROOT or Path(path) == config.rootpath / _ROOT
        if ours and (colons or not Path(path).exists()):
            named.append(clause)
        else:
            others.append(argument)
    return named, others


def of_line(collector: pytest.Collector, name: str, line: ClausesOf) -> Clauses:
    """The tests that a line in a test file asks for."""
    items_of(collector.config)
    return Clauses.from_parent(collector, name=name, line=line)
