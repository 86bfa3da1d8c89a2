"""`smscontract timeline`: since when a place has been null, absent, or of a certain kind."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from smscontract.addresses import without_credentials
from smscontract.catalogue import load_catalogue
from smscontract.clauses.kinds import kind_text
from smscontract.cli.options import config_option, contract_option
from smscontract.columns import table
from smscontract.config import load_config
from smscontract.errors import ExitCode
from smscontract.judge import Judge
from smscontract.plain import count_of, printable
from smscontract.seen import UNDATED
from smscontract.since import Since, since
from smscontract.timeline import Timeline, timeline

__all__ = ["as_data", "command", "lines", "since_data", "since_lines"]

_WIDTH = 80


@click.command("timeline")
@click.argument("operation")
@click.argument("place")
@click.argument("path", nargs=-1, required=True)
@contract_option
@click.option(
    "--where", multiple=True, metavar="PLACE=VALUE", help="Only answers that show this too; a member, null, absent. Repeatable."
)
@click.option("--by", type=click.Choice(["day", "hour"]), default="day", show_default=True, help="Length of a period, in UTC.")
@click.option(
    "--bisect",
    "shows",
    metavar="VALUE",
    help="Only find the first that shows this, by halves: few of many recordings are read. A member, null, absent.",
)
@config_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(
    *,
    operation: str,
    place: str,
    path: tuple[str, ...],
    contract: tuple[str, ...],
    where: tuple[str, ...],
    by: str,
    shows: str | None,
    config: str | None,
    form: str,
) -> int:
    """Shows what PLACE of OPERATION was, day by day: a value, null, absent, each member of an enum; and the first of each.

    OPERATION is provider.operationId; PLACE is for example got.modified_at, got.classifications[*].language or code; PATH is a
    recording or (by day only) a ledger. Values are never shown.
    """
    judge = Judge(load_catalogue(contract))
    how = load_config(config).recordings.reading()
    if shows is not None:
        result = since(judge, operation, place, path, shows, where=where, reading=how)
        result = without_credentials(result, judge.masker.url, path)
        told = json.dumps(since_data(result), indent=2).split("\n") if form == "json" else since_lines(result, shows)
        for line in told:
            click.echo(line)
        return ExitCode.UNUSABLE if result.problems else ExitCode.KEPT if result.read else ExitCode.CANNOT_TELL
    found = timeline(
        judge,
        operation,
        place,
        path,
        where=where,
        by=by,
        stdin=sys.stdin.buffer,
        reading=how,
    )
    found = without_credentials(found, judge.masker.url, path)
    if form == "json":
        click.echo(json.dumps(as_data(found), indent=2))
    else:
        for line in lines(found):
            click.echo(line)
    if found.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.UNUSABLE if found.problems else ExitCode.KEPT if found.answers else ExitCode.CANNOT_TELL


def since_lines(found: Since, shows: str) -> Iterator[str]:
    """The first that shows it, for people, and what that rests on."""
    what = printable(shows)
    if found.first is not None:
        yield f"first {what}  {found.first.time or UNDATED}  {printable(found.first.where)}"
    elif found.read:
        yield f"no {what} in the newest recording"
    if found.before is not None:
        yield f"  not in {printable(found.before)}, the last before it that was read"
    yield f"  read {len(found.read)} of {count_of(found.recordings, 'recording')}, as if what is there once stayed"
    if found.untimed:
        yield f"  left out: {count_of(found.untimed, 'recording')} without a time of this operation"
    for problem in found.problems:
        yield f"  not read  {printable(problem.place)}: {printable(problem.message)}"


def since_data(found: Since) -> dict[str, Any]:
    """The same for programs. `version` changes when a key changes its meaning or goes."""
    first = found.first
    return {
        "version": 1,
        "first": None if first is None else {"time": first.time, "file": first.file, "line": first.line, "entry": first.entry},
        "before": found.before,
        "read": found.read,
        "recordings": found.recordings,
        "untimed": found.untimed,
        "problems": [
            {"message": one.message, "file": one.file, "line": one.line, "entry": one.entry, "hint": one.hint}
            for one in found.problems
        ],
    }


def lines(found: Timeline) -> Iterator[str]:
    """The timeline for people, 80 columns where file names allow."""
    where = "".join(f", where {printable(one)}" for one in found.where)
    yield f"{found.operation}  {printable(found.place)}{where}"
    yield ""
    if found.answers:
        yield from _periods(found)
        yield ""
        yield from _first(found)
    else:
        yield "  no answer shows it"
    if found.never:
        yield f"  never seen: {', '.join(printable(kind_text(kind)) for kind in found.never)}"
    if found.untold:
        yield f"  {count_of(found.untold, 'answer')} in ledgers cannot be told by --where: signatures beyond the limit of a day"
    for note in found.notes:
        yield f"  note  {printable(note)}"
    for problem in found.problems:
        yield f"  not read  {printable(problem.place)}: {printable(problem.message)}"
    if found.interrupted:
        yield "  interrupted: not all of it was read"


def _periods(found: Timeline) -> Iterator[str]:
    kinds = found.kinds
    names = [printable(kind_text(kind)) for kind in kinds]
    rows = [
        [period, str(count), *(str(found.periods.get(period, Counter())[kind] or "-") for kind in kinds)]
        for period, count in sorted(found.answers.items())
    ]
    wide = list(table([f"{found.by} (UTC)", "answers", *names], rows, _WIDTH))
    if max(map(len, wide)) <= _WIDTH:
        yield from wide
        return
    tall = [
        [period, printable(kind_text(kind)), str(number)]
        for period in sorted(found.answers)
        for kind in kinds
        if (number := found.periods.get(period, Counter())[kind])
    ]
    yield from table([f"{found.by} (UTC)", "shows", "answers"], tall, _WIDTH)


def _first(found: Timeline) -> Iterator[str]:
    names = {kind: printable(kind_text(kind)) for kind in found.first}
    size = max(map(len, names.values()))
    yield "  first"
    for kind in found.kinds:
        first = found.first[kind]
        yield f"  {names[kind]:<{size}}  {first.time or UNDATED:<20}  {printable(first.where)}"


def as_data(found: Timeline) -> dict[str, Any]:
    """The timeline for programs. `version` changes when a key changes its meaning or goes."""
    return {
        "version": 1,
        "operation": found.operation,
        "place": found.place,
        "where": list(found.where),
        "by": found.by,
        "periods": [
            {
                "period": None if period == UNDATED else period,
                "answers": count,
                "shows": {kind_text(kind): number for kind, number in sorted(found.periods.get(period, Counter()).items())},
            }
            for period, count in sorted(found.answers.items())
        ],
        "first": [
            {"shows": kind_text(kind), "time": one.time, "file": one.file, "line": one.line, "entry": one.entry}
            for kind, one in ((kind, found.first[kind]) for kind in found.kinds)
        ],
        "never": [kind_text(kind) for kind in found.never],
        "untold": found.untold,
        "interrupted": found.interrupted,
        "notes": list(found.notes),
        "problems": [
            {"message": one.message, "file": one.file, "line": one.line, "entry": one.entry, "hint": one.hint}
            for one in found.problems
        ],
    }
