"""The plan: which requests are sent, in which order. The same contract, resources and seed give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from smscontract.probes import families
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Cases in the order in which they are sent, and what cannot be probed."""

    cases: tuple[Case, ...]
    lacks: tuple[Lack, ...]

    @property
    def spends(self) -> int:
        """How many resources it uses up if everything that should be accepted is."""
        return len(
            {
                (name, entry.value)
                for case in self.cases
                if case.spends and case.credential == "good"
                for name, entry in case.entries.items()
            }
        )

    @property
    def controls(self) -> tuple[Case, ...]:
        """Cases that can be sent at any time."""
        return tuple(case for case in self.cases if case.neutral)

    def digest(self) -> str:
        """A hash over everything that the plan sends."""
        listed = [
            [
                case.name,
                case.credential,
                case.query,
                case.body.hex(),
                list(case.headers),
                {name: entry.value for name, entry in case.entries.items()},
            ]
            for case in self.cases
        ]
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]


def make_plan(kit: Kit) -> Plan:
    """The plan of one operation: the cases of all probe families, each sent once, those that nothing must precede first."""
    cases: dict[str, Case] = {}
    bodies: set[tuple[object, ...]] = set()
    lacks: list[Lack] = []
    for module in families().values():
        for one in module.cases(kit):
            if isinstance(one, Lack):
                lacks.append(one)
                continue
            key = _identity(one)
            if one.name in cases or (key in bodies and module.ORDER != _HISTORIES):
                continue
            cases[one.name] = one
            bodies.add(key)
    return Plan(tuple(cases.values()), tuple(lacks))


#: Sequences repeat requests on purpose.
_HISTORIES = 12


def _identity(case: Case) -> tuple[object, ...]:
    entries: Mapping[str, object] = {name: entry.value for name, entry in case.entries.items()}
    return (case.body, case.headers, case.query, case.credential, tuple(sorted(entries.items())), case.repeats)
