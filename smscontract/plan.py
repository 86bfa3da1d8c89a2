"""The plan: which requests are sent, in which order. The same contract, resources and seed give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from smscontract.probes import families
from smscontract.probes._order import interleaved
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["Plan", "aimed", "make_plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Cases in the order in which they are sent, what cannot be probed, and what else there is to say of it."""

    cases: tuple[Case, ...]
    lacks: tuple[Lack, ...]
    notes: tuple[str, ...] = ()

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
    def requests(self) -> int:
        """How many requests it sends."""
        return sum(case.together for case in self.cases)

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
                case.method,
                case.spelling,
                case.together,
                case.body.hex(),
                list(case.headers),
                {name: entry.value for name, entry in case.entries.items()},
            ]
            for case in self.cases
        ]
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]


def make_plan(kit: Kit) -> Plan:
    """The plan of one operation: the cases of all probe families, each sent once, some of each family in turn."""
    cases: dict[str, Case] = {}
    groups: list[tuple[int, int, list[Case]]] = []
    bodies: set[tuple[object, ...]] = set()
    lacks: list[Lack] = []
    for module in families().values():
        groups.append((getattr(module, "SHARE", 1), getattr(module, "START", 0), []))
        for one in module.cases(kit):
            if isinstance(one, Lack):
                lacks.append(one)
                continue
            key = _identity(one)
            if one.name in cases or (key in bodies and module.ORDER != _HISTORIES):
                continue
            cases[one.name] = one
            bodies.add(key)
            groups[-1][2].append(one)
    return Plan(tuple(interleaved(groups)), tuple(lacks))


#: So many of the first cases are sent whatever is aimed at: they show what a plain request is answered with.
_FIRST = 2
#: Where no case says that it aims at a clause, so many of the first may show it.
_ANY = 24


def aimed(plan: Plan, clause: str) -> Plan:
    """The part of a plan that is there for one clause."""
    chosen = [case for case in plan.cases if clause in case.aims]
    if clause.endswith(":accepts"):
        # What is to blame for a refusal, only what is accepted beside it can tell; and some are sent twice.
        chosen = [case for case in plan.cases if any(aim.endswith(":accepts") for aim in case.aims) or case.rank == 0]
    elif not chosen:
        chosen = list(plan.cases[:_ANY])
    names = {case.name for case in (*plan.cases[:_FIRST], *chosen, *plan.controls[:1])}
    return Plan(tuple(case for case in plan.cases if case.name in names), plan.lacks)


#: Sequences repeat requests on purpose.
_HISTORIES = 12


def _identity(case: Case) -> tuple[object, ...]:
    entries: Mapping[str, object] = {name: entry.value for name, entry in case.entries.items()}
    others = (case.repeats, case.method, case.spelling, case.together)
    return (case.body, case.headers, case.query, case.credential, tuple(sorted(entries.items())), *others)
