"""`smscontract prove`: break every clause and show that it is noticed."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.data import shipped_contracts
from smscontract.errors import ExitCode, UsageError
from smscontract.judge import Judge
from smscontract.plain import count_of
from smscontract.prove import Live, Proof, Result, prove
from smscontract.resources import Resources, load_resources

__all__ = ["command"]


@click.command("prove")
@click.argument("provider", nargs=-1)
@click.option("--app", metavar="MODULE:APP", help="Your own ASGI application, for the clauses that need a server.")
@click.option("--token-env", metavar="NAME", help="Variable with the credential of that application.")
@click.option("--resources", metavar="FILE", help="What exists in that application.")
@click.option("--pure", is_flag=True, help="Only on exchanges, without a server.")
@click.option("--select", multiple=True, metavar="PREFIX", help="Only clauses whose id begins like this. Repeatable.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(  # noqa: PLR0917 - click passes options by name
    provider: tuple[str, ...],
    app: str | None,
    token_env: str | None,
    resources: str | None,
    pure: bool,
    select: tuple[str, ...],
    form: str,
) -> int:
    """Breaks every clause of PROVIDER and shows that exactly this clause is named. Default: all shipped providers.

    Clauses on one answer are broken by changing exchanges that keep the contract; the rest in a running server: the sandbox, or
    your own application. Ends with 1 if a clause is broken and nobody notices.
    """
    catalogue = load_catalogue(provider)
    clauses = [clause for clause in catalogue.clauses.values() if not select or clause.id.startswith(select)]
    if not clauses:
        raise UsageError("no clause begins like that", hint="`smscontract clauses` lists them")
    live = None if pure else _live(catalogue, app, token_env, resources)

    def told(result: Result) -> None:
        if form == "text" and result.verdict != "killed":
            click.echo(f"{result.verdict:<9} {result.clause}\n          {result.reason}")

    proof = prove(Judge(catalogue), live=live, clauses=clauses, told=told)
    if form == "json":
        click.echo(json.dumps(_as_json(proof), indent=2))
    else:
        _print(proof)
    survived = any(one.verdict == "survived" for one in proof.results)
    return ExitCode.BROKEN if survived or proof.false_alarms else ExitCode.KEPT


def _live(catalogue: Catalogue, app: str | None, token_env: str | None, resources: str | None) -> Live | None:
    """Servers for the clauses that need one; `None` where nobody has one."""
    from smscontract.broken import broken_app, broken_sandbox, load_app

    if app is not None:
        if len(catalogue.contracts) != 1:
            raise UsageError("--app needs exactly one provider", hint="name it before --app")
        token = os.environ.get(token_env) if token_env is not None else None
        if token_env is not None and not token:
            raise UsageError(f"the variable `{token_env}` is not set", hint="export it with the credential of the application")
        found = load_resources(resources) if resources is not None else Resources()
        return broken_app(catalogue, load_app(app), token=token, resources=found)
    if set(catalogue.contracts) <= set(shipped_contracts()):
        return broken_sandbox(catalogue)
    return None


def _print(proof: Proof) -> None:
    for alarm in proof.false_alarms:
        click.echo(f"false alarm  {alarm}")
    servers = [one for one in proof.results if one.how == "server"]
    noticed = sum(one.neighbours[0] for one in proof.results)
    click.echo(f"on exchanges: {count_of(noticed, 'broken exchange')} noticed")
    if servers:
        firsts = sorted(one.request for one in servers if one.request is not None)
        middle = f", first noticed by request {firsts[len(firsts) // 2]} in the median" if firsts else ""
        click.echo(f"in a server:  {count_of(len(servers), 'clause')} broken{middle}")
    click.echo(
        f"kept as well: {count_of(proof.variations, 'variation')} that keep the contract, {count_of(len(proof.false_alarms), 'false alarm')}"
    )
    cannot = sum(one.verdict == "cannot" for one in proof.results)
    if cannot:
        click.echo(f"{count_of(cannot, 'clause')} cannot be broken")
    click.echo(f"{proof.bite} of {len(proof.results)} clauses bite")


def _as_json(proof: Proof) -> dict[str, Any]:
    return {
        "version": 1,
        "bite": proof.bite,
        "clauses": len(proof.results),
        "seconds": proof.seconds,
        "variations": proof.variations,
        "false_alarms": list(proof.false_alarms),
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
            for one in proof.results
        ],
    }
