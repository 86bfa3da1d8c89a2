"""What a report says of itself, in the words of all formats."""

from __future__ import annotations

from collections.abc import Iterator

from smscontract.findings import ContractStamp, OperationSummary, Report

__all__ = ["judged_by", "properties"]


def _contract(report: Report, operation: str) -> ContractStamp | None:
    provider = operation.partition(".")[0]
    return next((one for one in report.contracts if one.provider == provider), None)


def judged_by(report: Report, one: OperationSummary) -> str:
    """`contract v2 (00112233445566aa), plan 0123456789abcdef`, as far as it is known."""
    contract = _contract(report, one.operation)
    parts = [f"contract {contract.version} ({contract.digest})".replace("  ", " ")] if contract is not None else []
    return ", ".join([*parts, *([f"plan {one.plan}"] if one.plan else [])])


def properties(report: Report, operation: str | None = None) -> Iterator[tuple[str, str]]:
    """Labels, contracts and plans as names and values; with an operation only what concerns that."""
    for key, value in report.labels:
        yield f"label.{key}", value
    for contract in report.contracts:
        if operation is None or contract.provider == operation.partition(".")[0]:
            yield f"contract.{contract.provider}.version", contract.version
            yield f"contract.{contract.provider}.hash", contract.digest
    if report.against:
        yield "against", report.against
    for one in report.operations:
        if one.plan and operation in (None, one.operation):
            yield f"plan.{one.operation}", one.plan
