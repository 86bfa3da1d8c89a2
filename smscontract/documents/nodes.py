"""A JSON Schema of the document as a tree: each node knows its place, what it asserts, and the source of each assertion."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote as percent_encode

from smscontract.documents.clause import Source, is_source_spec, level_of, source_from
from smscontract.documents.overlay import changed_at, stated_at
from smscontract.documents.schemas import check_schema, inlined
from smscontract.errors import UnusableInput
from smscontract.findings import Level
from smscontract.mask import Kind
from smscontract.yaml import Marked

__all__ = ["Inherited", "Node", "build_node", "place_text", "resolve"]

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})
#: Keywords that assert something but have no family of their own; each becomes a clause `PLACE:KEYWORD`.
_OTHER = (
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
    "additionalProperties",
    "propertyNames",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
)
_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a node takes over from the one above: its source and whether its level was lowered."""

    source: Source
    lowered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One place in a body or one parameter.

    Attributes:
        path: declared place; `items` stands for each item of an array.
        types: names of allowed JSON types without `null`; empty means any.
        nullable: whether null is allowed; `None` where the document does not say (no type).
        enum: allowed values without null, or `None`.
        known_values: known members of an enum that stays open (`x-extensible-enum`), or `None`.
        other: assertion keywords without a family of their own.
        mask: kind of secret (`x-mask`), inherited, or `None`.
        changed: file and line of the overlay for each keyword that one has set.
    """

    path: tuple[str, ...]
    raw: Mapping[str, Any]
    types: frozenset[str]
    nullable: bool | None
    required: bool
    enum: tuple[Any, ...] | None
    known_values: tuple[Any, ...] | None
    other: Mapping[str, Any]
    properties: Mapping[str, Node]
    items: Node | None
    mask: Kind | None
    file: str
    line: int
    inherited: Inherited
    own_sources: Mapping[str, Source] = field(default_factory=dict)
    own_levels: Mapping[str, bool] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def source(self, keyword: str) -> Source:
        """The source of one keyword at this place, its line that of this node unless it has a statement of its own."""
        own = self.own_sources.get(keyword)
        if own is not None:
            return own
        file, line = self.changed.get(keyword, (self.file, self.line))
        return dataclasses.replace(self.inherited.source, file=file, line=line)

    def level(self, keyword: str) -> Level:
        """The level of one keyword at this place."""
        return level_of(self.source(keyword), lowered=self.own_levels.get(keyword, self.inherited.lowered))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the document."""
        yield self
        for child in self.properties.values():
            yield from child.walk()
        if self.items is not None:
            yield from self.items.walk()

    @property
    def text(self) -> str:
        """The place as clause ids write it."""
        return place_text(self.path)


@lru_cache(maxsize=4096)
def place_text(path: tuple[str, ...]) -> str:
    """A place as clause ids write it: safe in a shell, `/` between names, empty for the whole body."""
    return "/".join(percent_encode(name, safe="-._~") for name in path)


def resolve(raw: Any, path: tuple[str | int, ...], marked: Marked) -> tuple[Mapping[str, Any], tuple[str | int, ...]]:
    """Follows local `$ref`s; members beside a `$ref` win over those of its target.

    Raises:
        UnusableInput: for a reference that is not local, points nowhere or goes round in a circle.
    """
    beside: dict[str, Any] = {}
    seen: set[str] = set()
    while isinstance(raw, Mapping) and "$ref" in raw:
        target = raw["$ref"]
        file, line = stated_at(marked, path)
        if not isinstance(target, str) or not target.startswith("#/"):
            raise UnusableInput(
                f"`$ref: {target}` is not local",
                file=file,
                line=line,
                hint="bring the schema into this file: `#/components/...`",
            )
        if target in seen:
            raise UnusableInput(f"`$ref: {target}` refers to itself", file=file, line=line, hint="break the circle")
        seen.add(target)
        beside = {**{key: value for key, value in raw.items() if key != "$ref"}, **beside}
        names = tuple(part.replace("~1", "/").replace("~0", "~") for part in target[2:].split("/"))
        raw = marked.data
        for name in names:
            if not isinstance(raw, Mapping) or name not in raw:
                raise UnusableInput(
                    f"`$ref: {target}` points nowhere", file=file, line=line, hint=f"there is no `{name}` at that place"
                )
            raw = raw[name]
        path = names
    if not isinstance(raw, Mapping):
        if isinstance(raw, bool):
            return ({} if raw else {"not": {}}), path
        file, line = stated_at(marked, path)
        raise UnusableInput("expected a mapping", file=file, line=line, hint="a schema is a mapping")
    return ({**raw, **beside} if beside else raw), path


