"""`smscontract diff`: two versions of a contract, clause by clause."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from smscontract import ledger_file
from smscontract.catalogue import load_catalogue
from smscontract.contract_diff import PROVIDER, READERS, SENDERS, Change, breaking, compare
from smscontract.errors import ExitCode, UsageError
from smscontract.ledger import Ledger
from smscontract.plain import count_of, printable

__all__ = ["command", "lines"]

_WIDTH = 80
_WHOM = {"users": (READERS, SENDERS), "provider": (PROVIDER,), "anybody": (READERS, SENDERS, PROVIDER), "nobody": ()}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--ledger", multiple=True, metavar="FILE", help="What was ever seen (`--ledger` of gate and validate). Repeatable."
)
@click.option(
    "--fail-for",
    type=click.Choice(list(_WHOM)),
    default="users",
    show_default=True,
    help="Whom a change has to break to end with 1. Users send requests and read answers.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(old: str, new: str, ledger: tuple[str, ...], fail_for: str, form: str) -> int:
    """Compares two versions of a contract: what was added, removed, loosened or tightened, and whom it breaks.

    OLD and NEW are shipped providers, or paths of contracts or OpenAPI documents.
    """
    before, after = load_catalogue((old,)), load_catalogue((new,))
    if not before.operations.keys() & after.operations.keys():
        names = (", ".join(printable(key) for key in one.operations) for one in (before, after))
        raise UsageError(
            f"`{old}` and `{new}` are no versions of one contract: they share no operation",
            hint="the first has {}, the second {}".format(*names),
        )
    whole: Ledger | None = None
    notes: list[str] = []
    for path in dict.fromkeys(ledger):
        one, lost = ledger_file.load(path, before)
        whole = one if whole is None else whole.merge(one)
        notes += lost
    changes = compare(before, after, whole)
    hurt = breaking(changes, _WHOM[fail_for])
    code = ExitCode.BROKEN if hurt else ExitCode.KEPT
    if form == "json":
        rows = [
            {
                "clause": one.clause,
                "kind": one.kind,
                "says": one.says,
                "breaks": list(one.breaks),
                "evidence": one.evidence or None,
            }
            for one in changes
        ]
        data = {"version": 1, "exit_code": int(code), "breaking": len(hurt), "notes": notes, "changes": rows}
        click.echo(json.dumps(data, indent=2))
    else:
        for line in lines(changes, hurt, notes):
            click.echo(line)
    return int(code)


def lines(changes: Sequence[Change], hurt: Sequence[Change], notes: Sequence[str]) -> Iterator[str]:
    """All changes, for people, 80 columns where names allow: first those that break somebody."""
    others = [one for one in changes if one not in hurt]
    for title, rows in (("BREAKING", hurt), ("OTHER CHANGES", others)):
        if rows:
            yield f"{title}  {count_of(len(rows), 'change')}"
            yield ""
        for one in rows:
            whom = f"   breaks {' and '.join(one.breaks)}" if one.breaks else ""
            yield f"{one.kind:<9}  {printable(one.clause)}{whom}"
            for text in (one.says, one.evidence):
                yield from textwrap.wrap(printable(text), _WIDTH, initial_indent=" " * 11, subsequent_indent=" " * 11)
        if rows:
            yield ""
    for note in notes:
        yield f"note  {printable(note)}"
    kinds = Counter(one.kind for one in changes)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    yield f"{count_of(len(changes), 'change')}{f': {counted}' if counted else ''}; {len(hurt)} breaking"
