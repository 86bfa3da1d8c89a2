"""One run of the gate for one target, made when its first test needs it, and once for all processes of a test run."""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smscontract.baseline import Baseline
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.errors import UsageError
from smscontract.findings import Report
from smscontract.gate import Request, Target, app_targets, gate, needed_by, targets_of
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.pytest_plugin._apps import app_from, app_of_conftest
from smscontract.pytest_plugin._asked import Asked
from smscontract.pytest_plugin._lock import locked
from smscontract.pytest_plugin._told import Told, interrupted, told_of, unable, unmet
from smscontract.resources import resources_from
from smscontract.terms import Terms

__all__ = ["Run"]


class Run:
    """The clauses of one target, and what became of them.

    Raises:
        UsageError, UnusableInput: there is no such target, or its contract cannot be read.
    """

    def __init__(self, config: pytest.Config, asked: Asked) -> None:
        self.asked = asked
        self.catalogue: Catalogue = load_catalogue([asked.contract])
        asked.selection.check(self.catalogue.clauses)
        asked.requirements.check(self.catalogue)
        self._config = config
        self._told: Told | None = None

    @property
    def told(self) -> Told | None:
        """What was found, if anybody has asked for it."""
        return self._told

    def result(self, item: pytest.Item) -> Told:
        """What was found; sends all requests if no process of the test run has done so.

        Args:
            item: the test that is set up; an application that is a fixture is got for it.
        """
        if self._told is None:
            folder = _shared_folder(self._config)
            self._told = self._make(item) if folder is None else self._once(folder, item)
        return self._told

    def _once(self, folder: Path, item: pytest.Item) -> Told:
        stored = folder / f"smscontract-{self.asked.key}.json"
        with locked(stored.with_suffix(".lock")):
            if stored.exists():
                return Told.loads(stored.read_text(encoding="utf-8"))
            told = self._make(item)
            part = stored.with_suffix(".part")
            part.write_text(told.dumps(), encoding="utf-8")
            part.replace(stored)
            return told

    def _make(self, item: pytest.Item) -> Told:
        try:
            # What our libraries warn of is nobody's finding in the user's suite, whatever that makes of warnings.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                report, in_process = self._report(item)
        except Exception as error:  # noqa: BLE001 - a bug of ours is told once, without values that may be anybody's
            return unable(error)
        if interrupted(report):
            raise KeyboardInterrupt
        missing = unmet(report, self.asked.requirements, self.catalogue)
        return told_of(report, self.asked.fail_on, missing, in_process=in_process)

    def _report(self, item: pytest.Item) -> tuple[Report, bool]:
        asked, entry = self.asked, self.asked.entry
        known = Baseline(file=asked.baseline) if asked.baseline is not None else None
        request = Request(
            max_requests=asked.max_requests,
            max_time=asked.max_time,
            fuzz=asked.fuzz,
            seed=asked.seed,
            drafts_are_safe=asked.drafts_are_safe,
            max_sends=entry.max_sends if entry is not None else None,
            no_effects=entry is not None and entry.no_effects,
            journal=entry.journal if entry is not None else None,
            terms=Terms(fail_on=asked.fail_on, selection=asked.selection, baseline=known),
        )
        with self._targets(item) as targets:
            judge = Judge(self.catalogue, Masker(secrets=[secret for one in targets for secret in one.secrets]))
            return gate(request, judge, targets, now=time.time), targets[0].reach.dial is not None

    @contextmanager
    def _targets(self, item: pytest.Item) -> Iterator[list[Target]]:
        asked = self.asked
        entry = asked.entry
        found, folder = asked.app, None
        if found is None and asked.url is None and entry is None:
            found, folder = app_of_conftest(self._config)
        if found is not None:
            with (
                app_from(found, item, folder) as app,
                app_targets(
                    self.catalogue, app, token=asked.token, token_env=asked.token_env, resources=asked.resources
                ) as targets,
            ):
                yield targets
            return
        path = asked.resources if isinstance(asked.resources, str) else None
        with targets_of(
            self.catalogue,
            url=asked.url,
            token_env=asked.token_env,
            resources=path,
            allowed_hosts=asked.allowed_hosts,
            seed=asked.seed,
            entry=entry,
            needed=needed_by(Judge(self.catalogue), next(iter(self.catalogue.contracts)), seed=asked.seed)
            if entry is not None and entry.commands()
            else None,
        ) as targets:
            more: dict[str, Any] = {} if asked.token is None else {"token": asked.token, "secrets": (asked.token,)}
            if asked.resources is not None and path is None:
                more["resources"] = resources_from(asked.resources, "the resources")
            yield [replace(one, **more) for one in targets]


def _shared_folder(config: pytest.Config) -> Path | None:
    """A folder that all processes of the test run share and nobody else, `None` if this one is alone."""
    run = getattr(config, "workerinput", {}).get("testrunuid")
    if run is None:
        return None
    # pytest gives each worker a folder of its own inside one for the run, kept for a while and readable by the user alone.
    mine = getattr(config.option, "basetemp", None)
    folder = Path(mine).parent if mine else Path(tempfile.gettempdir()) / f"smscontract-{run}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise UsageError(f"`{folder}` belongs to somebody else", hint="give pytest a folder of yours: --basetemp")
    return folder
