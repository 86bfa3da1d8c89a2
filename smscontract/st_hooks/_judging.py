"""Exchanges of schemathesis, judged: findings become failures of its kind, with our clause, the provider's words and curl."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from schemathesis.core.failures import Failure, FailureGroup, Severity

from smscontract.clauses.outcomes import Fact
from smscontract.curl import Histories, curl_lines
from smscontract.exchange import Exchange, Origin, OriginKind, Request, Response, Wire, headers_from
from smscontract.findings import Finding, Level
from smscontract.st_hooks._cases import is_negative
from smscontract.st_hooks._target import Target
from smscontract.st_hooks._unsure import unsure

__all__ = ["ClauseBroken", "Judging"]

#: Checks of schemathesis that take the schema for all that is promised, and the validity by which the contract agrees.
_BY_SCHEMA = {"negative_data_rejection": "invalid", "positive_data_acceptance": "valid"}
#: Families whose histories are told as they happen; the rest needs all exchanges.
_AT_ONCE = frozenset({"history", "hygiene"})


class ClauseBroken(Failure):
    """A clause that an exchange breaks. Two at one place of one clause are the same."""

    kind_title = "Contract clause broken"

    def __init__(self, *, operation: str, finding: Finding, message: str, case_id: str | None) -> None:
        severity = Severity.HIGH if finding.level is Level.MUST else Severity.MEDIUM
        super().__init__(operation=operation, title=finding.clause, message=message, case_id=case_id, severity=severity)
        self.place = f"{finding.clause} {finding.part}{finding.pointer}"

    @property
    def _unique_key(self) -> str:
        return self.place

    def __hash__(self) -> int:
        return hash((type(self), self.place))

    def __eq__(self, other: object, /) -> bool:
        return isinstance(other, ClauseBroken) and self.place == other.place


class Judging:
    """Judges the exchanges of one run, in any number of threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._facts: dict[tuple[str, Any], list[Fact]] = defaultdict(list)
        self._told: set[tuple[str, Origin]] = set()
        self._validity: dict[str, str | None] = {}
        self._meant: set[str] = set()
        self._strangers = 0
        self._last = 0.0

    def after_response(self, response: Any, case: Any) -> bool | None:
        """Raises a `FailureGroup` of what an exchange breaks. True (not judged) where it fits no operation."""
        with self._lock:
            self._target.locate(response.request.url)
            exchange = self._exchange(response, case)
            if exchange is None:
                self._strangers += 1
                return True
            if not is_negative(case):
                self._meant.add(exchange.operation or "")
            judge = self._target.judge
            self._assess(exchange)
            judgement = judge.judge(exchange)
            self._exchanges.append(exchange)
            if exchange.response is not None and exchange.response.status // 100 == 2 and exchange.operation is not None:
                self._target.spend(self._target.catalogue.operations[exchange.operation], exchange.path_parameters or {})
            scopes = set()
            for fact in judgement.facts:
                self._facts[fact.clause, fact.scope].append(fact)
                if self._target.catalogue.clauses[fact.clause].family in _AT_ONCE:
                    scopes.add((fact.clause, fact.scope))
            reduced = judge.reduce(fact for one in scopes for fact in self._facts[one])
            self._raise([*judgement.findings, *reduced.findings], exchange, case)
        return None

    def is_worth_telling(self, failure: Any, response: Any, case: Any) -> bool:
        """Whether a failure that schemathesis found by itself may be one, as far as the contract knows."""
        agreed = next((_BY_SCHEMA[name] for name in getattr(failure, "checks", ()) if name in _BY_SCHEMA), None)
        if agreed is None:
            return True
        with self._lock:
            self._target.locate(response.request.url)
            if str(case.id) not in self._validity:
                exchange = self._exchange(response, case)
                if exchange is None:
                    return True
                self._assess(exchange)
            return self._validity[str(case.id)] in (agreed, None)

    def _assess(self, exchange: Exchange) -> None:
        """Remembers the validity of a request, before its answer changes what is known."""
        view = self._target.judge.view(exchange)
        self._validity.setdefault(exchange.origin.case or "", view.assessment.validity if view is not None else None)

    def after_run(self) -> None:
        """Raises a `FailureGroup` of what only all exchanges together show, and of the operations that accepted nothing."""
        with self._lock:
            reduced = self._target.judge.reduce(fact for facts in self._facts.values() for fact in facts)
            untold = unsure(self._target, self._exchanges, meant=self._meant, held=self._target.held, strangers=self._strangers)
            self._raise(reduced.findings, None, None, more=untold)

    def _raise(
        self, findings: Iterable[Finding], exchange: Exchange | None, case: Any, *, more: Iterable[Failure] = ()
    ) -> None:
        failures = list(more)
        for finding in findings:
            identity = (finding.clause, finding.origin)
            if finding.level not in self._target.levels or identity in self._told:
                continue
            self._told.add(identity)
            shown = exchange if exchange is not None and finding.origin == exchange.origin else self._of(finding.origin)
            failures.append(
                ClauseBroken(
                    operation=case.operation.label if case is not None else finding.clause.partition("/")[0],
                    finding=finding,
                    message=self._message(finding, shown),
                    case_id=case.id if case is not None else finding.origin.case,
                )
            )
        if failures:
            raise FailureGroup(failures)

    def _of(self, origin: Origin) -> Exchange | None:
        return next((one for one in self._exchanges if one.origin == origin), None)

    def _message(self, finding: Finding, shown: Exchange | None) -> str:
        clause = self._target.catalogue.clauses[finding.clause]
        lines = [finding.message, f"says {clause.says}"]
        if clause.source.quote:
            lines.append(f'words "{clause.source.quote}"')
        lines += [f"place {finding.part} {finding.pointer}".rstrip(), f"expected {finding.expected}", f"got {finding.got}"]
        curl = curl_lines(self._target.judge, Histories(self._target.judge, self._exchanges), shown, finding)
        return "\n".join([*lines, *curl.splitlines()])

    def _exchange(self, response: Any, case: Any) -> Exchange | None:
        sent = response.request
        body = sent.body if isinstance(sent.body, bytes) else str(sent.body or "").encode()
        headers = headers_from(dict(sent.headers))
        # What went out decides, not what was meant: a case may have lost its body or changed its method on the way.
        matched = self._target.catalogue.match(sent.method or "", sent.url or "")
        if matched is None:
            return None
        operation, parameters = matched
        answered = headers_from(response.headers)
        packed = any(name == "content-encoding" for name, _ in answered)
        ended = time.time()
        started = max(ended - response.elapsed, self._last + 1e-6)
        self._last = ended = max(ended, started)
        return Exchange(
            request=Request(method=sent.method or "", url=sent.url or "", headers=headers, body=body),
            response=Response(status=int(response.status_code), headers=answered, body=bytes(response.content)),
            origin=Origin(kind=OriginKind.LIVE, case=str(case.id), request=len(self._exchanges) + 1),
            sent_at=started,
            received_at=ended,
            auth=self._target.auth(operation, headers, sent.url or ""),
            known=self._target.known(operation, parameters, body),
            wire=Wire.DECODED if packed else Wire.EXACT,
            own_record=self._target.is_known(operation.provider),
            operation=operation.key,
            path_parameters=parameters,
        )
