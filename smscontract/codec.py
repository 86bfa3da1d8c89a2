"""Values of ours back from the JSON that `orjson` makes of dataclasses: nothing is built but what is listed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from smscontract.clauses.outcomes import Fact, Spot
from smscontract.exchange import Origin, OriginKind
from smscontract.findings import Finding, Level, New, NewKind, Where
from smscontract.judge import Signature

__all__ = ["fact", "finding", "new", "origin", "plain", "signature", "tuples", "where"]


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


def signature(data: Mapping[str, Any]) -> Signature:
    """What a ledger counts."""
    return Signature(data["operation"], data["status"], data["outcomes"], tuple(map(tuple, data["witnesses"])))


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
