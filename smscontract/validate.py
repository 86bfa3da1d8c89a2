"""Recordings in, a report out."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO

from smscontract.addresses import without_credentials
from smscontract.choice import Choice, Chooser
from smscontract.data import shipped_contracts
from smscontract.documents import nearest_hint
from smscontract.errors import ExitCode, SmscontractError, UsageError
from smscontract.facts import kept
from smscontract.findings import Finding, Level, Problem, Report
from smscontract.forks import ahead
from smscontract.garbage import collected_rarely
from smscontract.gathering import Gathering
from smscontract.interruption import first_is_asked
from smscontract.judge import Judge
from smscontract.mapping import LogMapping, Routes
from smscontract.plain import count_of
from smscontract.policy import Cause
from smscontract.recall import Recall
from smscontract.recordings import SIZE, Piece, pieces, read
from smscontract.reported import reported
from smscontract.results import Results
from smscontract.shards import Shard, written
from smscontract.summary import Summary
from smscontract.terms import Terms
from smscontract.work import Done, Job, bug, do, feed, kernel_of, knows, stamp_of, started
from smscontract.workers import Doing, available, processes

__all__ = ["AUTO", "Request", "again", "validate"]

#: As many workers as there are processors, where it is worth it.
AUTO = 0
#: Below so many bytes for each of them further processes take longer to start than they save.
_WORTH = 256 * 1024 * 1024
#: Bytes of a piece that a process of this machine does, and of all that are cut before somebody has time for them: what was
#: read to cut it is to be in memory still when it is judged.
_SHARE, _AHEAD = 8 * 1024 * 1024, 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to judge.

    Attributes:
        paths: files, folders, globs, `-`.
        operation, side, status: what bare bodies are.
        format: the format of all files, instead of looking at each.
        mappings: how logs of other shapes are read.
        routes: what lies between the recorded URLs and those of the API.
        contracts: names or paths that the catalogue was made of, for those who make it again elsewhere.
        terms: what is looked at, what counts, and what becomes of what was seen.
        choice: which exchanges are looked at.
        workers: processes that judge; `AUTO`: as many as are worth it.
        doing: who judges instead of processes of this machine.
        resume: folder of results of earlier runs.
        shard: which of several jobs this is; only its part is written then.
        size: bytes of a piece.
    """

    paths: Sequence[str]
    operation: str | None = None
    side: str | None = None
    status: int | None = None
    format: str | None = None
    mappings: Sequence[LogMapping] = ()
    routes: Routes | None = None
    contracts: Sequence[str] = ()
    terms: Terms = field(default_factory=Terms)
    choice: Choice = field(default_factory=Choice)
    workers: int = 1
    doing: Doing | None = None
    resume: str | None = None
    shard: Shard | None = None
    size: int = SIZE


