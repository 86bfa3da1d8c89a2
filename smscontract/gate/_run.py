"""The gate: plans, sends and judges one or more targets, and says how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from smscontract.catalogue import Catalogue
from smscontract.curl import Histories, curl_lines
from smscontract.documents import Operation
from smscontract.errors import ExitCode, UsageError
from smscontract.exchange import Auth, Exchange, Role
from smscontract.findings import Finding, FindingGroup, NotJudgedGroup, OperationSummary, Report
from smscontract.gate._confirm import Confirming, confirmed
from smscontract.gate._journal import Past
from smscontract.gate._promoted import PromotedFiles, keep
from smscontract.gate._recording import recording
from smscontract.gate._targets import Target
from smscontract.gate._tidy import tidied
from smscontract.gate._way import Costs, Way, ways
from smscontract.judge import Judge
from smscontract.plain import count_of
from smscontract.plan import Plan, aimed, make_plan
from smscontract.policy import Cause, Selection
from smscontract.probes.base import Kit
from smscontract.reported import reported
from smscontract.runner import REFUSED, Progress
from smscontract.summary import Summary
from smscontract.terms import Terms
from smscontract.transport import Manners

__all__ = ["Request", "gate", "planned"]

#: One operation at one target, and what became of it.
Run = tuple[Target, Operation, Progress]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to do.

    Attributes:
        max_requests: for each operation, every tier included.
        max_time: seconds for the whole run.
        fuzz: fuzz cases for each operation, `None`: what the plan leaves.
        record: file to record to.
        promote: folder of what fuzzing found: its files are sent first, and findings that have none get one.
        manners: how the transport waits and reads.
        terms: what is looked at, what counts, and what becomes of what was seen.
        aim: id of a clause: only what is aimed at it is sent, and what makes an answer to it mean something.
        max_sends: texts that requests may cause, now and later; `None`: any number.
        no_effects: send only what texts nobody and makes nothing.
        seen: is handed each exchange as it comes, as it was.
        journal: file that says what was sent before it was; `past`: what an earlier run wrote there.
    """

    max_requests: int = 300
    max_time: float = 50.0
    fuzz: int | None = None
    seed: int = 0
    record: str | None = None
    promote: str | None = None
    drafts_are_safe: bool = False
    manners: Manners = field(default_factory=Manners)
    terms: Terms = field(default_factory=Terms)
    aim: str | None = None
    max_sends: int | None = None
    no_effects: bool = False
    seen: Callable[[Exchange], None] | None = None
    journal: str | None = None
    past: Past | None = None

    def costs(self) -> Costs:
        """What of it the ways to the targets have to know."""
        return Costs(
            max_requests=self.max_requests,
            max_time=self.max_time,
            max_sends=self.max_sends,
            no_effects=self.no_effects,
            fuzz=self.fuzz,
            seed=self.seed,
            drafts_are_safe=self.drafts_are_safe,
            manners=self.manners,
        )


def planned(judge: Judge, target: Target, *, seed: int, promote: str | None = None) -> list[tuple[Kit, Plan]]:
    """The plan of each operation of a target, what was promoted before all else.

    Raises:
        UnusableInput: `promote` names no folder.
    """
    contract = judge.catalogue.contracts[target.provider]
    files = PromotedFiles(promote)
    notes = [*files.notes, *files.unclaimed([target.provider], judge.catalogue.operations)]
    found: list[tuple[Kit, Plan]] = []
    for operation in contract.operations:
        kit = Kit(judge, operation, target.resources, seed=seed)
        plan = make_plan(kit)
        first, unfit = files.cases(kit, plan)
        found.append((kit, Plan((*first, *plan.cases), plan.lacks, (*notes, *unfit))))
        notes = []
    return found


