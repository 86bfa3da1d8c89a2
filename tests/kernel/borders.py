"""Lines that are almost like others: changed in their text, by a letter, an escape, a space or a member, near what patterns of
lines take and do not take."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

from tests.kernel.lines import RECORDS

__all__ = ["altered"]

#: What comes in the place of a text in its quotes: plain, and inside of a text.
_TEXTS = (
    "null", "None", "***", "abXXXXcd", "xXxX", "[REDACTED]", "[ok]", "<b>", "redacted it", "_REDACTED", "MASKED", " ", "",
    "a b",
    "\\u0041bc", "\\u00FC", "\\u00fc", "\\ud83d\\ude00", "\\ud83d", "\\ude00\\ud83d", "\\n", "\\u0000", "\\u001f", "\\/", "\\b",
    "\\\\", "\\\\\\\\", '\\"', "\u2028", "\u00a0", "\x7f", "\u0661\u0662", "\ud7ff\U0001f600", "smscontract-probe",
    "2026-09-21T14:12:20Z", "2026-02-31T10:00:00Z", "2026-02-29T10:00:00Z", "2028-02-29T10:00:00Z", "2026-12-31T23:59:60Z",
    "2026-09-21T24:00:00Z", "2026-09-21T14:12:20+02:00", "2026-09-21t14:12:20z", "2026-09-31T14:12:20Z", "2026-13-01T00:00:00Z",
    "2026-09-21T14:12:20.1234567891234Z", "\u0662026-09-21T14:12:20Z", "2027-09-21T14:12:20Z", "0026-09-21T14:12:20Z",
    "sms_0123456789abcdef", "sms_0123456789ABCDEF", "sms_012345678\u0669abcdef", "SM0123456789abcdef0123456789abcdef",
    "+14155550100", "+14155550101", "tel:+1-415-555-0100", "14155550100", "+0123", "sent", "SENT", "delivered", "draft",
    "inbound",
    "application/json", "text/html", "gzip", "12", "0", "+1415555010\u0660",
)  # fmt: skip
_NUMBERS = (
    "0", "-0", "-0.0", "1e5", "1E5", "1e-5", "0.0", "1.0", "0.5", "0.50", "1.5", "0.99999999999999999", "1e400", "-1", "3",
    "12345678901234567890", "0.12345678901234567891", "99999.5", "123456.5", "1.00000000000000001", "01", "+1", "NaN", "true",
    "null", '"1"', "\u0661", "1790000000", "1790000000.5", "100000000000", "3600", "1800", "0.00000000000000000001",
)  # fmt: skip
_SPACES = (" ", "\t", "  ", "\\n", "\\t", "\n", "\x0b", "\u00a0")
_SECRET = "Bearer sk-0123456789abcdef"
_QUOTED = re.compile(r'(?<=")[^"\\]+(?=\\?")')
_NUMBER = re.compile(r"(?<=[:\[ ])-?[0-9][0-9.]*(?=[,}\]])")


def _one(pattern: re.Pattern[str], line: str, chance: random.Random) -> tuple[int, int]:
    found = [match.span() for match in pattern.finditer(line)]
    return chance.choice(found) if found else (0, 0)


def _edited(line: str, chance: random.Random) -> str:
    kind = chance.randrange(13)
    place = chance.randrange(len(line))
    if kind <= 3:
        start, end = _one(_QUOTED, line, chance)
        new = chance.choice(_TEXTS)
        if chance.random() < 0.3:
            new = new.replace("\\", "\\\\")
        return line[:start] + chance.choice((new, new, line[start:end] + new, new + line[start:end])) + line[end:]
    if kind <= 5:
        start, end = _one(_NUMBER, line, chance)
        return line[:start] + chance.choice(_NUMBERS) + line[end:]
    if kind == 6:
        start, _ = _one(re.compile("[,:{}]"), line, chance)
        return line[:start] + chance.choice(_SPACES) + line[start:]
    if kind == 7:
        start, end = _one(re.compile("true|false|null"), line, chance)
        return (
            line[:start]
            + chance.choice(("true", "false", "null", '"null"', '\\"null\\"', "{}", "[]", "0", "True"))
            + line[end:]
        )
    if kind == 8:  # a member twice, or one more
        start, end = _one(re.compile(r'\\?"[a-z_]+\\?": ?(?=[tfn0-9"\\])'), line, chance)
        name = line[start:end]
        return line[:start] + name + "null," + chance.choice((name, name.replace("_", "-"))) + line[end:]
    if kind == 9:  # members in another order
        found = re.search(r'(\\?"[a-z_]+\\?": ?(?:true|false|null)),( ?)(\\?"[a-z_]+\\?": ?(?:true|false|null))', line[place:])
        if found is not None:
            return line[:place] + line[place:].replace(found[0], f"{found[3]},{found[2]}{found[1]}", 1)
    if kind == 10:
        return line[:place] + chance.choice('aZ09 _-xX*[]{}()"\\,:\u00e9\u0663\x00\x1f') + line[place + chance.randrange(2) :]
    if kind == 11:
        return chance.choice(
            (line[:place], line + " ", line + "}", line + ",{}", "\ufeff" + line, line + "\r", " " + line, line * 2)
        )
    return line.replace("/send", chance.choice(("/Send", "/send/", "/send?a=b", "%20/send", "/../send", "//send")))


def _with(line: str, record: dict[str, Any], chance: random.Random) -> str:
    """A line with header fields that matter, or true and false lengths of bodies."""
    record = copy.deepcopy(record)
    for side in ("request", "response"):
        body = record[side].get("body")
        if body is not None and chance.random() < 0.5:
            size = len(body.encode()) + chance.choice((0, 0, 0, 1, -1))
            record[side]["headers"]["content-length"] = str(size)
    if chance.random() < 0.4:
        record["request"]["headers"]["authorization"] = _SECRET
        if chance.random() < 0.2:
            record["response"]["headers"]["x-request-id"] = chance.choice((_SECRET[7:], "a" + _SECRET[7:] + "b", "else"))
    if chance.random() < 0.2:
        record["missing"] = {}
    if chance.random() < 0.2:
        record["received_at"] = "2026-09-21T14:13:21.5Z"
    compact = "," if line.startswith('{"request":{') else ", "
    return json.dumps(record, separators=(compact, compact.replace(",", ":")), ensure_ascii=chance.random() < 0.5)


def altered(seed: int, size: int) -> list[bytes]:
    """Some lines: few exchanges, each written alike many times with other ids, a third of them altered."""
    chance = random.Random(seed)
    made = []
    for record in chance.sample(RECORDS, 3):
        line = json.dumps(record, separators=chance.choice((None, (",", ":"))), ensure_ascii=chance.random() < 0.7)
        made.append(_with(line, record, chance) if chance.random() < 0.6 else line)
    lines = []
    for _ in range(size):
        line = chance.choice(made)
        number = f"{chance.getrandbits(48):012x}"
        line = re.sub(r"(sms|thread|conv|workflow|cls)_[0-9a-f]+([0-9a-f]{4})", rf"\1_{number}\2", line)
        if chance.random() < 0.35:
            line = _edited(line, chance)
        lines.append(line.encode("utf-8", "surrogatepass").replace(b"\n", b" "))
    return lines
