"""The traffic of tests, judged test by test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses.outcomes import Fact
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.facts import FactStore
from smscontract.findings import Finding, place_of
from smscontract.judge import Judge, Judgement
from smscontract.kernel import Calm, Kernel, Rows
from smscontract.mask import Kind, Masker
from smscontract.plain import printable
from smscontract.policy import FailOn, Selection, fails
from smscontract.tap import Taken
from smscontract.tested import Broken, Seen

__all__ = ["Watcher"]

_REMEMBERED = 4096  # judgements of answers that were made up: the same few in hundreds of tests


class _Blind(Masker):
    """Shows nothing: what a quick judge says is never told to anybody."""

    def value(self, value: Any, kind: Kind | None) -> str:  # noqa: ARG002 - as a masker has it
        """Nothing."""
        return ""


class _Quick(Judge):
    """Tells whether anything is broken, and not how it looks. Its digests are the values themselves, which stay here."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(catalogue, _Blind())

    def digest(self, value: Any) -> str:
        """Equal values, equal digests."""
        return f"a text {value}" if type(value) is str else super().digest(value)

    def masker_of(self, exchange: Exchange) -> Masker:  # noqa: ARG002 - as a judge has it
        """The one that it has."""
        return self.masker


class _Case:
    """What one test showed so far: as much of a summary as a kernel needs."""

    def __init__(self, judge: Judge, calm: Calm | None = None) -> None:
        self.judge = judge
        self._calm = calm or Calm(judge)
        self.facts = FactStore()
        self.new: set[tuple[str, str]] = set()
        self._findings: list[Finding] = []
        self._judged = 0
        # Put into the store only where it is needed, which is seldom.
        self._made: list[Fact] = []
        self._alike: list[tuple[Fact, list[Any], str]] = []
        self._touched: list[Exchange] = []

    def add(self, exchange: Exchange) -> Judgement:
        """Judges one exchange."""
        judgement = self.judge.judge(exchange)
        self.take(judgement)
        if judgement.facts:
            self._touched.append(exchange)
        return judgement

    def take(self, judgement: Judgement) -> None:
        """Counts what was judged."""
        self._judged += 1
        self._findings += judgement.findings
        self._made += judgement.facts
        self.new.update((one.place, str(one.kind)) for one in judgement.new)

    def add_alike(self, judgement: Judgement, file: str, rows: list[Any]) -> None:
        """Counts exchanges that are like one that was judged."""
        self._judged += len(rows)
        self.new.update((one.place, str(one.kind)) for one in judgement.new)
        self._alike += ((fact, rows, file) for fact in judgement.facts if fact.alike)

    def shown_after(self, findings: Sequence[Finding]) -> float:
        """Never: who breaks something is told in full, each time."""
        del findings
        return float("inf")

    def is_clean(self, *, holes: bool) -> bool:
        """Whether there are no findings."""
        if self._findings or self._judged < 2:
            return not self._findings
        rows = self.facts.rows
        alike = (fact for fact, _, _ in self._alike)
        if (rows is None or isinstance(rows, Rows)) and self._calm.holds(self._made, alike, rows):
            return True
        return not self.all_findings(holes=holes)

    def all_findings(self, *, holes: bool) -> list[Finding]:
        """Those of single exchanges, and of several together."""
        if self._judged < 2:  # nothing is told of one alone
            return self._findings
        self.facts.add(self._made)
        for alike in self._alike:
            self.facts.add_alike(*alike)
        rows = self.facts.rows
        if rows is not None:
            for exchange in self._touched:
                rows.touch(exchange)
        found = [*self._findings, *self.judge.reduce(self.facts, holes=holes).findings]
        self.facts.close()
        return found


#: Stands for a file in the origin of exchanges that were made just now: a kernel numbers lines of files.
_HERE = "a test"


def _likeness(taken: Taken) -> tuple[Any, ...] | None:
    """Equal for answers that are made up and surely judged alike; `None` for all others."""
    sent, got = taken.sent or b"", taken.got
    if taken.kind is not OriginKind.MOCK or taken.failure is not None or not taken.whole:
        return None
    if not isinstance(sent, bytes | bytearray | str) or not isinstance(got, bytes | bytearray):
        return None
    asked, answered = taken.fields()
    if asked is None or answered is None:
        return None
    body = sent if isinstance(sent, str) else bytes(sent)
    return taken.method, taken.url, body, tuple(asked.items()), taken.status, bytes(got), tuple(answered.items())


def _record(taken: Taken) -> dict[str, Any] | None:
    """The exchange as a line of a recording would have it; `None` where it is out of the ordinary."""
    sent, got = taken.sent or b"", taken.got
    if taken.failure is not None or got is None or not taken.whole or not isinstance(sent, bytes | bytearray | str):
        return None
    asked, answered = taken.fields()
    if asked is None or answered is None:
        return None
    try:
        return {
            "request": {
                "method": taken.method,
                "url": taken.url,
                "headers": asked,
                "body": sent if isinstance(sent, str) else sent.decode(),
            },
            "response": {"status": taken.status, "headers": answered, "body": got.decode()},
            "sent_at": taken.at,
            "received_at": taken.done,
            "missing": {},
        }
    except UnicodeDecodeError:
        return None


