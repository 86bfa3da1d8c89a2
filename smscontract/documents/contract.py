"""Reads a contract file together with its OpenAPI document."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smscontract.data import contracts_folder, openapi_folder, shipped_contracts
from smscontract.documents.checks import sources_of, unknown_place
from smscontract.documents.clause import Source
from smscontract.documents.neighbours import Neighbour, parse_marker, parse_neighbour
from smscontract.documents.nodes import Node
from smscontract.documents.openapi import Operation, read_operations
from smscontract.documents.overlay import apply_overlay
from smscontract.documents.places import Place
from smscontract.documents.rules import Rule, Undefined, nearest_hint, parse_rule, parse_undefined
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Level
from smscontract.yaml import Marked, load

__all__ = ["Contract", "Page", "find_contract", "read_contract"]

_TOP = ("openapi", "extends", "overlay", "pages", "refs", "version")
_OPERATION = ("effect", "marker", "read", "end", "states", "rules", "undefined")
_EFFECT = ("texts", "creates", "timers")
_CODE = ("1XX", "2XX", "3XX", "4XX", "5XX")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the provider that quotes come from."""

    name: str
    url: str = ""
    read: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contract:
    """One provider: its operations, its pages, and where both are written.

    Attributes:
        document: the parsed OpenAPI document, overlays applied.
        refs: URL for each short reference.
        version: the contract's own, else that of its document.
        digest: hash of all that document and contract say, what they extend included; layout and comments change nothing.
    """

    provider: str
    file: str
    document: Marked = field(repr=False)
    operations: tuple[Operation, ...]
    pages: Mapping[str, Page]
    refs: Mapping[str, str]
    version: str = ""
    digest: str = ""


def find_contract(name_or_path: str) -> Path:
    """The file that a provider's name or a path means.

    Raises:
        UsageError: neither a shipped provider nor a file; the nearest names are in the hint.
    """
    shipped = shipped_contracts()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.is_dir():
        raise UsageError(
            f"`{name_or_path}` is a folder", hint="give the path of the contract in it, or of the OpenAPI document"
        )
    if path.suffix or "/" in name_or_path:
        raise UsageError(
            f"there is no contract file `{name_or_path}`", hint="give the path of a contract or of an OpenAPI document"
        )
    raise UsageError(f"there is no provider `{name_or_path}`", hint=nearest_hint(name_or_path, shipped))


def read_contract(name_or_path: str) -> Contract:
    """Reads a shipped provider by name, or a contract file or bare OpenAPI document by path.

    Raises:
        UsageError: nothing of that name.
        UnusableInput: with file, line and the next step, for anything in the files that cannot be meant.
    """
    return _read(find_contract(name_or_path), frozenset())


def _load(path: Path) -> Marked:
    """A file with its marks. Shipped files go by the name that the repository gives them, wherever they are installed."""
    marked = load(path)
    if path.resolve().parent in (contracts_folder().resolve(), openapi_folder().resolve()):
        return dataclasses.replace(marked, file=f"{path.parent.name}/{path.name}")
    return marked


def _read(path: Path, above: frozenset[Path]) -> Contract:
    marked = _load(path)
    data = marked.data
    if not isinstance(data, Mapping):
        raise UnusableInput("a contract is a mapping", file=marked.file, line=marked.line(), hint="start with `openapi: PATH`")
    provider = path.stem
    if str(data.get("openapi", "")).startswith("3.") and "paths" in data:
        return _bare(provider, marked)
    reader = _ContractReader(provider, path, marked, above)
    return reader.contract()


def _bare(provider: str, marked: Marked) -> Contract:
    return Contract(
        provider=provider,
        file=marked.file,
        document=marked,
        operations=tuple(read_operations(marked, provider)),
        pages={},
        refs={},
        version=_version(marked.data),
        digest=_digest(marked.data),
    )


def _version(document: Any) -> str:
    info = document.get("info") if isinstance(document, Mapping) else None
    return str(info.get("version", "")) if isinstance(info, Mapping) else ""


