"""The traffic of tests, judged test by test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.facts import FactStore
from smscontract.findings import Finding, place_of
from smscontract.judge import Judge, Judgement
from smscontract.kernel import Kernel
from smscontract.mask import Kind, Masker
from smscontract.plain import printable
from smscontract.policy import FailOn, Selection, fails
from smscontract.tap import Taken
from smscontract.tested import Broken, Seen

__all__ = ["RepeatingJudge", "Watcher"]

_REMEMBERED = 4096  # judgements of answers that were made up: the same few in hundreds of tests


class _RepeatingMasker(Masker):
    """Shows a text that it has shown before at once."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._shown: dict[tuple[str, Kind | None], str] = {}

    def knowing(self, secrets: Iterable[str]) -> Masker:
        """As a masker does."""
        return _RepeatingMasker(self._key, self.reveal, [*self._forms.values(), *secrets])

    def value(self, value: Any, kind: Kind | None) -> str:
        """As a masker does."""
        if type(value) is not str:
            return super().value(value, kind)
        known = self._shown.get((value, kind))
        if known is None:
            if len(self._shown) >= _REMEMBERED:
                self._shown.clear()
            known = self._shown[value, kind] = super().value(value, kind)
        return known


class RepeatingJudge(Judge):
    """A judge for tests, which use the same few numbers and texts again and again: what was made of them once stays."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(catalogue, _RepeatingMasker())
        self._digests: dict[str, str] = {}

    def digest(self, value: Any) -> str:
        """As a judge does."""
        if type(value) is not str:
            return super().digest(value)
        known = self._digests.get(value)
        if known is None:
            if len(self._digests) >= _REMEMBERED:
                self._digests.clear()
            known = self._digests[value] = super().digest(value)
        return known


class _Case:
    """What one test showed so far: as much of a summary as a kernel needs."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.facts = FactStore()
        self.new: set[tuple[str, str]] = set()
        self._findings: list[Finding] = []
        self._judged = 0

    def add(self, exchange: Exchange) -> Judgement:
        """Judges one exchange."""
        judgement = self.judge.judge(exchange)
        self.take(judgement)
        if self.facts.rows is not None and judgement.facts:
            self.facts.rows.touch(exchange)
        return judgement

    def take(self, judgement: Judgement) -> None:
        """Counts what was judged."""
        self._judged += 1
        self._findings += judgement.findings
        self.facts.add(judgement.facts)
        self.new.update((one.place, str(one.kind)) for one in judgement.new)

    def add_alike(self, judgement: Judgement, file: str, rows: Sequence[Any]) -> None:
        """Counts exchanges that are like one that was judged."""
        self._judged += len(rows)
        self.new.update((one.place, str(one.kind)) for one in judgement.new)
        for fact in judgement.facts:
            if fact.alike:
                self.facts.add_alike(fact, rows, file)

    def all_findings(self, *, holes: bool) -> list[Finding]:
        """Those of single exchanges, and of several together."""
        if self._judged < 2:  # nothing is told of one alone
            return self._findings
        self.facts.settle()
        found = [*self._findings, *self.judge.reduce(self.facts, holes=holes).findings]
        self.facts.close()
        return found


#: Stands for a file in the origin of exchanges that were made just now: a kernel numbers lines of files.
_HERE = "a test"


def _as_made(finding: Finding) -> Finding:
    return replace(finding, origin=Origin(kind=OriginKind.TEST)) if finding.origin.file == _HERE else finding


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
    """Judges what tests did. Answers that are made up are judged once each, however many tests use them.

    Args:
        fail_on: what counts.
    """

    def __init__(self, judge: Judge, fail_on: FailOn = FailOn.MUST) -> None:
        self.judge = judge
        self.fail_on = fail_on
        self._judged: dict[tuple[Any, ...], Judgement] = {}
        self._kernel: Kernel | None = None

    def seen(
        self, test: str, taken: Sequence[Taken], *, ignore: Iterable[str] = (), lost: int = 0, elsewhere: Mapping[str, int] = {}
    ) -> Seen:
        """What the exchanges of one test show, histories within the test included.

        Args:
            ignore: beginnings of ids of clauses that may be broken.
        """
        case = _Case(self.judge)
        if any(one.kind is OriginKind.TEST for one in taken):
            self._quickly(case, [one for one in taken if one.kind is OriginKind.TEST])
        for one in taken:
            if one.kind is not OriginKind.TEST:
                case.take(self._judgement(one.exchange()))
        kinds = Counter(str(one.kind) for one in taken)
        return self._seen(case, test=test, kinds=kinds, ignore=ignore, lost=lost, elsewhere=elsewhere)

    def judged(self, exchanges: Sequence[Exchange], *, ignore: Iterable[str] = ()) -> Seen:
        """The same of exchanges that somebody else has made."""
        case = _Case(self.judge)
        for one in exchanges:
            case.take(self._judgement(one))
        return self._seen(case, test="", kinds=Counter(str(one.origin.kind) for one in exchanges), ignore=ignore)

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

    def _seen(
        self,
        case: _Case,
        *,
        test: str,
        kinds: Mapping[str, int],
        ignore: Iterable[str],
        lost: int = 0,
        elsewhere: Mapping[str, int] = {},
    ) -> Seen:
        selection = Selection(ignore=tuple(ignore))
        findings = [_as_made(one) for one in case.all_findings(holes=bool(lost))]
        shown = [one for one in findings if selection.takes(one.clause)]
        return Seen(
            test=test,
            exchanges=dict(kinds),
            broken=tuple(self._broken(shown)),
            new=tuple(sorted((place, kind) for place, kind in case.new if selection.takes(place))),
            excused=len(findings) - len(shown),
            lost=lost,
            elsewhere=dict(elsewhere),
        )

    def _judgement(self, exchange: Exchange) -> Judgement:
        if exchange.origin.kind is OriginKind.TEST:  # it has times of its own
            return self.judge.judge(exchange)
        key = (exchange.request, exchange.response, exchange.failure, exchange.origin, *exchange.missing)
        if key not in self._judged:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[key] = self.judge.judge(exchange)
        return self._judged[key]

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
