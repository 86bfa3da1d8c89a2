"""What no failure of an exchange says at the end of a run: an operation that accepted nothing has kept nothing either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from schemathesis.core.failures import Failure, Severity

from smscontract.documents import Operation
from smscontract.exchange import Auth, Exchange
from smscontract.plain import count_of
from smscontract.st_hooks._target import Target

__all__ = ["CannotTell", "unsure"]

_REFUSED = frozenset({401, 403})
#: What st is told for a credential of each kind.
_SHOWN = {"bearer": "Bearer $TOKEN", "basic": "Basic $TOKEN"}


class CannotTell(Failure):
    """An operation of which nobody can tell whether it keeps its contract."""

    kind_title = "Cannot tell"

    def __init__(self, *, operation: str, message: str) -> None:
        super().__init__(operation=operation, title=f"Cannot tell: {operation}", message=message, severity=Severity.HIGH)

    @property
    def _unique_key(self) -> str:
        return self.title

    def __hash__(self) -> int:
        return hash((type(self), self.title))

    def __eq__(self, other: object, /) -> bool:
        return isinstance(other, CannotTell) and self.title == other.title


def unsure(
    target: Target, exchanges: Iterable[Exchange], *, meant: Iterable[str], held: Iterable[str], strangers: int
) -> Iterator[CannotTell]:
    """One failure for each operation that was tried and of which a run shows nothing.

    Args:
        exchanges: all of the run.
        meant: keys of the operations that were sent what is meant to be accepted.
        held: keys of the operations of which something was not sent, since nobody knows whom it would text.
        strangers: how many exchanges met no operation of the contracts.
    """
    mine: dict[str, list[Exchange]] = {key: [] for key in held}
    for exchange in exchanges:
        mine.setdefault(exchange.operation or "", []).append(exchange)
    if not mine and strangers:
        yield CannotTell(
            operation="no operation",
            message=f"{count_of(strangers, 'request')} met none of {', '.join(target.catalogue.operations)}.\n"
            "Next: name the contract in SMSCONTRACT_CONTRACT, and leave no prefix of the path out of its document.",
        )
    for key, listed in mine.items():
        statuses = Counter(one.response.status for one in listed if one.response is not None)
        if any(status // 100 == 2 for status in statuses) or (
            key not in meant and key not in held and not statuses.keys() <= _REFUSED
        ):
            continue
        cause, hint = _why(target, target.catalogue.operations[key], listed, statuses)
        yield CannotTell(operation=key, message=f"{cause}.\nWhat nobody has seen is not kept. Next: {hint}.")


def _why(target: Target, operation: Operation, exchanges: list[Exchange], statuses: Counter[int]) -> tuple[str, str]:
    """The cause and what to do about it."""
    nothing = f"No existing {' or '.join(operation.states)} is known that may be sent"
    if not exchanges:
        return nothing, "list some in the file that SMSCONTRACT_RESOURCES names, with a reserved recipient"
    answers = ", ".join(f"{status} ({count} times)" for status, count in statuses.most_common(3))
    cause = f"No request was accepted: {answers}"
    security = operation.security
    if security is not None and statuses.keys() <= _REFUSED:
        example = f'-H "{security.name}: {_SHOWN.get(security.kind, "$TOKEN")}"'
        shown = {one.auth for one in exchanges}
        if shown == {Auth.ABSENT}:
            return f"{cause}, and none had a credential", f"give st the credential: {example}"
        known = target.token(operation.provider) is not None
        if known and Auth.GOOD not in shown:
            return f"{cause}, and none had the good credential", f"give st the one that is known to be good: {example}"
        return f"{cause}, with the credential that st was given", f"check the credential: {example}"
    if operation.states and not any(target.ids(operation, name) for name in operation.states):
        return f"{cause}; {nothing[0].lower()}{nothing[1:]}", "list some in the file that SMSCONTRACT_RESOURCES names"
    return cause, "check the address, the credential and what SMSCONTRACT_RESOURCES lists"
