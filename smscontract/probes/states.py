"""What exists in which state: each label of each parameter, and the same again where an accepted request uses it up."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.documents import Operation
from smscontract.probes.base import Case, Kit, Lack
from smscontract.resources import Entry

__all__ = ["ORDER", "cases", "fresh", "is_spendable"]

ORDER = 5


def is_spendable(operation: Operation, parameter: str, entry: Entry) -> bool:
    """Whether a request on this resource is meant to be accepted, and then is used up."""
    for label, (codes, _) in operation.states.get(parameter, {}).items():
        if label in (entry.label, entry.state):
            return any(code.startswith("2") for code in codes)
    return False


def fresh(kit: Kit) -> tuple[dict[str, Entry], bool]:
    """A resource for each path parameter that an accepted request could use: the second of its state, so that the first stays
    with the cases that witness most; the only one where there is no second. And whether it would be used up."""
    entries: dict[str, Entry] = {}
    spends = False
    for parameter in kit.operation.states:
        usable = [entry for entry in kit.resources.entries(parameter) if is_spendable(kit.operation, parameter, entry)]
        if usable:
            plain = [entry for entry in usable if entry.label == entry.state] or usable
            entries[parameter] = plain[1] if len(plain) > 1 else plain[0]
            spends = True
    return entries, spends


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """One request for each label, in the order of the resources, what is accepted first; and the same twice."""
    if kit.operation.body is not None:
        return
    for parameter, states in kit.operation.states.items():
        labels = kit.resources.labels(parameter)
        listed = [kit.resources.entries(parameter, label)[0] for label in labels]
        spendable = [entry for entry in listed if is_spendable(kit.operation, parameter, entry)]
        for state, (codes, _) in states.items():
            if not any(entry.state == state for entry in listed):
                hint = f"add to --resources: `{parameter}: {{{state}: [...]}}`"
                for aim in kit.clause(f"state/{parameter}/{state}"):
                    yield Lack(aim, f"no `{parameter}` that is {state}", hint)
                if any(code.startswith("2") for code in codes):
                    for clause in kit.clauses:
                        if clause.family in (
                            "presence",
                            "null",
                            "type",
                            "enum",
                            "format",
                            "condition",
                            "relation",
                            "history",
                            "constant",
                        ):
                            yield Lack(clause.id, f"no `{parameter}` that is {state}", hint)
        for index, entry in enumerate(spendable):
            aims = kit.clause(f"state/{parameter}/{entry.state}")
            yield Case(
                name=f"{parameter} {entry.label}",
                aims=aims,
                headers=(),
                entries={parameter: entry},
                spends=True,
                rank=int(index > 0),
            )
            yield Case(
                name=f"{parameter} {entry.label} again",
                aims=_histories(kit, parameter),
                headers=(),
                entries={parameter: entry},
                repeats=True,
            )
        yield from _bodies(kit, parameter)
        for entry in listed:
            if entry not in spendable:
                aims = kit.clause(f"state/{parameter}/{entry.state}")
                yield Case(
                    name=f"{parameter} {entry.label}",
                    aims=aims,
                    headers=(),
                    entries={parameter: entry},
                    neutral=entry.state == "missing",
                    rank=0,
                )


def _histories(kit: Kit, parameter: str) -> tuple[str, ...]:
    return tuple(
        identity
        for rule in kit.operation.rules
        if any(place.root == "path" and place.last == parameter for place in rule.per)
        for identity in kit.clause(f"rule/{rule.name}")
    )


def _bodies(kit: Kit, parameter: str) -> Iterator[Case]:
    """Rules on what a request body does where none is described: a body that meets their `when`."""
    usable = [entry for entry in kit.resources.entries(parameter) if is_spendable(kit.operation, parameter, entry)]
    plain = [entry for entry in usable if entry.label == entry.state]
    for index, rule in enumerate(
        rule for rule in kit.operation.rules if rule.when and all(place.root == "sent" for place, _ in rule.when)
    ):
        body = {place.last: expected for place, expected in rule.when if not isinstance(expected, dict | list)}
        if body and len(plain) > index + 2:
            yield Case(
                name=f"{rule.name}",
                aims=kit.clause(f"rule/{rule.name}"),
                body=kit.encoded(body),
                entries={parameter: plain[index + 2]},
                spends=True,
            )
