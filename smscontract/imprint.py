"""What a report says of itself: by which contracts was judged, which clauses were looked for, and the user's labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from smscontract.catalogue import Catalogue
from smscontract.errors import UsageError
from smscontract.findings import ClauseRow, ContractStamp, Report
from smscontract.policy import Selection

__all__ = ["imprinted", "labels_from"]

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_LONGEST = 200


def labels_from(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Labels as `--label KEY=VALUE` takes them, in their order.

    Raises:
        UsageError: no `=`, a key that is no word, a value too long, or a key twice.
    """
    labels: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise UsageError(f"`--label {text}` is no label", hint="write KEY=VALUE, for example `branch=main`")
        if len(value) > _LONGEST:
            raise UsageError(f"the label `{key}` has {len(value)} characters", hint=f"use at most {_LONGEST}")
        if key in labels:
            raise UsageError(f"the label `{key}` is given twice")
        labels[key] = value
    return tuple(labels.items())


def imprinted(report: Report, catalogue: Catalogue, selection: Selection, labels: Sequence[tuple[str, str]] = ()) -> Report:
    """The report with labels, the contracts of the operations that it tells of, and the selected clauses of these."""
    operations = {one.operation for one in report.operations}
    wanted = {key: catalogue.operations[key] for key in catalogue.operations if key in operations}
    providers = {operation.provider for operation in wanted.values()}
    return replace(
        report,
        labels=tuple(labels),
        contracts=tuple(
            ContractStamp(provider=name, version=contract.version, digest=contract.digest)
            for name, contract in catalogue.contracts.items()
            if name in providers
        ),
        clauses=tuple(
            ClauseRow(
                clause=clause.id,
                operation=clause.operation,
                family=clause.family,
                level=clause.level,
                says=clause.says,
                source=clause.source.kind,
                quote=clause.source.quote,
                file=clause.file,
                line=clause.line,
            )
            for key in wanted
            for clause in catalogue.of_operation(key)
            if selection.takes(clause.id)
        ),
    )