def _simplify(raw: Mapping[str, Any], path: tuple[str | int, ...], marked: Marked) -> Mapping[str, Any]:
    """Folds the ways of writing "T or null" into `type: [T, "null"]`, and an `allOf` of one into its only member."""
    for word in ("anyOf", "oneOf"):
        choices = raw.get(word)
        if isinstance(choices, list) and len(choices) == 2:
            nulls = [choice for choice in choices if isinstance(choice, Mapping) and choice.get("type") == "null"]
            rest = [index for index, choice in enumerate(choices) if choice not in nulls]
            if len(nulls) == 1 and len(rest) == 1:
                inner, _ = resolve(choices[rest[0]], (*path, word, rest[0]), marked)
                types = inner.get("type")
                merged = {**inner, **{key: value for key, value in raw.items() if key != word}}
                if types is not None:
                    merged["type"] = [*(types if isinstance(types, list) else [types]), "null"]
                if isinstance(merged.get("enum"), list):
                    merged["enum"] = [*merged["enum"], None]
                return merged
    parts = raw.get("allOf")
    if isinstance(parts, list) and len(parts) == 1:
        inner, _ = resolve(parts[0], (*path, "allOf", 0), marked)
        return {**inner, **{key: value for key, value in raw.items() if key != "allOf"}}
    return raw


def _own(
    raw: Mapping[str, Any], path: tuple[str | int, ...], marked: Marked, inherited: Inherited
) -> tuple[Inherited, dict[str, Source], dict[str, bool]]:
    sources: dict[str, Source] = {}
    levels: dict[str, bool] = {}
    stated = raw.get("x-source")
    if stated is not None:
        here = (*path, "x-source")
        if is_source_spec(stated):
            inherited = Inherited(source_from(stated, marked, here), inherited.lowered)
        elif isinstance(stated, Mapping):
            sources = {keyword: source_from(spec, marked, (*here, keyword)) for keyword, spec in stated.items()}
        else:
            source_from(stated, marked, here)
    level = raw.get("x-level")
    if level is not None:
        words = {level} if isinstance(level, str) else set(level.values()) if isinstance(level, Mapping) else {None}
        if words != {"should"}:
            file, line = stated_at(marked, (*path, "x-level"))
            raise UnusableInput(
                "`x-level` can only say `should`",
                file=file,
                line=line,
                hint="a level may be lowered, never raised; state a source instead",
            )
        if isinstance(level, str):
            inherited = Inherited(inherited.source, lowered=True)
        else:
            levels = dict.fromkeys(level, True)
    return inherited, sources, levels


def _mask(raw: Mapping[str, Any], marked: Marked, marks: tuple[str | int, ...], above: Kind | None) -> Kind | None:
    stated = raw.get("x-mask", above)
    kinds: tuple[Kind, ...] = ("phone", "text", "secret")
    for kind in kinds:
        if stated == kind:
            return kind
    if stated is None:
        return None
    file, line = stated_at(marked, (*marks, "x-mask"))
    raise UnusableInput(f"`x-mask: {stated}` is unknown", file=file, line=line, hint="there are phone, text and secret")


