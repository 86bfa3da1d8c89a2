"""What a request on something in a known state is answered with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smscontract.clauses.conditions import known_label, status_matches
from smscontract.clauses.mutate import refusals_of, success_of
from smscontract.clauses.outcomes import KEPT, Broken, Outcome, Skipped, Spot
from smscontract.clauses.validity import refused
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, level_of
from smscontract.exchange import Auth, Exchange

__all__ = ["FAMILY", "StateDetail", "break_", "clauses_of", "judge"]

FAMILY = "state"


@dataclass(frozen=True, slots=True)
class StateDetail:
    """A label of a parameter and the statuses that it is answered with."""

    parameter: str
    label: str
    codes: tuple[str, ...]


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """One clause for each state that the contract names."""
    for parameter, labels in operation.states.items():
        for label, (codes, source) in labels.items():
            listed = " or ".join(codes)
            yield Clause(
                id=f"{operation.key}/state/{parameter}/{label}",
                provider=operation.provider,
                operation=operation.key,
                level=level_of(source, lowered=True),
                family=FAMILY,
                says=f"a request whose `{parameter}` is {label} is answered with {listed}",
                source=source,
                detail=StateDetail(parameter, label, codes),
            )


def judge(clause: Clause, view: View) -> Outcome:
    """Broken by another status, where the request is otherwise in order and its credential good."""
    detail: StateDetail = clause.detail
    known = view.exchange.known.get(detail.parameter)
    if known is None or not known_label(known, detail.label):
        return None
    assessment = view.assessment
    if view.exchange.auth is not Auth.GOOD or assessment.violations or assessment.rules or assessment.undefined:
        return None
    if view.status is None or refused(view) is None:
        return Skipped("no answer that says something of the request")
    expects_success = any(code.startswith("2") for code in detail.codes)
    if view.status == 401 and "401" not in detail.codes:
        return Skipped("refused for its credential")
    if status_matches(view.status, detail.codes):
        return KEPT
    what = "accepted" if view.accepted else "refused" if expects_success else "answered otherwise"
    return Broken(
        message=f"a request on `{detail.label}` was {what}",
        spot=Spot("status"),
        expected=" or ".join(detail.codes),
        got=view.status,
    )


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Success instead of refusal and the other way round."""
    if any(code.startswith("2") for code in clause.detail.codes):
        yield from refusals_of(last, operation, 409)
    else:
        yield success_of(last, operation)
        yield from refusals_of(last, operation, 400)
