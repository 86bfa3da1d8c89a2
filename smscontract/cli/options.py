"""Options that several commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar, cast

import click

from smscontract.accounting import Accounts
from smscontract.baseline import Baseline
from smscontract.config import load_config
from smscontract.errors import UsageError
from smscontract.findings import Report
from smscontract.imprint import labels_from
from smscontract.mask import Masker
from smscontract.needed import PREFIX
from smscontract.policy import FailOn, Selection
from smscontract.reports import Destination, destination, terminal, write
from smscontract.requirements import Requirements, requirement
from smscontract.terms import Terms

__all__ = [
    "Common",
    "common_options",
    "config_option",
    "contract_option",
    "masker_from",
    "masking_options",
    "requirement_options",
    "requirements_from",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _all(*decorators: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def masking_options(function: _Function) -> _Function:
    """`--reveal` and `--mask-key-env`."""
    return _all(
        click.option("--reveal", is_flag=True, help="Show phone numbers and texts in the clear. Credentials stay masked."),
        click.option("--mask-key-env", metavar="NAME", help="Variable with the key of the masks: equal stays equal over runs."),
    )(function)


def requirement_options(function: _Function) -> _Function:
    """`--require-witness` and `--config`."""
    return _all(
        click.option(
            "--require-witness",
            multiple=True,
            metavar="SHARE-OR-NAME",
            help="Exit 3 unless so much was seen: 90% of each operation's points, a point, a clause, or NAME*. Repeatable.",
        ),
        config_option,
    )(function)


def config_option(function: _Function) -> _Function:
    """`--config`."""
    return click.option(
        "--config", metavar="FILE", help="Default: smscontract.toml here, else [tool.smscontract] in pyproject.toml."
    )(function)


def contract_option(function: _Function) -> _Function:
    """`--contract`."""
    return click.option(
        "--contract",
        multiple=True,
        metavar="PROVIDER",
        help="A shipped provider, or the path of a contract or OpenAPI document. Repeatable. Default: all shipped.",
    )(function)


def masker_from(*, reveal: bool, mask_key_env: str | None, secrets: Iterable[str] = ()) -> Masker:
    """The masker that the options ask for.

    Raises:
        UsageError: the variable is not set or empty.
    """
    if mask_key_env is None:
        return Masker(reveal=reveal, secrets=secrets)
    key = os.environ.get(mask_key_env, "")
    if not key:
        raise UsageError(
            f"the variable `{mask_key_env}` is not set", hint="export it with a long random text, or leave the option out"
        )
    return Masker(key.encode(), reveal=reveal, secrets=secrets)


def requirements_from(require_witness: tuple[str, ...], config: str | None) -> Requirements:
    """What has to be seen: names of the configuration and of the options; a share in the options replaces the configured one.

    Raises:
        UsageError, UnusableInput: as `requirement` and `load_config`.
    """
    configured = load_config(config).witnesses
    asked = tuple(requirement(text) for text in require_witness)
    share = any(one.share is not None for one in asked)
    kept = tuple(one for one in configured.required if one.share is None or not share)
    return Requirements((*asked, *kept), configured.waivers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every command that judges takes: `@common_options` hands it over as the argument `common`.

    Attributes:
        terms: what is looked at, what counts, and what becomes of what was seen.
        destinations: where reports go beside the terminal.
        reveal: whether numbers and texts are shown in the clear.
        mask_key_env: the variable with the key of the masks.
        config: the file of the configuration, `None`: where it is looked for.
        needs: files of what consumers need.
    """

    terms: Terms
    destinations: tuple[Destination, ...]
    reveal: bool
    mask_key_env: str | None
    config: str | None
    needs: tuple[str, ...] = ()

    def contracts(self, names: Iterable[str]) -> tuple[str, ...]:
        """What the catalogue is made of: contracts by name or path, and what consumers need of them."""
        return (*names, *(f"{PREFIX}{file}" for file in self.needs))

    def masker(self, secrets: Iterable[str] = ()) -> Masker:
        """The masker that the options ask for; as `masker_from`."""
        return masker_from(reveal=self.reveal, mask_key_env=self.mask_key_env, secrets=secrets)

    def tell(self, report: Report) -> int:
        """Prints the report and writes it where it is wanted. The exit code.

        Raises:
            UnusableInput: a report cannot be written.
        """
        if not any(one.path == "-" for one in self.destinations):
            terminal.write(report, sys.stdout)
        for one in self.destinations:
            write(report, one, sys.stdout)
        return report.exit_code


