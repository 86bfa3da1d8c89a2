"""The exchange that every example starts from: a valid request, and the success that the document shows for it."""

from __future__ import annotations

from typing import Any

from smscontract.clauses.mutate import dumped, first_example
from smscontract.documents import Operation
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request, Response, Wire

__all__ = ["START", "base_exchange"]

#: 2026-03-02T10:00:00Z, after the times in the documents' examples.
START = 1772445600.0
_TOKEN = "example-token-0123456789"  # noqa: S105 - opens nothing


def _url(operation: Operation) -> str:
    path = operation.path
    for parameter in operation.parameters:
        if parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", str(parameter.example or "example"))
    return f"https://api.example.test{path}"


def _known(operation: Operation) -> dict[str, dict[str, Any]]:
    """What makes the request a valid one: each parameter in a state that is accepted, each number where a rule wants it."""
    known: dict[str, dict[str, Any]] = {}
    for parameter, labels in operation.states.items():
        for label, (codes, _) in labels.items():
            if any(code.startswith("2") for code in codes):
                known.setdefault(parameter, {"label": label, "state": label})
    for one in operation.parameters:
        if one.where == "path" and one.name not in operation.states:
            known[one.name] = {"label": "any", "state": "any"}
    for rule in operation.rules:
        for _, expected in rule.requires:
            if isinstance(expected, dict) and "in" in expected:
                _, parameter, label = str(expected["in"]).split(".")
                known[parameter] = {"label": label, "state": label}
    return known


def base_exchange(operation: Operation, *, answer: Any = None, sent: Any = None, step: int = 0) -> Exchange:
    """A valid request and the success that the document shows for it, as our own gate would record them.

    Args:
        operation: whose.
        answer: JSON body of the answer; default: the richest example.
        sent: JSON body of the request; default: the richest example that is small enough to be read.
        step: position in a history; a minute lies between two exchanges.
    """
    security = operation.security
    headers: list[tuple[str, str]] = [("accept", "application/json")]
    if security is not None and security.where == "header":
        headers.append((security.name, {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "") + _TOKEN))
    body = b""
    if operation.body is not None:
        value = sent if sent is not None else min(operation.body.examples.values(), key=lambda one: len(str(one)), default={})
        body = dumped(value)
        headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
    success = operation.success
    response_body = dumped(answer if answer is not None else first_example(success))
    status = int(success.key) if success is not None and success.key.isdecimal() else 200
    url = _url(operation)
    moment = START + 60 * step
    return Exchange(
        request=Request(method=operation.method, url=url, headers=tuple(headers), body=body),
        response=Response(
            status=status,
            headers=(("content-type", "application/json"), ("content-length", str(len(response_body)))),
            body=response_body,
        ),
        origin=Origin(kind=OriginKind.LIVE, case=f"example-{step}", request=step + 1),
        sent_at=moment,
        received_at=moment + 0.2,
        auth=Auth.GOOD,
        known=_known(operation),
        wire=Wire.EXACT,
        own_record=True,
        operation=operation.key,
        path_parameters=operation.match_path(url),
    )
