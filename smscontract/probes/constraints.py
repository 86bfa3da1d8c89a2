"""What is not as described is refused: each constraint of the request broken once and alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from smscontract.clauses.mutate import DELETE, with_value
from smscontract.clauses.type import wrong_types
from smscontract.documents import Node, Rule
from smscontract.json_text import json_type
from smscontract.numbers import examples
from smscontract.probes.acceptance import companions
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "SHARE", "cases"]

ORDER = 20
#: Cases in one round of the plan.
SHARE = 10

#: Wrong types tried at one place, each type once; the twin in text is the first of them.
_TYPES = 4
_FORMS = {"phone": 14, None: 6}
#: Near misses after the first place with the same form: the code behind is the same, more often than not.
_FORMS_AGAIN = 4


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Invalid requests, each for one reason: rules first, then the likeliest mistake of every place, then the next."""
    body = kit.operation.body
    if body is None or any(not kit.resources.entries(member, label) for member, label in kit.owned.items()):
        return
    for rule in kit.operation.rules:
        if rule.kind == "requires":
            yield from _rule(kit, rule)
    forms: set[str] = set()
    places = []
    for node in body.node.walk():
        if node.path:
            form = str((node.raw.get("pattern"), node.raw.get("format")))
            found = list(_place(kit, node, again=form in forms))
            # What has a form of its own can be wrong in more ways than others: three of them in each wave.
            step = 3 if "pattern" in node.raw and form not in forms else 1
            places.append([found[start : start + step] for start in range(0, len(found), step)])
            forms.add(form)
    for wave in zip_longest(*places, fillvalue=()):
        yield from (case for some in wave for case in some)


def _rule(kit: Kit, rule: Rule) -> Iterator[Case | Lack]:
    aims = (*kit.clause(f"rule/{rule.name}"), *kit.clause(f"rule/{rule.name}:code"))
    if rule.requires_relation is not None:
        word, (left, right) = rule.requires_relation
        if left.root != "sent" or right.root != "sent":
            return
        base = {**kit.least, left.last: kit.richest.get(left.last), right.last: kit.richest.get(right.last)}
        bound = base[right.last]
        values = {
            "less": [
                ("equal", bound, bound),
                ("greater", bound + 60 if isinstance(bound, int | float) else None, bound),
                ("one more", 61, 60),
                ("less as a text", 1000, 900),
            ]
        }.get(word, [("unlike", "another", bound) if word == "equal" else ("equal", bound, bound)])
        for index, (name, value, other) in enumerate(values):
            if value is not None:
                body = kit.encoded({**base, left.last: value, right.last: other})
                yield Case(name=f"{rule.name} {name}", aims=aims, body=body, rank=int(index > 1))
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


def _place(kit: Kit, node: Node, *, again: bool) -> Iterator[Case]:
    aims = kit.clause(f"request/{node.text}:refuses")
    if not aims:
        return
    top = node.path[0]
    base = companions(kit, top, kit.richest.get(top)) if top not in kit.least else kit.least
    if base is None:
        return
    seen: set[bytes] = set()
    for index, (name, value) in enumerate(_values(kit, node, base, again=again)):
        changed = with_value(base, node.path, value)
        if not kit.breaks_only(changed, node.text):
            continue
        body = kit.encoded(changed)
        if body not in seen:
            seen.add(body)
            yield Case(name=f"{node.text} {name}", aims=aims, body=body, rank=0 if index == 0 else 1)


def _values(kit: Kit, node: Node, base: Any, *, again: bool) -> Iterator[tuple[str, Any]]:
    """Wrong values of one place, the likeliest to be taken first."""
    current = base
    for step in node.path:
        current = current.get(step) if isinstance(current, dict) else None
    types = _wrong_types(node, current)
    forms = (
        list(_accepted_forms(kit, node, base, current, again=again)) if "pattern" in node.raw or "format" in node.raw else []
    )
    if node.required:
        yield "missing", DELETE
    yield from forms[:3]
    yield from types[:1]
    yield from _other_members(node)
    yield from forms[3:6]
    if node.nullable is False:
        yield "null", None
    yield from types[1:2]
    yield from forms[6:]
    yield from types[2:]


def _wrong_types(node: Node, current: Any) -> list[tuple[str, Any]]:
    """One value for each JSON type, the nearest of each."""
    found: dict[str, Any] = {}
    for value in wrong_types(node, current):
        found.setdefault("integer" if isinstance(value, float) and value.is_integer() else json_type(value), value)
    return [(f"of another type {index + 1}", value) for index, value in enumerate(list(found.values())[:_TYPES])]


def _accepted_forms(kit: Kit, node: Node, base: Any, current: Any, *, again: bool) -> Iterator[tuple[str, Any]]:
    """Near misses that break this place alone and can dial nobody."""
    text = current if isinstance(current, str) else ""
    if node.mask == "phone" and node.path[-1] not in kit.owned:
        # One whose near misses stay in the reserved ranges, too.
        text = examples(1, seed=kit.seed)[0]
    limit, found = _FORMS_AGAIN if again else _FORMS.get(node.mask, _FORMS[None]), 0
    for name, value in _phones(text) if node.mask == "phone" else _forms(text):
        if found < limit and kit.breaks_only(with_value(base, node.path, value), node.text):
            found += 1
            yield name, value


def _other_members(node: Node) -> Iterator[tuple[str, Any]]:
    texts = [member for member in node.enum or () if isinstance(member, str)]
    if texts:
        yield "no member", "SOMEBODY"
        yield "with a blank behind it", f"{texts[0]} "
        yield "empty", ""
        yield "of another API", "SYSTEM"


def _forms(text: str) -> Iterator[tuple[str, Any]]:
    """Near misses of any text with a form."""
    yield "with a line feed behind it", f"{text}\n"
    yield "with a blank before it", f" {text}"
    yield "empty", ""
    yield "another word", "nobody"
    yield "with a blank behind it", f"{text} "
    yield "with a letter behind it", f"{text}x"


def _phones(text: str) -> Iterator[tuple[str, Any]]:
    """Near misses of a number in E.164: what servers repair, and what careless patterns let pass."""
    digits = text.removeprefix("+")
    yield "with a line feed behind it", f"{text}\n"
    yield "with dashes", f"{text[:2]}-{text[2:5]}-{text[5:8]}-{text[8:]}"
    yield "with a blank before it", f" {text}"
    yield "with a second plus", f"+{text}"
    yield "no number at all", "nobody"
    yield "as tel URI", f"tel:{text}"
    yield "in Arabic digits", text[:2] + "".join(chr(0x0660 + int(digit)) for digit in digits[1:])
    yield "with a digit too many", "+999" + "1" * 13
    yield "with 00 for the plus", f"00{digits}"
    yield "that is a plus alone", "+"
    yield "with an extension", f"{text}x5"
    yield "with the letter O for a zero", f"{text[:-1]}O"
    yield "that begins with zero", "+01"
    yield "empty", ""
    yield "in full-width digits", text[:2] + "".join(chr(0xFF10 + int(digit)) for digit in digits[1:])
    yield "with a blank behind it", f"{text} "