class Watcher:
    """Judges what tests did: first quickly, and again in full where something is broken.

    Args:
        judge: who says what is broken.
        fail_on: what counts.
    """

    def __init__(self, judge: Judge, fail_on: FailOn = FailOn.MUST) -> None:
        self.judge = judge
        self.fail_on = fail_on
        self._quick = _Quick(judge.catalogue)
        self._calm = Calm(self._quick)
        self._kernel: Kernel | None = None
        # Answers that are made up are judged once each, however many tests use them: by the quick judge, and by the other.
        self._known: tuple[dict[Any, Judgement], dict[Any, Judgement]] = ({}, {})
        #: Tests in which nothing was broken, by what they sent and got: what was new in them.
        self._clean: dict[tuple[Any, ...], tuple[tuple[str, str], ...]] = {}

    def seen(
        self, test: str, taken: Sequence[Taken], *, ignore: Iterable[str] = (), lost: int = 0, elsewhere: Mapping[str, int] = {}
    ) -> Seen:
        """What the exchanges of one test show, histories within the test included.

        Args:
            ignore: beginnings of ids of clauses that may be broken.
        """
        kinds = dict(Counter(str(one.kind) for one in taken))
        more: dict[str, Any] = {"test": test, "exchanges": kinds, "lost": lost, "elsewhere": dict(elsewhere)}
        selection = Selection(ignore=tuple(ignore))
        likeness = tuple(map(_likeness, taken))
        new = self._clean.get(likeness)
        if new is not None and not lost:
            return Seen(new=tuple(one for one in new if selection.takes(one[0])), **more)
        case = _Case(self._quick, self._calm)
        live = [one for one in taken if one.kind is OriginKind.TEST]
        if live:
            self._quickly(case, live)
        for one in taken if len(live) < len(taken) else ():
            if one.kind is not OriginKind.TEST:
                case.take(self._judgement(one.exchange(), quick=True))
        if case.is_clean(holes=bool(lost)):
            new = tuple(sorted(case.new))
            if None not in likeness and len(self._clean) < _REMEMBERED:
                self._clean[likeness] = new
            return Seen(new=tuple(one for one in new if selection.takes(one[0])), **more)
        return replace(self.judged([one.exchange() for one in taken], ignore=ignore, holes=bool(lost)), **more)

    def judged(self, exchanges: Sequence[Exchange], *, ignore: Iterable[str] = (), holes: bool = False) -> Seen:
        """What exchanges show that somebody else has made."""
        selection = Selection(ignore=tuple(ignore))
        case = _Case(self.judge)
        for one in exchanges:
            case.take(self._judgement(one, quick=False))
        findings = case.all_findings(holes=holes)
        shown = [one for one in findings if selection.takes(one.clause)]
        return Seen(
            test="",
            exchanges=dict(Counter(str(one.origin.kind) for one in exchanges)),
            broken=tuple(self._broken(shown)),
            new=tuple(sorted((place, kind) for place, kind in case.new if selection.takes(place))),
            excused=len(findings) - len(shown),
        )

    def _quickly(self, case: _Case, taken: Sequence[Taken]) -> None:
        """Most exchanges of tests are like one that was judged before, and breaks nothing."""
        if self._kernel is None:
            self._kernel = Kernel(case)  # type: ignore[arg-type]  # what a kernel needs of a summary
        else:
            self._kernel.serve(case)  # type: ignore[arg-type]  # the same
        for number, one in enumerate(taken):
            record = _record(one)
            if record is not None and self._kernel.take(record, b"", _HERE, number):
                continue
            exchange = replace(one.exchange(), origin=Origin(kind=OriginKind.FILE, file=_HERE, line=number))
            if record is not None:
                self._kernel.judge(exchange)
            else:
                case.add(exchange)
        self._kernel.close()

    def _judgement(self, exchange: Exchange, *, quick: bool) -> Judgement:
        judge, known = (self._quick, self._known[0]) if quick else (self.judge, self._known[1])
        if exchange.origin.kind is OriginKind.TEST:  # it has times of its own
            return judge.judge(exchange)
        key = (exchange.request, exchange.response, exchange.failure, exchange.origin, *exchange.missing)
        if key not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[key] = judge.judge(exchange)
        return known[key]

    def _broken(self, findings: Iterable[Finding]) -> Iterator[Broken]:
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for one in findings:
            groups.setdefault((one.clause, place_of(one.pointer), str(one.origin.kind)), []).append(one)
        for alike in groups.values():
            one = alike[0]
            yield Broken(
                clause=one.clause,
                provider=self._title(one.clause),
                level=str(one.level),
                kind=str(one.origin.kind),
                says=one.says,
                message=one.message,
                part=one.part,
                pointer=one.pointer,
                expected=one.expected,
                got=one.got,
                where=str(one.origin) if one.origin.file is not None else "",
                fails=fails(one.level, self.fail_on),
                count=sum(each.count for each in alike),
            )

    def _title(self, clause: str) -> str:
        operation = self.judge.catalogue.operations[self.judge.catalogue.clauses[clause].operation]
        title = (operation.raw.get("info") or {}).get("title")
        return printable(str(title or operation.provider), 60)