def gate(request: Request, judge: Judge, targets: Sequence[Target], *, now: Callable[[], float] = time.time) -> Report:
    """Runs all targets and gives the report.

    Raises:
        UsageError: an operation needs a credential and nobody gave one.
        UnusableInput: the recording cannot be written.
    """
    request.terms.check(judge.catalogue)
    for target in targets:
        _check_token(judge.catalogue, target)
    summary = Summary(judge, request.terms.selection, ranges=request.terms.accounts.ranges)
    started = time.monotonic()
    exchanges: list[Exchange] = []
    runs: list[Run] = []
    more: list[Cause] = []
    asked_again: list[Confirming] = []
    secrets = {secret for target in targets for secret in (*target.secrets, target.token or "") if secret}
    with (
        recording(request.record, secrets) as record,
        ways(
            list(targets), request.costs(), judge.catalogue, started=started, journal=request.journal, past=request.past
        ) as found,
    ):

        def sink(exchange: Exchange) -> None:
            exchanges.append(exchange)
            record(exchange)
            if request.seen is not None:
                request.seen(exchange)

        opened: list[tuple[Way, Kit, Progress]] = []
        try:
            for way in found:
                for kit, plan in planned(judge, way.target, seed=request.seed, promote=request.promote):
                    runner = way.runner(kit, summary, sink, offset=_latest(exchanges))
                    runs.append((way.target, kit.operation, runner.progress))
                    opened.append((way, kit, runner.progress))
                    if way.target.shared:
                        fresh = way.target.fresh
                        asked_again.append(Confirming(judge, kit, runner, summary, exchanges, fresh))
                        runner.between, runner.after = asked_again[-1].planned, asked_again[-1].fuzzed
                    runner.run(plan if request.aim is None else aimed(plan, request.aim))
                _take_rest(way, judge.catalogue, sink, summary)
                _tidy_up(opened, exchanges, record)
                _finish(way, runs)
        except KeyboardInterrupt:
            more.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {len(exchanges)} requests"))
            _tidy_up(opened, exchanges, record, hurried=True)
    reasons = {clause: reason for _, _, progress in runs for clause, reason in progress.skipped.items()}
    by_number = {exchange.origin.request: exchange for exchange in exchanges}

    histories = Histories(judge, exchanges)
    granted = {way.target.provider: list(way.target.resources.values()) for way in found}

    smallest = {clause: number for _, _, progress in runs for clause, number in progress.smallest.items()}

    def showing(clause: str, number: int | None) -> Exchange | None:
        shown = by_number.get(number)
        if clause in smallest and shown is not None and shown.role is Role.CASE and _is_fuzz(shown):
            shown = by_number.get(smallest[clause], shown)
        return shown

    def curl(finding: Finding) -> str:
        return curl_lines(judge, histories, showing(finding.clause, finding.origin.request), finding, granted)

    report = reported(
        summary,
        now=now(),
        command="gate",
        requests=len(exchanges),
        again=lambda finding: _again(finding, request, targets),
        curl=curl,
        find=lambda findings: [showing(one.clause, one.origin.request) for one in findings],
        reasons=reasons,
        operations=[operation.key for _, operation, _ in runs],
    )
    report = _with_reasons(confirmed(report, asked_again), reasons, request.terms.selection)
    summary.facts.close()
    report = replace(report, findings=tuple(_with_smallest(one, smallest) for one in report.findings))
    if request.promote is not None:
        keep(
            request.promote,
            report.findings,
            lambda one: showing(one.clause, one.first.origin.request),
            histories,
            secrets,
        )
    more += _stops(runs, exchanges, successes=not request.no_effects)
    report = replace(
        report,
        seconds=round(time.monotonic() - started, 1),
        operations=tuple(
            _costs(one, {operation.key: progress for _, operation, progress in runs}) for one in report.operations
        ),
    )
    return request.terms.close(report, summary.ledger, judge.catalogue, more=more)


def _take_rest(way: Way, catalogue: Catalogue, sink: Callable[[Exchange], None], summary: Summary) -> None:
    """Judges what an earlier run sent beyond the plan."""
    for exchange in way.rest():
        if exchange.operation in catalogue.operations:
            sink(exchange)
            summary.add(exchange)


def _finish(way: Way, runs: Sequence[Run]) -> None:
    """Says what the run did at one target, and whether anything of it is left to do."""
    for _, _, progress in runs[-1:]:
        progress.notes.extend(way.notes())
    if way.journal is not None:
        reasons = {reason for _, _, progress in runs for reason, _ in progress.skipped.values()}
        way.journal.whole = "time" not in reasons and not any(progress.stop for _, _, progress in runs)


def _tidy_up(
    opened: list[tuple[Way, Kit, Progress]],
    exchanges: Sequence[Exchange],
    record: Callable[[Exchange], None],
    *,
    hurried: bool = False,
) -> None:
    """Ends what the operations of one target made, each once; hurried, if somebody interrupted the run."""
    latest = _latest(exchanges) + hurried
    while opened:
        way, kit, progress = opened[0]
        progress.notes += tidied(way, kit, exchanges, offset=latest, record=record, hurried=hurried)
        if hurried and len(opened) == 1:
            progress.notes.extend(way.notes())
        del opened[0]


