"""The shape of JSON values: types and members, and the values themselves only where they are few, short and harmless."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.json_text import json_type
from smscontract.mask import Kind, Masker

__all__ = ["FEW", "Shape"]

#: More different values than this are not told.
FEW = 8
#: An object with more different members than this is a map: its keys are data.
_MEMBERS = 40
_DEPTH = 6
_LONGEST = 40
_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(slots=True)
class Shape:
    """What was seen at one place.

    Attributes:
        types: how often each JSON type was seen.
        values: the texts that were seen and how often; `None` as soon as they are too many, too long, or could be anybody's.
        private: whether some text or number could be anybody's.
        members: shapes of the members of objects; `None` as soon as there are too many names, or one that could be anybody's.
        items: the shape of all items of arrays.
    """

    types: Counter[str] = field(default_factory=Counter)
    values: Counter[str] | None = field(default_factory=Counter)
    private: bool = False
    members: dict[str, Shape] | None = field(default_factory=dict)
    items: Shape | None = None

    def add(self, value: Any, masker: Masker, kind: Kind | None = None, depth: int = 0) -> None:
        """Takes one more value.

        Args:
            kind: what the place is marked with; nothing marked is ever told.
        """
        self.types[json_type(value)] += 1
        if isinstance(value, str):
            self._text(value, masker, kind)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.private = self.private or kind is not None or masker.value(value, None) != json.dumps(value)
        elif isinstance(value, list) and depth < _DEPTH:
            for item in value:
                self.items = self.items or Shape()
                self.items.add(item, masker, kind, depth + 1)
        elif isinstance(value, dict):
            self._object(value, masker, kind, depth)

    def _text(self, value: str, masker: Masker, kind: Kind | None) -> None:
        harmless = kind is None and len(value) <= _LONGEST and masker.value(value, None) == f'"{value}"'
        self.private = self.private or not harmless
        if self.values is None or not harmless or (len(self.values) >= FEW and value not in self.values):
            self.values = None
        else:
            self.values[value] += 1

    def _object(self, value: Mapping[str, Any], masker: Masker, kind: Kind | None, depth: int) -> None:
        if self.members is None:
            return
        names = {*self.members, *value}
        if depth >= _DEPTH or len(names) > _MEMBERS or not all(_plain(name, masker) for name in value):
            self.members, self.private = None, True
            return
        for name, one in value.items():
            self.members.setdefault(name, Shape()).add(one, masker, kind, depth + 1)

    @property
    def told(self) -> dict[str, int]:
        """The values that may be told, most frequent first: each was seen more than once, and there are few."""
        if not self.values or min(self.values.values()) < 2:
            return {}
        return dict(sorted(self.values.items(), key=lambda one: (-one[1], one[0])))

    def words(self) -> str:
        """The types in words: `string or null`, `array of object`, `object with 3 members`."""
        return " or ".join(self._word(name) for name in sorted(self.types, key=lambda one: (one == "null", one)))

    def _word(self, name: str) -> str:
        if name == "array" and self.items is not None:
            return f"array of {self.items.words()}"
        if name == "object" and self.members:
            return f"object with {', '.join(sorted(self.members))}"
        return name

    def schema(self) -> dict[str, Any]:
        """A JSON Schema that takes everything that was seen, and little more."""
        names = set(self.types)
        if "number" in names:
            names.discard("integer")
        types = sorted(names - {"null"}) + (["null"] if "null" in names else [])
        result: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        if "string" in names and self.told and len(names - {"null"}) == 1:
            result["x-extensible-enum"] = sorted(self.told)
        elif self.private:
            result["x-mask"] = "text"
        if "object" in names and self.members:
            result["properties"] = {name: shape.schema() for name, shape in sorted(self.members.items())}
        if "array" in names and self.items is not None:
            result["items"] = self.items.schema()
        return result


def _plain(name: str, masker: Masker) -> bool:
    return 0 < len(name) <= 40 and _HARMLESS.issuperset(name) and masker.scrub(name) == name
