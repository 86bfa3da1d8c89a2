"""`smscontract prove`: break every clause and show that it is noticed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.data import shipped_contracts
from smscontract.errors import ExitCode, UsageError
from smscontract.judge import Judge
from smscontract.plain import count_of
from smscontract.prove import Result, Servers, false_alarms, prove

__all__ = ["command"]


@click.command("prove")
@click.argument("provider", nargs=-1)
@click.option("--app", metavar="MODULE:APP", help="Your own ASGI application, for the clauses that need a server.")
@click.option("--token-env", metavar="NAME", help="Variable with the credential of that application.")
@click.option("--resources", metavar="FILE", help="What exists in that application.")
@click.option("--pure", is_flag=True, help="Only on exchanges, without a server.")
@click.option("--select", multiple=True, metavar="PREFIX", help="Only clauses whose id begins like this. Repeatable.")
@click.option("--workers", type=click.IntRange(1), help="Processes. Default: two more than there are processors.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(  # noqa: PLR0917 - click passes options by name
    provider: tuple[str, ...],
    app: str | None,
    token_env: str | None,
    resources: str | None,
    pure: bool,
    select: tuple[str, ...],
    workers: int | None,
    form: str,
) -> int:
    """Breaks every clause of PROVIDER and shows that exactly this clause is named. Default: all shipped providers.

    Clauses on one answer are broken by changing exchanges that keep the contract; the rest in a running server: the sandbox, or
    your own application. Ends with 1 if a clause is broken and nobody notices.
    """
    started = time.monotonic()
    names = provider or tuple(shipped_contracts())
    catalogue = load_catalogue(names)
    clauses = [identity for identity in catalogue.clauses if not select or identity.startswith(select)]
    if not clauses:
        raise UsageError("no clause begins like that", hint="`smscontract clauses` lists them")
    servers = None if pure else _servers(catalogue, app, token_env, resources)
    results = []
    # Two more than there are processors: some clauses do nothing but wait for slow answers.
    for result in prove(names, servers=servers, clauses=clauses, workers=workers or (os.cpu_count() or 1) + 2):
        results.append(result)
        if form == "text" and result.verdict != "killed":
            click.echo(f"{result.verdict:<9} {result.clause}\n          {result.reason}")
    order = {identity: index for index, identity in enumerate(clauses)}
    results.sort(key=lambda one: order[one.clause])
    count, alarms = false_alarms(Judge(catalogue))
    if form == "json":
        click.echo(json.dumps(_as_json(results, count, alarms, time.monotonic() - started), indent=2))
    else:
        _print(results, count, alarms)
    survived = any(one.verdict == "survived" for one in results)
    return ExitCode.BROKEN if survived or alarms else ExitCode.KEPT


def _servers(catalogue: Catalogue, app: str | None, token_env: str | None, resources: str | None) -> Servers | None:
    """Servers for the clauses that need one; `None` where nobody has one."""
    from smscontract.broken import broken_app, broken_sandbox, load_app

    if app is not None:
        if len(catalogue.contracts) != 1:
            raise UsageError("--app needs exactly one provider", hint="name it before --app")
        token = os.environ.get(token_env) if token_env is not None else None
        if token_env is not None and not token:
            raise UsageError(f"the variable `{token_env}` is not set", hint="export it with the credential of the application")
        load_app(app)  # an application that cannot be loaded is better told of here than by every worker
        return partial(broken_app, spec=app, token=token, resources=resources)
    if set(catalogue.contracts) <= set(shipped_contracts()):
        return broken_sandbox
    return None


def _print(results: Sequence[Result], count: int, alarms: Sequence[str]) -> None:
    for alarm in alarms:
        click.echo(f"false alarm  {alarm}")
    servers = [one for one in results if one.how == "server"]
    noticed = sum(one.neighbours[0] for one in results)
    click.echo(f"on exchanges: {count_of(noticed, 'broken exchange')} noticed")
    if servers:
        firsts = sorted(one.request for one in servers if one.request is not None)
        middle = f", first noticed by request {firsts[len(firsts) // 2]} in the median" if firsts else ""
        click.echo(f"in a server:  {count_of(len(servers), 'clause')} broken{middle}")
    click.echo(f"kept as well: {count_of(count, 'variation')} that keep the contract, {count_of(len(alarms), 'false alarm')}")
    cannot = sum(one.verdict == "cannot" for one in results)
    if cannot:
        click.echo(f"{count_of(cannot, 'clause')} cannot be broken")
    click.echo(f"{_bite(results)} of {len(results)} clauses bite")


def _bite(results: Sequence[Result]) -> int:
    return sum(one.verdict == "killed" for one in results)


def _as_json(results: Sequence[Result], count: int, alarms: Sequence[str], seconds: float) -> dict[str, Any]:
    return {
        "version": 1,
        "bite": _bite(results),
        "clauses": len(results),
        "seconds": round(seconds, 1),
        "variations": count,
        "false_alarms": list(alarms),
        "results": [
            {
                "clause": one.clause,
                "verdict": one.verdict,
                "how": one.how,
                "noticed": one.neighbours[0],
                "neighbours": one.neighbours[1],
                "reason": one.reason,
                "request": one.request,
            }
            for one in results
        ],
    }