def _latest(exchanges: Sequence[Exchange]) -> int:
    """The number of the latest request of a run."""
    return max((one.origin.request or 0 for one in exchanges), default=0)


def _is_fuzz(exchange: Exchange) -> bool:
    return exchange.origin.source == "fuzz"


def _with_smallest(one: FindingGroup, smallest: Mapping[str, int]) -> FindingGroup:
    """Says which request of the fuzzer is the smallest that shows a finding."""
    number = smallest.get(one.clause)
    if number is None or one.first.origin.source != "fuzz" or number == one.first.origin.request:
        return one
    return replace(one, note="; ".join(part for part in (one.note, f"smallest in request {number}") if part))


def _with_reasons(report: Report, reasons: Mapping[str, tuple[str, str]], selection: Selection) -> Report:
    """What could not be probed is said with the line that would help, also where some request touched upon the clause."""
    judged = {*report.kept, *(one.clause for one in report.findings)}
    listed = {(one.clause, one.reason) for one in report.not_judged}
    more = [
        NotJudgedGroup(clause=clause, reason=reason, count=0, hint=hint)
        for clause, (reason, hint) in reasons.items()
        if clause not in judged and (clause, reason) not in listed and selection.takes(clause)
    ]
    return replace(report, not_judged=tuple(sorted([*report.not_judged, *more], key=lambda one: (one.clause, one.reason))))


def _again(finding: Finding, request: Request, targets: Sequence[Target]) -> str:
    """A command that runs the same plan again and looks at this clause only."""
    provider = finding.clause.partition(".")[0]
    target = next(one for one in targets if one.provider == provider)
    more = f" --seed {request.seed}" if request.seed else ""
    more += " --drafts-are-safe" if request.drafts_are_safe else ""
    return f"smscontract gate {target.options}{more} --select {finding.clause} --fail-on should"


def _check_token(catalogue: Catalogue, target: Target) -> None:
    for operation in catalogue.contracts[target.provider].operations:
        if operation.security is not None and target.token is None:
            raise UsageError(
                f"`{operation.key}` needs a credential", hint="export it and pass the variable's name: --token-env NAME"
            )


def _stops(runs: Sequence[Run], exchanges: Sequence[Exchange], *, successes: bool) -> Iterator[Cause]:
    """Why nobody can tell how an operation stands, as far as it can be said.

    Args:
        successes: whether anything was sent that should succeed.
    """
    for target, operation, progress in runs:
        mine = [exchange for exchange in exchanges if exchange.operation == operation.key]
        statuses = [exchange.response.status for exchange in mine if exchange.response is not None]
        good = [one.response.status for one in mine if one.response is not None and _is_plain(one, operation)]
        says = []
        if mine and not statuses:
            kinds = ", ".join(sorted({str(exchange.failure) for exchange in mine}))
            says.append(f"nobody answered at {target.url.netloc} ({kinds})")
        elif progress.stop == REFUSED:
            answer = "/".join(map(str, sorted(set(good))))
            sent = count_of(progress.tiers.total(), "request")
            says.append(f"{REFUSED} ({answer}, as without one) after {sent}: `smscontract doctor {target.options}` says more")
        elif progress.stop:
            says.append(f"{progress.stop} after {count_of(progress.tiers.total(), 'request')}")
        elif progress.limited:
            says.append("rate limited")
        if statuses and not any(status // 100 == 2 for status in statuses):
            if progress.stop == REFUSED:
                pass
            elif good and set(good) <= {401, 403}:
                says.append("no successful answer was seen: the credential was refused every time")
            elif successes:
                says.append("no successful answer was seen")
        elif not mine and not progress.stop:
            says.append("no request was sent")
        yield from (Cause(ExitCode.CANNOT_TELL, f"{operation.key}: {one}") for one in says)


def _is_plain(exchange: Exchange, operation: Operation) -> bool:
    """Whether a request shows the good credential to the operation itself."""
    request = exchange.request
    return exchange.auth is Auth.GOOD and request.method == operation.method and operation.leads_to(request.url)


def _costs(one: OperationSummary, runs: Mapping[str, Progress]) -> OperationSummary:
    progress = runs[one.operation]
    return replace(
        one,
        tiers=dict(progress.tiers),
        fuzzed=dict(progress.executed),
        spent=progress.spent,
        leashed=progress.leashed,
        notes=tuple(progress.notes),
        plan=progress.plan,
    )