def _baseline(file: str | None, *, update: bool, prune: bool, reason: str, owner: str, expires: date | None) -> Baseline | None:
    """What the options say of a baseline; without a file it may be that of a target.

    Raises:
        UsageError: there is something to write beside what is not written.
    """
    if (reason or owner or expires) and not update:
        raise UsageError("--reason, --owner and --expires are written by --baseline-update", hint="add --baseline-update")
    if file is None and not update and not prune:
        return None
    return Baseline(file=file or "", update=update, prune=prune, reason=reason, owner=owner, expires=expires)


def common_options(function: _Function) -> _Function:
    """What `gate` and `validate` share, handed over as one argument `common`."""

    @functools.wraps(function)
    def command(
        *,
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        fail_on: str,
        report: tuple[str, ...],
        label: tuple[str, ...],
        baseline: str | None,
        baseline_update: bool,
        baseline_prune: bool,
        reason: str,
        owner: str,
        expires: datetime | None,
        witnesses: str | None,
        ledger: str | None,
        require_witness: tuple[str, ...],
        config: str | None,
        needs: tuple[str, ...],
        reveal: bool,
        mask_key_env: str | None,
        **own: Any,
    ) -> Any:
        destinations = tuple(destination(spec) for spec in report)
        accounts = Accounts(details=witnesses or "", ledger=ledger, requirements=requirements_from(require_witness, config))
        common = Common(
            terms=Terms(
                selection=Selection(select, ignore),
                fail_on=FailOn(fail_on),
                accounts=accounts,
                labels=labels_from(label),
                baseline=_baseline(
                    baseline,
                    update=baseline_update,
                    prune=baseline_prune,
                    reason=reason,
                    owner=owner,
                    expires=expires.date() if expires is not None else None,
                ),
            ),
            destinations=destinations,
            reveal=reveal,
            mask_key_env=mask_key_env,
            config=config,
            needs=needs,
        )
        return function(common=common, **own)

    decorated = _all(
        click.option("--select", multiple=True, metavar="PREFIX", help="Only clauses whose id begins like this. Repeatable."),
        click.option(
            "--ignore", multiple=True, metavar="PREFIX", help="Not the clauses whose id begins like this. Repeatable."
        ),
        click.option(
            "--fail-on",
            type=click.Choice([str(step) for step in FailOn]),
            default=str(FailOn.MUST),
            show_default=True,
            help="What breaks the run; each step includes those before it.",
        ),
        click.option(
            "--report",
            multiple=True,
            metavar="FORMAT:PATH",
            help="Also write a report: github, html, json, junit, markdown, sarif, terminal. `-` is stdout.",
        ),
        click.option(
            "--needs",
            multiple=True,
            metavar="FILE",
            help="What a consumer needs of answers, held against them. Repeatable.",
        ),
        click.option("--baseline", metavar="FILE", help="What is known to be broken: only what it does not list fails."),
        click.option("--baseline-update", is_flag=True, help="Add to the baseline what fails, and renew what has expired."),
        click.option("--baseline-prune", is_flag=True, help="Take out of the baseline what is not broken any more."),
        click.option("--reason", default="", metavar="TEXT", help="With --baseline-update: why it is accepted."),
        click.option("--owner", default="", metavar="NAME", help="With --baseline-update: who looks after it."),
        click.option(
            "--expires",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="YYYY-MM-DD",
            help="With --baseline-update: the last day on which it is accepted.",
        ),
        click.option("--label", multiple=True, metavar="KEY=VALUE", help="Stands in every report, in the clear. Repeatable."),
        click.option(
            "--witnesses",
            type=click.Choice(["basic", "full"]),
            help="Show all that answers showed and never showed; full: with lengths and extremes.",
        ),
        click.option("--ledger", metavar="FILE", help="Write what was seen to a ledger, for `smscontract witnesses`."),
        requirement_options,
        masking_options,
    )(command)
    return cast("_Function", decorated)
