"""What was done in pieces, put together again: each piece counts once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

from smscontract.choice import Chooser
from smscontract.errors import ExitCode, SmscontractError
from smscontract.findings import Problem
from smscontract.judge import Judge
from smscontract.kernel import Carrier
from smscontract.part import Part
from smscontract.plain import count_of
from smscontract.policy import Cause
from smscontract.recordings import Piece
from smscontract.results import Results
from smscontract.summary import Summary
from smscontract.work import Done, Job, started
from smscontract.workers import Doing

__all__ = ["Gathering"]


#: Parts that are merged at a time.
_TOGETHER = 64


class Gathering:
    """The parts of a job.

    Args:
        keep: keep the facts packed, for a part that is written; else they go where facts go.
        results: parts of earlier runs, and where those of this one are kept.
        progress: called with the bytes done so far.
        processes: that may settle histories.
    """

    def __init__(
        self,
        job: Job,
        judge: Judge,
        *,
        keep: bool = False,
        results: Results | None = None,
        progress: Callable[[int], None] | None = None,
        processes: int = 1,
    ) -> None:
        self._part = Part()
        self._waiting: list[Part] = []
        self._exchanges = 0
        self.causes: list[Cause] = []
        self.known = 0  # pieces that an earlier run has done
        self._job = job
        self._judge = judge
        self._keep = keep
        self._results = results
        self._progress = progress
        self._summary = started(job, judge)
        self._carrier = Carrier(self._summary.facts, judge, processes)
        self._taken: set[int] = set()
        self._moved: set[int] = set()
        self._bytes = 0

    def run(self, doing: Doing, pieces: Iterator[tuple[int, Piece | Problem]]) -> None:
        """Does all pieces, each under its number. What was done before an interruption or an error stays."""
        under_way: dict[int, Piece | Problem] = {}

        def wanted() -> Iterator[tuple[int, Piece | Problem]]:
            for number, piece in pieces:
                earlier = self._results.get(piece, number) if self._results is not None else None
                if earlier is not None:
                    self.known += 1
                    self._add(number, earlier, piece)
                else:
                    under_way[number] = piece
                    yield number, piece

        try:
            with closing(doing(self._job, wanted())) as all_done:  # type: ignore[type-var]  # all of them are generators
                for done in all_done:
                    self.take(done, under_way.get(done.number))
                    for number in (done.number, *done.also) if done.part else ():
                        under_way.pop(number, None)
        except KeyboardInterrupt:
            self.causes.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {count_of(self._exchanges, 'exchange')}"))
        except SmscontractError as error:
            what = "internal error: " if error.exit_code is ExitCode.INTERNAL else ""
            place = f" at {error.place}" if error.place else ""
            self.causes.append(Cause(error.exit_code, f"{what}{error.message}{place}"))

    def take(self, done: Done, piece: Piece | Problem | None) -> None:
        """Takes what became of one piece; a second time it changes nothing."""
        if done.number in self._taken:
            return
        if not done.part:
            self._move(done.number, piece)
            return
        part = Part.loads(done.part)
        if done.fault:
            self.causes.append(Cause(ExitCode.INTERNAL, done.fault))
        elif not done.stopped and self._results is not None and piece is not None:
            self._results.put(piece, done.part, part)
        self._carrier.put(done.rows, done.box)
        for block in done.facts:
            self._summary.facts.put(block)
        self._taken.update(done.also)
        self._add(done.number, part, piece)

    def _add(self, number: int, part: Part, piece: Piece | Problem | None) -> None:
        self._taken.add(number)
        if not self._keep:
            part.give(self._summary.facts, self._carrier)
            part = replace(part, facts=(), rows=())
        self._waiting.append(part)
        self._exchanges += part.exchanges
        if len(self._waiting) >= _TOGETHER:
            self._merge()
        self._move(number, piece)

    def _move(self, number: int, piece: Piece | Problem | None) -> None:
        """Says how far it has come; a piece may be done twice, if what is held is lost."""
        if self._progress is not None and isinstance(piece, Piece) and number not in self._moved:
            self._moved.add(number)
            self._bytes += piece.size
            self._progress(self._bytes)

    def _merge(self) -> None:
        self._part, self._waiting = self._part.merge(*self._waiting), []

    @property
    def part(self) -> Part:
        """All that was taken."""
        self._merge()
        return self._part

    def summary(self) -> Summary:
        """A summary that knows all that was taken. It is the end of the gathering."""
        self.part.into(self._summary)
        return self._summary

    def notes(self) -> list[str]:
        """What a report says of how it was done."""
        part = self.part
        chooser = Chooser(self._job.choice, self._judge)
        return chooser.notes(part.left_out, part.exchanges, self._judge.catalogue, part.seen)