def _digest(*said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


class _ContractReader:
    def __init__(self, provider: str, path: Path, marked: Marked, above: frozenset[Path]) -> None:
        self.provider = provider
        self.path = path
        self.marked = marked
        self.data: Mapping[str, Any] = marked.data
        self.above = above | {path.resolve()}

    def refuse(self, message: str, hint: str, *place: str | int) -> UnusableInput:
        return UnusableInput(message, file=self.marked.file, line=self.marked.line(place), hint=hint)

    def contract(self) -> Contract:
        base = self.base()
        document = self.document(base)
        operations = {operation.id: operation for operation in read_operations(document, self.provider)}
        inherited = {operation.id: operation for operation in base.operations} if base else {}
        for key in self.data:
            if key not in _TOP and key not in operations:
                raise self.refuse(f"`{key}` is no operation of the document", nearest_hint(key, [*operations, *_TOP]), key)
        merged = tuple(self.operation(operation, inherited.get(name)) for name, operation in operations.items())
        contract = Contract(
            provider=self.provider,
            file=self.marked.file,
            document=document,
            operations=merged,
            pages={**(base.pages if base else {}), **self.pages()},
            refs={**(base.refs if base else {}), **{str(key): str(url) for key, url in self.mapping("refs").items()}},
            version=str(self.data.get("version") or _version(document.data)),
            digest=_digest(base.digest if base else "", document.data, self.data),
        )
        self.check(contract)
        return contract

    def check(self, contract: Contract) -> None:
        """Names that stand for something elsewhere: places of the document, pages, references."""
        for operation in contract.operations:
            for rule in operation.rules:
                found = unknown_place(rule, operation)
                if found is not None:
                    place, known = found
                    message = f"rule `{rule.name}`: the document has no `{place.text}`"
                    raise UnusableInput(
                        message, file=rule.source.file, line=rule.source.line, hint=nearest_hint(place.text, known)
                    )
            for source in sources_of(operation):
                for word, name, names in (("page", source.page, contract.pages), ("ref", source.ref, contract.refs)):
                    if name and name not in names and source.kind != "http":
                        hint = nearest_hint(name, names) if names else f"add it under `{word}s:`"
                        raise UnusableInput(
                            f"`{name}` is no {word} of the contract", file=source.file, line=source.line, hint=hint
                        )

    def mapping(self, *place: str) -> Mapping[str, Any]:
        value: Any = self.data
        for name in place:
            value = value.get(name) or {}
            if not isinstance(value, Mapping):
                raise self.refuse(f"`{name}` is a mapping", "indent its members below it", *place)
        return value  # type: ignore[no-any-return]  # the loop leaves a Mapping

    def base(self) -> Contract | None:
        if "extends" not in self.data:
            return None
        name = str(self.data["extends"])
        beside = self.path.parent / name
        try:
            target = beside if beside.is_file() else find_contract(name)
            if target.resolve() in self.above:
                raise self.refuse("`extends` goes round in a circle", "extend another contract", "extends")
            return _read(target, self.above)
        except UsageError as error:
            raise self.refuse(error.message, error.hint or "", "extends") from None

    def document(self, base: Contract | None) -> Marked:
        stated = self.data.get("openapi")
        if stated is not None:
            path = self.path.parent / str(stated)
            if not path.is_file():
                raise self.refuse(f"there is no document `{stated}`", "the path is relative to the contract file", "openapi")
            marked = _load(Path(os.path.normpath(path)))
        elif base is not None:
            marked = base.document
        else:
            raise self.refuse("the contract names no document", "add `openapi: PATH`, or `extends: PROVIDER`")
        if "overlay" in self.data:
            path = self.path.parent / str(self.data["overlay"])
            if not path.is_file():
                raise self.refuse(
                    f"there is no overlay `{self.data['overlay']}`", "the path is relative to this file", "overlay"
                )
            marked = apply_overlay(marked, _load(Path(os.path.normpath(path))))
        return marked

    def pages(self) -> dict[str, Page]:
        result = {}
        for name, raw in self.mapping("pages").items():
            if not isinstance(raw, Mapping):
                raise self.refuse(f"page `{name}` is no mapping", "write `{url: ..., read: ..., text: ...}`", "pages", name)
            for key in raw:
                if key not in ("url", "read", "text"):
                    raise self.refuse(f"unknown key `{key}`", nearest_hint(key, ["url", "read", "text"]), "pages", name, key)
            result[name] = Page(name=name, **{key: str(value) for key, value in raw.items()})
        return result

    def operation(self, operation: Operation, base: Operation | None) -> Operation:
        name = operation.id
        stated = self.mapping(name)
        for key in stated:
            if key not in _OPERATION:
                raise self.refuse(f"unknown key `{key}`", nearest_hint(key, _OPERATION), name, key)
        rules: dict[str, Rule] = {rule.name: rule for rule in base.rules} if base else {}
        undefined: dict[str, Undefined] = {one.name: one for one in base.undefined} if base else {}
        raw_rules = self.mapping(name, "rules")
        for key in raw_rules:
            rules[key] = self.lowered(name, key, rules.get(key)) or parse_rule(key, raw_rules, self.marked, (name, "rules"))
        for key, raw in self.mapping(name, "undefined").items():
            undefined[key] = parse_undefined(key, raw, self.marked, (name, "undefined", key))
        return dataclasses.replace(
            operation,
            rules=tuple(rules.values()),
            undefined=tuple(undefined.values()),
            states={**(base.states if base else {}), **self.states(operation)},
            effect={**(base.effect if base else {}), **self.effect(operation)},
            marker=self.marker(operation) or (base.marker if base else None),
            read=self.neighbour(operation, "read") or (base.read if base else None),
            end=self.neighbour(operation, "end") or (base.end if base else None),
        )

    def marker(self, operation: Operation) -> Place | None:
        path = (operation.id, "marker")
        stated = self.mapping(operation.id)
        if "marker" not in stated:
            return None
        place = parse_marker(stated["marker"], self.marked, path)
        self.known(place, operation.body.node if operation.body is not None else None, *path)
        return place

    def neighbour(self, operation: Operation, key: str) -> Neighbour | None:
        stated = self.mapping(operation.id)
        if key not in stated:
            return None
        found = parse_neighbour(stated[key], self.marked, (operation.id, key))
        for name, place in found.values.items():
            self.known(
                place, operation.success.node if operation.success is not None else None, operation.id, key, "with", name
            )
        return found

    def known(self, place: Place, node: Node | None, *path: str) -> None:
        """Refuses a place whose first name the document does not know."""
        names = sorted(node.properties) if node is not None else []
        if place.steps[0] not in names:
            listed = [f"{place.root}.{one}" for one in names]
            raise self.refuse(f"the document has no `{place.text}`", nearest_hint(place.text, listed), *path)

    def lowered(self, operation: str, name: str, base: Rule | None) -> Rule | None:
        """The rule of the extended contract where this one says no more than a lower level or other words; else `None`."""
        raw = self.mapping(operation, "rules")[name]
        if base is None or not isinstance(raw, Mapping) or not raw or not set(raw) <= {"level", "says", "why"}:
            return None
        if raw.get("level", "should") != "should":
            place = (operation, "rules", name, "level")
            raise self.refuse(f"`level: {raw['level']}` is unknown", "a level can only be lowered: `level: should`", *place)
        line = self.marked.line((operation, "rules", name))
        source = dataclasses.replace(base.source, file=self.marked.file, line=line, why=str(raw.get("why", base.source.why)))
        level = Level.SHOULD if "level" in raw else base.level
        return dataclasses.replace(base, says=str(raw.get("says", base.says)), level=level, source=source)

    def effect(self, operation: Operation) -> Mapping[str, Any]:
        name = operation.id
        effect = self.mapping(name, "effect")
        for key, value in effect.items():
            if key not in _EFFECT:
                raise self.refuse(f"unknown effect `{key}`", nearest_hint(key, _EFFECT), name, "effect", key)
            if key == "texts" and value not in ("now", "later", "never"):
                raise self.refuse(f"`texts: {value}` is unknown", "there are now, later and never", name, "effect", key)
            if key == "timers":
                for text in value if isinstance(value, list) else [value]:
                    place = parse_marker(text, self.marked, (name, "effect", key))
                    self.known(place, operation.body.node if operation.body is not None else None, name, "effect", key)
        return effect

    def states(self, operation: Operation) -> dict[str, dict[str, tuple[tuple[str, ...], Source]]]:
        result: dict[str, dict[str, tuple[tuple[str, ...], Source]]] = {}
        parameters = {parameter.name for parameter in operation.parameters}
        if operation.body is not None:
            parameters |= set(operation.body.node.properties)
        name = operation.id
        for parameter in self.mapping(name, "states"):
            if parameter not in parameters:
                raise self.refuse(
                    f"`{parameter}` is no parameter of `{name}`", nearest_hint(parameter, parameters), name, "states", parameter
                )
            result[parameter] = {}
            for label, codes in self.mapping(name, "states", parameter).items():
                listed = tuple(str(code) for code in (codes if isinstance(codes, list) else [codes]))
                for code in listed:
                    if code not in _CODE and not (code.isdecimal() and len(code) == 3):
                        raise self.refuse(f"`{code}` is no status code", "write 404 or 4XX", name, "states", parameter, label)
                line = self.marked.line((name, "states", parameter, label))
                result[parameter][label] = (listed, Source(kind="inferred", file=self.marked.file, line=line))
        return result
