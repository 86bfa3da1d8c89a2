"""What two OpenAPI documents say differently, place by place and keyword by keyword."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smscontract.contract_diff._change import PROVIDER, READERS, SENDERS, Breaks, Change
from smscontract.documents import Node, Operation

__all__ = ["answers", "requests"]

#: Keywords that are bounds: whether a larger value is the stricter one.
_BOUNDS = {
    "minimum": True,
    "exclusiveMinimum": True,
    "minLength": True,
    "minItems": True,
    "minProperties": True,
    "maximum": False,
    "exclusiveMaximum": False,
    "maxLength": False,
    "maxItems": False,
    "maxProperties": False,
}


def requests(old: Operation, new: Operation) -> Iterator[Change]:
    """What the two say of the body and the parameters of a request."""

    def nodes(operation: Operation) -> dict[str, Node]:
        body = operation.body
        found = {one.node.text: one.node for one in operation.parameters}
        return {**found, **({node.text: node for node in body.node.walk()} if body is not None else {})}

    if (old.body is None) != (new.body is None):
        kind = "added" if old.body is None else "removed"
        required = new.body is not None and new.body.required
        says = f"a request body is {'described' if new.body is not None else 'described no more'}"
        yield Change(clause=f"{old.key}/request", kind=kind, says=says, breaks=(SENDERS,) if required else (PROVIDER,))
    before, after = nodes(old), nodes(new)
    for place, node in before.items():
        clause = f"{old.key}/request/{place}" if place else f"{old.key}/request"
        if place not in after:
            says = f"`{place}` is described no more"
            yield Change(clause=f"{clause}:accepts", kind="removed", says=says, breaks=(SENDERS,))
            continue
        for _, stricter, says in _facets(node, after[place]):
            kind = "changed" if stricter is None else "tightened" if stricter else "loosened"
            side = "accepts" if stricter is False else "refuses"
            breaks = (SENDERS, PROVIDER) if stricter is None else (SENDERS,) if stricter else (PROVIDER,)
            yield Change(clause=f"{clause}:{side}", kind=kind, says=f"{_named(node)} {says}", breaks=breaks)
    for place, node in after.items():
        if place not in before:
            breaks = (SENDERS,) if node.required else (PROVIDER,)
            kind = "tightened" if node.required else "added"
            says = f"`{place}` is {'required' if node.required else 'accepted'}"
            yield Change(clause=f"{new.key}/request/{place}:accepts", kind=kind, says=says, breaks=breaks)


_SUFFIX = {"required": "required", "null": "null", "type": "type", "enum": "enum", "const": "const"}


def answers(old: Operation, new: Operation) -> Iterator[Change]:
    """What the two say of each documented answer."""
    for key, document in old.responses.items():
        if key not in new.responses:
            says = f"the answer {key} is documented no more"
            points = (f"{old.key}/{key}",)
            yield Change(clause=f"{old.key}/{key}", kind="removed", says=says, breaks=(PROVIDER,), points=points)
            continue
        other = new.responses[key]
        base = f"{old.key}/{key}"
        before = {node.text: node for node in document.node.walk()} if document.node is not None else {}
        after = {node.text: node for node in other.node.walk()} if other.node is not None else {}
        yield from _body(base, before, after)
        if set(document.content_types) != set(other.content_types):
            says = f"the answer {key} is {' or '.join(other.content_types) or 'of any type'}"
            yield Change(clause=f"{base}/content-type", kind="changed", says=says, breaks=(READERS, PROVIDER))
    for key in new.responses:
        if key not in old.responses:
            hurt: Breaks = (READERS,) if key.startswith("2") else ()
            yield Change(clause=f"{new.key}/{key}", kind="added", says=f"the answer {key} is documented", breaks=hurt)


def _body(base: str, before: Mapping[str, Node], after: Mapping[str, Node]) -> Iterator[Change]:
    for place, node in before.items():
        spot = f"{base}/{place}" if place else base
        if place not in after:
            says = f"{_named(node)} is described no more"
            yield Change(clause=spot, kind="removed", says=says, breaks=(READERS,), points=(f"{spot} value", f"{spot}=*"))
            continue
        for facet, stricter, says in _facets(node, after[place]):
            yield Change(
                clause=f"{spot}:{_SUFFIX.get(facet.partition('=')[0], facet)}",
                kind="changed" if stricter is None else "tightened" if stricter else "loosened",
                says=f"{_named(node)} {says}",
                breaks=(READERS, PROVIDER) if stricter is None else (PROVIDER,) if stricter else (READERS,),
                points=_points(spot, facet),
            )
    for place, node in after.items():
        if place not in before:
            says = f"{_named(node)} is {'promised' if node.required else 'described'}"
            hurt: Breaks = (PROVIDER,) if node.required else ()
            yield Change(clause=f"{base}/{place}", kind="added", says=says, breaks=hurt)


def _points(spot: str, facet: str) -> tuple[str, ...]:
    """What a ledger calls that of which a facet speaks."""
    if facet == "required":
        return (f"{spot} absent",)
    if facet == "null":
        return (f"{spot} null",)
    return (f"{spot}={facet.removeprefix('enum=')}",) if facet.startswith("enum=") else ()


def _facets(old: Node, new: Node) -> Iterator[tuple[str, bool | None, str]]:
    """Each facet of a place that differs: its name, whether the new one is stricter (`None`: neither), and a sentence."""
    if old.required != new.required:
        yield "required", new.required, f"is {'required' if new.required else 'required no more'}"
    if old.nullable is not new.nullable and None not in (old.nullable, new.nullable):
        yield "null", not new.nullable, f"may {'be null' if new.nullable else 'be null no more'}"
    if old.types != new.types:
        stricter = None
        if not old.types or not new.types:
            stricter = bool(new.types)
        elif old.types < new.types or new.types < old.types:
            stricter = new.types < old.types
        yield "type", stricter, f"is {_types(new)}, not {_types(old)}"
    yield from _members(old, new)
    for keyword in sorted({*_assertions(old), *_assertions(new)}):
        before, after = _assertions(old).get(keyword), _assertions(new).get(keyword)
        if before == after:
            continue
        if before is None or after is None:
            yield (
                keyword,
                before is None,
                f"has {'no ' if after is None else ''}`{keyword}`{'' if after is None else f' {after}'}",
            )
        elif keyword in _BOUNDS and isinstance(before, int | float) and isinstance(after, int | float):
            yield keyword, (after > before) is _BOUNDS[keyword], f"has `{keyword}` {after}, not {before}"
        else:
            yield keyword, None, f"has another `{keyword}`"


def _members(old: Node, new: Node) -> Iterator[tuple[str, bool | None, str]]:
    if (old.enum is None) != (new.enum is None):
        yield "enum", new.enum is not None, "is one of a list" if new.enum is not None else "is no more one of a list"
        return
    for member in old.enum or ():
        if member not in (new.enum or ()):
            yield f"enum={member}", True, f"is no more `{_word(member)}`"
    for member in new.enum or ():
        if member not in (old.enum or ()):
            yield f"enum={member}", False, f"may be `{_word(member)}`"


def _assertions(node: Node) -> dict[str, Any]:
    stated = {name: node.raw[name] for name in ("const", "format", "pattern") if name in node.raw}
    return {**stated, **node.other}


def _types(node: Node) -> str:
    return " or ".join(f"`{name}`" for name in sorted(node.types)) or "of any type"


def _named(node: Node) -> str:
    return f"`{node.text}`" if node.path else "the body"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
