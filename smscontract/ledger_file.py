"""A ledger as a file: JSON by the schema in `ledger.schema.json` beside this file.

Clauses and places stand in it by name, so that it can be read by another version of the contract; what that does not list is
left out, and said. Nothing in the file is believed but its form: a member that the contract does not list is `other`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from smscontract.catalogue import Catalogue
from smscontract.clauses.kinds import Cell, as_listed
from smscontract.documents import Node, Operation, nearest_hint
from smscontract.errors import UnusableInput, UsageError
from smscontract.judge import Signature
from smscontract.ledger import Ledger, RangeKey, Rest
from smscontract.plain import count_of

__all__ = ["VERSION", "check_destination", "dumps", "is_ledger", "load", "schema", "write"]

VERSION = 1
_BEGINNING = re.compile(rb'\s*\{\s*"smscontract"\s*:\s*"ledger"')
_LIMIT = 256 * 1024 * 1024


@cache
def schema() -> Any:
    """The JSON Schema of the file, parsed."""
    return json.loads(Path(__file__).with_name("ledger.schema.json").read_text(encoding="utf-8"))


def is_ledger(path: str) -> bool:
    """Whether a file says that it is one."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as stream:
            return _BEGINNING.match(stream.read(200)) is not None
    except OSError:
        return False


# --- writing ---------------------------------------------------------------------------------------------------------


def dumps(ledger: Ledger, catalogue: Catalogue) -> str:
    """The text of a ledger, the same for equal ledgers. Extremes of numbers are left out: they are values."""
    ledger = ledger.merge(Ledger())
    operations = {one.operation for one in ledger.answers()} | {catalogue.clauses[one[0]].operation for one in ledger.decided}
    data = {key: _operation(ledger, catalogue, catalogue.operations[key]) for key in sorted(operations)}
    record = {"smscontract": "ledger", "version": VERSION, "operations": data}
    return json.dumps(record, separators=(",", ":")) + "\n"


def _operation(ledger: Ledger, catalogue: Catalogue, operation: Operation) -> dict[str, Any]:
    key = operation.key
    clauses = [clause.id for clause in catalogue.of_operation(key)]
    entries = {entry: count for entry, count in ledger.entries.items() if entry[2].operation == key}
    rest = [(one, count) for one, count in ledger.rest.items() if one.operation == key]
    signatures = sorted({entry[2] for entry in entries}, key=lambda one: (one.status, one.outcomes, one.witnesses))
    numbers = {signature: number for number, signature in enumerate(signatures)}
    statuses = sorted({signature.status for signature in signatures} | {one.status for one, _ in rest})
    documents = {status: operation.response_for(status) for status in statuses if status}
    return {
        "clauses": clauses,
        "keys": {str(status): document.key for status, document in documents.items() if document is not None},
        "places": {name: [node.text for node in _nodes(operation, name)] for name in operation.responses},
        "signatures": [
            {"status": one.status, "outcomes": one.outcomes, "witnesses": [list(cell) for cell in one.witnesses]}
            for one in signatures
        ],
        "counts": _sorted([day, source, numbers[signature], count] for (day, source, signature), count in entries.items()),
        "rest": {
            "answers": _sorted([one.day, one.source, one.status, n] for one, n in rest if one.what == "answers"),
            "clauses": _sorted(
                [one.day, one.source, one.status, one.position, one.seen, n] for one, n in rest if one.what == "clause"
            ),
            "places": _sorted(
                [one.day, one.source, one.status, one.position, list(one.seen), n] for one, n in rest if one.what == "place"
            ),
        },
        "histories": _sorted(
            [day, source, clauses.index(identity), outcome, count]
            for (identity, outcome, source, day), count in ledger.decided.items()
            if catalogue.clauses[identity].operation == key
        ),
        "ranges": _sorted(
            [one.key, one.place, one.what, low, high]
            for one, (low, high) in ledger.ranges.items()
            if one.operation == key and one.what == "length"
        ),
    }


