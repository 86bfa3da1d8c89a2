"""Calls beside an operation that nobody judges: one that reads back what a request made, and one that ends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.documents.clause import Source, source_from
from smscontract.documents.places import Place, parse_place
from smscontract.documents.rules import nearest_hint
from smscontract.errors import UnusableInput, UsageError
from smscontract.yaml import Marked

__all__ = ["Neighbour", "parse_marker", "parse_neighbour"]

_KEYS = ("call", "with", "body", "shows", "quote", "source", "ref", "why")
_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbour:
    """One call.

    Attributes:
        method, path: how it is made; the path has parameters as the document's paths do.
        values: for each parameter the place of the answer whose value it takes.
        body: JSON that is sent, `None` for none.
        shows: the place of its answer where the run's marker comes back, if it does.
    """

    method: str
    path: str
    values: Mapping[str, Place]
    source: Source
    body: Any = None
    shows: Place | None = field(default=None)


def parse_neighbour(raw: Any, marked: Marked, path: tuple[str | int, ...]) -> Neighbour:
    """Reads `read:` or `end:` of an operation.

    Raises:
        UnusableInput: with file, line and the next step.
    """

    def refuse(message: str, hint: str, *below: str | int) -> UnusableInput:
        return UnusableInput(message, file=marked.file, line=marked.line((*path, *below)), hint=hint)

    name = path[-1]
    if not isinstance(raw, Mapping):
        raise refuse(f"`{name}` is no mapping", "write `call: GET /path/{id}` and `with: {id: got.id}`")
    for key in raw:
        if key not in _KEYS:
            raise refuse(f"unknown key `{key}`", nearest_hint(str(key), _KEYS), key)
    found = _CALL.fullmatch(str(raw.get("call", "")))
    if found is None:
        raise refuse(f"`{name}` says no call", "write `call: GET /path/{id}`", "call")
    stated = raw.get("with", {})
    wanted = re.findall(r"\{([^{}]+)\}", found[2])
    if not isinstance(stated, Mapping) or sorted(stated) != sorted(wanted):
        listed = ", ".join(f"{one}: got.{one}" for one in wanted)
        raise refuse(f"`with` gives other parameters than the path of `{name}` has", f"write `with: {{{listed}}}`", "with")
    values = {str(key): _place(text, "got", refuse, "with", key) for key, text in stated.items()}
    shows = _place(raw["shows"], "got", refuse, "shows") if "shows" in raw else None
    spec = {key: raw[key] for key in ("quote", "source", "ref", "why") if key in raw}
    return Neighbour(
        method=found[1],
        path=found[2],
        values=values,
        source=source_from(spec or "inferred", marked, path),
        body=raw.get("body"),
        shows=shows,
    )


def parse_marker(raw: Any, marked: Marked, path: tuple[str | int, ...]) -> Place:
    """Reads `marker:`: a place of the request body where a run may leave its name.

    Raises:
        UnusableInput: with file, line and the next step.
    """

    def refuse(message: str, hint: str, *below: str | int) -> UnusableInput:
        return UnusableInput(message, file=marked.file, line=marked.line((*path, *below)), hint=hint)

    return _place(raw, "sent", refuse)


def _place(text: Any, root: str, refuse: Any, *below: str | int) -> Place:
    example = f"write a place such as `{root}.data.id`"
    try:
        place = parse_place(text) if isinstance(text, str) else None
    except UsageError as error:
        raise refuse(error.message, error.hint or example, *below) from None
    if place is None or place.root != root or place.each or not place.steps:
        raise refuse(f"`{text}` is no place of one value in `{root}`", example, *below)
    return place
