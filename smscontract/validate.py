"""Recordings in, a report out."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from smscontract.errors import ExitCode
from smscontract.findings import Finding, Problem, Report
from smscontract.judge import Judge
from smscontract.mapping import LogMapping
from smscontract.plain import count_of
from smscontract.policy import Cause
from smscontract.recordings import read
from smscontract.summary import Summary
from smscontract.terms import Terms

__all__ = ["Request", "validate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to judge.

    Attributes:
        paths: files, folders, globs, `-`.
        operation, side, status: what bare bodies are.
        format: the format of all files, instead of looking at each.
        mappings: how logs of other shapes are read.
        contracts: names or paths that the catalogue was made of, for the command that shows a finding again.
        terms: what is looked at, what counts, and what becomes of what was seen.
    """

    paths: Sequence[str]
    operation: str | None = None
    side: str | None = None
    status: int | None = None
    format: str | None = None
    mappings: Sequence[LogMapping] = ()
    contracts: Sequence[str] = ()
    terms: Terms = field(default_factory=Terms)


def validate(
    request: Request,
    judge: Judge,
    *,
    now: float,
    stdin: BinaryIO | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Judges everything in the recordings, one exchange after the other.

    Args:
        now: seconds since 1970 UTC; the age of the newest answer is told from it.
        stdin: what `-` stands for.
        progress: called with the bytes read so far and in all.

    Raises:
        UsageError, UnusableInput: before anything is read. What turns up later is a `Problem` in the report.
    """
    request.terms.check(judge.catalogue)
    operation = judge.catalogue.operation(request.operation).key if request.operation is not None else None
    summary = Summary(judge, request.terms.selection, ranges=request.terms.accounts.ranges)
    more: list[Cause] = []
    found = read(
        request.paths,
        stdin=stdin,
        operation=operation,
        side=request.side,
        status=request.status,
        format=request.format,
        mappings=request.mappings,
        progress=progress,
    )
    try:
        for one in found:
            if isinstance(one, Problem):
                summary.add_problem(one)
            else:
                summary.add(one)
    except KeyboardInterrupt:
        more.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {count_of(summary.exchanges, 'exchange')}"))
    except Exception as error:  # noqa: BLE001 - our bug, whatever it is; what was judged before it is told all the same
        more.append(Cause(ExitCode.INTERNAL, _bug(error)))
    report = summary.report(now=now, command="validate", again=lambda finding: _again(finding, request))
    summary.facts.close()
    return request.terms.close(report, summary.ledger, judge.catalogue, more=more)


def _again(finding: Finding, request: Request) -> str:
    words = ["smscontract", "validate", finding.origin.file or "-"]
    for name in request.contracts:
        words += ["--contract", name]
    for option, value in (("operation", request.operation), ("side", request.side), ("status", request.status)):
        words += [f"--{option}", str(value)] if value is not None else []
    words += ["--format", request.format] if request.format is not None else []
    return shlex.join([*words, "--select", finding.clause])


def _bug(error: Exception) -> str:
    """What can be said of our own error: its kind and place. Its text may hold anybody's values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error: {type(error).__name__} at {frame.filename.rpartition('smscontract/')[2]}:{frame.lineno}"
