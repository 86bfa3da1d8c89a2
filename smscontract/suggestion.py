"""What was seen, as a contract that extends the one it was held against: two YAML texts to look through and keep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.documents import Contract, Operation
from smscontract.documents.nodes import resolve
from smscontract.errors import UnusableInput
from smscontract.shapes import Shape
from smscontract.yaml import Marked

__all__ = ["Addition", "Suggestion", "suggestions"]

_Path = tuple[str | int, ...]

#: Words and numbers that YAML reads as something else than a text, in whatever version.
_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z_][A-Za-z0-9_-]*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Addition:
    """One thing that the document lacks.

    Attributes:
        operation: its key.
        side: key of the response in the document (`200`, `4XX`), or `request`.
        steps: from the schema of that body to the place: `properties`, a name, `items`.
        what: `field`, `status`, or the keyword whose list grows: `enum`, `x-extensible-enum`, `type`.
        name: of the field; the status; the member.
        breaks: whether the contract says otherwise, so that it is suggested as a comment only.
        shape: of the values of a field.
    """

    operation: str
    side: str
    steps: tuple[str, ...]
    what: str
    name: str = ""
    breaks: bool = False
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Two files that belong together.

    Attributes:
        provider: whose contract it extends, and what both files are called after.
        contract, overlay: their texts.
        left_out: how many additions have no place in the document that can be named.
    """

    provider: str
    contract: str
    overlay: str
    left_out: int = 0


def suggestions(
    catalogue: Catalogue,
    additions: Iterable[Addition],
    *,
    why: str = "seen in recordings",
    extends: Mapping[str, str] | None = None,
) -> list[Suggestion]:
    """One suggestion for each provider that something has to be added to.

    Args:
        why: what stands beside each addition as its source.
        extends: how to name a provider's contract, where that is not its name.
    """
    wanted: dict[str, list[Addition]] = {}
    for one in additions:
        wanted.setdefault(catalogue.operations[one.operation].provider, []).append(one)
    found = []
    for provider, mine in wanted.items():
        document = _Document(catalogue.contracts[provider])
        for one in mine:
            document.add(catalogue.operations[one.operation], one, why)
        if document.updates or document.doubtful:
            name = (extends or {}).get(provider, provider)
            found.append(document.suggestion(name))
    return found


