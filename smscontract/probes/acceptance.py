"""What is described is accepted: the valid base, each optional member present and absent, each member of each enum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.documents import Node
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases", "companions"]

ORDER = 10


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Valid requests of an operation with a body; what takes no body is probed by its states."""
    body = kit.operation.body
    if body is None:
        if not kit.operation.states:
            yield Case(name="base", aims=kit.clause("request:accepts"), headers=(), neutral=True, rank=0)
        return
    for member, label in kit.owned.items():
        if not kit.resources.entries(member, label):
            hint = f"add to --resources: `{member}: {{{label}: [...]}}`"
            for clause in kit.clauses:
                if clause.family in ("request", "history"):
                    yield Lack(clause.id, f"no `{member}` that is {label}", hint)
            return
    yield _case(kit, "base", kit.least, kit.clause("request:accepts"), rank=0, neutral=True)
    if kit.richest != kit.least and kit.is_valid(kit.richest):
        yield _case(kit, "all", kit.richest, kit.clause("request:accepts"), rank=0)
    odd = _odd(kit, body.node)
    if odd != kit.richest and kit.is_valid(odd):
        yield _case(kit, "all, and odd", odd, kit.clause("request:accepts"), rank=0)
    for name, node in body.node.properties.items():
        if not node.required:
            yield from _given(kit, name)
        yield from _members(kit, name, node)
    yield from _shapes(kit)


def _odd(kit: Kit, node: Node) -> dict[str, Any]:
    """Everything at once that careless servers trip over: whatever of it is refused, or answered otherwise, shows early."""
    found = dict(kit.richest)
    for name, member in node.properties.items():
        if member.enum is not None or name in kit.phones or "pattern" in member.raw or "format" in member.raw:
            continue
        if "boolean" in member.types:
            found[name] = False
        elif "string" in member.types and member.required:  # of all texts one, so that it is to blame alone
            found[name] = _ODD_TEXT.ljust(1600, "x")
        elif "object" in member.types and not member.properties:
            found[name] = _ODD_OBJECT
    return found


_ODD_TEXT = (
    'Grüße 👩\u200d👩\u200d👧 <b>{{ name }}</b> %s O\'Brien; "5€" C:\\new\nSecond line\r\n\t\u0645\u0631\u062d\u0628\u0627 '
)
_ODD_OBJECT = {
    "a.b": 1,
    "$set": {"below": [{"x": None}, 1.5, True]},
    "": "empty",
    "Größe": "🙂",
    "__proto__": [],
    "message": "m",
}


def _case(kit: Kit, name: str, value: Any, aims: tuple[str, ...], *, rank: int = 1, neutral: bool = False) -> Case:
    return Case(name=name, aims=aims, body=kit.encoded(value), rank=rank, neutral=neutral)


#: Texts that show whether a text is taken as it is: beyond ASCII, and longer than one SMS.
_TEXTS = {"beyond ASCII": "Grüße aus Zürich, Zoë! 🙂", "longer than one SMS": "This text is longer than one SMS can be. " * 5}


def _shapes(kit: Kit) -> Iterator[Case]:
    """Other shapes of what every request has: texts, numbers of another country, other entries of the resources."""
    body = kit.operation.body
    for name, node in body.node.properties.items() if body is not None else ():
        if not node.required or node.enum is not None or "string" not in node.types:
            continue
        values = {} if name in kit.phones or "pattern" in node.raw else dict(_TEXTS)
        if name in kit.owned:
            values = {
                f"entry {index + 2}": entry.value
                for index, entry in enumerate(kit.resources.entries(name, kit.owned[name])[1:3])
            }
        elif name in kit.phones:
            values = {"of another country": kit.abroad}
        for shape, value in values.items():
            changed = {**kit.least, name: value}
            if kit.is_valid(changed):
                yield _case(kit, f"{name} {shape}", changed, kit.clause(f"request/{name}:accepts"))


def companions(kit: Kit, name: str, value: Any) -> dict[str, Any] | None:
    """The least body that is valid with this member: alone, else with one other optional member beside it."""
    alone = {**kit.least, name: value}
    if kit.is_valid(alone):
        return alone
    for other, beside in kit.richest.items():
        if other not in alone:
            together = {**alone, other: beside}
            if kit.is_valid(together):
                return together
    return None


def _given(kit: Kit, name: str) -> Iterator[Case]:
    value = companions(kit, name, kit.richest[name])
    if value is not None:
        yield _case(kit, f"with {name}", value, kit.clause(f"request/{name}:accepts"))


def _members(kit: Kit, name: str, node: Node) -> Iterator[Case]:
    members: tuple[Any, ...] = node.enum or ()
    if "boolean" in node.types:
        members = (True, False)
    for member in members:
        if kit.richest.get(name) == member and not node.required:
            continue  # shown by the case that gives the member at all
        value = companions(kit, name, member)
        if value is not None:
            yield _case(
                kit,
                f"with {name} {str(member).lower() if isinstance(member, bool) else member}",
                value,
                kit.clause(f"request/{name}:accepts"),
            )
