"""What exists in which state: each label of each parameter, and the same again where an accepted request uses it up."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.documents import Operation
from smscontract.probes.base import Case, Kit, Lack
from smscontract.resources import Entry

__all__ = ["ORDER", "SHARE", "cases", "fresh", "is_spendable"]

ORDER = 5
#: Cases in one round of the plan.
SHARE = 3

#: Families of clauses that only an accepted request can show.
_OF_ANSWERS = frozenset({"presence", "null", "type", "enum", "format", "condition", "relation", "history", "constant"})
#: So many labels are asked for again at once, the others once everything was seen.
_AGAIN_AT_ONCE = 2
#: So many labels that are accepted, before each state that is refused comes once.
_ACCEPTED_FIRST = 2


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
    for parameter in kit.operation.states:
        labels = kit.resources.labels(parameter)
        listed = [kit.resources.entries(parameter, label)[0] for label in labels]
        spendable = [entry for entry in listed if is_spendable(kit.operation, parameter, entry)]
        yield from _lacks(kit, parameter, {entry.state for entry in listed})
        again = []
        refused = [entry for entry in listed if entry not in spendable]
        first = list({entry.state: entry for entry in reversed(refused)}.values())[::-1]
        for index, entry in enumerate(spendable):
            if index == _ACCEPTED_FIRST:
                yield from (_refused(kit, parameter, one) for one in first if one.state in kit.operation.states[parameter])
            yield Case(
                name=f"{parameter} {entry.label}",
                aims=kit.clause(f"state/{parameter}/{entry.state}"),
                headers=(),
                entries={parameter: entry},
                spends=True,
                rank=int(index > 0),
            )
            once_more = Case(
                name=f"{parameter} {entry.label} again",
                aims=_histories(kit, parameter),
                headers=(),
                entries={parameter: entry},
                repeats=True,
            )
            if index < _AGAIN_AT_ONCE:
                yield once_more
            else:
                again.append(once_more)
        yield from _bodies(kit, parameter)
        yield from (_refused(kit, parameter, entry) for entry in refused)
        yield from again


def _lacks(kit: Kit, parameter: str, listed: set[str]) -> Iterator[Lack]:
    """What cannot be probed because the resources have nothing in some state."""
    for state, (codes, _) in kit.operation.states[parameter].items():
        if state in listed:
            continue
        hint = f"add to --resources: `{parameter}: {{{state}: [...]}}`"
        for aim in kit.clause(f"state/{parameter}/{state}"):
            yield Lack(aim, f"no `{parameter}` that is {state}", hint)
        if any(code.startswith("2") for code in codes):
            for clause in kit.clauses:
                if clause.family in _OF_ANSWERS:
                    yield Lack(clause.id, f"no `{parameter}` that is {state}", hint)


def _refused(kit: Kit, parameter: str, entry: Entry) -> Case:
    return Case(
        name=f"{parameter} {entry.label}",
        aims=kit.clause(f"state/{parameter}/{entry.state}"),
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
