"""Make text that somebody else wrote harmless to print: no escape sequences, no forged lines, no reordered characters."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

__all__ = ["count_of", "day", "day_numbered", "printable", "utc"]

_SECONDS_OF_A_DAY = 86_400

# Control, format (bidi marks, zero widths), surrogate, private, unassigned; line and paragraph separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def printable(text: str, limit: int | None = None) -> str:
    r"""One line of the text in which every character can be seen: `\x1b`, `\n`, `\u202e` stand for what would act.

    Args:
        limit: at most so many characters of the result are kept; how many there were is said then.
    """
    result = text if text.isascii() and text.isprintable() else "".join(_visible(character) for character in text)
    if limit is not None and len(result) > limit:
        return f"{result[:limit]}... ({len(result)} characters)"
    return result


def count_of(number: int, noun: str, plural: str = "") -> str:
    """`1 clause`, `2 clauses`; `plural` where an s does not do."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def utc(seconds: float | None) -> str | None:
    """RFC 3339 text, to the second, of seconds since 1970 UTC; `None` for what is unknown or outside the years 1 to 9999."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except (OverflowError, ValueError, OSError):
        return None


def day(seconds: float | None) -> str | None:
    """The UTC day of `utc`: `2026-11-22`."""
    text = utc(seconds)
    return text[:10] if text is not None else None


def day_numbered(number: int | None) -> str | None:
    """The same of a day since 1970; `None` for one that is not known."""
    return day(number * _SECONDS_OF_A_DAY) if number is not None else None


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return character.encode("unicode_escape").decode("ascii")
