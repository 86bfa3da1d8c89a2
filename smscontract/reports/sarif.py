"""The report for code scanning: SARIF 2.1.0. A result points at the line of YAML that states the broken clause.

The documents that ship with smscontract are not in the user's repository. Their paths are relative to the base
`SMSCONTRACT_DOCUMENTS`, which `originalUriBaseIds` declares with a description and without a URI, as the standard has it for a
place that is elsewhere on each machine: a viewer then asks where it is, or fetches the version that `tool` names, instead of
taking `contracts/NAME.yaml` for a file of the user. Readers that know no bases (GitHub's code scanning) see the relative path
alone. Files of the user have their own paths, without a base; so has a baseline.

With a baseline each finding is `new` or `unchanged` against it; what it lists and is broken no more is `absent`: a result of
kind `pass`, at its entry in the file. What `gate --against` finds changed is of kind `informational`. Neither has a level, so
neither is an alarm anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from smscontract import __version__
from smscontract.data import is_shipped
from smscontract.findings import ChangedRow, ClauseRow, FindingGroup, KnownRow, Level, Problem, Report, Where
from smscontract.plain import count_of, printable, utc
from smscontract.reports import _imprint, _lines

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RELATED = 10  # places in recordings that one result names
_BASE = "SMSCONTRACT_DOCUMENTS"
_BASE_IS = "where the contracts and OpenAPI documents are that ship with this version of smscontract"
#: Rules that no clause is: what has them is no break.
_CHANGED, _NEW = "smscontract/changed", "smscontract/new"
_OURS = {
    _CHANGED: "An answer differs from the one it is held against, and the contract allows both",
    _NEW: "An answer has what the contract does not list",
}


def render(report: Report) -> str:
    """JSON with an indent of two, only ASCII. One run: clauses are its rules, findings its results."""
    gone = [row for row in report.known if row.status == "gone"]
    rules = list(_rules(report, gone))
    positions = {rule["id"]: index for index, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "smscontract", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"smscontract/{printable(report.command)}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {_BASE: {"description": {"text": _BASE_IS}}},
        "results": [
            *(_result(one, positions, report) for one in report.findings),
            *(_gone(row, positions) for row in gone),
            *(_changed(row, positions, report) for row in report.changes),
        ],
        "properties": {"verdict": str(report.verdict), **dict(_plain(_imprint.properties(report)))},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _plain(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((printable(name), printable(value)) for name, value in pairs)


def _rules(report: Report, gone: list[KnownRow]) -> Iterator[dict[str, Any]]:
    """Every clause that was looked for; those of findings and of a baseline too where nobody listed them."""
    rows = {row.clause: row for row in report.clauses}
    for one in report.findings:
        rows.setdefault(one.clause, _row(one))
    for name in [*map(_rule_of, gone), *([_CHANGED] if report.changes else [])]:
        says = _OURS.get(name, "")
        operation = "" if says else name.partition("/")[0]
        level = Level.SHOULD
        rows.setdefault(name, ClauseRow(clause=name, operation=operation, family="", level=level, says=says, source=""))
    # Two ids that differ in what cannot be printed only would be one rule.
    rules = {printable(row.clause): row for row in rows.values()}
    for name, row in rules.items():
        words = printable(" ".join(row.quote.split()))
        says = printable(row.says) or name
        yield {
            "id": name,
            "shortDescription": {"text": says},
            "fullDescription": {"text": f'{says}. In the provider\'s words: "{words}"' if words else says},
            "help": {"text": says if name in _OURS else f"smscontract explain {name}"},
            "defaultConfiguration": {"level": "none" if name in _OURS else "error" if row.level is Level.MUST else "warning"},
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


def _rule_of(row: KnownRow) -> str:
    """The rule that an entry of a baseline belongs to."""
    return _NEW if row.fingerprint.startswith("new ") else row.fingerprint.partition(" ")[0]


def _fingerprint(text: str) -> dict[str, str]:
    return {"clauseAndPlace/v1": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()}


def _gone(row: KnownRow, positions: dict[str, int]) -> dict[str, Any]:
    """What the baseline lists and is not broken any more, at its entry there."""
    name = printable(_rule_of(row))
    return {
        "ruleId": name,
        "ruleIndex": positions[name],
        "kind": "pass",
        "level": "none",
        "baselineState": "absent",
        "message": {"text": f"{printable(row.fingerprint)} is not broken any more: --baseline-prune takes it out"},
        "partialFingerprints": _fingerprint(row.fingerprint),
        "locations": [
            {
                "physicalLocation": _physical(row.file, row.line),
                "logicalLocations": [{"fullyQualifiedName": printable(row.fingerprint), "kind": "member"}],
            }
        ],
        "properties": {
            key: printable(value)
            for key, value in (("reason", row.reason), ("owner", row.owner), ("expires", row.expires))
            if value
        },
    }


def _changed(row: ChangedRow, positions: dict[str, int], report: Report) -> dict[str, Any]:
    """What differs although the contract allows both, at the line that states a clause of that place or of its operation."""
    near = [one for one in report.clauses if one.file and one.operation == row.place.partition("/")[0]]
    stated = next((one for one in near if one.clause.rpartition(":")[0] == row.place), next(iter(near), None))
    place = printable(row.place)
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": place, "kind": "member"}]}
    if stated is not None:
        location["physicalLocation"] = _physical(stated.file, stated.line)
    first = f", first in request {row.request}" if row.request is not None else ""
    was = f"{printable(row.before)} is now {printable(row.after)}"
    return {
        "ruleId": _CHANGED,
        "ruleIndex": positions[_CHANGED],
        "kind": "informational",
        "level": "none",
        "message": {"text": f"{place}: {was}, {count_of(row.count, 'case')}{first}; the contract allows both"},
        "partialFingerprints": _fingerprint(f"changed {row.place}\0{row.before}\0{row.after}"),
        "occurrenceCount": row.count,
        "locations": [location],
        "properties": {
            "before": printable(row.before),
            "after": printable(row.after),
            "case": printable(row.case),
            "against": printable(report.against),
        },
    }


def _result(one: FindingGroup, positions: dict[str, int], report: Report) -> dict[str, Any]:
    name = printable(one.clause)
    place = printable(f"{one.part} {one.pointer}".strip())
    sentence = f"{printable(one.message)} ({place}): expected {printable(one.expected)}, got {printable(one.got)}"
    seen = "" if one.count == 1 else f"; seen {count_of(one.count, 'time')}"
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": positions[name],
        "level": "error" if one.fails else "warning",
        "message": {"text": sentence + seen},
        "partialFingerprints": _fingerprint(one.fingerprint),
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
    if report.known:
        listed = any(row.fingerprint == one.fingerprint for row in report.known)
        result["baselineState"] = "unchanged" if listed else "new"
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
    if is_shipped(file):
        location["artifactLocation"]["uriBaseId"] = _BASE
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
