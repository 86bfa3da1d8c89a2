"""Proves that the gate bites: breaks every clause and shows that exactly this clause is named.

Clauses on one answer are broken by changing exchanges that keep the contract. Clauses on requests, authentication, protocol and
histories are broken in a running server, through the one breaker, and looked for by the gate's own plan.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.clauses import families
from smscontract.documents import Clause, Rule
from smscontract.examples import broken_by, example_of, scenes
from smscontract.gate import Request, Target, gate
from smscontract.judge import Judge
from smscontract.policy import FailOn
from smscontract.terms import Terms
from smscontract.variations import variations

__all__ = ["Live", "Result", "Servers", "false_alarms", "needs_server", "prove"]

#: Families whose clauses speak of what a server does, not of what one answer looks like.
_SERVED = frozenset({"request", "state", "auth", "protocol", "history"})
_HISTORIES = frozenset({"same", "fresh", "moves", "unique", "constant"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one clause.

    Attributes:
        verdict: `killed`, `survived` or `cannot`.
        how: `exchange` or `server`.
        neighbours: ways in which it was broken and named, and ways in all.
        reason: for a survivor what was named instead; for `cannot` why it cannot be broken.
        request: number of the request that showed it, for `server`.
    """

    clause: str
    verdict: str
    how: str
    neighbours: tuple[int, int] = (0, 0)
    reason: str = ""
    request: int | None = None


#: Gives targets on a server in which the clause is broken, for as long as the block lasts; `None` if there is no server.
Live = Callable[[Clause], AbstractContextManager[list[Target] | None]]
#: Makes such servers for a catalogue; a worker process gets it as it is, so that it has to be picklable.
Servers = Callable[[Catalogue], Live]


def needs_server(clause: Clause) -> bool:
    """Whether a clause is only proved by a server in which it is broken."""
    if clause.family in _SERVED:
        return True
    return isinstance(clause.detail, Rule) and clause.detail.kind in _HISTORIES


def prove(
    contracts: Sequence[str], *, servers: Servers | None, clauses: Sequence[str] | None = None, workers: int = 1
) -> Iterator[Result]:
    """Breaks every clause, and gives each result as it comes.

    Args:
        contracts: names of shipped providers or paths of contracts.
        servers: for the clauses that need one; without, they are proved on exchanges alone.
        clauses: ids; default: all.
        workers: processes.

    Raises:
        UsageError, UnusableInput: a contract cannot be read.
    """
    catalogue = load_catalogue(contracts)
    # Those in servers take longest: they go first.
    wanted = sorted(
        (clause for clause in catalogue.clauses.values() if clauses is None or clause.id in clauses),
        key=lambda clause: (not needs_server(clause), clause.detail != "in-time"),
    )
    names = [clause.id for clause in wanted]
    if workers <= 1:
        worker = _Worker(contracts, servers)
        yield from (worker.result(name) for name in names)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(list(contracts), servers)) as pool:
        tasks = [pool.submit(_result, name) for name in names]
        try:
            yield from (task.result() for task in as_completed(tasks))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Worker:
    """Proves one clause after the other."""

    def __init__(self, contracts: Sequence[str], servers: Servers | None) -> None:
        catalogue = load_catalogue(contracts)
        self._judge = Judge(catalogue)
        self._live = servers(catalogue) if servers is not None else None

    def result(self, identity: str) -> Result:
        clause = self._judge.catalogue.clauses[identity]
        result = _on_exchanges(self._judge, clause)
        if self._live is None or not needs_server(clause) or result.verdict == "cannot":
            return result
        return _on_server(self._judge, clause, self._live, result)


_workers: list[_Worker] = []


def _start(contracts: list[str], servers: Servers | None) -> None:
    """Readies a worker process. Ctrl-C is for the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _workers.append(_Worker(contracts, servers))


def _result(identity: str) -> Result:
    return _workers[0].result(identity)


def _on_exchanges(judge: Judge, clause: Clause) -> Result:
    example = example_of(judge, clause)
    if example is None:
        reason = "no exchange could be made that breaks this clause and nothing else"
        return Result(clause=clause.id, verdict="cannot", how="exchange", reason=reason)
    module = families()[clause.family]
    operation = judge.catalogue.operations[clause.operation]
    past, last = example.keeps[:-1], example.keeps[-1]
    noticed = total = 0
    for broken in module.break_(clause, past, last, operation):
        tail = module.expand(clause, broken, last) if hasattr(module, "expand") else [broken]
        named = broken_by(judge, [*past, *tail])
        if clause.id in named:
            noticed += 1
        total += 1
    return Result(clause=clause.id, verdict="killed", how="exchange", neighbours=(noticed, total))


def _on_server(judge: Judge, clause: Clause, live: Live, pure: Result) -> Result:
    with live(clause) as targets:
        if targets is None:
            return pure
        report = gate(
            Request(fuzz=0, max_time=30.0, terms=Terms(fail_on=FailOn.SHOULD), aim=clause.id), judge, _only(targets, clause)
        )
    named = list(dict.fromkeys(one.clause for one in report.findings))
    if named == [clause.id]:
        request = report.findings[0].first.origin.request
        return Result(clause=clause.id, verdict="killed", how="server", neighbours=pure.neighbours, request=request)
    reason = f"named instead: {', '.join(named)}" if named else f"nothing was named ({report.verdict})"
    return Result(clause=clause.id, verdict="survived", how="server", neighbours=pure.neighbours, reason=reason)


def _only(targets: Sequence[Target], clause: Clause) -> list[Target]:
    return [one for one in targets if one.provider == clause.provider]


def false_alarms(judge: Judge) -> tuple[int, list[str]]:
    """The other direction: how many variations that keep the contract there are, and those that are found fault with."""
    count = 0
    alarms: list[str] = []
    seen: set[bytes] = set()
    for clause in judge.catalogue.clauses.values():
        operation = judge.catalogue.operations[clause.operation]
        for scene in scenes(judge, clause):
            response = scene[-1].response
            body = response.body if response is not None else b""
            if body is None or len(scene) > 1 or body in seen or broken_by(judge, scene):
                continue
            seen.add(body)
            for name, changed in variations(scene[-1], operation):
                count += 1
                named = broken_by(judge, [changed])
                if named:
                    alarms.append(f"{operation.key}, {name}: {', '.join(named)}")
    return count, alarms
