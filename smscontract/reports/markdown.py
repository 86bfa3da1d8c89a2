"""The report as Markdown, for a comment or a page of a wiki."""

from __future__ import annotations

from smscontract.findings import Report
from smscontract.reports import _markdown

__all__ = ["render"]


def render(report: Report) -> str:
    """Markdown with all findings."""
    return "\n".join(_markdown.lines(report)).rstrip("\n") + "\n"
