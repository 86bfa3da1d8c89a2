"""Recordings in, a report out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from smscontract.accounting import Accounts
from smscontract.errors import ExitCode
from smscontract.findings import Finding, Problem, Report
from smscontract.judge import Judge
from smscontract.policy import Cause, FailOn, Selection, settle
from smscontract.recordings import read
from smscontract.summary import Summary

__all__ = ["Request", "validate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to judge.

    Attributes:
        paths: files, folders, globs, `-`.
        operation, side, status: what bare bodies are.
        format: the format of all files, instead of looking at each.
        accounts: what becomes of what was seen.
    """

    paths: Sequence[str]
    operation: str | None = None
    side: str | None = None
    status: int | None = None
    format: str | None = None
    selection: Selection = field(default_factory=Selection)
    fail_on: FailOn = FailOn.MUST
    accounts: Accounts = field(default_factory=Accounts)


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
    request.selection.check(judge.catalogue.clauses)
    request.accounts.check(judge.catalogue)
    operation = judge.catalogue.operation(request.operation).key if request.operation is not None else None
    summary = Summary(judge, request.selection, ranges=request.accounts.ranges)
    more: list[Cause] = []
    found = read(
        request.paths,
        stdin=stdin,
        operation=operation,
        side=request.side,
        status=request.status,
        format=request.format,
        progress=progress,
    )
    try:
        for one in found:
            if isinstance(one, Problem):
                summary.add_problem(one)
            else:
                summary.add(one)
    except KeyboardInterrupt:
        more.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {summary.exchanges} exchanges"))
    report = summary.report(now=now, command="validate", again=_again)
    report, missing = request.accounts.close(report, summary.ledger, judge.catalogue)
    more += missing
    return settle(report, fail_on=request.fail_on, more=more)


def _again(finding: Finding) -> str:
    return f"smscontract validate {shlex.quote(finding.origin.file or '-')} --select {finding.clause}"
