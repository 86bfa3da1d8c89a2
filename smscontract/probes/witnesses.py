"""Whatever makes a server show what it has not shown yet: resources of one label that are unlike those sent before, with
another text or another recipient. What could not be provoked, the report lists."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.probes.base import Case, Kit, Lack
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry

__all__ = ["ORDER", "START", "cases"]

ORDER = 22
#: The round of the plan in which they begin: each label once comes first.
START = 4

#: So many of one label, so that enough is left for what has to be repeated.
_OF_A_LABEL = 4


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """A few requests for each label of each state that an accepted request needs."""
    if kit.operation.body is not None:
        return
    for parameter in kit.operation.states:
        for label in kit.resources.labels(parameter):
            entries = kit.resources.entries(parameter, label)
            if not is_spendable(kit.operation, parameter, entries[0]):
                continue
            seen = {_looks(entries[0])}
            for entry in entries[: len(entries) // 2]:
                if entry.label == label and _looks(entry) not in seen and len(seen) <= _OF_A_LABEL:
                    seen.add(_looks(entry))
                    yield Case(
                        name=f"{parameter} {label} {len(seen)}",
                        aims=kit.clause(f"state/{parameter}/{entry.state}"),
                        headers=(),
                        entries={parameter: entry},
                        spends=True,
                    )


def _looks(entry: Entry) -> tuple[str, ...]:
    """What is known of an entry and may make a difference, identifiers and times aside."""
    return tuple(str(entry.known.get(name)) for name in sorted(entry.known) if not name.endswith(("_at", "_id")))
