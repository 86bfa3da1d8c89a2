"""What HTTP and JSON ask of every answer: a documented status, the right content type, a complete body, one value in UTF-8."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from smscontract.clauses.base import KEPT, Broken, Fact, Outcome, Shown, Skipped, Spot, View
from smscontract.clauses.mutate import body_of, dumped, with_response, with_response_body
from smscontract.clauses.reduction import Decided
from smscontract.documents import Clause, Operation, Source, level_of
from smscontract.exchange import Auth, Exchange, Failure, Role, header_values
from smscontract.json_text import UNKNOWN, Flaw

__all__ = ["FAMILY", "SLOW", "SLOW_COUNT", "break_", "clauses_of", "expand", "judge", "reduce"]

FAMILY = "protocol"

#: Seconds after which an answer is slow, and how many slow answers make a break.
SLOW = 2.0
SLOW_COUNT = 5
#: How many failures of one kind that did not repeat make a break that comes and goes.
FLAKY_COUNT = 3

_BODY = Spot("response body")
_HEADERS = Spot("response headers")
_STATUS = Spot("status")

_HTTP = "RFC 9110"
_JSON = "RFC 8259"
#: name: what it says, and the section that states it; without one it is our own reasoning.
_CLAUSES = {
    "status": ("the status is one that the document lists", ""),
    "content-type": ("the body is declared as the content type that the document lists", ""),
    "complete-body": ("the body is as long as `content-length` says", f"{_HTTP} section 8.6"),
    "json": ("a body declared as JSON is JSON", f"{_JSON} section 2"),
    "one-value": ("the body is one JSON value and nothing else", f"{_JSON} section 2"),
    "utf-8": ("JSON is encoded as UTF-8", f"{_JSON} section 8.1"),
    "no-bom": ("JSON starts without a byte order mark", f"{_JSON} section 8.1"),
    "unique-keys": ("no object has the same member twice", f"{_JSON} section 4"),
    "numbers": ("numbers are finite: neither NaN nor Infinity", f"{_JSON} section 6"),
    "unicode": ("texts hold no half of a surrogate pair", f"{_JSON} section 8.2"),
    "no-server-error": ("no request is answered with a 5xx", f"{_HTTP} section 15.6"),
    "answers": ("every request is answered in whole", f"{_HTTP} section 3.4"),
    "in-time": (f"an answer takes no longer than {SLOW:g} s", ""),
    "no-secrets": ("an answer does not repeat the credential", ""),
}
#: RFC 8259 says SHOULD of unique names, and only warns of lone surrogates.
_LOWERED = frozenset({"unique-keys", "unicode"})
_FLAWS = {
    Flaw.SYNTAX: "json",
    Flaw.EMPTY: "json",
    Flaw.SEVERAL: "one-value",
    Flaw.ENCODING: "utf-8",
    Flaw.BOM: "no-bom",
    Flaw.DUPLICATE: "unique-keys",
    Flaw.CONSTANT: "numbers",
    Flaw.SURROGATE: "unicode",
}
_WIRE_ONLY = frozenset({"utf-8", "no-bom"})


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """The same clauses for every operation; the content type is as sure as the document's source for it."""
    for name, (says, ref) in _CLAUSES.items():
        source = Source(kind="http", ref=ref, file=operation.file, line=operation.line) if ref else None
        if source is None:
            source = Source(kind="inferred", file=operation.file, line=operation.line)
            answer = operation.success
            if name == "content-type" and answer is not None:
                base = answer.content_inherited.source
                # A page that shows a JSON body without naming its content type does not promise one.
                kind = base.kind if base.kind in ("docs", "sibling") else "inferred"
                source = Source(kind=kind, ref=base.ref, why=base.why, file=answer.file, line=answer.line)
        yield Clause(
            id=f"{operation.key}/protocol/{name}",
            provider=operation.provider,
            operation=operation.key,
            level=level_of(source, lowered=name in _LOWERED),
            family=FAMILY,
            says=says,
            source=source,
            detail=name,
        )


def judge(clause: Clause, view: View) -> Outcome:
    """Each clause by its own function, or as a flaw of the body's text."""
    check = _CHECKS.get(clause.detail)
    return check(clause, view) if check is not None else _flaw(clause, view)


