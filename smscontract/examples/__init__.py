"""An exchange (or the shortest history) that keeps a clause and one that breaks it: `explain` shows them, `prove` uses them.

Nothing here is remembered: examples are built from the document's own examples, changed until the clause is judged, and held
against the judge. What is returned keeps every clause on one side and breaks exactly the one on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smscontract.clauses import families
from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.requirement import RuleDetail
from smscontract.clauses.schema import SchemaDetail
from smscontract.clauses.state import StateDetail
from smscontract.documents import Clause, Rule
from smscontract.examples.base import base_exchange
from smscontract.examples.histories import Histories
from smscontract.exchange import Exchange
from smscontract.findings import Finding
from smscontract.judge import Judge, Judgement

__all__ = ["Example", "base_exchange", "broken_by", "example_of", "findings_of", "scenes"]


@dataclass(frozen=True, slots=True)
class Example:
    """Exchanges of which all keep every clause, and exchanges of which the last (or all together) break just the one."""

    keeps: tuple[Exchange, ...]
    breaks: tuple[Exchange, ...]


def findings_of(judge: Judge, exchanges: Sequence[Exchange]) -> tuple[list[Finding], list[Judgement], dict[str, int]]:
    """Everything that a list of exchanges breaks, what the judge said of each, and what their facts keep."""
    judgements = [judge.judge(exchange) for exchange in exchanges]
    reduced = judge.reduce(fact for judgement in judgements for fact in judgement.facts)
    found = [finding for judgement in judgements for finding in judgement.findings]
    return [*found, *reduced.findings], judgements, reduced.kept


def _judged(judge: Judge, clause: Clause, exchanges: Sequence[Exchange]) -> bool:
    """Whether a list of exchanges keeps everything, and this clause not only for lack of anything to judge."""
    findings, judgements, kept = findings_of(judge, exchanges)
    if findings:
        return False
    position = judge.catalogue.of_operation(clause.operation).index(clause)
    last = judgements[-1].signature
    return clause.id in kept or (last is not None and last.outcomes[position] in "kf")


def broken_by(judge: Judge, exchanges: Sequence[Exchange]) -> list[str]:
    """Ids of the clauses that a list of exchanges breaks, each once, sorted."""
    return sorted({finding.clause for finding in findings_of(judge, exchanges)[0]})


def example_of(judge: Judge, clause: Clause) -> Example | None:
    """The shortest example that we can find, or `None` where there is none."""
    module = families()[clause.family]
    operation = judge.catalogue.operations[clause.operation]
    for scene in scenes(judge, clause):
        if not _judged(judge, clause, scene):
            continue
        for broken in module.break_(clause, scene[:-1], scene[-1], operation):
            tail = module.expand(clause, broken, scene[-1]) if hasattr(module, "expand") else [broken]
            candidate = [*scene[:-1], *tail]
            if broken_by(judge, candidate) == [clause.id]:
                return Example(tuple(scene), tuple(candidate))
    return None


def scenes(judge: Judge, clause: Clause) -> Iterator[list[Exchange]]:
    """Lists of exchanges in which the clause may be judged and kept, shortest first; the caller judges them."""
    operation = judge.catalogue.operations[clause.operation]
    maker = Histories(judge, operation)
    detail = clause.detail
    if isinstance(detail, SchemaDetail):
        yield from maker.schema(detail)
    elif isinstance(detail, RequestDetail):
        yield from maker.accepts(detail) if detail.word == "accepts" else maker.refuses(detail)
    elif isinstance(detail, RuleDetail):
        yield from maker.requirement(detail.rule)
    elif isinstance(detail, StateDetail):
        yield from maker.state(detail)
    elif isinstance(detail, Rule):
        yield from maker.rule(detail)
    elif clause.family == "auth":
        yield from maker.auth(str(detail))
    else:
        yield from ([one] for one in maker.successes())
        yield from ([one] for one in maker.refusals())
