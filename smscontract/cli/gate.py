"""`smscontract gate`: probe a running server, judge every answer, print a verdict."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import click

from smscontract.cli.comparing import run_against
from smscontract.cli.options import Common, common_options
from smscontract.cli.targets import Asked, refuse_other_settings, target_options
from smscontract.gate import Request, Target, gate, planned, read_journal
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.plain import count_of, printable
from smscontract.resources import resources_from

__all__ = ["command"]


@click.command("gate")
@common_options
@target_options
@click.option(
    "--fuzz", type=click.IntRange(0), help="Fuzz cases for each operation. Default: what the plan leaves of the budget."
)
@click.option("--record", metavar="FILE", help="Record every exchange, bodies in the clear, credentials replaced.")
@click.option("--promote", metavar="DIR", help="Keep what fuzzing finds there, one recording each; later runs send it first.")
@click.option("--journal", metavar="FILE", help="Write down each request before it goes, for --resume.")
@click.option("--resume", metavar="JOURNAL", help="Finish a run that was killed: nothing that was sent is sent again.")
@click.option(
    "--against", metavar="WHAT", help="Also say what differs from another target, a URL, or yesterday's --record of this one."
)
@click.option("--dry-run", is_flag=True, help="Print every request of the plan and send none.")
def command(  # noqa: PLR0917 - click passes options by name
    fuzz: int | None,
    record: str | None,
    promote: str | None,
    journal: str | None,
    resume: str | None,
    against: str | None,
    dry_run: bool,
    asked: Asked,
    common: Common,
) -> int:
    """Probes TARGET, judges every answer and prints a verdict. TARGET is an entry of the configuration (`[targets.NAME]`), a
    shipped provider, or the path of a contract.

    Without --url a correct server of the provider is started here and probed. Only this machine is probed unless an entry or
    --allowed-hosts names another.
    """
    past = read_journal(resume) if resume is not None else None
    if past is not None:
        refuse_other_settings(past.settings)
        asked, fuzz = asked.as_before(past.settings), past.settings.get("fuzz")
        journal = resume
    catalogue = asked.catalogue(common.contracts(()))
    request = Request(
        max_requests=asked.max_requests,
        max_time=asked.max_time,
        max_sends=asked.max_sends,
        no_effects=asked.no_effects,
        fuzz=fuzz,
        seed=asked.seed,
        record=record,
        promote=promote,
        drafts_are_safe=asked.drafts_are_safe,
        terms=asked.terms(common.terms),
        journal=journal or (asked.entry.journal if asked.entry is not None else None),
        past=past,
    )
    with asked.targets(catalogue, make=not dry_run and past is None) as targets:
        if past is not None:
            known = resources_from(past.resources, past.file)
            targets = [replace(one, resources=known) for one in targets]  # noqa: PLW2901 - those of the run before
        masker = common.masker([secret for one in targets for secret in one.secrets])
        judge = Judge(catalogue, masker)
        if dry_run:
            for one in targets:
                _print_plan(judge, one, request, masker)
            return 0
        if against is None:
            result = gate(request, judge, targets, now=time.time)
        else:
            result = run_against(
                against,
                asked=asked,
                config=common.config,
                catalogue=catalogue,
                request=request,
                run=lambda wanted: gate(wanted, judge, targets, now=time.time),
            )
    return common.tell(result)


def _print_plan(judge: Judge, target: Target, request: Request, masker: Masker) -> None:
    for kit, plan in planned(judge, target, seed=request.seed, promote=request.promote):
        used = count_of(plan.spends, "resource")
        click.echo(f"{kit.operation.key}: {count_of(plan.requests, 'request')}, {used} used up, plan {plan.digest()}")
        number = 1
        for case in plan.cases:
            path, _ = kit.target(case.entries, case.query, case.spelling)
            name = _shown(case.name, masker)
            # Ids are needed to find a request again; telephone numbers are not.
            numbers = any(one.where == "path" and one.node.mask == "phone" for one in kit.operation.parameters)
            where = _shown(path, masker) if numbers else printable(path)
            body = f"  {_shown(case.body.decode('utf-8', 'backslashreplace'), masker)}" if case.body else ""
            method = case.method or kit.operation.method
            click.echo(f"  {number:>3}  {name:<44}  {method} {where}  credential {case.credential}{body}")
            number += case.together
        reasons = Counter((lack.reason, lack.hint) for lack in plan.lacks)
        for (reason, hint), count in reasons.items():
            click.echo(f"  not judged  {count_of(count, 'clause')}: {_shown(reason, masker)}; {_shown(hint, masker)}")
        for note in plan.notes:
            click.echo(f"  {_shown(note, masker)}")


def _shown(text: str, masker: Masker) -> str:
    return printable(masker.scrub(text))
