"""Values that random data rarely holds: long texts of every alphabet, nested objects, near misses of what is described.

Everything is ordered from plain to odd, so that whatever is not needed for a finding shrinks away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smscontract.clauses.type import wrong_types
from smscontract.documents import Node
from smscontract.json_text import ABSENT
from smscontract.numbers import may_dial_outside

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["PLAIN_NUMBER", "near_misses", "plain", "tamed", "texts", "values", "wrong_values"]

#: Longest text that is sent: what ten parts of a text message hold, which is where carriers end.
_LONGEST = 1600
#: Longest text at a place that is no message: columns for names and ids are often shorter than any document says.
_NAME = 64
#: Around the limits of one and two parts: 160 and 153 of the GSM alphabet, 70 and 67 of UCS-2.
_LIMITS = (160, 161, 70, 71, 153, 154, 306, 307, 67, 134, 1600)
#: Repeated to make a text. No digits: a text must not look like a telephone number.
_UNITS = (
    "a",
    "ab ",
    "à",  # GSM 7-bit, beyond ASCII
    "€",  # GSM extension table: two septets
    "{[~^|\\]}",
    "ΔΦΩ",  # Greek capitals are in the GSM alphabet
    "ж",  # UCS-2
    "中",
    "ب",  # written from right to left
    "😀",  # beyond the basic plane: two UTF-16 units
    "👩\u200d👧",  # joined
    "🇩🇪",
    "e\u0301",  # combining
    "x\n",
    "x\t",
    "\"'",
    "<b>&amp;",
    "{{name}}",
    "%s%n",
    "null ",
    "x\u00a0",  # no-break space
    "x\u2028",
    "\u202ex",  # overrides the direction
    "\ufeffx",  # byte order mark
)
_KEYS = ("a", "b", "a key", "ключ", "😀", "", "0", "a.b", "$a", "__proto__")
PLAIN_NUMBER = "+14155550100"


def _mixed(*branches: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """One of the branches, each as likely as any other: `one_of` counts a strategy that is given twice once."""
    from hypothesis import strategies as st

    return st.integers(0, len(branches) - 1).flatmap(lambda index: branches[index])


def texts(least: int = 1, most: int = _LONGEST) -> SearchStrategy[str]:
    """Texts of one to three alphabets. Plain: `a`, repeated."""
    from hypothesis import strategies as st

    limits = [one for one in _LIMITS if least <= one <= most] or [most]
    any_length = st.integers(least, most)
    lengths = _mixed(st.integers(least, min(most, least + 15)), any_length, any_length, st.sampled_from(limits))

    def build(pieces: list[tuple[str, int]], length: int) -> str:
        text = "".join(unit * share for unit, share in pieces)
        last = pieces[-1][0]
        return (text + last * (length // len(last) + 1))[:length]

    shares = st.tuples(st.sampled_from(_UNITS), st.integers(0, 40))
    return st.builds(build, st.lists(shares, min_size=1, max_size=3), lengths)


def json_values(depth: int = 2) -> SearchStrategy[Any]:
    """Any JSON value of a free-form object."""
    from hypothesis import strategies as st

    plain = st.one_of(
        st.just(0),
        texts(1, 40),
        st.sampled_from(["", True, False, None, -1, 0.5, 10**12, 2**53 + 1, -(2**63), 1e300]),
        st.integers(-1000, 1000),
    )
    if depth == 0:
        return plain
    inner = json_values(depth - 1)
    # Objects before the rest: what is nested shrinks to an object.
    nested = objects(depth - 1)
    return _mixed(plain, nested, st.lists(inner, max_size=3), nested)


def objects(depth: int = 2) -> SearchStrategy[dict[str, Any]]:
    """Free-form objects, about half of them nested."""
    from hypothesis import strategies as st

    return st.dictionaries(st.sampled_from(_KEYS), json_values(depth), max_size=3)


def _numbers(node: Node) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    low, high = int(node.other.get("minimum", 1)), int(node.other.get("maximum", 86_400))
    odd = [0, -1, 2**31, 2**53 + 1, *([0.5, 1e300] if "number" in node.types else [])]
    whole = st.integers(low, max(low, high))
    return _mixed(st.integers(low, max(low, min(high, low + 120))), whole, whole, st.sampled_from(odd))


def _strings(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> SearchStrategy[Any] | None:
    from hypothesis import strategies as st

    if node.mask == "phone":
        return st.sampled_from(list(allowed)) if allowed else None
    shown = [one for one in samples if isinstance(one, str)]
    if "pattern" in node.raw or "format" in node.raw:
        return st.sampled_from(shown) if shown else None
    least = max(1, int(node.other.get("minLength", 1)))
    most = max(least, min(int(node.other.get("maxLength", _LONGEST)), _LONGEST if node.mask == "text" else _NAME))
    made = texts(least, most)
    return _mixed(made, made, made, st.sampled_from(shown)) if shown and node.mask != "text" else made


def values(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> SearchStrategy[Any] | None:
    """Values for one place, most of them as described; `None` where only a generator that knows patterns can help.

    Args:
        samples: what the document's examples show there.
        allowed: telephone numbers that are valid there.
    """
    from hypothesis import strategies as st

    if "const" in node.raw:
        return st.just(node.raw["const"])
    if node.enum is not None:
        return st.sampled_from(list(node.enum))
    found: list[SearchStrategy[Any]] = []
    for name in ("boolean", "integer", "number", "string", "object", "array"):
        if name not in node.types:
            continue
        made: SearchStrategy[Any] | None
        if name == "boolean":
            made = st.booleans()
        elif name in ("integer", "number"):
            made = _numbers(node)
        elif name == "string":
            made = _strings(node, samples, allowed)
        elif name == "object":
            made = _object(node, samples, allowed) if node.properties else objects()
        else:
            made = _array(node, samples, allowed)
        if made is not None:
            found.append(made)
    if not node.types:
        found.append(json_values())
    if node.nullable and node.types:
        found.append(st.none())
    return st.one_of(found) if found else None


def _inner(samples: Sequence[Any], name: str) -> list[Any]:
    return [one[name] for one in samples if isinstance(one, dict) and name in one]


def _object(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> SearchStrategy[Any] | None:
    from hypothesis import strategies as st

    made = {name: values(child, _inner(samples, name), allowed) for name, child in node.properties.items()}
    if any(one is None and node.properties[name].required for name, one in made.items()):
        return None
    required = {name: one for name, one in made.items() if one is not None and node.properties[name].required}
    optional = {name: one for name, one in made.items() if one is not None and not node.properties[name].required}
    return st.fixed_dictionaries(required, optional=optional)


def _array(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> SearchStrategy[Any] | None:
    from hypothesis import strategies as st

    least = int(node.other.get("minItems", 0))
    most = max(least, min(int(node.other.get("maxItems", 4)), 4))
    below = [item for one in samples if isinstance(one, list) for item in one]
    items = values(node.items, below, allowed) if node.items is not None else json_values(1)
    return None if items is None else st.lists(items, min_size=least, max_size=most)


def plain(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> Any:
    """The plainest value of a place that is likely to be valid."""
    if "const" in node.raw:
        return node.raw["const"]
    if node.enum:
        return node.enum[0]
    if node.mask == "phone" and "string" in node.types:
        return allowed[0] if allowed else PLAIN_NUMBER
    if samples:
        return min(samples, key=lambda one: (len(str(one)), str(one)))
    if "object" in node.types:
        return {name: plain(child, (), allowed) for name, child in node.properties.items() if child.required}
    if "array" in node.types:
        items = plain(node.items, (), allowed) if node.items is not None else 0
        return [items] * int(node.other.get("minItems", 0))
    if "string" in node.types:
        return "a" * max(1, int(node.other.get("minLength", 1)))
    if node.types & {"integer", "number"}:
        return max(1, int(node.other.get("minimum", 1)))
    return False if "boolean" in node.types else None


def near_misses(numbers: Sequence[str]) -> list[str]:
    """Texts that are nearly a telephone number and out of which no server could read one that belongs to somebody."""
    found: list[str] = ["", "+", "a", "+a", "null", " "]
    for number in numbers:
        digits = number.lstrip("+")
        arabic = "".join(chr(0x0660 + int(digit)) for digit in digits)
        found += [
            f" {number}",
            f"{number} ",
            f"{number}\n",
            f"+{number}",
            f"00{digits}",
            f"+ {digits}",
            f"+{digits[0]} {digits[1:4]} {digits[4:7]} {digits[7:]}",
            f"+{digits[0]}-{digits[1:4]}-{digits[4:7]}-{digits[7:]}",
            f"+{digits[0]} ({digits[1:4]}) {digits[4:7]}-{digits[7:]}",
            f"+{digits[0]}.{digits[1:4]}.{digits[4:7]}.{digits[7:]}",
            f"tel:{number}",
            f"{number}x",
            f"{number};ext=1",
            f"{number},{number}",
            f"+{arabic}",
            f"\uff0b{digits}",
            f"\u202d{number}",
            f"{number}\x00",
            f"{number}00000",
            f"%2B{digits}",
        ]
    return [one for one in dict.fromkeys(found) if not may_dial_outside(one)]


def tamed(value: Any, node: Node | None) -> Any:
    """A value without anything at a telephone number's place, or at an undeclared one, that somebody could be called by.

    Args:
        node: what the document says of the place; `None` for an undeclared one.
    """
    if isinstance(value, dict):
        return {name: tamed(inner, _child(node, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [tamed(item, node.items if node is not None and node.items is not None else node) for item in value]
    if isinstance(value, bool) or not isinstance(value, str | int | float) or (node is not None and node.mask != "phone"):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    if not may_dial_outside(text) or (node is None and sum(one.isdigit() for one in text) < 7):
        return value
    return "".join("x" if one.isdigit() else one for one in value) if isinstance(value, str) else type(value)(1)


def _child(node: Node | None, name: str) -> Node | None:
    if node is None:
        return None
    # What is below free data is declared to be free data.
    return node.properties.get(name) or (node if node.mask == "text" and not node.properties else None)


def wrong_values(node: Node, samples: Sequence[Any], allowed: Sequence[str]) -> list[Any]:
    """Values that a lenient server might take all the same: gone, null, of another type, next to what is listed.

    The caller finds out which of them are wrong indeed.
    """
    good = plain(node, samples, allowed)
    found: list[Any] = [ABSENT] if node.required else []
    found += [None] if node.nullable is False else []
    found += wrong_types(node, good)
    if node.mask == "phone":
        found += near_misses(allowed)
        found += [int(number[1:]) for number in allowed[:1]]
        return [one for one in found if one is ABSENT or tamed(one, node) == one]
    if isinstance(good, int | float) and not isinstance(good, bool):
        found += ["1e3", f"{good} ", f"{good}s", "", {"value": good}, [good]]
    if isinstance(good, bool):
        found += ["yes", "1", 0, 1, "TRUE", ""]
    if isinstance(good, str):
        found += [[good], {"value": good}, False, 0]
    if isinstance(good, dict):
        found += [json.dumps(good), [good], "", 0, False]
    for member in node.enum or ():
        if isinstance(member, str):
            found += [f"{member} ", f" {member}", f"{member}S", member[:-1], f"{member}\n", f"{member}\x00"]
    found += ["", "OTHER"] if node.enum is not None else []
    for keyword, step in (("maximum", 1), ("minimum", -1)):
        if keyword in node.other:
            found.append(node.other[keyword] + step)
    if "maxLength" in node.other:
        found.append("a" * (int(node.other["maxLength"]) + 1))
    return found
