"""How many resources a plan would use, for commands that make them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smscontract.entries import Needed
from smscontract.judge import Judge
from smscontract.numbers import examples
from smscontract.plan import make_plan
from smscontract.probes.base import Kit
from smscontract.resources import Entry, Resources

__all__ = ["needed_by", "pretended"]

#: More of a label than any plan uses; and how many more are made than it does, for what has to be asked again.
_PLENTY, _SPARE = 120, 3
#: Numbers of the body that a plan tells apart.
_NUMBERS = 8


def needed_by(judge: Judge, provider: str, *, seed: int = 0) -> Needed:
    """Says for a parameter and label how many a plan would name if there were plenty, and some more."""

    def number(parameter: str, label: str) -> int:
        if not _is_path(judge, provider, parameter):
            return _NUMBERS
        used: set[str] = set()
        for operation in judge.catalogue.contracts[provider].operations:
            listed = [Entry(parameter, label, f"{label}-{index}") for index in range(_PLENTY)]
            plenty: Mapping[str, Mapping[str, list[Entry]]] = {parameter: {label: listed}}
            plan = make_plan(Kit(judge, operation, Resources(plenty), seed=seed))
            used |= {entry.value for case in plan.cases for entry in case.entries.values() if entry.parameter == parameter}
        return len(used) + _SPARE if used else 0

    return number


def pretended(resources: Resources, commands: Iterable[tuple[str, str]], judge: Judge, provider: str) -> Resources:
    """The resources as if the commands had made what a plan needs, for reserved recipients; nothing of it exists."""
    needed = needed_by(judge, provider)
    found = {
        parameter: {
            label: [entry for entry in resources.entries(parameter) if entry.label == label]
            for label in resources.labels(parameter)
        }
        for parameter in resources.parameters()
    }
    for parameter, label in commands:
        found.setdefault(parameter, {})[label] = [
            Entry(parameter, label, f"{label}-to-be-made-{index}", {"to_number": number})
            if _is_path(judge, provider, parameter)
            else Entry(parameter, label, number)
            for index, number in enumerate(examples(needed(parameter, label)))
        ]
    return Resources(found)


def _is_path(judge: Judge, provider: str, parameter: str) -> bool:
    operations = judge.catalogue.contracts[provider].operations
    return any(one.name == parameter and one.where == "path" for operation in operations for one in operation.parameters)