def _status(_: Clause, view: View) -> Outcome:
    if view.status is None or view.status >= 500:
        return None
    if view.accepted or view.operation.documents_status(view.status):
        return KEPT
    listed = ", ".join(view.operation.responses)
    return Broken(message="the status is not documented", spot=_STATUS, expected=f"one of {listed}", got=view.status, uses=(_STATUS,))


def _declared(view: View) -> str | None:
    response = view.exchange.response
    values = header_values(response.headers, "content-type") if response is not None else None
    if values is None:
        return None
    return values[0].partition(";")[0].strip().lower() if values else ""


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _content_type(_: Clause, view: View) -> Outcome:
    response, document = view.exchange.response, view.document
    if response is None or document is None or not document.content_types or response.body == b"":
        return None
    declared = _declared(view)
    if declared is None or response.body is None:
        return Skipped("headers or body missing")
    if declared in document.content_types or (_is_json(declared) and not view.accepted):
        return KEPT
    expected = " or ".join(f"`{kind}`" for kind in document.content_types)
    if declared == "":
        return Broken(message="the body has no content type", spot=_HEADERS, expected=expected, got="", uses=(_BODY,))
    return Broken(message="the body has another content type", spot=_HEADERS, expected=expected, got=declared, uses=(_BODY,))


def _complete(_: Clause, view: View) -> Outcome:
    response = view.exchange.response
    if response is None or not view.exact or response.headers is None or response.body is None:
        return None
    lengths = header_values(response.headers, "content-length")
    if not lengths or view.exchange.request.method == "HEAD" or view.exchange.failure is not None:
        return None
    if header_values(response.headers, "content-encoding"):
        return None
    if lengths[0].strip() == str(len(response.body)):
        return KEPT
    return Broken(
        message="the body is not as long as `content-length` says",
        spot=_BODY,
        expected=f"{lengths[0]} bytes" if lengths[0].isdecimal() else "a number",
        got=f"{len(response.body)} bytes",
        uses=(_BODY,),
    )


def _flaw(clause: Clause, view: View) -> Outcome:
    """Judged where the body is JSON by its content type or, where headers are unknown, by the document."""
    name = clause.detail
    parsed, document = view.got_parsed, view.document
    if parsed is None:
        return Skipped("response body missing") if view.exchange.response is not None and document is not None else None
    if document is None or not document.content_types:
        return None
    declared = _declared(view)
    if declared is not None and not _is_json(declared):
        return None  # another content type is the cause; what such a body is, is not our business
    if name in _WIRE_ONLY and not view.exact:
        return None
    if name == "utf-8" and _charset(view) not in ("", "utf-8", "utf8"):
        return Broken(message="the content type names another encoding", spot=_BODY, expected="UTF-8", got=_charset(view), uses=(_BODY,))
    if Flaw.EMPTY in parsed.flaws and not view.accepted:
        return None
    for flaw in parsed.flaws:
        if _FLAWS.get(flaw) == name:
            fatal = flaw not in (Flaw.DUPLICATE, Flaw.BOM)
            return Broken(
                message=f"the body is {flaw}" if flaw in (Flaw.EMPTY, Flaw.SYNTAX, Flaw.SEVERAL, Flaw.ENCODING) else f"the body has a {flaw}",
                spot=_BODY,
                expected=clause.says,
                got=parsed.detail if flaw in (Flaw.SYNTAX, Flaw.ENCODING, Flaw.SEVERAL) else str(flaw),
                uses=(_BODY,) if fatal else (),
            )
    return KEPT if parsed.value is not UNKNOWN or Flaw.DEPTH in parsed.flaws else None


def _charset(view: View) -> str:
    response = view.exchange.response
    for value in (header_values(response.headers, "content-type") or []) if response is not None else []:
        for parameter in value.split(";")[1:]:
            key, _, text = parameter.partition("=")
            if key.strip().lower() == "charset":
                return text.strip().strip('"').lower()
    return ""


