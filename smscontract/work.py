"""Work that can be done anywhere: a job says how to judge, a piece what; out comes a part. A plain function of both."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from smscontract import __version__
from smscontract.addresses import without_credentials
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.choice import Choice, Chooser
from smscontract.errors import SmscontractError, UnusableInput
from smscontract.exchange import Exchange
from smscontract.facts import kept
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.kernel import Kernel, Stopped, taken
from smscontract.mask import Masker
from smscontract.part import Part
from smscontract.policy import Selection
from smscontract.recordings import Piece, read_piece
from smscontract.spill import Box
from smscontract.summary import Summary

__all__ = ["HELD", "Doer", "Done", "Job", "bug", "do", "feed", "kernel_of", "knows", "learn", "stamp_of", "started"]

_Any = TypeVar("_Any")

#: After so many exchanges somebody is asked whether to go on.
_EVERY = 64
#: After so many seconds what was held of several pieces is told: what is not told is lost with its process.
HELD = 30.0
#: Of a piece so many bytes are enough to learn from, or what is read in so many seconds of the processor.
_SAMPLE, _LONGEST = 12 * 1024 * 1024, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How to judge, for whoever does it. It can be sent to other processes and machines.

    Attributes:
        contracts: names or paths that the catalogue is made of.
        digests: hash of each provider's contract, so that nobody judges by another one of the same name.
        masker: keys of masks and digests; equal values give equal ones everywhere.
        selection: which clauses are looked at; `ranges`: whether lengths and extremes are measured.
        choice: which exchanges are looked at.
        reading: arguments of `recordings.read_piece`.
        stored: whether parts are stored, so that nothing but keyed digests may be in them.
    """

    contracts: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]
    masker: Masker
    selection: Selection = field(default_factory=Selection)
    ranges: bool = False
    choice: Choice = field(default_factory=Choice)
    reading: Mapping[str, Any] = field(default_factory=dict)
    stored: bool = False

    @property
    def identity(self) -> str:
        """Equal for jobs of which each piece has the same part: version, contracts, options, and the key of the digests."""
        key = self.masker.token("secret", "identity of a job")
        said = (__version__, self.digests, key, self.masker.reveal, self.selection, self.ranges, self.choice)
        return hashlib.sha256(repr((said, sorted(self.reading.items()))).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a piece.

    Attributes:
        number: of the piece, from 0.
        part: `Part.dumps()`; empty while it is held, to be told with that of another one.
        also: pieces that the part is of, too.
        facts: as `FactStore.put` takes them, and
        rows: of exchanges that are like others, as `kernel.Carrier` takes them; both are in the part where parts are stored.
        fault: what went wrong on our side, so that the part is not all of the piece; or empty.
        stopped: whether somebody stopped it before its end.
        box: that the rows were written into, where whoever takes them has it.
    """

    number: int
    part: bytes
    also: tuple[int, ...] = ()
    facts: tuple[bytes, ...] = ()
    rows: bytes = b""
    fault: str = ""
    stopped: bool = False
    box: Box | None = None


def stamp_of(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """What `Job.digests` is: the hash of each contract, and one of all clauses, to which more than contracts may contribute."""
    said = [(clause.id, str(clause.level), clause.says) for clause in catalogue.clauses.values()]
    clauses = hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return (*((name, contract.digest) for name, contract in catalogue.contracts.items()), ("all clauses", clauses))


_judges: dict[str, Judge] = {}


def _judge_of(job: Job) -> Judge:
    """The judge of a job, made once in each process."""
    if job.identity not in _judges:
        catalogue = load_catalogue(job.contracts)
        if stamp_of(catalogue) != job.digests:
            raise UnusableInput("the contracts here are not those of the job", hint="install the same on all machines")
        knows(job, Judge(catalogue, job.masker))
    return _judges[job.identity]


def knows(job: Job, judge: Judge) -> None:
    """Lets this process judge a job by a judge that is there already."""
    _judges.clear()
    _judges[job.identity] = judge


def started(job: Job, judge: Judge) -> Summary:
    """A summary that knows nothing yet."""
    summary = Summary(judge, job.selection, ranges=job.ranges)
    summary.begun = job.choice.since is None
    summary.holed = Chooser(job.choice, judge).holed()
    return summary


_kernels: dict[str, Kernel] = {}


def kernel_of(summary: Summary, job: Job, stop: Callable[[], bool] = lambda: False, box: Box | None = None) -> Kernel | None:
    """Who takes lines for a summary; nobody where each exchange has to be looked at. What it learns from one piece of a job it
    knows in the next."""
    if job.ranges:
        return None
    kernel = _kernels.pop(job.identity, None)
    if kernel is None or kernel.judge_of is not summary.judge:
        kernel = Kernel(summary, stop, box)
    else:
        kernel.serve(summary, stop, box)
    return kernel


def feed(
    summary: Summary,
    found: Iterable[Exchange | Problem],
    chooser: Chooser,
    left_out: Counter[str],
    stop: Callable[[], bool] = lambda: False,
    *,
    kernel: Kernel | None = None,
    more: bool = False,
) -> bool:
    """Judges what was found.

    Args:
        left_out: exchanges that are not looked at are counted here, by why.
        stop: asked now and then.
        kernel: the taker of what was found, which takes what was not taken yet too.
        more: whether the kernel is given more later; then whoever does so closes it.

    Returns:
        Whether it went to the end.
    """
    everything = chooser.choice.everything
    if kernel is not None:
        kernel.choose(chooser, left_out)
    try:
        for number, one in enumerate(found, 1):
            if isinstance(one, Problem):
                summary.add_problem(one)
            elif kernel is not None:
                if not kernel.take_exchange(one):
                    kernel.judge(one)
            elif everything or not (why := chooser.why_not(one)):
                summary.add(one)
            else:
                left_out[why] += 1
            if number % _EVERY == 0 and stop():
                return False
    except Stopped:
        return False
    finally:
        if kernel is not None and not more:
            kernel.close()
    return True


def _found(job: Job, piece: Piece | Problem, stdin: BinaryIO | None, kernel: Kernel | None) -> Iterator[Exchange | Problem]:
    """What is in a piece. What opens a recording, as a part of its URL, is not in what is stored."""

    def shown(value: _Any, *names: str) -> _Any:
        return without_credentials(value, job.masker.url, names) if job.stored else value

    if isinstance(piece, Problem):
        yield shown(piece)
        return
    called = shown(piece.file, piece.file)
    for one in read_piece(piece, stdin=stdin, taker=kernel, called=called, **job.reading):
        yield shown(one, piece.file) if isinstance(one, Problem) else one


class Doer:
    """Judges pieces, one after the other, and tells of several together: what it met in one it knows in the next.

    Args:
        stop: asked now and then.
        box: that rows are written into, where whoever takes them has it.
        held: seconds after which it tells, though it was not asked.
    """

    def __init__(
        self, job: Job, *, stop: Callable[[], bool] = lambda: False, box: Box | None = None, held: float | None = None
    ) -> None:
        self._job = job
        self._stop = stop
        self._box = box
        self._limit = HELD if held is None else held
        self._begin()

    def _begin(self) -> None:
        self._summary: Summary | None = None
        self._kernel: Kernel | None = None
        self._numbers: list[int] = []
        self._problems: list[tuple[int, int, Problem]] = []
        self._left_out: Counter[str] = Counter()
        self._fault, self._whole = "", True
        self._since = time.monotonic()

    def do(self, number: int, piece: Piece | Problem, *, stdin: BinaryIO | None = None) -> Done:
        """Judges one piece. Whatever happens to it, what was judged before is told.

        Returns:
            What became of it and of those held; without a part if it is held, too.

        Raises:
            UnusableInput, UsageError: the contracts are not there, or are others; what is beyond memory cannot be kept.
        """
        job, judge = self._job, _judge_of(self._job)
        if self._summary is None:
            self._summary = started(job, judge)
            self._kernel = kernel_of(self._summary, job, self._stop, self._box)
        summary, kernel = self._summary, self._kernel
        self._numbers.append(number)
        try:
            with kept():
                found = _found(job, piece, stdin, kernel)
                chooser = Chooser(job.choice, judge)
                self._whole = feed(summary, found, chooser, self._left_out, self._stop, kernel=kernel, more=True)
        except SmscontractError:  # a disk that is full
            summary.facts.close()
            raise
        except Exception as error:  # noqa: BLE001 - our bug, whatever it is; what was judged before it is told all the same
            self._fault = bug(error)
        self._problems += [(number, place, one) for place, one in enumerate(summary.problems)]
        summary.problems = []
        long = time.monotonic() - self._since >= self._limit
        if job.stored or long or self._fault or not self._whole:
            return self.told()
        return Done(number=number, part=b"")

    def told(self) -> Done:
        """What became of all pieces that are held; there is at least one."""
        job, summary = self._job, self._summary
        assert summary is not None
        try:
            with kept():
                self._close()
                rows = b"" if job.stored else taken(summary.facts)
                facts = () if job.stored else tuple(summary.facts.take())
                part = Part.of(summary, problems=self._problems, left_out=self._left_out).dumps()
        finally:
            summary.facts.close()
        *others, number = self._numbers
        done = Done(
            number=number,
            also=tuple(others),
            part=part,
            facts=facts,
            rows=rows,
            fault=self._fault,
            stopped=not self._whole,
        )
        self._begin()
        return done

    def _close(self) -> None:
        """Counts what is held, and keeps what was learned for what is judged next."""
        if self._kernel is None:
            return
        try:
            self._kernel.close()
        except (OSError, SmscontractError):
            raise
        except Exception as error:  # noqa: BLE001 - as in `do`
            self._fault = self._fault or bug(error)
        if not self._fault:
            _kernels.clear()
            _kernels[self._job.identity] = self._kernel


def do(
    job: Job, number: int, piece: Piece | Problem, *, stdin: BinaryIO | None = None, stop: Callable[[], bool] = lambda: False
) -> Done:
    """Judges one piece, and tells of it alone, as `Doer.do`."""
    doer = Doer(job, stop=stop, held=0.0)
    return doer.do(number, piece, stdin=stdin)


def learn(job: Job, piece: Piece) -> None:
    """Lets this process know what a job meets, from the beginning of one of its pieces, which is not judged by it."""
    if not Path(piece.file).is_file():
        return  # what comes through a pipe comes once
    judge = _judge_of(job)
    read, until = 0, time.process_time() + _LONGEST

    def told(size: int) -> None:
        nonlocal read
        read += size

    def stop() -> bool:
        return read > _SAMPLE or time.process_time() > until

    summary = started(job, judge)
    kernel = kernel_of(summary, job, stop)
    try:
        if kernel is not None:
            feed(
                summary,
                read_piece(piece, taker=kernel, told=told, **job.reading),
                Chooser(job.choice, judge),
                Counter(),
                stop,
                kernel=kernel,
            )
            _kernels.clear()
            _kernels[job.identity] = kernel
    except Exception:  # noqa: BLE001, S110 - whoever judges the piece says what is wrong with it
        pass
    finally:
        summary.facts.close()


def bug(error: Exception) -> str:
    """What can be said of our own error: its kind and place. Its text may hold anybody's values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error: {type(error).__name__} at {frame.filename.rpartition('smscontract/')[2]}:{frame.lineno}"