def validate(
    request: Request,
    judge: Judge,
    *,
    now: float,
    stdin: BinaryIO | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Judges everything in the recordings. The report is the same however many do it.

    Args:
        now: seconds since 1970 UTC; the age of the newest answer is told from it.
        stdin: what `-` stands for.
        progress: called with the bytes read so far and in all.

    Raises:
        UsageError, UnusableInput: before anything is read. What turns up later is a `Problem` in the report.
        UnusableInput: what is beyond memory cannot be kept.
    """
    request.terms.check(judge.catalogue)
    reading = _reading(request, judge)
    job = Job(
        contracts=tuple(request.contracts),
        digests=stamp_of(judge.catalogue),
        masker=judge.masker,
        selection=request.terms.selection,
        ranges=request.terms.accounts.ranges,
        choice=request.choice,
        reading=reading,
        stored=request.resume is not None or request.shard is not None,
    )
    with kept(), collected_rarely():
        apart = _apart(request, job, judge, stdin, progress)
        summary, notes, causes = apart or _at_once(request, job, judge, stdin, progress)
        with closing(summary.facts):
            tell = partial(
                reported, summary, now=now, command="validate", again=lambda one: again(one, request), find=Recall(job.reading)
            )
            try:
                report = tell()
            except KeyboardInterrupt:
                what = f"interrupted after {count_of(summary.exchanges, 'exchange')}, before it was known what histories say"
                causes = [*causes, Cause(ExitCode.INTERRUPTED, what)]
                report = tell(interrupted=True)
    notes = [*notes, *_of_nobody(request, judge)]
    if notes:
        report = replace(report, extra={**report.extra, "notes": notes})
    report = without_credentials(report, judge.masker.url, request.paths)
    return request.terms.close(report, summary.ledger, judge.catalogue, more=causes)


def _of_nobody(request: Request, judge: Judge) -> Iterator[str]:
    """Which hosts belong to a provider by which nothing is judged: what was sent there fits no operation."""
    known = {one.provider for one in judge.catalogue.operations.values()} | shipped_contracts().keys()
    for name in sorted(set((request.routes or Routes()).hosts.values()) - known):
        yield f"`hosts` names `{name}`, and no contract of it is looked at: {nearest_hint(name, known)}"


_Judged = tuple[Summary, list[str], list[Cause]]


def _reading(request: Request, judge: Judge) -> dict[str, Any]:
    operation = judge.catalogue.operation(request.operation).key if request.operation is not None else None
    return {
        "operation": operation,
        "side": request.side,
        "status": request.status,
        "format": request.format,
        "mappings": tuple(request.mappings),
        "routes": request.routes,
    }


def _at_once(
    request: Request, job: Job, judge: Judge, stdin: BinaryIO | None, progress: Callable[[int, int], None] | None
) -> _Judged:
    """One exchange after the other, in this process."""
    summary, chooser = started(job, judge), Chooser(job.choice, judge)
    left_out: Counter[str] = Counter()
    causes = []
    kernel = kernel_of(summary, job)
    found = read(request.paths, stdin=stdin, progress=progress, taker=kernel, **job.reading)
    try:
        feed(summary, found, chooser, left_out, kernel=kernel)
    except KeyboardInterrupt:
        causes.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {count_of(summary.exchanges, 'exchange')}"))
    except (OSError, SmscontractError):
        summary.facts.close()
        raise
    except Exception as error:  # noqa: BLE001 - our bug, whatever it is; what was judged before it is told all the same
        causes.append(Cause(ExitCode.INTERNAL, bug(error)))
    return summary, chooser.notes(left_out, summary.exchanges, judge.catalogue, summary.seen), causes


def _apart(
    request: Request, job: Job, judge: Judge, stdin: BinaryIO | None, progress: Callable[[int, int], None] | None
) -> _Judged | None:
    """In pieces, where that is wanted or worth it; else `None`."""
    wanted = request.doing is not None or request.resume is not None or request.shard is not None
    if not wanted and (request.workers == 1 or "-" in request.paths):
        return None
    # What is stored or sent far is of pieces that are worth it; here the last ones are not to be waited for.
    size = request.size if wanted else min(request.size, _SHARE)
    total, found = pieces(request.paths, stdin=stdin, size=size, **job.reading)
    workers = request.workers or min(available(), max(total // _WORTH, 1))
    if not wanted and workers == 1:
        return None
    if "-" in request.paths:
        raise UsageError("`-` can be read only once, and by one process", hint="write it to a file first")
    gathering = Gathering(
        job,
        judge,
        keep=request.shard is not None,
        results=Results(request.resume, job) if request.resume is not None else None,
        progress=None if progress is None else lambda done: progress(done, total),
        processes=workers if request.doing is None else 1,
    )
    shard = request.shard
    knows(job, judge)
    if workers > 1 and request.doing is None:
        found = ahead(found, max(_AHEAD // size, 1))
    doing = request.doing or (processes(workers) if workers > 1 else _alone)
    gathering.run(doing, shard.mine(found) if shard is not None else enumerate(found))
    notes = gathering.notes()
    if gathering.known:
        notes.append(f"{count_of(gathering.known, 'piece')} known from {request.resume}")
    if shard is not None and not gathering.causes:
        written(shard, gathering.part, job)
        notes.append(f"shard {shard.number} of {shard.of} is in {shard.file}; `smscontract merge` puts all of them together")
    summary = gathering.summary()
    if shard is not None:
        # What the other shards hold may stand between any two exchanges of a history.
        summary.holed = frozenset(judge.catalogue.clauses)
    return summary, notes, gathering.causes


def _alone(job: Job, pieces: Iterator[tuple[int, Piece | Problem]]) -> Iterator[Done]:
    """This process, one piece after the other; of a piece that is interrupted what was judged until then."""
    with first_is_asked() as stop:
        for number, piece in pieces:
            yield do(job, number, piece, stop=stop)
            if stop():
                raise KeyboardInterrupt


def again(finding: Finding, request: Request) -> str:
    """The command that shows a finding again."""
    words = ["smscontract", "validate", finding.origin.file or "-"]
    for name in request.contracts:
        words += ["--contract", name]
    for option, value in (("operation", request.operation), ("side", request.side), ("status", request.status)):
        words += [f"--{option}", str(value)] if value is not None else []
    words += ["--format", request.format] if request.format is not None else []
    words += ["--select", finding.clause]
    return shlex.join(words if finding.level is Level.MUST else [*words, "--fail-on", "should"])
