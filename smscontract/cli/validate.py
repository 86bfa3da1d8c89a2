"""`smscontract validate`: recordings judged by the contract."""

from __future__ import annotations

import sys
import time

import click

from smscontract.catalogue import load_catalogue
from smscontract.cli.options import Common, common_options, contract_option
from smscontract.cli.progress import reading
from smscontract.errors import UsageError
from smscontract.judge import Judge
from smscontract.recordings import format_names
from smscontract.validate import Request, validate

__all__ = ["command"]


@click.command("validate")
@click.argument("path", nargs=-1, required=True)
@contract_option
@click.option("--operation", metavar="OP", help="What bare bodies belong to: provider.operationId.")
@click.option("--side", type=click.Choice(["request", "response"]), help="What bare bodies are.")
@click.option("--status", type=click.IntRange(100, 599), help="The status of the answers whose bodies they are.")
@click.option("--format", "form", type=click.Choice(format_names()), help="The format of all files. Default: look at each.")
@common_options
def command(  # noqa: PLR0917 - click hands over every option by name
    path: tuple[str, ...],
    contract: tuple[str, ...],
    operation: str | None,
    side: str | None,
    status: int | None,
    form: str | None,
    common: Common,
) -> int:
    """Judges recorded exchanges: HAR files, vcrpy cassettes, JSON Lines, bare JSON bodies.

    PATH is a file, a folder, a glob, or `-` for standard input.
    """
    judge = Judge(load_catalogue(contract), common.masker())
    if operation is None and (side is not None or status is not None):
        raise UsageError("--side and --status say what bare bodies are", hint="add --operation provider.operationId")
    request = Request(
        paths=path,
        operation=operation,
        side=side,
        status=status,
        format=form,
        contracts=contract,
        terms=common.terms,
    )
    with reading() as progress:
        result = validate(request, judge, now=time.time(), stdin=sys.stdin.buffer, progress=progress)
    return common.tell(result)
