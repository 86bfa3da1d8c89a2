"""JSON as RFC 8259 has it and no more: no duplicate names, no NaN, no byte order mark, UTF-8 only."""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["DEPTH", "NotJsonError", "parse"]

#: How deeply arrays and objects may nest. RFC 8259 section 9 leaves the limit to the reader; ours keeps far from the depth at
#: which Python can read a value but not write it again.
DEPTH = 400


class NotJsonError(ValueError):
    """The bytes are no JSON text; the message says why and quotes nothing of them."""


def parse(body: bytes) -> Any:
    """The value of a JSON text. Numbers past a double's range become the nearest double, so that what was read can be written.

    Raises:
        NotJsonError: it is none.
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except NotJsonError:
        raise
    except UnicodeDecodeError:
        raise NotJsonError("the body is not UTF-8") from None
    except RecursionError:
        raise NotJsonError("the body is nested too deeply") from None
    except ValueError:
        raise NotJsonError("the body is not JSON") from None
    # No text with fewer brackets than that can nest deeper: the usual body is not walked.
    if body.count(b"[") + body.count(b"{") > DEPTH and _depth(value) > DEPTH:
        raise NotJsonError("the body is nested too deeply")
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [below for one in level for below in (one.values() if isinstance(one, dict) else one)]
    return depth


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotJsonError("an object in the body has two members of one name")
    return result


def _no_constant(_: str) -> Any:
    raise NotJsonError("the body is not JSON: NaN and Infinity are no numbers")


def _finite(text: str) -> float:
    return max(-sys.float_info.max, min(float(text), sys.float_info.max))


def _integer(text: str) -> int | float:
    # Python refuses to read integers of thousands of digits (CVE-2020-10735); as a double they are past all range anyway.
    return int(text) if len(text) <= 640 else _finite(text)
