"""A finding as something to paste into a shell: one curl line for each request that it takes to see it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from smscontract.exchange import Auth, Exchange
from smscontract.findings import Finding
from smscontract.judge import Judge
from smscontract.numbers import is_reserved

__all__ = ["curl_line", "curl_lines", "shortest_history"]

#: Header fields that curl sets by itself, or that only concern our own connection.
_OWN = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"})
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
#: Exchanges that are looked through for the history of a finding.
_WINDOW = 400


def curl_line(exchange: Exchange, header: str | None, prefix: str) -> str:
    """One request as a curl line; the credential is the variable `TOKEN`.

    Args:
        header: name of the credential's header.
        prefix: what stands before the credential in it.
    """
    request = exchange.request
    parts = ["curl", "-sS", "-i", "-X", request.method, shlex.quote(request.url)]
    for name, value in request.headers or ():
        if name in _OWN:
            continue
        if name == header and exchange.auth is Auth.GOOD:
            parts += ["-H", f'"{name}: {prefix}$TOKEN"']
        else:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body:
        parts += ["--data-binary", _quoted(request.body)]
    elif request.method in ("POST", "PUT", "PATCH"):
        parts += ["-H", "'content-length: 0'"]
    return " ".join(parts)


def _quoted(body: bytes) -> str:
    """A body for a shell; bytes that are no printable text as `$'...'`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable() and not text.startswith("@"):
        return shlex.quote(text)
    escaped = "".join(chr(byte) if 32 <= byte < 127 and byte not in (39, 92) else f"\\x{byte:02x}" for byte in body)
    return f"$'{escaped}'"


def shortest_history(judge: Judge, exchanges: Sequence[Exchange], last: Exchange, clause: str) -> list[Exchange]:
    """The fewest exchanges, ending with `last`, that show the finding again when they are judged alone."""

    def shows(some: Sequence[Exchange]) -> bool:
        judgements = [judge.judge(one) for one in some]
        if any(finding.clause == clause for finding in judgements[-1].findings):
            return True
        reduced = judge.reduce(fact for judgement in judgements for fact in judgement.facts)
        return any(finding.clause == clause for finding in reduced.findings)

    if shows([last]):
        return [last]
    same = [one for one in exchanges if one.operation == last.operation and one is not last]
    before = [one for one in same if (one.origin.request or 0) < (last.origin.request or 0)][-_WINDOW:]
    for one in reversed(before):
        if shows([one, last]):
            return [one, last]
    near = before[-12:]
    for first, second in combinations(reversed(near), 2):
        if shows([second, first, last]):
            return [second, first, last]
    # A failure with its control and its repetition, or too many slow answers: what belongs to the case.
    after = [
        one for one in same if (one.origin.request or 0) > (last.origin.request or 0) and one.origin.case == last.origin.case
    ]
    return [last, *after] if after and shows([last, *after]) else [last]


def curl_lines(
    judge: Judge, exchanges: Sequence[Exchange], last: Exchange | None, finding: Finding, targets: Mapping[str, Any]
) -> str:
    """The curl lines of a finding, one a line. Numbers that are not reserved leave as masks unless the masker reveals them."""
    if last is None or last.operation is None:
        return ""
    operation = judge.catalogue.operations[last.operation]
    security = operation.security
    header = security.name if security is not None and security.where == "header" else None
    prefix = {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "") if security is not None else ""
    token = getattr(targets.get(operation.provider), "token", None)
    lines = []
    for one in shortest_history(judge, exchanges, last, finding.clause):
        line = curl_line(one, header, prefix)
        line = _NUMBER.sub(
            lambda match: match.group() if is_reserved(match.group()) else judge.masker.token("phone", match.group()), line
        )
        lines.append(line.replace(token, "$TOKEN") if token else line)
    return "\n".join(lines)
