"""What exists on a target: ids and numbers by parameter and label, as `--resources` gives them or a sandbox hands them over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from smscontract.documents import Operation, nearest_hint
from smscontract.errors import UnusableInput
from smscontract.yaml import Marked, load

__all__ = ["Entry", "Resources", "load_resources", "resources_from"]

_VALUE_KEYS = ("id", "number", "value")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that exists.

    Attributes:
        parameter: name of the parameter of path or body that takes it.
        label: as the file has it; `state` is the label up to its first dash.
        value: what is sent.
        known: what else is known of it and compared with the answers.
    """

    parameter: str
    label: str
    value: str
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The label up to its first dash."""
        return self.label.partition("-")[0]

    def as_known(self) -> dict[str, Any]:
        """The entry of `Exchange.known` for its parameter."""
        return {**self.known, "label": self.label, "state": self.state}


class Resources:
    """Entries by parameter and label, in the order of the file."""

    def __init__(self, entries: Mapping[str, Mapping[str, list[Entry]]] | None = None) -> None:
        self._entries: dict[str, dict[str, list[Entry]]] = {
            parameter: {label: list(listed) for label, listed in labels.items()}
            for parameter, labels in (entries or {}).items()
        }

    def parameters(self) -> list[str]:
        """Names of the parameters that anything is known for."""
        return list(self._entries)

    def labels(self, parameter: str) -> list[str]:
        """Labels of one parameter that have at least one entry."""
        return [label for label, listed in self._entries.get(parameter, {}).items() if listed]

    def entries(self, parameter: str, label: str | None = None) -> list[Entry]:
        """Entries of one parameter: under a label, under a state (all its labels), or all."""
        return [
            entry
            for name, listed in self._entries.get(parameter, {}).items()
            for entry in listed
            if label is None or label in (name, entry.state)
        ]

    def find(self, parameter: str, value: Any) -> Entry | None:
        """The entry of a value, if there is one."""
        return next((entry for entry in self.entries(parameter) if entry.value == value), None)

    def values(self) -> Iterator[str]:
        """Every value of every parameter."""
        for parameter in self._entries:
            for entry in self.entries(parameter):
                yield entry.value


def load_resources(path: str, operations: Iterable[Operation] = ()) -> Resources:
    """Reads a `--resources` file (YAML or JSON).

    Args:
        operations: what the names in it are held against; without any, every name will do.

    Raises:
        UnusableInput: with file, line and the next step.
    """
    marked = load(Path(path))
    return _Reader(marked.data, marked.file, marked, _vocabulary(operations)).resources()


def resources_from(data: Any, origin: str, operations: Iterable[Operation] = ()) -> Resources:
    """The same from data that somebody handed over; `origin` is named in errors.

    Raises:
        UnusableInput: the data has another form.
    """
    return _Reader(data, origin, None, _vocabulary(operations)).resources()


@dataclass(slots=True)
class _Words:
    """What a parameter's entries may say.

    Attributes:
        phone: whether its values are telephone numbers.
        states: labels that the contract knows.
        members: names of what can be known of an entry, and whether that is a telephone number.
    """

    phone: bool = False
    states: set[str] = field(default_factory=set)
    members: dict[str, bool] = field(default_factory=dict)


def _vocabulary(operations: Iterable[Operation]) -> dict[str, _Words]:
    words: dict[str, _Words] = {}
    for operation in operations:
        nodes = {one.name: one.node for one in operation.parameters if one.where == "path"}
        nodes.update(operation.body.node.properties if operation.body is not None else {})
        answer = operation.success.node if operation.success is not None else None
        members = {name: node.mask == "phone" for name, node in (answer.properties.items() if answer is not None else ())}
        for name, node in nodes.items():
            mine = words.setdefault(name, _Words())
            mine.phone = mine.phone or node.mask == "phone"
            mine.states.update(operation.states.get(name, {}))
            mine.members.update(members)
        for rule in operation.rules:
            for _, expected in rule.requires:
                if isinstance(expected, Mapping) and str(expected.get("in", "")).startswith("known."):
                    _, name, label = str(expected["in"]).split(".", 2)
                    words.setdefault(name, _Words()).states.add(label)
    return words


class _Reader:
    def __init__(self, data: Any, file: str, marked: Marked | None, words: Mapping[str, _Words] | None = None) -> None:
        self.data = data
        self.file = file
        self.marked = marked
        self.words = words or {}

    def refuse(self, message: str, hint: str, *path: str | int) -> UnusableInput:
        line = self.marked.line(path) if self.marked is not None else None
        return UnusableInput(message, file=self.file, line=line, hint=hint)

    def resources(self) -> Resources:
        if not isinstance(self.data, Mapping):
            raise self.refuse("resources are a mapping", "write `PARAMETER: {LABEL: [value, ...]}`")
        result: dict[str, dict[str, list[Entry]]] = {}
        for parameter, labels in self.data.items():
            self.known_word(parameter, self.words, "no operation has a parameter", 0.0, parameter)
            if not isinstance(labels, Mapping):
                raise self.refuse(f"`{parameter}` is no mapping of labels", "write `LABEL: [value, ...]` below it", parameter)
            for label, listed in labels.items():
                self.label(parameter, label)
                if not isinstance(listed, list):
                    raise self.refuse(f"`{parameter}: {label}` is no list", "write `[value, ...]`", parameter, label)
                entries = [self.entry(parameter, label, index, raw) for index, raw in enumerate(listed)]
                seen = {entry.value for entries_of in result.get(parameter, {}).values() for entry in entries_of}
                for index, entry in enumerate(entries):
                    if entry.value in seen:
                        raise self.refuse(
                            "the same value stands under `" + parameter + "` twice",
                            "each value has one label",
                            parameter,
                            label,
                            index,
                        )
                    seen.add(entry.value)
                result.setdefault(parameter, {})[label] = entries
        return Resources(result)

    def known_word(self, word: str, known: Collection[str], what: str, likeness: float, *path: str | int) -> None:
        """Refuses a word that is not known: any (likeness 0), or only one that is much like a known one."""
        if word in known or not known:
            return
        if not likeness or get_close_matches(word, known, n=1, cutoff=likeness):
            raise self.refuse(f"{what} `{word}`", nearest_hint(word, known), *path)

    def label(self, parameter: str, label: str) -> None:
        """A label may say more than the contract knows, and may stand for a state that it does not name; but hardly one that
        is a letter away from one that it does."""
        state = label.partition("-")[0]
        if not state:
            raise self.refuse("a label begins with a state", "write `draft`, or `draft-unicode`", parameter, label)
        words = self.words.get(parameter, _Words())
        if label not in words.states:
            self.known_word(state, words.states, f"`{parameter}` has no state", 0.75, parameter, label)

    def entry(self, parameter: str, label: str, index: int, raw: Any) -> Entry:
        """One entry of a list."""
        path = (parameter, label, index)
        known: Mapping[str, Any] = {}
        if isinstance(raw, Mapping):
            key = next((name for name in _VALUE_KEYS if name in raw), None)
            if key is None:
                raise self.refuse("an entry needs `id`", "write `{id: sms_01, body: ...}`", *path)
            known, raw = {name: value for name, value in raw.items() if name != key}, raw[key]
        if isinstance(raw, bool) or not isinstance(raw, str | int) or raw == "" or not _is_text(str(raw)):
            raise self.refuse("an entry is a text or a mapping", "write `sms_01`, or `{id: sms_01}`", *path)
        words = self.words.get(parameter, _Words())
        if words.phone and not _E164.fullmatch(str(raw)):
            raise self.refuse(
                f"`{parameter}` is a telephone number", "write it in E.164: a plus, then all its digits, in quotes", *path
            )
        for name, value in known.items():
            self.known_word(name, words.members, "no answer tells", 0.0, *path, name)
            if words.members.get(name) and not (isinstance(value, str) and _E164.fullmatch(value)):
                raise self.refuse(
                    f"`{name}` is a telephone number", "write it in E.164: a plus, then all its digits, in quotes", *path, name
                )
        return Entry(parameter, label, str(raw), known)


def _is_text(value: str) -> bool:
    """Whether a value can go into a URL: half of a surrogate pair cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
