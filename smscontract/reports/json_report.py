"""The report for programs: JSON by the schema in `report.schema.json` beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from smscontract.findings import LATENCY_EDGES, FindingGroup, Report, Where
from smscontract.plain import utc
from smscontract.reports import _witnesses

__all__ = ["as_data", "render", "schema"]


def render(report: Report) -> str:
    """JSON with an indent of two. Only ASCII, so that nothing in it acts on a terminal that shows the file."""
    return json.dumps(_encodable(as_data(report)), indent=2, allow_nan=False) + "\n"


def schema() -> Any:
    """The JSON Schema of what `render` writes, parsed."""
    return json.loads(Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8"))


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data. `version` is that of this form: it changes when a key changes its meaning or goes."""
    newest = [one.newest for one in report.operations if one.newest is not None]
    data: dict[str, Any] = {
        "version": report.version,
        "command": report.command,
        "verdict": str(report.verdict),
        "exit_code": report.exit_code,
        "causes": list(report.causes),
        "exchanges": report.exchanges,
        "requests": report.requests,
        "seconds": report.seconds,
        "newest_answer": utc(max(newest)) if newest else None,
        "labels": dict(report.labels),
        "contracts": [{"provider": one.provider, "version": one.version, "hash": one.digest} for one in report.contracts],
        "operations": [
            {
                "operation": one.operation,
                "exchanges": one.exchanges,
                "kept": one.kept,
                "broken": one.broken,
                "not_judged": one.not_judged,
                "new": one.new,
                "newest_answer": utc(one.newest),
                "plan": one.plan or None,
                "notes": list(one.notes),
                "latency": [
                    {"up_to": edge, "answers": count} for edge, count in zip((*LATENCY_EDGES, None), one.latency, strict=False)
                ],
            }
            for one in report.operations
        ],
        "findings": [_finding(one) for one in report.findings],
        "new": [
            {"place": one.place, "kind": str(one.kind), "count": one.count, "first": _dated(one.first)} for one in report.new
        ],
        "not_judged": [
            {"clause": one.clause, "reason": one.reason, "count": one.count, "hint": one.hint} for one in report.not_judged
        ],
        "unmatched": [{"shape": one.shape, "count": one.count} for one in report.unmatched],
        "problems": [
            {"message": one.message, "file": one.file, "line": one.line, "entry": one.entry, "hint": one.hint}
            for one in report.problems
        ],
    }
    if report.against:
        data["against"] = {
            "what": report.against,
            "changes": [
                {
                    "place": one.place,
                    "before": one.before,
                    "after": one.after,
                    "count": one.count,
                    "case": one.case,
                    "request": one.request,
                }
                for one in report.changes
            ],
        }
    if report.known:
        data["baseline"] = [
            {
                "fingerprint": one.fingerprint,
                "status": one.status,
                "reason": one.reason,
                "owner": one.owner,
                "expires": one.expires or None,
                "stated": {"file": one.file, "line": one.line},
            }
            for one in report.known
        ]
    if report.witnesses:
        data["witnesses"] = _witnesses.as_data(report.witnesses, days=report.witness_details == "full")
    if report.extra:
        data["extra"] = report.extra
    return data


def _finding(one: FindingGroup) -> dict[str, Any]:
    return {
        "clause": one.clause,
        "fingerprint": one.fingerprint,
        "level": str(one.level),
        "fails": one.fails,
        "says": one.says,
        "source": one.source,
        "quote": one.quote,
        "stated": {"file": one.file, "line": one.line} if one.file and one.line else None,
        "message": one.message,
        "part": one.part,
        "pointer": one.pointer,
        "expected": one.expected,
        "got": one.got,
        "count": one.count,
        "first": _dated(one.first),
        "last": _dated(one.last),
        "where": [where.origin.where() for where in one.where],
        "note": one.note,
        "again": one.again,
        "curl": one.curl,
        "known": one.known,
        "request": one.asked,
        "answer": one.answered,
    }


def _dated(where: Where) -> dict[str, Any]:
    return {**where.origin.where(), "time": utc(where.time)}


def _encodable(value: Any) -> Any:
    """The same data without lone surrogates (file names can hold them), which strict readers of JSON refuse."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_encodable(key): _encodable(one) for key, one in value.items()}
        case list() | tuple():
            return [_encodable(one) for one in value]
        case _:
            return value
