"""`smscontract drift`: what recordings say that the contract does not, and what to add to it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from smscontract.addresses import without_credentials
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.cli.options import config_option, contract_option, masker_from, masking_options
from smscontract.cli.progress import reading
from smscontract.config import load_config
from smscontract.data import shipped_contracts
from smscontract.drift import Drift, Never, OperationDrift, Undeclared, drift
from smscontract.errors import ExitCode, UnusableInput, UsageError
from smscontract.findings import Where
from smscontract.judge import Judge
from smscontract.plain import count_of, printable, utc
from smscontract.suggestion import Suggestion, suggestions

__all__ = ["as_data", "command", "lines"]

_NAMED = 12


@click.command("drift")
@click.argument("path", nargs=-1, required=True)
@contract_option
@click.option("--operation", metavar="OP", help="What bare bodies belong to: provider.operationId.")
@click.option("--suggest", metavar="FOLDER", help="Write what to add as a contract of your own, instead of printing it.")
@config_option
@masking_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def command(
    *,
    path: tuple[str, ...],
    contract: tuple[str, ...],
    operation: str | None,
    suggest: str | None,
    config: str | None,
    reveal: bool,
    mask_key_env: str | None,
    form: str,
) -> int:
    """Shows fields, members of enums and statuses that recordings have and the contract does not, and what it allows that no
    answer showed; and suggests a contract that extends it.

    PATH is a file, a folder, a glob, or `-` for standard input. Values are shown only where they are few, short and harmless.
    """
    if suggest is not None and not Path(suggest).is_dir():
        raise UsageError(f"the folder of `--suggest {suggest}` does not exist", hint="make it first, or name another")
    catalogue = load_catalogue(contract)
    judge = Judge(catalogue, masker_from(reveal=reveal, mask_key_env=mask_key_env))
    how = load_config(config).recordings.reading()
    with reading() as progress:
        found = drift(judge, path, operation=operation, stdin=sys.stdin.buffer, progress=progress, reading=how)
    found = without_credentials(found, judge.masker.url, path)
    suggested = suggestions(catalogue, found.additions, why=_why(found), extends=_names(catalogue, suggest or "."))
    written = [name for one in suggested for name in _write(one, Path(suggest))] if suggest is not None else []
    if form == "json":
        click.echo(json.dumps(as_data(found, suggested), indent=2))
    else:
        for line in lines(found):
            click.echo(line)
        for line in _suggested(suggested, written):
            click.echo(line)
    return _code(found)


def _code(found: Drift) -> int:
    if found.interrupted:
        return ExitCode.INTERRUPTED
    if found.problems:
        return ExitCode.UNUSABLE
    return ExitCode.KEPT if found.operations else ExitCode.CANNOT_TELL


def _names(catalogue: Catalogue, folder: str) -> dict[str, str]:
    """How a contract in the folder names the one that it extends."""
    shipped = shipped_contracts()
    return {
        provider: os.path.relpath(contract.file, folder)
        for provider, contract in catalogue.contracts.items()
        if not (provider in shipped and contract.file == f"contracts/{shipped[provider].name}")
    }


def _why(found: Drift) -> str:
    times = [time for one in found.operations for time in (one.first, one.last) if time is not None]
    days = [text[:10] for time in (min(times), max(times)) if (text := utc(time)) is not None] if times else []
    return f"seen in recordings, {days[0]} to {days[1]}" if len(days) == 2 else "seen in recordings"


def _write(one: Suggestion, folder: Path) -> Iterator[str]:
    texts = {f"{one.provider}.yaml": one.contract, f"{one.provider}.overlay.yaml": one.overlay}
    for name, text in texts.items():
        try:
            with (folder / name).open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except FileExistsError:
            raise UsageError(
                "there is such a file already", file=str(folder / name), hint="name another folder, or move it away"
            ) from None
        except OSError as error:
            raise UnusableInput(f"the file cannot be written: {error.strerror}", file=str(folder / name)) from None
        yield str(folder / name)


# --- for people ------------------------------------------------------------------------------------------------------


def lines(found: Drift) -> Iterator[str]:
    """The drift for people."""
    for one in found.operations:
        yield from _operation(one)
    for shape, count in sorted(found.unmatched.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]:
        yield f"  of no operation  {printable(shape)}  {count_of(count, 'exchange')}"
    for problem in found.problems[:_NAMED]:
        yield f"  not read  {printable(problem.place)}: {printable(problem.message)}"
    if len(found.problems) > _NAMED:
        yield f"  not read  {len(found.problems) - _NAMED} more"
    if found.interrupted:
        yield f"  interrupted after {count_of(found.exchanges, 'exchange')}"


def _operation(one: OperationDrift) -> Iterator[str]:
    days = [text[:10] for time in (one.first, one.last) if (text := utc(time)) is not None]
    yield f"{one.operation}   {count_of(one.exchanges, 'exchange')}{', ' + ' to '.join(dict.fromkeys(days)) if days else ''}"
    new = [each for each in one.undeclared if not each.breaks]
    broken = [each for each in one.undeclared if each.breaks]
    for title, group in (("NEW  the contract does not have it", new), ("BROKEN  the contract says otherwise", broken)):
        if group:
            yield f"  {title}"
            for each in group:
                yield from _undeclared(each)
    if one.never:
        yield "  NEVER SEEN  the contract allows it"
        for never in one.never:
            yield f"    {_never(never)}"
    if not one.undeclared and not one.never:
        yield "  recordings and contract say the same"
    yield ""


def _undeclared(one: Undeclared) -> Iterator[str]:
    shape = f": {printable(one.shape.words())}" if one.what == "field" else ""
    yield f"    {printable(one.place)}  {one.what}{shape}, in {one.count} of {one.of}"
    if one.breaks:
        yield f"      breaks {one.breaks}"
    if one.what == "field" and one.shape.types and "null" not in one.shape.types:
        yield "      never null"
    if told := one.shape.told:
        yield f"      values {', '.join(f'{printable(value)} ({count})' for value, count in told.items())}"
    if one.first is not None and one.last is not None:
        yield f"      first {_where(one.first)}, last {_where(one.last)}"


def _where(where: Where) -> str:
    time = utc(where.time)
    return f"{time} {printable(str(where.origin))}" if time is not None else printable(str(where.origin))


def _never(never: Never) -> str:
    if not never.kinds:
        return f"{never.place}  no such answer in {never.answers}"
    kinds = [printable(kind) for kind in never.kinds]
    return f"{never.place}  {', '.join(kinds)}, in {never.answers}"


def _suggested(suggested: Sequence[Suggestion], written: Sequence[str]) -> Iterator[str]:
    for name in written:
        yield f"written  {printable(name)}"
    for one in () if written else suggested:
        yield f"# {one.provider}.yaml, used as `--contract {one.provider}.yaml`"
        yield from one.contract.splitlines()
        yield ""
        yield f"# {one.provider}.overlay.yaml"
        yield from one.overlay.splitlines()
        yield ""
    for one in suggested:
        if one.left_out:
            yield f"  {count_of(one.left_out, 'addition')} to {one.provider} not suggested: the document has no such place"


# --- for programs ----------------------------------------------------------------------------------------------------


def as_data(found: Drift, suggested: Sequence[Suggestion]) -> dict[str, Any]:
    """The drift for programs. `version` changes when a key changes its meaning or goes."""
    return {
        "version": 1,
        "exchanges": found.exchanges,
        "interrupted": found.interrupted,
        "operations": [
            {
                "operation": one.operation,
                "exchanges": one.exchanges,
                "first": utc(one.first),
                "last": utc(one.last),
                "undeclared": [_as_data(each) for each in one.undeclared],
                "never": [{"place": never.place, "kinds": list(never.kinds), "answers": never.answers} for never in one.never],
            }
            for one in found.operations
        ],
        "unmatched": [{"shape": shape, "count": count} for shape, count in sorted(found.unmatched.items())],
        "problems": [
            {"message": one.message, "file": one.file, "line": one.line, "entry": one.entry, "hint": one.hint}
            for one in found.problems
        ],
        "suggested": [
            {"provider": one.provider, "contract": one.contract, "overlay": one.overlay, "left_out": one.left_out}
            for one in suggested
        ],
    }


def _as_data(one: Undeclared) -> dict[str, Any]:
    return {
        "place": one.place,
        "what": one.what,
        "breaks": one.breaks or None,
        "count": one.count,
        "of": one.of,
        "types": dict(sorted(one.shape.types.items())),
        "values": one.shape.told,
        "first": _dated(one.first),
        "last": _dated(one.last),
    }


def _dated(where: Where | None) -> dict[str, Any] | None:
    return None if where is None else {**where.origin.where(), "time": utc(where.time)}
