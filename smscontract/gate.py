"""The gate: plans, sends and judges one or more targets, and says how it ended."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

from smscontract.catalogue import Catalogue
from smscontract.curl import curl_lines
from smscontract.documents import Operation
from smscontract.errors import ExitCode, UnusableInput, UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Finding, OperationSummary, Report
from smscontract.judge import Judge
from smscontract.numbers import is_reserved
from smscontract.plan import Plan, make_plan
from smscontract.policy import Cause, FailOn, Selection, settle
from smscontract.probes.base import Kit
from smscontract.recordings import jsonl
from smscontract.resources import Entry, Resources, load_resources, resources_from
from smscontract.runner import Limits, Progress, Runner
from smscontract.summary import Summary
from smscontract.transport import Leash, Transport, is_loopback, target_url

__all__ = ["Request", "Target", "gate", "planned", "targets_of"]

_HANDOVER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider at one place.

    Attributes:
        provider: of the catalogue.
        url: checked base URL.
        token: the good credential, `None` if nobody gave one.
        sandbox: whether it is one of ours, where nobody is texted; `own`: started by us for this run.
        options: what a command needs to reach it again.
    """

    provider: str
    url: SplitResult
    token: str | None
    resources: Resources
    sandbox: bool
    own: bool = False
    options: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to do.

    Attributes:
        max_requests: for each operation, every tier included.
        max_time: seconds for the whole run.
        fuzz: fuzz cases for each operation, `None`: what the plan leaves.
        record: file to record to.
    """

    max_requests: int = 300
    max_time: float = 50.0
    fuzz: int | None = None
    seed: int = 0
    record: str | None = None
    drafts_are_safe: bool = False
    selection: Selection = field(default_factory=Selection)
    fail_on: FailOn = FailOn.MUST


@contextmanager
def targets_of(
    catalogue: Catalogue,
    *,
    url: str | None,
    token_env: str | None,
    resources: str | None,
    allowed_hosts: Sequence[str] = (),
    seed: int = 0,
) -> Iterator[list[Target]]:
    """The targets of a run: the given URL, or a sandbox of ours that runs as long as the block.

    Raises:
        UsageError: an URL for several providers, a host that nobody allowed, a variable that is not set, a provider that the
            sandbox does not speak.
        UnusableInput: resources that cannot be read.
    """
    given = load_resources(resources) if resources is not None else None
    token = None
    if token_env is not None:
        token = os.environ.get(token_env)
        if not token:
            raise UsageError(f"the variable `{token_env}` is not set", hint="export it with the credential of the target")
    with ExitStack() as stack:
        if url is not None:
            if len(catalogue.contracts) != 1:
                raise UsageError("--url needs exactly one target", hint=f"name one of {', '.join(catalogue.contracts)}")
            base = target_url(url, allowed_hosts)
            handed = _handover(base) if is_loopback(base.hostname or "") else None
        else:
            base, handed = _own_sandbox(stack, seed)
        yield [
            _target(
                provider, base, handed, given, token, own=url is None, options=_options(provider, url, token_env, resources)
            )
            for provider in catalogue.contracts
        ]


def _options(provider: str, url: str | None, token_env: str | None, resources: str | None) -> str:
    words = [provider]
    for option, value in (("--url", url), ("--token-env", token_env), ("--resources", resources)):
        words += [option, value] if value is not None else []
    return shlex.join(words)


def _target(
    provider: str,
    base: SplitResult,
    handed: Mapping[str, Mapping[str, object]] | None,
    given: Resources | None,
    token: str | None,
    *,
    own: bool,
    options: str,
) -> Target:
    entry = (handed or {}).get(provider)
    if own and entry is None:
        raise UsageError(f"there is no sandbox for `{provider}`", hint="give the target: --url http://127.0.0.1:8000")
    if entry is not None:
        found = given if given is not None else resources_from(entry.get("resources") or {}, "the sandbox")
        return Target(
            provider=provider,
            url=base,
            token=token or str(entry.get("token", "")) or None,
            resources=found,
            sandbox=True,
            own=own,
            options=options,
        )
    return Target(provider=provider, url=base, token=token, resources=given or Resources(), sandbox=False, options=options)


def _own_sandbox(stack: ExitStack, seed: int) -> tuple[SplitResult, Mapping[str, Mapping[str, object]] | None]:
    from smscontract.sandbox.app import create_app
    from smscontract.sandbox.server import running

    del seed  # the sandbox's own first day is always the same: what varies is what we send
    server = stack.enter_context(running(create_app()))
    base = urlsplit(server.url)
    return base, _handover(base)


def _handover(base: SplitResult) -> Mapping[str, Mapping[str, object]] | None:
    """What a sandbox hands over at `/_sandbox/`; `None` if there is none. Whoever listens there may be anybody: nothing that it
    says is believed but this one form."""
    import http.client

    connection = http.client.HTTPConnection(base.hostname or "", base.port or 80, timeout=3)
    try:
        connection.request("GET", "/_sandbox/", headers={"accept": "application/json"})
        answer = connection.getresponse()
        data = json.loads(answer.read(_HANDOVER_BYTES)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
    if not isinstance(data, Mapping) or data.get("sandbox") != "smscontract" or not isinstance(data.get("providers"), Mapping):
        return None
    return {name: entry for name, entry in data["providers"].items() if isinstance(entry, Mapping)}


def planned(judge: Judge, target: Target, *, seed: int) -> list[tuple[Kit, Plan]]:
    """The plan of each operation of a target."""
    contract = judge.catalogue.contracts[target.provider]
    kits = [Kit(judge, operation, target.resources, seed=seed) for operation in contract.operations]
    return [(kit, make_plan(kit)) for kit in kits]


def gate(request: Request, judge: Judge, targets: Sequence[Target], *, now: Callable[[], float] = time.time) -> Report:
    """Runs all targets and gives the report.

    Raises:
        UsageError: an operation needs a credential and nobody gave one.
        UnusableInput: the recording cannot be written.
    """
    request.selection.check(judge.catalogue.clauses)
    for target in targets:
        _check_token(judge.catalogue, target)
    summary = Summary(judge, request.selection)
    started = time.monotonic()
    exchanges: list[Exchange] = []
    runs: list[tuple[Operation, Progress]] = []
    more: list[Cause] = []
    with _recording(request.record, {target.token for target in targets if target.token}) as record:

        def sink(exchange: Exchange) -> None:
            exchanges.append(exchange)
            record(exchange)

        try:
            number = 0
            for target in targets:
                for kit, plan in planned(judge, target, seed=request.seed):
                    runner = _runner(request, target, kit, summary, sink, started, number)
                    runs.append((kit.operation, runner.progress))
                    runner.run(plan)
                    number += runner.sent
        except KeyboardInterrupt:
            more.append(Cause(ExitCode.INTERRUPTED, f"interrupted after {len(exchanges)} requests"))
    reasons = {clause: reason for _, progress in runs for clause, reason in progress.skipped.items()}
    by_number = {exchange.origin.request: exchange for exchange in exchanges}

    def curl(finding: Finding) -> str:
        return curl_lines(
            judge, exchanges, by_number.get(finding.origin.request), finding, {target.provider: target for target in targets}
        )

    report = summary.report(
        now=now(),
        command="gate",
        requests=len(exchanges),
        again=lambda finding: _again(finding, request, targets),
        curl=curl,
        reasons=reasons,
        operations=[operation.key for operation, _ in runs],
    )
    more += _stops(runs)
    report = replace(
        report,
        seconds=round(time.monotonic() - started, 1),
        operations=tuple(_costs(one, {operation.key: progress for operation, progress in runs}) for one in report.operations),
    )
    return settle(report, fail_on=request.fail_on, successes=_least_successes(exchanges, runs), more=more)


def _again(finding: Finding, request: Request, targets: Sequence[Target]) -> str:
    """A command that runs the same plan again and looks at this clause only."""
    provider = finding.clause.partition(".")[0]
    target = next(one for one in targets if one.provider == provider)
    seed = f" --seed {request.seed}" if request.seed else ""
    return f"smscontract gate {target.options}{seed} --select {finding.clause} --fail-on should"


def _check_token(catalogue: Catalogue, target: Target) -> None:
    for operation in catalogue.contracts[target.provider].operations:
        if operation.security is not None and target.token is None:
            raise UsageError(
                f"`{operation.key}` needs a credential", hint="export it and pass the variable's name: --token-env NAME"
            )


def _least_successes(exchanges: Sequence[Exchange], runs: Sequence[tuple[Operation, Progress]]) -> int:
    """Successes of the operation that has fewest."""
    counts = {operation.key: 0 for operation, _ in runs}
    for exchange in exchanges:
        if exchange.operation in counts and exchange.response is not None and exchange.response.status // 100 == 2:
            counts[exchange.operation] += 1
    return min(counts.values(), default=0)


def _stops(runs: Sequence[tuple[Operation, Progress]]) -> Iterator[Cause]:
    for operation, progress in runs:
        if progress.stop:
            yield Cause(ExitCode.CANNOT_TELL, f"{operation.key}: {progress.stop} after {progress.tiers.total()} requests")


def _costs(one: OperationSummary, runs: Mapping[str, Progress]) -> OperationSummary:
    progress = runs[one.operation]
    return replace(
        one,
        tiers=dict(progress.tiers),
        fuzzed=dict(progress.executed),
        spent=progress.spent,
        leashed=progress.leashed,
        notes=tuple(progress.notes),
    )


def _runner(  # noqa: PLR0917 - everything that a run is made of
    request: Request, target: Target, kit: Kit, summary: Summary, sink: Callable[[Exchange], None], started: float, number: int
) -> Runner:
    def may_spend(entry: Entry) -> bool:
        if kit.operation.effect.get("texts") != "now" or target.sandbox or request.drafts_are_safe:
            return True
        recipient = entry.known.get("to_number")
        return isinstance(recipient, str) and is_reserved(recipient)

    transport = Transport(target.url, Leash(_granted(kit)), run=f"seed-{request.seed}")
    transport.offset = number
    limits = Limits(requests=request.max_requests, deadline=started + request.max_time, fuzz=request.fuzz)
    return Runner(kit, transport, summary, token=target.token, limits=limits, sink=sink, may_spend=may_spend)


def _granted(kit: Kit) -> set[str]:
    """Numbers of the resources that are meant to be used as they are. Those that a rule wants refused stay on the leash."""
    return {entry.value for name in kit.phones for entry in kit.resources.entries(name)}


@contextmanager
def _recording(path: str | None, tokens: set[str]) -> Iterator[Callable[[Exchange], None]]:
    """Writes exchanges as they come, credentials replaced, readable by the user alone.

    Raises:
        UnusableInput: the file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise UnusableInput(
            f"the recording cannot be written: {error.strerror}", file=path, hint="name a file in a folder that exists"
        ) from None
    with os.fdopen(descriptor, "wb") as stream:
        yield _Writer(stream, tokens)