def _sorted(rows: Any) -> list[list[Any]]:
    return sorted(rows, key=lambda row: [("",) if cell is None else (str(type(cell)), cell) for cell in row])


def _nodes(operation: Operation, key: str) -> list[Node]:
    document = operation.responses.get(key)
    return list(document.node.walk()) if document is not None and document.node is not None else []


def check_destination(path: str) -> None:
    """Refuses what cannot be written to, better before a long run than after it.

    Raises:
        UsageError: the folder does not exist, or the path is one.
    """
    if not Path(path).parent.is_dir():
        raise UsageError(f"the folder of `--ledger {path}` does not exist", hint="make it first, or name another")
    if Path(path).is_dir():
        raise UsageError(f"`--ledger {path}` names a folder, not a file")


def write(path: str, ledger: Ledger, catalogue: Catalogue) -> None:
    """Writes a ledger, whole or not at all.

    Raises:
        UnusableInput: the file cannot be written.
    """
    target = Path(path).resolve()
    special = target.exists() and not target.is_file()
    part = target if special else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            part.write_text(dumps(ledger, catalogue), encoding="utf-8", newline="\n")
            if not special:
                part.replace(target)
        finally:
            if not special:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise UnusableInput(f"the ledger cannot be written: {error.strerror or error}", file=path) from None


# --- reading ---------------------------------------------------------------------------------------------------------


def load(path: str, catalogue: Catalogue) -> tuple[Ledger, list[str]]:
    """Reads a ledger as one of the catalogue.

    Returns:
        The ledger, and a sentence for each thing in it that the catalogue does not have.

    Raises:
        UnusableInput: the file cannot be read, is no ledger, or counts an operation that is not in the catalogue.
    """
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(_LIMIT + 1)
        data = json.loads(raw) if len(raw) <= _LIMIT else None
    except OSError as error:
        raise UnusableInput(f"the ledger cannot be read: {error.strerror}", file=path) from None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("smscontract") != "ledger":
        raise UnusableInput("this is no ledger", file=path, hint="`gate` and `validate` write one with --ledger FILE")
    if data.get("version") != VERSION:
        raise UnusableInput(
            f"the ledger is in a version that we do not read; we read {VERSION}",
            file=path,
            hint="write it again, or upgrade smscontract",
        )
    flaw = next(iter(_validator().iter_errors(data)), None)
    if flaw is not None:
        where = "/".join(str(step) for step in flaw.instance_path)
        raise UnusableInput(
            f"`{where}` is not as the form has it", file=path, hint="the form is in ledger.schema.json of smscontract"
        )
    ledger, notes = Ledger(), []
    for key, stated in data["operations"].items():
        if key not in catalogue.operations:
            raise UnusableInput(
                f"the ledger counts `{key}`, which is in no contract here",
                file=path,
                hint=f"name its contract: --contract FILE; {nearest_hint(key, catalogue.operations)}",
            )
        reader = _Reader(path, catalogue, catalogue.operations[key], stated)
        reader.read_into(ledger)
        notes += reader.notes()
    return ledger.compact(), notes


@cache
def _validator() -> Any:
    return jsonschema_rs.validator_for(schema())


