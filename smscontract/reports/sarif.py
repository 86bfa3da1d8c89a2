"""The report for code scanning: SARIF 2.1.0. A result points at the line of YAML that states the broken clause."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from smscontract import __version__
from smscontract.findings import ClauseRow, FindingGroup, Level, Problem, Report, Where
from smscontract.plain import count_of, printable, utc
from smscontract.reports import _imprint, _lines

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RELATED = 10  # places in recordings that one result names


def render(report: Report) -> str:
    """JSON with an indent of two, only ASCII. One run: clauses are its rules, findings its results."""
    rules = list(_rules(report))
    positions = {rule["id"]: index for index, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "smscontract", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"smscontract/{printable(report.command)}/"},
        "invocations": [_invocation(report)],
        "results": [_result(one, positions) for one in report.findings],
        "properties": {"verdict": str(report.verdict), **dict(_plain(_imprint.properties(report)))},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _plain(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((printable(name), printable(value)) for name, value in pairs)


def _rules(report: Report) -> Iterator[dict[str, Any]]:
    """Every clause that was looked for; those of findings too where nobody listed them."""
    rows = {row.clause: row for row in report.clauses}
    for one in report.findings:
        rows.setdefault(one.clause, _row(one))
    # Two ids that differ in what cannot be printed only would be one rule.
    rules = {printable(row.clause): row for row in rows.values()}
    for name, row in rules.items():
        words = printable(" ".join(row.quote.split()))
        says = printable(row.says) or name
        yield {
            "id": name,
            "shortDescription": {"text": says},
            "fullDescription": {"text": f'{says}. In the provider\'s words: "{words}"' if words else says},
            "help": {"text": f"smscontract explain {name}"},
            "defaultConfiguration": {"level": "error" if row.level is Level.MUST else "warning"},
            "properties": {
                "tags": sorted({tag for tag in (printable(row.family), printable(row.source)) if tag}),
                "operation": printable(row.operation),
            },
        }


def _row(one: FindingGroup) -> ClauseRow:
    return ClauseRow(
        clause=one.clause,
        operation=one.clause.partition("/")[0],
        family="",
        level=one.level,
        says=one.says,
        source=one.source,
        quote=one.quote,
        file=one.file,
        line=one.line,
    )


def _result(one: FindingGroup, positions: dict[str, int]) -> dict[str, Any]:
    name = printable(one.clause)
    place = printable(f"{one.part} {one.pointer}".strip())
    sentence = f"{printable(one.message)} ({place}): expected {printable(one.expected)}, got {printable(one.got)}"
    seen = "" if one.count == 1 else f"; seen {count_of(one.count, 'time')}"
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": positions[name],
        "level": "error" if one.fails else "warning",
        "message": {"text": sentence + seen},
        "partialFingerprints": {
            "clauseAndPlace/v1": hashlib.sha256(one.fingerprint.encode("utf-8", "surrogatepass")).hexdigest()
        },
        "occurrenceCount": one.count,
        "properties": {
            key: "\n".join(_lines.block(value))
            for key, value in (
                ("note", one.note),
                ("again", one.again),
                ("curl", one.curl),
                ("request", one.asked),
                ("answer", one.answered),
            )
            if value
        },
    }
    if one.known:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": printable(one.known)}]
    logical = [{"fullyQualifiedName": f"{name} {place}", "kind": "member"}]
    if one.file:
        result["locations"] = [{"physicalLocation": _physical(one.file, one.line), "logicalLocations": logical}]
    else:
        result["locations"] = [{"logicalLocations": logical}]
    # One entry may be there at several times; the standard wants each place once.
    places = {str(where.origin): where for where in one.where if where.origin.file}
    if places:
        result["relatedLocations"] = [_related(where) for where in list(places.values())[:_RELATED]]
    return result


def _related(where: Where) -> dict[str, Any]:
    return {
        "physicalLocation": _physical(where.origin.file or "", where.origin.line or 0),
        "message": {"text": printable(str(where.origin))},
    }


def _physical(file: str, line: int) -> dict[str, Any]:
    path = quote(file.replace("\\", "/").encode("utf-8", "surrogatepass"))
    # A path beginning with two slashes would be read as a host.
    uri = f"file:///{path.lstrip('/')}" if path.startswith("/") else path
    location: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line > 0:
        location["region"] = {"startLine": line}
    return location


def _invocation(report: Report) -> dict[str, Any]:
    invocation: dict[str, Any] = {
        "executionSuccessful": report.exit_code in {0, 1},
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [_notification(one) for one in report.problems],
    }
    if report.causes:
        invocation["exitCodeDescription"] = "; ".join(printable(cause) for cause in report.causes)
    if report.now and (moment := utc(report.now)) is not None:
        invocation["endTimeUtc"] = moment
    return invocation


def _notification(one: Problem) -> dict[str, Any]:
    message = "; ".join(printable(part) for part in (one.message, one.hint) if part)
    notification: dict[str, Any] = {"level": "error", "message": {"text": message or "unreadable"}}
    if one.file:
        notification["locations"] = [{"physicalLocation": _physical(one.file, one.line or 0)}]
    return notification