class _Writer:
    """Writes a recording."""

    def __init__(self, stream: BinaryIO, tokens: set[str]) -> None:
        self._stream = stream
        self._tokens = sorted(tokens, key=len, reverse=True)
        stream.write(jsonl.header("gate"))

    def __call__(self, exchange: Exchange) -> None:
        self._stream.write(jsonl.dumps(self._without_tokens(exchange)))
        self._stream.flush()

    def _without_tokens(self, exchange: Exchange) -> Exchange:
        """Every token replaced by a text of the same length, so that lengths and echoes are judged as they were live."""
        for token in self._tokens:
            stand_in = ("smscontract-credential-" * (len(token) // 23 + 1))[: len(token)]
            request, response = exchange.request, exchange.response
            request = replace(
                request,
                url=request.url.replace(token, stand_in),
                headers=tuple((name, value.replace(token, stand_in)) for name, value in request.headers or ()),
                body=(request.body or b"").replace(token.encode(), stand_in.encode()),
            )
            if response is not None:
                response = replace(
                    response,
                    headers=tuple((name, value.replace(token, stand_in)) for name, value in response.headers or ()),
                    body=(response.body or b"").replace(token.encode(), stand_in.encode()),
                )
            exchange = replace(exchange, request=request, response=response)
        return exchange
