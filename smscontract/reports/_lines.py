"""Lines of text that others wrote, such as a request: each is one line, and none is a command to whoever shows it."""

from __future__ import annotations

from smscontract.plain import printable

__all__ = ["block", "inert"]


def inert(line: str) -> str:
    """A line that does nothing in the log of a build server, where two colons at the beginning, indented or not, would."""
    text = printable(line)
    return f"\\{text}" if text.lstrip().startswith("::") else text


def block(text: str) -> list[str]:
    """The lines of a text of several lines."""
    return [inert(line) for line in text.split("\n")] if text else []
