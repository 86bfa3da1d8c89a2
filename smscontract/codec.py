"""Values of ours back from the JSON that `orjson` makes of dataclasses: nothing is built but what is listed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from smscontract.clauses.kinds import Cell
from smscontract.clauses.outcomes import Fact, Spot
from smscontract.exchange import Origin, OriginKind
from smscontract.findings import Finding, Level, New, NewKind, Where
from smscontract.judge import Signature
from smscontract.ledger import Ledger, RangeKey, Rest

__all__ = ["fact", "finding", "ledger", "ledger_plain", "new", "origin", "plain", "tuples", "where"]


def origin(data: Mapping[str, Any]) -> Origin:
    """The place of an exchange."""
    return Origin(**{**data, "kind": OriginKind(data["kind"])})


def where(data: Mapping[str, Any]) -> Where:
    """An occurrence."""
    return Where(origin=origin(data["origin"]), time=data["time"])


def finding(data: Mapping[str, Any]) -> Finding:
    """A finding."""
    return Finding(**{**data, "level": Level(data["level"]), "origin": origin(data["origin"])})


def new(data: Mapping[str, Any]) -> New:
    """Something that the contract does not list."""
    return New(**{**data, "kind": NewKind(data["kind"]), "origin": origin(data["origin"])})


def ledger_plain(counts: Ledger) -> dict[str, Any]:
    """A ledger as JSON has it, without what histories said: each of the few cells stands there once, and signatures, of which
    there are many, name them by number."""
    cells: dict[Cell, int] = {}
    for _, _, one in counts.entries:
        for cell in one.witnesses:
            cells.setdefault(cell, len(cells))
    number = cells.__getitem__
    return {
        "cells": list(cells),
        "entries": [
            (day, source, one.operation, one.status, one.outcomes, list(map(number, one.witnesses)), count)
            for (day, source, one), count in counts.entries.items()
        ],
        "rest": [(tuple(one), count) for one, count in counts.rest.items()],
        "ranges": [(tuple(one), ends) for one, ends in counts.ranges.items()],
    }


def ledger(data: Mapping[str, Any]) -> Ledger:
    """A ledger that `ledger_plain` gave."""
    cell = {number: tuple(one) for number, one in enumerate(data["cells"])}.__getitem__
    return Ledger(
        Counter(
            {
                (day, source, Signature(operation, status, outcomes, tuple(map(cell, witnesses)))): count
                for day, source, operation, status, outcomes, witnesses, count in data["entries"]
            }
        ),
        Counter({Rest(*tuples(one)): count for one, count in data["rest"]}),
        Counter(),
        {RangeKey(*one): (low, high) for one, (low, high) in data["ranges"]},
    )


def fact(data: Mapping[str, Any]) -> Fact:
    """A fact. Whatever was a tuple in it is one again, since facts hold no lists."""
    return Fact(
        clause=data["clause"],
        scope=tuples(data["scope"]),
        start=data["start"],
        end=data["end"],
        origin=origin(data["origin"]),
        values=tuples(data["values"]),
        shown=data["shown"],
        spot=Spot(**data["spot"]),
        alike=data["alike"],
        weight=data["weight"],
    )


def tuples(value: Any) -> Any:
    """The value with a tuple for each list."""
    if isinstance(value, list):
        return tuple(map(tuples, value))
    if isinstance(value, dict):
        return {key: tuples(one) for key, one in value.items()}
    return value


def plain(value: Any) -> Any:
    """As JSON has it, for the writer that knows no dataclasses."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
