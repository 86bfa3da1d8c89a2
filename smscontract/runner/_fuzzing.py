"""Fuzzing with what the plan leaves of the budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from smscontract.exchange import Exchange, Role
from smscontract.judge import Judgement
from smscontract.probes.base import Case, Kit
from smscontract.resources import Entry
from smscontract.runner._progress import Limits, Progress

__all__ = ["Channel", "Fuzzing"]

#: Share of what is left that is kept for making findings small, and how much that is at most.
_SHRINK_SHARE = 0.25
_SHRINK_MOST = 60


class Channel(Protocol):
    """What fuzzing needs of the runner."""

    kit: Kit
    limits: Limits
    progress: Progress
    last: Judgement

    @property
    def left(self) -> int:
        """Requests that the budget still allows."""

    @property
    def over(self) -> bool:
        """Whether nothing may be sent any more."""

    def allowed(self, case: Case) -> bool:
        """Whether everything that the path names may be named."""

    def unused(self, parameter: str) -> list[Entry]:
        """Resources that nobody has used."""

    def send(self, case: Case, role: Role, tier: str, identity: str) -> Exchange | None:
        """Sends, judges and counts one request."""

    def follow_up(self, case: Case, identity: str, exchange: Exchange) -> None:
        """What an answer calls for that says nothing of the request by itself."""


class Fuzzing:
    """One run of the fuzzer over one operation."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._kit = channel.kit
        self._entries: dict[str, Entry] = {}
        self._index = 0
        self._numbers_sent: dict[bytes, int] = {}

    def run(self) -> None:
        """Sends as many cases as are wanted and affordable."""
        channel, operation = self._channel, self._kit.operation
        wanted = channel.limits.fuzz
        left = channel.left - min(channel.limits.keep[0], channel.left // 4)
        reserve = min(_SHRINK_MOST, int(left * _SHRINK_SHARE))
        cases = left - reserve if wanted is None else min(wanted, left)
        if cases <= 0:
            return
        from smscontract.fuzz import fuzz  # heavy: hypothesis and schemathesis

        result = fuzz(
            operation,
            self._kit.judge.catalogue.contracts[operation.provider].document.data,
            self._send,
            seed=self._kit.seed,
            cases=cases,
            numbers=self._numbers(),
            ids=self._ids(),
            shrink=max(0, left - cases),
        )
        channel.progress.executed = dict(result.executed)
        channel.progress.smallest = {
            clause: self._numbers_sent[request.identity]
            for clause, request in result.findings.items()
            if request.identity in self._numbers_sent
        }
        if result.note:
            channel.progress.notes.append(f"{operation.key}: {result.note}")
        done = sum(result.executed.values())
        if not result.complete and not result.note:
            channel.progress.notes.append(f"{operation.key}: {done} of {cases} fuzz cases executed")

    def _send(self, request: Any, role: str) -> Any:
        """`Send` of the fuzzer: a `FuzzRequest` and its role in, a `Verdict` out."""
        from smscontract.fuzz import Verdict

        channel = self._channel
        if channel.over:
            return Verdict(frozenset(), sent=False, over=True)
        self._index += 1
        case = self._case(request)
        identity = f"{self._kit.operation.id}: {case.name}"
        tier = ("shrink", Role.SHRINK) if role == "shrink" else ("fuzz", Role.CASE)
        exchange = channel.send(case, tier[1], tier[0], identity) if channel.allowed(case) else None
        if exchange is None:
            return Verdict(frozenset(), sent=False)
        if exchange.origin.request is not None:
            self._numbers_sent.setdefault(request.identity, exchange.origin.request)
        found = frozenset(finding.clause for finding in channel.last.findings)
        if role == "case":
            channel.follow_up(case, identity, exchange)
        return Verdict(found, sent=True)

    def _case(self, request: Any) -> Case:
        entries = {
            name: self._kit.resources.find(name, value) or self._entries.get(value) or Entry(name, "unlisted", value)
            for name, value in request.path_parameters.items()
        }
        return Case(
            name=f"fuzz {self._index} {request.mode}",
            aims=(),
            body=request.body or b"",
            headers=tuple((name.lower(), value) for name, value in request.headers),
            entries=entries,
            query="&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.query),
            spends=True,
        )

    def _numbers(self) -> Mapping[str, Sequence[str]]:
        """Numbers that are valid at each place: of those that the account has to own one, of others some."""
        kit = self._kit
        return {name: [kit.number(name, 2 + offset) for offset in range(1 if name in kit.owned else 8)] for name in kit.phones}

    def _ids(self) -> dict[str, list[str]]:
        """Resources for path parameters that nobody has used."""
        found = {parameter: self._without_kept(self._channel.unused(parameter)) for parameter in self._kit.operation.states}
        self._entries = {entry.value: entry for listed in found.values() for entry in listed}
        return {parameter: [entry.value for entry in listed] for parameter, listed in found.items()}

    def _without_kept(self, entries: list[Entry]) -> list[Entry]:
        keep = self._channel.limits.keep[1]
        states = Counter(entry.state for entry in entries)
        kept = {state: min(keep, count // 3) for state, count in states.items()}
        found = []
        for entry in reversed(entries):
            if kept[entry.state] > 0:
                kept[entry.state] -= 1
            else:
                found.append(entry)
        return found[::-1]
