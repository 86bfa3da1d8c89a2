"""What exists on a target: ids and numbers by parameter and label, as `--resources` gives them or a sandbox hands them over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smscontract.errors import UnusableInput
from smscontract.yaml import Marked, load

__all__ = ["Entry", "Resources", "load_resources", "resources_from"]

_VALUE_KEYS = ("id", "number", "value")


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


def load_resources(path: str) -> Resources:
    """Reads a `--resources` file (YAML or JSON).

    Raises:
        UnusableInput: with file, line and the next step.
    """
    marked = load(Path(path))
    return _read(marked)


def resources_from(data: Any, origin: str) -> Resources:
    """The same from data that somebody handed over; `origin` is named in errors.

    Raises:
        UnusableInput: the data has another form.
    """
    return _Reader(data, origin, None).resources()


def _read(marked: Marked) -> Resources:
    return _Reader(marked.data, marked.file, marked).resources()


class _Reader:
    def __init__(self, data: Any, file: str, marked: Marked | None) -> None:
        self.data = data
        self.file = file
        self.marked = marked

    def refuse(self, message: str, hint: str, *path: str | int) -> UnusableInput:
        line = self.marked.line(path) if self.marked is not None else None
        return UnusableInput(message, file=self.file, line=line, hint=hint)

    def resources(self) -> Resources:
        if not isinstance(self.data, Mapping):
            raise self.refuse("resources are a mapping", "write `PARAMETER: {LABEL: [value, ...]}`")
        result: dict[str, dict[str, list[Entry]]] = {}
        for parameter, labels in self.data.items():
            if not isinstance(labels, Mapping):
                raise self.refuse(f"`{parameter}` is no mapping of labels", "write `LABEL: [value, ...]` below it", parameter)
            for label, listed in labels.items():
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

    def entry(self, parameter: str, label: str, index: int, raw: Any) -> Entry:
        if isinstance(raw, Mapping):
            key = next((name for name in _VALUE_KEYS if name in raw), None)
            if key is None or not isinstance(raw[key], str | int) or isinstance(raw[key], bool):
                raise self.refuse("an entry needs `id`", "write `{id: sms_01, body: ...}`", parameter, label, index)
            return Entry(parameter, label, str(raw[key]), {name: value for name, value in raw.items() if name != key})
        if isinstance(raw, bool) or not isinstance(raw, str | int) or raw == "":
            raise self.refuse("an entry is a text or a mapping", "write `sms_01`, or `{id: sms_01}`", parameter, label, index)
        return Entry(parameter, label, str(raw))