def _secrets(_: Clause, view: View) -> Outcome:
    response, security = view.exchange.response, view.operation.security
    if response is None or security is None or view.exchange.auth is Auth.ABSENT:
        return None
    places = header_values(view.exchange.request.headers, security.name) if security.where == "header" else view.query.get(security.name)
    if not places or (response.body is None and response.headers is None):
        return Skipped("credential unknown")
    secret = places[0].rpartition(" ")[2]
    if len(secret) < 8:
        return None
    texts = [value for _, value in response.headers or ()]
    if secret.encode("utf-8", "replace") in (response.body or b"") or any(secret in text for text in texts):
        return Broken(message="the answer repeats the credential", spot=_BODY, expected="an answer without it", got=secret, mask="secret")
    return KEPT


def _evidence(clause: Clause, view: View) -> Outcome:
    exchange = view.exchange
    if clause.detail == "in-time":
        bad = "slow" if exchange.took is not None and exchange.took > SLOW and exchange.response is not None else ""
    elif clause.detail == "answers":
        bad = str(exchange.failure) if exchange.failure is not None else ""
    else:
        if exchange.response is None:
            return None
        bad = str(view.status) if view.status is not None and view.status >= 500 else ""
    if not exchange.own_record:
        if clause.detail == "in-time":
            return Skipped("the time is the recorder's") if exchange.took is not None else None
        return Skipped("no control request") if bad else KEPT
    fact = Fact(
        clause=clause.id,
        scope=(exchange.origin.case or str(exchange.origin.request),),
        start=exchange.sent_at,
        end=exchange.received_at,
        origin=exchange.origin,
        values={"bad": bad, "role": str(exchange.role)},
        spot=_STATUS if clause.detail == "no-server-error" else Spot("time"),
    )
    return Shown((fact,), (_STATUS, _BODY) if bad and clause.detail != "in-time" else ())


_CHECKS: Mapping[str, Callable[[Clause, View], Outcome]] = {
    "status": _status,
    "content-type": _content_type,
    "complete-body": _complete,
    "no-secrets": _secrets,
    "no-server-error": _evidence,
    "answers": _evidence,
    "in-time": _evidence,
}


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """What is broken, flaky or not to be told, by cases with their controls and repetitions."""
    for identity in sorted({fact.clause for fact in facts}):
        mine = sorted((fact for fact in facts if fact.clause == identity), key=Fact.sort_key)
        if clauses[identity].detail == "in-time":
            yield from _reduce_slow(identity, mine)
        else:
            yield from _reduce_failures(identity, mine)


def _reduce_slow(identity: str, facts: list[Fact]) -> Iterator[Decided]:
    slow = [fact for fact in facts if fact.values["bad"]]
    for fact in facts:
        if not fact.values["bad"]:
            yield Decided(identity, fact, KEPT)
    for fact in slow:
        if len(slow) < SLOW_COUNT:
            yield Decided(identity, fact, Skipped(f"slow, but not {SLOW_COUNT} times"))
            continue
        took = (fact.end or 0.0) - (fact.start or 0.0)
        broken = Broken(message="the answer is slow", spot=fact.spot, expected=f"{SLOW:g} s", got=f"{took:.1f} s")
        yield Decided(identity, fact, broken, f"{len(slow)} of {len(facts)} answers")


def _reduce_failures(identity: str, facts: list[Fact]) -> Iterator[Decided]:
    cases: dict[tuple[object, ...], list[Fact]] = {}
    for fact in facts:
        cases.setdefault(fact.scope, []).append(fact)
    once: list[Fact] = []
    total = sum(fact.values["role"] != Role.CONTROL for fact in facts)
    for case in cases.values():
        tried = [fact for fact in case if fact.values["role"] != Role.CONTROL]
        controls = [fact for fact in case if fact.values["role"] == Role.CONTROL]
        bad = [fact for fact in tried if fact.values["bad"]]
        for fact in tried:
            if not fact.values["bad"]:
                yield Decided(identity, fact, KEPT)
        if not bad:
            continue
        if not controls:
            yield Decided(identity, bad[0], Skipped("no control request"))
        elif any(fact.values["bad"] for fact in controls):
            yield Decided(identity, bad[0], Skipped("outage: the control failed too"))
        elif len(bad) >= 2 and len(bad) == len(tried):
            yield Decided(identity, bad[0], _failed(bad[0], "every time"))
        else:
            once.extend(bad)
    alike = Counter(fact.values["bad"] for fact in once)
    for fact in once:
        count = alike[fact.values["bad"]]
        if count >= FLAKY_COUNT:
            yield Decided(identity, fact, _failed(fact, "now and then"), f"{count} of {total} answers")
        else:
            yield Decided(identity, fact, Skipped("flaky: did not happen again"))


