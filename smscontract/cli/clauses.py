"""`smscontract clauses`: every promise, one line each."""

from __future__ import annotations

import json

import click

from smscontract.catalogue import load_catalogue

__all__ = ["command"]


@click.command("clauses")
@click.argument("provider", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(provider: tuple[str, ...], form: str) -> None:
    """Lists every clause of PROVIDER: a shipped name, or the path of a contract or OpenAPI document. Default: all shipped."""
    catalogue = load_catalogue(provider)
    clauses = list(catalogue.clauses.values())
    if form == "json":
        click.echo(json.dumps([clause.as_json() for clause in clauses], indent=2, ensure_ascii=False))
        return
    for operation in catalogue.operations:
        mine = catalogue.of_operation(operation)
        click.echo(f"{operation}: {len(mine)} clauses")
        for clause in mine:
            click.echo(f"  {clause.level:<6}  {clause.id.removeprefix(f'{operation}/'):<50}  {clause.says}")
