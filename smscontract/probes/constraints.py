"""What is not as described is refused: each constraint of the request broken once and alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smscontract.clauses.mutate import DELETE, with_value
from smscontract.clauses.type import wrong_types
from smscontract.documents import Node, Rule
from smscontract.probes.acceptance import companions
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases"]

ORDER = 20

#: Wrong types tried at one place; the twin in text is the first of them.
_TYPES = 3
_FORMS = 4


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Invalid requests, each for one reason."""
    body = kit.operation.body
    if body is None or any(not kit.resources.entries(member, label) for member, label in kit.owned.items()):
        return
    for rule in kit.operation.rules:
        if rule.kind == "requires":
            yield from _rule(kit, rule)
    for node in body.node.walk():
        if node.path:
            yield from _place(kit, node)
    for name, raw in (("a list", b"[]"), ("no body", b""), ("cut JSON", kit.encoded(kit.least)[:-1]), ("a text", b'"text"')):
        if list(kit.assess(raw).violations) == [""]:
            yield Case(name=f"body is {name}", aims=kit.clause("request:refuses"), body=raw)


def _rule(kit: Kit, rule: Rule) -> Iterator[Case | Lack]:
    aims = (*kit.clause(f"rule/{rule.name}"), *kit.clause(f"rule/{rule.name}:code"))
    if rule.requires_relation is not None:
        word, (left, right) = rule.requires_relation
        if left.root != "sent" or right.root != "sent":
            return
        base = {**kit.least, left.last: kit.richest.get(left.last), right.last: kit.richest.get(right.last)}
        bound = base[right.last]
        values = {"less": [("equal", bound), ("greater", bound + 60 if isinstance(bound, int | float) else None)]}.get(
            word, [("unlike", "another") if word == "equal" else ("equal", bound)]
        )
        for name, value in values:
            if value is not None:
                yield Case(name=f"{rule.name} {name}", aims=aims, body=kit.encoded({**base, left.last: value}), rank=0)
        return
    for place, expected in rule.requires:
        if not (isinstance(expected, dict) and "in" in expected and place.root == "sent"):
            continue
        parameter, label = str(expected["in"]).split(".")[1:]
        others = [entry for entry in kit.resources.entries(parameter) if label not in (entry.label, entry.state)]
        if not others:
            for aim in aims:
                yield Lack(
                    aim, f"no `{parameter}` that is not {label}", f"add to --resources: `{parameter}: {{foreign: [...]}}`"
                )
        for entry in others[:1]:
            body = kit.encoded({**kit.least, place.last: entry.value})
            yield Case(name=f"{rule.name} {entry.label}", aims=aims, body=body, rank=0)


def _place(kit: Kit, node: Node) -> Iterator[Case]:
    aims = kit.clause(f"request/{node.text}:refuses")
    if not aims:
        return
    top = node.path[0]
    base = companions(kit, top, kit.richest.get(top)) if top not in kit.least else kit.least
    if base is None:
        return
    seen: set[bytes] = set()
    for index, (name, value) in enumerate(_values(kit, node, base)):
        changed = with_value(base, node.path, value)
        if not kit.breaks_only(changed, node.text):
            continue
        body = kit.encoded(changed)
        if body not in seen:
            seen.add(body)
            yield Case(name=f"{node.text} {name}", aims=aims, body=body, rank=0 if index == 0 else 1)


def _values(kit: Kit, node: Node, base: Any) -> Iterator[tuple[str, Any]]:
    current = base
    for step in node.path:
        current = current.get(step) if isinstance(current, dict) else None
    if node.required:
        yield "missing", DELETE
    if node.nullable is False:
        yield "null", None
    for index, value in enumerate(wrong_types(node, current)[:_TYPES]):
        yield f"of another type {index + 1}", value
    for index, value in enumerate(_other_members(node)):
        yield f"no member {index + 1}", value
    if "pattern" in node.raw or "format" in node.raw:
        found = 0
        for name, value in _forms(current):
            if found < _FORMS and kit.breaks_only(with_value(base, node.path, value), node.text):
                found += 1
                yield name, value


def _other_members(node: Node) -> Iterator[Any]:
    texts = [member for member in node.enum or () if isinstance(member, str)]
    if texts:
        yield "SOMEBODY"
        yield f"{texts[0]} "


def _forms(current: Any) -> Iterator[tuple[str, Any]]:
    """Near misses of a text with a form."""
    text = current if isinstance(current, str) else ""
    yield "no number at all", "nobody"
    yield "empty", ""
    yield "with a second plus", f"+{text}"
    yield "with a line feed behind it", f"{text}\n"
    yield "with dashes", f"{text[:2]}-{text[2:5]}-{text[5:8]}-{text[8:]}"
    yield "as tel URI", f"tel:{text}"
    yield "with a blank before it", f" {text}"
