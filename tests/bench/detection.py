"""What is found, by the gate and by plain `st run`, on the same wrong servers and the same right ones. By hand:

python -m tests.bench.detection [--sample N] [--st-sample N] [--results FILE] [--seed N]

The catalogue: the faults written by hand (tests/faults), and clauses of every family broken by the breaker, plain and under a
condition. The gate runs as users run it, at `--fail-on should`; on a wrong server fuzzing is left out where the plan has found
the fault. `st run` is schemathesis's command line with its defaults, the same ids, numbers and token, and no hook of ours; what
it calls a failure of the right server too (tests/tools/st_run/*.txt) does not count as found. `--results` keeps each result as
it comes, and a second run goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from starlette.types import ASGIApp

from smscontract.breaker import Breaker, parse_break
from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.sandbox.app import create_app
from smscontract.sandbox.knowledge import knowledge
from tests.bench import st_run
from tests.faults.catalogue import FAULTS, TWINS
from tests.faults.model import OPERATIONS, outcome_of

__all__ = ["SERVERS", "Result", "Server", "main"]

#: Conditions for clauses of a success, in turn.
_CONDITIONS = {
    "stuut": ("got.status=failed", "got.body.length>160"),
    "bland": ("sent.sender=AGENT", "sent.new_conversation=true"),
}
_SCHEMA = ("presence", "null", "type", "enum", "format", "constant")
#: Broken in front of the sandbox they would break another clause first.
_NOT_ALONE = ("stuut.send-sms/rule/created-before-answer",)
#: Of each provider at most so many clauses of one family, so that the many members of one answer do not drown the rest.
_OF_A_FAMILY = 12
#: Right servers that st run is shown, beside the sandbox.
_TWINS = 14
WORKERS = max(1, min(2, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to be looked at.

    Attributes:
        kind: of fault, or `breaker: FAMILY`; empty for a right server.
        expected: ids of the clauses of which one has to be named.
    """

    name: str
    provider: str
    kind: str
    build: Callable[[], ASGIApp]
    expected: frozenset[str] = frozenset()


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


def _broken(spec: str) -> Callable[[], ASGIApp]:
    def build() -> ASGIApp:
        sandbox = create_app()
        return Breaker(
            sandbox,
            _catalogue(),
            [parse_break(spec, _catalogue())],
            knowledge=lambda exchange: knowledge(sandbox, exchange),
            exact=True,
        )

    return build


