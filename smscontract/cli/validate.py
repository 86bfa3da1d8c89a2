"""`smscontract validate`: recordings judged by the contract."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import click

from smscontract.catalogue import load_catalogue
from smscontract.cli.options import Common, common_options, contract_option
from smscontract.cli.progress import reading
from smscontract.cli.scale import Scale, scale_options
from smscontract.config import load_config
from smscontract.errors import UsageError
from smscontract.judge import Judge
from smscontract.policy import Allowance
from smscontract.recordings import format_names
from smscontract.validate import Request, validate

__all__ = ["command"]


@click.command("validate")
@click.argument("path", nargs=-1, required=True)
@contract_option
@click.option("--operation", metavar="OP", help="What bare bodies belong to: provider.operationId.")
@click.option("--side", type=click.Choice(["request", "response"]), help="What bare bodies are.")
@click.option("--status", type=click.IntRange(100, 599), help="The status of the answers whose bodies they are.")
@click.option(
    "--format",
    "form",
    metavar="NAME",
    help=f"The format of all files: {', '.join(format_names())}, or a mapping of the configuration. Default: look at each.",
)
@click.option(
    "--allow-unreadable",
    metavar="N",
    default="0",
    help="Do not exit 2 for so many lines and entries that cannot be read, or for such a share: 20, 0.5%.",
)
@scale_options
@common_options
def command(  # noqa: PLR0917 - click hands over every option by name
    path: tuple[str, ...],
    contract: tuple[str, ...],
    operation: str | None,
    side: str | None,
    status: int | None,
    form: str | None,
    allow_unreadable: str,
    scale: Scale,
    common: Common,
) -> int:
    """Judges recorded exchanges: HAR files, cassettes, JSON Lines, logs of any shape, bare JSON bodies.

    PATH is a file, a folder, a glob, a URL, or `-` for standard input.
    """
    contract = common.contracts(contract)
    judge = Judge(load_catalogue(contract), scale.masker(common))
    if operation is None and (side is not None or status is not None):
        raise UsageError("--side and --status say what bare bodies are", hint="add --operation provider.operationId")
    configured = load_config(common.config).recordings
    request = Request(
        paths=path,
        operation=operation,
        side=side,
        status=status,
        format=form,
        mappings=configured.mappings,
        routes=configured.routes or None,
        contracts=contract,
        choice=scale.choice,
        workers=scale.workers,
        doing=scale.doing,
        resume=scale.resume,
        shard=scale.shard,
        terms=replace(common.terms, unreadable=Allowance.parse(allow_unreadable)),
    )
    with reading() as progress:
        result = validate(request, judge, now=time.time(), stdin=sys.stdin.buffer, progress=progress)
    return common.tell(result)
