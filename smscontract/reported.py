"""What a summary knows, as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from smscontract.exchange import Exchange
from smscontract.findings import (
    Finding,
    FindingGroup,
    New,
    NewGroup,
    NotJudgedGroup,
    OperationSummary,
    Report,
    Unmatched,
    Verdict,
    Where,
)
from smscontract.grouped import Group
from smscontract.judge import Judge
from smscontract.ledger import ClauseCount
from smscontract.reduced import Reduced
from smscontract.shown import shown
from smscontract.summary import Summary
from smscontract.witnesses import ADMISSION, seen

__all__ = ["reported"]


def reported(
    summary: Summary,
    *,
    now: float,
    command: str = "",
    requests: int | None = None,
    again: Callable[[Finding], str] | None = None,
    curl: Callable[[Finding], str] | None = None,
    find: Callable[[Sequence[Finding]], Sequence[Exchange | None]] | None = None,
    reasons: Mapping[str, tuple[str, str]] | None = None,
    operations: Iterable[str] | None = None,
    interrupted: bool = False,
) -> Report:
    """Everything that a summary knows so far as one value; verdict, exit code and causes are settled by `policy.settle`.

    Args:
        now: seconds since 1970 UTC.
        requests: how many requests were sent, `None` where none are.
        again: a command that shows a finding again.
        curl: a request as a curl line.
        find: the exchanges that show findings, for those that only a whole history tells.
        reasons: why a clause was never judged, and a hint, where somebody knows better than "not seen".
        operations: keys of the operations that were looked for; default: all that were seen.
        interrupted: whether somebody does not want to wait: what more than one exchange decides is not told then.
    """
    if interrupted:
        reduced = Reduced((), (), {}, {})
        summary.facts.rows = None
        reasons = dict.fromkeys(summary.facts.clauses(), ("interrupted before it was known", "")) | dict(reasons or {})
    else:
        summary.facts.settle()
        reduced = summary.judge.reduce(summary.facts, holes=bool(summary.problems) or summary.holed, take=summary.add_finding)
    for one in reduced.not_judged:
        summary.skip(one.clause, one.reason, one.hint, one.count)
    tally: Counter[tuple[str, str, str, str | None]] = Counter()
    for (identity, outcome, source, when), number in reduced.tally.items():
        tally[identity, outcome, summary.source or source, when] += number
    summary.ledger.decide(tally)
    counts = summary.ledger.clauses(summary.judge.catalogue)
    _without_success(summary, counts)
    wanted = (
        list(operations) if operations is not None else [key for key in summary.judge.catalogue.operations if summary.seen[key]]
    )
    for identity, count in counts.items():
        clause = summary.judge.catalogue.clauses[identity]
        if clause.operation in wanted and not count.judged and not count.not_judged:
            reason, hint = (reasons or {}).get(identity, ("not seen", ""))
            summary.skip(identity, reason, hint, 0)
    return Report(
        verdict=Verdict.KEPT,
        exit_code=0,
        causes=(),
        exchanges=summary.exchanges,
        requests=requests,
        findings=_finding_groups(summary, reduced, again, curl, find),
        new=tuple(_new_group(*summary.new[key]) for key in sorted(summary.new)),
        not_judged=tuple(
            NotJudgedGroup(clause=clause, reason=reason, count=count, hint=summary.hints[(clause, reason)])
            for (clause, reason), count in sorted(summary.not_judged.items())
        ),
        operations=tuple(_operation(summary, key, counts) for key in wanted),
        problems=tuple(summary.problems),
        unmatched=tuple(
            Unmatched(shape=shape, count=count)
            for shape, count in sorted(summary.unmatched.items(), key=lambda one: (-one[1], one[0]))
        ),
        judged_clauses=sum(bool(count.judged) for identity, count in counts.items() if summary.selection.takes(identity)),
        kept=tuple(
            identity
            for identity, count in counts.items()
            if count.kept and not count.broken and summary.selection.takes(identity)
        ),
        now=now,
        command=command,
        witnesses=seen(summary.judge.catalogue, summary.ledger, operations=wanted),
    )


def _without_success(summary: Summary, counts: Mapping[str, ClauseCount]) -> None:
    """Where an operation never answered with a success, nobody can tell a provider that refuses wrongly from ids, a URL or
    credential that are not meant for it: what is accepted and refused there is not judged."""
    for key, group in list(summary.groups.items()):
        clause = summary.judge.catalogue.clauses[key[0]]
        if clause.family in ADMISSION and not summary.succeeded[clause.operation]:
            del summary.groups[key]
            count = counts[clause.id]
            count.not_judged, count.broken = count.not_judged + count.broken, 0
            summary.skip(clause.id, "no success seen", "check URL, credential and resources", group.count)


def _ordered(summary: Summary) -> list[Group]:
    ranks = {identity: index for index, identity in enumerate(summary.judge.catalogue.clauses)}
    return sorted(
        summary.groups.values(), key=lambda one: (one.finding.level != "must", ranks[one.finding.clause], one.finding.pointer)
    )


def _finding_groups(
    summary: Summary,
    reduced: Reduced,
    again: Callable[[Finding], str] | None,
    curl: Callable[[Finding], str] | None,
    find: Callable[[Sequence[Finding]], Sequence[Exchange | None]] | None,
) -> tuple[FindingGroup, ...]:
    groups = _ordered(summary)
    bare = [group for group in groups if group.exchange is None and group.told is None]
    if find is not None and bare:
        for group, exchange in zip(bare, find([group.finding for group in bare]), strict=True):
            if exchange is not None:
                group.told = shown(summary.judge, exchange)
    return tuple(_finding_group(summary.judge, group, reduced, again, curl) for group in groups)


def _finding_group(
    judge: Judge,
    group: Group,
    reduced: Reduced,
    again: Callable[[Finding], str] | None,
    curl: Callable[[Finding], str] | None,
) -> FindingGroup:
    finding, exchange = group.finding, group.exchange
    asked, answered = group.told or (shown(judge, exchange) if exchange is not None else ("", ""))
    source = judge.catalogue.clauses[finding.clause].source
    return FindingGroup(
        clause=finding.clause,
        level=finding.level,
        says=finding.says,
        message=finding.message,
        pointer=finding.pointer,
        part=finding.part,
        expected=finding.expected,
        got=finding.got,
        count=group.count,
        first=group.where[0],
        last=group.last or group.where[-1],
        where=tuple(group.where),
        fails=False,
        source=source.kind,
        quote=source.quote,
        file=source.file,
        line=source.line,
        again=again(finding) if again is not None else "",
        curl=curl(finding) if curl is not None else "",
        note=reduced.notes.get((finding.clause, finding.pointer), ""),
        asked=asked,
        answered=answered,
    )


def _new_group(new: New, count: int) -> NewGroup:
    return NewGroup(place=new.place, kind=new.kind, count=count, first=Where(origin=new.origin, time=new.time))


def _operation(summary: Summary, key: str, counts: Mapping[str, ClauseCount]) -> OperationSummary:
    mine = [counts[clause.id] for clause in summary.judge.catalogue.of_operation(key) if summary.selection.takes(clause.id)]
    return OperationSummary(
        operation=key,
        exchanges=summary.seen[key],
        kept=sum(bool(count.kept) and not count.broken for count in mine),
        broken=sum(bool(count.broken) for count in mine),
        not_judged=sum(not count.judged for count in mine),
        new=sum(place.startswith(f"{key}/") for place, _ in summary.new),
        newest=summary.newest.get(key),
        latency=tuple(summary.took.get(key, ())),
    )