def _failed(fact: Fact, how: str) -> Broken:
    kind = fact.values["bad"]
    if kind.isdecimal():
        return Broken(message=f"the request is answered with a server error {how}", spot=fact.spot, expected="no 5xx", got=int(kind))
    return Broken(message=f"the request gets no whole answer {how}", spot=fact.spot, expected="an answer", got=kind)


def expand(clause: Clause, broken: Exchange, good: Exchange) -> list[Exchange]:
    """The exchanges that it takes to tell: a failure with its control and its repetition, or enough slow answers."""
    if clause.detail == "in-time":
        return [_later(broken, index) for index in range(SLOW_COUNT)]
    if clause.detail in ("no-server-error", "answers"):
        control = dataclasses.replace(_later(good, 1), role=Role.CONTROL, known={})
        return [broken, control, dataclasses.replace(_later(broken, 2), role=Role.REPEAT)]
    return [broken]


def _later(exchange: Exchange, steps: int) -> Exchange:
    """The exchange some minutes later, as the request after it in the run."""
    if exchange.sent_at is None or exchange.received_at is None:
        return exchange
    request = (exchange.origin.request or 0) + steps
    return dataclasses.replace(
        exchange,
        sent_at=exchange.sent_at + 60 * steps,
        received_at=exchange.received_at + 60 * steps,
        origin=dataclasses.replace(exchange.origin, request=request),
    )


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001, C901 - the signature of all families; one branch for each clause
    """The same answer with the one flaw."""
    name = clause.detail
    response = last.response
    if response is None or response.body is None:
        return
    raw, headers = response.body, response.headers or ()
    value = body_of(last)
    if name == "status":
        yield with_response(last, status=302)
        yield with_response(last, status=304)
    elif name == "content-type":
        other = (*((key, text) for key, text in headers if key != "content-type"), ("content-type", "text/html; charset=utf-8"))
        yield with_response(last, headers=other)
    elif name == "complete-body":
        longer = (*((key, text) for key, text in headers if key != "content-length"), ("content-length", str(len(raw) + 7)))
        yield with_response(last, headers=longer)
    elif name == "json":
        yield with_response(last, body=raw[:-1] or b"<html>")
        yield with_response(last, body=b"<html>no</html>")
    elif name == "one-value":
        yield with_response(last, body=raw + raw)
        yield with_response(last, body=raw + b"{}")
    elif name == "utf-8":
        yield from _not_utf8(last, raw)
    elif name == "no-bom":
        yield with_response(last, body=b"\xef\xbb\xbf" + raw)
    elif name == "unique-keys" and isinstance(value, dict) and value:
        key = next(iter(value))
        yield with_response(last, body=b"{" + dumped({key: value[key]})[1:-1] + b"," + dumped(value)[1:])
    elif name == "numbers" and isinstance(value, dict):
        yield with_response(last, body=dumped(value)[:-1] + (b", " if value else b"") + b'"ratio": NaN}')
    elif name == "unicode" and isinstance(value, dict):
        yield with_response(last, body=dumped(value)[:-1] + (b", " if value else b"") + b'"note": "\\ud800"}')
    elif name == "no-secrets":
        security = operation.security
        tokens = header_values(last.request.headers, security.name) if security is not None else None
        if tokens and isinstance(value, dict):
            yield with_response_body(last, {**value, "debug": tokens[0]})
    elif name == "no-server-error":
        yield with_response(last, status=500, body=b'{"error": "internal"}')
    elif name == "answers":
        yield dataclasses.replace(last, response=None, failure=Failure.RESET)
    elif name == "in-time" and last.sent_at is not None:
        yield dataclasses.replace(last, received_at=last.sent_at + SLOW + 1)


def _not_utf8(last: Exchange, raw: bytes) -> Iterator[Exchange]:
    place = raw.find(b'": "')
    if place >= 0:
        yield with_response(last, body=raw[: place + 4] + b"\xe9" + raw[place + 4 :])
