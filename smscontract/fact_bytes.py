"""Facts as bytes, by the thousand and for this run alone: what is kept of them longer is JSON."""

from __future__ import annotations

import marshal
import pickle
from typing import Any

from smscontract.clauses.outcomes import Fact, Spot
from smscontract.exchange import Origin, OriginKind

__all__ = ["bytes_of", "fact_of"]

_KINDS = {kind.value: kind for kind in OriginKind}
#: How `marshal` writes: the same in all processes, whichever Python they have.
_VERSION = 4
#: What `pickle` writes first, and `marshal` never.
_PICKLED = b"\x80"


def bytes_of(fact: Fact) -> bytes:
    """The fact as bytes."""
    origin, spot = fact.origin, fact.spot
    place: Any = (origin.kind.value, origin.file, origin.line, origin.entry, origin.case, origin.request)
    days = dict(fact.days) if fact.days is not None else None  # a `Counter` is nothing that `marshal` knows
    told: Any = (fact.start, fact.end, fact.values, fact.shown, fact.alike, fact.weight, days)
    try:
        return marshal.dumps((fact.clause, fact.scope, spot.part, spot.pointer, place, told), _VERSION)
    except ValueError:  # a family's values of another kind
        return pickle.dumps(fact)


def fact_of(raw: bytes) -> Fact:
    """The fact that `bytes_of` has written, in this process or another one of ours; nothing else may be given to it."""
    if raw.startswith(_PICKLED):
        found: Fact = pickle.loads(raw)  # noqa: S301 - as said
        return found
    clause, scope, part, pointer, place, told = marshal.loads(raw)  # noqa: S302 - as said
    kind, file, line, entry, case, request = place
    start, end, values, shown, alike, weight, days = told
    return Fact(
        clause=clause,
        scope=scope,
        start=start,
        end=end,
        origin=Origin(kind=_KINDS[kind], file=file, line=line, entry=entry, case=case, request=request),
        values=values,
        shown=shown,
        spot=Spot(part, pointer),
        alike=alike,
        weight=weight,
        days=days,
    )
