"""What the judge says: findings, facts for the history rules, what is new, and what could not be judged.

All of it is masked already: nothing here holds a credential, a phone number or a message text in the clear unless the user
asked for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from smscontract.exchange import Origin
from smscontract.seen import OperationSeen

__all__ = [
    "LATENCY_EDGES",
    "ChangedRow",
    "ClauseRow",
    "ContractStamp",
    "Finding",
    "FindingGroup",
    "KnownRow",
    "Level",
    "New",
    "NewGroup",
    "NewKind",
    "NotJudged",
    "NotJudgedGroup",
    "OperationSummary",
    "Problem",
    "Report",
    "Unmatched",
    "Verdict",
    "Where",
    "place_of",
]

#: Upper ends, in seconds, of the steps in which answer times are counted; one more step holds what is later.
LATENCY_EDGES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

_INDEX = re.compile(r"/[0-9]+(?=/|$)")


def place_of(pointer: str) -> str:
    """A JSON Pointer with `*` for each index: findings at several items of one array are at one place."""
    return _INDEX.sub("/*", pointer)


class Level(StrEnum):
    """How sure the promise is: stated by the provider (`must`) or reasoned (`should`)."""

    MUST = "must"
    SHOULD = "should"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One clause broken by one exchange, or by one history that ends with it.

    Attributes:
        clause: id of the clause.
        says: the promise.
        message: what happened instead: one sentence, lower case, no full stop.
        pointer: JSON Pointer of the first broken place in the body that is at fault; empty for the whole.
        part: `response body`, `request body`, `status`, `headers` ...: what the pointer points into.
        expected, got: masked texts.
        origin: where the exchange is.
        time: when the answer came, seconds since 1970 UTC, or `None`.
        count: how many findings it stands for that differ in time and place only.
    """

    clause: str
    level: Level
    says: str
    message: str
    pointer: str
    part: str
    expected: str
    got: str
    origin: Origin
    time: float | None = None
    count: int = 1


