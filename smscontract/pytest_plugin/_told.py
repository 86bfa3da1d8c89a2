"""What a run of the gate says of each clause, as text and nothing else: it is stored for the other processes of a test run."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from smscontract.accounting import today_of
from smscontract.catalogue import Catalogue
from smscontract.errors import ExitCode, SmscontractError
from smscontract.findings import FindingGroup, Report
from smscontract.mask import Masker
from smscontract.plain import count_of, printable
from smscontract.policy import FailOn
from smscontract.pytest_plugin import SETTINGS
from smscontract.reports import terminal
from smscontract.requirements import Requirements

__all__ = ["Outcome", "Told", "Word", "interrupted", "told_of", "unable", "unmet"]

_WIDTH = 100
_OPTION = re.compile(rf"(?<![\w-])--({'|'.join([*SETTINGS, 'drafts-are-safe'])})(?![\w-])")
_IN_PROCESS = "the application was called in this process: serve it to use the curl line"


class Word(StrEnum):
    """How a clause stands."""

    KEPT = "kept"
    BROKEN = "broken"
    WARNED = "broken, which fails nothing"
    KNOWN = "known to be broken"
    NOT_JUDGED = "not judged"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one clause stands, and the text for it; a warning and what is known have one line."""

    word: Word
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run says.

    Attributes:
        outcomes: by clause.
        notes: lines for the end of the test run.
        failures: why the test run fails although no clause may say so.
        error: why there was no run at all.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    error: str = ""

    def of(self, clause: str) -> Outcome:
        """How a clause stands."""
        if self.error:
            return Outcome(Word.CANNOT_TELL, self.error)
        return self.outcomes.get(clause) or Outcome(Word.NOT_JUDGED, "not seen")

    def dumps(self) -> str:
        """As text for another process."""
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> Told:
        """What another process wrote."""
        data = json.loads(text)
        outcomes = {clause: Outcome(Word(one["word"]), one["text"]) for clause, one in data.pop("outcomes").items()}
        return Told(outcomes=outcomes, **data)


def unable(error: Exception) -> Told:
    """There was no run."""
    if not isinstance(error, SmscontractError):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('smscontract/')[2]}:{frame.lineno}"
        return Told(error=f"internal error: {type(error).__name__} at {place}\n  help  please report it with the command line")
    masker = Masker()
    return Told(error="\n".join(printable(_renamed(masker.scrub(line))) for line in str(error).split("\n")))


def _broken(groups: Sequence[FindingGroup]) -> Outcome:
    """How a clause stands that is broken, maybe at several places."""
    failing = [one for one in groups if one.fails]
    if failing:
        return Outcome(Word.BROKEN, "\n\n".join(map(_finding, failing)))
    if all(one.known for one in groups):
        return Outcome(Word.KNOWN, printable("; ".join(dict.fromkeys(one.known for one in groups))))
    return Outcome(Word.WARNED, _warning(groups))


def unmet(report: Report, requirements: Requirements, catalogue: Catalogue) -> list[str]:
    """What the configuration wants to be seen and was not."""
    today = today_of(report.now)
    applied = requirements.applied(report.witnesses, today)
    return [cause.says for cause in requirements.unmet(applied, catalogue, today)]


def told_of(report: Report, fail_on: FailOn, missing: Sequence[str], *, in_process: bool) -> Told:
    """What a report of the gate says.

    Args:
        missing: as `unmet`.
        in_process: the target was no server, so that no command reaches it again.
    """
    outcomes = {clause: Outcome(Word.KEPT) for clause in report.kept}
    broken: dict[str, list[FindingGroup]] = {}
    for one in report.findings:
        if in_process:
            one = replace(one, again="", note="; ".join(filter(None, (one.note, _IN_PROCESS))))  # noqa: PLW2901 - the same one
        broken.setdefault(one.clause, []).append(one)
    for clause, groups in broken.items():
        outcomes[clause] = _broken(groups)
    reasons: dict[str, list[str]] = {}
    for other in report.not_judged:
        if other.clause not in outcomes:
            reasons.setdefault(other.clause, []).append(f"{other.reason}; {other.hint}" if other.hint else other.reason)
    for clause, said in reasons.items():
        # Where nobody can tell how the operation stands, silence about a clause is no answer either.
        causes = [cause for cause in report.causes if cause.startswith(f"{clause.partition('/')[0]}: ")]
        text = printable(_renamed("; ".join(causes or dict.fromkeys(said))))
        outcomes[clause] = Outcome(Word.CANNOT_TELL if causes else Word.NOT_JUDGED, text)
    return Told(outcomes=outcomes, notes=list(_notes(report)), failures=[*_failures(report, fail_on), *map(printable, missing)])


def _renamed(text: str) -> str:
    """Advice for the command line as advice for pytest."""
    return _OPTION.sub(r"--smscontract-\1", text)


def interrupted(report: Report) -> bool:
    """Whether the user ended the run."""
    return report.exit_code == ExitCode.INTERRUPTED


def _finding(one: FindingGroup) -> str:
    """The first line alone has to say what is wrong: it is all that a summary of failures shows."""
    head = f"{printable(one.message)}: expected {printable(one.expected, 80)}, got {printable(one.got, 80)}"
    lines = ["".join(piece for piece, _ in line) for line in terminal.finding(one, _WIDTH)]
    return "\n".join([head, "", *lines, *_exchange(one)])


def _exchange(one: FindingGroup) -> Iterator[str]:
    for label, text in (("asked", one.asked), ("answered", one.answered)):
        if text:
            yield f"  {label}"
            yield from (f"    {line}" for line in text.split("\n"))


def _warning(groups: Sequence[FindingGroup]) -> str:
    first = groups[0]
    more = f" (and at {count_of(len(groups) - 1, 'other place')})" if len(groups) > 1 else ""
    place = f" at {printable(first.pointer)}" if first.pointer else ""
    expected, got = printable(first.expected, 80), printable(first.got, 80)
    return f"{first.clause}: {printable(first.message)}{place}: expected {expected}, got {got}{more}"


def _notes(report: Report) -> Iterator[str]:
    seconds = f" in {report.seconds:.1f} s" if report.seconds is not None else ""
    for one in report.operations:
        sent = f"{count_of(sum(one.tiers.values()), 'request')} sent"
        yield (
            f"{one.operation}: {sent}, {count_of(one.kept, 'clause')} kept, {one.broken} broken, "
            f"{one.not_judged} not judged, {one.new} new"
        )
        yield from (f"  note  {printable(note)}" for note in one.notes)
    yield from (f"  new   {one.kind} {printable(one.place)}, seen {one.count} times" for one in report.new)
    gone = [row for row in report.known if row.status == "gone"]
    yield from (f"  gone  {printable(row.fingerprint)}, which {printable(row.file)}:{row.line} lists" for row in gone)
    yield from (f"because {printable(cause)}" for cause in report.causes)
    yield f"{report.verdict}{seconds}"


def _failures(report: Report, fail_on: FailOn) -> Iterator[str]:
    known = {row.fingerprint for row in report.known if row.status == "known"}
    places = list(dict.fromkeys(one.place for one in report.new if one.fingerprint not in known))
    if fail_on is FailOn.NEW and places:
        yield f"{count_of(len(places), 'place')} not in the contract: {', '.join(map(printable, places[:3]))}"
