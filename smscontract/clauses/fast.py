"""What is known of an exchange at a glance: which clauses may speak of it, and where its answer may break its schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.compiled import compiled_schema
from smscontract.clauses.schema import IN_FRONT, SchemaDetail
from smscontract.clauses.state import StateDetail
from smscontract.clauses.view import View
from smscontract.documents import Clause, Node, Rule
from smscontract.json_text import ABSENT, UNKNOWN

__all__ = ["SCHEMA_FAMILIES", "Asked", "Quick", "Suspects"]

#: They stand together in the order of precedence.
SCHEMA_FAMILIES = frozenset({"presence", "null", "type", "enum", "format"})

_HISTORIES = frozenset({"same", "fresh", "moves", "unique", "requires"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Clauses in the order of precedence.

    Attributes:
        before, after: those before and behind the schema's, each with the place of the request that it is about if it has
            nothing to say unless that is not as described.
        schema: those of the schema.
        places: the same by place: what becomes of those about presence, and of the others, where the schema is kept.
    """

    before: tuple[tuple[Clause, str | None], ...]
    schema: tuple[Clause, ...]
    after: tuple[tuple[Clause, str | None], ...]
    places: tuple[tuple[tuple[str, ...], dict[str, str], dict[str, str]], ...]

    @classmethod
    def of(cls, clauses: Sequence[Clause]) -> Asked:
        """The clauses, which are in order."""
        schema = tuple(clause for clause in clauses if clause.family in SCHEMA_FAMILIES)
        first = clauses.index(schema[0]) if schema else len(clauses)
        others = [
            tuple((clause, clause.detail.place if _refuses(clause) else None) for clause in mine)
            for mine in (clauses[:first], clauses[first + len(schema) :])
        ]
        places: dict[tuple[str, ...], tuple[dict[str, str], dict[str, str]]] = {}
        for clause in schema:
            mine = places.setdefault(clause.detail.node.path, ({}, {}))
            mine[clause.detail.keyword != "required"][clause.id] = "k"
        return cls(others[0], schema, others[1], tuple((path, *mine) for path, mine in places.items()))


#: What tells exchanges apart of which different clauses speak: operation, status, whether the record is our own, whether it is
#: known what the credential was, whether anything is known of the ids, and whether the bytes are those of the wire.
_Key = tuple[str, int | None, bool, bool, bool, bool]


class Quick:
    """What is known at a glance, so that most clauses need not be asked."""

    def __init__(self) -> None:
        self._validators: dict[tuple[str, str], Any] = {}
        self._asked: dict[_Key, Asked] = {}

    def asked(self, view: View, clauses: Iterable[Clause]) -> Asked:
        """Those of the clauses of its operation that may have something to say of an exchange, in their order."""
        exchange = view.exchange
        ours, shown = exchange.own_record, exchange.auth is not None
        key = (view.operation.key, view.status, ours, shown, bool(exchange.known), view.exact)
        if key not in self._asked:
            self._asked[key] = Asked.of([clause for clause in clauses if _may_speak(clause, view)])
        return self._asked[key]

    def schema_kept(self, view: View) -> bool:
        """Whether the answer keeps every clause of its schema, by one compiled validator. A `False` only means "look closer":
        the families decide, and where the two differ they are right (they know leap seconds and missing offsets)."""
        document = view.document
        if document is None or document.node is None or view.got in (ABSENT, UNKNOWN):
            return False
        key = (view.operation.key, document.key)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(compiled_schema(document.node), validate_formats=True)
        try:
            return bool(self._validators[key].is_valid(view.got))
        except (ValueError, OverflowError, RecursionError):
            return False

    def suspects(self, view: View) -> Suspects | None:
        """Where the answer may break its schema; `None` where that may be anywhere."""
        document = view.document
        if document is None or document.node is None or view.got in (ABSENT, UNKNOWN) or view.status in IN_FRONT:
            return None
        try:
            return Suspects(self._validators[view.operation.key, document.key], view.got)
        except (ValueError, OverflowError, RecursionError):
            return None


class Suspects:
    """Where an answer does not keep its schema: all other places keep every clause that is made of the same tree.

    Args:
        validator: of `compiled_schema`.
        got: the answer.

    Raises:
        ValueError, OverflowError, RecursionError: it cannot be told.
    """

    def __init__(self, validator: Any, got: Any) -> None:
        self._broken: set[tuple[str, ...]] = set()
        for error in validator.iter_errors(got):
            path = tuple("items" if isinstance(step, int) else step for step in error.instance_path)
            self._broken.update(path[:end] for end in range(len(path) + 1))
            missing = getattr(error.kind, "property", None)
            if isinstance(missing, str):
                self._broken.add((*path, missing))

    def has(self, node: Node) -> bool:
        """Whether the clauses of a place have to be asked."""
        return node.path in self._broken


def _refuses(clause: Clause) -> bool:
    """Whether a clause is about one place of the request that is not as described."""
    return isinstance(clause.detail, RequestDetail) and clause.detail.word == "refuses"


def _may_speak(clause: Clause, view: View) -> bool:
    """Whether a clause may have anything to say of an exchange as this one, as far as `_Key` tells exchanges apart."""
    detail, operation, status, exchange = clause.detail, view.operation, view.status, view.exchange
    if isinstance(detail, StateDetail):
        return bool(exchange.known)
    if clause.family == "auth":
        return exchange.own_record or exchange.auth is not None or detail == "good"
    if clause.family == "protocol" and detail == "complete-body":
        return exchange.own_record or view.exact
    if clause.family == "protocol" and detail in ("content-type", "content-type-of-refusals"):
        return view.accepted is (detail == "content-type")
    if isinstance(detail, SchemaDetail):
        document = operation.response_for(status) if status is not None else None
        return document is not None and document.key == detail.key
    if isinstance(detail, RequestDetail):
        return detail.word == "refuses" or not detail.place
    if isinstance(detail, Rule) and detail.kind not in _HISTORIES:
        return status is not None and (status // 100 == 2 or any(place.root == "code" for place, _ in detail.when))
    return True
