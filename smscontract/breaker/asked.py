"""What a request, its answer and its past show, as far as it decides what is broken."""

from __future__ import annotations

from typing import Any

from smscontract.breaker.mend import value_at
from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.conditions import accepted_scope
from smscontract.clauses.schema import SchemaDetail
from smscontract.clauses.view import View
from smscontract.documents import Operation, Rule
from smscontract.exchange import Exchange, header_values
from smscontract.json_text import ABSENT

__all__ = ["accepted_resources", "gives", "has_credential", "is_spoken_of", "is_varied", "ordered_past"]


def has_credential(exchange: Exchange, operation: Operation) -> bool:
    """Whether a request shows any credential at all."""
    security = operation.security
    if security is None or security.where != "header":
        return security is not None
    return bool(header_values(exchange.request.headers, security.name))


def accepted_resources(operation: Operation) -> dict[str, dict[str, Any]]:
    """What must be true of the resources of a request that was accepted, in the form of `Exchange.known`."""
    known: dict[str, dict[str, Any]] = {}
    for parameter, labels in operation.states.items():
        for label, (codes, _) in labels.items():
            if any(code.startswith("2") for code in codes):
                known.setdefault(parameter, {"label": label, "state": label})
    for rule in operation.rules:
        for _, expected in rule.requires:
            if isinstance(expected, dict) and "in" in expected:
                _, parameter, label = str(expected["in"]).split(".")
                known[parameter] = {"label": label, "state": label}
    return known


def is_varied(view: View) -> bool:
    """Whether a request is more than the plainest one of its operation: it has a query, a member beside the required ones, or
    a resource of a labelled kind (`draft-long` and not just `draft`)."""
    if view.query or any(entry.get("label") != entry.get("state") for entry in view.exchange.known.values()):
        return True
    body = view.operation.body
    return body is not None and any(
        value is not ABSENT
        for node in body.node.walk()
        if len(node.path) == 1 and not node.required
        for _, value in view.sent_index.get(node.path, ())
    )


def gives(detail: RequestDetail, view: View) -> bool:
    """Whether a request has the place of a clause in it; the request as a whole is always there."""
    if detail.node is None:
        return True
    where, _, name = detail.place.partition(".")
    if where == "query" and name:
        return name in view.query
    if where == "header" and name:
        return bool(header_values(view.exchange.request.headers, name.lower()))
    return any(value is not ABSENT for _, value in view.sent_index.get(detail.node.path, ()))


def is_spoken_of(detail: Any, view: View) -> bool:
    """Whether a clause can speak of this answer at all; a history also does of a refusal that should have been a success."""
    if isinstance(detail, SchemaDetail):
        return view.document is not None and view.document.key == detail.key
    return not isinstance(detail, Rule) or bool(detail.per) or accepted_scope(detail, view)


def ordered_past(detail: Any, latest: list[Exchange], last: Exchange) -> list[Exchange]:
    """The past with what a family looks for at its end: for what must not be seen twice in a scope that scope, for what must
    not be seen in two scopes the others."""
    latest.reverse()
    if not isinstance(detail, Rule) or detail.kind not in ("fresh", "unique"):
        return latest

    def elsewhere(exchange: Exchange) -> bool:
        return any(value_at(exchange, place) != value_at(last, place) for place in detail.per)

    return sorted(latest, key=lambda exchange: elsewhere(exchange) == (detail.kind == "unique"))
