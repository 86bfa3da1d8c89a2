"""`smscontract gate`: probe a running server, judge every answer, print a verdict."""

from __future__ import annotations

import time
from collections import Counter

import click

from smscontract.catalogue import load_catalogue
from smscontract.cli.options import Common, common_options
from smscontract.documents.rules import seconds
from smscontract.errors import UsageError
from smscontract.gate import Request, Target, gate, planned, targets_of
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.plain import count_of, printable

__all__ = ["command"]


@click.command("gate")
@click.argument("target", nargs=-1)
@click.option("--url", help="Base URL of the target. Without it each target is its own sandbox, started here.")
@click.option("--token-env", metavar="NAME", help="Variable with the credential of the target.")
@click.option(
    "--resources", metavar="FILE", help="What exists on the target: ids and numbers by parameter and label (YAML or JSON)."
)
@click.option(
    "--max-requests", type=click.IntRange(1), default=300, show_default=True, help="Requests for each operation, all tiers."
)
@click.option("--max-time", default="50s", show_default=True, metavar="TIME", help="For the whole run: 50s, 10m.")
@click.option(
    "--fuzz", type=click.IntRange(0), help="Fuzz cases for each operation. Default: what the plan leaves of the budget."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Varies what is free to choose.")
@click.option("--record", metavar="FILE", help="Record every exchange, bodies in the clear, credentials replaced.")
@click.option("--promote", metavar="DIR", help="Keep what fuzzing finds there, one recording each; later runs send it first.")
@click.option(
    "--allowed-hosts",
    "allowed_hosts",
    multiple=True,
    metavar="HOST",
    help="A host besides this machine that may be probed. Repeatable.",
)
@click.option(
    "--drafts-are-safe", is_flag=True, help="Send what texts somebody although its recipient is not known to be reserved."
)
@click.option("--dry-run", is_flag=True, help="Print every request of the plan and send none.")
@common_options
def command(  # noqa: PLR0917 - click passes options by name
    target: tuple[str, ...],
    url: str | None,
    token_env: str | None,
    resources: str | None,
    max_requests: int,
    max_time: str,
    fuzz: int | None,
    seed: int,
    record: str | None,
    promote: str | None,
    allowed_hosts: tuple[str, ...],
    drafts_are_safe: bool,
    dry_run: bool,
    common: Common,
) -> int:
    """Probes TARGET, judges every answer and prints a verdict. TARGET is a shipped provider or the path of a contract.

    Without --url a correct server of the provider is started here and probed. Only this machine is probed unless
    --allowed-hosts names another.
    """
    try:
        limit = seconds(max_time)
    except UsageError as error:
        raise UsageError(f"--max-time: {error.message}", hint=error.hint) from None
    catalogue = load_catalogue(target)
    hosts = [name.strip() for spec in allowed_hosts for name in spec.split(",") if name.strip()]
    request = Request(
        max_requests=max_requests,
        max_time=limit,
        fuzz=fuzz,
        seed=seed,
        record=record,
        promote=promote,
        drafts_are_safe=drafts_are_safe,
        terms=common.terms,
    )
    with targets_of(catalogue, url=url, token_env=token_env, resources=resources, allowed_hosts=hosts, seed=seed) as targets:
        masker = common.masker([one.token for one in targets if one.token])
        judge = Judge(catalogue, masker)
        if dry_run:
            for one in targets:
                _print_plan(judge, one, request, masker)
            return 0
        result = gate(request, judge, targets, now=time.time)
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
