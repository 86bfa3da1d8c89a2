"""Texts as people write them: every alphabet and length that a phone can show, and what careless servers trip over."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.probes.base import Case, Kit, Lack

__all__ = ["ORDER", "SHARE", "TEXTS", "cases"]

ORDER = 25
#: Cases in one round of the plan.
SHARE = 1

#: What a server trips over most often comes first. Lengths are around one segment and several, in both encodings of SMS.
TEXTS: dict[str, str] = {
    "with emoji": "Paid ✅ thanks 👍",
    "160 characters": "0123456789" * 16,
    "1600 characters": "0123456789" * 160,
    "with HTML": "<script>alert('x')</script> <b>5 > 3</b> &amp; done",
    "with two lines": "First line\nSecond line",
    "with an accent": "Grüße aus Zürich, à bientôt",
    "161 characters": "0123456789" * 16 + "0",
    "with template braces": "Hi {{ name }}, {name} ${name} %(name)s %s #{name} <%= name %>",
    "with SQL": "O'Brien'; DROP TABLE messages; -- \" OR 1=1",
    "that reads 0": "0",
    "1501 characters": "x" * 1501,
    "70 characters of UCS-2": "話" * 70,
    "71 characters of UCS-2": "話" * 71,
    "with joined emoji": "👩‍👩‍👧‍👦 👨🏽‍💻 🇨🇭 ❤️",
    "from right to left": "مرحبا، فاتورتك 1042 جاهزة \u200f!",
    "of the GSM extension": "Price: 5€ [a] {b} ~c^ |d| \\e",
    "of one character": "a",
    "with combining marks": "Cafe\u0301 n\u0303 a\u030a\u0323",
    "with Windows line ends": "First line\r\nSecond line\r\n",
    "with a tab and blanks around it": "\t text \u00a0",
    "with a backslash and quotes": 'C:\\new\\table "quoted" \\u0041',
    "that reads true": "true",
    "that reads null": "null",
    "that is JSON": '{"message": "text"}',
    "that stops": "STOP",
    "with a link": "Pay here: https://example.com/pay?id=1042&c=%20a#top",
    "with zero width": "in\u200bvoice \ufeff1042\u2060",
    "159 characters": "x" * 159,
    "161 characters of UCS-2": "ö" * 100 + "話" * 61,
    "1599 characters": "y" * 1599,
    "1600 characters of UCS-2": "話" * 1600,
    "of 1600 UTF-16 units": "🙂" * 800,
    "with typographic quotes": "\u201cHello\u201d \u2013 it\u2019s due \u2026 5\u20ac",
    "with a formula": "=1+1",
    "with a path": "../../etc/passwd",
    "with a percent sign": "100% %41 %zz +",
}


def cases(kit: Kit) -> Iterator[Case | Lack]:
    """One request for each text that the contract calls valid, at each required member that is a free text."""
    body = kit.operation.body
    if body is None or not kit.is_valid(kit.least):
        return
    for name, node in body.node.properties.items():
        if (
            not node.required
            or "string" not in node.types
            or node.enum is not None
            or name in kit.phones
            or "pattern" in node.raw
        ):
            continue
        for kind, text in TEXTS.items():
            value = {**kit.least, name: text}
            if kit.is_valid(value):
                aims = kit.clause(f"request/{name}:accepts")
                yield Case(name=f"{name} {kind}", aims=aims, body=kit.encoded(value))
