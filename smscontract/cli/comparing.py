"""`gate --against`: the same requests on another target first, or what a recording has of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from smscontract.against import compared
from smscontract.catalogue import Catalogue
from smscontract.cli.targets import Asked
from smscontract.config import load_config
from smscontract.errors import UnusableInput, UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Report
from smscontract.gate import Request, gate
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.plain import count_of, printable
from smscontract.recordings import read
from smscontract.terms import Terms

__all__ = ["run_against"]


def run_against(
    against: str,
    *,
    asked: Asked,
    config: str | None,
    catalogue: Catalogue,
    request: Request,
    run: Callable[[Request], Report],
) -> Report:
    """Runs the gate and compares the answers with those of another target or of a recording.

    Args:
        against: an entry of the configuration, a URL, or a recording that `gate --record` wrote.
        run: the gate on its own target.

    Raises:
        UsageError: none of the three.
        UnusableInput: the recording cannot be read, or is not one of the gate's.
    """
    # Answers hold numbers and texts of others: they stay in memory, and are in no file that was not asked for.
    other = _other(against, asked, config)
    olds = _exchanges(against) if other is None else _asked(other, catalogue, request)
    news: list[Exchange] = []
    report = run(replace(request, seen=news.append))
    found = compared(Judge(catalogue, Masker()), olds, news)
    what = "; ".join((f"{printable(against)}: {count_of(found.cases, 'case')}", *found.notes))
    return replace(report, against=what, changes=found.rows)


def _other(against: str, asked: Asked, config: str | None) -> Asked | None:
    """The other target, or `None` for a recording."""
    entries = load_config(config).targets
    if against in entries:
        return replace(asked, names=(against,), entry=entries[against], url=None, token_env=None, resources=None)
    if "://" in against:
        return replace(asked, url=against)
    if Path(against).is_file():
        return None
    raise UsageError(
        f"`{against}` is no target, no URL and no file",
        hint="name an entry of the configuration, or what `gate --record` wrote",
    )


def _asked(other: Asked, catalogue: Catalogue, request: Request) -> list[Exchange]:
    """What another target answers to the same plan."""
    found: list[Exchange] = []
    quiet = replace(request, terms=Terms(), record=None, promote=None, journal=None, past=None, seen=found.append)
    with other.targets(catalogue) as targets:
        secrets = [secret for one in targets for secret in one.secrets]
        gate(quiet, Judge(catalogue, Masker(secrets=secrets)), targets)
    return found


def _exchanges(path: str) -> list[Exchange]:
    found = [one for one in read([path]) if isinstance(one, Exchange)]
    if not any(one.own_record and one.origin.case for one in found):
        raise UnusableInput("no recording of the gate", file=path, hint="make one with `smscontract gate --record FILE`")
    return found
