"""`smscontract merge`: the shards of a job as one report."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from smscontract.catalogue import load_catalogue
from smscontract.cli.options import Common, common_options, contract_option
from smscontract.judge import Judge
from smscontract.merge import merge
from smscontract.policy import Allowance

__all__ = ["command"]


@click.command("merge")
@click.argument("part", nargs=-1, required=True)
@contract_option
@click.option("--allow-unreadable", metavar="N", default="0", help="As of `smscontract validate`.")
@common_options
def command(part: tuple[str, ...], contract: tuple[str, ...], allow_unreadable: str, common: Common) -> int:
    """Puts parts together that `validate --shard I/N --part FILE` has written: report, exit code and ledger are those of all
    recordings judged at once.

    Each shard has to be there once, in any order.
    """
    judge = Judge(load_catalogue(common.contracts(contract)), common.masker())
    terms = replace(common.terms, unreadable=Allowance.parse(allow_unreadable))
    return common.tell(merge(part, judge, terms, now=time.time(), contracts=contract))
