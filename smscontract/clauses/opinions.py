r"""The second opinion: `jsonschema`, where `jsonschema_rs` gives up, and for the words of keywords without a family.

The two libraries and our families differ in classes of values that are known. A test counts each class, reaches each and holds
all three to this list; what is behind the arrow is right, and followed here.

- nullable enum: both want null among the members of `enum` -> null, where `type` allows it. A list of members says what a value
  is, `null` that there is none; the two are asserted apart.
- 1.0 as integer: both take it -> an integer. JSON Schema 2020-12 section 4.2.3 knows values, not spellings.
- leap second: jsonschema_rs takes it at 23:59:60 UTC, jsonschema never -> at 23:59:60 UTC, as RFC 3339 section 5.6 has it.
- missing offset: both refuse it -> `format` is kept and a clause of its own broken; many servers print local times.
- no digit in a date: jsonschema_rs lets `*026-03-02` pass, in date-times too -> refused, a digit is a digit.
- null in words: both take `"null"` for a text -> refused where null itself is allowed; it is null gone through a printer.
- trailing newline: jsonschema lets it pass, since Python's `$` matches before it -> refused; in ECMA 262 `$` is the end.
- Arabic-Indic digit: jsonschema takes it for `\d` -> refused; in ECMA 262 `\d` is ASCII. Our documents write `[0-9]`.
- lone surrogate: jsonschema_rs raises, jsonschema takes it -> the text of the body is broken (RFC 8259 section 8.2), and its
  members are not judged.
- duplicate keys: neither sees them -> the text of the body is broken (RFC 8259 section 4); judged by the last, as most read it.
- NaN: jsonschema_rs refuses it, jsonschema takes it for a number -> no JSON (RFC 8259 section 6), members are not judged.
- big integer: jsonschema_rs is exact or gives up, orjson makes a float of it -> exact; RFC 8259 section 6 sets no limit.
- byte order mark: neither can be handed one -> read without it and reported; RFC 8259 section 8.1 lets readers ignore it.
- depth: each has a limit of its own -> not judged; a limit of a library is no fault of the provider.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

__all__ = ["accepts", "in_words"]

#: Keywords whose messages hold nothing but the value at their beginning, and the schema.
_PLAIN = frozenset(
    {
        "contains",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "uniqueItems",
    }
)


@lru_cache(maxsize=1024)
def _validator(text: str) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker  # not needed where all is well, and slow to load

    return Draft202012Validator(json.loads(text), format_checker=FormatChecker())


def accepts(value: Any, schema_text: str) -> bool | None:
    """Whether a value keeps a schema (JSON text), formats asserted; `None` where it cannot be told (too deep)."""
    try:
        return bool(_validator(schema_text).is_valid(value))
    except (RecursionError, OverflowError, ValueError):
        return None


def in_words(value: Any, schema_text: str, keyword: str) -> str | None:
    """What is wrong with a value by one keyword, as `jsonschema` says it, without the value: `the value is too short`."""
    if keyword not in _PLAIN:
        return None
    try:
        error = next((one for one in _validator(schema_text).iter_errors(value) if one.validator == keyword), None)
        shown = repr(error.instance) if error is not None else ""
    except (RecursionError, OverflowError, ValueError):
        return None
    if error is None or not error.message.startswith(f"{shown} "):
        return None
    return f"the value {error.message[len(shown) + 1 :]}"
