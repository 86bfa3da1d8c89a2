"""`smscontract witnesses`: what was seen in all runs, recordings and test suites together."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import click

from smscontract import ledger_file
from smscontract.accounting import today_of
from smscontract.catalogue import load_catalogue
from smscontract.cli.options import contract_option, requirement_options, requirements_from
from smscontract.columns import table
from smscontract.ledger import SOURCES, Ledger
from smscontract.plain import count_of, printable
from smscontract.policy import Cause, combine
from smscontract.reports import _witnesses
from smscontract.seen import UNDATED, ClauseSeen, OperationSeen, Point
from smscontract.witnesses import seen

__all__ = ["command", "lines"]

_WIDTH = 80


@click.command("witnesses")
@click.argument("ledger", nargs=-1, required=True)
@contract_option
@click.option("--clauses", is_flag=True, help="Also a line for each clause: how often it was judged, and what broke.")
@click.option("--into", metavar="FILE", help="Also write all of it into one ledger.")
@requirement_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(  # noqa: PLR0917 - click passes options by name
    ledger: tuple[str, ...],
    contract: tuple[str, ...],
    clauses: bool,
    into: str | None,
    require_witness: tuple[str, ...],
    config: str | None,
    form: str,
) -> int:
    """Merges ledgers (`--ledger` of gate and validate writes them) and shows what was ever seen, by source.

    The order of the ledgers changes nothing.
    """
    requirements = requirements_from(require_witness, config)
    catalogue = load_catalogue(contract)
    requirements.check(catalogue)
    if into is not None:
        ledger_file.check_destination(into)
    whole, notes = Ledger(), []
    for path in dict.fromkeys(ledger):
        one, lost = ledger_file.load(path, catalogue)
        whole = whole.merge(one)
        notes += lost
    if into is not None:
        ledger_file.write(into, whole, catalogue)
    counted = {one.operation for one in whole.answers()}
    today = today_of(time.time())
    found = requirements.applied(
        seen(catalogue, whole, operations=[key for key in catalogue.operations if key in counted]), today
    )
    causes = list(requirements.unmet(found, catalogue, today))
    code = combine(cause.code for cause in causes)
    if form == "json":
        click.echo(json.dumps(_as_data(found, notes, causes, int(code)), indent=2))
    else:
        for line in lines(found, notes, causes, clauses=clauses):
            click.echo(line)
    return code


def _as_data(found: Sequence[OperationSeen], notes: Sequence[str], causes: Sequence[Cause], code: int) -> dict[str, Any]:
    """What was seen, as the JSON report has it under `witnesses`, with the counts of each day."""
    return {
        "version": 1,
        "exit_code": code,
        "causes": [cause.says for cause in causes],
        "notes": list(notes),
        "witnesses": _witnesses.as_data(found, days=True),
    }


def lines(found: Sequence[OperationSeen], notes: Sequence[str], causes: Sequence[Cause], *, clauses: bool) -> Iterator[str]:
    """What was seen, for people, 80 columns where names allow."""
    for one in found:
        total = sum(one.sources.values())
        yield f"{one.operation}   {count_of(total, 'exchange')}, {_witnesses.summary_line(one, 0).partition(';')[0]}"
        sources = [name for name in SOURCES if name in one.sources]
        rows = [["exchanges", *(str(one.sources[name]) for name in sources), one.first or UNDATED, one.last or UNDATED]]
        rows += [_row(point, point.name.removeprefix(f"{one.operation}/"), sources) for point in one.points]
        yield from table(["seen in", *sources, "first", "last"], rows, _WIDTH)
        never = [clause for clause in one.clauses if not clause.judged]
        yield f"  {len(one.clauses) - len(never)} of {count_of(len(one.clauses), 'clause')} judged"
        if clauses:
            rows = [
                [*_row(clause, clause.clause.removeprefix(f"{one.operation}/"), sources), str(clause.broken)]
                for clause in one.clauses
            ]
            yield from table(["judged", *sources, "first", "last", "broken"], rows, _WIDTH)
        for note in one.notes:
            yield f"  note  {printable(note)}"
        yield ""
    for note in notes:
        yield f"note  {printable(note)}"
    for cause in causes:
        yield f"because {printable(cause.says)}"
    if not found:
        yield "nothing was seen: the ledgers are empty"


def _row(one: Point | ClauseSeen, name: str, sources: Sequence[str]) -> list[str]:
    counts = [str(one.sources.get(source) or "-") for source in sources]
    missing = "waived" if one.waived else "never"
    days = [one.first or UNDATED, one.last or UNDATED] if one.sources else [missing, ""]
    return [printable(name), *counts, *days]
