"""Bodies that are no JSON object, or are not said to be one: refused in the form of any other refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator

from smscontract.exchange import Headers
from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "cases"]

ORDER = 30

_TYPES: dict[str, Headers] = {
    "without content type": (),
    "as plain text": (("content-type", "text/plain"),),
    "as a form": (("content-type", "application/x-www-form-urlencoded"),),
    "with a charset": (("content-type", "application/json; charset=utf-8"),),
}


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """Each body that the contract has to refuse as a whole, and the valid one under other content types."""
    if kit.operation.body is None or not kit.is_valid(kit.least):
        return
    good = kit.encoded(kit.least)
    bodies = {
        "cut JSON": good[:-1],
        "a list": b"[]",
        "no body": b"",
        "JSON with a comma too many": good[:-1] + b",}",
        "JSON with a text behind it": good + b"\nEND",
        "a list of the object": b"[" + good + b"]",
        "a text": b'"text"',
        "null": b"null",
        "a number": b"0",
        "JSON twice": good + good,
        "a comment in JSON": good[:-1] + b" /* all */}",
        "in single quotes": good.replace(b'"', b"'"),
        "half a text": good[: len(good) // 2],
        "words": b"hello",
        "markup": b"<message>hello</message>",
    }
    if kit.assess(b"{}").violations:
        # Refused for several reasons at once: how each of them is told.
        yield Case(name="body is an empty object", aims=kit.clause("request:refuses"), body=b"{}")
    for name, raw in bodies.items():
        if list(kit.assess(raw).violations) == [""]:
            yield Case(name=f"body is {name}", aims=kit.clause("request:refuses"), body=raw)
    # Lenient readers make something of these: only the form of the answer is judged.
    first = good[1:].partition(b",")[0].rstrip(b"}")
    for name, raw in {
        "JSON with a member twice": b"{" + first + b", " + good[1:],
        "JSON with a byte order mark": b"\xef\xbb\xbf" + good,
        "JSON with NaN": _beside(kit, '{"ratio": NaN}', "utf-8"),
    }.items():
        yield Case(name=f"body is {name}", aims=kit.clause("protocol/no-server-error"), body=raw)
    for name, headers in _TYPES.items():
        # What becomes of it is for nobody to say but for the charset; that the answer has its form can be judged all the same.
        yield Case(name=f"body {name}", aims=kit.clause("request:accepts"), body=good, headers=headers)


def _beside(kit: Kit, odd: str, encoding: str) -> bytes:
    """The valid body with something odd in an object of which nobody has said what it holds. Only where there is none it is a
    member that nobody knows: those who refuse such members, and quote what they refuse, may be unable to write it down."""
    body = kit.operation.body
    known = body.node.properties.items() if body is not None else ()
    name = next((name for name, node in known if "object" in node.types and not node.properties), "more")
    return f"{json.dumps(kit.least)[:-1]}, {json.dumps(name)}: {odd}}}".encode(encoding)
