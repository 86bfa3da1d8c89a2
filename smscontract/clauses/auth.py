"""Authentication: who shows no credential or a wrong one is refused, who shows a good one is not refused for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smscontract.clauses.mutate import refusals_of, success_of
from smscontract.clauses.outcomes import KEPT, Broken, Outcome, Skipped, Spot
from smscontract.clauses.validity import refused
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Security, Source, level_of
from smscontract.exchange import Auth, Exchange

__all__ = ["FAMILY", "break_", "clauses_of", "judge"]

FAMILY = "auth"
_STATUSES = (401, 403)
_SAYS = {
    "absent": "a request without a credential is refused",
    "wrong": "a request with a wrong credential is refused",
    "good": "a request with a good credential is not answered 401",
    "code": "a request refused for its credential is answered 401 or 403",
}


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """Four clauses where the operation asks for a credential. That it has to be shown is as sure as the document's source for
    its security; which status a refusal has, nobody states."""
    security = operation.security
    if security is None:
        return
    for name, says in _SAYS.items():
        stated = _source(security)
        source = Source(kind="inferred", file=stated.file, line=stated.line) if name == "code" else stated
        yield Clause(
            id=f"{operation.key}/auth/{name}",
            provider=operation.provider,
            operation=operation.key,
            level=level_of(source, lowered=security.inherited.lowered),
            family=FAMILY,
            says=says,
            source=source,
            detail=name,
        )


def _source(security: Security) -> Source:
    base = security.inherited.source
    return Source(
        kind=base.kind, page=base.page, quote=base.quote, ref=base.ref, why=base.why, file=security.file, line=security.line
    )


def judge(clause: Clause, view: View) -> Outcome:
    """Judged where it is known what the credential was."""
    if view.stray:
        return _astray(clause, view)
    name, auth = clause.detail, view.exchange.auth
    if auth is None:
        return Skipped("credential unknown") if name == "good" else None
    answer = refused(view)
    if name == "good":
        if auth is not Auth.GOOD or answer is None:
            return None
        if view.status == 401:
            return Broken(message="a good credential was refused", spot=Spot("status"), expected="no 401", got=view.status)
        return KEPT
    if name == "code":
        # With another reason to refuse, that one may have come first.
        # But not its state: who has no credential must not learn what exists.
        other = view.assessment.violations or view.assessment.rules
        if auth is Auth.GOOD or answer is not True or other or view.assessment.undefined or not _states_known(view):
            return None
        if view.status in _STATUSES:
            return KEPT
        return Broken(message="the refusal has another status", spot=Spot("status"), expected="401 or 403", got=view.status)
    if str(auth) != name or view.status is None:
        return None
    if answer is None:
        return Skipped("no answer that says something of the request")
    if answer:
        return KEPT
    return Broken(
        message=f"a request with {'no' if name == 'absent' else 'a wrong'} credential was accepted",
        spot=Spot("status"),
        expected="401 or 403",
        got=view.status,
    )


def _astray(clause: Clause, view: View) -> Outcome:
    """A request to another spelling of the path may be answered in any way, but not as if it had been let in."""
    success = view.operation.success
    if clause.detail not in ("absent", "wrong") or clause.detail != str(view.exchange.auth):
        return None
    if success is None or success.node is None:
        return None
    if not view.accepted or view.exchange.request.method.upper() != view.operation.method:
        return None
    members = [name for name, node in success.node.properties.items() if node.required and not node.nullable]
    if not isinstance(view.got, dict) or not members or any(view.got.get(name) is None for name in members):
        return None
    return Broken(
        message="a request without a good credential was accepted under another spelling of the path",
        spot=Spot("status"),
        expected="401 or 403",
        got=view.status,
    )


def _states_known(view: View) -> bool:
    """Whether it is known in which state everything is that the path names: what was used up may be refused for that."""
    return all("state" in view.exchange.known.get(parameter, {}) for parameter in view.operation.states)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """Lets in who should stay out, and the other way round."""
    if clause.detail == "good":
        yield from refusals_of(last, operation, 401)
    elif clause.detail == "code":
        yield from refusals_of(last, operation, 400)
    else:
        yield success_of(last, operation)
