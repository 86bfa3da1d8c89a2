"""What is asked of each exchange of a kind, beside its key: relations between values, and orders of times."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from smscontract.documents import Place
from smscontract.json_text import json_type
from smscontract.kernel.checks import Check, Relation, Times, check_of, order_of, relation_of
from smscontract.kernel.matchers import Stub
from smscontract.kernel.members import NEVER
from smscontract.kernel.plans import Answers, Requests

__all__ = ["Sources", "once_made", "questions"]

#: Body of the answer, of the request, parameters of the path.
Sources = tuple[Any, Any, Any]


def questions(
    sides: tuple[Requests, Answers], sources: Sources, end: float
) -> tuple[tuple[Check, ...], Times | None, tuple[Relation, ...]]:
    """Checks of relations, of times, and what the former are made of. They are the same for exchanges that have values of the
    same types in the same places.

    Args:
        end: when the answer came; infinite if that is unknown.

    Raises:
        Unsure: something has to be asked that only the judge can.
    """
    requests, answers = sides
    stub = Stub(requests.operation, answers.document)
    stub.got, stub.sent, stub.path = sources
    asked = [*((rule.kind, rule.places) for rule in answers.relations), *requests.relations]
    checks = [
        once_made(answers.made, (kind, places, _types(stub, places)), check_of, kind, places, stub) for kind, places in asked
    ]
    orders = [order for rule in answers.orders if (order := order_of(rule, sources[0], received=end != NEVER)) is not None]
    return (
        tuple(check for check in checks if check is not None),
        once_made(answers.made, tuple(orders), Times, orders) if orders else None,
        tuple(one for kind, places in asked if (one := relation_of(kind, places, stub)) is not None),
    )


def once_made(made: dict[Hashable, Any], key: Hashable, make: Callable[..., Any], *given: Any) -> Any:
    """What was made of this before: what many kinds share is at hand in the processor."""
    if key not in made:
        made[key] = make(*given)
    return made[key]


def _types(stub: Stub, places: Sequence[Place]) -> Hashable:
    return tuple(json_type(value) for place in places for _, value in stub.places(place))