class _Document:
    """Collects updates of one OpenAPI document by their targets."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.marked: Marked = contract.document
        self.updates: dict[_Path, Any] = {}
        self.doubtful: dict[_Path, Any] = {}
        self.left_out = 0

    def add(self, operation: Operation, one: Addition, why: str) -> None:
        """Takes one addition, or counts it as left out."""
        try:
            if one.what == "status":
                self._status(operation, one)
                return
            place = self._schema(operation, one)
        except (KeyError, TypeError, UnusableInput):
            self.left_out += 1
            return
        if one.what == "field":
            schema = {**one.shape.schema(), "x-source": {"source": "inferred", "why": why}}
            self._put(self.updates, place, {"properties": {one.name: schema}})
            return
        raw = self._at(place)
        stated = raw.get(one.what)
        target = self.doubtful if one.breaks else self.updates
        if isinstance(stated, list):
            self._put(target, (*place, one.what), [one.name])
        else:
            self._put(target, place, {one.what: [stated, one.name]} if stated is not None else {one.what: [one.name]})

    def _put(self, updates: dict[_Path, Any], target: _Path, update: Any) -> None:
        if target not in updates:
            updates[target] = update
        elif isinstance(update, list):
            updates[target] += [one for one in update if one not in updates[target]]
        else:
            _merge(updates[target], update)

    def _status(self, operation: Operation, one: Addition) -> None:
        responses = (*self._operation(operation), "responses")
        content = self._at(responses)[self._key(responses, one.side)].get("content", {})
        bodies = {media: {"schema": body["schema"]} for media, body in content.items() if "schema" in body}
        answer = {"description": "Seen in recordings.", "content": bodies}
        self._put(self.updates, responses, {one.name: answer})

    def _operation(self, operation: Operation) -> _Path:
        item, place = resolve(self._at(("paths",))[operation.path], ("paths", operation.path), self.marked)
        method = next(name for name in item if name.upper() == operation.method)
        return (*place, method)

    def _key(self, responses: _Path, side: str) -> str:
        return next(str(name) for name in self._at(responses) if str(name).upper() == side.upper())

    def _schema(self, operation: Operation, one: Addition) -> _Path:
        above = self._operation(operation)
        if one.side == "request":
            above = (*above, "requestBody")
        else:
            above = (*above, "responses", self._key((*above, "responses"), one.side))
        body, place = resolve(self._at(above), above, self.marked)
        media = next(name for name in body["content"] if name == "application/json" or name.endswith("+json") or name == "*/*")
        place = self._settled((*place, "content", media, "schema"))
        for step in one.steps:
            # A name is below `properties` or is a keyword; both are looked up where references and unions end.
            place = self._settled((*place, step))
        return place

    def _settled(self, place: _Path) -> _Path:
        """The place where the members of a schema stand: behind references, and inside "T or null"."""
        while True:
            raw, place = resolve(self._at(place), place, self.marked)
            inner = next((found for word in ("anyOf", "oneOf", "allOf") if (found := _only(raw, word)) is not None), None)
            if inner is None:
                return place
            place = (*place, *inner)

    def _at(self, place: _Path) -> Any:
        value: Any = self.marked.data
        for step in place:
            value = value[step]
        return value

    def suggestion(self, extends: str) -> Suggestion:
        provider = self.contract.provider
        contract = f"extends: {_scalar(extends)}\noverlay: {_scalar(f'{provider}.overlay.yaml')}\n"
        lines = ["overlay: 1.0.0", "info:", "  title: Seen in recordings", "  version: drift", "actions:"]
        if not self.updates:
            # An overlay has at least one action; this one changes nothing.
            lines += ["  - target: $.info", "    update: {}"]
        for target, update in self.updates.items():
            lines += self._action(target, update)
        if self.doubtful:
            lines += [
                "  # The contract says otherwise, and `smscontract validate` calls these broken. Only if you know better:"
            ]
            for target, update in self.doubtful.items():
                lines += [f"  #{line}" for line in self._action(target, update)]
        return Suggestion(provider=provider, contract=contract, overlay="\n".join(lines) + "\n", left_out=self.left_out)

    def _action(self, target: _Path, update: Any) -> Iterator[str]:
        yield f"  - target: {_scalar(_json_path(target))}"
        yield from _block("update", update, "    ")


def _only(raw: Mapping[str, Any], word: str) -> _Path | None:
    """Where the one schema is that a union with null, or an `allOf` of one, stands for."""
    choices = raw.get(word)
    if not isinstance(choices, list):
        return None
    rest = [index for index, one in enumerate(choices) if not (isinstance(one, Mapping) and one.get("type") == "null")]
    if word == "allOf":
        return (word, 0) if len(choices) == 1 else None
    return (word, rest[0]) if len(choices) == 2 and len(rest) == 1 else None


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key] += [one for one in value if one not in target[key]]
        else:
            target[key] = value


def _json_path(place: _Path) -> str:
    """As RFC 9535 has it."""
    text = "$"
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _NAME.fullmatch(step):
            text += f".{step}"
        else:
            quoted = step.replace("\\", "\\\\").replace("'", "\\'")
            text += f"['{quoted}']"
    return text


def _block(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{indent}{_scalar(key)}:"
        for name, one in value.items():
            yield from _block(str(name), one, f"{indent}  ")
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        yield f"{indent}{_scalar(key)}: {json.dumps(value)}"  # JSON is YAML
    elif isinstance(value, list):
        yield f"{indent}{_scalar(key)}: [{', '.join(map(_scalar, value))}]"
    else:
        yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and (_PLAIN.fullmatch(value) or re.fullmatch(r"\$[\w.]*", value, re.ASCII)):
        return value
    return json.dumps(value)
