"""`smscontract doctor`: whether a target is ready, and what a run there would cost."""

from __future__ import annotations

from dataclasses import replace

import click

from smscontract.cli.options import Common, common_options
from smscontract.cli.targets import Asked, target_options
from smscontract.errors import ExitCode
from smscontract.gate import Forecast, pretended
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.plain import count_of, printable
from smscontract.policy import combine
from smscontract.rates import Rate

__all__ = ["command"]


@click.command("doctor")
@common_options
@target_options
def command(asked: Asked, common: Common) -> int:
    """Looks whether TARGET is ready for `gate`: reachable, its clock, its key, what exists there; then says what a run would
    cost, text and not judge.

    Two requests are sent, both of which have to be refused. It takes the options of `gate` and ends with 0, or with 3 if a run
    could not tell anything.
    """
    from smscontract.doctor import checkup

    catalogue = asked.catalogue()
    codes: list[ExitCode] = []
    with asked.targets(catalogue, make=False) as targets:
        masker = common.masker([secret for one in targets for secret in one.secrets])
        judge = Judge(catalogue, masker)
        commands = asked.entry.commands() if asked.entry is not None else []
        for target in targets:
            if commands:
                made = pretended(target.resources, commands, judge, target.provider)
                target = replace(target, resources=made)  # noqa: PLW2901
            found = checkup(judge, target, asked.costs())
            codes.append(found.exit_code)
            for one in found.advice:
                click.echo(_shown(f"{one.grade:<8} {one.what:<10} {one.says}", masker))
                if one.hint:
                    click.echo(_shown(f"{'':<8} {'':<10} help  {one.hint}", masker))
            for parameter, label in commands:
                number = len(target.resources.entries(parameter, label))
                click.echo(
                    f"ok       resources  `{parameter}` that is {label}: a command is asked for {number} when the gate runs"
                )
            for costs in found.forecasts:
                _print(costs, target.rate, masker)
    code = combine(codes)
    click.echo("ready" if code is ExitCode.KEPT else f"not ready (exit code {int(code)})")
    return code


def _print(found: Forecast, rate: Rate, masker: Masker) -> None:
    click.echo(f"plan     {found.operation}")
    minutes = "" if found.minutes is None else f", {found.minutes:.1f} minutes at {rate}"
    click.echo(f"           {count_of(found.requests, 'request')} of {found.most} at most{minutes}; fuzzing takes the rest")
    click.echo(f"           {count_of(found.spends, 'resource')} used up; at most {found.now} texts now, {found.later} later")
    for (reason, hint), count in found.held.items():
        click.echo(
            _shown(f"           not sent: {count_of(count, 'request')}: {reason}" + (f"; {hint}" if hint else ""), masker)
        )


def _shown(text: str, masker: Masker) -> str:
    return printable(masker.scrub(text)).rstrip()