def _breaks() -> Iterator[Server]:
    """Clauses of every family, plain, and those of a success's schema under a condition too."""
    for provider, operation in OPERATIONS.items():
        of_family: dict[str, list[str]] = {}
        for clause in _catalogue().of_operation(operation):
            if clause.id not in _NOT_ALONE:
                of_family.setdefault(clause.family, []).append(clause.id)
        for family, listed in sorted(of_family.items()):
            chosen = random.Random(f"{provider} {family}").sample(sorted(listed), min(_OF_A_FAMILY, len(listed)))
            for index, identity in enumerate(chosen):
                success = family in _SCHEMA and "/4XX" not in identity
                condition = _CONDITIONS[provider][index // 2 % 2] if success and index % 2 else ""
                spec = f"{identity}@{condition}" if condition else identity
                yield Server(
                    name=spec,
                    provider=provider,
                    kind=f"breaker: {family}",
                    build=_broken(spec),
                    expected=frozenset({identity.removeprefix(f"{operation}/")}),
                )


def _servers() -> dict[str, Server]:
    wrong = [
        Server(name=one.name, provider=one.provider, kind=str(one.kind), build=one.build, expected=one.expected)
        for one in FAULTS.values()
        if one.shown
    ]
    right = [Server(name=one.name, provider=one.provider, kind="", build=one.build) for one in TWINS.values()]
    right += [Server(name=f"{provider}-sandbox", provider=provider, kind="", build=create_app) for provider in OPERATIONS]
    return {one.name: one for one in (*wrong, *_breaks(), *right)}


SERVERS = _servers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one tool said of one server.

    Attributes:
        first: number of the request that first shows a finding; `None` without one.
        named: whether a finding names a clause that was expected; always for `st`, which has none.
    """

    tool: str
    server: str
    first: int | None
    named: bool
    requests: int
    seconds: float
    what: tuple[str, ...] = ()


def measured(tool: str, name: str) -> Result:
    """One tool on one server."""
    server = SERVERS[name]
    started = time.monotonic()
    if tool == "st":
        with tempfile.TemporaryDirectory() as folder:
            ran = st_run.run(server.build(), server.provider, Path(folder))
        shown = ran.failures if server.kind else [*ran.failures, *ran.alarms]
        return Result(
            tool=tool,
            server=name,
            first=ran.first,
            named=ran.first is not None,
            requests=ran.requests,
            seconds=round(time.monotonic() - started, 1),
            what=tuple(shown[:5]),
        )
    outcome = outcome_of(server.build(), server.provider)
    if server.kind == "" or not outcome.found:
        outcome = outcome_of(server.build(), server.provider, fuzz=None)
    return Result(
        tool=tool,
        server=name,
        first=outcome.first,
        named=not server.expected.isdisjoint(outcome.found),
        requests=outcome.requests,
        seconds=round(time.monotonic() - started, 1),
        what=tuple(outcome.found)[:5],
    )


def _sample(names: Sequence[str], count: int | None, seed: int) -> list[str]:
    return list(names) if count is None else random.Random(seed).sample(sorted(names), min(count, len(names)))


def _results(jobs: Sequence[tuple[str, str]], file: Path | None, *, minutes: float) -> list[Result]:
    """What came of the jobs, in their order; of as many as the time is enough for."""
    until = time.monotonic() + 60 * minutes
    known: dict[tuple[str, str], Result] = {}
    if file is not None and file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            one = Result(**json.loads(line))
            known[one.tool, one.server] = one
    left = [job for job in jobs if job not in known]
    with ProcessPoolExecutor(max_workers=WORKERS) as pool:
        while left and time.monotonic() < until:
            some, left = left[: 2 * WORKERS], left[2 * WORKERS :]
            for job, result in zip(some, pool.map(measured, *zip(*some, strict=True)), strict=True):
                known[job] = result
                if file is not None:
                    with file.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(asdict(result)) + "\n")
    return [known[job] for job in jobs if job in known]


def _row(title: str, results: Sequence[Result]) -> str:
    firsts = [one.first for one in results if one.first is not None]
    named = sum(one.named for one in results)
    median, worst = (statistics.median(firsts), max(firsts)) if firsts else (0, 0)
    share = 100 * len(firsts) / len(results)
    most = max(one.requests for one in results)
    return f"{title:<40}{len(results):>6}{len(firsts):>6}{share:>6.0f} %{named:>7}{median:>8g}{worst:>7}{most:>9}"


def _table(results: Sequence[Result], seed: int) -> Iterator[str]:
    wrong = [one for one in results if SERVERS[one.server].kind]
    yield f"{'':<40}{'faults':>6}{'found':>6}{'':>8}{'named':>7}{'median':>8}{'worst':>7}{'requests':>9}"
    gate = [one for one in wrong if one.tool == "gate"]
    for kind in sorted({SERVERS[one.server].kind for one in gate}):
        yield _row(kind, [one for one in gate if SERVERS[one.server].kind == kind])
    yield ""
    st = [one for one in wrong if one.tool == "st"]
    both = {one.server for one in st}
    if gate:
        yield _row("gate, all faults", gate)
    if st:
        chosen = f"{len(both)} drawn with seed {seed}" if len(both) < sum(bool(one.kind) for one in SERVERS.values()) else "all"
        yield _row(f"gate, {chosen}", [one for one in gate if one.server in both])
        yield _row(f"st run, {chosen}", st)
    for tool in ("gate", "st"):
        right = [one for one in results if one.tool == tool and not SERVERS[one.server].kind]
        alarms = [one.server for one in right if one.what]
        times = [one.seconds for one in results if one.tool == tool]
        if times:
            yield (
                f"{tool}: false alarms on {len(alarms)} of {len(right)} right servers {alarms or ''}; "
                f"{statistics.median(times):g} s a server, {max(times):g} s at most"
            )


def main() -> int:
    """Prints what was not found, and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many faults for the gate; default: all")
    parser.add_argument("--st-sample", type=int, help="so many of these for st run too; default: all; 0: none")
    parser.add_argument("--results", type=Path, help="keeps each result as it comes")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin nothing after so many")
    parser.add_argument("--seed", type=int, default=0, help="of the samples")
    words = parser.parse_args()
    wrong = _sample([name for name, one in SERVERS.items() if one.kind], words.sample, words.seed)
    right = [name for name, one in SERVERS.items() if not one.kind]
    for_st = set(_sample(wrong, words.st_sample, words.seed))
    twins = {"stuut-sandbox", "bland-sandbox", *_sample(right, _TWINS, words.seed)} if for_st else set()
    # In random order, and both tools on a server together: whenever it ends, what was done is a fair sample.
    names = [*wrong, *right]
    random.Random(words.seed).shuffle(names)
    names.sort(key=lambda name: name not in for_st | twins)
    jobs = [(tool, name) for name in names for tool in ("gate", "st") if tool == "gate" or name in for_st | twins]
    results = sorted(_results(jobs, words.results, minutes=words.minutes), key=lambda one: (one.tool, one.server))
    for one in results:
        server = SERVERS[one.server]
        if one.tool == "gate" and server.kind and not one.named:
            print(f"  {'misnamed' if one.what else 'NOT FOUND'} {one.server}: {', '.join(one.what) or 'nothing'}")
        if not server.kind and one.what:
            print(f"  FALSE ALARM of {one.tool}: {one.server}: {', '.join(one.what)}")
    print()
    print("\n".join(_table(results, words.seed)))
    if len(results) < len(jobs):
        print(f"{len(jobs) - len(results)} of {len(jobs)} runs were not begun: drawn with seed {words.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
