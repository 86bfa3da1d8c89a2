"""Options that say which target is meant, and what may be done to it: an entry of the configuration, a URL, or a sandbox."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from smscontract.baseline import Baseline
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.config import load_config
from smscontract.data import shipped_contracts
from smscontract.documents import nearest_hint
from smscontract.documents.rules import seconds
from smscontract.entries import TargetEntry
from smscontract.errors import UsageError
from smscontract.gate import Costs, Target, needed_by, targets_of
from smscontract.judge import Judge
from smscontract.policy import FailOn, Selection
from smscontract.rates import Rate, rate
from smscontract.terms import Terms
from smscontract.transport import Manners

__all__ = ["Asked", "refuse_other_settings", "target_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_MAX_REQUESTS, _MAX_TIME = 300, 50.0
#: Options that make the plan; the others say how long a run may go on.
_OF_THE_PLAN = ("seed", "max_requests", "no_effects", "drafts_are_safe", "fuzz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says of the target; the rest is what its entry says, or what is usual.

    Attributes:
        names: of providers, paths of contracts, or the name of one entry.
        entry: that entry, if there is one.
        max_sends: texts at most, now and later; `None`: any number.
    """

    names: tuple[str, ...]
    entry: TargetEntry | None
    url: str | None
    token_env: str | None
    resources: str | None
    allowed_hosts: tuple[str, ...]
    rate: Rate | None
    max_requests: int
    max_time: float
    max_sends: int | None
    no_effects: bool
    drafts_are_safe: bool
    seed: int

    def as_before(self, settings: Mapping[str, Any]) -> Asked:
        """The same with what an earlier run was asked to do: only so its plan is made again."""
        names = ("max_requests", "max_time", "max_sends", "no_effects", "seed", "drafts_are_safe")
        return replace(self, **{name: settings[name] for name in names if name in settings})

    def costs(self) -> Costs:
        """What a run may cost."""
        return Costs(
            max_requests=self.max_requests,
            max_time=self.max_time,
            max_sends=self.max_sends,
            no_effects=self.no_effects,
            fuzz=None,
            seed=self.seed,
            drafts_are_safe=self.drafts_are_safe,
            manners=Manners(),
        )

    def catalogue(self, more: Iterable[str] = ()) -> Catalogue:
        """The clauses that are asked for."""
        return load_catalogue([*(self.names if self.entry is None else [self.entry.provider]), *more])

    @contextmanager
    def targets(self, catalogue: Catalogue, *, make: bool = True) -> Iterator[list[Target]]:
        """The targets, as `gate.targets_of`.

        Args:
            make: whether commands that make resources are run.
        """
        needed = None
        if self.entry is not None and make and self.entry.commands():
            needed = needed_by(Judge(catalogue), next(iter(catalogue.contracts)), seed=self.seed)
        with targets_of(
            catalogue,
            url=self.url,
            token_env=self.token_env,
            resources=self.resources,
            allowed_hosts=self.allowed_hosts,
            seed=self.seed,
            entry=self.entry,
            rate=self.rate,
            needed=needed,
        ) as targets:
            yield targets

    def terms(self, terms: Terms) -> Terms:
        """The terms of the command line, and of the entry where it says nothing."""
        entry = self.entry
        if entry is None:
            return terms
        if entry.fail_on is not None and not _is_given("fail_on"):
            terms = replace(terms, fail_on=FailOn(entry.fail_on))
        if entry.baseline is not None and (terms.baseline is None or not terms.baseline.file):
            terms = replace(terms, baseline=replace(terms.baseline or Baseline(file=""), file=entry.baseline))
        terms = replace(terms, lowered=entry.lowered)
        if (entry.select and not _is_given("select")) or (entry.ignore and not _is_given("ignore")):
            select = terms.selection.select if _is_given("select") else entry.select
            terms = replace(terms, selection=Selection(select, (*terms.selection.ignore, *entry.ignore)))
        return terms