class NewKind(StrEnum):
    """What the contract does not list, which is never a break by itself."""

    FIELD = "field"
    STATUS = "status"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Something seen that the contract does not declare. `place` is like a clause id without the keyword."""

    place: str
    kind: NewKind
    origin: Origin
    time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """A clause that an exchange could have shown but did not, and why (`scrubbed`, `no time`, `whole history unknown`...)."""

    clause: str
    reason: str
    hint: str = ""
    count: int = 1


class Verdict(StrEnum):
    """What a whole run says. One word for each exit code."""

    KEPT = "kept"
    BROKEN = "broken"
    UNUSABLE = "unusable"
    CANNOT_TELL = "cannot-tell"
    INTERNAL_ERROR = "internal-error"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One occurrence: where it is and when it was seen (seconds since 1970 UTC, or `None`)."""

    origin: Origin
    time: float | None = None

    def sort_key(self) -> tuple[float, tuple[str, int, int, int]]:
        """A total order by time, then by place; what has no time comes last."""
        return (self.time if self.time is not None else float("inf"), self.origin.sort_key())


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """All findings of one clause at one pointer: what a report shows.

    Attributes:
        count: how many there are; `where` holds the first 100 of them in order of time, then of place.
        quote, source: the provider's words if there are any, and the kind of source.
        file, line: the line of YAML that states the clause.
        again: a command that shows the finding again.
        curl: the request as a curl line with the credential as a variable, for live findings.
        note: what else is known, e.g. `4 of 9 answers` for a break that comes and goes.
        asked, answered: the first exchange that shows it, masked, as lines of text; empty where it is not at hand.
        known: what a baseline says of it where it is accepted, else empty.
    """

    clause: str
    level: Level
    says: str
    message: str
    pointer: str
    part: str
    expected: str
    got: str
    count: int
    first: Where
    last: Where
    where: tuple[Where, ...]
    fails: bool
    source: str = "inferred"
    quote: str = ""
    file: str = ""
    line: int = 0
    again: str = ""
    curl: str = ""
    note: str = ""
    asked: str = ""
    answered: str = ""
    known: str = ""

    @property
    def fingerprint(self) -> str:
        """What stays equal from run to run while the same is broken at the same place: clause and place, and nothing else."""
        return f"{self.clause} {place_of(self.pointer)}" if self.pointer else self.clause


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """One difference between two runs of a plan that the contract allows.

    Attributes:
        place: `OPERATION/status`, `OPERATION/content-type`, or a place of an answer as clause ids write it.
        before, after: what was seen there: a status, `null`, `value`, `absent`, `empty`, a member of an enum.
        count: in how many cases; `case` and `request` are those of the first in this run.
    """

    place: str
    before: str
    after: str
    count: int
    case: str
    request: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """One entry of a baseline, and what became of it in this run.

    Attributes:
        status: `known` (broken and accepted), `expired` (broken, and accepted no longer), `gone` (judged, and not broken), or
            `not-judged`.
        expires: the last day on which it is accepted, `YYYY-MM-DD`, or empty.
        file, line: where it stands.
    """

    fingerprint: str
    status: str
    reason: str
    owner: str
    expires: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """Something new at one place, how often, and where first."""

    place: str
    kind: NewKind
    count: int
    first: Where

    @property
    def fingerprint(self) -> str:
        """What stays equal from run to run."""
        return f"new {self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudgedGroup:
    """A clause that was not judged for one reason, how often, and what the user can do about it."""

    clause: str
    reason: str
    count: int
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSummary:
    """Counts of clauses and exchanges for one operation.

    Attributes:
        newest: when its newest answer came.
        tiers: requests by tier (plan, control, repeat, fuzz, shrink); empty where none were sent.
        fuzzed: fuzz cases executed, by mode.
        spent: resources used up.
        leashed: requests that the leash stopped.
        notes: what else there is to say of the run, one sentence each.
        plan: hash of the plan that was sent; empty where there was none.
        latency: how many answers took how long, one number for each step of `LATENCY_EDGES` and one for later ones; empty
            where no times are known.
    """

    operation: str
    exchanges: int
    kept: int
    broken: int
    not_judged: int
    new: int
    newest: float | None = None
    tiers: dict[str, int] = field(default_factory=dict)
    fuzzed: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    leashed: int = 0
    notes: tuple[str, ...] = ()
    plan: str = ""
    latency: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line, entry or file that could not be read. The rest was judged."""

    message: str
    file: str
    line: int | None = None
    entry: int | None = None
    hint: str = ""

    @property
    def place(self) -> str:
        """`file:line` as editors understand it, `file entry 3`, or the file alone."""
        if self.line is not None:
            return f"{self.file}:{self.line}"
        return self.file if self.entry is None else f"{self.file} entry {self.entry}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """Exchanges that fit no known operation, by the shape of their path (`GET /v1/sms/conversations/{}`)."""

    shape: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractStamp:
    """By which contract was judged: its version, and a hash of all that it says, however it is laid out."""

    provider: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """A clause that was looked for, as reports list it; the fields are those of the clause and of its source."""

    clause: str
    operation: str
    family: str
    level: Level
    says: str
    source: str
    quote: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a run says: one value, many renderings.

    Attributes:
        causes: one sentence for each reason that the exit code is not 0.
        exchanges: how many were read (matched or not).
        requests: how many were sent; `None` where nothing was sent.
        judged_clauses: how many clauses were judged at least once.
        kept: ids of the clauses that were judged and never found broken, for renderings with a line for each clause.
        now: when the report was made, seconds since 1970 UTC.
        seconds: how long the run took, `None` where that says nothing.
        witnesses: what was seen of each operation; empty where nobody counted.
        witness_details: `basic` or `full` if people want to read all of it, else empty.
        labels: names and values that the user gave the run.
        contracts: by which contracts was judged.
        clauses: every clause that was looked for, in the order of the catalogue.
        known: what the baseline lists, if there is one.
        against: with what the run was compared, how many cases both have, and what could not be compared; empty where with
            nothing.
        changes: what they differ in.
    """

    version: int = 1
    verdict: Verdict
    exit_code: int
    causes: tuple[str, ...]
    exchanges: int
    requests: int | None
    findings: tuple[FindingGroup, ...]
    new: tuple[NewGroup, ...]
    not_judged: tuple[NotJudgedGroup, ...]
    operations: tuple[OperationSummary, ...] = ()
    problems: tuple[Problem, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    judged_clauses: int = 0
    kept: tuple[str, ...] = ()
    now: float = 0.0
    seconds: float | None = None
    command: str = ""
    witnesses: tuple[OperationSeen, ...] = ()
    witness_details: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    contracts: tuple[ContractStamp, ...] = ()
    clauses: tuple[ClauseRow, ...] = ()
    known: tuple[KnownRow, ...] = ()
    against: str = ""
    changes: tuple[ChangedRow, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