class _Reader:
    """What a file says of one operation."""

    def __init__(self, path: str, catalogue: Catalogue, operation: Operation, stated: Mapping[str, Any]) -> None:
        self.path = path
        self.operation = operation
        self.stated = stated
        self.clauses = [clause.id for clause in catalogue.of_operation(operation.key)]
        self.positions = {identity: position for position, identity in enumerate(self.clauses)}
        self.lost_places: set[str] = set()

    def notes(self) -> list[str]:
        """What of it the catalogue does not have."""
        lost = len([identity for identity in self.stated["clauses"] if identity not in self.positions])
        parts = [count_of(lost, "clause")] if lost else []
        parts += [count_of(len(self.lost_places), "place")] if self.lost_places else []
        return [f"{self.path}: {' and '.join(parts)} of {self.operation.key} not in this contract, left out"] if parts else []

    def read_into(self, ledger: Ledger) -> None:
        """Adds all of it."""
        key, stated = self.operation.key, self.stated
        signatures = [self.signature(one) for one in stated["signatures"]]
        for day, source, number, count in stated["counts"]:
            ledger.entries[day, source, self.at(signatures, number)] += count
        for day, source, status, count in stated["rest"]["answers"]:
            ledger.rest[Rest(day, source, key, status, "answers", 0, "")] += count
        for day, source, status, number, outcome, count in stated["rest"]["clauses"]:
            position = self.positions.get(self.at(stated["clauses"], number))
            if position is not None:
                ledger.rest[Rest(day, source, key, status, "clause", position, outcome)] += count
        for day, source, status, number, cell, count in stated["rest"]["places"]:
            found = self.place(status, self.at(self.names(status), number))
            if found is not None:
                position, node = found
                ledger.rest[Rest(day, source, key, status, "place", position, as_listed(node, tuple(cell)))] += count
        for day, source, number, outcome, count in stated["histories"]:
            identity = self.at(stated["clauses"], number)
            if identity in self.positions:
                ledger.decided[identity, outcome, source, day] += count
        for answer, place, what, low, high in stated["ranges"]:
            if any(node.text == place for node in _nodes(self.operation, answer)):
                ledger.stretch(RangeKey(key, answer, place, what), low)
                ledger.stretch(RangeKey(key, answer, place, what), high)
            else:
                self.lost_places.add(place)

    def at(self, values: Sequence[Any], number: int) -> Any:
        """What a number in the file stands for."""
        if number >= len(values):
            raise UnusableInput(
                f"`{self.operation.key}` refers to number {number} of {len(values)}",
                file=self.path,
                hint="the ledger is damaged: write it again",
            )
        return values[number]

    def names(self, status: int) -> list[str]:
        """The places of an answer as the file lists them."""
        names: list[str] = self.stated["places"].get(self.stated["keys"].get(str(status), ""), [])
        return names

    def nodes(self, status: int) -> list[Node]:
        """The places of an answer as the catalogue lists them."""
        document = self.operation.response_for(status) if status else None
        return _nodes(self.operation, document.key) if document is not None else []

    def place(self, status: int, name: str) -> tuple[int, Node] | None:
        """The number and node of a place."""
        for position, node in enumerate(self.nodes(status)):
            if node.text == name:
                return position, node
        self.lost_places.add(name)
        return None

    def signature(self, stated: Mapping[str, Any]) -> Signature:
        """One signature as the catalogue would have it."""
        names = self.stated["clauses"]
        if len(stated["outcomes"]) != len(names):
            self.at(names, max(len(names), len(stated["outcomes"])))
        outcomes = dict(zip(names, stated["outcomes"], strict=True))
        status = stated["status"]
        return Signature(
            self.operation.key,
            status,
            "".join(outcomes.get(identity, "-") for identity in self.clauses),
            self.cells(status, stated["witnesses"]),
        )

    def cells(self, status: int, stated: Sequence[Sequence[str]]) -> tuple[Cell, ...]:
        """The kinds at each place of the catalogue."""
        if not stated:
            return ()
        names, nodes = self.names(status), self.nodes(status)
        if len(stated) != len(names):
            self.at(names, max(len(names), len(stated)))
        if names == [node.text for node in nodes]:
            return tuple(as_listed(node, tuple(cell)) for node, cell in zip(nodes, stated, strict=True))
        by_name = {name: tuple(cell) for name, cell in zip(names, stated, strict=True)}
        self.lost_places |= by_name.keys() - {node.text for node in nodes}
        return tuple(as_listed(node, by_name.get(node.text, ())) for node in nodes)