def refuse_other_settings(settings: Mapping[str, Any]) -> None:
    """A run that is finished is the one that was begun.

    Raises:
        UsageError: the command line says something else of it.
    """
    given = click.get_current_context().params
    for name in _OF_THE_PLAN:
        if _is_given(name) and name in settings and given.get(name) != settings[name]:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} is another one than that of the run in the journal", hint=f"leave {option} out, or begin a new run"
            )


def _is_given(option: str) -> bool:
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def target_options(function: _Function) -> _Function:
    """`TARGET...` and the options that say what it is, handed over as one argument `asked`. Goes below `common_options`."""

    @functools.wraps(function)
    def command(
        *,
        target: tuple[str, ...],
        url: str | None,
        token_env: str | None,
        resources: str | None,
        max_requests: int | None,
        max_time: str | None,
        max_sends: int | None,
        no_effects: bool,
        rate_limit: str | None,
        seed: int,
        allowed_hosts: tuple[str, ...],
        drafts_are_safe: bool,
        **own: Any,
    ) -> Any:
        entry = _entry(target, own["common"].config)
        asked = Asked(
            names=target,
            entry=entry,
            url=url,
            token_env=token_env,
            resources=resources,
            allowed_hosts=tuple(name.strip() for spec in allowed_hosts for name in spec.split(",") if name.strip()),
            rate=_read(rate, rate_limit, "--rate-limit"),
            max_requests=max_requests or (entry.max_requests if entry is not None else None) or _MAX_REQUESTS,
            max_time=_first(_read(seconds, max_time, "--max-time"), entry.max_time if entry is not None else None, _MAX_TIME),
            max_sends=max_sends if max_sends is not None or entry is None else entry.max_sends,
            no_effects=no_effects or (entry is not None and entry.no_effects),
            drafts_are_safe=drafts_are_safe or (entry is not None and entry.drafts_are_safe),
            seed=seed,
        )
        return function(asked=asked, **own)

    decorated: Any = command
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return cast("_Function", decorated)


_OPTIONS = (
    click.argument("target", nargs=-1),
    click.option("--url", help="Base URL of the target. Without it each target is its own sandbox, started here."),
    click.option("--token-env", metavar="NAME", help="Variable with the credential of the target."),
    click.option(
        "--resources", metavar="FILE", help="What exists on the target: ids and numbers by parameter and label (YAML or JSON)."
    ),
    click.option("--max-requests", type=click.IntRange(1), help="Requests for each operation, all tiers. Default: 300."),
    click.option("--max-time", metavar="TIME", help="For the whole run: 50s, 10m. Default: 50s."),
    click.option(
        "--max-sends", type=click.IntRange(0), help="Texts that requests may cause, now and later. Default: any number."
    ),
    click.option("--no-effects", is_flag=True, help="Send only what texts nobody and makes nothing."),
    click.option("--rate-limit", metavar="RATE", help="Requests at most: 60/m, 5/s; auto: as the target's answers say."),
    click.option("--seed", type=int, default=0, show_default=True, help="Varies what is free to choose."),
    click.option(
        "--allowed-hosts",
        "allowed_hosts",
        multiple=True,
        metavar="HOST",
        help="A host besides this machine that may be probed. Repeatable.",
    ),
    click.option(
        "--drafts-are-safe", is_flag=True, help="Send what texts somebody although its recipient is not known to be reserved."
    ),
)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _read(reader: Callable[[str], Any], text: str | None, option: str) -> Any:
    if text is None:
        return None
    try:
        return reader(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", hint=error.hint) from None


def _entry(names: tuple[str, ...], config: str | None) -> TargetEntry | None:
    """The entry that is named; an entry is probed alone."""
    entries = load_config(config).targets
    named = [name for name in names if name in entries]
    known = [*entries, *shipped_contracts()]
    for name in names if entries else ():
        if name not in known and "/" not in name and not Path(name).is_file():
            raise UsageError(f"there is no target and no provider `{name}`", hint=nearest_hint(name, known))
    if named and len(names) > 1:
        raise UsageError(f"`{named[0]}` is a target of the configuration", hint="probe one such target at a time")
    return entries[named[0]] if named else None
