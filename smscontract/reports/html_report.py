"""The report for a person: one HTML file that asks nobody for anything.

The verdict stands in the page itself; the rest is data that the page's own script turns into text nodes, never into markup.
The content security policy lets this one script and this one style run, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path

from smscontract.findings import Report, Verdict
from smscontract.plain import count_of, printable, utc
from smscontract.reports import _page

__all__ = ["render"]

_FOLDER = Path(__file__).with_name("_html")
_SCRIPTS = ("base.js", "filters.js", "findings.js", "clauses.js", "charts.js", "page.js")
_TITLES = {
    Verdict.KEPT: "Kept",
    Verdict.BROKEN: "Broken",
    Verdict.UNUSABLE: "Unusable input",
    Verdict.CANNOT_TELL: "Cannot tell",
    Verdict.INTERNAL_ERROR: "Internal error",
    Verdict.INTERRUPTED: "Interrupted",
}


def render(report: Report) -> str:
    """The whole page."""
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    script = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    script = f"'use strict';\n(() => {{\n{script}\n}})();\n"
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(_page.data(report), separators=(",", ":"), allow_nan=False)
    for character in "<>&":  # nothing in it ends the element that it stands in
        data = data.replace(character, f"\\u{ord(character):04x}")
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    for name, text in (
        ("policy", escape(policy, quote=True)),
        ("title", f"{_TITLES[report.verdict]}: {escape(_sentence(report))}"),
        ("verdict", str(report.verdict)),
        ("word", _TITLES[report.verdict]),
        ("sentence", escape(_sentence(report))),
        ("causes", "".join(f"\n<li>{_prose(cause)}</li>" for cause in report.causes)),
        ("facts", "".join(f"\n<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _facts(report))),
        ("style", style),
        ("data", data),
        ("script", script),
    ):
        # What others wrote has no `<` left, so that no marker but ours is there.
        assert f"<!--{name}-->" in page, name
        page = page.replace(f"<!--{name}-->", text, 1)
    return page


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(text: str) -> str:
    return escape(printable(text))


def _prose(text: str) -> str:
    """A sentence of ours, what stands in backticks as code."""
    parts = _text(text).split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _sentence(report: Report) -> str:
    broken = {one.clause for one in report.findings if one.fails}
    warned = {one.clause for one in report.findings if not one.known} - broken
    parts = [count_of(report.exchanges, "exchange")]
    if report.requests is not None:
        parts.append(f"{count_of(report.requests, 'request')} sent")
    parts.append(f"{count_of(report.judged_clauses, 'clause')} judged")
    parts.append(f"{len(broken)} broken")
    if warned:
        parts.append(count_of(len(warned), "warning"))
    return ", ".join(parts)


def _facts(report: Report) -> list[tuple[str, str]]:
    """What else the head says: names and values as HTML."""
    rows = [("exit code", str(report.exit_code))]
    if (made := utc(report.now)) is not None and report.now:
        rows.append(("made", f'<time datetime="{made}">{made.replace("T", " ").replace("Z", " UTC")}</time>'))
    if report.seconds is not None:
        rows.append(("took", f"{report.seconds:.1f} s"))
    if report.command:
        rows.append(("by", f"smscontract {_text(report.command)}"))
    rows += [
        (
            f"contract {_text(one.provider)}",
            f"{_text(one.version)} <code>{_text(one.digest)}</code>",
        )
        for one in report.contracts
    ]
    rows += [(f"plan {_text(one.operation)}", f"<code>{_text(one.plan)}</code>") for one in report.operations if one.plan]
    if report.against:
        rows.append(("against", _text(report.against)))
    rows += [(_text(key), _text(value)) for key, value in report.labels]
    return rows
