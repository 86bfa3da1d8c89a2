"""The values between the fuzzer and whoever sends for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["NEGATIVE", "POSITIVE", "FuzzRequest", "FuzzResult", "Send", "Verdict"]

POSITIVE = "positive"
NEGATIVE = "negative"


@dataclass(frozen=True)
class FuzzRequest:
    """One concrete request, whoever it goes to. The sender adds host and credential, and escapes path and query.

    Attributes:
        mode: `positive` (valid by document and contract) or `negative` (invalid for exactly one reason).
        path_parameters: as they are meant, not percent-encoded.
        query: in order, not percent-encoded.
        headers: without the credential; a `content-type` wherever there is a body.
        body: the exact bytes; `None` for none.
        known: labels that the request was judged by while it was made, by parameter: `{"agent_number": "owned"}`.
    """

    mode: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    known: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def identity(self) -> bytes:
        """Equal for requests that are the same on the wire, whatever they were meant to be."""
        head = json.dumps([sorted(self.path_parameters.items()), self.query, self.headers, self.body is None])
        return head.encode() + b"\n" + (self.body or b"")

    @property
    def size(self) -> tuple[int, bytes]:
        """Orders requests from small to large, and those of one length in some order that is always the same."""
        identity = self.identity
        return len(identity), identity


@dataclass(frozen=True)
class Verdict:
    """What came of one request.

    Attributes:
        broken: ids of the clauses that this exchange breaks by itself.
        sent: false if it did not go out: the leash stopped it, or nothing may be sent any more.
        over: true if nothing may be sent any more (budget, time, an unreachable target); fuzzing then ends.
    """

    broken: frozenset[str] = frozenset()
    sent: bool = True
    over: bool = False


#: Sends a request and judges the answer. The second argument is `case` or `shrink`.
Send = Callable[[FuzzRequest, str], Verdict]


@dataclass
class FuzzResult:
    """What a run of the fuzzer did.

    Attributes:
        executed: cases that were sent, by mode.
        generated: requests that were made for that, by mode; the rest were made twice, were not of their mode, or were stopped.
        stopped_by_leash: cases that the sender refused to send, by mode.
        invalid_examples: requests that were dropped since they were not what their mode asks for.
        findings: the smallest request that breaks each clause.
        shrink_requests: requests sent to make them small.
        complete: whether as many cases were executed as were asked for.
        note: why not, and what else a reader has to know; empty if nothing.
    """

    executed: dict[str, int] = field(default_factory=lambda: {POSITIVE: 0, NEGATIVE: 0})
    generated: dict[str, int] = field(default_factory=lambda: {POSITIVE: 0, NEGATIVE: 0})
    stopped_by_leash: dict[str, int] = field(default_factory=lambda: {POSITIVE: 0, NEGATIVE: 0})
    invalid_examples: int = 0
    findings: dict[str, FuzzRequest] = field(default_factory=dict)
    shrink_requests: int = 0
    complete: bool = False
    note: str = ""
