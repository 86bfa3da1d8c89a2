"""What counts as broken, which clauses are looked at, and how a run ends: levels, selection, causes, verdict, exit code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from smscontract.errors import ExitCode, UsageError
from smscontract.findings import FindingGroup, Level, Report, Verdict
from smscontract.plain import count_of

__all__ = ["UNREAD", "Allowance", "Cause", "FailOn", "Selection", "causes_of", "combine", "fails", "settle", "verdict_of"]

#: How a cause ends that says that more was unreadable than is allowed.
UNREAD = "could not be read"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of the input may be unreadable before a run ends with 2: a number, or a share of all that was to be read."""

    count: int = 0
    share: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Allowance:
        """From `20` or `0.5%`.

        Raises:
            UsageError: it is neither.
        """
        found = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,3}(?:\.[0-9]{1,6})?)%", text.strip())
        if found is None or float(found[2] or 0) > 100:
            raise UsageError(f"`{text}` is no number of parts", hint="e.g. 20, or 0.5% of all lines and entries")
        return cls(count=int(found[1] or 0), share=float(found[2] or 0) / 100)

    def covers(self, report: Report) -> bool:
        """Whether what could not be read is within it."""
        unreadable = len(report.problems)
        return unreadable <= max(self.count, self.share * (unreadable + report.exchanges))


class FailOn(StrEnum):
    """What breaks a run, a ladder: each step includes those before it."""

    MUST = "must"  #: what the provider states, or HTTP and JSON do
    SHOULD = "should"  #: also what was reasoned or taken from a sibling endpoint
    NEW = "new"  #: also whatever the contract does not list


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason that a run does not end with 0: its exit code and a sentence, lower case, no full stop."""

    code: ExitCode
    says: str


@dataclass(frozen=True, slots=True)
class Selection:
    """`--select` and `--ignore`: prefixes of clause ids. Without `select` all are taken; `ignore` wins."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, clause: str) -> bool:
        """Whether the clause (or the place of something new) is looked at."""
        return (not self.select or clause.startswith(self.select)) and not clause.startswith(self.ignore)

    def check(self, clauses: Collection[str]) -> None:
        """Refuse a prefix that meets none of the clauses, since it would judge nothing, or excuse nothing, in silence.

        Raises:
            UsageError: with the nearest ids in its hint.
        """
        for option, prefixes in (("--select", self.select), ("--ignore", self.ignore)):
            for prefix in prefixes:
                if not prefix or not any(clause.startswith(prefix) for clause in clauses):
                    near = difflib.get_close_matches(prefix, sorted(clauses), n=3, cutoff=0.5)
                    hint = (
                        "did you mean " + " or ".join(f"`{one}`" for one in near)
                        if near
                        else "`smscontract clauses` lists them"
                    )
                    raise UsageError(f"{option} `{prefix}` is the beginning of no clause", hint=hint)


#: Which exit code wins where several hold.
_RANKING = (ExitCode.INTERNAL, ExitCode.INTERRUPTED, ExitCode.BROKEN, ExitCode.UNUSABLE, ExitCode.CANNOT_TELL, ExitCode.KEPT)

_VERDICTS = {
    ExitCode.KEPT: Verdict.KEPT,
    ExitCode.BROKEN: Verdict.BROKEN,
    ExitCode.UNUSABLE: Verdict.UNUSABLE,
    ExitCode.CANNOT_TELL: Verdict.CANNOT_TELL,
    ExitCode.INTERNAL: Verdict.INTERNAL_ERROR,
    ExitCode.INTERRUPTED: Verdict.INTERRUPTED,
}

#: How many clauses a cause names before it only counts.
_NAMED = 3


def combine(codes: Iterable[int]) -> ExitCode:
    """The exit code of a run in which all of these hold: 4, then 130, 1, 2, 3, 0; of none, 0.

    Usage errors come before all of them by nature: they end a command before it starts.
    """
    return min((ExitCode(code) for code in codes), key=_RANKING.index, default=ExitCode.KEPT)


def verdict_of(code: int) -> Verdict:
    """The word for an exit code."""
    return _VERDICTS[ExitCode(code)]


def fails(level: Level, fail_on: FailOn) -> bool:
    """Whether a finding of this level breaks the run."""
    return level is Level.MUST or fail_on is not FailOn.MUST


def settle(
    report: Report,
    *,
    fail_on: FailOn = FailOn.MUST,
    successes: int | None = None,
    allowed: Allowance = Allowance(),
    excused: Collection[str] = (),
    more: Iterable[Cause] = (),
) -> Report:
    """The same report with `fails` of each finding, `causes`, `exit_code` and `verdict` decided.

    Args:
        report: complete in all else.
        successes: how many answers were a success where one was needed to tell anything; `None` where none was needed.
        allowed: how much of the input may be unreadable.
        excused: fingerprints of what does not fail, because it is known.
        more: what only the driver knows, e.g. `Cause(ExitCode.INTERRUPTED, "interrupted after 41 exchanges")`.
    """
    decided = replace(
        report,
        findings=tuple(
            replace(one, fails=fails(one.level, fail_on) and one.fingerprint not in excused) for one in report.findings
        ),
    )
    causes = sorted(
        [*more, *causes_of(decided, fail_on=fail_on, successes=successes, allowed=allowed, excused=excused)],
        key=lambda one: _RANKING.index(one.code),
    )
    code = combine(cause.code for cause in causes)
    return replace(decided, causes=tuple(cause.says for cause in causes), exit_code=int(code), verdict=verdict_of(code))


def causes_of(
    report: Report,
    *,
    fail_on: FailOn,
    successes: int | None = None,
    allowed: Allowance = Allowance(),
    excused: Collection[str] = (),
) -> list[Cause]:
    """Why the run that the report tells of does not end with 0. `fails` of its findings is decided already."""
    causes = []
    if broken := _clauses(one for one in report.findings if one.fails):
        causes.append(Cause(ExitCode.BROKEN, f"{count_of(len(broken), 'clause')} broken: {_some(broken)}"))
    unlisted = [one for one in report.new if one.fingerprint not in excused]
    if unlisted and fail_on is FailOn.NEW:
        places = list(dict.fromkeys(one.place for one in unlisted))
        causes.append(Cause(ExitCode.BROKEN, f"{count_of(len(places), 'place')} not in the contract: {_some(places)}"))
    if report.problems and not allowed.covers(report):
        count = count_of(len(report.problems), "part of the input", "parts of the input")
        causes.append(Cause(ExitCode.UNUSABLE, f"{count} {UNREAD}"))
    if (nothing := _nothing_judged(report)) is not None:
        causes.append(Cause(ExitCode.CANNOT_TELL, nothing))
    elif successes == 0:
        causes.append(Cause(ExitCode.CANNOT_TELL, "no successful answer was seen"))
    return causes


def _nothing_judged(report: Report) -> str | None:
    if report.judged_clauses:
        return None
    if not report.exchanges:
        return "nothing was judged: there was no exchange"
    if sum(one.count for one in report.unmatched) >= report.exchanges:
        return f"nothing was judged: no operation fits {count_of(report.exchanges, 'exchange')}"
    return f"nothing was judged in {count_of(report.exchanges, 'exchange')}"


def _clauses(findings: Iterable[FindingGroup]) -> list[str]:
    return list(dict.fromkeys(one.clause for one in findings))


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMED]) + rest