def _changed(
    marked: Marked, marks: tuple[str | int, ...], raw: Mapping[str, Any], required_at: tuple[str | int, ...] | None
) -> dict[str, tuple[str, int]]:
    """Where an overlay states a keyword of this node, by the names that clauses have for them."""
    found = {word: place for word in raw if (place := changed_at(marked, (*marks, word))) is not None}
    for word, name in (("type", "null"), ("format", "offset")):
        if word in found:
            found[name] = found[word]
    if required_at is not None and (place := changed_at(marked, required_at)) is not None:
        found["required"] = place
    if found:
        latest = max(found.values())
        found.setdefault("accepts", latest)
        found.setdefault("refuses", latest)
    return found


def build_node(
    raw: Any,
    marks: tuple[str | int, ...],
    marked: Marked,
    inherited: Inherited,
    *,
    path: tuple[str, ...] = (),
    required: bool = False,
    mask: Kind | None = None,
    required_at: tuple[str | int, ...] | None = None,
) -> Node:
    """The tree of a schema.

    Args:
        raw: the schema as YAML holds it.
        marks: where it stands in the YAML file.
        inherited: source and level of what is above.

    Raises:
        UnusableInput: for a schema that goes round in a circle or cannot be understood.
    """
    if len(path) > _DEPTH:
        raise UnusableInput(
            "the schema has no end",
            file=marked.file,
            line=marked.line(marks),
            hint="recursive schemas are not supported; cut it",
        )
    raw, marks = resolve(raw, marks, marked)
    raw = _simplify(raw, marks, marked)
    inherited, sources, levels = _own(raw, marks, marked, inherited)
    declared = raw.get("type")
    names = [declared] if isinstance(declared, str) else list(declared) if isinstance(declared, list) else []
    unknown = [name for name in names if name not in _TYPES and name != "null"]
    if unknown or not (declared is None or names):
        raise UnusableInput(
            f"`{unknown[0] if unknown else declared}` is no JSON type",
            file=stated_at(marked, (*marks, "type"))[0],
            line=stated_at(marked, (*marks, "type"))[1],
            hint=f"use {', '.join(sorted(_TYPES))} or null",
        )
    types = frozenset(name for name in names if name != "null")
    nullable = None if declared is None else "null" in names or raw.get("nullable") is True
    enum = raw.get("enum")
    mask = _mask(raw, marked, marks, mask)
    must_have = raw.get("required", [])
    if not isinstance(must_have, list):
        file, line = stated_at(marked, (*marks, "required"))
        raise UnusableInput("`required` is a list of names", file=file, line=line, hint="write `required: [name]`")
    other = {word: inlined(raw[word], marked, (*marks, word)) for word in _OTHER if word in raw and raw[word] is not True}
    beside = {word: inlined(raw[word], marked, (*marks, word)) for word in ("then", "else") if word in raw and "if" in other}
    raw = {**raw, **other, **beside}
    stated = {word: raw[word] for word in ("pattern", "enum", "const", "required") if word in raw}
    for word, value in {**stated, **other, **beside}.items():
        check_schema({word: value}, marked, (*marks, word))
    children = {
        name: build_node(
            child,
            (*marks, "properties", name),
            marked,
            inherited,
            path=(*path, name),
            required=name in must_have,
            mask=mask,
            required_at=(*marks, "required", must_have.index(name)) if name in must_have else None,
        )
        for name, child in (raw.get("properties") or {}).items()
    }
    for name in must_have:
        if name not in children:
            where = (*marks, "required", must_have.index(name))
            children[name] = build_node(
                {}, marks, marked, inherited, path=(*path, name), required=True, mask=mask, required_at=where
            )
    items = raw.get("items")
    known = raw.get("x-extensible-enum")
    return Node(
        path=path,
        raw=raw,
        types=types,
        nullable=nullable,
        required=required,
        enum=tuple(value for value in enum if value is not None) if isinstance(enum, list) else None,
        known_values=tuple(known) if isinstance(known, list) else None,
        other=other,
        properties=children,
        items=None
        if items is None
        else build_node(items, (*marks, "items"), marked, inherited, path=(*path, "items"), mask=mask),
        mask=mask,
        file=stated_at(marked, marks)[0],
        line=stated_at(marked, marks)[1],
        changed=_changed(marked, marks, raw, required_at),
        inherited=inherited,
        own_sources=sources,
        own_levels=levels,
    )
